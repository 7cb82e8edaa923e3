"""What the index says of the database is what the database's catalog says."""

from __future__ import annotations

import json
import re

import pytest

from tests.sql.databases import Database
from tests.sql.index import holding
from tests.sql.index.catalog import Catalog
from tests.sql.index.finding import SAYS
from tests.sql.index.holding import SETTLED, Design
from tests.sql.index.page import REPOSITORY, Page

_MOVED = {"audit_log": "audit.audit_log"}


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


def test_an_index_is_on_the_table_it_was_on(index: Page, design: Design, there: Catalog) -> None:
    assert not holding.on_another_table(index, design, there, _MOVED)


def test_the_index_that_takes_a_second_ones_place_begins_with_its_column(
    index: Page, design: Design, there: Catalog
) -> None:
    rows = [row for row in holding.rows(index, "indexes") if "unique has it" in row.reasons]
    assert len(rows) == 7
    for row in rows:
        # The code is kept as its hash, and the address without regard to capitals.
        column = design["indexes"][row.name].partition("(")[2].rstrip(")").replace("invite_code", "code_hash")
        definition = there.indexes[row.today[0].text].definition
        assert definition.startswith("UNIQUE btree (") and column in definition.partition(",")[0], row


def test_the_index_of_a_unique_constraints_place_is_unique(index: Page, there: Catalog) -> None:
    unique = [item.text for row in holding.rows(index, "constraints") for item in row.today if item.kind == "index"]
    assert unique == ["users_email_key"]
    assert there.indexes["users_email_key"].definition.startswith("UNIQUE ")


def test_a_table_is_kept_when_its_columns_have_the_names_they_had(index: Page, design: Design, there: Catalog) -> None:
    for row in holding.rows(index, "tables"):
        before = {name.rpartition(".")[2] for name in design["columns"] if name.rpartition(".")[0] == row.name}
        after = there.columns_of(_MOVED.get(row.name, row.name))
        assert (row.fate in SETTLED) == (row.name in there.tables), row
        # The design fills the archive's table, and never makes it.
        assert (row.fate == "kept") == (before == after != set()), row
        assert {f"`{column}`" for column in after - before} <= set(re.findall("`[^`]+`", row.why)), row


def test_a_table_is_partitioned_when_it_was(index: Page, design: Design, there: Catalog) -> None:
    places = {row.name: _MOVED.get(row.name, row.name) for row in holding.rows(index, "tables")}
    assert {name: there.tables[place] for name, place in places.items() if place in there.tables} == {
        name: definition for name, definition in design["tables"].items() if name != "archived_content_segments"
    }


def test_the_partitions_of_the_design_are_nowhere(design: Design, there: Catalog) -> None:
    assert len(design["partitions"]) == 12
    assert not set(design["partitions"]) & {each.name.rpartition(".")[2] for each in there.partitions}


def test_a_key_of_a_json_default_that_is_kept_has_its_value(index: Page, design: Design, there: Catalog) -> None:
    kept = [row for row in holding.rows(index, "json") if row.fate == "kept"]
    assert len(kept) == 18
    for row in kept:
        column, _, key = row.name.rpartition(".")
        default = json.loads(there.columns[column].partition(" DEFAULT '")[2].rstrip("'"))
        assert json.dumps(default[key]) == design["json"][row.name], row


def test_a_key_of_a_json_default_that_is_not_kept_is_not_in_it(index: Page, there: Catalog) -> None:
    for row in holding.rows(index, "json"):
        if row.fate != "kept":
            column, _, key = row.name.rpartition(".")
            assert f'"{key}"' not in there.columns[column], row


def test_the_number_in_a_default_is_the_one_of_the_design(there: Catalog) -> None:
    assert there.columns["families.storage_limit_bytes"].endswith(f"DEFAULT '{5 * 1024**3}'")
    assert there.columns["families.member_limit"].endswith("DEFAULT 10")


def test_no_extension_of_the_design_is_there_by_its_name(index: Page, there: Catalog) -> None:
    assert not {row.name.lower() for row in holding.rows(index, "extensions")} & there.extensions


def test_embeddings_are_there_where_the_extension_is(there: Catalog) -> None:
    assert ("vector" in there.extensions) == ("content_embeddings" in there.tables)


def test_every_table_of_the_design_has_row_level_security(index: Page, there: Catalog) -> None:
    places = {_MOVED.get(row.name, row.name) for row in holding.rows(index, "tables")} & there.tables.keys()
    assert len(places) == 11
    assert places <= there.protected


def test_no_function_estimates_what_media_take(migrated: dict[str, Database]) -> None:
    sources = migrated["familytales"].rows(
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
        " WHERE n.nspname IN ('familytales', 'ops') AND p.prosrc ~ '1000000|500000|1048576|524288'"
    )
    assert sources == []


def test_a_query_of_the_design_has_files_that_say_something(index: Page) -> None:
    for row in holding.rows(index, "samples"):
        assert row.files, row
        assert all(re.search("SELECT|CREATE", path.read_text(encoding="utf-8")) for path in row.files), row


def test_each_query_is_there_as_designed_and_as_recommended() -> None:
    queries = REPOSITORY / "sql" / "familytales" / "queries"
    designed = {path.name for path in (queries / "as_designed").glob("*.sql")}
    assert len(designed) == 5
    assert designed <= {path.name for path in queries.glob("*.sql")}


def test_the_encoding_is_the_designs(migrated: dict[str, Database]) -> None:
    assert migrated["familytales"].rows("SHOW server_encoding") == [("UTF8",)]
