"""When a job runs: `every` and `at` of service.toml as EventBridge Scheduler's text, as times, and as patience. Pure.

All times are UTC: a job that moved by an hour twice a year would meet the backup window, which does not move.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from infra.windows import DAYS, daily, weekly

Every = Literal["hour", "day", "week", "month"]
EVERY: tuple[Every, ...] = get_args(Every)

_MINUTE = r"(?P<minute>[0-5]\d)"
_TIME = rf"(?P<hour>[01]\d|2[0-3]):{_MINUTE}"
# No day after the 28th: a month that lacks it would be left out, and nobody would notice before March.
_AT: Mapping[Every, re.Pattern[str]] = {
    "hour": re.compile(f":{_MINUTE}", re.ASCII),
    "day": re.compile(_TIME, re.ASCII),
    "week": re.compile(rf"(?P<weekday>{'|'.join(DAYS)}) {_TIME}", re.ASCII),
    "month": re.compile(rf"(?P<day>[1-9]|1\d|2[0-8]) {_TIME}", re.ASCII),
}
_SHAPES: Mapping[Every, str] = {
    "hour": '":25", a minute of each hour',
    "day": '"01:10", a time of each day in UTC',
    "week": '"sun 00:30", a day of the week and a time in UTC',
    "month": '"1 02:00", a day from 1 to 28 and a time in UTC',
}

# How old the last success of a job may be. The interval, and on top of it what an orderly run may come late by: an
# hour's job may be missed once (the one before was still at work), a day's may wait an hour to be started and work for
# two, a week's and a month's may need somebody to look at them on the next working day.
LATE: Mapping[Every, timedelta] = {
    "hour": timedelta(hours=3),
    "day": timedelta(hours=27),
    "week": timedelta(days=8),
    "month": timedelta(days=34),
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A time that comes again; `hour` is None for every hour, `weekday` counts from Monday."""

    every: Every
    minute: int
    hour: int | None = None
    weekday: int | None = None
    day: int | None = None

    @property
    def cron(self) -> str:
        """As EventBridge Scheduler takes it: minutes, hours, day of month, month, day of week, year.

        AWS's documentation, "Schedule types in EventBridge Scheduler": where one of the two days is given, or `*`, the
        other has to be `?`.
        """
        hour = "*" if self.hour is None else self.hour
        if self.weekday is not None:
            return f"cron({self.minute} {hour} ? * {DAYS[self.weekday].upper()} *)"
        return f"cron({self.minute} {hour} {'*' if self.day is None else self.day} * ? *)"

    def next_run(self, after: datetime) -> datetime:
        """The first time after this moment; both in UTC."""
        found = after.replace(minute=self.minute, second=0, microsecond=0)
        if self.hour is not None:
            found = found.replace(hour=self.hour)
        step = timedelta(hours=1) if self.hour is None else timedelta(days=1)
        while found <= after or not self._on(found):
            found += step
        return found

    @property
    def late(self) -> timedelta:
        """How old its last success may be."""
        return LATE[self.every]

    def begins_within(self, backup: str, maintenance: str) -> bool:
        """Whether it begins in a window of the instance, such as `03:00-04:00` or `sun:04:00-sun:05:00`.

        An hour's job cannot keep out of a window of an hour, so it is asked of the others only.
        """
        day, week = daily(backup), weekly(maintenance)
        if self.hour is None or day is None or week is None:
            return False
        minute = self.hour * 60 + self.minute
        start, length = day
        in_backup = (minute - start) % (24 * 60) < length
        start, length = week
        weekdays = range(7) if self.weekday is None else (self.weekday,)
        in_maintenance = any((weekday * 24 * 60 + minute - start) % (7 * 24 * 60) < length for weekday in weekdays)
        return in_backup or in_maintenance

    def _on(self, moment: datetime) -> bool:
        return self.weekday in (None, moment.weekday()) and self.day in (None, moment.day)


def allowed(every: str) -> str:
    """What `at` looks like for this `every`, for a message."""
    return next((shape for known, shape in _SHAPES.items() if known == every), f"one of {', '.join(EVERY)}")


def parse(every: str, at: str) -> Schedule | None:
    """The schedule that a job's table in service.toml describes; None when it describes none."""
    for known in EVERY:
        if known == every and (found := _AT[known].fullmatch(at)):
            parts = found.groupdict()
            return Schedule(
                known,
                int(parts["minute"]),
                _number(parts.get("hour")),
                DAYS.index(parts["weekday"]) if "weekday" in parts else None,
                _number(parts.get("day")),
            )
    return None


def daily_at(time: str) -> Schedule:
    """Every day at a time that the configuration has accepted, such as `22:30`."""
    found = parse("day", time)
    if found is None:
        raise ValueError(f"{time} is no time of day; the configuration lets none such in")
    return found


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


# The jobs are asked after once a day, when those of the night are over. No job's file may have this name.
OVERDUE_NAME = "overdue"
OVERDUE = Schedule("day", minute=10, hour=8)
OVERDUE_COMMAND = ("python", "-m", "schema", "overdue")


def command(job: str) -> tuple[str, ...]:
    """What the schema task runs for one job."""
    return ("python", "-m", "schema", "maintain", job)
