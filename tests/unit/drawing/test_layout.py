"""What holds for every arrangement of boxes and lines, whatever tables and keys there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drawing.layout import ROW, Box, Link, arrange, ranks, stack
from drawing.page import Frame, Page, compose
from drawing.routing import Placed, Point, Routed, route

Schema = tuple[list[Box], list[Link]]
Segment = tuple[Point, Point]


@st.composite
def schemas(draw: st.DrawFn, prefix: str = "", most: int = 9) -> Schema:
    """Boxes, and lines between any of them, circles and loops included; at most two lines leave a row."""
    sizes = draw(st.lists(st.tuples(st.integers(40, 400), st.integers(1, 20)), min_size=1, max_size=most))
    boxes = [Box(f"{prefix}{index}", width, rows) for index, (width, rows) in enumerate(sizes)]
    links: list[Link] = []
    for box in draw(st.lists(st.sampled_from(boxes), max_size=12)):
        row = draw(st.integers(0, box.rows - 1))
        link = Link(box.name, row, draw(st.sampled_from(boxes)).name)
        if sum(other.source == box.name and other.row == row for other in links) < 2:
            links.append(link)
    return boxes, links


def routed(schema: Schema, columns: int) -> Routed:
    boxes, links = schema
    return route(boxes, links, stack(boxes, links, arrange(boxes, links, columns)))


def overlap(one: Placed, other: Placed) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def enters(segment: Segment, box: Placed) -> bool:
    """Whether a segment has a point inside the box; its sides are not inside."""
    (x1, x2), (y1, y2) = (sorted(pair) for pair in zip(*segment, strict=True))
    return x1 < box.x + box.width and x2 > box.x and y1 < box.y + box.height and y2 > box.y


def segments(shown: Routed) -> Iterator[tuple[str, Segment]]:
    for wire in shown.wires:
        yield from ((wire.link.target, segment) for segment in pairwise(wire.points) if segment[0] != segment[1])


def lie_on_each_other(one: Segment, other: Segment) -> bool:
    for axis in (0, 1):
        if one[0][axis] == one[1][axis] == other[0][axis] == other[1][axis]:
            across = 1 - axis
            low, high = sorted(point[across] for point in one)
            return low < max(point[across] for point in other) and min(point[across] for point in other) < high
    return False


@given(schemas(), st.integers(1, 5))
def test_every_box_is_placed_once_and_no_two_overlap(schema: Schema, columns: int) -> None:
    shown = routed(schema, columns)
    assert sorted(box.name for box in shown.boxes) == sorted(box.name for box in schema[0])
    assert not [pair for pair in combinations(shown.boxes, 2) if overlap(*pair)]


@given(schemas(), st.integers(1, 5))
def test_every_line_begins_at_its_row_and_ends_at_its_target(schema: Schema, columns: int) -> None:
    shown = routed(schema, columns)
    boxes = {box.name: box for box in shown.boxes}
    heights = {box.name: box for box in schema[0]}
    assert sorted(map(repr, (wire.link for wire in shown.wires))) == sorted(map(repr, schema[1]))
    for wire in shown.wires:
        source, target = boxes[wire.link.source], boxes[wire.link.target]
        (x, y), (end_x, end_y) = wire.points[0], wire.points[-1]
        assert x in (source.x, source.x + source.width)
        top = source.y + source.height - 4 - ROW * (heights[source.name].rows - wire.link.row)
        assert top < y < top + ROW
        assert end_x in (target.x, target.x + target.width)
        assert target.y < end_y < target.y + 24


@given(schemas(), st.integers(1, 5))
def test_no_line_crosses_the_inside_of_a_box(schema: Schema, columns: int) -> None:
    shown = routed(schema, columns)
    assert not [(segment, box) for _, segment in segments(shown) for box in shown.boxes if enters(segment, box)]


@given(schemas(), st.integers(1, 5))
def test_every_line_is_orthogonal_and_everything_is_inside_the_frame(schema: Schema, columns: int) -> None:
    shown = routed(schema, columns)
    for _, (one, other) in segments(shown):
        assert one[0] == other[0] or one[1] == other[1]
        assert all(0 <= x <= shown.width and 0 <= y <= shown.height for x, y in (one, other))
    for box in shown.boxes:
        assert box.x >= 0 and box.x + box.width <= shown.width
        assert box.y >= 0 and box.y + box.height <= shown.height


@given(schemas(), st.integers(1, 5))
def test_lines_to_different_boxes_never_lie_on_each_other(schema: Schema, columns: int) -> None:
    drawn = sorted(set(segments(routed(schema, columns))))
    for (target, one), (other_target, other) in combinations(drawn, 2):
        assert target == other_target or not lie_on_each_other(one, other)


@given(schemas(), st.integers(1, 5))
def test_the_order_of_keys_changes_no_place(schema: Schema, columns: int) -> None:
    boxes, links = schema
    assert arrange(boxes, links[::-1], columns) == arrange(boxes, links, columns)


def test_a_box_stands_one_further_than_what_it_refers_to_and_a_circle_ends_somewhere() -> None:
    links = [Link("c", 0, "b"), Link("b", 0, "a"), Link("a", 0, "c"), Link("d", 0, "d")]
    assert ranks(["c", "b", "a", "d"], links) == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_a_chain_reads_from_left_to_right() -> None:
    boxes = [Box(name, 100, 10) for name in ("a", "b", "c")]
    links = [Link("b", 1, "a"), Link("c", 1, "b")]
    assert arrange(boxes, links, 3) == (("a",), ("b",), ("c",))


def inside(frame: Frame, page: Page) -> bool:
    boxes = all(
        frame.x <= box.x
        and box.x + box.width <= frame.x + frame.width
        and frame.y <= box.y
        and box.y + box.height <= frame.y + frame.height
        for box in frame.boxes
    )
    return (
        boxes
        and frame.x >= 0 <= frame.y
        and frame.x + frame.width <= page.width
        and (frame.y + frame.height <= page.height)
    )


@settings(max_examples=30)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.data())
def test_frames_hold_their_boxes_and_do_not_overlap(numbers: list[int], data: st.DataObject) -> None:
    given_schemas = {
        f"s{index}": data.draw(schemas(f"s{index}.", number)) if number else ([], [])
        for index, number in enumerate(numbers)
    }
    page = compose(given_schemas)
    assert [frame.schema for frame in page.frames] == [name for name, (boxes, _) in given_schemas.items() if boxes]
    outlines = [Placed(frame.schema, frame.x, frame.y, frame.width, frame.height) for frame in page.frames]
    assert not [pair for pair in combinations(outlines, 2) if overlap(*pair)]
    assert all(inside(frame, page) for frame in page.frames)
