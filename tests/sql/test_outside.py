"""Statements that may not stand in a transaction: what is kept, told and mended. One server is enough for most."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from schema import apply as applying
from schema import lock
from schema.errors import MigrationFailed
from schema.patience import Patience
from tests.sql.databases import Database, Rows
from tests.sql.runner import Runner, finish
from tests.sql.test_waiting import wait_until_sleeping

_INDEX = "-- no-transaction\nCREATE INDEX CONCURRENTLY things_name ON demo.things (name);\n"
_UNIQUE = "-- no-transaction\n\nCREATE UNIQUE INDEX CONCURRENTLY things_name\n    ON demo.things (name);\n"


@pytest.fixture
def things(demo: Runner) -> Runner:
    """A table with two rows that a unique index would not take, made by three migrations."""
    demo.write(
        "0003_name.sql",
        "ALTER TABLE demo.things ADD COLUMN name text;\nINSERT INTO demo.things VALUES (1, 'same'), (2, 'same');\n",
    )
    demo.apply()
    return demo


def _indexes(runner: Runner) -> Rows:
    return runner.database.rows(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'demo.things'::regclass"
        " AND NOT indisprimary ORDER BY 1"
    )


def _history(runner: Runner, version: int) -> Rows:
    return runner.database.rows(
        "SELECT action, outcome FROM public._schema_history WHERE version = %s ORDER BY id", version
    )


def _mark_started(runner: Runner, name: str) -> None:
    """The ledger as a runner leaves it that was killed after it began the file."""
    with runner.session(Patience()) as (session, found):
        (file,) = (file for file in found.migrations if file.name == name)
        session.connection.execute(
            "INSERT INTO public._sqlx_migrations (version, description, success, checksum, execution_time)"
            " VALUES (%s, %s, false, %s, -1)",
            (file.version, file.description, file.checksum),
        )


def _state(runner: Runner) -> list[str]:
    return [line.split()[2] for line in runner.run("status").stdout.splitlines()[1:]]


@contextmanager
def _open_transaction(database: Database) -> Iterator[psycopg.Connection]:
    """Somebody who may write into the table and does not end: whoever builds an index concurrently waits for that."""
    with database.master() as writer:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE demo.things IN ROW EXCLUSIVE MODE")
        yield writer


def _invalid_index(runner: Runner) -> None:
    """Build an index and be interrupted, as a failover does it."""
    with _open_transaction(runner.database), runner.database.master() as builder:
        builder.execute("SET ROLE demo_owner")
        builder.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            builder.execute("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    assert _indexes(runner) == [("demo.things_name", False)]


def test_a_concurrent_index_is_built_for_the_owner_and_told_before_and_after(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)

    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"

    assert _indexes(things) == [("demo.things_name", True)]
    assert things.database.rows("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'things_name'") == [
        ("demo_owner",)
    ]
    assert things.ledger()[3][3] is True
    assert things.ledger()[3][5] > 0
    assert _history(things, 4) == [("apply", "started"), ("apply", "done")]


def test_a_failed_one_leaves_the_database_as_before_and_says_why(things: Runner) -> None:
    things.write("0004_unique.sql", _UNIQUE)

    done = things.run("apply")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        'error: demo/migrations/0004_unique.sql:3: could not create unique index "things_name" (SQLSTATE 23505)',
        "       3 | CREATE UNIQUE INDEX CONCURRENTLY things_name",
        "       4 |     ON demo.things (name)",
        "  detail: Key (name)=(same) is duplicated.",
        "  the database is as before; correct the cause and run again",
    ]
    assert _indexes(things) == []
    assert things.versions() == [1, 2, 3]
    assert _history(things, 4) == [("apply", "started"), ("apply", "failed")]

    things.database.run("DELETE FROM demo.things WHERE id = 2")
    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"


def test_an_index_that_was_left_invalid_is_dropped_and_built_again(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    _mark_started(things, "0004_index.sql")
    _invalid_index(things)
    assert _state(things) == ["applied", "applied", "applied", "interrupted"]

    done = things.run("apply")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:4] == [
        "demo/migrations/0004_index.sql: was interrupted; looking at what it left",
        "demo/migrations/0004_index.sql: mending: DROP INDEX CONCURRENTLY demo.things_name",
        "demo/migrations/0004_index.sql: nothing happened",
    ]
    assert _indexes(things) == [("demo.things_name", True)]
    assert _state(things) == ["applied"] * 4


def test_an_index_that_was_finished_before_the_crash_is_kept(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    _mark_started(things, "0004_index.sql")
    things.database.run("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    before = things.database.rows("SELECT 'demo.things_name'::regclass::oid")

    done = things.run("apply")

    assert "demo/migrations/0004_index.sql: it happened" in done.stdout
    assert things.database.rows("SELECT 'demo.things_name'::regclass::oid") == before
    assert things.ledger()[3][3] is True


def test_an_invalid_index_of_somebody_else_is_named_with_its_mend_and_left_alone(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    _invalid_index(things)

    done = things.run("apply")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: demo/migrations/0004_index.sql:2: the INVALID index demo.things_name is there from an attempt that "
        "this runner did not make; look at it, then run: DROP INDEX CONCURRENTLY demo.things_name"
    ]
    assert _indexes(things) == [("demo.things_name", False)]
    assert things.versions() == [1, 2, 3]


def test_an_index_that_somebody_is_building_is_waited_for_and_not_dropped(things: Runner) -> None:
    """The session of a killed runner may go on building: until it ends the index is INVALID, too."""
    things.write("0004_index.sql", _INDEX)
    _mark_started(things, "0004_index.sql")
    builder = things.database.master()
    building = threading.Thread(
        target=builder.execute, args=("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)",)
    )
    with _open_transaction(things.database) as writer:
        building.start()
        while not _indexes(things):
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
    assert _indexes(things) == [("demo.things_name", True)]


def test_waiting_for_an_older_transaction_is_not_ended_by_lock_timeout(things: Runner) -> None:
    """Nobody queues behind that wait, and ending it would leave an INVALID index."""
    things.write("0004_index.sql", _INDEX)
    with _open_transaction(things.database) as writer:
        release = threading.Timer(0.5, writer.execute, args=("COMMIT",))
        release.start()
        with things.session(Patience(lock_timeout="50ms", attempts=1)) as (session, found):
            applying.run(session, found)
        release.join()

    assert _indexes(things) == [("demo.things_name", True)]


def test_a_statement_timeout_of_the_header_ends_it_and_leaves_nothing(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX.replace("\n", "\n-- statement-timeout: 100ms\n", 1))
    with _open_transaction(things.database) as writer:
        # The mend, which drops the index, waits for the reader as well.
        release = threading.Timer(0.5, writer.execute, args=("COMMIT",))
        release.start()
        done = things.run("apply")
        release.join()

    assert done.returncode == 1
    assert "canceling statement due to statement timeout (SQLSTATE 57014)" in done.stderr
    assert "mending: DROP INDEX CONCURRENTLY demo.things_name" in done.stdout
    assert _indexes(things) == []
    assert things.versions() == [1, 2, 3]


def test_a_partition_that_was_detached_in_part_is_finished(things: Runner) -> None:
    things.write(
        "0004_parts.sql",
        "CREATE TABLE demo.parts (id int) PARTITION BY RANGE (id);\n"
        "CREATE TABLE demo.part_1 PARTITION OF demo.parts FOR VALUES FROM (1) TO (2);\n",
    )
    things.apply()
    things.write(
        "0005_detach.sql", "-- no-transaction\nALTER TABLE demo.parts DETACH PARTITION demo.part_1 CONCURRENTLY;\n"
    )
    _mark_started(things, "0005_detach.sql")
    with things.database.master() as reader, reader.transaction(), things.database.master() as other:
        reader.execute("SELECT FROM demo.parts")
        other.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("ALTER TABLE demo.parts DETACH PARTITION demo.part_1 CONCURRENTLY")
    pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = 'demo.parts'::regclass"
    assert things.database.rows(pending) == [(True,)]

    done = things.run("apply")

    assert 'mending: ALTER TABLE "demo"."parts" DETACH PARTITION "demo"."part_1" FINALIZE' in done.stdout
    assert things.database.rows(pending) == []
    assert _state(things) == ["applied"] * 5


def test_copies_that_an_interrupted_reindex_left_are_dropped(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    things.apply()
    things.write("0005_reindex.sql", "-- no-transaction\nREINDEX INDEX CONCURRENTLY demo.things_name;\n")
    _mark_started(things, "0005_reindex.sql")
    with _open_transaction(things.database), things.database.master() as other:
        other.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("REINDEX INDEX CONCURRENTLY demo.things_name")
    assert _indexes(things) == [("demo.things_name", True), ("demo.things_name_ccnew", False)]

    done = things.run("apply")

    assert "mending: DROP INDEX CONCURRENTLY demo.things_name_ccnew" in done.stdout
    assert _indexes(things) == [("demo.things_name", True)]


def test_a_procedure_may_commit_as_it_goes_and_is_called_again_after_a_failure(things: Runner) -> None:
    things.write(
        "0004_procedure.sql",
        "CREATE PROCEDURE demo.fill() LANGUAGE plpgsql AS $$\nBEGIN\n"
        "    UPDATE demo.things SET name = 'first' WHERE id = 1;\n    COMMIT;\n"
        "    IF (SELECT count(*) FROM demo.things) < 3 THEN RAISE 'too few'; END IF;\nEND\n$$;\n",
    )
    things.write("0005_call.sql", "-- no-transaction\nCALL demo.fill();\n")

    done = things.run("apply")

    assert "demo/migrations/0005_call.sql:2: too few (SQLSTATE P0001)" in done.stderr
    assert "what it had committed is kept" in done.stderr
    assert things.database.rows("SELECT name FROM demo.things WHERE id = 1") == [("first",)]
    assert things.versions() == [1, 2, 3, 4]

    things.database.run("INSERT INTO demo.things VALUES (3)")
    assert things.apply() == "demo: applied 1 migration (0005), ledger now at 0005"


def test_a_statement_that_may_stand_in_a_transaction_commits_with_its_row(things: Runner) -> None:
    things.write("0004_column.sql", "-- no-transaction\nALTER TABLE demo.things ADD COLUMN late int;\n")
    things.apply()

    assert _history(things, 4) == [("apply", "done")]


def test_a_row_marked_as_failed_for_a_file_with_a_transaction_is_for_a_person(things: Runner) -> None:
    things.database.run("UPDATE public._sqlx_migrations SET success = false WHERE version = 3")

    done = things.run("apply")

    assert done.returncode == 2
    assert "demo/migrations/0003_name.sql:1: the migration is marked as failed in _sqlx_migrations" in done.stderr


def test_another_session_that_wins_the_same_index_is_taken_for_a_failure_only_when_nobody_finished_it(
    things: Runner,
) -> None:
    """The index was there before: what failed was the file, and its row goes."""
    things.write("0004_index.sql", _INDEX)
    things.database.run("CREATE INDEX things_name ON demo.things (name)")
    with things.session(Patience()) as (session, found), pytest.raises(MigrationFailed, match="already exists"):
        applying.run(session, found)

    assert things.versions() == [1, 2, 3]
    assert _indexes(things) == [("demo.things_name", True)]


def test_a_service_that_waits_for_the_migration_lock_does_not_deadlock_with_a_concurrent_index(things: Runner) -> None:
    """sqlx's library waits inside pg_advisory_lock, with a snapshot that CREATE INDEX CONCURRENTLY waits for.

    So the lock is lent meanwhile: the service gets it, and finds the mark at which sqlx stops.
    """
    things.write(
        "0004_wait.sql", "CREATE TABLE demo.begun ();\nSELECT pg_sleep(1);\n"
    )  # the service begins to wait here
    things.write("0005_index.sql", _INDEX)
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
    assert _indexes(things) == [("demo.things_name", True)]


def test_an_index_of_the_same_name_in_another_schema_is_never_touched(things: Runner) -> None:
    """Also when the database's own search_path would find that one first."""
    things.database.run("CREATE TABLE public.other (name text)")
    things.database.run("CREATE INDEX things_name ON public.other (name)")
    things.database.run(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET search_path = demo, public', current_database()); END $$"
    )
    things.write("0004_unique.sql", _UNIQUE)

    done = things.run("apply")

    assert "mending: DROP INDEX CONCURRENTLY demo.things_name" in done.stdout
    assert _indexes(things) == []
    assert things.database.rows("SELECT to_regclass('public.things_name') IS NOT NULL") == [(True,)]


def test_an_index_that_was_there_before_is_never_taken_for_the_files_work(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    things.database.run("CREATE INDEX things_name ON demo.things (id)")

    done = things.run("apply")

    assert done.returncode == 1
    assert 'relation "things_name" already exists (SQLSTATE 42P07)' in done.stderr
    # Nothing was marked, so that no later run finds a mark and believes the catalog.
    assert _history(things, 4) == [("apply", "failed")]
    assert things.versions() == [1, 2, 3]


def test_an_interrupted_index_leaves_no_drift_behind(things: Runner) -> None:
    """The fingerprint was taken before, and the server finished the index after the runner was gone."""
    things.write("0004_index.sql", _INDEX)
    _mark_started(things, "0004_index.sql")
    things.database.run("SET ROLE demo_owner")
    things.database.run("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    things.database.run("RESET ROLE")

    assert things.run("apply").returncode == 0

    assert things.run("verify").returncode == 0


def test_a_file_that_is_changed_while_it_is_interrupted_is_told_apart_from_an_edited_one(things: Runner) -> None:
    things.write("0004_index.sql", _INDEX)
    _mark_started(things, "0004_index.sql")
    things.write("0004_index.sql", _UNIQUE)

    assert _state(things)[-1] == "altered"
    done = things.run("apply")
    assert done.returncode == 2
    assert "a run of this file was interrupted, and its text was changed since; restore the text" in done.stderr

    things.write("0004_index.sql", _INDEX)
    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"


def test_a_detach_whose_table_was_renamed_meanwhile_is_not_taken_for_done(things: Runner) -> None:
    things.write(
        "0004_parts.sql",
        "CREATE TABLE demo.parts (id int) PARTITION BY RANGE (id);\n"
        "CREATE TABLE demo.part_1 PARTITION OF demo.parts FOR VALUES FROM (1) TO (2);\n",
    )
    things.apply()
    things.write(
        "0005_detach.sql", "-- no-transaction\nALTER TABLE demo.parts DETACH PARTITION demo.part_1 CONCURRENTLY;\n"
    )
    _mark_started(things, "0005_detach.sql")
    things.database.run("ALTER TABLE demo.parts RENAME TO renamed")

    done = things.run("apply")

    assert done.returncode == 1
    assert 'relation "demo.parts" does not exist (SQLSTATE 42P01)' in done.stderr
    assert things.versions() == [1, 2, 3, 4]


def test_the_cause_of_a_failure_is_told_though_somebody_keeps_sqlxs_lock_afterwards(things: Runner) -> None:
    things.write("0004_unique.sql", _UNIQUE)
    with _open_transaction(things.database) as writer, things.database.master() as service:
        process = things.start("apply", "--lock-wait", "3")
        while not _indexes(things):  # the statement runs, and the lock is lent
            time.sleep(0.02)
        service.execute("SELECT pg_advisory_lock(%s)", (lock.key(things.database.name),))
        writer.execute("COMMIT")
        done = finish(process)

    assert done.returncode == 1
    assert "could not create unique index" in done.stderr
    assert _indexes(things) == []
    assert things.versions() == [1, 2, 3]


def test_a_procedure_that_does_not_commit_may_stand_in_a_transaction(things: Runner) -> None:
    things.write(
        "0004_procedure.sql",
        "CREATE PROCEDURE demo.fill() LANGUAGE sql AS 'INSERT INTO demo.things VALUES (7)';\nCALL demo.fill();\n",
    )

    things.apply()

    assert _history(things, 4) == [("apply", "done")]


def test_a_block_may_commit_as_it_goes_when_the_header_says_so(things: Runner) -> None:
    things.write("0004_block.sql", "-- no-transaction\nDO $$ BEGIN DELETE FROM demo.things; COMMIT; END $$;\n")

    things.apply()

    assert things.database.rows("SELECT count(*) FROM demo.things") == [(0,)]
