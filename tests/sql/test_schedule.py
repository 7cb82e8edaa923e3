"""What service.toml may say of when a job runs: to the runner, and to what starts jobs on AWS."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra import jobs as aws
from schema import schedule, service
from schema.errors import BadInput

_TOML = '[[login_roles]]\nname = "demo_app"\npurpose = "tests"\npooled = true\n'

# every, at, and whether both infra and schema take it.
EXAMPLES = [
    ("hour", ":00", True),
    ("hour", ":25", True),
    ("hour", ":60", False),
    ("hour", "25", False),
    ("hour", "01:25", False),
    ("day", "00:00", True),
    ("day", "23:59", True),
    ("day", "24:00", False),
    ("day", "1:10", False),
    ("day", "01:10\n", False),
    ("day", "٠١:10", False),
    ("week", "sun 00:30", True),
    ("week", "mon 23:59", True),
    ("week", "Sun 00:30", False),
    ("week", "00:30", False),
    ("week", "sun  00:30", False),
    ("month", "1 02:00", True),
    ("month", "28 02:00", True),
    ("month", "29 02:00", False),
    ("month", "0 02:00", False),
    ("month", "01 02:00", False),
    ("year", "1 02:00", False),
    ("", "", False),
]


@pytest.mark.parametrize(("every", "at", "good"), EXAMPLES)
def test_runner_and_scheduler_read_the_same_times(every: str, at: str, good: bool) -> None:
    assert (schedule.problems({"every": every, "at": at}) == []) is good
    assert (aws.parse(every, at) is not None) is good


def test_runner_and_scheduler_know_the_same_intervals_with_the_same_words_and_patience() -> None:
    assert tuple(schedule.INTERVALS) == aws.EVERY
    assert {every: row.shape for every, row in schedule.INTERVALS.items()} == {
        every: aws.allowed(every) for every in aws.EVERY
    }
    assert {every: row.late for every, row in schedule.INTERVALS.items()} == aws.LATE
    assert schedule.Job("any", "week", "sun 00:30").late == timedelta(days=8)


def test_every_problem_of_the_jobs_is_reported_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "jobs").mkdir(parents=True)
    for name in ("forgotten", "wrong", "odd", "late", "bare"):
        (folder / f"jobs/{name}.sql").write_text("SELECT 1;\n")
    (folder / "service.toml").write_text(
        _TOML
        + '[jobs]\nbare = "daily"\n'
        + '[jobs.wrong]\nevery = "fortnight"\nat = "01:10"\n'
        + '[jobs.odd]\nevery = "day"\nat = "01:10"\nwhen = "x"\n'
        + '[jobs.late]\nevery = "week"\nat = "01:10"\n'
        + '[jobs.gone]\nevery = "hour"\nat = ":10"\n'
    )

    with pytest.raises(BadInput) as refused:
        service.load(folder)

    assert refused.value.problems == (
        "demo/jobs/forgotten.sql: nothing says when it runs; add [jobs.forgotten] with every and at to "
        "demo/service.toml",
        'demo/service.toml: [jobs.bare]: is no table; write every = "day" and at = "01:10" into it',
        "demo/service.toml: [jobs.gone]: there is no jobs/gone.sql; write the file, or remove the table",
        "demo/service.toml: [jobs.late]: at = '01:10' is no time for every = 'week'; write it as \"sun 00:30\", a day "
        "of the week and a time in UTC",
        "demo/service.toml: [jobs.odd]: unknown key `when`; known: at, every",
        "demo/service.toml: [jobs.wrong]: every = 'fortnight' is no interval; write one of hour, day, week, month",
    )


def test_jobs_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/service.toml").write_text("jobs = 3\n" + _TOML)

    with pytest.raises(BadInput) as refused:
        service.load(tmp_path / "demo")

    assert list(refused.value.problems) == [
        'demo/service.toml: jobs must be tables, such as [jobs.partitions] with every = "day" and at = "01:10"'
    ]
