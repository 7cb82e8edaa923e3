"""Statements outside a transaction while others are at the same table, the same name or the same lock."""

from __future__ import annotations

import threading
import time

from schema import apply as applying
from schema import lock
from schema.patience import Patience
from tests.sql.outside import (
    INDEX,
    UNIQUE,
    history,
    indexes,
    invalid_index,
    mark_started,
    open_transaction,
)  # fmt: skip
from tests.sql.runner import Runner, finish
from tests.sql.test_waiting import wait_until_sleeping


def test_an_invalid_index_of_somebody_else_is_named_with_its_mend_and_left_alone(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    invalid_index(things)

    done = things.run("apply")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: demo/migrations/0004_index.sql:2: the INVALID index demo.things_name is there from an attempt that "
        "this runner did not make; look at it, then run: DROP INDEX CONCURRENTLY demo.things_name"
    ]
    assert indexes(things) == [("demo.things_name", False)]
    assert things.versions() == [1, 2, 3]


def test_an_index_that_somebody_is_building_is_waited_for_and_not_dropped(things: Runner) -> None:
    """The session of a killed runner may go on building: until it ends the index is INVALID, too."""
    things.write("0004_index.sql", INDEX)
    mark_started(things, "0004_index.sql")
    builder = things.database.master()
    building = threading.Thread(
        target=builder.execute, args=("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)",)
    )
    with open_transaction(things.database) as writer:
        building.start()
        while not indexes(things):
            time.sleep(0.01)
        release = threading.Timer(0.5, writer.execute, args=("COMMIT",))
        release.start()
        done = things.run("apply")
        release.join()
    building.join()
    builder.close()

    assert done.returncode == 0, done.stderr
    assert "mending" not in done.stdout
    assert "demo/migrations/0004_index.sql: it happened" in done.stdout
    assert indexes(things) == [("demo.things_name", True)]


def test_waiting_for_an_older_transaction_is_not_ended_by_lock_timeout(things: Runner) -> None:
    """Nobody queues behind that wait, and ending it would leave an INVALID index."""
    things.write("0004_index.sql", INDEX)
    with open_transaction(things.database) as writer:
        release = threading.Timer(0.5, writer.execute, args=("COMMIT",))
        release.start()
        with things.session(Patience(lock_timeout="50ms", attempts=1)) as (session, found):
            applying.run(session, found)
        release.join()

    assert indexes(things) == [("demo.things_name", True)]


def test_a_service_that_waits_for_the_migration_lock_does_not_deadlock_with_a_concurrent_index(things: Runner) -> None:
    """sqlx's library waits inside pg_advisory_lock, with a snapshot that CREATE INDEX CONCURRENTLY waits for.

    So the lock is lent meanwhile: the service gets it, and finds the mark at which sqlx stops.
    """
    things.write(
        "0004_wait.sql", "CREATE TABLE demo.begun ();\nSELECT pg_sleep(1);\n"
    )  # the service begins to wait here
    things.write("0005_index.sql", INDEX)
    seen: list[object] = []

    def start_service() -> None:
        with things.database.master() as service:
            service.execute("SELECT pg_advisory_lock(%s)", (lock.key(things.database.name),))
            seen.extend(service.execute("SELECT version FROM public._sqlx_migrations WHERE NOT success").fetchall())

    process = things.start("apply")
    wait_until_sleeping(things.database)
    service = threading.Thread(target=start_service)
    service.start()
    done = finish(process)
    service.join()

    assert done.returncode == 0, done.stdout + done.stderr
    assert "deadlock" not in done.stdout
    assert seen == [(5,)]
    assert indexes(things) == [("demo.things_name", True)]


def test_an_index_of_the_same_name_in_another_schema_is_never_touched(things: Runner) -> None:
    """Also when the database's own search_path would find that one first."""
    things.database.run("CREATE TABLE public.other (name text)")
    things.database.run("CREATE INDEX things_name ON public.other (name)")
    things.database.run(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET search_path = demo, public', current_database()); END $$"
    )
    things.write("0004_unique.sql", UNIQUE)

    done = things.run("apply")

    assert "mending: DROP INDEX CONCURRENTLY demo.things_name" in done.stdout
    assert indexes(things) == []
    assert things.database.rows("SELECT to_regclass('public.things_name') IS NOT NULL") == [(True,)]


def test_an_index_that_was_there_before_is_never_taken_for_the_files_work(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    things.database.run("CREATE INDEX things_name ON demo.things (id)")

    done = things.run("apply")

    assert done.returncode == 1
    assert 'relation "things_name" already exists (SQLSTATE 42P07)' in done.stderr
    # Nothing was marked, so that no later run finds a mark and believes the catalog.
    assert history(things, 4) == [("apply", "failed")]
    assert things.versions() == [1, 2, 3]


def test_the_cause_of_a_failure_is_told_though_somebody_keeps_sqlxs_lock_afterwards(things: Runner) -> None:
    things.write("0004_unique.sql", UNIQUE)
    with open_transaction(things.database) as writer, things.database.master() as service:
        process = things.start("apply", "--lock-wait", "3")
        while not indexes(things):  # the statement runs, and the lock is lent
            time.sleep(0.02)
        service.execute("SELECT pg_advisory_lock(%s)", (lock.key(things.database.name),))
        writer.execute("COMMIT")
        done = finish(process)

    assert done.returncode == 1
    assert "could not create unique index" in done.stderr
    assert indexes(things) == []
    assert things.versions() == [1, 2, 3]
