"""Pictures of boxes and arrows with set places: what stands where is the drawer's word, whether it fits is measured.

`faults` finds what an eye would: words that leave their box, boxes on each other, an arrow through a box. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from drawing.palette import EDGE, INK, PAPER, SANS, SOFT, Tone
from drawing.routing import Point
from drawing.svg import path, text

WIDTH = 880
"""What a page's column on GitHub shows at its own size (838 pixels, July 2026), nearly: 13 pixels stay readable."""

HEADING, TITLE, WORDS = 19, 13, 12
LINE = 17
_PAD = 10
_TOP = 21  # from a box's upper side to its title's base line
# Width of a letter, in its size, in DejaVu Sans: of the fonts that a reader may have the widest.
_EM = 0.58
_BOLD = 0.66
_ARROW = "#475569"
_TITLE = 34  # of a picture: its heading's base line

STYLE = f"""\
text{{font-family:{SANS};font-size:{WORDS}px;fill:{INK}}}
.h{{font-size:{HEADING}px;font-weight:700}}
.t{{font-size:{TITLE}px;font-weight:600}}
.q{{fill:{SOFT}}}
.m{{text-anchor:middle}}
.a{{fill:none;stroke:{_ARROW};stroke-width:1.6}}"""

_MARKER = (
    '<marker id="to" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    f'<path d="M0 0L10 5L0 10z" fill="{_ARROW}"/></marker>'
)


@dataclass(frozen=True, slots=True)
class Box:
    """A thing: its title, and lines about it. The height is that of the lines, unless it is given."""

    x: int
    y: int
    width: int
    title: str
    lines: tuple[str, ...] = ()
    tone: Tone | None = None
    least: int = 0

    @property
    def height(self) -> int:
        """At least its lines' own."""
        return max(self.least, _TOP + len(self.lines) * LINE + 12)

    def left(self, at: float = 0.5) -> Point:
        """A point of the left side, as a share of its height from above; the others are the same."""
        return self.x, self.y + round(self.height * at)

    def right(self, at: float = 0.5) -> Point:
        """Of the right side."""
        return self.x + self.width, self.y + round(self.height * at)

    def top(self, at: float = 0.5) -> Point:
        """Of the upper side, as a share of its width from the left."""
        return self.x + round(self.width * at), self.y

    def bottom(self, at: float = 0.5) -> Point:
        """Of the lower side."""
        return self.x + round(self.width * at), self.y + self.height


@dataclass(frozen=True, slots=True)
class Frame:
    """A ground on which boxes stand, with its name in the upper left corner."""

    x: int
    y: int
    width: int
    height: int
    title: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from its first point to its last; its words stand at their own place. Dashed: after trouble."""

    points: tuple[Point, ...]
    words: tuple[str, ...] = ()
    at: Point = (0, 0)
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Words without a box."""

    x: int
    y: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything, from (0, 0)."""

    title: str
    about: str
    width: int
    height: int
    frames: tuple[Frame, ...] = ()
    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    notes: tuple[Note, ...] = ()


def room(words: str, size: int = WORDS, *, bold: bool = False) -> int:
    """Pixels that words take at most; the reader's font is not known."""
    return math.ceil(len(words) * size * (_BOLD if bold else _EM))


def wrapped(words: Sequence[str], width: int, glue: str = ", ") -> tuple[str, ...]:
    """Words in lines for a box of this width."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{glue}{word}" if lines else word
        if lines and room(longer) <= width - 2 * _PAD:
            lines[-1] = longer
        else:
            if lines:
                lines[-1] += glue.rstrip()
            lines.append(word)
    return tuple(lines)


def render(picture: Picture) -> str:
    """The picture as an SVG."""
    width, height = picture.width, picture.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img">',
        f"<title>{_plain(picture.title)}</title>",
        f"<desc>{_plain(picture.about)}</desc>",
        f"<style>{STYLE}</style>",
        f"<defs>{_MARKER}</defs>",
        # A ground of its own: a page may be dark.
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="12" fill="{PAPER}" stroke="{EDGE}"/>',
        text(20, _TITLE, picture.title, "h"),
        *(_frame(frame) for frame in picture.frames),
        *(_arrow(arrow) for arrow in picture.arrows),
        *(_box(box) for box in picture.boxes),
        *(_lines(note.x, note.y, note.lines) for note in picture.notes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;")


def _frame(frame: Frame) -> str:
    return (
        f'<rect x="{frame.x}" y="{frame.y}" width="{frame.width}" height="{frame.height}" rx="10"'
        f' fill="{frame.tone.frame}" stroke="{frame.tone.border}"/>'
        + text(frame.x + 12, frame.y + 20, frame.title, "t", more=f' style="fill:{frame.tone.title}"')
    )


def _box(box: Box) -> str:
    tone = box.tone
    fill, edge, title = (tone.header, tone.border, tone.title) if tone else (PAPER, "#94a3b8", INK)
    middle = box.x + box.width // 2
    parts = [
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="7" fill="{fill}"'
        f' stroke="{edge}"/>',
        text(middle, box.y + _TOP, box.title, "t m", more=f' style="fill:{title}"'),
        *(text(middle, box.y + _TOP + LINE * row, line, "m") for row, line in enumerate(box.lines, start=1)),
    ]
    return "".join(parts)


def _arrow(arrow: Arrow) -> str:
    style = ' stroke-dasharray="5 3"' if arrow.dashed else ""
    drawn = f'<path class="a"{style} marker-end="url(#to)" d="{path(arrow.points)}"/>'
    return drawn + _lines(*arrow.at, arrow.words)


def _lines(x: int, y: int, lines: Sequence[str]) -> str:
    return "".join(text(x, y + LINE * row, line, "q") for row, line in enumerate(lines))


@dataclass(frozen=True, slots=True)
class _Area:
    """A rectangle, and what it is called in a message."""

    name: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Area) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: _Area) -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


def faults(picture: Picture) -> list[str]:
    """What would look wrong, a sentence each: words that do not fit, things on each other, arrows through things."""
    paper = _Area("the picture", 0, 0, picture.width, picture.height)
    boxes = [_Area(f"box {box.title!r}", *_corners(box)) for box in picture.boxes]
    frames = [_Area(f"frame {frame.title!r}", *_corners(frame)) for frame in picture.frames]
    words = [*_words(picture)]
    found = [f"{area.name} leaves {paper.name}" for area in [*boxes, *frames, *words] if not paper.holds(area)]
    for box in picture.boxes:
        widest = max(room(box.title, TITLE, bold=True), *(room(line) for line in box.lines), 0)
        if widest > box.width - 2 * _PAD + 4:
            found.append(f"the words of box {box.title!r} need {widest} pixels of {box.width - 2 * _PAD + 4}")
    found += [f"{one.name} is on {other.name}" for one, other in combinations(boxes, 2) if one.meets(other)]
    found += [f"{one.name} is half in {other.name}" for one in boxes for other in frames if _half(one, other)]
    found += [f"{one.name} is half in {other.name}" for one, other in combinations(frames, 2) if _half(one, other)]
    found += [f"{one.name} are on {other.name}" for one in words for other in boxes if one.meets(other)]
    found += [f"{one.name} are half in {other.name}" for one in words for other in frames if _half(one, other)]
    found += [f"{one.name} are on {other.name}" for one, other in combinations(words, 2) if one.meets(other)]
    for arrow in picture.arrows:
        pairs = pairwise(arrow.points)
        found += [f"a slanting line from {a} to {b}" for a, b in pairs if a[0] != b[0] and a[1] != b[1]]
        for area in _segments(arrow):
            found += [f"{area.name} goes through {box.name}" for box in boxes if area.meets(box)]
            found += [f"{area.name} goes through {said.name}" for said in words if area.meets(said)]
    return found


def _corners(box: Box | Frame) -> tuple[int, int, int, int]:
    return box.x, box.y, box.x + box.width, box.y + box.height


def _half(one: _Area, other: _Area) -> bool:
    return one.meets(other) and not other.holds(one) and not one.holds(other)


def _words(picture: Picture) -> Iterator[_Area]:
    """Words that stand on the ground: of arrows, notes, frames and the picture itself."""
    yield _area(20, _TITLE, picture.title, HEADING, bold=True)
    for frame in picture.frames:
        yield _area(frame.x + 12, frame.y + 20, frame.title, TITLE, bold=True)
    for arrow in picture.arrows:
        for row, line in enumerate(arrow.words):
            yield _area(arrow.at[0], arrow.at[1] + LINE * row, line, WORDS)
    for note in picture.notes:
        for row, line in enumerate(note.lines):
            yield _area(note.x, note.y + LINE * row, line, WORDS)


def _area(x: int, base: int, words: str, size: int, *, bold: bool = False) -> _Area:
    return _Area(f"the words {words!r}", x, base - size * 0.75, x + room(words, size, bold=bold), base + size * 0.25)


def _segments(arrow: Arrow) -> Iterator[_Area]:
    """The parts of an arrow without its two ends, which touch the boxes that it joins."""
    name = f"the arrow from {arrow.points[0]} to {arrow.points[-1]}"
    for (x1, y1), (x2, y2) in pairwise(arrow.points):
        yield _Area(name, min(x1, x2) + 0.5, min(y1, y2) + 0.5, max(x1, x2) - 0.5, max(y1, y2) - 0.5)
