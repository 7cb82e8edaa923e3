"""The index and the list of the design's names say the same, and what the index refers to exists."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from typer.main import get_command

from ops.cli import app
from tests.sql.index import holding, names
from tests.sql.index.holding import Design
from tests.sql.index.page import Page

# How many there are of each kind, counted in the design itself: a name lost from both files would else not be missed.
COUNTS = {
    "extensions": 5,
    "schemas": 4,
    "tables": 16,
    "columns": 192,
    "constraints": 59,
    "partitions": 9,
    "indexes": 71,
    "views": 2,
    "functions": 11,
    "triggers": 9,
    "row_level_security": 10,
    "policies": 19,
    "admin_branches": 8,
    "upkeep": 9,
    "autovacuum": 6,
    "commands": 2,
    "group": 4,
    "parameters": 18,
    "primary": 36,
    "replica": 13,
    "read_replica": 15,
    "pgbouncer": 20,
    "queries": 5,
    "backup": 17,
    "recovery": 11,
    "remarks": 12,
    "metrics": 7,
}


def test_the_list_has_every_object_of_the_design(design: Design) -> None:
    assert {kind: len(listed) for kind, listed in design.items()} == COUNTS


@pytest.mark.parametrize("kind", COUNTS)
def test_each_name_of_the_design_has_exactly_one_row(kind: str, index: Page, design: Design) -> None:
    told = Counter(row.name for row in index.rows() if names.kind(row.section) == kind)
    assert told == Counter(names.as_written(kind, name, value) for name, value in design[kind].items())


def test_only_what_can_be_compared_is_called_kept(index: Page) -> None:
    # Of a view, a query, a script or a call there is no definition to hold against today's.
    incomparable = {"views", "partitions", "admin_branches", "upkeep", "autovacuum", "commands", "queries", "backup"}
    incomparable |= {"recovery", "metrics"}
    assert not [str(row) for row in index.rows() if row.fate == "kept" and names.kind(row.section) in incomparable]


def test_columns_stand_in_the_section_of_their_table(index: Page, design: Design) -> None:
    sections = {title for title in index.sections if title.startswith(names.COLUMNS_OF)}
    assert sections == {names.COLUMNS_OF + place for place in (*design["tables"], *design["views"])}
    assert not holding.in_another_section(index)


def test_each_reason_in_italics_is_in_the_list_and_each_of_the_list_is_used(index: Page) -> None:
    assert {reason for row in index.rows() for reason in row.reasons} == set(index.reasons)


def test_a_reason_is_a_sentence_or_one_of_the_list(index: Page) -> None:
    assert not holding.without_reason(index)


# Kinds whose rows name files that define the object by its name.
_DEFINED = {
    "schemas",
    "tables",
    "columns",
    "indexes",
    "views",
    "functions",
    "triggers",
    "row_level_security",
    "policies",
}


def test_each_file_speaks_of_what_it_is_named_for(index: Page, design: Design) -> None:
    # PostgreSQL names the constraints, so their file only has the table.
    unnamed = {holding.bare(name): {f"CREATE TABLE {name.rpartition('.')[0]}"} for name in design["constraints"]}
    assert not holding.silent(index, _DEFINED, lambda name: unnamed.get(name, set()))


def test_a_parameters_file_is_the_table_that_has_it(index: Page) -> None:
    for row in (*index.of("RDS parameters"), *index.of("PgBouncer")):
        if row.fate in ("kept", "changed"):
            path = row.files[0]
            name = row.name.partition(" = ")[0]
            assert f'"{name}"' in path.read_text(encoding="utf-8"), row


def test_what_is_to_come_is_not_there_yet(index: Page) -> None:
    """When it is there, its rows have to say where."""
    promised = holding.promised(index)
    files = {name for words in promised for name in re.findall(r"`(infra/\w+\.py)`", words)}
    commands = {name for words in promised for name in re.findall(r"`dbctl (\w+)`", words)}
    assert not files
    assert commands == {"restore"}
    assert not commands & set(get_command(app).commands)  # type: ignore[attr-defined]


def test_what_is_there_today_has_a_file(index: Page) -> None:
    assert not [str(row) for row in index.rows() if row.fate not in ("dropped", "to come") and not row.files
                and names.kind(row.section) not in names.SETTINGS]  # fmt: skip
