"""A table, its indexes, and the ways in which work outside a transaction is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from schema.patience import Patience
from tests.sql.databases import Database, Rows
from tests.sql.runner import Runner

INDEX = "-- no-transaction\nCREATE INDEX CONCURRENTLY things_name ON demo.things (name);\n"
UNIQUE = "-- no-transaction\n\nCREATE UNIQUE INDEX CONCURRENTLY things_name\n    ON demo.things (name);\n"


def indexes(runner: Runner) -> Rows:
    return runner.database.rows(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'demo.things'::regclass"
        " AND NOT indisprimary ORDER BY 1"
    )


def history(runner: Runner, version: int) -> Rows:
    return runner.database.rows(
        "SELECT action, outcome FROM public._schema_history WHERE version = %s ORDER BY id", version
    )


def mark_started(runner: Runner, name: str) -> None:
    """The ledger as a runner leaves it that was killed after it began the file."""
    with runner.session(Patience()) as (session, found):
        (file,) = (file for file in found.migrations if file.name == name)
        session.connection.execute(
            "INSERT INTO public._sqlx_migrations (version, description, success, checksum, execution_time)"
            " VALUES (%s, %s, false, %s, -1)",
            (file.version, file.description, file.checksum),
        )


def state(runner: Runner) -> list[str]:
    return [line.split()[2] for line in runner.run("status").stdout.splitlines()[1:]]


@contextmanager
def open_transaction(database: Database) -> Iterator[psycopg.Connection]:
    """Somebody who may write into the table and does not end: whoever builds an index concurrently waits for that."""
    with database.master() as writer:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE demo.things IN ROW EXCLUSIVE MODE")
        yield writer


def invalid_index(runner: Runner) -> None:
    """Build an index and be interrupted, as a failover does it."""
    with open_transaction(runner.database), runner.database.master() as builder:
        builder.execute("SET ROLE demo_owner")
        builder.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            builder.execute("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    assert indexes(runner) == [("demo.things_name", False)]


def begun_detach(runner: Runner) -> None:
    """A partition is to be detached by 0005, which was begun; nothing has happened yet."""
    runner.write(
        "0004_parts.sql",
        "CREATE TABLE demo.parts (id int) PARTITION BY RANGE (id);\n"
        "CREATE TABLE demo.part_1 PARTITION OF demo.parts FOR VALUES FROM (1) TO (2);\n",
    )
    runner.apply()
    runner.write(
        "0005_detach.sql", "-- no-transaction\nALTER TABLE demo.parts DETACH PARTITION demo.part_1 CONCURRENTLY;\n"
    )
    mark_started(runner, "0005_detach.sql")
