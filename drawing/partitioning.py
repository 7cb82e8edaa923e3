"""How a table is partitioned, told from the bounds of its partitions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

# The first value of each side is enough: partitions by time have one key.
_RANGE = re.compile(r"FOR VALUES FROM \('?([^,')]+)'?.*\) TO \('?([^,')]+)'?")
_MONTHS = {1: "by month", 3: "by quarter", 6: "by half-year", 12: "by year"}
_DAYS = {1: "by day", 7: "by week"}
_STRATEGIES = {"r": "by range", "l": "by list", "h": "by hash"}


def describe(strategy: str, bounds: Iterable[str]) -> str:
    """`by month` where most ranges are months, else the strategy; a default partition says nothing."""
    if strategy == "r":
        steps = Counter(step for step in map(_step, bounds) if step is not None)
        if steps:
            # Most, not all: the first and the last range of a table are often longer ones.
            return min(steps, key=lambda step: (-steps[step], step))
    return _STRATEGIES[strategy]


def _step(bound: str) -> str | None:
    found = _RANGE.match(bound)
    if not found:
        return None
    try:
        first, last = (date.fromisoformat(text[:10]) for text in found.groups())
    except ValueError:  # MINVALUE, a number, any other text
        return _STRATEGIES["r"]
    if (months := (last.year - first.year) * 12 + last.month - first.month) in _MONTHS and first.day == last.day:
        return _MONTHS[months]
    return _DAYS.get((last - first).days, _STRATEGIES["r"])
