"""Which foreign keys are lines, and which are chips beside their column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drawing.layout import Link
from drawing.model import Key, Table

HUB = 6
"""More keys than this to one table, from within its schema, are a fan that nobody follows with the eye."""
LINES_OF_A_ROW = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A key that is drawn as a line."""

    link: Link
    one_to_one: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the keys of all tables are drawn."""

    lines: tuple[Line, ...]
    chips: dict[tuple[str, int], tuple[str, ...]]
    """Targets by table and row."""


def choose(tables: Sequence[Table]) -> Chosen:
    """A key stays a line within its schema, unless its target is a hub."""
    known = {table.full_name: table.schema for table in tables}
    incoming = Counter(key.target for table in tables for key in table.keys if known.get(key.target) == table.schema)
    lines: list[Line] = []
    chips: dict[tuple[str, int], tuple[str, ...]] = {}
    for table in tables:
        taken: Counter[int] = Counter()
        for key in table.keys:
            row = anchor(table, key)
            near = known.get(key.target) == table.schema and incoming[key.target] <= HUB
            if near and taken[row] < LINES_OF_A_ROW:
                taken[row] += 1
                lines.append(Line(Link(table.full_name, row, key.target), key.one_to_one))
            else:
                chips[table.full_name, row] = (*chips.get((table.full_name, row), ()), key.target)
    return Chosen(tuple(lines), chips)


def anchor(table: Table, key: Key) -> int:
    """The row that speaks for the key.

    A column with the name of what it refers to seldom tells which key this is: such are the tenant's and the
    partition's time. Of the others it is the last that looks like an identifier.
    """
    names = [column.name for column in table.columns]
    pairs = zip(key.columns, key.referenced, strict=False)
    telling = [name for name, referenced in pairs if name != referenced]
    if not telling and "id" in key.columns:  # one row is split over two tables
        return names.index("id")
    shared = Counter(name for other in table.keys for name in other.columns) if not telling else Counter[str]()
    ordered = sorted(telling or key.columns, key=lambda name: (name.endswith("_id"), -shared[name]))
    return names.index(ordered[-1])
