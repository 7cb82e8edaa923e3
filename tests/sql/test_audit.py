"""The audit log: what is written into it, by whom, and that it stays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.tenants import Organization, new_user

_ENTRIES = (
    "SELECT schema_name || '.' || table_name, action, changed_fields, old_values, new_values, user_id, organization_id"
    " FROM audit.audit_log WHERE record_id = %s ORDER BY id"
)


def _entries(database: Database, record: UUID) -> list[tuple[Any, ...]]:
    """What the log says of a row, read as staff do."""
    return database.asked_by("platform_support", None, _ENTRIES, record)


def test_a_change_is_logged_with_the_fields_that_changed(acme: Organization) -> None:
    acme.rows(acme.owner, "UPDATE app.projects SET description = 'new', name = 'q' WHERE id = %s", acme.project)

    *_, entry = _entries(acme.database, acme.project)
    assert entry == (
        "app.projects",
        "UPDATE",
        ["description", "name"],
        {"description": None, "name": "p"},
        {"description": "new", "name": "q"},
        acme.owner,
        acme.id,
    )


def test_a_change_of_nothing_is_not_logged(acme: Organization) -> None:
    before = _entries(acme.database, acme.project)
    acme.rows(acme.owner, "UPDATE app.projects SET name = name, description = description")
    assert _entries(acme.database, acme.project) == before


def test_every_row_of_a_statement_has_an_entry(acme: Organization) -> None:
    projects = [acme.project, *(acme.new_project(name) for name in "abc")]
    acme.rows(acme.owner, "UPDATE app.projects SET status = 'archived'")

    for project in projects:
        *_, last = _entries(acme.database, project)
        assert last[1:5] == ("UPDATE", ["status"], {"status": "active"}, {"status": "archived"})


def test_what_is_created_and_what_is_deleted_is_logged_in_full(acme: Organization) -> None:
    project = acme.new_project("short")
    acme.rows(acme.owner, "DELETE FROM app.projects WHERE id = %s", project)

    created, deleted = _entries(acme.database, project)
    assert (created[1], created[3], created[4]["name"]) == ("INSERT", None, "short")
    assert (deleted[1], deleted[3]["name"], deleted[4]) == ("DELETE", "short", None)
    assert not {"search", "is_private", "updated_at"} & created[4].keys()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("auth.users", "UPDATE auth.users SET first_name = 'B'"),
        ("auth.roles", "UPDATE auth.roles SET description = 'B'"),
        ("auth.user_roles", "UPDATE auth.user_roles SET expires_at = now()"),
        ("app.organizations", "UPDATE app.organizations SET name = 'B'"),
        ("app.organization_members", "UPDATE app.organization_members SET status = 'suspended'"),
        ("app.projects", "UPDATE app.projects SET name = 'B'"),
    ],
)
def test_each_of_these_tables_is_audited(acme: Organization, table: str, change: str) -> None:
    acme.database.run("INSERT INTO auth.roles (name) VALUES ('support')")
    acme.database.run("INSERT INTO auth.user_roles (user_id, role_id) SELECT %s, id FROM auth.roles", acme.owner)
    ((record,),) = acme.database.rows(f"SELECT id FROM {table}")

    acme.database.run(change)

    assert [(entry[0], entry[1]) for entry in _entries(acme.database, record)] == [
        (table, "INSERT"),
        (table, "UPDATE"),
    ]


def test_every_column_of_an_audited_table_is_compared_or_left_out_on_purpose(platform: Database) -> None:
    """The functions name their columns: a new column needs `SELECT audit.watch(…)` again."""
    found = platform.rows(
        "SELECT DISTINCT tgrelid::regclass::text,"
        " ARRAY(SELECT match[1] FROM regexp_matches(prosrc, 'was\\.(\\w+) IS DISTINCT', 'g') AS match ORDER BY 1),"
        " ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = tgrelid AND attnum > 0 AND NOT attisdropped"
        " ORDER BY 1)"
        " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE starts_with(proname, 'log_changes_of_')"
    )
    assert {table: set(columns) - set(compared) for table, compared, columns in found} == {
        "auth.users": {"updated_at", "search", "last_login_at", "last_login_ip"},
        "auth.roles": {"updated_at"},
        "auth.user_roles": set(),
        "app.organizations": {"updated_at", "search"},
        "app.organization_members": set(),
        "app.projects": {"updated_at", "search", "is_private"},
    }
    assert all(set(compared) <= set(columns) for _, compared, columns in found)


def test_a_statement_of_many_rows_is_logged_in_a_session_that_changed_single_ones(acme: Organization) -> None:
    """A plan made for one row would compare each of these with every other."""
    acme.database.run(
        "INSERT INTO app.projects (organization_id, name, slug)"
        " SELECT %s, 'p', 'n' || n FROM generate_series(1, 5000) AS n",
        acme.id,
    )
    with acme.database.master() as connection:
        for number in range(10):
            connection.execute("UPDATE app.projects SET name = %s WHERE id = %s", (str(number), acme.project))
        connection.execute("SET statement_timeout = '20s'")
        connection.execute("UPDATE app.projects SET status = 'archived'")
    assert acme.database.asked_by(
        "platform_support", None, "SELECT count(*) FROM audit.audit_log WHERE changed_fields = '{status}'"
        " AND organization_id = %s", acme.id,
    ) == [(5001,)]  # fmt: skip


def test_what_hangs_on_a_deleted_organisation_is_logged_too(acme: Organization) -> None:
    ((member,),) = acme.database.rows("SELECT id FROM app.organization_members")
    acme.database.run("DELETE FROM app.organizations")

    assert [_entries(acme.database, record)[-1][1] for record in (acme.id, acme.project, member)] == ["DELETE"] * 3


def test_an_entry_says_who_from_where_in_which_request_and_as_which_role(acme: Organization) -> None:
    with acme.database.login("platform_app") as connection, connection.transaction():
        connection.execute(
            "SELECT set_config('app.current_user_id', %s, true), set_config('app.client_ip', '192.0.2.7', true),"
            " set_config('app.request_id', 'r-1', true)",
            (str(acme.owner),),
        )
        connection.execute("UPDATE app.organizations SET name = 'new'")
    assert acme.database.asked_by(
        "platform_support",
        None,
        "SELECT user_id, host(ip_address), request_id, db_role, transaction_id IS NOT NULL FROM audit.audit_log"
        " WHERE record_id = %s ORDER BY id DESC LIMIT 1",
        acme.id,
    ) == [(acme.owner, "192.0.2.7", "r-1", "platform_app", True)]


def test_a_change_without_a_user_is_logged_without_one_and_garbage_is_an_error(platform: Database) -> None:
    user = new_user(platform)
    assert _entries(platform, user)[0][5] is None
    with pytest.raises(errors.InvalidTextRepresentation):
        platform.asked_by("platform_auth", "garbage", "UPDATE auth.users SET first_name = 'B'")


def test_no_secret_and_no_login_is_in_the_log(platform: Database) -> None:
    user = new_user(platform)
    platform.asked_by(
        "platform_auth", None, "INSERT INTO auth.credentials (user_id, password_hash) VALUES (%s, 'hash')", user
    )
    platform.asked_by("platform_auth", None, "UPDATE auth.users SET last_login_at = now(), last_login_ip = '192.0.2.7'")

    assert [entry[1] for entry in _entries(platform, user)] == ["INSERT"]
    assert platform.asked_by(
        "platform_support", None, "SELECT count(*) FROM audit.audit_log AS log WHERE position('hash' IN log::text) > 0"
    ) == [(0,)]


@pytest.mark.parametrize("role", ["platform_owner", "platform_audit"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit.audit_log SET user_id = NULL",
        "DELETE FROM audit.audit_log",
        "TRUNCATE audit.audit_log",
        "INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, db_role, transaction_id)"
        " VALUES ('app', 'projects', gen_random_uuid(), 'UPDATE', 'x', '1')",
    ],
)
def test_the_log_is_not_changed_by_its_own_owner_nor_written_by_the_owner_of_the_rest(
    acme: Organization, role: str, change: str
) -> None:
    with acme.database.master() as connection, connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL ROLE {role}")
        if role == "platform_audit" and change.startswith("INSERT"):
            # Its function does just that.
            connection.execute(change)
            return
        with pytest.raises(errors.InsufficientPrivilege, match=r"append-only|permission denied"):
            connection.execute(change)


@pytest.mark.parametrize("table", ["auth.users", "app.organizations", "app.projects"])
def test_an_audited_table_takes_no_truncate(platform: Database, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="would leave no trace"):
        platform.run(f"TRUNCATE {table} CASCADE")


def test_the_log_outlives_whom_it_is_about(acme: Organization) -> None:
    member = acme.join("member")
    project = acme.new_project("by member", by=member)
    acme.database.run("DELETE FROM auth.users WHERE id = %s", member)

    assert _entries(acme.database, project)[0][5] == member
    assert _entries(acme.database, member)[-1][1] == "DELETE"
