"""Which migrations a database has had: the table that sqlx keeps too, row for row and column for column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from schema.errors import BadInput
from schema.files import SqlFile, shown_name

_CREATE = """
    CREATE TABLE IF NOT EXISTS public._sqlx_migrations (
        version        bigint      PRIMARY KEY,
        description    text        NOT NULL,
        installed_on   timestamptz NOT NULL DEFAULT now(),
        success        boolean     NOT NULL,
        checksum       bytea       NOT NULL,
        execution_time bigint      NOT NULL
    )
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One applied migration as the ledger has it."""

    version: int
    description: str
    installed_on: datetime
    success: bool
    checksum: bytes


def read(connection: psycopg.Connection) -> tuple[Row, ...]:
    """Every row in order; none when the ledger does not exist yet."""
    exists = connection.execute("SELECT pg_catalog.to_regclass('public._sqlx_migrations') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return ()
    rows = connection.execute(
        "SELECT version, description, installed_on, success, checksum FROM public._sqlx_migrations ORDER BY version"
    )
    return tuple(Row(*row) for row in rows)


def create(connection: psycopg.Connection, owner: str) -> None:
    """Make the ledger, owned by the service's owner, so that `sqlx migrate run` as the migrator works on it as well."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        connection.execute(_CREATE)


def add(connection: psycopg.Connection, file: SqlFile) -> None:
    """Write a file's row inside the transaction of the file; -1 says that the time is not known yet, as in sqlx."""
    connection.execute(
        "INSERT INTO public._sqlx_migrations (version, description, success, checksum, execution_time)"
        " VALUES (%s, %s, true, %s, -1)",
        (file.version, file.description, file.checksum),
    )


def set_time(connection: psycopg.Connection, version: int, nanoseconds: int) -> None:
    """Fill in how long a file took, after its commit, for the commit is part of that."""
    connection.execute(
        "UPDATE public._sqlx_migrations SET execution_time = %s WHERE version = %s", (nanoseconds, version)
    )


def pending(service: str, files: Sequence[SqlFile], rows: Sequence[Row]) -> tuple[SqlFile, ...]:
    """Files that are still to be applied; raise BadInput when ledger and files contradict each other."""
    by_version = {file.version: file for file in files}
    applied = {row.version for row in rows}
    newest = max(applied, default=0)
    problems: list[str] = []
    for row in rows:
        file = by_version.get(row.version)
        if not row.success:
            problems.append(
                f"{service}: {row.version:04} is marked as failed in _sqlx_migrations: it was applied in part, outside "
                "a transaction; finish or undo it by hand, then correct or delete its row"
            )
        elif file is None:
            problems.append(
                f"{service}: {row.version:04} ({row.description}) is applied but its file is missing; "
                "bring the file back: a newer version of the repository has been here"
            )
        elif file.checksum != row.checksum:
            problems.append(
                f"{shown_name(service, 'migrations', file)}:1: the file was edited after it was applied on "
                f"{row.installed_on:%Y-%m-%d}; restore its text and write the change as a new migration"
            )
    for file in files:
        if file.version not in applied and file.version < newest:
            problems.append(
                f"{shown_name(service, 'migrations', file)}:1: out of order: {newest:04} is applied already; "
                f"give the file a number above {newest:04}"
            )
    if problems:
        raise BadInput(problems)
    return tuple(file for file in files if file.version not in applied)
