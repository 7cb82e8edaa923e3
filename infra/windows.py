"""Backup and maintenance windows as RDS writes them, in UTC minutes. Pure."""

from __future__ import annotations

import re

DAY = 24 * 60
WEEK = 7 * DAY
# RDS refuses a shorter window.
SHORTEST = 30
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_DAILY = re.compile(rf"{_TIME}-{_TIME}", re.ASCII)
_WEEKLY = re.compile(rf"({'|'.join(DAYS)}):{_TIME}-({'|'.join(DAYS)}):{_TIME}", re.ASCII)

Span = tuple[int, int]  # start minute and length


def daily(text: str) -> Span | None:
    """A window such as `03:00-04:00`; None when RDS would refuse it."""
    found = _DAILY.fullmatch(text)
    if found is None:
        return None
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start = hour * 60 + minute
    length = (end_hour * 60 + end_minute - start) % DAY
    return (start, length) if length >= SHORTEST else None


def weekly(text: str) -> Span | None:
    """A window such as `sun:04:00-sun:05:00`, a day long at most; None when RDS would refuse it."""
    found = _WEEKLY.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, end_day, end_hour, end_minute = found.groups()
    start = DAYS.index(day) * DAY + int(hour) * 60 + int(minute)
    end = DAYS.index(end_day) * DAY + int(end_hour) * 60 + int(end_minute)
    length = (end - start) % WEEK
    return (start, length) if SHORTEST <= length <= DAY else None


def overlap(backup: str, maintenance: str) -> bool:
    """Whether the daily window meets the weekly one on any day; both must be well-formed."""
    day_span, week_span = daily(backup), weekly(maintenance)
    if day_span is None or week_span is None:
        raise ValueError("overlap() takes two well-formed windows")
    start, length = week_span
    for day in range(7):
        gap = (day * DAY + day_span[0] - start) % WEEK
        if gap < length or WEEK - gap < day_span[1]:
            return True
    return False


def moment(text: str) -> int | None:
    """A time of day such as `22:30`, in minutes; None when it is none."""
    found = re.fullmatch(_TIME, text, re.ASCII)
    return int(found[1]) * 60 + int(found[2]) if found else None


def within(at: str, window: str) -> bool:
    """Whether a time of day lies in a daily window; both must be well-formed."""
    minute, span = moment(at), daily(window)
    if minute is None or span is None:
        raise ValueError("within() takes a well-formed time and window")
    return (minute - span[0]) % DAY < span[1]


def within_weekly(at: str, window: str) -> bool:
    """Whether a time of day lies in a weekly window on any day; both must be well-formed."""
    minute, span = moment(at), weekly(window)
    if minute is None or span is None:
        raise ValueError("within_weekly() takes a well-formed time and window")
    return any((day * DAY + minute - span[0]) % WEEK < span[1] for day in range(7))
