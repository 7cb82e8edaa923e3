"""docs/pooler.md says of each of the seed's settings what the rendered file says."""

from __future__ import annotations

import re

import pytest

from infra import config, pgbouncer, pooler_metrics, sizing
from infra.config_spec import POOLER_VERSIONS
from infra.pgbouncer import Server
from ops.paths import REPOSITORY, SQL_ROOT
from tests.unit.infra.recorder import configuration

TEXT = (REPOSITORY / "docs" / "pooler.md").read_text(encoding="utf-8")
# The [pgbouncer] section of the platform's design, in its order.
SEED = {
    "listen_addr": "0.0.0.0",
    "listen_port": "6432",
    "auth_type": "md5",
    "auth_file": "/etc/pgbouncer/userlist.txt",
    "pool_mode": "transaction",
    "max_client_conn": "10000",
    "default_pool_size": "25",
    "min_pool_size": "5",
    "reserve_pool_size": "10",
    "reserve_pool_timeout": "3",
    "server_lifetime": "3600",
    "server_idle_timeout": "600",
    "server_connect_timeout": "15",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_pooler_errors": "1",
    "max_db_connections": "100",
    "max_user_connections": "100",
}
ABSENT = "—"


def section(title: str) -> list[list[str]]:
    """The rows of the first table below a title, without its head."""
    after = TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in after.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


@pytest.fixture(scope="module")
def rendered() -> str:
    estate = config.parse(configuration("prod"), stack="prod", sql_root=SQL_ROOT)
    (service,) = (service for service in estate.services if service.name == "platform")
    size = service.pooler
    replicas = tuple(Server(f"replica-{number}", 5432) for number in range(service.replicas.count))
    doors = pgbouncer.doors(service.name, Server("primary", 5432), replicas, size.connections_per_task, size.version)
    return pgbouncer.ini(
        doors, service.name, size.version, True, size.max_client_connections, size.connections_per_task
    )


def test_every_setting_of_the_seed_has_a_row_with_our_value_and_a_reason_where_it_differs(rendered: str) -> None:
    main = rendered.split("[pgbouncer]", 1)[1]
    ours = dict(re.findall(r"(?m)^(\w+) = (.*)$", main))
    rows = section("Settings")
    assert {name.strip("`"): seed for name, seed, _, _ in rows} == SEED
    for name, seed, value, why in rows:
        assert value == ours.get(name.strip("`"), ABSENT), name
        assert value == seed or len(why) > 20, name


def test_each_doors_ceiling_is_what_the_table_of_doors_says(rendered: str) -> None:
    found = dict(re.findall(r"(?m)^(\w+) = host=\S+ .*max_db_connections=(\d+)", rendered))
    main, side = pgbouncer.split(55)
    assert found == {
        "platform": "55",
        "platform_ro": str(main),
        **{f"platform_ro_{number}": str(side) for number in (1, 2, 3)},
    }
    assert [row[0] for row in section("Doors")] == ["`<service>`", "`<service>_ro`", "`<service>_ro_<n>`"]


def test_every_metric_is_in_the_table_and_every_newer_setting_in_its() -> None:
    metrics = " ".join(row[0] for row in section("Metrics"))
    assert all(metric.name in metrics for metric in pooler_metrics.METRICS)
    releases = " ".join(row[1] for row in section("Releases"))
    assert all(f"`{name}`" in releases for name in pgbouncer.SINCE)
    assert {row[0] for row in section("Releases")} <= set(POOLER_VERSIONS)


def test_the_formula_is_the_one_that_is_judged() -> None:
    assert f"≤ {sizing.POOLER_PERCENT} % of max_connections − {sizing.RESERVED}" in TEXT
    assert sizing.pooler_demand(4, 55) <= sizing.pooler_budget(500)
