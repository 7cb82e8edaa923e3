"""Whom the runner waits for, for how long, and how it ends when it is told to. One server is enough for that."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from schema import apply as applying
from schema import lock
from schema.errors import MigrationFailed
from schema.patience import Patience
from schema.report import Report
from tests.sql.databases import NEWEST, Database
from tests.sql.runner import Runner, finish

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

# So short that a test may wait for it several times.
_HASTY = Patience(lock_timeout="50ms", attempts=3, first_wait=0.01, longest_wait=0.05)


def _apply_here(runner: Runner, patience: Patience) -> Report:
    """Apply in this process, where a test may choose how patient the runner is."""
    with runner.session(patience) as (session, found):
        applying.run(session, found)
    return session.report


def wait_until_sleeping(database: Database) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    deadline = time.monotonic() + 20
    while database.rows(asked) != [(1,)]:
        assert time.monotonic() < deadline, "the migration did not reach its pg_sleep"
        time.sleep(0.05)


@pytest.mark.parametrize("round_", range(20))
def test_two_runners_started_together_apply_each_file_once_and_one_says_that_it_waited(
    demo: Runner, round_: int
) -> None:
    # Longer than the second takes to start, however busy the machine is: whoever comes first is still at it.
    demo.write("0003_slow.sql", "SELECT pg_sleep(1.5);\n")
    demo.write("0004_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")

    both = [demo.start("apply"), demo.start("apply")]
    ended = [finish(process) for process in both]

    assert [done.returncode for done in ended] == [0, 0], ended
    assert demo.versions() == [1, 2, 3, 4]
    waited = [done for done in ended if "got the migration lock after waiting" in done.stdout]
    assert len(waited) == 1
    assert "another runner holds the migration lock (process" in waited[0].stdout
    assert waited[0].stdout.splitlines()[-1] == "demo: nothing to apply, ledger at 0004 (4 migrations)"
    (first,) = (done for done in ended if done not in waited)
    assert first.stdout.splitlines()[-1] == "demo: applied 4 migrations (0001..0004), ledger now at 0004"
    assert demo.database.rows(
        "SELECT version, count(*) FROM public._schema_history WHERE outcome = 'done' GROUP BY 1 ORDER BY 1"
    ) == [(1, 1), (2, 1), (3, 1), (4, 1)]  # fmt: skip


def test_a_long_reader_makes_nobody_queue_behind_the_migration_longer_than_its_lock_timeout(demo: Runner) -> None:
    """A reader of 10 s; the migration waits for it in pieces of lock_timeout, and between them everybody passes.

    The others' own statement_timeout is the measure: lock_timeout (2 s) and a second for a busy machine.
    """
    demo.apply()
    demo.write("0003_column.sql", "ALTER TABLE demo.things ADD COLUMN name text;\n")
    reader, other = demo.database.master(), demo.database.master()
    reader.execute("BEGIN")
    reader.execute("SELECT FROM demo.things")
    release = threading.Timer(10, reader.close)
    release.start()
    other.execute("SET statement_timeout = '3s'")

    migrating = demo.start("apply")
    asked = 0
    while migrating.poll() is None:
        other.execute("SELECT FROM demo.things")  # QueryCanceled when it queues for too long
        asked += 1
        time.sleep(0.02)
    done = finish(migrating)
    release.join()
    other.close()

    assert done.returncode == 0, done.stderr
    assert "canceling statement due to lock timeout (SQLSTATE 55P03); attempt 1 of" in done.stdout
    assert asked > 50
    assert demo.versions() == [1, 2, 3]


def test_a_lock_held_too_long_ends_the_run_and_names_the_holder(demo: Runner) -> None:
    name = demo.database.name
    with demo.database.master() as other:
        other.execute("SET application_name = 'somebody'")
        other.execute("SELECT pg_advisory_lock(%s)", (lock.key(name),))

        done = demo.run("apply", "--lock-wait", "0.5")

        assert done.returncode == 1
        assert (
            f"{name}: another runner holds the migration lock (process {other.info.backend_pid}, application somebody,"
            " user estate_admin) and did not give it back within 0.5 s"
        ) in done.stderr
    assert demo.database.rows("SELECT to_regclass('public._sqlx_migrations')") == [(None,)]


def test_a_file_is_tried_again_when_a_table_is_locked(demo: Runner) -> None:
    demo.apply()
    demo.write("0003_column.sql", "CREATE TABLE demo.before ();\nALTER TABLE demo.things ADD COLUMN name text;\n")
    reader = demo.database.master()
    reader.execute("BEGIN")
    reader.execute("SELECT FROM demo.things")
    release = threading.Timer(0.4, reader.close)
    release.start()

    report = _apply_here(demo, Patience(lock_timeout="50ms", attempts=40, first_wait=0.01, longest_wait=0.1))

    release.join()
    assert any(
        line.startswith("demo/migrations/0003_column.sql:2: canceling statement due to lock") for line in report.said
    )
    assert demo.versions() == [1, 2, 3]


def test_a_file_is_given_up_when_the_table_stays_locked(demo: Runner) -> None:
    demo.apply()
    demo.write("0003_column.sql", "ALTER TABLE demo.things ADD COLUMN name text;\n")
    with demo.database.master() as reader, reader.transaction():
        reader.execute("SELECT FROM demo.things")

        with pytest.raises(MigrationFailed, match=r"0003_column.sql:1: .*55P03(.|\n)*tried 3 times"):
            _apply_here(demo, _HASTY)
    assert demo.versions() == [1, 2]


def test_no_other_error_is_tried_again(demo: Runner) -> None:
    demo.apply()
    demo.database.run("CREATE SEQUENCE public.tries")
    demo.database.run("GRANT USAGE ON SEQUENCE public.tries TO demo_owner")
    demo.write("0003_bad.sql", "SELECT nextval('public.tries');\nSELECT 1 / 0;\n")

    with pytest.raises(MigrationFailed, match="division by zero"):
        _apply_here(demo, _HASTY)

    # A sequence does not roll back: it counts the attempts.
    assert demo.database.rows("SELECT last_value, is_called FROM public.tries") == [(1, True)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_rolls_back_and_gives_the_lock_back(demo: Runner, number: signal.Signals, code: int) -> None:
    demo.write("0003_slow.sql", "CREATE TABLE demo.half ();\nSELECT pg_sleep(60);\n")
    process = demo.start("apply")
    wait_until_sleeping(demo.database)

    process.send_signal(number)
    done = finish(process)

    assert done.returncode == code
    assert "a file that was running was rolled back, or is finished by the next `apply`" in done.stderr
    assert "Traceback" not in done.stderr
    demo.write("0003_slow.sql", "CREATE TABLE demo.half ();\n")
    assert demo.apply("--lock-wait", "5") == "demo: applied 1 migration (0003), ledger now at 0003"


def test_the_statement_of_a_killed_runner_ends_too_and_gives_its_locks_back(demo: Runner) -> None:
    """Without being told to, the server would notice the loss only when the minute is over."""
    demo.write("0003_slow.sql", "CREATE TABLE demo.half ();\nSELECT pg_sleep(60);\n")
    process = demo.start("apply")
    wait_until_sleeping(demo.database)
    process.kill()
    finish(process)

    demo.write("0003_slow.sql", "CREATE TABLE demo.half ();\n")
    assert demo.apply("--lock-wait", "20") == "demo: applied 1 migration (0003), ledger now at 0003"


def test_a_wrong_password_is_not_tried_again(demo: Runner) -> None:
    done = demo.run("apply", MASTER_SECRET='{"username": "estate_admin", "password": "wrong"}')

    assert done.returncode == 1
    assert "password authentication failed" in done.stderr
    assert "compare MASTER_SECRET" in done.stderr
    assert "waiting for" not in done.stdout + done.stderr


def test_a_server_that_is_not_there_is_waited_for(demo: Runner) -> None:
    done = demo.run("apply", "--connect-wait", "0.5", PGPORT="1")

    assert done.returncode == 1
    assert ":1 (connection failed: " in done.stdout
    assert "Connection refused; tried for 0.5 s: " in done.stderr
    assert "is the instance running, and may this task reach its port?" in done.stderr
