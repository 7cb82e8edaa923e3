"""When backups are taken and how long they are kept: the numbers of both designs, and no two at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from infra import retention, windows
from infra.retention import ObjectRule, SnapshotRule


@dataclass(frozen=True)
class Kept:
    """A service's backup settings as production has them."""

    window: str = "02:00-03:00"
    weekly_weeks: int = 4
    monthly_months: int = 12
    dump_at: str | None = "04:10"
    dump_daily_days: int = 30
    dump_monthly_months: int = 12
    dump_cold_after_days: int = 30


FAMILYTALES, SUNDAY = Kept(), "sun:05:00-sun:06:00"
PLATFORM, SUNDAY_AT_FOUR = Kept(window="03:00-04:00", dump_at="05:10"), "sun:04:00-sun:05:00"


def test_familytales_keeps_four_weeks_and_twelve_months_clear_of_its_windows() -> None:
    # The full backup of 02:00 is RDS's own, and maintenance is on Sunday at five.
    assert retention.snapshot_rules(FAMILYTALES, SUNDAY) == (
        SnapshotRule("weekly", "cron(0 6 ? * SAT *)", 28),
        SnapshotRule("monthly", "cron(0 8 1 * ? *)", 372),
    )


def test_the_platform_keeps_twelve_months_after_its_own_window_and_its_dump() -> None:
    assert retention.snapshot_rules(PLATFORM, SUNDAY_AT_FOUR) == (
        SnapshotRule("weekly", "cron(15 6 ? * SAT *)", 28),
        SnapshotRule("monthly", "cron(15 8 1 * ? *)", 372),
    )


def test_a_restore_is_tested_every_week_on_the_day_after_the_snapshot() -> None:
    assert retention.restore_test_cron(PLATFORM, SUNDAY_AT_FOUR) == "cron(15 6 ? * SUN *)"
    assert retention.restore_test_window_days(PLATFORM) == 14
    assert retention.restore_test_window_days(replace(PLATFORM, weekly_weeks=0)) == 62


def test_what_is_not_kept_is_not_taken() -> None:
    assert retention.snapshot_rules(replace(PLATFORM, weekly_weeks=0, monthly_months=0), SUNDAY_AT_FOUR) == ()
    [rule] = retention.snapshot_rules(replace(PLATFORM, weekly_weeks=0), SUNDAY_AT_FOUR)
    assert rule.name == "monthly"


def test_the_vaults_lock_lets_every_retention_through_and_no_other() -> None:
    assert retention.lock_days([PLATFORM, replace(FAMILYTALES, weekly_weeks=8)]) == (28, 372)
    assert retention.lock_days([replace(PLATFORM, monthly_months=0)]) == (28, 28)
    assert retention.lock_days([replace(PLATFORM, weekly_weeks=0, monthly_months=0)]) is None
    assert retention.lock_days([]) is None


def test_dumps_are_kept_thirty_days_and_twelve_months_and_the_monthly_ones_go_to_glacier() -> None:
    assert retention.object_rules("platform", PLATFORM) == (
        ObjectRule("platform-daily", "daily/platform/", 30, None),
        ObjectRule("platform-monthly", "monthly/platform/", 372, 30),
    )
    assert retention.COLD_CLASS == "GLACIER"


def test_a_twelfth_monthly_is_there_until_the_thirteenth() -> None:
    longest_year = 366
    assert longest_year <= 12 * retention.MONTH_DAYS


def test_midnight_is_no_border() -> None:
    late, early = (23 * 60 + 30, 60), (15, 30)
    assert retention.meet(late, early)
    assert retention.meet(early, late)
    assert not retention.meet(late, (30, 30))


def test_windows_that_fill_the_day_leave_no_room() -> None:
    day_long = "sun:05:00-mon:05:00"
    assert not retention.has_room("02:00-03:00", day_long, None)
    with pytest.raises(retention.NoRoom, match="leave no two hours for a snapshot"):
        retention.schedule("02:00-03:00", day_long, None)
    assert retention.has_room("02:00-03:00", "sun:05:00-sun:15:00", None)
    with pytest.raises(ValueError, match="well-formed"):
        retention.schedule("two o'clock", "sun:05:00-sun:06:00", None)


def _daily(start: int, length: int) -> str:
    end = (start + length) % windows.DAY
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def _weekly(start: int, length: int) -> str:
    def text(at: int) -> str:
        day, minute = divmod(at % windows.WEEK, windows.DAY)
        return f"{windows.DAYS[day]}:{minute // 60:02}:{minute % 60:02}"

    return f"{text(start)}-{text(start + length)}"


@given(
    st.integers(0, windows.DAY - 1),
    st.integers(30, 240),
    st.integers(0, windows.WEEK - 1),
    st.integers(30, 240),
    st.none() | st.integers(0, windows.DAY - 1),
)
def test_no_snapshot_begins_or_runs_where_another_thing_is_going_on(
    backup_start: int, backup_length: int, maintenance_start: int, maintenance_length: int, dump: int | None
) -> None:
    window, maintenance = _daily(backup_start, backup_length), _weekly(maintenance_start, maintenance_length)
    dump_at = None if dump is None else f"{dump // 60:02}:{dump % 60:02}"
    assume(retention.has_room(window, maintenance, dump_at))
    times = retention.schedule(window, maintenance, dump_at)

    # AWS Backup may begin a job for an hour, and the job is given one more.
    weekly, monthly = (times.weekly, 120), (times.monthly, 120)
    assert not retention.meet(weekly, monthly)
    for job in (weekly, monthly):
        # Nor in the hour before RDS's own windows, in which a snapshot would fail.
        for start, length in ((backup_start, backup_length), (maintenance_start % windows.DAY, maintenance_length)):
            assert not retention.meet(job, ((start - 60) % windows.DAY, length + 60))
        if dump is not None:
            assert not retention.meet(job, (dump, 60))
    assert times.test_day == windows.DAYS[(windows.DAYS.index(times.day) + 1) % 7]
    assert times.test_day == windows.DAYS[maintenance_start // windows.DAY]
