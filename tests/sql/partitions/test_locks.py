"""Whoever uses the tables waits for maintenance for a moment at most, and maintenance for them as long as it has to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import LiteralString

import psycopg
import pytest

from tests.sql.databases import Database
from tests.sql.partitions.world import Owner, World, month, owner_of

# What a session has locked, in its transaction, of tables that others use.
_HELD = """
    SELECT CASE WHEN relation = %s::regclass THEN 'the partition' ELSE relation::regclass::text END,
           string_agg(DISTINCT replace(mode, 'Lock', ''), ' ' ORDER BY replace(mode, 'Lock', ''))
      FROM pg_locks JOIN pg_class ON oid = relation
     WHERE pid = pg_backend_pid() AND relkind IN ('r', 'p') AND mode NOT IN ('AccessShareLock', 'RowShareLock')
       AND relnamespace::regnamespace::text IN ('app', 'auth', 'part')
     GROUP BY 1 ORDER BY 1
"""
_WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_class ON oid = relation WHERE NOT granted AND relname IN ('tasks',"
    " 'tasks_default') AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _partition(distance: int) -> tuple[str, object, object]:
    return f"tasks_{month(distance):%Y_%m}", month(distance).date(), month(distance + 1).date()


@pytest.fixture
def fresh(platform: Database) -> Iterator[Owner]:
    """The owner in a transaction that has not locked anything yet, and is rolled back."""
    with owner_of(platform, "platform") as connection, connection.transaction(force_rollback=True):
        yield Owner(connection)


def test_making_a_partition_locks_the_table_against_nobody_who_reads_or_writes(fresh: Owner) -> None:
    name, *days = _partition(20)
    referenced = fresh.rows(
        "SELECT DISTINCT confrelid::regclass::text, 'ShareRowExclusive' FROM pg_constraint"
        " WHERE conrelid = 'app.tasks'::regclass AND contype = 'f'"
    )
    assert ("auth.users", "ShareRowExclusive") in referenced

    fresh.do("SELECT ops.create_partition('app.tasks', %s, %s, %s)", name, *days)

    assert [row for row in fresh.rows(_HELD, f"part.{name}") if row[0] != "the partition"] == sorted(
        [
            *referenced,
            ("app.tasks", "ShareUpdateExclusive"),
            # Whoever reads or writes the whole table reads this one, too: hence the moment.
            ("part.tasks_default", "AccessExclusive"),
        ]
    )


def test_dropping_a_partition_locks_none_of_the_tables_that_it_refers_to(platform: Database) -> None:
    with owner_of(platform, "platform") as connection:
        owner = Owner(connection)
        owner.do("SELECT ops.create_partition('app.tasks', 'tasks_2001_01', '2001-01-01', '2001-02-01')")
        with connection.transaction():
            owner.do("SELECT ops.expire_partition('part.tasks_2001_01')")
            held = owner.rows(_HELD, None)
        assert held == [("app.tasks", "AccessExclusive"), ("part.tasks_default", "AccessExclusive")]
        assert "part.tasks_2001_01" not in owner.bounds("app.tasks")


def _beside(database: Database, query: LiteralString, *values: object) -> Future[None]:
    """Run it in a session of its own, at the same time."""

    def run() -> None:
        with owner_of(database, "platform") as connection:
            connection.execute(query, values)

    pool = ThreadPoolExecutor(1)
    running = pool.submit(run)
    pool.shutdown(wait=False)
    return running


@pytest.mark.parametrize("work", ["make", "drop"])
def test_while_a_long_transaction_is_in_the_way_everybody_else_goes_on(
    committed: World, beside: psycopg.Connection, database: Database, work: str
) -> None:
    owner = committed.owner
    leaf = committed.old_partition(-40)
    if work == "make":
        query, values = "SELECT ops.create_partition('app.tasks', %s, %s, %s)", _partition(20)
    else:
        query, values = "SELECT ops.expire_partition(%s)", (leaf,)  # type: ignore[assignment]
    before = owner.bounds("app.tasks")
    waits = 0

    with owner_of(database, "platform") as report, report.transaction():
        report.execute("SELECT count(*) FROM app.tasks")
        running = _beside(database, query, *values)
        # Behind a lock that is waited for, each of these would stand until the report is done. They may be held up for
        # the moment of one attempt; half a second would be ten of these.
        owner.do("SET statement_timeout = '500 ms'")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            waits += beside.execute(_WAITING).fetchone() != (0,)
            owner.do("SELECT count(*) FROM app.tasks")
            committed.task(month(0))
            owner.do("UPDATE auth.users SET last_name = 'busy'")
        assert not running.done()
        assert waits > 0
        assert owner.bounds("app.tasks") == before

    running.result(timeout=30)
    assert owner.bounds("app.tasks").keys() ^ before.keys() == {f"part.{_partition(20)[0]}" if work == "make" else leaf}


def test_when_patience_ends_nothing_has_happened_and_the_statement_may_be_run_again(
    committed: World, database: Database
) -> None:
    owner = committed.owner
    before = owner.bounds("app.tasks")
    statement = "SELECT ops.create_partition('app.tasks', 'tasks_2040_01', '2040-01-01', '2040-02-01')"
    committed.task("2040-01-05")
    rows = committed.everything()
    owner.do("SET ops.lock_patience = '200 ms'")
    with owner_of(database, "platform") as writer, writer.transaction():
        writer.execute("UPDATE auth.users SET last_name = 'slow'")
        said = owner.refused(statement)

    assert said.sqlstate == "55P03"
    assert said.message_primary is not None
    assert said.message_primary.startswith("canceling statement due to lock timeout (tried ")
    assert owner.bounds("app.tasks") == before
    assert owner.one("SELECT to_regclass('part.tasks_2040_01')") is None
    assert committed.everything() == rows

    owner.do(statement)
    assert owner.bounds("app.tasks").keys() - before.keys() == {"part.tasks_2040_01"}
    assert committed.everything() == rows


def test_a_task_that_is_being_opened_when_its_partition_expires_keeps_it(committed: World, database: Database) -> None:
    owner = committed.owner
    leaf = committed.old_partition(-40)
    task = committed.task(month(-40))
    assert owner.rows("SELECT run FROM ops.partitions_to_expire()") == [(f"SELECT ops.expire_partition('{leaf}')",)]
    with owner_of(database, "platform") as writer, writer.transaction():
        writer.execute("UPDATE app.tasks SET status = 'todo' WHERE id = %s", (task,))
        # Neither the rows that hang on it nor the partition go while nobody knows how that ends.
        assert owner.one("SELECT ops.purge_partition(%s)", leaf) == 0
        running = _beside(database, "SELECT ops.expire_partition(%s)", leaf)
        time.sleep(0.3)
        assert not running.done()

    running.result(timeout=30)
    assert leaf in owner.bounds("app.tasks")
    assert committed.counts() == {"app.tasks": 1, "app.task_ids": 1, "app.comments": 1, "app.attachments": 1}


def test_two_sessions_that_make_the_same_partition_make_it_once(committed: World, database: Database) -> None:
    before = committed.owner.bounds("app.tasks")
    query = "SELECT ops.create_partition('app.tasks', %s, %s, %s)"
    for running in [_beside(database, query, *_partition(20)) for _ in range(3)]:
        running.result(timeout=30)
    assert committed.owner.bounds("app.tasks").keys() - before.keys() == {f"part.{_partition(20)[0]}"}
