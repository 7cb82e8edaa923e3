"""The index and the list of the design's names say the same, and what the index refers to exists."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sql.index import holding, names, stacks
from tests.sql.index.finding import FIND, SAYS
from tests.sql.index.holding import Design
from tests.sql.index.page import REPOSITORY, Page

# How many there are of each kind, counted in the design itself: a name lost from both files would else not be missed.
COUNTS = {
    "configuration": 4,
    "extensions": 3,
    "tables": 12,
    "columns": 140,
    "json": 22,
    "constraints": 47,
    "indexes": 37,
    "partitions": 12,
    "views": 2,
    "functions": 5,
    "row_level_security": 1,
    "policies": 1,
    "security": 7,
    "migrations": 9,
    "sqlx": 3,
    "cron": 3,
    "retention": 10,
    "commands": 11,
    "samples": 11,
    "sizing": 18,
    "targets": 8,
    "backup": 9,
}
# The design fills it, and never makes it.
_NO_COLUMNS = {"archived_content_segments"}


def test_the_list_has_every_object_of_the_design(design: Design) -> None:
    assert {kind: len(listed) for kind, listed in design.items()} == COUNTS


@pytest.mark.parametrize("kind", COUNTS)
def test_each_name_of_the_design_has_exactly_one_row(kind: str, index: Page, design: Design) -> None:
    told = Counter(row.name for row in index.rows() if names.kind(row.section) == kind)
    assert told == Counter(list(design[kind]))


def test_only_what_can_be_compared_is_called_kept(index: Page) -> None:
    """By its definition, by its value, or by what the row names as its place."""
    incomparable = [
        str(row)
        for row in index.rows()
        if row.fate == "kept" and names.kind(row.section) not in {*SAYS, "json", "extensions"} and not row.today
    ]
    assert not incomparable


def test_columns_stand_in_the_section_of_their_table(index: Page, design: Design) -> None:
    sections = {title for title in index.sections if title.startswith(names.COLUMNS_OF)}
    places = {*design["tables"], *design["views"]} - _NO_COLUMNS
    assert sections == {names.COLUMNS_OF + place for place in places}
    assert not holding.in_another_section(index)


def test_each_reason_in_italics_is_in_the_list_and_each_of_the_list_is_used(index: Page) -> None:
    assert {reason for row in index.rows() for reason in row.reasons} == set(index.reasons)


def test_a_reason_is_a_sentence_or_one_of_the_list(index: Page) -> None:
    assert not holding.without_reason(index)


def test_every_word_for_a_kind_of_thing_is_one_that_a_test_knows(index: Page) -> None:
    known = {*FIND, *(f"{stack} {source}" for stack in stacks.STACKS for source in stacks.SOURCES)}
    assert holding.words(index) <= known


# Kinds whose rows name files that define the object by its name.
_DEFINED = {"tables", "columns", "indexes", "views", "functions", "row_level_security", "policies"}


def test_each_file_speaks_of_what_it_is_named_for(index: Page, design: Design) -> None:
    # PostgreSQL names the constraints, so their file only has the table.
    today = [item.text for row in index.of("Constraints") for item in row.today if item.kind == "constraint"]
    unnamed = {
        holding.bare(name): {f"CREATE TABLE familytales.{name.rpartition('.')[0]}"}
        for name in (*design["constraints"], *today)
    }
    assert not holding.silent(index, _DEFINED, lambda name: unnamed.get(name, set()))


def test_what_is_moved_has_its_name_still(index: Page) -> None:
    for row in index.rows():
        if row.fate == "moved" and names.kind(row.section) in SAYS:
            assert holding.bare(row.name) in {holding.bare(item.text) for item in row.today}, row


# What nothing does that the design has. Whoever adds a row here looks twice whether there is nothing indeed.
DROPPED = {
    "extensions": 2,
    "indexes": 6,
    "migrations": 3,
    "sizing": 10,
}


def test_no_more_is_dropped_than_was_thought_over(index: Page) -> None:
    assert Counter(names.kind(row.section) for row in index.rows() if row.fate == "dropped") == Counter(DROPPED)


def test_what_is_there_today_has_a_file(index: Page) -> None:
    assert not [str(row) for row in index.rows() if row.fate not in ("dropped", "to come") and not row.files]


def test_nothing_is_to_come(index: Page) -> None:
    assert not holding.promised(index)


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_every_job_is_started_by_the_clock(stack: str) -> None:
    """And nothing else is, but the question whether they were and, where there are dumps, the dump."""
    made = stacks.recording(stack).of("aws:scheduler/schedule:Schedule")
    started = {name.removeprefix("familytales-schedules-") for name in made if name.startswith("familytales-")}
    jobs = {path.stem for path in (REPOSITORY / "sql" / "familytales" / "jobs").glob("*.sql")}
    assert started == jobs | {"overdue"} | ({"dump"} if stack == "prod" else set())
