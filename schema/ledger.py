"""Which migrations a database has had: the table that sqlx keeps too, row for row and column for column."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from schema.errors import BadInput
from schema.files import SqlFile, shown_name

CREATE = """
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


def has(connection: psycopg.Connection, file: SqlFile) -> bool:
    """Whether this very text is applied, as of now."""
    row = connection.execute(
        "SELECT FROM public._sqlx_migrations WHERE version = %s AND success AND checksum = %s",
        (file.version, file.checksum),
    ).fetchone()
    return row is not None


def add(connection: psycopg.Connection, file: SqlFile, *, success: bool, nanoseconds: int) -> None:
    """Write a file's row: inside the transaction of the file, or before a file that runs outside one (success false,
    which every sqlx command takes for a reason to stop).
    """
    connection.execute(
        "INSERT INTO public._sqlx_migrations (version, description, success, checksum, execution_time)"
        " VALUES (%s, %s, %s, %s, %s)",
        (file.version, file.description, success, file.checksum, nanoseconds),
    )


def finish(connection: psycopg.Connection, file: SqlFile, nanoseconds: int) -> None:
    """The file that was marked as started is applied."""
    connection.execute(
        "UPDATE public._sqlx_migrations SET success = true, execution_time = %s WHERE version = %s",
        (nanoseconds, file.version),
    )


def set_success(connection: psycopg.Connection, file: SqlFile, success: bool) -> None:
    """The file is being taken back by a statement that runs outside a transaction (false), or that failed (true)."""
    connection.execute("UPDATE public._sqlx_migrations SET success = %s WHERE version = %s", (success, file.version))


def remove(connection: psycopg.Connection, file: SqlFile) -> None:
    """The file is not applied: it was reverted, or it failed and left nothing."""
    connection.execute("DELETE FROM public._sqlx_migrations WHERE version = %s", (file.version,))


def digest(connection: psycopg.Connection) -> bytes:
    """One value for all that it says; what was begun and not finished counts, for it may have changed the database."""
    row = connection.execute(
        "SELECT sha256(coalesce(string_agg(int8send(version) || boolsend(success) || checksum, ''::bytea"
        " ORDER BY version), '')) FROM public._sqlx_migrations"
    ).fetchone()
    assert row is not None
    return bytes(row[0])


def state(file: SqlFile | None, row: Row | None) -> str:
    """How a migration stands, in one word; see docs/schema.md for what each means."""
    if row is None:
        return "pending"
    edited = file is not None and file.checksum != row.checksum
    if not row.success:
        how = _unfinished(file)
        return "altered" if edited and how == "interrupted" else how
    if edited:
        return "edited"
    return "missing" if file is None else "applied"


def _unfinished(file: SqlFile | None) -> str:
    if file is not None and file.outside:
        return "interrupted"
    if file is not None and file.down is not None and file.down.outside:
        return "reverting"
    return "failed"


# Each state that stops a run: what it means, and what to do about it.
_STOPPING: dict[str, str] = {
    "failed": "the migration is marked as failed in _sqlx_migrations: it was applied in part, outside a transaction; "
    "finish or undo it by hand, then correct or delete its row",
    "reverting": "a revert was interrupted; finish it with `revert`, and apply then",
    "altered": "a run of this file was interrupted, and its text was changed since; restore the text and apply, which "
    "finishes it, and write the change as a new migration",
    "missing": "is applied but its file is missing; bring the file back: a newer version of the repository has been "
    "here",
    "edited": "the file was edited after it was applied on {date:%Y-%m-%d}; restore its text and write the change as a "
    "new migration",
}


def problems(service: str, files: Sequence[SqlFile], rows: Sequence[Row]) -> list[str]:
    """Where ledger and files contradict each other, all of it."""
    newest = max((row.version for row in rows), default=0)
    applied = {row.version for row in rows}
    return stopping(service, files, rows) + [
        f"{shown_name(service, 'migrations', file)}:1: out of order: {newest:04} is applied already; "
        f"give the file a number above {newest:04}"
        for file in files
        if file.version not in applied and file.version < newest
    ]


def stopping(service: str, files: Sequence[SqlFile], rows: Sequence[Row], unless: Collection[str] = ()) -> list[str]:
    """The rows whose state stops a run, with what to do; those in a state of `unless` are left out."""
    by_version = {file.version: file for file in files}
    found: list[str] = []
    for row in rows:
        file = by_version.get(row.version)
        how = state(file, row)
        if (words := _STOPPING.get(how)) and how not in unless:
            where = f"{service}: {row.version:04} ({row.description})"
            if file is not None:
                where = f"{shown_name(service, 'migrations', file)}:1:"
            found.append(f"{where} {words.format(date=row.installed_on)}")
    return found


def pending(service: str, files: Sequence[SqlFile], rows: Sequence[Row]) -> tuple[SqlFile, ...]:
    """Files that are still to be applied or finished; raise BadInput when ledger and files contradict each other."""
    if found := problems(service, files, rows):
        raise BadInput(found)
    done = {row.version for row in rows if row.success}
    return tuple(file for file in files if file.version not in done)
