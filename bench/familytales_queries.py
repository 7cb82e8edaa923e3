"""What the recommended queries of FamilyTales take, and what it costs that nobody sees more than he may.

Some are read through policies, some are functions that see all rows and ask themselves what policies would.
"""

from __future__ import annotations

import gc
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.familytales_asking import QUERIES, Asker, Side

GOAL = 1.3
PREPARED, UNPREPARED, EXECUTION = WAYS = ("prepared", "unprepared", "execution")
DASHBOARD = "dashboard"
# What is told of, with the milliseconds in which 95 of 100 answers shall be there. The dashboard is two queries.
TARGETS = {
    "thread_with_content": 50,
    "family_books": 100,
    "search_tags": 200,
    "search_text": 200,
    DASHBOARD: 150,
}
_PARTS = {DASHBOARD: ("family_storage", "active_members")}
LABELS = QUERIES | {DASHBOARD: "dashboard: storage and active members"}


@dataclass(slots=True)
class Measured:
    """Seconds by query, way of asking and side (0 is the application), and the rows that came."""

    seconds: dict[tuple[str, str, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def all_of(self, query: str, way: str, side: int) -> list[float]:
        """Of every asker and round; of a dashboard the sums of its queries."""
        parts = [self.seconds[part, way, side] for part in _PARTS.get(query, (query,))]
        return [sum(together) for together in zip(*parts, strict=True)]

    def median(self, query: str, way: str, side: int) -> float:
        """Of all askers and rounds, in milliseconds."""
        return statistics.median(self.all_of(query, way, side)) * 1000

    def ratio(self, query: str, way: str = PREPARED) -> float:
        """How many times as long it takes as by hand."""
        return self.median(query, way, 0) / self.median(query, way, 1)

    def late(self) -> list[str]:
        """The queries that miss their target."""
        return [
            query
            for query, target in TARGETS.items()
            if max(percentile(self.all_of(query, way, 0), 95) for way in (PREPARED, UNPREPARED)) * 1000 >= target
        ]

    def times(self) -> str:
        """The application's times, in Markdown."""
        ways = (PREPARED, UNPREPARED)
        lines = [
            "| query | target, p95 | rows | " + " | ".join(f"{way}: median | p95 | max" for way in ways) + " |",
            "|---" * (3 + 3 * len(ways)) + "|",
        ]
        for query, target in TARGETS.items():
            cells = [LABELS[query], f"{target}", self._rows(query)]
            for way in ways:
                all_of = self.all_of(query, way, 0)
                cells += [f"{one * 1000:.1f}" for one in (percentile(all_of, 50), percentile(all_of, 95), max(all_of))]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def ratios(self) -> str:
        """As the application and by hand, in Markdown."""
        lines = [
            "| query | " + " | ".join(f"{way}: application | by hand | ratio" for way in WAYS) + " |",
            "|---" * (1 + 3 * len(WAYS)) + "|",
        ]
        for query, label in LABELS.items():
            cells = [label]
            for way in WAYS:
                ratio = f"{self.ratio(query, way):.2f}"
                cells += [f"{self.median(query, way, side):.2f}" for side in (0, 1)]
                cells += [f"**{ratio}**" if way == PREPARED else ratio]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)

    def _rows(self, query: str) -> str:
        counts = [statistics.median(self.rows[part]) for part in _PARTS.get(query, (query,))]
        return " + ".join(f"{count:.0f}" for count in counts)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many of a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def compare(sides: Sequence[Side], asking: Sequence[Asker]) -> dict[str, list[int]]:
    """Assert that all sides answer the same, and say how many rows, or segments of a thread, each answer has."""
    counts: dict[str, list[int]] = defaultdict(list)
    for asker in asking:
        for query in QUERIES:
            first, *others = (side.rows(query, asker)[0] for side in sides)
            for other in others:
                assert first == other, f"{query} for {asker}: {first} on one side, {other} on another"
            counts[query].append(_size(query, first))
    return counts


def _size(query: str, rows: list[tuple[Any, ...]]) -> int:
    return sum(len(row[-1] or ()) for row in rows) if query == "thread_with_content" else len(rows)


def measure(sides: Sequence[Side], asking: Sequence[Asker], rounds: int, ways: Sequence[str] = WAYS) -> Measured:
    """Ask everything of all sides, in turn."""
    measured = Measured()
    measured.rows = compare(sides, asking)  # which also warms up, and lets the server settle on its plans
    places = range(len(sides))
    gc.disable()
    for number in range(rounds):
        # Who asks first brings the pages from the disk for the others.
        turned = [*ways[number % len(ways) :], *ways[: number % len(ways)]]
        for place_of, asker in enumerate(asking):
            for query in QUERIES:
                for at in places if (number + place_of) % 2 else reversed(places):
                    side = sides[at]
                    for way in turned:
                        taken = (
                            side.execution(query, asker)
                            if way == EXECUTION
                            else side.rows(query, asker, prepare=way == PREPARED)[1]
                        )
                        measured.seconds[query, way, at].append(taken)
    gc.enable()
    return measured
