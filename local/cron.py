"""The schedule expressions that the local cloud fires: `cron(…)` with one minute, and an hour and a day or none. Pure.

AWS takes more (lists, ranges, steps, L, W, #, rate, at); what is not understood here is refused, never fired wrongly.
(EventBridge Scheduler User Guide: Schedule types)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

# As datetime counts: Monday is 0. AWS counts from Sunday, from 1; numbers of days are therefore not taken.
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_CRON = re.compile(r"cron\(([0-9]+) ([0-9]+|\*) ([0-9]+|\*|\?) \* ([A-Z]{3}|\*|\?) \*\)", re.ASCII)


class NotUnderstood(ValueError):
    """A schedule expression that AWS may take and the local cloud does not."""


@dataclass(frozen=True, slots=True)
class Cron:
    """When a schedule fires; None stands for each hour, each day of the month, each day of the week."""

    minute: int
    hour: int | None
    day: int | None
    weekday: int | None

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """The times after `since` and up to `until`, both in UTC, in order."""
        moment = since.replace(minute=self.minute, second=0, microsecond=0)
        if self.hour is not None:
            moment = moment.replace(hour=self.hour)
        step = timedelta(hours=1) if self.hour is None else timedelta(days=1)
        while moment <= until:
            if moment > since and self._on(moment):
                yield moment
            moment += step

    def _on(self, moment: datetime) -> bool:
        return self.day in (None, moment.day) and self.weekday in (None, moment.weekday())


def parse(expression: str) -> Cron:
    """The times of an expression; NotUnderstood for all that is not as above."""
    found = _CRON.fullmatch(expression)
    if found is None:
        raise NotUnderstood(_told(expression, "it is not cron(minute hour day-of-month * day-of-week *)"))
    minute, hour, day, weekday = found.groups()
    # AWS takes a value or `*` in one of the two days only, and wants `?` in the other.
    if (day == "?") == (weekday == "?"):
        raise NotUnderstood(_told(expression, "exactly one of the two days has to be ?"))
    if weekday not in {*_DAYS, "*", "?"}:
        raise NotUnderstood(_told(expression, f"a day of the week is one of {', '.join(_DAYS)}"))
    numbers = Cron(int(minute), _number(hour), _number(day), _DAYS.index(weekday) if weekday in _DAYS else None)
    if numbers.minute > 59 or (numbers.hour or 0) > 23 or not 1 <= (1 if numbers.day is None else numbers.day) <= 31:
        raise NotUnderstood(_told(expression, "a number is out of its range"))
    if numbers.hour is None and (numbers.day is not None or numbers.weekday is not None):
        raise NotUnderstood(_told(expression, "each hour of some days only is nothing that this estate does"))
    return numbers


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _told(expression: str, why: str) -> str:
    return f"the local cloud does not understand {expression!r}: {why}"
