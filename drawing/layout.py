"""Where boxes stand: in columns by what they refer to, ordered so that lines are short.

Everything is on a grid of rows. Lines end at heights that differ between even and odd columns (`Port`), so that in the
channel between two columns no line that comes from the left lies on one that comes from the right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ROW = 16
HEAD = 24
FOOT = 4
GAP = 20  # makes the next top a multiple of ROW again: HEAD + FOOT + GAP == 3 * ROW

# What a picture is worth, in pixels of line.
_PASS = 240  # a line that has to pass a column of boxes
_BESIDE = 150  # both ends in one column: it reads worse than left to right
_BACKWARDS = 160  # the referenced table stands on the right
_HEIGHT = 3  # a pixel of the highest column, which is a pixel of the whole frame

Columns = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """What has to be placed."""

    name: str
    width: int
    rows: int

    @property
    def height(self) -> int:
        """Header, rows, and a little below them."""
        return HEAD + ROW * self.rows + FOOT


@dataclass(frozen=True, slots=True)
class Link:
    """A line to draw, from a row of a box to the header of a box."""

    source: str
    row: int
    target: str


class Port:
    """Heights at which lines end, from the top of a box. No two of them meet modulo ROW."""

    @staticmethod
    def header(column: int) -> int:
        """Where a referenced box is entered."""
        return HEAD // 2 + (-4 if column % 2 else 4)

    @staticmethod
    def row(column: int, row: int, line: int = 0) -> int:
        """Where the first, or second, line leaves a row."""
        shift = 2 + 4 * line
        return HEAD + ROW * row + ROW // 2 + (shift if column % 2 else -shift)

    @staticmethod
    def passing(column: int, number: int) -> int:
        """Where a line passes below a box, from the box's lower edge."""
        return ROW * number + (22 if column % 2 else 18)


@dataclass(frozen=True, slots=True)
class Stacked:
    """Columns with heights: the top of each box, and where lines to a target pass a column."""

    columns: Columns
    tops: dict[str, int]
    passes: dict[tuple[str, int], int]
    height: int


def arrange(boxes: Sequence[Box], links: Sequence[Link], count: int) -> Columns:
    """At most `count` columns: by rank, ordered by barycentres, then changed box by box while that helps."""
    links = sorted(links, key=lambda link: (link.source, link.row, link.target))
    search = _Search({box.name: box.height for box in boxes}, links)
    columns = _by_rank([box.name for box in boxes], links, count, search)
    columns = _by_barycentre(columns, links)
    return tuple(tuple(column) for column in search.improved(columns) if column)


def line_cost(boxes: Sequence[Box], links: Sequence[Link], columns: Columns) -> int:
    """How bad the lines of an arrangement are."""
    return _Search({box.name: box.height for box in boxes}, links).cost([list(column) for column in columns], height=0)


def ranks(names: Sequence[str], links: Iterable[Link]) -> dict[str, int]:
    """Each box one further than the furthest that it refers to; a key that closes a circle does not count."""
    targets: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.target not in targets[link.source]:
            targets[link.source].append(link.target)
    found: dict[str, int] = {}
    open_: set[str] = set()

    def rank(name: str) -> int:
        if name not in found:
            open_.add(name)
            found[name] = max((rank(target) + 1 for target in targets[name] if target not in open_), default=0)
            open_.discard(name)
        return found[name]

    for name in names:
        rank(name)
    return found


def stack(boxes: Sequence[Box], links: Sequence[Link], columns: Columns) -> Stacked:
    """Heights for an arrangement, with room between boxes for the lines that pass."""
    heights = {box.name: box.height for box in boxes}
    column_of = {name: number for number, column in enumerate(columns) for name in column}
    tops, _ = _tops(columns, heights, {})
    wanted: dict[tuple[str, int], list[int]] = defaultdict(list)
    for link in links:
        first, last = sorted((column_of[link.source], column_of[link.target]))
        for number in range(first + 1, last):
            here = tops[link.source] + HEAD + ROW * link.row + tops[link.target]
            wanted[link.target, number].append(here // 2)
    gaps: dict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
    for (target, number), places in sorted(wanted.items()):
        place = sum(places) // len(places)
        edges = [0, *(tops[name] + heights[name] for name in columns[number])]
        gap = min(range(len(edges)), key=lambda index: abs(edges[index] - place))
        gaps[number, gap].append((place, target))
    tops, ends = _tops(columns, heights, {gap: len(lines) for gap, lines in gaps.items()})
    passes: dict[tuple[str, int], int] = {}
    for (number, gap), lines in gaps.items():
        edge = ends[number][gap]
        for order, (_, target) in enumerate(sorted(lines)):
            passes[target, number] = edge + Port.passing(number, order)
    lowest = [column[-1] for column in ends] + [place + ROW // 2 for place in passes.values()]
    return Stacked(columns, tops, passes, max(lowest, default=0))


def _tops(
    columns: Columns, heights: dict[str, int], passing: dict[tuple[int, int], int]
) -> tuple[dict[str, int], list[list[int]]]:
    """The top of each box, and for each column the edge above each gap."""
    tops: dict[str, int] = {}
    ends: list[list[int]] = []
    for number, column in enumerate(columns):
        edge = ROW - GAP
        ends.append([edge])
        for gap, name in enumerate(column):
            lines = passing.get((number, gap), 0)
            tops[name] = edge + GAP + ROW * lines if lines or gap else 0
            edge = tops[name] + heights[name]
            ends[-1].append(edge)
    return tops, ends


def _by_rank(names: Sequence[str], links: Sequence[Link], count: int, search: _Search) -> list[list[str]]:
    """The first arrangement; a box without lines goes where there is most room."""
    columns: list[list[str]] = [[] for _ in range(count)]
    linked = {name for link in links for name in (link.source, link.target)}
    found = ranks(names, links)
    for name in names:
        if name in linked:
            columns[min(found[name], count - 1)].append(name)
    for name in sorted((name for name in names if name not in linked), key=lambda name: (-search.heights[name], name)):
        min(columns, key=lambda column: sum(search.heights[other] + GAP for other in column)).append(name)
    return columns


def _by_barycentre(columns: list[list[str]], links: Sequence[Link]) -> list[list[str]]:
    """A few sweeps: each box to the middle of those it is linked with."""
    near: dict[str, list[str]] = defaultdict(list)
    for link in links:
        if link.source != link.target:
            near[link.source].append(link.target)
            near[link.target].append(link.source)
    for _ in range(4):
        for column in columns:
            place = {name: index / max(len(other), 1) for other in columns for index, name in enumerate(other)}
            middle = {
                name: sum(place[other] for other in near[name]) / len(near[name]) if near[name] else place[name]
                for name in column
            }
            column.sort(key=lambda name: (middle[name], name))
    return columns


class _Search:
    """Moves and swaps of boxes, as long as one makes the picture better."""

    def __init__(self, heights: dict[str, int], links: Sequence[Link]) -> None:
        self.heights = heights
        self.links = links

    def cost(self, columns: list[list[str]], height: int = _HEIGHT) -> int:
        tops: dict[str, int] = {}
        where: dict[str, int] = {}
        highest = 0
        for number, column in enumerate(columns):
            edge = 0
            for name in column:
                tops[name], where[name] = edge, number
                edge += self.heights[name] + GAP
            highest = max(highest, edge)
        total = highest * height
        for link in self.links:
            total += abs(tops[link.source] + HEAD + ROW * link.row - tops[link.target])
            distance = where[link.source] - where[link.target]
            if distance == 0:
                total += _BESIDE
            elif distance < 0:
                total += _BACKWARDS
            total += _PASS * max(0, abs(distance) - 1)
        return total

    def improved(self, columns: list[list[str]]) -> list[list[str]]:
        best = self.cost(columns)
        while True:
            found = min(((self.cost(other), other) for other in self._neighbours(columns)), default=(best, columns))
            if found[0] >= best:
                return columns
            best, columns = found

    def _neighbours(self, columns: list[list[str]]) -> Iterable[list[list[str]]]:
        names = [(number, index) for number, column in enumerate(columns) for index in range(len(column))]
        for number, index in names:
            rest = [list(column) for column in columns]
            name = rest[number].pop(index)
            for other, column in enumerate(rest):
                for place in range(len(column) + 1):
                    if (other, place) != (number, index):
                        yield [[*c[:place], name, *c[place:]] if n == other else c for n, c in enumerate(rest)]
        for first, (number, index) in enumerate(names):
            for other, place in names[first + 1 :]:
                swapped = [list(column) for column in columns]
                swapped[number][index], swapped[other][place] = swapped[other][place], swapped[number][index]
                yield swapped
