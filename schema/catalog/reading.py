"""Describe a database: a few queries, one snapshot, the same text whoever asks from wherever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from schema.catalog import partitions
from schema.catalog.database_queries import DATABASE_QUERIES
from schema.catalog.objects import Fact, Leaf, Objects
from schema.catalog.relation_queries import LEAVES, RELATION_QUERIES
from schema.catalog.right_queries import RIGHT_QUERIES
from schema.catalog.shared_query import SHARED

# How PostgreSQL writes names and constants depends on these, and they may be set for a role or a database.
_PINNED = {
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "jit": "off",  # not for the text: the planner thinks these queries dear, and compiling one takes longer than it
}

# Whoever drops a partition meanwhile makes functions fail that describe it: `cache lookup failed`. Maintenance drops a
# few a month, so the next attempt goes well.
_ATTEMPTS = 5


def read(connection: psycopg.Connection) -> Objects:
    """Describe every object that is neither the system's nor an extension's; changes nothing, not even a setting.

    Inside a transaction it sees what that transaction sees.
    """
    for _ in range(_ATTEMPTS - 1):
        with suppress(psycopg.errors.InternalError_):
            return _read(connection)
    return _read(connection)


def _read(connection: psycopg.Connection) -> Objects:
    with _pinned(connection):
        facts = connection.cursor(row_factory=class_row(Fact))
        found = [
            fact
            for query in (*RELATION_QUERIES, *DATABASE_QUERIES, *RIGHT_QUERIES)
            for fact in facts.execute(SHARED + query)
        ]
        # Last: it tells which of the partitions that were read are still there.
        leaves = connection.cursor(row_factory=class_row(Leaf)).execute(SHARED + LEAVES).fetchall()
    return partitions.described(found, {leaf.relation: leaf for leaf in leaves})


@contextmanager
def _pinned(connection: psycopg.Connection) -> Iterator[None]:
    alone = connection.info.transaction_status == TransactionStatus.IDLE
    # Rolling back, be it a transaction or a savepoint, is what brings the caller's settings back.
    with connection.transaction(force_rollback=True):
        if alone:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(
            "SELECT pg_catalog.set_config(name, value, true)"
            " FROM unnest(%s::text[], %s::text[]) AS pinned (name, value)",
            (list(_PINNED), list(_PINNED.values())),
        )
        yield
