"""Frames on the page: cut like a sheet of paper, again and again into two, so that little of it stays empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drawing.layout import Box, Link, arrange, line_cost, stack
from drawing.routing import Placed, Routed, Wire, route

WIDTH = 1440  # at most: a wider picture is unreadable in a page's column
PADDING = 20
TAB = 32  # the schema's name
BETWEEN = 24
_COLUMNS = 5
_KEPT = 24  # shapes of a group of schemas that are looked at further
_EVERY_GROUP = 6  # so many schemas; of more, only neighbours are grouped, since the groups double with each
_HIGH = 20  # a pixel that is higher than a screen would show


@dataclass(frozen=True, slots=True)
class Frame:
    """A schema with its boxes and lines, in the page's coordinates."""

    schema: str
    x: int
    y: int
    width: int
    height: int
    boxes: tuple[Placed, ...]
    wires: tuple[Wire, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All frames, from (0, 0)."""

    frames: tuple[Frame, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Leaf:
    schema: str
    routed: Routed


@dataclass(frozen=True, slots=True)
class _Cut:
    first: _Shape
    second: _Shape
    beside: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """One way to draw a schema or a group of them."""

    width: int
    height: int
    lines: int
    content: _Leaf | _Cut

    def worth(self) -> tuple[int, int]:
        """Less is better: too wide not at all; then paper, a page higher than a screen, and the lines."""
        high = max(0, self.height - self.width * 3 // 4)
        return max(0, self.width - WIDTH), self._paper() + _HIGH * high

    def _paper(self) -> int:
        return self.width * self.height // 200 + 2 * self.lines

    def order(self) -> tuple[bool, int]:
        """Which shapes of a group to keep: its form says little as long as it is a part."""
        return self.width > WIDTH, self._paper()


def compose(schemas: Mapping[str, tuple[Sequence[Box], Sequence[Link]]]) -> Page:
    """Every schema a frame, and the frames a rectangle without gaps."""
    shapes = {schema: _alone(schema, boxes, links) for schema, (boxes, links) in schemas.items() if boxes}
    if not shapes:
        return Page((), 0, 0)
    # The largest first, which is the upper left.
    order = sorted(shapes, key=lambda schema: (-min(shape.width * shape.height for shape in shapes[schema]), schema))
    found: dict[tuple[str, ...], list[_Shape]] = {(schema,): shapes[schema] for schema in order}
    for group in _groups(order):
        joined = [
            _joined(one, other, beside)
            for first, second in _halves(group)
            if first in found and second in found
            for one in found[first]
            for other in found[second]
            for beside in (True, False)
        ]
        found[group] = _kept(joined)
    best = min(found[tuple(order)], key=_Shape.worth)
    frames = _frames(best, 0, 0, best.width, best.height)
    return Page(tuple(sorted(frames, key=lambda frame: frame.schema)), best.width, best.height)


def _alone(schema: str, boxes: Sequence[Box], links: Sequence[Link]) -> list[_Shape]:
    """A schema with each sensible number of columns."""
    found = []
    for count in range(1, min(_COLUMNS, len(boxes)) + 1):
        columns = arrange(boxes, links, count)
        routed = route(boxes, links, stack(boxes, links, columns))
        size = routed.width + 2 * PADDING, routed.height + TAB + PADDING
        found.append(_Shape(*size, line_cost(boxes, links, columns), _Leaf(schema, routed)))
    return _kept(found)


def _groups(order: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Groups of two and more, smaller ones first."""
    for size in range(2, len(order) + 1):
        for first in range(len(order) - size + 1):
            yield tuple(order[first : first + size])
        if len(order) <= _EVERY_GROUP:
            for bits in range(1 << len(order)):
                group = tuple(schema for index, schema in enumerate(order) if bits >> index & 1)
                if len(group) == size and order.index(group[-1]) - order.index(group[0]) >= size:
                    yield group


def _halves(group: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each way to divide a group; the first schema stays in the first half."""
    if len(group) > _EVERY_GROUP:
        yield from ((group[:cut], group[cut:]) for cut in range(1, len(group)))
        return
    for bits in range(1 << (len(group) - 1)):
        first = tuple(schema for index, schema in enumerate(group) if index == 0 or bits >> (index - 1) & 1)
        second = tuple(schema for schema in group if schema not in first)
        if second:
            yield first, second


def _joined(one: _Shape, other: _Shape, beside: bool) -> _Shape:
    width, height = max(one.width, other.width), max(one.height, other.height)
    if beside:
        width = one.width + BETWEEN + other.width
    else:
        height = one.height + BETWEEN + other.height
    return _Shape(width, height, one.lines + other.lines, _Cut(one, other, beside))


def _kept(shapes: Sequence[_Shape]) -> list[_Shape]:
    """Without those that another one beats in every way."""
    kept: list[_Shape] = []
    for shape in sorted(shapes, key=lambda shape: (shape.width, shape.height, shape.lines)):
        if not any(other.height <= shape.height and other.lines <= shape.lines for other in kept):
            kept.append(shape)
    return sorted(kept, key=_Shape.order)[:_KEPT]


def _frames(shape: _Shape, x: int, y: int, width: int, height: int) -> list[Frame]:
    """The frames of a shape in a rectangle that may be larger: what is spare goes to all."""
    content = shape.content
    if isinstance(content, _Leaf):
        return [_frame(content, x, y, width, height)]
    first, second = content.first, content.second
    if content.beside:
        wide = first.width + (width - shape.width) * first.width // (first.width + second.width)
        return _frames(first, x, y, wide, height) + _frames(
            second, x + wide + BETWEEN, y, width - wide - BETWEEN, height
        )
    high = first.height + (height - shape.height) * first.height // (first.height + second.height)
    return _frames(first, x, y, width, high) + _frames(second, x, y + high + BETWEEN, width, height - high - BETWEEN)


def _frame(leaf: _Leaf, x: int, y: int, width: int, height: int) -> Frame:
    routed = leaf.routed
    dx, dy = x + (width - routed.width) // 2, y + TAB
    boxes = tuple(Placed(box.name, box.x + dx, box.y + dy, box.width, box.height) for box in routed.boxes)
    wires = tuple(Wire(wire.link, tuple((px + dx, py + dy) for px, py in wire.points)) for wire in routed.wires)
    return Frame(leaf.schema, x, y, width, height, boxes, wires)
