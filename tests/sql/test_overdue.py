"""Which jobs were not run for longer than they may be."""

from __future__ import annotations

import json

import pytest

from infra import schedule_policies
from schema import jobs, overdue
from schema.patience import Patience
from tests.sql.databases import NEWEST
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

_PATIENCE = Patience(connect=0)


def _job(runner: Runner, name: str, every: str, at: str, text: str = "SELECT 1;\n") -> None:
    folder = runner.sql / runner.service
    (folder / "jobs").mkdir(exist_ok=True)
    (folder / "jobs" / f"{name}.sql").write_text(text)
    with (folder / "service.toml").open("a") as toml:
        toml.write(f'\n[jobs.{name}]\nevery = "{every}"\nat = "{at}"\n')


@pytest.fixture
def planned(demo: Runner) -> Runner:
    """A service with a job of each interval, to whose database everything was applied."""
    for name, every, at in (
        ("hourly", "hour", ":25"),
        ("daily", "day", "01:10"),
        ("weekly", "week", "sun 00:30"),
        ("monthly", "month", "1 02:00"),
    ):
        _job(demo, name, every, at)
    demo.apply()
    return demo


def _age(runner: Runner, job: str, interval: str) -> None:
    """Make all that is known of a job so much older."""
    runner.database.run(
        f"UPDATE public._schema_jobs SET started_at = started_at - interval '{interval}',"
        f" finished_at = finished_at - interval '{interval}' WHERE job = '{job}'"
    )


def _standing(runner: Runner) -> dict[str, tuple[int, bool]]:
    """Exit code, and for each job whether it is overdue."""
    done = runner.run("overdue", "--json")
    document = json.loads(done.stdout)
    assert document["exit_code"] == done.returncode
    return {row["job"]: (done.returncode, row["overdue"]) for row in document["jobs"]}


def test_jobs_that_came_to_a_good_end_just_now_are_in_time(planned: Runner) -> None:
    assert planned.run("maintain").returncode == 0

    done = planned.run("overdue")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["job", "every", "last", "done", "last", "run", "age", "may", "be", "state"]
    assert [line.split()[0] for line in lines[1:-1]] == ["daily", "hourly", "monthly", "weekly"]
    assert all(line.endswith("in time") for line in lines[1:-1])
    assert lines[-1] == "demo: jobs checked: 4, overdue: 0"


@pytest.mark.parametrize(
    ("job", "in_time", "late"),
    [
        ("hourly", "2 hours 59 minutes", "3 hours 1 minute"),
        ("daily", "26 hours 59 minutes", "27 hours 1 minute"),
        ("weekly", "7 days 23 hours", "8 days 1 hour"),
        ("monthly", "33 days 23 hours", "34 days 1 hour"),
    ],
)
def test_a_job_is_overdue_when_its_last_success_is_older_than_its_interval_allows(
    planned: Runner, job: str, in_time: str, late: str
) -> None:
    planned.run("maintain")
    _age(planned, job, in_time)
    assert _standing(planned)[job] == (0, False)

    planned.database.run("TRUNCATE public._schema_jobs")
    planned.run("maintain")
    _age(planned, job, late)

    assert _standing(planned) == {name: (1, name == job) for name in ("daily", "hourly", "monthly", "weekly")}
    assert planned.run("overdue").stdout.splitlines()[-1] == "demo: jobs checked: 4, overdue: 1"


def test_a_failure_does_not_hide_the_success_before_it_nor_make_up_for_a_missing_one(planned: Runner) -> None:
    planned.run("maintain")
    (planned.sql / "demo/jobs/daily.sql").write_text("SELECT wrong;\n")
    assert planned.run("maintain", "daily").returncode == 1

    rows = {row["job"]: row for row in json.loads(planned.run("overdue", "--json").stdout)["jobs"]}
    assert (rows["daily"]["overdue"], rows["daily"]["last_outcome"]) == (False, "failed")
    assert rows["hourly"]["last_outcome"] == "done"

    planned.database.run(
        "UPDATE public._schema_jobs SET finished_at = finished_at - interval '2 days' WHERE outcome = 'done'"
    )
    assert _standing(planned)["daily"] == (1, True)


def test_a_job_that_was_never_run_is_waited_for_from_the_first_time_it_is_asked_after(planned: Runner) -> None:
    done = planned.run("overdue")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[1:-1]]
    assert [row[-1] for row in rows] == ["expected"] * 4
    assert all("never" in row for row in rows)

    _age(planned, "daily", "28 hours")

    assert _standing(planned) == {name: (1, name == "daily") for name in ("daily", "hourly", "monthly", "weekly")}
    # One row for each, however often it is asked.
    assert planned.database.rows("SELECT job, outcome FROM public._schema_jobs ORDER BY job") == [
        (name, "expected") for name in ("daily", "hourly", "monthly", "weekly")
    ]


def test_a_job_that_is_new_in_an_old_database_is_not_overdue_at_once(planned: Runner) -> None:
    planned.run("maintain")
    planned.database.run("UPDATE public._sqlx_migrations SET installed_on = installed_on - interval '1 year'")
    _job(planned, "newest", "hour", ":05")

    assert _standing(planned)["newest"] == (0, False)


def test_being_waited_for_is_no_failed_run(planned: Runner) -> None:
    """After a failure a job may take away what the run before it left behind; there was no run."""
    planned.run("overdue")
    with planned.session(_PATIENCE) as (session, _):
        result = jobs.Result("daily")
        jobs.begin(session.connection, result, session.origin)

    assert not result.after_a_failure


def test_before_anything_was_applied_there_is_nothing_to_ask_after(demo: Runner) -> None:
    done = demo.run("overdue")

    assert done.returncode == 2
    assert "nothing was ever applied" in done.stderr


def test_aws_counts_the_line_that_each_check_ends_with(planned: Runner) -> None:
    assert schedule_policies.CHECKED == overdue.CHECKED
    assert overdue.CHECKED in planned.run("overdue").stdout
