"""When jobs run: as AWS's scheduler takes it, as times, and apart from what else happens to an instance."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import jobs
from infra.jobs import Schedule, parse
from local import cron
from tests.unit.infra.recorder import REPOSITORY, configuration

SERVICES = ("platform", "familytales")


def jobs_of(service: str) -> dict[str, Schedule]:
    """The schedules of a service's own service.toml."""
    content = tomllib.loads((REPOSITORY / f"sql/{service}/service.toml").read_text(encoding="utf-8"))
    found = {name: parse(row["every"], row["at"]) for name, row in content["jobs"].items()}
    return {name: schedule for name, schedule in found.items() if schedule is not None}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "at", "text"),
    [
        ("hour", ":25", "cron(25 * * * ? *)"),
        ("hour", ":05", "cron(5 * * * ? *)"),
        ("day", "01:10", "cron(10 1 * * ? *)"),
        ("day", "00:00", "cron(0 0 * * ? *)"),
        ("week", "sun 00:30", "cron(30 0 ? * SUN *)"),
        ("week", "mon 23:59", "cron(59 23 ? * MON *)"),
        ("month", "1 02:00", "cron(0 2 1 * ? *)"),
        ("month", "28 02:07", "cron(7 2 28 * ? *)"),
    ],
)
def test_a_time_becomes_the_schedulers_text(every: str, at: str, text: str) -> None:
    schedule = parse(every, at)
    assert schedule is not None
    assert schedule.cron == text


@pytest.mark.parametrize(
    ("every", "at"), [("hour", "01:25"), ("day", "24:00"), ("week", "7 00:30"), ("month", "29 02:00"), ("year", ":00")]
)
def test_what_is_no_time_is_none(every: str, at: str) -> None:
    assert parse(every, at) is None


def test_what_is_allowed_is_said_with_an_example_that_is() -> None:
    for every in jobs.EVERY:
        assert parse(every, jobs.allowed(every).split('"')[1]) is not None
    assert jobs.allowed("fortnight") == "one of hour, day, week, month"


@pytest.mark.parametrize(
    ("every", "at", "after", "found"),
    [
        ("hour", ":25", "2026-11-29 05:24:59", "2026-11-29 05:25"),
        ("hour", ":25", "2026-11-29 05:25", "2026-11-29 06:25"),
        ("hour", ":25", "2026-12-31 23:30", "2027-01-01 00:25"),
        ("day", "01:10", "2026-11-29 01:09", "2026-11-29 01:10"),
        ("day", "01:10", "2026-11-29 01:10", "2026-11-30 01:10"),
        ("week", "sun 00:30", "2026-11-29 00:29", "2026-11-29 00:30"),  # a Sunday
        ("week", "sun 00:30", "2026-11-29 00:30", "2026-12-06 00:30"),
        ("week", "sat 03:10", "2026-11-29 05:00", "2026-12-05 03:10"),
        ("month", "1 02:00", "2026-11-01 02:00", "2026-12-01 02:00"),
        ("month", "28 02:00", "2027-02-27 00:00", "2027-02-28 02:00"),
    ],
)
def test_the_next_run_is_the_first_time_after_a_moment(every: str, at: str, after: str, found: str) -> None:
    schedule = parse(every, at)
    assert schedule is not None
    assert schedule.next_run(utc(after)) == utc(found)


SCHEDULES = st.one_of(
    st.builds(Schedule, st.just("hour"), st.integers(0, 59)),
    st.builds(Schedule, st.just("day"), st.integers(0, 59), st.integers(0, 23)),
    st.builds(Schedule, st.just("week"), st.integers(0, 59), st.integers(0, 23), st.integers(0, 6)),
    st.builds(Schedule, st.just("month"), st.integers(0, 59), st.integers(0, 23), st.none(), st.integers(1, 28)),
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC))


@given(SCHEDULES, MOMENTS)
def test_the_local_cloud_fires_at_the_times_that_are_written_for_aws(schedule: Schedule, after: datetime) -> None:
    """Two programs read the text: `next_run` what it was made from, the local cloud the text itself."""
    first = schedule.next_run(after)
    second = schedule.next_run(first)
    assert list(cron.parse(schedule.cron).between(after, second)) == [first, second]
    assert after < first < second <= after + 2 * timedelta(days=31)


def test_a_success_may_be_older_than_its_interval_and_younger_than_the_second_miss() -> None:
    intervals = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
    for every, interval in intervals.items():
        schedule = parse(every, jobs.allowed(every).split('"')[1])
        assert schedule is not None
        assert interval < schedule.late
        # One run missed, and the next one's time gone by as well: by then it has been told.
        assert schedule.late <= 3 * interval
    assert jobs.LATE["month"] > timedelta(days=31)


@pytest.mark.parametrize("service", SERVICES)
def test_every_job_has_a_schedule_and_every_schedule_a_job(service: str) -> None:
    files = {path.stem for path in (REPOSITORY / f"sql/{service}/jobs").glob("*.sql")}
    assert set(jobs_of(service)) == files
    assert jobs.OVERDUE_NAME not in files


@pytest.mark.parametrize("stack", ["prod", "dev", "local"])
def test_no_job_begins_while_its_instance_is_backed_up_or_maintained(stack: str) -> None:
    raw = {row["name"]: row for row in configuration(stack)["services"]}
    for service in SERVICES:
        windows = raw[service]["backup"]["window"], raw[service]["maintenance_window"]
        begun = {name for name, schedule in jobs_of(service).items() if schedule.begins_within(*windows)}
        assert begun == set(), f"{service}: {windows}"


def test_beginning_within_a_window_is_seen_for_daily_and_weekly_ones() -> None:
    windows = ("03:00-04:00", "sun:04:00-sun:05:00")
    expected = {
        ("day", "02:59"): False,
        ("day", "03:00"): True,
        ("day", "03:59"): True,
        ("day", "04:00"): True,  # on Sundays
        ("day", "05:00"): False,
        ("week", "sun 04:59"): True,
        ("week", "mon 04:59"): False,
        ("month", "1 04:30"): True,  # some month begins on a Sunday
        ("hour", ":30"): False,
    }
    for (every, at), within in expected.items():
        schedule = parse(every, at)
        assert schedule is not None
        assert schedule.begins_within(*windows) is within, (every, at)


@pytest.mark.parametrize("service", SERVICES)
def test_daily_and_weekly_jobs_of_a_service_begin_apart(service: str) -> None:
    """A quarter of an hour between any two that may begin on the same day."""
    minutes = sorted(
        schedule.hour * 60 + schedule.minute
        for schedule in jobs_of(service).values()
        if schedule.hour is not None and schedule.weekday is None and schedule.day is None
    )
    assert all(later - earlier >= 15 for earlier, later in pairwise(minutes))
    weekly = [(one.weekday, one.hour) for one in jobs_of(service).values() if one.weekday is not None]
    assert len(set(weekly)) == len(weekly)


@pytest.mark.parametrize("service", SERVICES)
def test_the_documents_say_how_often_as_the_schedules_do(service: str) -> None:
    words = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
    text = (REPOSITORY / f"docs/{service}.md").read_text(encoding="utf-8")
    section = text.split("\n## Jobs\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    told = {cells[0].strip().strip("`"): words[cells[2].strip()] for cells in rows}
    assert told == {name: schedule.every for name, schedule in jobs_of(service).items()}


def test_the_schedulers_commands_are_words_of_the_runner() -> None:
    assert jobs.command("partitions") == ("python", "-m", "schema", "maintain", "partitions")
    text = Path(REPOSITORY / "schema/cli.py").read_text(encoding="utf-8")
    assert '@app.command(name="maintain")' in text
    assert f"def {jobs.OVERDUE_COMMAND[-1]}(" in text


def test_jobs_are_asked_after_when_those_of_the_night_are_over() -> None:
    asked = (jobs.OVERDUE.hour or 0) * 60 + jobs.OVERDUE.minute
    for service in SERVICES:
        nightly = [one for one in jobs_of(service).values() if one.every == "day"]
        assert all((one.hour or 0) * 60 + one.minute + 4 * 60 <= asked for one in nightly)
