"""What the marks mean: only those that the picture has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drawing import svg
from drawing.lines import HUB, Chosen
from drawing.measure import chip_width
from drawing.model import Table
from drawing.palette import EDGE, INK, SOFT, Tone

LINE = 22
_ICON_GAP = 8
_GAP = 26
_PLAIN = Tone("", "#94a3b8", "#e8edf3", "#334155")
_SYMBOL = 12


@dataclass(frozen=True, slots=True)
class Item:
    """A sample, how wide it is, and what it means."""

    sample: Callable[[float, float], str]
    width: int
    words: str


def items(tables: Sequence[Table], chosen: Chosen, used: set[str]) -> list[Item]:
    """In the order in which a reader meets them."""
    found = [_mark(name, words) for name, words in _MARKS if name in used]
    found += [
        _words("name", "", "NOT NULL"),
        _words("name", "n", "may be NULL"),
    ]
    if chosen.lines:
        found.append(Item(_line(False), 34, "many rows refer to one"))
        if any(line.one_to_one for line in chosen.lines):
            found.append(Item(_line(True), 34, "at most one row does"))
    if chosen.chips:
        words = f"a key without a line: into another schema, or to one of more than {HUB} in this one"
        found.append(_chip("→ table", words))
    if partitioned := sorted({table.partitions for table in tables if table.partitions}):
        found.append(_chip(partitioned[0], "partitioned"))
    if any(table.materialized for table in tables):
        found.append(Item(_dashed, 26, "materialized view"))
    return found


def row_security(tables: Sequence[Table]) -> str:
    """A sentence instead of a mark on every box."""
    real = [table for table in tables if not table.materialized]
    without = [table.full_name for table in real if not table.row_security]
    if not without:
        return "Row level security is on in every table."
    if len(without) == len(real):
        return "No table has row level security."
    if len(without) <= 4:
        return f"Row level security is on in every table but {', '.join(without)}."
    return f"Row level security is on in {len(real) - len(without)} of {len(real)} tables."


def draw(shown: Sequence[Item], x: int, y: int, width: int) -> tuple[str, int]:
    """Items in lines as wide as the page, and how high they are."""
    parts: list[str] = []
    at, line = x, y
    for item in shown:
        room = item.width + _ICON_GAP + _width(item.words)
        if at > x and at + room > x + width:
            at, line = x, line + LINE
        parts.append(item.sample(at, line) + svg.text(at + item.width + _ICON_GAP, line + 4, item.words, "s"))
        at += room + _GAP
    return "".join(parts), line + LINE - y


def _width(words: str) -> int:
    """The sans font is not known: what letters have in a wide one."""
    return math.ceil(sum(5 if letter in "fijlrt ,.:" else 11 if letter in "mwMW" else 8 for letter in words))


_MARKS = (
    ("primary", "primary key"),
    ("unique", "unique"),
    ("partly", "unique together with other columns, or on a condition"),
    ("key", "foreign key"),
    ("part", "other column of a foreign key"),
    ("generated", "generated"),
)


def _mark(name: str, words: str) -> Item:
    return Item(lambda x, y: svg.mark(name, x + 6, y), _SYMBOL, words)


def _words(sample: str, style: str, words: str) -> Item:
    return Item(lambda x, y: svg.text(x, y + 4, sample, style), 28, words)


def _chip(sample: str, words: str) -> Item:
    return Item(lambda x, y: svg.chip(x, y, sample, _PLAIN), chip_width(sample), words)


def _line(one_to_one: bool) -> Callable[[float, float], str]:
    def sample(x: float, y: float) -> str:
        ends = ((round(x), round(y)), (round(x) + 34, round(y)))
        shape = svg.path(ends) + svg.foot(ends, one_to_one) + svg.bar(ends[1], ends[0])
        return f'<path class="w" stroke="{INK}" d="{shape}"/>'

    return sample


def _dashed(x: float, y: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y - 7:g}" width="26" height="14" rx="4" fill="#fff" stroke="{SOFT}"'
        f' stroke-width="1.2" stroke-dasharray="5 3"/>'
    )


def rule(x: int, y: int, width: int) -> str:
    """A thin line above the legend."""
    return f'<path d="M{x} {y}H{x + width}" stroke="{EDGE}"/>'
