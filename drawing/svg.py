"""The picture as text: frames, boxes, lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from drawing import palette
from drawing.layout import HEAD, ROW
from drawing.lines import Line
from drawing.measure import EDGE, SLOT, Sheet, chip_text, chip_width, footer, marks
from drawing.model import Column, Table
from drawing.page import Frame
from drawing.palette import Tone
from drawing.routing import Placed, Point, Wire

_ROUND = 5
_FOOT = 9


def text(x: float, y: float, words: str, style: str = "", *, more: str = "") -> str:
    """A piece of text; its colour and size are its class's."""
    cls = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{cls}{more}>{escape(words, quote=False)}</text>'


def mark(name: str, x: float, y: float) -> str:
    """One of the marks that stand before a column's name."""
    return f'<use href="#{name}" x="{x:g}" y="{y:g}"/>'


def chip(x: float, y: float, words: str, tone: Tone) -> str:
    """A word or two in a capsule, from its left end and middle height."""
    width = chip_width(words)
    return (
        f'<rect x="{x:g}" y="{y - 6.5:g}" width="{width}" height="13" rx="6.5" fill="{tone.header}"'
        f' stroke="{tone.border}" stroke-width=".8"/>'
        + text(x + width / 2, y + 3.4, words, "c", more=f' style="fill:{tone.title}"')
    )


def frame(shown: Frame, tone: Tone) -> str:
    """A schema's coloured ground and its name."""
    return (
        f'<rect x="{shown.x}" y="{shown.y}" width="{shown.width}" height="{shown.height}" rx="12"'
        f' fill="{tone.frame}" stroke="{tone.border}"/>'
        + text(shown.x + 16, shown.y + 22, shown.schema, "f", more=f' style="fill:{tone.title}"')
    )


def box(
    table: Table,
    sheet: Sheet,
    placed: Placed,
    references: Mapping[str, bool],
    chips: Mapping[int, tuple[str, ...]],
    tones: Mapping[str, Tone],
) -> str:
    """A table: header, a row a column, and what a materialized view is made from."""
    tone = tones[table.schema]
    dashed = ' stroke-dasharray="5 3"' if table.materialized else ""
    width, height = placed.width, placed.height
    parts = [
        f'<g transform="translate({placed.x} {placed.y})">',
        f'<rect width="{width}" height="{height}" rx="6" fill="{palette.PAPER}"/>',
        f'<path d="M0 {HEAD}V6Q0 0 6 0H{width - 6}Q{width} 0 {width} 6V{HEAD}z" fill="{tone.header}"/>',
        f'<rect width="{width}" height="{height}" rx="6" fill="none" stroke="{tone.border}" stroke-width="1.2"'
        f"{dashed}/>",
        text(EDGE, HEAD / 2 + 4.5, table.name, "t", more=f' style="fill:{tone.title}"'),
    ]
    if table.partitions:
        words = table.partitions
        parts.append(chip(width - EDGE - chip_width(words), HEAD / 2, words, Tone("", tone.border, "#fff", tone.title)))
    for row, column in enumerate(table.columns):
        middle = HEAD + ROW * row + ROW // 2
        parts.append(_row(column, sheet, middle, marks(column, references.get(column.name)), table.materialized))
        right = width - EDGE + 3
        for target in reversed(chips.get(row, ())):
            words = chip_text(target, table.schema)
            right -= chip_width(words)
            parts.append(chip(right, middle, words, tones.get(target.partition(".")[0], tone)))
            right -= 4
    for row, words in enumerate(footer(table), start=len(table.columns)):
        parts.append(text(EDGE, HEAD + ROW * row + ROW // 2 + 4, words, "q"))
    return "".join([*parts, "</g>"])


def _row(column: Column, sheet: Sheet, middle: float, slots: Sequence[str], materialized: bool) -> str:
    # What a materialized view may hold is not declared: its columns are neither required nor optional.
    style = "" if column.required or materialized else ' class="n"'
    signs = "".join(mark(name, EDGE + SLOT * slot + 5, middle) for slot, name in enumerate(slots) if name)
    return (
        f'{signs}<text x="{sheet.names}" y="{middle + 4:g}"{style}>{escape(column.name, quote=False)}'
        f'<tspan x="{sheet.types}" class="n">{escape(column.type, quote=False)}</tspan></text>'
    )


def wires(shown: Sequence[tuple[Wire, Line]], ground: str, colours: Mapping[str, str]) -> str:
    """Bundles one above the other, each on a rim of the ground's colour, so that a crossing looks like a bridge."""
    parts: list[str] = []
    for target in dict.fromkeys(wire.link.target for wire, _ in shown):
        bundle = [(wire, line) for wire, line in shown if wire.link.target == target]
        paths = [path(wire.points) for wire, _ in bundle]
        feet = [foot(wire.points, line.one_to_one) + bar(wire.points[-1], wire.points[-2]) for wire, line in bundle]
        whole = "".join(dict.fromkeys(paths))
        parts.append(f'<path class="o" stroke="{ground}" d="{whole}"/>')
        parts.append(f'<path class="w" stroke="{colours[target]}" d="{whole}{"".join(dict.fromkeys(feet))}"/>')
    return "".join(parts)


def path(points: Sequence[Point]) -> str:
    """A line with rounded corners."""
    corners = [
        here for before, here, after in zip(points, points[1:], points[2:], strict=False) if _turns(before, here, after)
    ]
    kept = [points[0], *corners, points[-1]]
    drawn = f"M{kept[0][0]} {kept[0][1]}"
    for before, here, after in zip(kept, kept[1:], kept[2:], strict=False):
        radius = min(_ROUND, _length(before, here) / 2, _length(here, after) / 2)
        (x1, y1), (x2, y2) = _towards(here, before, radius), _towards(here, after, radius)
        drawn += f"L{x1:g} {y1:g}Q{here[0]} {here[1]} {x2:g} {y2:g}"
    return f"{drawn}L{kept[-1][0]} {kept[-1][1]}"


def foot(points: Sequence[Point], one_to_one: bool) -> str:
    """A crow's foot where a line leaves a row, or a bar where only one row may refer."""
    (x, y), beyond = points[0], points[1]
    if one_to_one:
        return bar(points[0], beyond)
    end = x + (_FOOT if beyond[0] > x else -_FOOT)
    return f"M{x} {y - 4}L{end} {y}L{x} {y + 4}"


def bar(point: Point, beyond: Point) -> str:
    """One: across the line, beside the box."""
    x = point[0] + (_FOOT - 3) * (1 if beyond[0] > point[0] else -1)
    return f"M{x} {point[1] - 4}V{point[1] + 4}"


def _turns(before: Point, here: Point, after: Point) -> bool:
    return not (before[0] == here[0] == after[0] or before[1] == here[1] == after[1])


def _length(one: Point, other: Point) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(here: Point, there: Point, distance: float) -> tuple[float, float]:
    length = _length(here, there)
    return tuple(a + (b - a) * distance / length for a, b in zip(here, there, strict=True))  # type: ignore[return-value]
