"""Only one runner at a time: an advisory lock, the same one that sqlx takes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from schema.errors import LockNotObtained
from schema.patience import Patience
from schema.report import Report

# sqlx's own number, so that its library and this runner exclude each other.
_SQLX = 0x3D32AD9E

_HOLDER = """
    SELECT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(a.usename, 'unknown')
      FROM pg_catalog.pg_locks l
      LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32 | l.objid::bigint) = %s
"""


def key(database: str) -> int:
    """Number of the lock for a database; always fits a bigint."""
    return _SQLX * zlib.crc32(database.encode())


@dataclass(frozen=True, slots=True)
class Held:
    """The lock, while it is held."""

    connection: psycopg.Connection
    database: str
    patience: Patience
    report: Report
    waited: float
    """Seconds that it was waited for; 0 when it was free."""

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Lend sqlx's lock away for the block, and take it again.

        A service that migrates itself waits inside pg_advisory_lock, with a snapshot. What builds an index concurrently
        waits for that snapshot: a deadlock, of which this session would be the victim each time. With the lock the
        service goes on, finds the row that is marked as not finished, and stops. Other runners stay outside: they ask
        for a lock of our own first.
        """
        _unlock(self.connection, key(self.database))
        try:
            yield
        finally:
            if not self.connection.closed:
                _wait(self.connection, key(self.database), self.database, self.patience, self.report)


@contextmanager
def held(connection: psycopg.Connection, database: str, patience: Patience, report: Report) -> Iterator[Held]:
    """Hold the lock for the block: our own, and inside it the one that sqlx's library takes.

    They are asked for again and again instead of waited for: a session that waits inside pg_advisory_lock holds a
    snapshot, and CREATE INDEX CONCURRENTLY in the session that has the lock would wait for that snapshot: a deadlock.
    """
    numbers = (key(f"{database}/schema"), key(database))
    waited = 0.0
    taken: list[int] = []
    try:
        for number in numbers:
            waited += _wait(connection, number, database, patience, report)
            taken.append(number)
        yield Held(connection, database, patience, report, waited)
    finally:
        # A broken or closed session has given its locks back by itself.
        if not connection.closed:
            for number in reversed(taken):
                _unlock(connection, number)


def _wait(connection: psycopg.Connection, number: int, database: str, patience: Patience, report: Report) -> float:
    """Get the lock, or raise LockNotObtained; the seconds that it took, 0 when it was free."""
    started = time.monotonic()
    deadline = started + patience.lock
    told = False
    while not _try(connection, number):
        holder = _holder(connection, number)
        if time.monotonic() >= deadline:
            raise LockNotObtained(
                f"{database}: another runner holds the migration lock ({holder}) and did not give it back within "
                f"{patience.lock:g} s; wait for it, or end it with pg_terminate_backend"
            )
        if not told:
            report.say(
                f"{database}: another runner holds the migration lock ({holder}); waiting up to {patience.lock:g} s"
            )
            told = True
        time.sleep(min(patience.lock_poll, max(0.0, deadline - time.monotonic())))
    if not told:
        return 0.0
    waited = time.monotonic() - started
    report.say(f"{database}: got the migration lock after waiting {waited:.1f} s for another runner")
    return waited


@contextmanager
def tried(connection: psycopg.Connection, name: str) -> Iterator[bool]:
    """Hold a lock of that name for the block if it is free; gives whether it was."""
    number = key(name)
    free = _try(connection, number)
    try:
        yield free
    finally:
        if free and not connection.closed:
            _unlock(connection, number)


def _try(connection: psycopg.Connection, number: int) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (number,)).fetchone()
    return bool(row and row[0])


def _unlock(connection: psycopg.Connection, number: int) -> None:
    connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (number,))


def _holder(connection: psycopg.Connection, number: int) -> str:
    row = connection.execute(_HOLDER, (number,)).fetchone()
    return "process {}, application {}, user {}".format(*row) if row else "it has just ended"
