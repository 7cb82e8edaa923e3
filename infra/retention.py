"""When backups are taken and how long each is kept: plan rules, lifecycle rules, cron texts, windows. Pure.

What keeps what, each with a reason to be there beside the others:

| kept by | what | how long |
|---|---|---|
| RDS, automated backups | a snapshot a day and the WAL: any second within them | `backup.retention_days`, 35 at most |
| AWS Backup | snapshots, weekly and monthly | `weekly_weeks`, `monthly_months` |
| S3 | dumps, which another server, version or account can read | `dump_daily_days`, `dump_monthly_months` |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from infra import windows
from infra.windows import DAY, DAYS

# A month as days: recovery points and objects are kept by the day, and a twelfth month must not end in the eleventh.
MONTH_DAYS = 31
WEEK_DAYS = 7

# AWS Backup waits at most so long for a job to begin; an hour is the least it takes ("Backup plan options and
# configuration").
START_MINUTES = 60
# What a snapshot may take beside that. It is incremental; one that takes longer reaches into the next hour, no harm.
RUN_MINUTES = 60
# A job that has not ended after so long is cancelled and reported: the first snapshot of a terabyte takes hours.
COMPLETION_MINUTES = 8 * 60
# Services of databases cannot start a backup in the hour before their maintenance or backup window, nor in it, and a
# snapshot asked for then fails ("Troubleshooting AWS Backup").
FORBIDDEN_BEFORE_MINUTES = 60
# What a dump is given for itself: it reads the whole database, and so does nothing else meanwhile.
DUMP_MINUTES = 60
# Candidates begin on the quarter hour: a time that people can remember.
STEP_MINUTES = 15

# A dump that was deleted or overwritten can be had back for a week: as long as it takes until somebody misses it.
NONCURRENT_DAYS = 7
# Parts of an upload that its task could not abort any more, since it was killed: no dump takes two days.
ABORT_DAYS = 2
# S3 Glacier Flexible Retrieval: a sixth of the price, read within hours, billed for 90 days even when deleted before
# ("Understanding and managing Amazon S3 storage classes"); the configuration's rules see to that. Deep Archive is
# billed for 180 days and read after half a day.
COLD_CLASS = "GLACIER"
# Smaller objects would cost more as archives than as they are: manifests stay, and can be read at once.
COLD_LEAST_SIZE = "all_storage_classes_128K"

Prefix = Literal["daily", "monthly"]
PREFIXES: tuple[Prefix, ...] = ("daily", "monthly")


class Kept(Protocol):
    """What is read of a service's backup settings (`config.Backup`)."""

    @property
    def window(self) -> str:
        """RDS's daily backup window, UTC: "02:00-03:00"."""

    @property
    def weekly_weeks(self) -> int:
        """How many weeks a weekly snapshot is kept; 0 for none."""

    @property
    def monthly_months(self) -> int:
        """How many months a monthly snapshot is kept; 0 for none."""

    @property
    def dump_at(self) -> str | None:
        """When the daily dump begins, UTC: "06:00"; None for none."""

    @property
    def dump_daily_days(self) -> int:
        """How many days a daily dump is kept."""

    @property
    def dump_monthly_months(self) -> int:
        """How many months the first dump of a month is kept."""

    @property
    def dump_cold_after_days(self) -> int:
        """After how many days a monthly dump goes to Glacier."""


@dataclass(frozen=True, slots=True)
class SnapshotRule:
    """One rule of an AWS Backup plan. There is no cold storage for RDS, so a rule says only when it ends."""

    name: str
    cron: str
    delete_after_days: int


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """One lifecycle rule of the dumps' bucket, for one prefix."""

    id: str
    prefix: str
    expire_days: int
    cold_after_days: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When things happen to one database beside RDS's own windows, in minutes of the UTC day."""

    day: str  # of the weekly snapshot: "sat"
    weekly: int
    monthly: int
    test_day: str  # of the restore test


class NoRoom(ValueError):
    """The windows of a database leave no hour for its snapshots."""


def schedule(window: str, maintenance_window: str, dump_at: str | None) -> Schedule:
    """The times of a database's snapshots, clear of its windows, its dump and each other on every day of the week.

    The weekly one is taken on the day before maintenance, so that what maintenance breaks can be had back as it was;
    its restore is tested the day after it. The windows must be well-formed; NoRoom when they fill the day.
    """
    day_span, week_span = windows.daily(window), windows.weekly(maintenance_window)
    if day_span is None or week_span is None:
        raise ValueError("schedule() takes well-formed windows")
    # The weekly window is kept clear every day: the first of a month falls on any.
    busy = [
        ((start - FORBIDDEN_BEFORE_MINUTES) % DAY, length + FORBIDDEN_BEFORE_MINUTES)
        for start, length in (day_span, week_span)
    ]
    if dump_at is not None:
        busy.append((minute(dump_at), DUMP_MINUTES))
    first = sum(day_span)
    weekly = _free(busy, first)
    monthly = _free([*busy, (weekly, START_MINUTES + RUN_MINUTES)], first)
    day = (week_span[0] // DAY - 1) % len(DAYS)
    return Schedule(DAYS[day], weekly, monthly, DAYS[(day + 1) % len(DAYS)])


def has_room(window: str, maintenance_window: str, dump_at: str | None) -> bool:
    """Whether windows and dump leave room for the snapshots; both windows must be well-formed."""
    try:
        schedule(window, maintenance_window, dump_at)
    except NoRoom:
        return False
    return True


def _free(busy: Sequence[windows.Span], first: int) -> int:
    """The first quarter hour from `first` on at which a snapshot meets nothing."""
    for offset in range(0, DAY, STEP_MINUTES):
        candidate = (first + offset) % DAY
        if not any(meet((candidate, START_MINUTES + RUN_MINUTES), span) for span in busy):
            return candidate
    raise NoRoom("the backup window, the maintenance window and the dump leave no two hours for a snapshot")


def meet(one: windows.Span, other: windows.Span) -> bool:
    """Whether two spans of the day meet, midnight being no border."""
    gap = (other[0] - one[0]) % DAY
    return gap < one[1] or DAY - gap < other[1]


def minute(time: str) -> int:
    """The minute of the day that "HH:MM" names."""
    hour, _, rest = time.partition(":")
    return int(hour) * 60 + int(rest)


def daily_cron(at: int) -> str:
    """Every day, as EventBridge and AWS Backup write it."""
    return f"cron({at % 60} {at // 60} * * ? *)"


def weekly_cron(day: str, at: int) -> str:
    """Every week on this day."""
    return f"cron({at % 60} {at // 60} ? * {day.upper()} *)"


def monthly_cron(at: int) -> str:
    """The first day of every month."""
    return f"cron({at % 60} {at // 60} 1 * ? *)"


def snapshot_rules(backup: Kept, maintenance_window: str) -> tuple[SnapshotRule, ...]:
    """The rules of a database's backup plan; none when neither weekly nor monthly snapshots are kept."""
    if not backup.weekly_weeks and not backup.monthly_months:
        return ()
    times = schedule(backup.window, maintenance_window, backup.dump_at)
    rules = []
    if backup.weekly_weeks:
        rules.append(SnapshotRule("weekly", weekly_cron(times.day, times.weekly), backup.weekly_weeks * WEEK_DAYS))
    if backup.monthly_months:
        rules.append(SnapshotRule("monthly", monthly_cron(times.monthly), backup.monthly_months * MONTH_DAYS))
    return tuple(rules)


def lock_days(backups: Sequence[Kept]) -> tuple[int, int] | None:
    """The shortest and the longest retention that the vault's lock has to let through; None when nothing is kept.

    A job whose retention lies outside of a vault's lock fails ("AWS Backup Vault Lock").
    """
    days = [
        count * unit
        for backup in backups
        for count, unit in ((backup.weekly_weeks, WEEK_DAYS), (backup.monthly_months, MONTH_DAYS))
        if count
    ]
    return (min(days), max(days)) if days else None


def restore_test_cron(backup: Kept, maintenance_window: str) -> str:
    """When the newest snapshot is restored: weekly, so that an unreadable one is noticed before the next is due."""
    times = schedule(backup.window, maintenance_window, backup.dump_at)
    return weekly_cron(times.test_day, times.weekly)


def restore_test_window_days(backup: Kept) -> int:
    """How far back the test looks for a snapshot: one of the latest must be found though one failed."""
    return 2 * WEEK_DAYS if backup.weekly_weeks else 2 * MONTH_DAYS


def prefix(kind: Prefix, service: str) -> str:
    """Where a service's dumps of one kind lie in the bucket."""
    return f"{kind}/{service}/"


def object_rules(service: str, backup: Kept) -> tuple[ObjectRule, ...]:
    """The lifecycle rules of a service's dumps: daily ones as they are, monthly ones become archives."""
    monthly_days = backup.dump_monthly_months * MONTH_DAYS
    return (
        ObjectRule(f"{service}-daily", prefix("daily", service), backup.dump_daily_days, None),
        ObjectRule(f"{service}-monthly", prefix("monthly", service), monthly_days, backup.dump_cold_after_days),
    )
