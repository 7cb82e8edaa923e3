"""How often a job of service.toml runs, and how old its last success may be.

infra/jobs.py reads the same tables for AWS's scheduler; a test holds both to the same examples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

_TIME = r"([01]\d|2[0-3]):[0-5]\d"


@dataclass(frozen=True, slots=True)
class Interval:
    """One word of `every`."""

    at: re.Pattern[str]
    shape: str
    late: timedelta
    """How old the last success may be: the interval, and what an orderly run may come late by."""


INTERVALS: Mapping[str, Interval] = {
    "hour": Interval(re.compile(r":[0-5]\d", re.ASCII), '":25", a minute of each hour', timedelta(hours=3)),
    "day": Interval(re.compile(_TIME, re.ASCII), '"01:10", a time of each day in UTC', timedelta(hours=27)),
    "week": Interval(
        re.compile(rf"(mon|tue|wed|thu|fri|sat|sun) {_TIME}", re.ASCII),
        '"sun 00:30", a day of the week and a time in UTC',
        timedelta(days=8),
    ),
    "month": Interval(
        re.compile(rf"([1-9]|1\d|2[0-8]) {_TIME}", re.ASCII),
        '"1 02:00", a day from 1 to 28 and a time in UTC',
        timedelta(days=34),
    ),
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its schedule."""

    name: str
    every: str
    at: str

    @property
    def late(self) -> timedelta:
        """How old its last success may be."""
        return INTERVALS[self.every].late


def problems(row: object) -> list[str]:
    """What is wrong with the table of one job."""
    if not isinstance(row, dict):
        return ['is no table; write every = "day" and at = "01:10" into it']
    found = [f"unknown key `{key}`; known: at, every" for key in sorted(row.keys() - {"at", "every"})]
    every, at = row.get("every"), row.get("at")
    interval = INTERVALS.get(every) if isinstance(every, str) else None
    if interval is None:
        found.append(f"every = {every!r} is no interval; write one of {', '.join(INTERVALS)}")
    elif not isinstance(at, str) or not interval.at.fullmatch(at):
        found.append(f"at = {at!r} is no time for every = {every!r}; write it as {interval.shape}")
    return found
