"""What the index says of parameters, instances and the pooler is what the program renders for each stack."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.sql.index import holding, names, stacks
from tests.sql.index.page import Item, Page, Row

Design = dict[str, dict[str, str]]
Source = Callable[[str, str], str | None]

_SOURCES: dict[str, Source] = {
    "group": stacks.group,
    "parameters": stacks.parameter,
    "primary": stacks.primary,
    "replica": stacks.replica,
    "read_replica": stacks.replica,
    "pgbouncer": stacks.line,
}


def _rows(index: Page, kind: str) -> list[Row]:
    return [row for row in index.rows() if names.kind(row.section) == kind]


def _setting(row: Row) -> tuple[str, str]:
    name, _, value = row.name.partition(" = ")
    return name, value


def _as_told(values: dict[str, str | None]) -> list[Item]:
    """The column `today` for these values: one where all agree, else one for each stack."""
    if len(set(values.values())) == 1:
        return [Item("", value) for value in set(values.values()) if value is not None]
    return [Item(stack, value if value is not None else stacks.UNSET) for stack, value in values.items()]


def _says(kind: str, name: str) -> list[Item]:
    return _as_told({stack: _SOURCES[kind](stack, name) for stack in stacks.STACKS})


@pytest.mark.parametrize("kind", _SOURCES)
def test_a_setting_has_the_value_that_the_index_states(kind: str, index: Page) -> None:
    settled = [row for row in _rows(index, kind) if row.fate in ("kept", "changed")]
    assert settled
    assert {row.name: list(row.today) for row in settled} == {
        row.name: _says(kind, _setting(row)[0]) for row in settled
    }


@pytest.mark.parametrize("kind", _SOURCES)
def test_a_setting_is_kept_when_production_has_the_value_of_the_design(kind: str, index: Page) -> None:
    for row in _rows(index, kind):
        name, before = _setting(row)
        now = _SOURCES[kind]("prod", name)
        if row.fate == "kept":
            # Where the design left it open (a variable, another resource), having one is keeping it.
            open_ = re.search(r"\b(var|aws_\w+)\.", before) is not None
            assert now == before or (open_ and now is not None), row
        elif row.fate == "changed":
            assert now != before, row


@pytest.mark.parametrize("kind", _SOURCES)
def test_a_setting_that_is_not_there_is_in_no_stack(kind: str, index: Page) -> None:
    for row in _rows(index, kind):
        if row.fate not in ("kept", "changed"):
            assert {_SOURCES[kind](stack, _setting(row)[0]) for stack in stacks.STACKS} == {None}, row


@pytest.mark.parametrize("kind", _SOURCES)
def test_a_setting_of_another_name_has_the_value_that_the_index_states(kind: str, index: Page) -> None:
    for row in _rows(index, kind):
        if row.fate not in ("moved", "renamed", "replaced"):
            continue
        if [item.kind for item in row.today] == ["entrypoint"]:
            assert all(f"{row.today[0].text} = " in path.read_text(encoding="utf-8") for path in row.files), row
            continue
        assert [item.kind for item in row.today] == list(stacks.STACKS), row
        for item in row.today:
            name, _, value = item.text.partition(" = ")
            assert _SOURCES[kind](item.kind, name) == value, row


@pytest.mark.parametrize("source", ["parameter", "primary", "resource", "setting"])
def test_a_value_of_a_stack_is_what_the_program_makes(source: str, index: Page) -> None:
    assert source in {where for _, where, _ in stacks.told(index)}
    assert not stacks.otherwise(index, stacks.SERVICE, source)


def test_a_resource_or_an_input_that_is_not_there_has_no_value() -> None:
    plan = "backup.Plan platform-backups"
    assert stacks.resource("prod", f"{plan} rules.weekly.lifecycle.deleteAfter") == "28"
    assert stacks.resource("dev", f"{plan} rules.weekly.lifecycle.deleteAfter") is None
    assert stacks.resource("prod", f"{plan} rules.yearly.lifecycle.deleteAfter") is None
    assert stacks.resource("prod", f"{plan} rules.weekly.lifecycle.moveToColdStorageAfter") is None


def test_what_the_design_says_of_infrastructure_is_in_the_graph_or_decided_otherwise(index: Page) -> None:
    assert not holding.undecided(index)


def test_a_decision_speaks_of_what_it_decided(index: Page) -> None:
    assert not holding.unspoken(index)


def test_the_parameters_of_the_design_that_are_no_settings_are_storage_parameters(design: Design) -> None:
    assert {name.partition(": ")[2] for name in design["autovacuum"]} == {
        "autovacuum_vacuum_scale_factor",
        "autovacuum_analyze_scale_factor",
        "autovacuum_vacuum_cost_delay",
    }
