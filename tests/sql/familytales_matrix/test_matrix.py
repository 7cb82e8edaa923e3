"""The access matrix of familytales: every role that logs in, every table, every verb, in every standing and place.

What is expected stands in the tables of expected/, for people to read; each test tries one role on one table, and names
every case that came out otherwise.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from tests.sql.familytales_matrix import cases, trying
from tests.sql.familytales_matrix.cast import ASKERS
from tests.sql.familytales_matrix.page import page
from tests.sql.familytales_matrix.rights import LOGINS
from tests.sql.familytales_matrix.statements import APP, PARTITIONED, RELATIONS, TABLES
from tests.sql.familytales_matrix.world import World

# Views that look at tables of other schemas; their columns are in rights.txt.
_VIEWS_OF_OPS = {"ops.partition_report", "ops.index_bloat"}
# There where the server has pgvector and the master user may create it.
_SOMETIMES = {"familytales.content_embeddings"}

_ROLES_AND_TABLES = [pytest.param(role, table, id=f"{role}-{table}") for role in LOGINS for table in TABLES]


@pytest.mark.parametrize(("role", "table"), _ROLES_AND_TABLES)
def test_a_role_gets_of_a_table_exactly_what_it_should(world: World, role: str, table: str) -> None:
    tried, wrong = 0, []
    for row in cases.rows():
        if (row.role, row.table) == (role, table):
            more, otherwise = trying.failures(world, row)
            tried += more
            wrong += otherwise
    assert tried, f"nothing is expected of {role} and {table}"
    assert not wrong, f"{len(wrong)} of {tried} cases came out otherwise:\n  " + "\n  ".join(wrong)


def test_the_matrix_is_about_every_table_of_the_database(world: World) -> None:
    found = world.database.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition"
        " AND relnamespace::regnamespace::text IN ('familytales', 'audit', 'ops')"
    )
    leaves = {name for name in RELATIONS if name.startswith(("part.", "archive."))}
    assert {name for (name,) in found} - _SOMETIMES == {*RELATIONS} - leaves | _VIEWS_OF_OPS


def test_partitions_are_those_of_two_tables_and_all_closed(world: World) -> None:
    found = world.database.rows(
        "SELECT relnamespace::regnamespace::text, inhparent::regclass::text, relrowsecurity, count(*) > 0"
        "  FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid"
        " WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace::regnamespace::text IN ('part', 'archive')"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    assert found == [("archive", None, True, True), *(("part", parent, True, True) for parent in sorted(PARTITIONED))]


@pytest.mark.parametrize("parent", PARTITIONED)
def test_what_holds_for_one_partition_holds_for_all_of_a_table(world: World, parent: str) -> None:
    kinds = world.database.rows(
        "SELECT DISTINCT relowner::regrole::text, relrowsecurity, relacl::text,"
        "       (SELECT array_agg((polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid))::text"
        "                         ORDER BY polname) FROM pg_policy WHERE polrelid = pg_class.oid)::text"
        "  FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = %s::regclass",
        parent,
    )
    assert len(kinds) == 1, kinds


def test_the_tables_of_expectations_are_whole_and_about_the_roles_of_the_service() -> None:
    assert cases.mistakes() == []
    assert {row.role for row in cases.rows()} == set(LOGINS)
    assert {row.asker for row in cases.rows() if row.role == APP} == set(ASKERS)


def test_no_expectation_goes_unused_and_there_are_many_thousands_of_them(world: World) -> None:
    tried = [case for row in cases.rows() for case in trying.cases(world, row)]
    unused = chain.from_iterable(trying.unused(world, row) for row in cases.rows())

    assert list(unused) == []
    twice = Counter((case.row.role, case.row.asker, case.row.table, case.verb, case.place) for case in tried)
    assert set(twice.values()) == {1}
    # The number is written down so that a table that is left out by mistake is noticed.
    assert len(tried) == 18_231


def test_the_page_about_access_is_current() -> None:
    written = Path("docs/familytales_access.md").read_text()
    assert written == page(), "python -m tests.sql.familytales_matrix.page > docs/familytales_access.md"
