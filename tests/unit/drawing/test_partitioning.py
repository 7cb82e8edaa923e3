from __future__ import annotations

import pytest

from drawing.partitioning import describe


def bound(first: str, last: str) -> str:
    return f"FOR VALUES FROM ('{first}') TO ('{last}')"


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ("by day", [bound("2026-02-28 00:00:00+00", "2026-03-01 00:00:00+00"), "DEFAULT"]),
        ("by week", [bound("2026-02-23", "2026-03-02")]),
        (
            "by month",
            [bound("2026-12-01", "2027-01-01"), bound("2020-01-01", "2026-12-01"), bound("2027-01-01", "2027-02-01")],
        ),
        ("by quarter", [bound("2026-10-01", "2027-01-01")]),
        ("by year", [bound("2026-01-01 00:00:00+00", "2027-01-01 00:00:00+00")]),
        ("by month", ["FOR VALUES FROM ('2026-01-01', MINVALUE) TO ('2026-02-01', MINVALUE)"]),
        ("by range", [bound("1", "1000000")]),
        ("by range", ["FOR VALUES FROM (MINVALUE) TO ('2026-02-01')"]),
        ("by range", ["DEFAULT"]),
        ("by range", []),
    ],
)
def test_ranges_are_told_by_what_most_of_them_span(said: str, bounds: list[str]) -> None:
    assert describe("r", bounds) == said


def test_lists_and_hashes_are_told_as_such() -> None:
    assert describe("l", ["FOR VALUES IN ('a')"]) == "by list"
    assert describe("h", ["FOR VALUES WITH (modulus 4, remainder 0)"]) == "by hash"
