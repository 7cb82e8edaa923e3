"""How much room the text of a table needs. Text is monospaced, so a width is a number of characters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from drawing.layout import Box
from drawing.model import Column, Table, Unique

# Common monospaced fonts are 0.60 em wide (DejaVu Sans Mono 0.602); a little more, so that none overflows.
_EM = 0.61
TEXT, TITLE, SMALL = 11, 12, 9.5
EDGE = 8  # between a box's side and what is in it
SLOT = 15  # a mark
SPACE = 12  # between name and type, type and chip


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where things are in a table's box, from its left side; chips are set from its right side."""

    names: int
    types: int
    width: int
    rows: int


def width_of(text: str, size: float) -> int:
    """Pixels of a text in the monospaced font."""
    return math.ceil(len(text) * size * _EM)


def chip_width(text: str) -> int:
    """A chip is its text with round ends."""
    return width_of(text, SMALL) + 10


def chip_text(target: str, schema: str) -> str:
    """An arrow, and the target without a schema that is the reader's own."""
    return f"→ {target.removeprefix(f'{schema}.')}"


def marks(column: Column, references: bool | None) -> tuple[str, ...]:
    """Names of the marks of a row, by slot; empty where a slot is free. References: None no, False partly, True."""
    first = (
        "primary" if column.primary else {Unique.NO: "", Unique.PARTLY: "partly", Unique.ALONE: "unique"}[column.unique]
    )
    second = "" if references is None else "key" if references else "part"
    slots = [first, second]
    if column.generated:
        free = [index for index in (1, 0) if not slots[index]]
        if free:
            slots[free[0]] = "generated"
        else:
            slots.append("generated")
    return tuple(slots)


def measure(table: Table, chips: Mapping[tuple[str, int], tuple[str, ...]], slots: int = 2) -> Sheet:
    """A box as wide as its widest row or its title."""
    names = EDGE + slots * SLOT + 2
    types = names + max((width_of(column.name, TEXT) for column in table.columns), default=0) + SPACE
    widths = [EDGE + width_of(table.name, TITLE) + EDGE]
    if table.partitions:
        widths[0] += SPACE + chip_width(table.partitions)
    for row, column in enumerate(table.columns):
        beside = [chip_text(target, table.schema) for target in chips.get((table.full_name, row), ())]
        room = sum(chip_width(text) + EDGE for text in beside)
        widths.append(types + width_of(column.type, TEXT) + EDGE + room)
    widths += [EDGE + width_of(text, TEXT) + EDGE for text in footer(table)]
    return Sheet(names, types, max(widths), len(table.columns) + len(footer(table)))


def footer(table: Table) -> tuple[str, ...]:
    """What a materialized view is made from, a source a line."""
    return tuple(f"from {source.removeprefix(f'{table.schema}.')}" for source in table.reads)


def box(table: Table, sheet: Sheet) -> Box:
    """What the layout needs to know of a table."""
    return Box(table.full_name, sheet.width, sheet.rows)
