"""Lines between placed boxes: orthogonal, through the channels between columns and the gaps between boxes.

All lines to one box are one bundle. In a channel a bundle has one upright, in a lane of its own where it would meet
another's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from drawing.layout import Box, Link, Port, Stacked

MARGIN = 15  # between a box and the nearest upright: room for a crow's foot
LANE = 10
NARROW = 24  # a channel without a line
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A box with its place in the frame."""

    name: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Wire:
    """A line from its row to its target."""

    link: Link
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """Boxes and lines of one frame, from (0, 0)."""

    boxes: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    width: int
    height: int


@dataclass(slots=True)
class _Trunk:
    """What a bundle has in one channel: the heights at which it comes in from either side."""

    left: set[int] = field(default_factory=set)
    right: set[int] = field(default_factory=set)

    @property
    def span(self) -> tuple[int, int]:
        both = self.left | self.right
        return min(both), max(both)

    def crossings_before(self, other: _Trunk) -> int:
        """How many of the stubs cross the other's upright when this one's stands to the left."""
        return _within(self.right, other.span) + _within(other.left, self.span)


@dataclass(frozen=True, slots=True)
class _Hop:
    """The part of a line that is in one channel."""

    channel: int
    start: int
    end: int


def route(boxes: Sequence[Box], links: Sequence[Link], stacked: Stacked) -> Routed:
    """Give every column its place and every line its points."""
    columns = stacked.columns
    journeys = [(link, _hops(link, stacked, lines)) for link, lines in _numbered(links, stacked)]
    trunks: list[dict[str, _Trunk]] = [{} for _ in range(len(columns) + 1)]
    for link, (_, *hops, _) in journeys:
        for hop in hops:
            trunk = trunks[hop.channel].setdefault(link.target, _Trunk())
            for height, from_left in _terminals(link, hop, stacked):
                (trunk.left if from_left else trunk.right).add(height)
    lanes = [_lanes(channel) for channel in trunks]
    widths = {box.name: box.width for box in boxes}
    edges: list[tuple[int, int]] = []
    x = 0
    uprights: list[dict[str, int]] = []
    for number, channel in enumerate(lanes):
        outer = number in (0, len(columns))
        uprights.append({target: x + MARGIN + LANE * lane for target, lane in channel.items()})
        x += 2 * MARGIN + LANE * max(channel.values()) if channel else 0 if outer else NARROW
        if number < len(columns):
            edges.append((x, x + max(widths[name] for name in columns[number])))
            x = edges[-1][1]
    heights = {box.name: box.height for box in boxes}
    placed = tuple(
        Placed(name, edges[number][0], stacked.tops[name], edges[number][1] - edges[number][0], heights[name])
        for number, column in enumerate(columns)
        for name in column
    )
    wires = tuple(_wire(link, journey, edges, uprights) for link, journey in journeys)
    return Routed(placed, wires, x, stacked.height)


def _column(name: str, stacked: Stacked) -> int:
    return next(number for number, column in enumerate(stacked.columns) if name in column)


def _leaves_left(link: Link, stacked: Stacked) -> bool:
    source, target = _column(link.source, stacked), _column(link.target, stacked)
    if source == target:  # on the outer side of the last column nothing else is drawn
        return source > 0 and source == len(stacked.columns) - 1
    return target < source


def _numbered(links: Sequence[Link], stacked: Stacked) -> list[tuple[Link, int]]:
    """Each line with its number among those that leave the same row on the same side for other boxes."""
    targets: dict[tuple[str, int, bool], list[str]] = defaultdict(list)
    numbered = []
    for link in links:
        here = targets[link.source, link.row, _leaves_left(link, stacked)]
        if link.target not in here:
            here.append(link.target)
        numbered.append((link, here.index(link.target)))
    return numbered


_Journey = tuple[tuple[int, bool], *tuple[_Hop, ...], tuple[int, bool]]


def _hops(link: Link, stacked: Stacked, line: int) -> _Journey:
    """From a column's side, through channels, to a column's side."""
    source, target = _column(link.source, stacked), _column(link.target, stacked)
    left = _leaves_left(link, stacked)
    height = stacked.tops[link.source] + Port.row(source, link.row, line)
    end = stacked.tops[link.target] + Port.header(target)
    if source == target:
        return (source, left), _Hop(source if left else source + 1, height, end), (target, left)
    hops: list[_Hop] = []
    step = -1 if left else 1
    for column in range(source, target, step):
        after = end if column + step == target else stacked.passes[link.target, column + step]
        hops.append(_Hop(column if left else column + 1, height, after))
        height = after
    return (source, left), *hops, (target, not left)


def _terminals(link: Link, hop: _Hop, stacked: Stacked) -> list[tuple[int, bool]]:
    left = _leaves_left(link, stacked)
    if _column(link.source, stacked) == _column(link.target, stacked):
        return [(hop.start, not left), (hop.end, not left)]
    return [(hop.start, not left), (hop.end, left)]


def _within(heights: set[int], span: tuple[int, int]) -> int:
    return sum(span[0] <= height <= span[1] for height in heights)


def _lanes(channel: dict[str, _Trunk]) -> dict[str, int]:
    """Lanes from the left, ordered so that few stubs cross an upright."""
    order = sorted(channel, key=lambda target: (channel[target].span, target))
    better = True
    while better:
        better = False
        for index in range(len(order) - 1):
            first, second = channel[order[index]], channel[order[index + 1]]
            if second.crossings_before(first) < first.crossings_before(second):
                order[index], order[index + 1] = order[index + 1], order[index]
                better = True
    lanes: dict[str, int] = {}
    for target in order:
        span = channel[target].span
        meeting = [lanes[other] for other in lanes if _meet(channel[other].span, span)]
        lanes[target] = max(meeting, default=-1) + 1
    return lanes


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] - LANE <= other[1] and other[0] - LANE <= one[1]


def _wire(link: Link, journey: _Journey, edges: list[tuple[int, int]], uprights: list[dict[str, int]]) -> Wire:
    (source, leaves_left), *hops, (target, enters_left) = journey
    points: list[Point] = [(edges[source][0 if leaves_left else 1], hops[0].start)]
    for hop in hops:
        upright = uprights[hop.channel][link.target]
        points += [(upright, hop.start), (upright, hop.end)]
    points.append((edges[target][0 if enters_left else 1], hops[-1].end))
    return Wire(link, tuple(points))
