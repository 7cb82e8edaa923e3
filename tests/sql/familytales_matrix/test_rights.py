"""What each role may do at all, whatever the rows: columns, functions and schemas, asked of the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest
from psycopg import errors

from tests.sql.familytales_matrix import cases
from tests.sql.familytales_matrix.rights import (
    LOGINS,
    OWNERS,
    columns,
    functions,
    held_rights,
    rights,
    schemas,
    written_rights,
)
from tests.sql.familytales_matrix.statements import RELATIONS, TABLES
from tests.sql.familytales_matrix.world import World

_EVERYBODY = [*LOGINS, *OWNERS]
_ONLY_READ = ["familytales_public", "familytales_support", "familytales_backup"]

_CALLABLE = """
SELECT oid::regprocedure::text FROM pg_proc
 WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
   AND proname <> 'similar_segments'
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
   AND has_function_privilege(%s, oid, 'EXECUTE')
"""
# PUBLIC is no role that could be asked.
_CALLABLE_BY_ALL = """
SELECT oid::regprocedure::text FROM pg_proc CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
 WHERE pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
   AND acl.grantee = 0
"""
_SCHEMAS = """
SELECT nspname || CASE WHEN has_schema_privilege(%s, oid, 'CREATE') THEN '+' ELSE '' END FROM pg_namespace
 WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
   AND (has_schema_privilege(%s, oid, 'USAGE') OR has_schema_privilege(%s, oid, 'CREATE'))
 ORDER BY nspname
"""


def _differences(held: Iterable[object], written: Iterable[object]) -> str:
    has, should = set(held), set(written)
    return "\n".join(
        [f"has, and should not: {one}" for one in sorted(map(str, has - should))]
        + [f"should have, and has not: {one}" for one in sorted(map(str, should - has))]
    )


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_reads_and_writes_exactly_the_columns_that_are_its(world: World, role: str) -> None:
    held = held_rights(world.database, role)
    written = written_rights(role, columns(world.database))
    assert held == written, _differences(held, written)


@pytest.mark.parametrize("role", _EVERYBODY)
def test_a_role_calls_exactly_the_functions_that_are_its(world: World, role: str) -> None:
    # Both are read by the server, so that a name may be written as one likes.
    held = [name for (name,) in world.database.rows(_CALLABLE, role)]
    written = [name for (name,) in world.database.rows("SELECT unnest(%s::regprocedure[])::text", functions()[role])]
    assert len(set(written)) == len(written)
    assert set(held) == set(written), _differences(held, written)


def test_nobody_calls_a_function_only_because_everybody_may(world: World) -> None:
    assert world.database.rows(_CALLABLE_BY_ALL) == []


@pytest.mark.parametrize("role", _EVERYBODY)
def test_a_role_may_name_what_is_in_its_schemas_only(world: World, role: str) -> None:
    assert [name for (name,) in world.database.rows(_SCHEMAS, role, role, role)] == schemas()[role]


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_connects_and_creates_nothing_in_the_database(world: World, role: str) -> None:
    held = world.database.rows(
        "SELECT verb FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) AS verb"
        " WHERE has_database_privilege(%s, current_database(), verb)",
        role,
    )
    assert held == [("CONNECT",)]


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_is_nothing_but_itself(world: World, role: str) -> None:
    become = world.database.rows(
        "SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, 'MEMBER') AND rolname <> %s", role, role
    )
    assert become == []
    special = world.database.rows(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = %s",
        role,
    )
    assert special == [(False, False, False, False, False)]


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_that_changes_nothing_is_told_so_before_its_rights_are_looked_at(world: World, role: str) -> None:
    ((only_reads,),) = world.database.asked_by(role, None, "SELECT current_setting('transaction_read_only')")
    # An archivist changes no row, and brings back whole partitions.
    assert (only_reads == "on") == (role in _ONLY_READ)
    if role in _ONLY_READ:
        with pytest.raises(errors.ReadOnlySqlTransaction):
            world.database.asked_by(role, None, "DELETE FROM familytales.content_tags")


def test_every_table_and_column_that_is_named_exists(world: World) -> None:
    there = set(columns(world.database))
    unknown = [
        f"{said.source}: {said.table} {column}"
        for said in rights()
        for right in said.by_verb.values()
        for column in (right.columns or [None])
        if not any(fnmatchcase(table, said.table) and column in (name, None) for table, name in there)
    ]
    assert unknown == []


def test_the_tables_of_rights_are_about_every_role() -> None:
    assert {said.role for said in rights()} == set(LOGINS)
    assert set(functions()) == set(schemas()) == set(_EVERYBODY)
    assert len({(said.role, said.table) for said in rights()}) == len(rights())


def test_the_two_tables_of_expectations_say_the_same_of_rights() -> None:
    """What is `-` wherever the rows are, is no right; whatever else is expected of rows, needs one."""
    allowed = {
        (row.role, row.table.partition(":")[0], verb[0])
        for row in cases.rows()
        for cell in row.cells.values()
        for verb, code in zip(TABLES[row.table].verbs, cell, strict=False)
        if cell != "_" and code not in "-v_"
    }
    # The leaf of today and the one in the archive stand for all of their schema.
    written = {
        (said.role, table, verb)
        for said in rights()
        for table in RELATIONS
        for verb in said.by_verb
        if fnmatchcase(table, said.table)
    }
    assert allowed == written, _differences(allowed, written)
