"""Nothing that the design says of infrastructure lacks a row: its own text is read, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sql.index import stacks, written
from tests.sql.index.holding import Design, rows
from tests.sql.index.page import Page

_FOLDER = Path(__file__).parent / "as_written"
_PRIMARY = "resource aws_db_instance postgres"
# Which kind of row a block's assignments have.
_BLOCKS = {
    "resource aws_db_parameter_group postgres": "group",
    _PRIMARY: "primary",
    "resource aws_db_instance postgres_replica": "replica",
    "resource aws_db_instance postgres_read_replica": "read_replica",
    "output read_replica_endpoints": "read_replica",
}


def _settings() -> list[tuple[str, written.Setting]]:
    found = []
    for name in ("rds_postgres.tf", "read_replicas.tf"):
        for setting in written.terraform(_FOLDER / name):
            found.append(("parameters" if "parameter" in setting.blocks else _BLOCKS[setting.blocks[0]], setting))
    return found


def test_every_assignment_of_terraform_is_in_the_list(design: Design) -> None:
    found: Design = {kind: {} for kind in (*_BLOCKS.values(), "parameters")}
    for kind, setting in _settings():
        assert setting.name not in found[kind], setting
        found[kind][setting.name] = setting.value
    assert found == {kind: design[kind] for kind in found}


def test_every_line_of_pgbouncer_is_in_the_list(design: Design) -> None:
    assert dict(written.ini(_FOLDER / "pgbouncer.ini")) == design["pgbouncer"]


def test_every_number_beside_a_setting_is_in_the_list(design: Design) -> None:
    found = [f"{setting.name}: {setting.remark}" for _, setting in _settings() if re.search(r"\d", setting.remark)]
    assert found == list(design["remarks"])


def test_every_metric_is_in_the_list(design: Design) -> None:
    assert list(written.metrics(_FOLDER / "key_metrics.txt")) == list(design["metrics"])


_ASSIGNED = re.compile("[A-Z0-9_]+=")
_VARIABLE = re.compile(r' --?[a-zA-Z][\w-]* "?\$\{\w+\}\S*')
_SCRIPTS = {"backup": "backup-postgres.sh", "recovery": "restore-postgres-pitr.sh"}


@pytest.mark.parametrize("kind", _SCRIPTS)
def test_every_line_of_a_script_is_in_the_list(kind: str, design: Design) -> None:
    lines = list(written.script(_FOLDER / _SCRIPTS[kind]))
    assigned = [line for line in lines if _ASSIGNED.match(line)]
    assert assigned == [name for name in design[kind] if _ASSIGNED.match(name)]
    listed = f" {' '.join(design[kind])} ".replace(", ", " ")
    for line in lines:
        if _ASSIGNED.match(line):
            continue
        # What stands in a variable has the variable's row.
        for words in re.findall(
            r"(?:^aws \w+ [\w-]+|^\w+|--?[\w-]+(?: [^\s$-][^\s$]*)?)(?= |$)", _VARIABLE.sub("", line)
        ):
            assert f" {words} " in listed, line


# What was meant by a number in another unit, and what is rendered for production, both in the same unit.
_GIB = 1024**3
_MEMORY = {"db.r6g.2xlarge": 64 * _GIB}
_PAGE, _KIB, _MIB = 8192, 1024, 1024**2


def _rendered(name: str) -> int:
    value = stacks.parameter("prod", name)
    assert value is not None
    return int(value)


def _share(name: str) -> float:
    """Of memory: RDS divides its bytes, and the unit is pages."""
    value = stacks.parameter("prod", name) or ""
    found = re.fullmatch(r"\{DBInstanceClassMemory(?:\*(\d+))?/(\d+)\}", value)
    assert found, value
    return int(found[1] or 1) * _PAGE / int(found[2])


def test_a_number_beside_a_setting_means_what_production_has() -> None:
    assert _share("shared_buffers") == 0.25
    assert _share("effective_cache_size") == 0.75
    assert _rendered("maintenance_work_mem") * _KIB == 2 * _GIB
    assert _rendered("wal_buffers") * _PAGE == 16 * _MIB
    assert _rendered("checkpoint_timeout") == 15 * 60
    assert _rendered("log_min_duration_statement") == 1000
    assert _rendered("autovacuum_naptime") == 30
    assert _rendered("wal_keep_size") * _MIB == _GIB
    assert stacks.primary("prod", "instance_class") == "db.r6g.2xlarge"
    assert stacks.primary("prod", "max_allocated_storage") == "1000"


def test_what_was_meant_beside_a_setting_is_kept_but_for_two(index: Page) -> None:
    changed = [row.name.partition(":")[0] for row in rows(index, "remarks") if row.fate != "kept"]
    assert changed == ["work_mem", "allocated_storage"]
    assert _rendered("work_mem") * _KIB == 4 * _MIB
    assert stacks.primary("prod", "allocated_storage") == "400"
