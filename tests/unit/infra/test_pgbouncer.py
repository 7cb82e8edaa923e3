"""pgbouncer.ini is the same text for the same input, fits its release, and says nothing secret."""

from __future__ import annotations

import pytest

from infra import pgbouncer
from infra.config_spec import POOLER_VERSIONS
from infra.pgbouncer import Server

PRIMARY, FIRST, SECOND = (Server(f"{name}.example", 5432) for name in ("primary", "first", "second"))

LOCAL = """\
[databases]
platform = host=primary.example port=5432 dbname=platform pool_size=12 max_db_connections=12
platform_ro = host=first.example port=5432 dbname=platform pool_size=9 max_db_connections=9
platform_ro_1 = host=first.example port=5432 dbname=platform pool_size=3 max_db_connections=3

[pgbouncer]
auth_file = userlist.txt
auth_type = scram-sha-256
default_pool_size = 12
dns_max_ttl = 15
idle_transaction_timeout = 60
ignore_startup_parameters = extra_float_digits,options
listen_backlog = 4096
listen_port = 6432
log_connections = 0
log_disconnections = 0
log_pooler_errors = 1
max_client_conn = 200
min_pool_size = 0
pool_mode = transaction
query_wait_timeout = 30
reserve_pool_size = 0
server_check_delay = 10
server_connect_timeout = 5
server_idle_timeout = 600
server_lifetime = 3600
server_login_retry = 2
server_reset_query = CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()
server_reset_query_always = 1
stats_period = 60
stats_users = pooler_stats
tcp_keepalive = 1
tcp_keepcnt = 4
tcp_keepidle = 60
tcp_keepintvl = 15
tcp_user_timeout = 30000
unix_socket_dir =
"""


def ini(version: str, tls: bool, *replicas: Server, per_task: int = 12) -> str:
    doors = pgbouncer.doors("platform", PRIMARY, replicas, per_task, version)
    return pgbouncer.ini(doors, "platform", version, tls, 200, per_task)


def test_the_text_without_tls_for_1_18_is_exactly_this() -> None:
    assert ini("1.18", False, FIRST) == LOCAL


def test_1_25_with_tls_adds_prepared_statements_and_verifies_the_server() -> None:
    added = set(ini("1.25", True, FIRST).splitlines()) - set(LOCAL.splitlines())
    assert added == {
        "client_tls_ca_file = tls.crt",
        "client_tls_cert_file = tls.crt",
        "client_tls_key_file = tls.key",
        "client_tls_protocols = secure",
        "client_tls_sslmode = require",
        "max_prepared_statements = 200",
        "server_tls_ca_file = /etc/ssl/rds/global-bundle.pem",
        "server_tls_protocols = secure",
        "server_tls_sslmode = verify-full",
    }


@pytest.mark.parametrize(("version", "known"), [("1.18", False), ("1.20", False), ("1.21", True), ("1.25", True)])
def test_a_setting_is_written_only_for_releases_that_know_it(version: str, known: bool) -> None:
    assert ("max_prepared_statements" in ini(version, True)) is known


@pytest.mark.parametrize("version", ["1.18", "1.25"])
def test_without_replicas_both_doors_lead_to_the_primary_and_share_its_ceiling(version: str) -> None:
    doors = pgbouncer.doors("platform", PRIMARY, (), 12, version)
    assert [(door.name, door.servers, door.connections) for door in doors] == [
        ("platform", (PRIMARY,), 9),
        ("platform_ro", (PRIMARY,), 3),
    ]


def test_each_replica_has_a_door_and_all_are_behind_the_reading_one() -> None:
    doors = pgbouncer.doors("platform", PRIMARY, (FIRST, SECOND), 40, "1.25")
    assert [(door.name, door.servers, door.connections) for door in doors] == [
        ("platform", (PRIMARY,), 40),
        ("platform_ro", (FIRST, SECOND), 30),
        ("platform_ro_1", (FIRST,), 10),
        ("platform_ro_2", (SECOND,), 10),
    ]


def test_a_release_that_verifies_no_list_has_the_first_replica_behind_the_reading_door() -> None:
    doors = pgbouncer.doors("platform", PRIMARY, (FIRST, SECOND), 40, "1.24")
    assert [(door.name, door.servers, door.connections) for door in doors] == [
        ("platform", (PRIMARY,), 40),
        ("platform_ro", (FIRST,), 30),
        ("platform_ro_1", (FIRST,), 10),
        ("platform_ro_2", (SECOND,), 40),
    ]


@pytest.mark.parametrize("version", ["1.18", "1.24", "1.25"])
@pytest.mark.parametrize("replicas", [(), (FIRST,), (FIRST, SECOND)])
def test_no_server_can_get_more_than_the_ceiling(version: str, replicas: tuple[Server, ...]) -> None:
    doors = pgbouncer.doors("platform", PRIMARY, replicas, 40, version)
    for server in (PRIMARY, *replicas):
        assert sum(door.connections for door in doors if server in door.servers) == 40


def test_a_list_of_hosts_is_one_line_with_a_spare_connection_for_each() -> None:
    text = ini("1.25", True, FIRST, SECOND, per_task=40)
    assert (
        "platform_ro = host=first.example,second.example port=5432 dbname=platform pool_size=30"
        " max_db_connections=30 min_pool_size=2\n"
    ) in text


def test_a_service_cannot_change_what_is_forced() -> None:
    merged = pgbouncer.settings(
        "1.25", True, {"auth_type": "trust", "server_tls_sslmode": "prefer", "log_connections": "1"}
    )
    assert (merged["auth_type"], merged["server_tls_sslmode"]) == ("scram-sha-256", "verify-full")
    assert merged["log_connections"] == "1"


def test_no_map_repeats_a_setting_of_another() -> None:
    maps = (pgbouncer.DEFAULTS, pgbouncer.FORCED, pgbouncer.TLS)
    assert sum(map(len, maps)) == len({key for row in maps for key in row})


def test_releases_of_the_table_are_ones_that_a_stack_may_name() -> None:
    assert set(pgbouncer.SINCE.values()) <= set(POOLER_VERSIONS)


def test_the_address_to_listen_on_is_left_to_the_entrypoint() -> None:
    assert "listen_addr" not in ini("1.25", True)


def test_releases_are_compared_as_numbers() -> None:
    assert pgbouncer.release("1.9") < pgbouncer.release("1.18")


def test_one_connection_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match="two connections"):
        pgbouncer.split(1)
