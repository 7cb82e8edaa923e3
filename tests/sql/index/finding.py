"""Where a thing that the index names is looked for, by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from typer.main import get_command

from dump import names as dumps
from dump import programs
from schema.cli import app
from tests.sql.index.catalog import Catalog, Partition
from tests.sql.index.page import REPOSITORY


def _pattern(partitions: str) -> str:
    """`part.tasks_YYYY_MM` as an expression."""
    return re.sub("[YMD]+", lambda letters: rf"\d{{{len(letters[0])}}}", partitions)


def _dated(there: Catalog, partitions: str) -> list[Partition]:
    """The partitions of such a name; every other partition of their parent is its default one."""
    found = [each for each in there.partitions if re.fullmatch(_pattern(partitions), each.name)]
    assert len({each.parent for each in found}) == 1, partitions
    family = [each for each in there.partitions if each.parent == found[0].parent]
    assert len([each for each in family if each.is_default]) == 1
    assert len(found) == len(family) - 1
    return found


def _function(there: Catalog, name: str, kind: str) -> bool:
    return name in there.functions and there.functions[name].kind == kind


def _column(there: Catalog, text: str) -> bool:
    name, _, definition = text.partition(" ")
    return there.columns.get(name) == definition


def _partitions(there: Catalog, text: str) -> bool:
    name, _, option = text.partition(" ")
    return all(not option or option in each.options for each in _dated(there, name))


def _upkeep(there: Catalog, text: str) -> bool:
    table, _, setting = text.partition(" ")
    key, _, value = setting.partition(" = ")
    return there.upkeep[table][key] == value


def _role(there: Catalog, name: str) -> bool:
    return name in (REPOSITORY / "sql" / there.service / "service.toml").read_text(encoding="utf-8")


def _extension(there: Catalog, name: str) -> bool:
    """Tried wherever the server has it; the master user may not make every one that there is."""
    bootstrap = REPOSITORY / "sql" / there.service / "bootstrap" / "03_extensions.sql"
    return f"'{name}'" in bootstrap.read_text(encoding="utf-8") and there.extensions <= there.available


def _sample(there: Catalog, name: str) -> bool:
    return (REPOSITORY / "sql" / there.service / "queries" / f"{name}.sql").is_file()


def _job(there: Catalog, name: str) -> bool:
    return (REPOSITORY / "sql" / there.service / "jobs" / f"{name}.sql").is_file()


def _dump_key(there: Catalog, key: str) -> bool:
    """The name that a dump of the design's own example, at half past two on 15 January 2024, would have."""
    return key in dumps.keys(there.service, datetime(2024, 1, 15, 14, 30, tzinfo=UTC))


# How a thing named in `today` is found, by its kind.
FIND: dict[str, Callable[[Catalog, str], bool]] = {
    "column": _column,
    "constraint": lambda there, name: name in there.constraints,
    "extension": _extension,
    "dump argument": lambda there, name: name in programs.arguments("a snapshot"),
    "dump key": _dump_key,
    "function": lambda there, name: _function(there, name, "f"),
    "index": lambda there, name: name in there.indexes,
    "job": _job,
    "partitions": _partitions,
    "policy": lambda there, name: name in there.policies,
    "benchmark": lambda there, name: (REPOSITORY / "bench" / f"{name}.py").is_file(),
    "query": lambda there, name: (REPOSITORY / "sql" / "inspect" / f"{name}.sql").is_file(),
    "procedure": lambda there, name: _function(there, name, "p"),
    "role": _role,
    "runner": lambda there, name: name in get_command(app).commands,  # type: ignore[attr-defined]
    "sample": _sample,
    "schema": lambda there, name: name in there.schemas,
    "table": lambda there, name: name in there.tables,
    "trigger": lambda there, name: name in there.triggers,
    "type": lambda there, name: name in there.types,
    "upkeep": _upkeep,
    "view": lambda there, name: name in there.views,
}

# What the catalog says of a thing that has its name still; None: it is not there.
SAYS: dict[str, Callable[[Catalog, str], str | None]] = {
    "columns": lambda there, name: there.columns.get(name),
    "constraints": lambda there, name: there.constraints.get(name),
    "functions": lambda there, name: there.functions[name].definition if name in there.functions else None,
    "indexes": lambda there, name: there.indexes[name].definition if name in there.indexes else None,
    "policies": lambda there, name: there.policies[name].place if name in there.policies else None,
    "schemas": lambda there, name: "" if name in there.schemas else None,
    "tables": lambda there, name: there.tables.get(name),
    "triggers": lambda there, name: there.triggers.get(name),
    "views": lambda there, name: "" if name in there.views else None,
    "row_level_security": lambda there, name: "" if name in there.protected else None,
}
