"""Parts of a picture below each other: boxes side by side in rows, and where the next part may begin. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drawing.flow import Arrow, Box, Frame, wrapped
from drawing.palette import Tone

GAP = 16


@dataclass(frozen=True, slots=True)
class Drawn:
    """A part of a picture, and its lower end."""

    bottom: int
    frames: tuple[Frame, ...] = ()
    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A box of a row, before it has its place."""

    title: str
    lines: tuple[str, ...]
    tone: Tone | None


def row(cells: Sequence[Cell], x: int, y: int, width: int) -> Drawn:
    """Boxes side by side, as high as the highest, over the whole width."""
    wide = (width - GAP * (len(cells) - 1)) // len(cells)
    boxes = [
        Box(x + (wide + GAP) * column, y, wide, cell.title, _filled(cell.lines, wide), cell.tone)
        for column, cell in enumerate(cells)
    ]
    high = max(box.height for box in boxes)
    return Drawn(y + high, boxes=tuple(replace(box, least=high) for box in boxes))


def _filled(lines: Sequence[str], width: int) -> tuple[str, ...]:
    """Short words fill a line together."""
    if all(" " not in line for line in lines):
        return wrapped(lines, width)
    return tuple(lines)


def stretched(part: Drawn, bottom: int) -> Drawn:
    """A service's frame as low as its neighbour's."""
    (frame,) = part.frames
    low = replace(frame, height=bottom - frame.y)
    return Drawn(bottom, (low,), part.boxes, part.arrows)
