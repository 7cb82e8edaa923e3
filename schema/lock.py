"""Only one runner at a time: an advisory lock, the same one that sqlx takes."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def held(connection: psycopg.Connection, database: str, patience: Patience, report: Report) -> Iterator[float]:
    """Hold the lock for the block; gives the seconds that were waited for it, 0 when it was free.

    It is asked for again and again instead of waited for: a session that waits inside pg_advisory_lock holds a
    snapshot, and CREATE INDEX CONCURRENTLY in the session that has the lock would wait for that snapshot: a deadlock.
    """
    number = key(database)
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
    waited = time.monotonic() - started if told else 0.0
    if told:
        report.say(f"{database}: got the migration lock after waiting {waited:.1f} s for another runner")
    try:
        yield waited
    finally:
        # A broken or closed session has given the lock back by itself.
        if not connection.closed:
            connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (number,))


@contextmanager
def tried(connection: psycopg.Connection, name: str) -> Iterator[bool]:
    """Hold a lock of that name for the block if it is free; gives whether it was."""
    number = key(name)
    free = _try(connection, number)
    try:
        yield free
    finally:
        if free and not connection.closed:
            connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (number,))


def _try(connection: psycopg.Connection, number: int) -> bool:
    row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", (number,)).fetchone()
    return bool(row and row[0])


def _holder(connection: psycopg.Connection, number: int) -> str:
    row = connection.execute(_HOLDER, (number,)).fetchone()
    return "process {}, application {}, user {}".format(*row) if row else "it has just ended"
