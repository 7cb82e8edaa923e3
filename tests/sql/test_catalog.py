"""Rules that hold for every object of both services, asked of the catalog."""

from __future__ import annotations

import pytest

from tests.sql.databases import Database

_OURS = ["auth", "app", "analytics", "audit", "authz", "ops", "part", "archive", "familytales"]


@pytest.fixture
def database(migrated: dict[str, Database], service_name: str) -> Database:
    return migrated[service_name]


def test_every_table_has_row_level_security(database: Database) -> None:
    tables = database.rows(
        "SELECT oid::regclass::text, relrowsecurity FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text = ANY (%s)",
        _OURS,
    )
    assert len(tables) > 10
    assert [name for name, closed in tables if not closed] == []


def test_every_foreign_key_has_an_index(database: Database) -> None:
    """An index serves a key when it starts with its columns, or with the one that says most: the last that is not the
    tenant's. An id belongs to one tenant and one project, so that one finds the same rows.
    """
    unserved = database.rows(
        """
        SELECT conrelid::regclass::text, conname FROM pg_constraint AS key
         WHERE contype = 'f' AND connamespace::regnamespace::text = ANY (%s)
           AND NOT EXISTS (
               SELECT FROM pg_index AS i,
                    LATERAL (SELECT array_agg(attnum ORDER BY place) FROM unnest(i.indkey::smallint[])
                                    WITH ORDINALITY AS c (attnum, place) WHERE place <= i.indnkeyatts) AS k (columns)
                WHERE i.indrelid = key.conrelid AND i.indisvalid
                  AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
                  AND (k.columns[1:cardinality(key.conkey)] @> key.conkey
                       OR (i.indisunique AND i.indpred IS NULL AND key.conkey @> k.columns)
                       OR k.columns[1] = (SELECT attnum FROM pg_attribute
                                           WHERE attrelid = key.conrelid AND attnum = ANY (key.conkey)
                                             AND attname <> ALL (ARRAY['organization_id', 'family_id', 'is_private'])
                                           ORDER BY array_position(key.conkey, attnum) DESC LIMIT 1))
           )
        """,
        _OURS,
    )
    assert unserved == []


def test_every_definer_function_pins_its_search_path(database: Database) -> None:
    functions = database.rows(
        "SELECT oid::regprocedure::text, proconfig FROM pg_proc"
        " WHERE prosecdef AND pronamespace::regnamespace::text = ANY (%s)",
        [*_OURS, "public"],
    )
    assert functions
    assert [name for name, config in functions if "search_path=pg_catalog, pg_temp" not in (config or [])] == []


def test_public_may_execute_and_use_nothing(database: Database) -> None:
    assert database.rows(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace::regnamespace::text = ANY (%s)"
        " AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)",
        _OURS,
    ) == []  # fmt: skip
    assert database.rows(
        "SELECT nspname FROM pg_namespace WHERE (nspname = 'public' OR nspname = ANY (%s))"
        " AND EXISTS (SELECT FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE grantee = 0)",
        _OURS,
    ) == []  # fmt: skip
    assert database.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text = ANY (%s)"
        " AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0)",
        _OURS,
    ) == []  # fmt: skip


def test_partitions_are_out_of_reach_of_everybody_but_owners_and_dumps(database: Database, service_name: str) -> None:
    """A dump reads partitions one by one; the owner of the audit log makes its own."""
    owner = f"{service_name}_owner"
    leaves = database.rows(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE relispartition AND relkind = 'r'"
    )
    assert leaves
    assert {schema for (schema,) in leaves} == {"part"}
    assert database.rows(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE %s AND NOT pg_has_role(oid, %s::regrole, 'MEMBER')"
        " AND has_schema_privilege(oid, 'part', 'USAGE') AND NOT rolname = ANY (%s)",
        f"{service_name}\\_%",
        owner,
        [f"{service_name}_backup", f"{service_name}_audit"],
    ) == []  # fmt: skip


_OWNERS = {
    "platform": ["platform_audit", "platform_authz", "platform_owner"],
    "familytales": ["familytales_audit", "familytales_authz", "familytales_owner"],
}


def test_owners_own_everything_and_nobody_logs_in_as_them(database: Database, service_name: str) -> None:
    owners = _OWNERS[service_name]
    assert database.rows(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace::regnamespace::text = ANY (%s)"
        " UNION SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE pronamespace::regnamespace::text = ANY (%s)"
        " ORDER BY 1",
        _OURS,
        _OURS,
    ) == [(owner,) for owner in owners]  # fmt: skip
    assert database.rows(
        "SELECT DISTINCT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY (%s)", owners
    ) == [(False, False, False)]  # fmt: skip


def test_what_is_authz_reads_and_what_is_audits_is_the_log(database: Database, service_name: str) -> None:
    """The helper owner may write nothing, and the owner inherits from neither."""
    assert database.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text"
        " = ANY (%s) AND has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')",
        _OURS,
        f"{service_name}_authz",
    ) == []  # fmt: skip
    assert database.rows(
        "SELECT DISTINCT inhparent::regclass::text FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid"
        " WHERE relowner = %s::regrole AND relkind = 'r'",
        f"{service_name}_audit",
    ) == [("audit.audit_log",)]  # fmt: skip
    assert database.rows("SELECT rolinherit FROM pg_roles WHERE rolname = %s", f"{service_name}_owner") == [(False,)]


def test_every_table_is_read_in_whole_by_dumps(database: Database, service_name: str) -> None:
    """Also its partitions: a dump reads them one by one, and a table without a policy would look empty."""
    backup = f"{service_name}_backup"
    assert database.rows(
        "SELECT oid::regclass::text FROM pg_class AS c WHERE relkind IN ('r', 'p')"
        " AND relnamespace::regnamespace::text = ANY (%s)"
        " AND NOT (has_table_privilege(%s, oid, 'SELECT') AND EXISTS ("
        " SELECT FROM pg_policy WHERE polrelid = c.oid AND %s::regrole = ANY (polroles)"
        " AND polcmd = 'r' AND pg_get_expr(polqual, polrelid) = 'true'))",
        _OURS,
        backup,
        backup,
    ) == []  # fmt: skip


def test_a_column_with_a_default_cannot_be_null(database: Database) -> None:
    """A NULL in its place would pass every CHECK."""
    assert database.rows(
        "SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind IN ('r', 'p')"
        " AND atthasdef AND attgenerated = '' AND NOT attnotnull",
        _OURS,
    ) == []  # fmt: skip


def test_every_table_with_updated_at_keeps_it(database: Database) -> None:
    assert database.rows(
        "SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind IN ('r', 'p') AND attname = 'updated_at'"
        " AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = attrelid AND tgname = 'set_timestamp')",
        _OURS,
    ) == []  # fmt: skip
