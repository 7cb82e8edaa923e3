"""Scheduled work: what a job may do, what is kept of it, and how it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from schema import lock
from tests.sql.databases import NEWEST, Database, Rows
from tests.sql.runner import Runner, finish
from tests.sql.test_waiting import wait_until_sleeping

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

_TABLES = """
CREATE TABLE demo.events (happened_on date NOT NULL) PARTITION BY RANGE (happened_on);
CREATE TABLE demo.events_2024 PARTITION OF demo.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE demo.events_2025 PARTITION OF demo.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE demo.kept (years integer NOT NULL);
CREATE MATERIALIZED VIEW demo.totals AS SELECT count(*) AS events FROM demo.events;
CREATE UNIQUE INDEX totals_key ON demo.totals (events);
"""
# What each kind of scheduled work looks like: a query decides what is to be done, and the runner does it.
_PARTITIONS = """
-- The partitions of the next two years; those that exist are left alone.
SELECT format('CREATE TABLE demo.events_%s PARTITION OF demo.events FOR VALUES FROM (%L) TO (%L)',
              year, year || '-01-01', (year + 1) || '-01-01') AS run
  FROM generate_series(2026, 2027) AS year
 WHERE to_regclass('demo.events_' || year) IS NULL;
"""
_RETENTION = """
-- statement-timeout: 1min
SELECT format('ALTER TABLE demo.events DETACH PARTITION %s CONCURRENTLY', inhrelid::regclass) AS run
  FROM pg_inherits
 WHERE inhparent = 'demo.events'::regclass
   AND substring(inhrelid::regclass::text FROM '[0-9]+$')::integer < 2025;

VACUUM demo.kept;
"""


@pytest.fixture
def kept(demo: Runner) -> Runner:
    """A service with partitions, a materialized view, and a job for each kind of work."""
    demo.write("0003_tables.sql", _TABLES)
    _job(demo, "partitions", _PARTITIONS)
    _job(demo, "refresh", "REFRESH MATERIALIZED VIEW CONCURRENTLY demo.totals;\n")
    _job(demo, "retention", _RETENTION.lstrip())
    demo.apply()
    return demo


def _job(runner: Runner, name: str, text: str) -> Path:
    folder = runner.sql / runner.service / "jobs"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.sql"
    path.write_text(text)
    toml = folder.parent / "service.toml"
    if f"[jobs.{name}]" not in (written := toml.read_text()):
        toml.write_text(f'{written}\n[jobs.{name}]\nevery = "day"\nat = "01:10"\n')
    return path


def _results(database: Database) -> Rows:
    return database.rows("SELECT job, outcome, exit_code, error IS NULL FROM public._schema_jobs ORDER BY id")


def test_every_job_is_run_by_name_and_its_result_is_kept(kept: Runner) -> None:
    kept.database.run("INSERT INTO demo.events VALUES ('2024-05-05'), ('2025-05-05')")

    done = kept.run("maintain")

    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()[-3:]] == [
        ["partitions", "done"],
        ["refresh", "done"],
        ["retention", "done"],
    ]
    assert _results(kept.database) == [(job, "done", 0, True) for job in ("partitions", "refresh", "retention")]
    assert kept.database.rows("SELECT events FROM demo.totals") == [(2,)]
    # Detached, which no function may do concurrently; the rows are still there.
    assert kept.database.rows("SELECT count(*) FROM demo.events") == [(1,)]
    assert kept.database.rows("SELECT count(*) FROM demo.events_2024") == [(1,)]
    assert kept.database.rows("SELECT tableowner::text FROM pg_tables WHERE tablename = 'events_2027'") == [
        ("demo_owner",)
    ]


def test_a_job_that_is_named_is_run_alone(kept: Runner) -> None:
    assert kept.run("maintain", "refresh").returncode == 0

    assert _results(kept.database) == [("refresh", "done", 0, True)]


def test_a_job_that_does_not_exist_is_refused_with_those_that_do(kept: Runner) -> None:
    done = kept.run("maintain", "refresh", "cleanup")

    assert done.returncode == 2
    assert done.stderr == "error: demo: there is no job cleanup; there are: partitions, refresh, retention\n"
    assert _results(kept.database) == []


def test_a_failing_job_fails_the_run_and_not_the_jobs_after_it(kept: Runner) -> None:
    _job(kept, "bad", "SELECT 1;\n\nSELECT wrong;\n")

    done = kept.run("maintain", "--json")

    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(row["job"], row["outcome"], row["exit_code"]) for row in document["jobs"]] == [
        ("bad", "failed", 1),
        ("partitions", "done", 0),
        ("refresh", "done", 0),
        ("retention", "done", 0),
    ]
    failure = document["jobs"][0]["failure"]
    assert (failure["file"], failure["line"], failure["sqlstate"]) == ("demo/jobs/bad.sql", 3, "42703")
    assert _results(kept.database)[0] == ("bad", "failed", 1, False)


def test_the_error_of_a_statement_that_a_query_wrote_is_at_the_line_of_the_query(kept: Runner) -> None:
    _job(kept, "bad", "SELECT 1;\n\nSELECT 'SELECT\nwrong' AS run;\n")

    done = kept.run("maintain", "bad")

    assert done.returncode == 1
    assert 'demo/jobs/bad.sql:3: column "wrong" does not exist (SQLSTATE 42703)' in done.stdout


def test_a_job_that_runs_elsewhere_is_left_alone_and_others_are_run(kept: Runner) -> None:
    with kept.database.master() as other:
        other.execute("SELECT pg_advisory_lock(%s)", (lock.key(f"{kept.database.name}/jobs/refresh"),))
        done = kept.run("maintain", "refresh", "partitions", "--json")

    assert done.returncode == 75
    assert [(row["job"], row["exit_code"]) for row in json.loads(done.stdout)["jobs"]] == [
        ("refresh", 75),
        ("partitions", 0),
    ]
    assert _results(kept.database) == [("partitions", "done", 0, True)]


def test_a_run_that_was_killed_is_told_from_one_that_runs(kept: Runner) -> None:
    path = _job(kept, "slow", "SELECT pg_sleep(60);\n")
    process = kept.start("maintain", "slow")
    wait_until_sleeping(kept.database)
    process.send_signal(signal.SIGKILL)
    finish(process)
    kept.database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event = 'PgSleep'"
    )
    assert _results(kept.database) == [("slow", "running", None, True)]

    path.write_text("SELECT 1;\n")
    assert kept.run("maintain", "slow").returncode == 0
    assert _results(kept.database) == [("slow", "lost", None, True), ("slow", "done", 0, True)]


def test_a_detach_that_was_interrupted_is_finished_by_the_next_run(kept: Runner) -> None:
    with kept.database.master() as reader, kept.database.master() as other:
        reader.execute("BEGIN")
        reader.execute("SELECT FROM demo.events")
        other.execute("SET statement_timeout = '100ms'")
        with pytest.raises(Exception, match="statement timeout"):
            other.execute("ALTER TABLE demo.events DETACH PARTITION demo.events_2024 CONCURRENTLY")

    done = kept.run("maintain", "retention")

    assert done.returncode == 0, done.stdout
    assert "FINALIZE" in done.stdout
    assert kept.database.rows("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == [(0,)]


@pytest.fixture
def audited(kept: Runner) -> Iterator[Runner]:
    """A service with a second role that owns things, as bootstrap made it, and one that the owner has no part in."""
    with kept.database.master() as master:
        master.execute("CREATE SCHEMA AUTHORIZATION demo_audit")
        master.execute("CREATE ROLE demo_alone")
        yield kept
        master.execute("DROP ROLE demo_alone")


def test_a_job_acts_as_the_role_that_it_names(audited: Runner) -> None:
    _job(
        audited,
        "audit",
        "-- role: demo_audit\nCREATE TABLE demo_audit.made AS SELECT current_user::text AS by;\n\n"
        "SELECT 'INSERT INTO demo_audit.made SELECT current_user' AS run;\n",
    )

    assert audited.run("maintain", "audit", "refresh").returncode == 0

    with audited.database.master() as master:
        master.execute("SET ROLE demo_audit")
        assert master.execute("SELECT by FROM demo_audit.made").fetchall() == [("demo_audit",), ("demo_audit",)]
    # The job after it acts as the owner again.
    assert audited.database.rows("SELECT tableowner::text FROM pg_tables WHERE tablename = 'made'") == [("demo_audit",)]


@pytest.mark.parametrize(
    ("role", "problem"),
    [
        ("estate_admin", "is no role of demo; name one that begins with demo_"),
        ("demo_nobody", "does not exist; make it in bootstrap/, or correct the name"),
        ("demo_app", "is a role to log in as; name one that owns what the job works on, such as demo_owner"),
        ("demo_alone", "is no role that the runner may act as; GRANT demo_alone TO demo_owner in bootstrap/"),
    ],
)
def test_a_job_that_names_a_role_it_cannot_act_as_is_refused_before_any_job_is_run(
    audited: Runner, role: str, problem: str
) -> None:
    _job(audited, "zzz", f"-- statement-timeout: 2h\n-- role: {role}\nSELECT 1;\n")

    done = audited.run("maintain")

    assert done.returncode == 2
    assert done.stderr == f"error: demo/jobs/zzz.sql:2: role: {role} {problem}\n"
    assert _results(audited.database) == []


def test_jobs_bring_no_drift(kept: Runner) -> None:
    kept.database.run("GRANT SELECT ON demo.kept TO demo_app")

    assert kept.run("maintain").returncode == 0

    # New partitions, and a detached one that is a table now, are the jobs' own work. What others did still shows.
    done = kept.run("verify", "--json")
    assert [row["identity"] for row in json.loads(done.stdout)["drift"]] == ["demo.kept: SELECT to demo_app"]


def test_a_database_that_was_never_migrated_has_no_jobs_to_run(demo: Runner) -> None:
    done = demo.run("maintain")

    assert done.returncode == 2
    assert done.stderr == f"error: demo: nothing was ever applied to {demo.database.name}; run apply\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("BEGIN; INSERT INTO demo.kept VALUES (77)", "BEGIN is transaction control"),
        ("INSERT INTO demo.kept VALUES (''oops)", "a string is never closed; close it"),
        ("", "the file is empty (it holds no statement)"),
        ("ALTER SYSTEM SET work_mem = 1", "ALTER SYSTEM is about the whole instance"),
    ],
)
def test_what_a_query_writes_is_held_against_the_rules_of_files(kept: Runner, written: str, said: str) -> None:
    _job(kept, "writes", f"SELECT '{written}' AS run;\n")

    done = kept.run("maintain", "writes", "refresh")

    assert done.returncode == 1
    assert "demo/jobs/writes.sql:1: the query wrote what cannot be run: " in done.stdout
    assert said in done.stdout
    assert kept.database.rows("SELECT count(*) FROM demo.kept") == [(0,)]
    assert _results(kept.database) == [("writes", "failed", 1, False), ("refresh", "done", 0, True)]


def test_an_invalid_copy_of_somebody_elses_reindex_is_left_alone(kept: Runner) -> None:
    _job(kept, "reindex", "REINDEX TABLE CONCURRENTLY demo.kept;\n")
    kept.database.run("INSERT INTO demo.kept VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        kept.database.run("CREATE UNIQUE INDEX CONCURRENTLY mine_ccnew ON demo.kept (years)")

    assert kept.run("maintain", "reindex").returncode == 0

    assert kept.database.rows("SELECT to_regclass('demo.mine_ccnew') IS NOT NULL") == [(True,)]


def test_a_copy_that_a_killed_run_of_the_job_left_is_dropped(kept: Runner) -> None:
    _job(kept, "reindex", "REINDEX TABLE CONCURRENTLY demo.kept;\n")
    kept.database.run("CREATE INDEX kept_years ON demo.kept (years)")
    kept.database.run("ALTER INDEX demo.kept_years OWNER TO demo_owner")
    with kept.database.master() as writer, kept.database.master() as other:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE demo.kept IN ROW EXCLUSIVE MODE")
        other.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            other.execute("REINDEX TABLE CONCURRENTLY demo.kept")
    kept.database.run(
        "INSERT INTO public._schema_jobs (job, actor, host, runner_version) VALUES ('reindex', 'a', 'b', 'c')"
    )

    done = kept.run("maintain", "reindex")

    assert done.returncode == 0, done.stdout
    assert "mending: DROP INDEX CONCURRENTLY demo.kept_years_ccnew" in done.stdout
    assert kept.database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
