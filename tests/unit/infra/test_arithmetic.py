"""Sizes, ceilings, windows and address plans hold for every class and every allowed input."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import addresses, parameters, pgbouncer, sizing, windows
from infra.domains import Domain, Libraries
from infra.parameters import TABLE, Server
from infra.rules.pooler import FARGATE
from infra.sizing import INSTANCE_CLASSES, InstanceClass

classes = st.sampled_from(list(INSTANCE_CLASSES.values()))


def facts(primary: InstanceClass, replica: InstanceClass, replicas: int = 1, tls: bool = True) -> Server:
    return parameters.server(primary, replica, replicas, tls, {})


def rendered(name: str, server: Server) -> str:
    return {item.name: item.value for item in parameters.render(server, {})}[name]


def test_the_class_table_has_the_sizes_of_aws() -> None:
    assert len(INSTANCE_CLASSES) == 6 + 4 * 7
    known = {name: (row.vcpu, row.memory_gib) for name, row in INSTANCE_CLASSES.items()}
    assert known["db.t4g.micro"] == (2, 1)
    assert known["db.m7g.large"] == (2, 8)
    assert known["db.r6g.2xlarge"] == (8, 64)
    assert known["db.r7g.16xlarge"] == (64, 512)


def test_rds_default_for_m7g_large_is_what_was_measured() -> None:
    assert sizing.rds_default_max_connections(INSTANCE_CLASSES["db.m7g.large"]) == pytest.approx(832, abs=5)


def test_prods_primary_gets_200_connections_and_8_mib_of_work_mem() -> None:
    server = facts(INSTANCE_CLASSES["db.r6g.2xlarge"], INSTANCE_CLASSES["db.r6g.xlarge"], 3)
    assert rendered("max_connections", server) == "200"
    assert rendered("work_mem", server) == "8192"
    assert rendered("maintenance_work_mem", server) == str(2 * 1024 * 1024)


@given(primary=classes, replica=classes)
def test_memory_is_never_promised_twice(primary: InstanceClass, replica: InstanceClass) -> None:
    server = facts(primary, replica)
    nodes = server.connections * sizing.HASH_MEM_MULTIPLIER * sizing.NODES_PER_QUERY
    for instance in {primary, server.smallest}:
        work = int(rendered("work_mem", server)) * nodes
        # A replica so small that even the least work_mem is too much is RDS's smallest beside a large primary.
        if int(rendered("work_mem", server)) > sizing.LEAST_WORK_MEM_KIB:
            assert instance.memory_kib * sizing.SHARED_BUFFERS_SHARE + work <= instance.memory_kib * 0.75
    assert int(rendered("maintenance_work_mem", server)) * 5 <= primary.memory_kib * 0.16


@given(instance=classes)
def test_max_connections_stays_below_what_rds_would_allow(instance: InstanceClass) -> None:
    assert 20 < sizing.max_connections(instance) <= sizing.rds_default_max_connections(instance)


def test_the_reserved_connections_are_named_one_by_one() -> None:
    assert sizing.RESERVED == 10
    assert all(len(owner) > 10 and count > 0 for owner, count in sizing.RESERVED_CONNECTIONS.items())


@given(
    instance=classes,
    tasks=st.integers(1, 20),
    per_task=st.integers(2, 1000),
    replicas=st.integers(0, 15),
    version=st.sampled_from(["1.18", "1.25"]),
)
def test_an_accepted_pooler_leaves_the_reserve_free_on_every_server(
    instance: InstanceClass, tasks: int, per_task: int, replicas: int, version: str
) -> None:
    """The ini's ceilings, not the configuration's: what PgBouncer will really do, during a deployment."""
    connections = sizing.max_connections(instance)
    if sizing.pooler_demand(tasks, per_task) > sizing.pooler_budget(connections):
        return
    servers = tuple(pgbouncer.Server(f"r{number}", 5432) for number in range(replicas))
    primary = pgbouncer.Server("primary", 5432)
    doors = pgbouncer.doors("db", primary, servers, per_task, version)
    for server in (primary, *servers):
        ceiling = sum(door.connections for door in doors if server in door.servers)
        assert ceiling == per_task
        assert 2 * tasks * ceiling <= 0.9 * connections - sizing.RESERVED


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_parameter_has_a_reason_an_apply_type_and_values_of_its_own_domain(
    row: parameters.Parameter,
) -> None:
    assert row.apply in ("static", "dynamic")
    assert len(row.why) > 10
    for instance in INSTANCE_CLASSES.values():
        value = row.value(facts(instance, instance)) if callable(row.value) else row.value
        if value is not None and "{" not in value:
            assert row.domain.accepts(value), value


def test_parameter_names_are_unique_and_what_is_forbidden_is_never_overridable() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
    assert all(parameters.FORBIDDEN.values())


# The parameters that PostgreSQL or RDS reads at start only; a wrong row here would fail an update.
STATIC = {
    "autovacuum_max_workers", "max_connections", "max_wal_senders", "max_worker_processes",
    "pg_stat_statements.max", "shared_buffers", "shared_preload_libraries", "track_activity_query_size", "wal_buffers",
}  # fmt: skip
# RDS's own values of parameters that PostgreSQL would read at once; it keeps them as pending-reboot.
KEPT = {"checkpoint_completion_target": "0.9", "log_autovacuum_min_duration": "10000", "rds.force_ssl": "1"}


def test_exactly_the_parameters_read_at_start_and_rds_own_defaults_wait_for_a_reboot() -> None:
    assert {row.name for row in TABLE if row.apply == "static"} == STATIC
    assert {row.name: row.rds_default for row in TABLE if row.rds_default is not None} == KEPT
    server = facts(INSTANCE_CLASSES["db.m6g.large"], INSTANCE_CLASSES["db.m6g.large"])
    waiting = {item.name for item in parameters.render(server, {"jit": "0"}) if item.apply_method == "pending-reboot"}
    assert waiting == STATIC | set(KEPT)


def test_other_values_of_the_same_parameters_are_in_force_at_once() -> None:
    server = facts(INSTANCE_CLASSES["db.m6g.large"], INSTANCE_CLASSES["db.m6g.large"], tls=False)
    others = {"checkpoint_completion_target": "0.8", "log_autovacuum_min_duration": "5000"}
    waiting = {item.name for item in parameters.render(server, others) if item.apply_method == "pending-reboot"}
    assert waiting == STATIC


@pytest.mark.parametrize(
    ("name", "value", "waits"),
    [
        ("max_connections", "120", True),
        ("max_connections", None, True),
        ("rds.force_ssl", "1", True),
        ("rds.force_ssl", "0", False),
        ("checkpoint_completion_target", "0.9", True),
        ("checkpoint_completion_target", "0.8", False),
        ("work_mem", "8192", False),
        ("jit", None, False),
        ("a_parameter_that_left_the_table", "1", True),
    ],
)
def test_whether_a_change_waits_depends_on_the_parameter_and_on_its_new_value(
    name: str, value: str | None, waits: bool
) -> None:
    assert parameters.waits_for_reboot(name, value) is waits


def test_memory_formulas_are_quarters_in_pages_of_8_kib() -> None:
    values = {row.name: row.value for row in TABLE}
    assert values["shared_buffers"] == "{DBInstanceClassMemory/32768}"
    assert values["effective_cache_size"] == "{DBInstanceClassMemory*3/32768}"
    memory = 64 * 1024**3
    assert memory // 32768 * 8192 == memory // 4


def test_rendering_is_sorted_and_an_override_wins() -> None:
    server = facts(INSTANCE_CLASSES["db.m6g.large"], INSTANCE_CLASSES["db.m6g.large"], tls=False)
    settings = parameters.render(server, {"work_mem": "4096"})
    assert [item.name for item in settings] == sorted(item.name for item in settings)
    values = {item.name: item.value for item in settings}
    assert (values["work_mem"], values["rds.force_ssl"]) == ("4096", "0")
    assert "jit" not in values


def test_wal_senders_serve_every_replica() -> None:
    for count in range(16):
        instance = INSTANCE_CLASSES["db.m6g.large"]
        assert int(rendered("max_wal_senders", facts(instance, instance, count))) >= count + 2


@given(text=st.text(max_size=30))
def test_no_text_breaks_a_domain(text: str) -> None:
    domains: list[Domain] = [row.domain for row in TABLE]
    for domain in domains:
        assert domain.accepts(text) in (True, False)
        assert isinstance(domain, Libraries) or domain.says


@pytest.mark.parametrize(
    ("backup", "maintenance", "meet"),
    [
        ("03:00-04:00", "sun:04:00-sun:05:00", False),
        ("03:00-04:01", "sun:04:00-sun:05:00", True),
        ("05:00-05:30", "sun:04:00-sun:05:00", False),
        ("23:45-00:15", "mon:00:00-mon:01:00", True),
        ("23:45-00:15", "mon:00:15-mon:01:00", False),
        ("23:30-00:30", "sun:23:00-mon:00:00", True),
        ("10:00-11:00", "sat:23:00-sun:22:00", True),
    ],
)
def test_windows_meet_or_do_not(backup: str, maintenance: str, meet: bool) -> None:
    assert windows.overlap(backup, maintenance) is meet


@given(
    start=st.integers(0, windows.DAY - 1),
    length=st.integers(30, 600),
    begin=st.integers(0, windows.WEEK - 1),
    duration=st.integers(30, 1440),
)
def test_overlap_agrees_with_counting_minutes(start: int, length: int, begin: int, duration: int) -> None:
    def clock(minute: int) -> str:
        return f"{minute % windows.DAY // 60:02}:{minute % 60:02}"

    def weekday(minute: int) -> str:
        return f"{windows.DAYS[minute % windows.WEEK // windows.DAY]}:{clock(minute)}"

    backup, maintenance = (
        f"{clock(start)}-{clock(start + length)}",
        f"{weekday(begin)}-{weekday(begin + duration)}",
    )
    daily = {(day * windows.DAY + start + minute) % windows.WEEK for day in range(7) for minute in range(length)}
    weekly = {(begin + minute) % windows.WEEK for minute in range(duration)}
    assert windows.overlap(backup, maintenance) is bool(daily & weekly)


@given(prefix=st.integers(16, 22), zones=st.integers(1, addresses.MOST_ZONES))
def test_subnets_never_overlap_and_stay_in_the_network(prefix: int, zones: int) -> None:
    network = ipaddress.IPv4Network(f"10.20.0.0/{prefix}")
    cut = [ipaddress.IPv4Network(cidr) for pair in addresses.subnets(str(network), zones) for cidr in pair]
    assert all(item.prefixlen <= 26 for item in cut)
    public = [ipaddress.IPv4Network(cidr) for cidr in addresses.public(str(network), zones)]
    assert all(item.prefixlen <= 28 for item in public)  # the smallest that AWS cuts
    cut += public
    assert len(cut) == 3 * zones
    assert all(item.subnet_of(network) for item in cut)
    assert not any(a.overlaps(b) for index, a in enumerate(cut) for b in cut[index + 1 :])


def test_the_address_plan_refuses_more_zones_than_it_has_room_for() -> None:
    with pytest.raises(ValueError, match="room for 4"):
        addresses.subnets("10.20.0.0/16", 5)


def test_fargate_sizes_grow_with_cpu() -> None:
    assert [FARGATE[cpu][1] for cpu in sorted(FARGATE)] == sorted(row[1] for row in FARGATE.values())
