"""The roles and databases that RDS makes in a new instance, made through the unix socket."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

# Names as RDS has them. rdsadmin is the only superuser; nobody but the local cloud can be it.
SUPERUSER = "rdsadmin"
REPLICATION = "rdsrepladmin"
_GROUP = "rds_superuser"

# What rds_superuser may do and hand on. Those that a major does not have yet are passed over.
_POWERS = (
    "pg_monitor",
    "pg_signal_backend",
    "pg_checkpoint",
    "pg_use_reserved_connections",
    "pg_create_subscription",
    "pg_maintain",
)

# RDS lets rds_superuser create these although PostgreSQL asks for a superuser; here they are there already.
_UNTRUSTED_EXTENSIONS = ("pg_stat_statements",)


def connect(conninfo: str) -> psycopg.Connection[tuple[object, ...]]:
    """A superuser's session that leaves nothing of its statements in the server's log."""
    return psycopg.connect(conninfo, autocommit=True, options="-c log_statement=none -c log_min_duration_statement=-1")


def ensure_roles(conninfo: str, master: str, password: str, replication_password: str) -> None:
    """Make the roles of a new instance, or give those of an adopted one their passwords."""
    with connect(conninfo) as connection:
        for name, attributes in (
            (_GROUP, sql.SQL("NOLOGIN")),
            (REPLICATION, sql.SQL("LOGIN REPLICATION")),
            (master, sql.SQL("LOGIN CREATEROLE CREATEDB")),
        ):
            verb = "ALTER" if _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", name) else "CREATE"
            connection.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(name), attributes))
        _set_password(connection, master, password)
        _set_password(connection, REPLICATION, replication_password)
        for power in _POWERS:
            if _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", power):
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(sql.Identifier(power), sql.Identifier(_GROUP))
                )
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(_GROUP), sql.Identifier(master)))


def set_password(conninfo: str, role: str, password: str) -> None:
    """Change a role's password."""
    with connect(conninfo) as connection:
        _set_password(connection, role, password)


def ensure_database(conninfo: str, name: str, owner: str) -> None:
    """Make the instance's database, owned by the master user."""
    with connect(conninfo) as connection:
        if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", name):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner))
            )
    with connect(f"{conninfo} dbname={name}") as connection:
        for extension in _UNTRUSTED_EXTENSIONS:
            if _exists(connection, "SELECT FROM pg_available_extensions WHERE name = %s", extension):
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _set_password(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    # Only the verifier goes to the server: even a statement that fails and is logged does not tell.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier.decode()))
    )
