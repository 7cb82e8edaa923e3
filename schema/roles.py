"""Create the login roles of service.toml and keep them as it says."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from schema.errors import MigrationFailed
from schema.report import Report
from schema.service import LoginRole, Service
from schema.settings import Login

# Each of these would let a role around row level security or around everything.
_POWERS = {
    "rolsuper": "SUPERUSER",
    "rolbypassrls": "BYPASSRLS",
    "rolreplication": "REPLICATION",
    "rolcreaterole": "CREATEROLE",
    "rolcreatedb": "CREATEDB",
}


def ensure(connection: psycopg.Connection, service: Service, logins: Sequence[Login], report: Report) -> None:
    """Create what is missing and set every password, before bootstrap/ runs."""
    passwords = {login.username: login.password for login in logins}
    with connection.transaction():
        for role in service.roles:
            if not _exists(connection, role.name):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role.name)))
                report.say(f"{service.name}: created role {role.name}")
            _keep_administrable(connection, role.name)
            _refuse_powers(connection, role.name)
            _set_password(connection, role.name, passwords[role.name])


def settle(connection: psycopg.Connection, service: Service, report: Report) -> None:
    """Give memberships, settings and CONNECT, after bootstrap/ made the roles and revocations that they build on."""
    with connection.transaction():
        for role in service.roles:
            for change in _changes(connection, role):
                connection.execute(change)
                report.say(f"{service.name}: {change.as_string(connection)}")


def _keep_administrable(connection: psycopg.Connection, name: str) -> None:
    # From 16 on CREATEROLE is not enough to change a role: it takes its ADMIN OPTION, which whoever creates one there
    # has. On 15 it is given now, for an upgrade keeps it and nobody could give it afterwards.
    if connection.info.server_version < 160000:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH ADMIN OPTION").format(sql.Identifier(name)))


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT FROM pg_catalog.pg_roles WHERE rolname = %s", (name,)).fetchone() is not None


def _refuse_powers(connection: psycopg.Connection, name: str) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, _POWERS))
    row = connection.execute(
        sql.SQL("SELECT {} FROM pg_catalog.pg_roles WHERE rolname = %s").format(columns), (name,)
    ).fetchone()
    powers = [power for power, has in zip(_POWERS.values(), row or (), strict=False) if has]
    if powers:
        raise MigrationFailed(
            f"role {name} has {', '.join(powers)}, with which row level security would not hold for it; "
            f"take it away first: ALTER ROLE {name} {' '.join(f'NO{power}' for power in powers)}"
        )


def _set_password(connection: psycopg.Connection, name: str, password: str) -> None:
    # libpq computes the verifier here, so that neither the wire nor the server's log ever carries the password.
    # It is set every time: what is stored may not be read, so nobody can tell whether it still fits.
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier)))


def _changes(connection: psycopg.Connection, role: LoginRole) -> list[sql.Composed]:
    name = sql.Identifier(role.name)
    changes = [
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), name)
        for group in role.member_of
        if not _is_member(connection, role.name, group)
    ]
    if not _may_connect(connection, role.name):
        database = sql.Identifier(connection.info.dbname)
        changes.append(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name))
    current, wanted = _settings(connection, role.name), dict(role.settings)
    for key, values in wanted.items():
        if current.get(key) != _stored(key, values):
            value = sql.SQL(", ").join(map(sql.Literal, values))
            changes.append(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.SQL(key), value))
    changes += [sql.SQL("ALTER ROLE {} RESET {}").format(name, sql.SQL(key)) for key in current if key not in wanted]
    return changes


def _is_member(connection: psycopg.Connection, name: str, group: str) -> bool:
    row = connection.execute(
        "SELECT FROM pg_catalog.pg_auth_members WHERE roleid = %s::regrole AND member = %s::regrole",
        (group, name),
    ).fetchone()
    return row is not None


def _may_connect(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute(
        "SELECT pg_catalog.has_database_privilege(%s, current_database(), 'CONNECT')", (name,)
    ).fetchone()
    return bool(row and row[0])


def _settings(connection: psycopg.Connection, name: str) -> dict[str, str]:
    row = connection.execute(
        "SELECT setconfig FROM pg_catalog.pg_db_role_setting WHERE setdatabase = 0 AND setrole = %s::regrole",
        (name,),
    ).fetchone()
    return dict(entry.split("=", 1) for entry in row[0]) if row and row[0] else {}


def _stored(key: str, values: tuple[str, ...]) -> str:
    """How the catalog keeps a value: elements of a list that need quotes have them, as search_path does for `""`."""
    if len(values) == 1 and key != "search_path":
        return values[0]
    return ", ".join(value if value.isidentifier() and value.islower() else f'"{value}"' for value in values)
