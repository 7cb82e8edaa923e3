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


_MINE = """
    SELECT classid::bigint << 32 | objid::bigint FROM pg_catalog.pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid = pg_catalog.pg_backend_pid()
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

    def lend(self) -> None:
        """Lend sqlx's lock away, until `ensure` takes it again.

        A service that migrates itself waits inside pg_advisory_lock, with a snapshot. What builds an index concurrently
        waits for that snapshot: a deadlock, of which this session would be the victim each time. With the lock the
        service goes on, finds the row that is marked as not finished, and stops. Other runners stay outside: they ask
        for a lock of our own first. What the statement led to is told and marked before the lock is taken again:
        waiting for it must hide nothing.
        """
        if key(self.database) in _mine(self.connection):  # a second attempt finds it lent already
            _unlock(self.connection, key(self.database))

    def ensure(self) -> None:
        """See that both locks are held, before the next file: take sqlx's again where it was lent.

        Raise LockNotObtained when sqlx's cannot be had, or when a file gave ours away.
        """
        held = _mine(self.connection)
        if key(_own(self.database)) not in held:
            raise LockNotObtained(
                f"{self.database}: the migration lock was given away by a file (pg_advisory_unlock_all, DISCARD ALL?); "
                "what was applied is kept; run again"
            )
        if key(self.database) not in held:
            _wait(self.connection, key(self.database), self.database, self.patience, self.report)


@contextmanager
def held(connection: psycopg.Connection, database: str, patience: Patience, report: Report) -> Iterator[Held]:
    """Hold the lock for the block: our own, and inside it the one that sqlx's library takes.

    They are asked for again and again instead of waited for: a session that waits inside pg_advisory_lock holds a
    snapshot, and CREATE INDEX CONCURRENTLY in the session that has the lock would wait for that snapshot: a deadlock.
    """
    try:
        waited = _wait(connection, key(_own(database)), database, patience, report)
        waited += _wait(connection, key(database), database, patience, report)
        yield Held(connection, database, patience, report, waited)
    finally:
        # A broken or closed session has given its locks back by itself.
        if not connection.closed:
            for number in _mine(connection) & {key(database), key(_own(database))}:
                _unlock(connection, number)


def _mine(connection: psycopg.Connection) -> set[int]:
    return {number for (number,) in connection.execute(_MINE)}


def _own(database: str) -> str:
    return f"{database}/schema"


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
