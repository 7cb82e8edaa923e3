"""Whom the runner waits for, for how long, and how it ends when it is told to. One server is enough for that."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from schema import apply as applying
from schema import lock, settings
from schema import service as services
from schema.connection import connect
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
    service = services.load(runner.sql / runner.service)
    chosen = settings.load(runner.environment(), runner.roles)
    report = Report(as_json=True)
    with connect(chosen, patience, report) as connection:
        applying.run(connection, applying.load(service), chosen, patience, report)
    return report


def _wait_until_sleeping(database: Database) -> None:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    deadline = time.monotonic() + 20
    while database.rows(asked) != [(1,)]:
        assert time.monotonic() < deadline, "the migration did not reach its pg_sleep"
        time.sleep(0.05)


def test_two_runners_at_once_apply_each_file_once(demo: Runner) -> None:
    demo.write("0003_slow.sql", "SELECT pg_sleep(1.5);\n")
    first = demo.start("apply")
    _wait_until_sleeping(demo.database)

    second = demo.run("apply")

    assert finish(first).returncode == 0
    assert second.returncode == 0
    assert "another runner holds the migration lock (process" in second.stdout
    assert second.stdout.splitlines()[-1] == "demo: nothing to apply, ledger at 0003 (3 migrations)"
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
    _wait_until_sleeping(demo.database)

    process.send_signal(number)
    done = finish(process)

    assert done.returncode == code
    assert "the file that was running was rolled back" in done.stderr
    assert "Traceback" not in done.stderr
    demo.write("0003_slow.sql", "CREATE TABLE demo.half ();\n")
    assert demo.apply("--lock-wait", "5") == "demo: applied 1 migration (0003), ledger now at 0003"


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
