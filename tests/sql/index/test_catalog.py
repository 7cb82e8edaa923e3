"""What the index says of the database is what the database's catalog says."""

from __future__ import annotations

import re

import pytest

from tests.sql.index import holding, stacks
from tests.sql.index.catalog import Catalog
from tests.sql.index.finding import FIND, SAYS
from tests.sql.index.holding import Design
from tests.sql.index.holding import rows as _rows
from tests.sql.index.page import Page


@pytest.mark.parametrize("kind", SAYS)
def test_what_is_kept_is_there_as_it_was(kind: str, index: Page, design: Design, there: Catalog) -> None:
    assert not holding.kept_otherwise(kind, index, design, there)


@pytest.mark.parametrize("kind", holding.DEFINED)
def test_what_is_changed_is_there_as_the_index_says(kind: str, index: Page, there: Catalog) -> None:
    assert not holding.changed_otherwise(kind, index, there)


@pytest.mark.parametrize("kind", holding.DEFINED)
def test_what_is_changed_is_not_as_it_was(kind: str, index: Page, design: Design, there: Catalog) -> None:
    assert not holding.changed_in_nothing(kind, index, design, there)


@pytest.mark.parametrize("kind", SAYS)
def test_what_is_gone_from_its_place_is_not_there(kind: str, index: Page, there: Catalog) -> None:
    assert not holding.still_there(kind, index, there)


def test_what_takes_the_place_of_something_is_there(index: Page, there: Catalog) -> None:
    assert not holding.missing(index, there)


def test_every_word_for_a_kind_of_thing_is_one_that_a_test_knows(index: Page) -> None:
    known = {*FIND, *stacks.STACKS, "entrypoint"}
    known |= {f"{stack} {source}" for stack in stacks.STACKS for source in stacks.SOURCES}
    assert holding.words(index) <= known


def test_an_index_is_on_the_table_it_was_on(index: Page, design: Design, there: Catalog) -> None:
    assert not holding.on_another_table(index, design, there)


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
