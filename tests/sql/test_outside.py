"""Statements that may not stand in a transaction: what is kept, told and mended."""

from __future__ import annotations

import threading

import psycopg
import pytest

from tests.sql.outside import (
    INDEX,
    UNIQUE,
    begun_detach,
    history,
    indexes,
    invalid_index,
    mark_started,
    open_transaction,
    state,
)  # fmt: skip
from tests.sql.runner import Runner


def test_a_concurrent_index_is_built_for_the_owner_and_told_before_and_after(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)

    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"

    assert indexes(things) == [("demo.things_name", True)]
    assert things.database.rows("SELECT relowner::regrole::text FROM pg_class WHERE relname = 'things_name'") == [
        ("demo_owner",)
    ]
    assert things.ledger()[3][3] is True
    assert things.ledger()[3][5] > 0
    assert history(things, 4) == [("apply", "started"), ("apply", "done")]


def test_a_failed_one_leaves_the_database_as_before_and_says_why(things: Runner) -> None:
    things.write("0004_unique.sql", UNIQUE)

    done = things.run("apply")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        'error: demo/migrations/0004_unique.sql:3: could not create unique index "things_name" (SQLSTATE 23505)',
        "       3 | CREATE UNIQUE INDEX CONCURRENTLY things_name",
        "       4 |     ON demo.things (name)",
        "  detail: Key (name)=(same) is duplicated.",
        "  the database is as before; correct the cause and run again",
    ]
    assert indexes(things) == []
    assert things.versions() == [1, 2, 3]
    assert history(things, 4) == [("apply", "started"), ("apply", "failed")]

    things.database.run("DELETE FROM demo.things WHERE id = 2")
    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"


def test_an_index_that_was_left_invalid_is_dropped_and_built_again(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    mark_started(things, "0004_index.sql")
    invalid_index(things)
    assert state(things) == ["applied", "applied", "applied", "interrupted"]

    done = things.run("apply")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:4] == [
        "demo/migrations/0004_index.sql: was interrupted; looking at what it left",
        "demo/migrations/0004_index.sql: mending: DROP INDEX CONCURRENTLY demo.things_name",
        "demo/migrations/0004_index.sql: nothing happened",
    ]
    assert indexes(things) == [("demo.things_name", True)]
    assert state(things) == ["applied"] * 4


def test_an_index_that_was_finished_before_the_crash_is_kept(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    mark_started(things, "0004_index.sql")
    things.database.run("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    before = things.database.rows("SELECT 'demo.things_name'::regclass::oid")

    done = things.run("apply")

    assert "demo/migrations/0004_index.sql: it happened" in done.stdout
    assert things.database.rows("SELECT 'demo.things_name'::regclass::oid") == before
    assert things.ledger()[3][3] is True


def test_a_statement_timeout_of_the_header_ends_it_and_leaves_nothing(things: Runner) -> None:
    things.write("0004_index.sql", INDEX.replace("\n", "\n-- statement-timeout: 100ms\n", 1))
    with open_transaction(things.database) as writer:
        # The mend, which drops the index, waits for the reader as well.
        release = threading.Timer(0.5, writer.execute, args=("COMMIT",))
        release.start()
        done = things.run("apply")
        release.join()

    assert done.returncode == 1
    assert "canceling statement due to statement timeout (SQLSTATE 57014)" in done.stderr
    assert "mending: DROP INDEX CONCURRENTLY demo.things_name" in done.stdout
    assert indexes(things) == []
    assert things.versions() == [1, 2, 3]


def test_a_partition_that_was_detached_in_part_is_finished(things: Runner) -> None:
    begun_detach(things)
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
    assert state(things) == ["applied"] * 5


def test_copies_that_an_interrupted_reindex_left_are_dropped(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    things.apply()
    things.write("0005_reindex.sql", "-- no-transaction\nREINDEX INDEX CONCURRENTLY demo.things_name;\n")
    mark_started(things, "0005_reindex.sql")
    with open_transaction(things.database), things.database.master() as other:
        other.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("REINDEX INDEX CONCURRENTLY demo.things_name")
    assert indexes(things) == [("demo.things_name", True), ("demo.things_name_ccnew", False)]

    done = things.run("apply")

    assert "mending: DROP INDEX CONCURRENTLY demo.things_name_ccnew" in done.stdout
    assert indexes(things) == [("demo.things_name", True)]


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

    assert history(things, 4) == [("apply", "done")]


def test_a_row_marked_as_failed_for_a_file_with_a_transaction_is_for_a_person(things: Runner) -> None:
    things.database.run("UPDATE public._sqlx_migrations SET success = false WHERE version = 3")

    done = things.run("apply")

    assert done.returncode == 2
    assert "demo/migrations/0003_name.sql:1: the migration is marked as failed in _sqlx_migrations" in done.stderr


def test_an_interrupted_index_leaves_no_drift_behind(things: Runner) -> None:
    """The fingerprint was taken before, and the server finished the index after the runner was gone."""
    things.write("0004_index.sql", INDEX)
    mark_started(things, "0004_index.sql")
    things.database.run("SET ROLE demo_owner")
    things.database.run("CREATE INDEX CONCURRENTLY things_name ON demo.things (name)")
    things.database.run("RESET ROLE")

    assert things.run("apply").returncode == 0

    assert things.run("verify").returncode == 0


def test_a_file_that_is_changed_while_it_is_interrupted_is_told_apart_from_an_edited_one(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    mark_started(things, "0004_index.sql")
    things.write("0004_index.sql", UNIQUE)

    assert state(things)[-1] == "altered"
    done = things.run("apply")
    assert done.returncode == 2
    assert "a run of this file was interrupted, and its text was changed since; restore the text" in done.stderr

    things.write("0004_index.sql", INDEX)
    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"


def test_a_detach_whose_table_was_renamed_meanwhile_is_not_taken_for_done(things: Runner) -> None:
    begun_detach(things)
    things.database.run("ALTER TABLE demo.parts RENAME TO renamed")

    done = things.run("apply")

    assert done.returncode == 1
    assert 'relation "demo.parts" does not exist (SQLSTATE 42P01)' in done.stderr
    assert things.versions() == [1, 2, 3, 4]


def test_a_procedure_that_does_not_commit_may_stand_in_a_transaction(things: Runner) -> None:
    things.write(
        "0004_procedure.sql",
        "CREATE PROCEDURE demo.fill() LANGUAGE sql AS 'INSERT INTO demo.things VALUES (7)';\nCALL demo.fill();\n",
    )

    things.apply()

    assert history(things, 4) == [("apply", "done")]


def test_a_block_may_commit_as_it_goes_when_the_header_says_so(things: Runner) -> None:
    things.write("0004_block.sql", "-- no-transaction\nDO $$ BEGIN DELETE FROM demo.things; COMMIT; END $$;\n")

    things.apply()

    assert things.database.rows("SELECT count(*) FROM demo.things") == [(0,)]


def test_an_index_whose_drop_was_ended_halfway_is_told_and_dropped_by_the_next_run(things: Runner) -> None:
    things.write("0004_index.sql", INDEX)
    things.apply()
    things.write(
        "0005_drop.sql",
        "-- no-transaction\n-- statement-timeout: 100ms\nDROP INDEX CONCURRENTLY demo.things_name;\n",
    )
    with open_transaction(things.database):
        done = things.run("apply")
        assert done.returncode == 1
        assert "the index may be INVALID now: no query uses it any more, and the next run drops it" in done.stderr
        assert indexes(things) == [("demo.things_name", False)]
        assert things.versions() == [1, 2, 3, 4]

    assert things.apply() == "demo: applied 1 migration (0005), ledger now at 0005"
    assert indexes(things) == []
