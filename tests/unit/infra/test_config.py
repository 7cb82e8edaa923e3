"""The configuration says everything that is wrong with it, at once, one line for each mistake."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import ConfigErrors, Estate, parse
from infra.reference import SERVICE, keys
from tests.unit.infra.conftest import FOLDERS, service_toml
from tests.unit.infra.recorder import REPOSITORY, configuration

AT = "postgres-estate:estate"
STACKS = ("dev", "prod", "local")


def service(name: str = "platform", **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": name,
        "engine_version": "15",
        "instance_class": "db.r6g.2xlarge",
        "storage": {"allocated_gib": 400},
    }
    return {**base, **changes}


def estate(*services: Any, **changes: Any) -> dict[str, Any]:
    return {"services": list(services) or [service()], **changes}


def lines(raw: Any, sql_root: Path, stack: str = "dev") -> list[str]:
    """The error's lines; none when the configuration is accepted."""
    try:
        parse(raw, stack=stack, sql_root=sql_root)
    except ConfigErrors as errors:
        text = str(errors).splitlines()
        assert len(text) == len(errors.problems)
        return text
    return []


def accepted(raw: Any, sql_root: Path, stack: str = "dev") -> Estate:
    return parse(raw, stack=stack, sql_root=sql_root)


# Each of the ten mistakes as (services, the whole line); a `{at}` is where the service stands.
POOLER = {"tasks": 4, "connections_per_task": 40}
TEN: dict[str, tuple[list[dict[str, Any]], str]] = {
    "unknown key": (
        [service(storrage=5)],
        "{at}.storrage = 5: unknown key; did you mean storage?",
    ),
    "wrong type": (
        [service(multi_az="yes")],
        "{at}.multi_az = 'yes': takes true or false (a standby in another zone); write true or false, without quotes",
    ),
    "gp3 with IOPS below 400 GiB": (
        [service(storage={"allocated_gib": 100, "iops": 12000})],
        "{at}.storage.iops = 12000: gp3 below 400 GiB takes no iops; remove iops, or set allocated_gib to 400 or more",
    ),
    "backup retention 40": (
        [service(backup={"retention_days": 40})],
        "{at}.backup.retention_days = 40: takes a whole number from 0 to 35 (days that RDS keeps point-in-time"
        " recovery); give a number from 0 to 35, without quotes",
    ),
    "replicas without backups": (
        [service(replicas={"count": 2}, backup={"retention_days": 0})],
        "{at}.replicas.count = 2: RDS replicates only a source with backups, and backup.retention_days is 0;"
        " set backup.retention_days to 1 or more, or count to 0",
    ),
    "pooler ceiling above max_connections": (
        [service(pooler=POOLER)],
        "{at}.pooler.connections_per_task = 40: 2 sets of tasks during a deployment x most_tasks 4 x 40 exceed 90 %"
        " of max_connections 200 less 10 reserved; lower most_tasks or connections_per_task, or choose a larger"
        " instance_class",
    ),
    "unknown instance class": (
        [service(instance_class="db.r6g.2xlrage")],
        "{at}.instance_class = 'db.r6g.2xlrage': takes an RDS instance class that infra/sizing.py knows, from"
        " db.t4g.micro to db.r7g.16xlarge; did you mean db.r6g.2xlarge?",
    ),
    "bad window": (
        [service(maintenance_window="sun:4-5")],
        "{at}.maintenance_window = 'sun:4-5': takes ddd:HH:MM-ddd:HH:MM in UTC, from 30 minutes to a day; write a"
        " window such as sun:04:00-sun:05:00",
    ),
    "unknown service folder": (
        [service("platfrom")],
        "{at}.name = 'platfrom': a service needs the file sql/platfrom/service.toml; did you mean platform?",
    ),
    "two services with one name": (
        [service("twin"), service("twin")],
        "{at}.name = 'twin': services[{before}] has this name already; remove one of the two, or rename it",
    ),
}


@pytest.fixture(scope="module")
def many(sql_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders enough to give each mistake a service of its own."""
    root = tmp_path_factory.mktemp("many")
    for name in ("platform", "twin", *(f"svc{index}" for index in range(20))):
        (root / name).mkdir()
        (root / name / "service.toml").write_text(service_toml({f"{name}_app": True}), encoding="utf-8")
    return root


@pytest.mark.parametrize("mistake", TEN)
def test_each_mistake_alone_gives_its_one_line(mistake: str, many: Path) -> None:
    services, line = TEN[mistake]
    last = len(services) - 1
    assert lines(estate(*services), many) == [f"{AT}.{line}".replace("{at}", f"services[{last}]").format(before=0)]


def test_all_ten_mistakes_together_give_ten_lines(many: Path) -> None:
    services: list[dict[str, Any]] = []
    expected = []
    for index, (rows, line) in enumerate(TEN.values()):
        first = len(services)
        for row in copy.deepcopy(rows):
            if row["name"] == "platform":
                row["name"] = f"svc{index}"
            services.append(row)
        at = f"{AT}.services[{len(services) - 1}]"
        expected.append(line.format(at=at, before=first))
    assert sorted(lines(estate(*services), many)) == sorted(expected)


def test_mistakes_of_one_service_do_not_hide_each_other(sql_root: Path) -> None:
    raw = estate(
        service(storrage=1, instance_class="db.none", storage={"allocated_gib": 100, "iops": 1}, backup=7),
        tls="off",
    )
    assert [line.split(" = ")[0].removeprefix(AT) for line in lines(raw, sql_root)] == [
        ".tls",
        ".services[0].storrage",
        ".services[0].instance_class",
        ".services[0].backup",
        ".services[0].storage.iops",
    ]


# One change of a sound configuration, and the key and a part of the words that refuse it.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"storage": {"allocated_gib": 400, "iops": 11999}}, "storage.iops", "takes no fewer"),
    ({"storage": {"allocated_gib": 400, "throughput_mibps": 499}}, "storage.throughput_mibps", "takes no less"),
    ({"storage": {"allocated_gib": 399, "throughput_mibps": 500}}, "storage.throughput_mibps", "takes no throughput"),
    ({"storage": {"allocated_gib": 400, "iops": 20001}}, "storage.iops", "0.5 to 50 IOPS per GiB"),
    ({"storage": {"allocated_gib": 30000, "iops": 12000}}, "storage.iops", "0.5 to 50 IOPS per GiB"),
    ({"storage": {"allocated_gib": 400, "max_allocated_gib": 400}}, "storage.max_allocated_gib", "which is 400"),
    ({"storage": {"allocated_gib": True}}, "storage.allocated_gib", "whole number"),
    ({"storage": {}}, "storage.allocated_gib", "whole number"),
    ({"storage": {"allocated_gib": 400, "type": "gp2"}}, "storage.type", "gp3"),
    ({"engine_version": "14"}, "engine_version", "15, 16, 17 or 18"),
    ({"engine_version": "15.4"}, "engine_version", "RDS chooses the minor"),
    ({"engine_version": 15}, "engine_version", "in quotes"),
    ({"replicas": {"count": 16}}, "replicas.count", "from 0 to 15"),
    ({"backup": {"window": "03:00-03:20"}}, "backup.window", "30 minutes"),
    ({"backup": {"window": "25:00-26:00"}}, "backup.window", "HH:MM-HH:MM"),
    ({"backup": {"window": "04:30-05:30"}}, "maintenance_window", "meets the backup window 04:30-05:30"),
    ({"maintenance_window": "sun:04:00-mon:05:00"}, "maintenance_window", "to a day"),
    ({"name": "Platform"}, "name", "lower-case"),
    ({"name": "postgres"}, "name", "do not use themselves"),
    ({"name": "a" * 17}, "name", "2 to 16"),
    ({"pooler": {"cpu": 300}}, "pooler.cpu", "256, 512"),
    ({"pooler": {"cpu": 256, "memory_mib": 4096}}, "pooler.memory_mib", "with 256 CPU units"),
    ({"pooler": {"version": "1.17"}}, "pooler.version", "1.18"),
    ({"pooler": {"connections_per_task": 1}}, "pooler.connections_per_task", "two doors"),
    ({"parameters": {"work_memory": "1"}}, "parameters.work_memory", "did you mean work_mem?"),
    ({"parameters": {"fsync": "0"}}, "parameters.fsync", "a crash would lose the database"),
    ({"parameters": {"rds.force_ssl": "0"}}, "parameters.rds.force_ssl", "set estate.tls"),
    ({"parameters": {"work_mem": "8MB"}}, "parameters.work_mem", "in KiB"),
    ({"parameters": {"work_mem": 8192}}, "parameters.work_mem", "in quotes"),
    ({"parameters": {"work_mem": "1"}}, "parameters.work_mem", "from 64"),
    ({"parameters": {"jit": "off"}}, "parameters.jit", "1 or 0"),
    ({"parameters": {"random_page_cost": "nan"}}, "parameters.random_page_cost", "a number"),
    ({"parameters": {"shared_preload_libraries": "pg_cron"}}, "parameters.shared_preload_libraries", "always with"),
    ({"parameters": {"max_connections": "28"}}, "pooler.connections_per_task", "max_connections 28"),
    ({"xyzzy": 1}, "xyzzy", "known are name, engine_version"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "key", "words"), REFUSED, ids=[row[1] + " " + row[2] for row in REFUSED])
def test_a_value_out_of_bounds_gives_exactly_one_line(
    changes: dict[str, Any], key: str, words: str, sql_root: Path
) -> None:
    found = lines(estate(service(**changes)), sql_root)
    assert len(found) == 1, found
    assert found[0].startswith(f"{AT}.services[0].{key} = ")
    assert words in found[0]
    assert "; " in found[0]  # what to do


ALLOWED: list[dict[str, Any]] = [
    {"storage": {"allocated_gib": 400, "iops": 12000, "throughput_mibps": 500}},
    {"storage": {"allocated_gib": 400, "iops": 20000}},
    {"storage": {"allocated_gib": 20}},
    {"replicas": {"count": 15}},
    {"backup": {"retention_days": 35, "window": "23:45-00:15"}},
    {"backup": {"retention_days": 0}},
    {"maintenance_window": "sat:23:30-sun:00:30"},
    {"parameters": {"work_mem": "8192", "max_connections": "400", "jit": "0"}},
    {"parameters": {"shared_preload_libraries": "pg_cron,pg_stat_statements"}},
    {"pooler": {"cpu": 4096, "memory_mib": 30720}},
]


@pytest.mark.parametrize("changes", ALLOWED, ids=str)
def test_a_value_within_bounds_is_accepted(changes: dict[str, Any], sql_root: Path) -> None:
    assert lines(estate(service(**changes)), sql_root) == []


def test_tls_may_be_disabled_in_the_local_stack_only(sql_root: Path) -> None:
    raw = estate(tls="disabled")
    assert lines(raw, sql_root, "local") == []
    assert len(lines(raw, sql_root, "dev")) == 1
    assert "this stack is staging" in lines(raw, sql_root, "staging")[0]


def test_prod_demands_backups_that_outlive_it_and_a_standby(sql_root: Path) -> None:
    weak = service(
        instance_class="db.t4g.large",
        multi_az=False,
        backup={"retention_days": 0, "keep_after_destroy": False, "dump_at": None, "copy_to_recovery": False},
        monitoring={"interval_seconds": 0},
        pooler={"tasks": 1, "most_tasks": 1, "connections_per_task": 5},
    )
    found = lines(estate(weak, tls="disabled"), sql_root, "prod")
    assert [line.split(" = ")[0].removeprefix(AT) for line in found] == [
        ".tls",
        ".profile",
        ".alerts.emails",
        ".services[0].backup.keep_after_destroy",
        ".services[0].multi_az",
        ".services[0].backup.retention_days",
        ".services[0].instance_class",
        ".services[0].pooler.tasks",
        ".services[0].monitoring.interval_seconds",
    ]


def test_prod_without_a_profile_is_told_that_and_not_what_follows_from_it(sql_root: Path) -> None:
    raw = estate(service(backup={"dump_at": None}), alerts={"emails": ["on-call@example.com"]})
    assert [line.split(" = ")[0].removeprefix(AT) for line in lines(raw, sql_root, "prod")] == [".profile"]


@pytest.mark.parametrize("zones", [1, 4, "3", None])
def test_a_subnet_group_needs_two_or_three_zones(zones: object, sql_root: Path) -> None:
    assert len(lines(estate(network={"availability_zones": zones}), sql_root)) == 1


@pytest.mark.parametrize("cidr", ["10.20.0.1/16", "8.8.0.0/16", "10.0.0.0/8", "10.0.0.0/24", "fd00::/16", ""])
def test_the_network_must_be_private_and_of_a_useful_size(cidr: str, sql_root: Path) -> None:
    assert len(lines(estate(network={"cidr": cidr}), sql_root)) == 1


@pytest.mark.parametrize("raw", [None, [], "text", 7, {}, {"services": []}, {"services": {"platform": {}}}])
def test_a_configuration_of_another_shape_gives_one_line(raw: object, sql_root: Path) -> None:
    assert len(lines(raw, sql_root)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[service", "cannot be read"),
        ('[service]\ndescription = "x"\n', "at least one [[login_roles]]"),
        (service_toml({"platform_app": False}), "nobody could use the pooler"),
        (service_toml({"estate_admin": True}), "not estate_admin"),
        (service_toml({"platform_app": True, "platform_two": False}).replace("_two", "_app"), "has this name"),
        (service_toml({"platform_app": True}).replace("purpose", "porpoise"), "unknown key"),
    ],
)  # fmt: skip
def test_a_broken_service_folder_is_named(content: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "service.toml").write_text(content, encoding="utf-8")
    found = lines(estate(), tmp_path)
    assert found
    assert all(line.startswith("sql/platform/service.toml") for line in found)
    assert any(words in line for line in found)


def test_defaults_stand_for_what_an_operator_leaves_out(sql_root: Path) -> None:
    built = accepted(estate(), sql_root)
    (only,) = built.services
    assert built.tls_required
    assert built.network.availability_zones == 3
    assert (only.replicas.count, only.replicas.instance_class) == (0, only.instance_class)
    assert (only.backup.retention_days, only.multi_az, only.protected) == (7, False, False)
    assert [role.name for role in only.login_roles] == list(FOLDERS["platform"])


def test_the_dataclasses_are_frozen_and_comparable(sql_root: Path) -> None:
    first, second = accepted(estate(), sql_root), accepted(estate(), sql_root)
    assert first == second
    with pytest.raises(AttributeError):
        first.stack = "other"  # type: ignore[misc]


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_files_are_accepted_with_the_real_service_folders(stack: str) -> None:
    built = parse(configuration(stack), stack=stack, sql_root=REPOSITORY / "sql")
    assert [item.name for item in built.services] == ["platform", "familytales"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
names = st.text(max_size=12) | st.integers()
garbage = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(raw=garbage)
def test_garbage_raises_nothing_but_config_errors(raw: object, sql_root: Path) -> None:
    assert lines(raw, sql_root)


PATHS = [key.path.removeprefix(SERVICE) for key in keys() if key.path.startswith(SERVICE)]
KEYS = sorted({path.partition(".")[0] for path in PATHS})
INNER = sorted({path.rpartition(".")[2] for path in PATHS} | {"work_mem", "max_connections"})


@given(
    changes=st.dictionaries(
        st.sampled_from(KEYS),
        garbage | st.dictionaries(st.sampled_from(INNER), scalars, max_size=4),
        max_size=4,
    ),
    stack=st.sampled_from(STACKS),
)
def test_garbage_inside_a_service_raises_nothing_but_config_errors(
    changes: dict[str, Any], stack: str, sql_root: Path
) -> None:
    lines(estate(service(**changes)), sql_root, stack)


def test_a_value_is_shown_short_and_on_one_line(sql_root: Path) -> None:
    huge: dict[str, Any] = {"a\nb" * 500: ["x" * 10_000] * 50, "n": 10**5000}
    for line in lines(estate({**service(storage=huge), "new\nline": 10**5000}), sql_root):
        assert len(line) < 1000
