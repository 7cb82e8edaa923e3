"""What the index says of the database is what the database's catalog says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.sql.index import names, stacks
from tests.sql.index.catalog import Catalog, Partition
from tests.sql.index.page import REPOSITORY, Item, Page, Row

Design = dict[str, dict[str, str]]


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
    return name in (REPOSITORY / "sql" / stacks.SERVICE / "service.toml").read_text(encoding="utf-8")


def _job(there: Catalog, name: str) -> bool:
    return (REPOSITORY / "sql" / stacks.SERVICE / "jobs" / f"{name}.sql").is_file()


# How a thing named in `today` is found, by its kind.
_FIND: dict[str, Callable[[Catalog, str], bool]] = {
    "column": _column,
    "constraint": lambda there, name: name in there.constraints,
    "function": lambda there, name: _function(there, name, "f"),
    "index": lambda there, name: name in there.indexes,
    "job": _job,
    "partitions": _partitions,
    "policy": lambda there, name: name in there.policies,
    "query": lambda there, name: (REPOSITORY / "sql" / "inspect" / f"{name}.sql").is_file(),
    "procedure": lambda there, name: _function(there, name, "p"),
    "role": _role,
    "trigger": lambda there, name: name in there.triggers,
    "type": lambda there, name: name in there.types,
    "upkeep": _upkeep,
}

# What the catalog says of a thing that has its name still; None: it is not there.
_SAYS: dict[str, Callable[[Catalog, str], str | None]] = {
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
_SETTLED = ("kept", "changed")


def _rows(index: Page, kind: str) -> list[Row]:
    return [row for row in index.rows() if names.kind(row.section) == kind]


def _of_design(kind: str, name: str, design: Design) -> str:
    """The design's definition; for an index without the table, which has a test of its own."""
    definition = design[kind][name]
    return definition.partition(" ")[2] if kind == "indexes" else definition


@pytest.mark.parametrize("kind", _SAYS)
def test_what_is_kept_is_there_as_it_was(kind: str, index: Page, design: Design, there: Catalog) -> None:
    says = _SAYS[kind]
    kept = {row.name: says(there, row.name) for row in _rows(index, kind) if row.fate == "kept"}
    assert kept == {name: _of_design(kind, name, design) for name in kept}


@pytest.mark.parametrize("kind", sorted(_SAYS.keys() - {"tables", "views"}))
def test_what_is_changed_is_there_as_the_index_says(kind: str, index: Page, there: Catalog) -> None:
    says = _SAYS[kind]
    changed = [row for row in _rows(index, kind) if row.fate == "changed"]
    assert {row.name: [Item("", says(there, row.name) or "")] for row in changed} == {
        row.name: list(row.today) for row in changed
    }


@pytest.mark.parametrize("kind", sorted(_SAYS.keys() - {"tables", "views"}))
def test_what_is_changed_is_not_as_it_was(kind: str, index: Page, design: Design, there: Catalog) -> None:
    changed = [row for row in _rows(index, kind) if row.fate == "changed"]
    # A view's column can mean something else and have its old type.
    same = [
        row.name
        for row in changed
        if row.today[0].text == _of_design(kind, row.name, design) and row.name.rpartition(".")[0] not in there.views
    ]
    assert not same


@pytest.mark.parametrize("kind", _SAYS)
def test_what_is_gone_from_its_place_is_not_there(kind: str, index: Page, there: Catalog) -> None:
    says = _SAYS[kind]
    gone = [row for row in _rows(index, kind) if row.fate not in _SETTLED]
    assert not [str(row) for row in gone if says(there, row.name) is not None]


def test_what_takes_the_place_of_something_is_there(index: Page, there: Catalog) -> None:
    missing = []
    for row in index.rows():
        if row.fate in _SETTLED:
            continue
        own = "index" if names.kind(row.section) == "indexes" else ""
        for item in row.today:
            find = _FIND.get(item.kind or own)
            if find is not None and not find(there, item.text):
                missing.append(f"{row}: no {item.kind or own} {item.text}")
    assert not missing


def test_every_word_for_a_kind_of_thing_is_one_that_a_test_knows(index: Page) -> None:
    known = {*_FIND, *stacks.STACKS, "entrypoint", *(f"{stack} primary" for stack in stacks.STACKS)}
    used = {item.kind for row in index.rows() for item in row.today if item.kind}
    assert used - known == set()


def test_an_index_is_on_the_table_it_was_on(index: Page, design: Design, there: Catalog) -> None:
    for row in _rows(index, "indexes"):
        table = design["indexes"][row.name].partition(" ")[0]
        found = [row.name] if row.fate in _SETTLED else [item.text for item in row.today]
        assert {there.indexes[name].table for name in found} <= {table}, row


def test_the_index_of_a_unique_constraints_place_is_unique(index: Page, there: Catalog) -> None:
    unique = [item.text for row in _rows(index, "constraints") for item in row.today if item.kind == "index"]
    assert len(unique) == 3
    assert all(there.indexes[name].definition.startswith("UNIQUE ") for name in unique)


def test_a_table_is_kept_when_its_columns_have_the_names_they_had(index: Page, design: Design, there: Catalog) -> None:
    for row in _rows(index, "tables"):
        before = {name.rpartition(".")[2] for name in design["columns"] if name.rpartition(".")[0] == row.name}
        after = there.columns_of(row.name)
        assert (row.fate == "kept") == (before == after), row
        new = {f"`{column}`" for column in after - before}
        assert new <= set(re.findall("`[^`]+`", row.why)), row


def test_a_table_is_partitioned_when_it_was(index: Page, design: Design, there: Catalog) -> None:
    assert {row.name: there.tables[row.name] for row in _rows(index, "tables")} == design["tables"]


def test_the_partitions_of_the_design_are_nowhere(index: Page, design: Design, there: Catalog) -> None:
    bare = {name.rpartition(".")[2] for name in design["partitions"]}
    there_now = {each.name.rpartition(".")[2] for each in there.partitions} | {
        name.rpartition(".")[2] for name in there.tables
    }
    assert not bare & there_now


def test_an_extension_is_there_when_it_is_kept_and_the_server_has_it(index: Page, there: Catalog) -> None:
    for row in _rows(index, "extensions"):
        wanted = row.fate == "kept" and row.name in there.available
        assert (row.name in there.extensions) == wanted, row
        for path in row.files:
            assert row.name in path.read_text(encoding="utf-8")


def test_a_policy_is_for_the_table_and_command_it_was_for(index: Page, design: Design, there: Catalog) -> None:
    for row in _rows(index, "policies"):
        if row.fate == "changed":
            place = there.policies[row.name].place
            assert place == design["policies"][row.name].replace(" TO public", " TO platform_app"), row


def test_a_policy_that_lets_write_says_what_may_be_written(index: Page, there: Catalog) -> None:
    for row in _rows(index, "policies"):
        if row.fate == "changed" and re.search("FOR (INSERT|UPDATE)", row.today[0].text):
            assert there.policies[row.name].checks, row


def test_no_policy_asks_for_the_global_admin(there: Catalog) -> None:
    assert not [name for name, policy in there.policies.items() if "has_role" in policy.asks]


def test_nothing_of_the_design_is_left_in_the_schema_public(design: Design, there: Catalog) -> None:
    bare = {f"public.{name.partition('(')[0]}" for name in design["functions"] if "." not in name}
    assert len(bare) == 5
    assert not bare & {function.name for function in there.functions.values()}


def test_a_query_of_the_design_has_files_that_say_something(index: Page) -> None:
    for row in _rows(index, "queries"):
        assert row.files, row
        assert all("SELECT" in path.read_text(encoding="utf-8") for path in row.files), row
