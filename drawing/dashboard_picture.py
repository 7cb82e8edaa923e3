"""A CloudWatch dashboard as a picture: its boxes where they stand, with what each shows and the lines in it.

It reads the dashboard's body and nothing else, so that it shows what CloudWatch is given. There are no curves in it:
those are the servers'. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from drawing.palette import EDGE, INK, PAPER, SANS, SOFT
from drawing.svg import text

UNIT = 44  # pixels of one of the 24 columns
STEP = 24  # pixels of one unit of height: a graph of six has room for a title and six lines
GAP, MARGIN, HEAD = 8, 18, 58
LINE, SIZE = 15, 11
_EM = 0.56  # width of a letter of a wide sans-serif font, in its size
_OF_SERVER = re.compile(r"^(primary|replica-\d+)-")
_SCALES = ((1e9, "thousand million"), (1e6, "million"))

STYLE = f"""\
text{{font-family:{SANS};font-size:{SIZE}px;fill:{INK}}}
.h{{font-size:20px;font-weight:700}}
.t{{font-size:12px;font-weight:700}}
.q{{fill:{SOFT}}}"""


def draw(title: str, body: str) -> str:
    """The picture of a dashboard's body, an SVG."""
    widgets = json.loads(body)["widgets"]
    width = 24 * UNIT + 2 * MARGIN
    height = HEAD + max(each["y"] + each["height"] for each in widgets) * STEP + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        text(MARGIN, 36, title, "h"),
        *(_box(each) for each in widgets),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(widget: Mapping[str, Any]) -> str:
    """One widget: its frame, its title, what it shows, and the lines in it."""
    x, y = MARGIN + widget["x"] * UNIT, HEAD + widget["y"] * STEP
    width, height = widget["width"] * UNIT - GAP, widget["height"] * STEP - GAP
    parts = [
        f'<g transform="translate({x} {y})">',
        f'<rect width="{width}" height="{height}" rx="5" fill="{PAPER}" stroke="{EDGE}"/>',
    ]
    title = widget["properties"].get("title")
    base = 20
    if title:
        parts.append(text(10, base, title, "t"))
        base += 18
    for row, (words, colour) in enumerate(_fitting(list(_content(widget)), (height - base) // LINE + 1)):
        at, indent = base + row * LINE, 30 if colour else 10
        if colour:
            parts.append(f'<path d="M10 {at - 4}h14" stroke="{colour}" stroke-width="2" stroke-dasharray="4 2"/>')
        parts.append(text(indent, at, _short(words, width - indent - 10), "" if colour else "q"))
    return "".join([*parts, "</g>"])


def _content(widget: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What stands in a box, line by line, each with its colour if it is a threshold."""
    properties = widget["properties"]
    room = widget["width"] * UNIT - GAP - 20
    if widget["type"] == "metric":
        unit = properties["yAxis"]["left"].get("label", "")
        for each in properties.get("annotations", {}).get("horizontal", ()):
            yield f"{each['label']} {number(each['value'], unit)}", each["color"]
        for curves in _curves(properties["metrics"]):
            yield from ((line, "") for line in _wrapped(curves.split(" "), room, " "))
    elif widget["type"] == "alarm":
        # Each kind of alarm once, though every server has its own.
        kinds = dict.fromkeys(_OF_SERVER.sub("", arn.rpartition(":")[2]) for arn in properties["alarms"])
        yield from ((line, "") for line in _wrapped(kinds, room))
    elif widget["type"] == "log":
        yield "the last twenty, from the log itself", ""
    else:
        words = properties["markdown"].replace("## ", "").replace("\n", ": ", 1).split(" ")
        yield from ((line, "") for line in _wrapped(words, room, " "))


def _curves(metrics: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The curves that are seen; those of the same kind, one for each server, in one line."""
    parts = list(dict.fromkeys(str(row[1]) for row in metrics if row[-1].get("visible") is False))
    shown: dict[str, list[str]] = {}
    for row in metrics:
        options = row[-1]
        if options.get("visible") is not False:
            # What is counted in logs has stack and service before its name.
            name = " + ".join(parts) if "expression" in options else str(row[1]).rpartition("-")[2]
            shown.setdefault(name, []).append(str(options["label"]))
    for name, labels in shown.items():
        yield name if labels == [name] else f"{name}: {', '.join(labels)}"


def _wrapped(words: Iterable[str], room: float, glue: str = ", ") -> Iterator[str]:
    """Words in lines of this many pixels."""
    line = ""
    for word in words:
        longer = f"{line}{glue}{word}" if line else word
        if line and len(longer) * SIZE * _EM > room:
            yield line + glue.strip()
            longer = word
        line = longer
    yield line


def _fitting(rows: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """As many rows as fit; what is left out is said."""
    if len(rows) <= most:
        return rows
    return [*rows[: most - 1], (f"and {len(rows) - most + 1} lines more", "")]


def _short(words: str, room: float) -> str:
    """The words, cut where they would leave the box."""
    most = math.floor(room / (SIZE * _EM))
    return words if len(words) <= most else words[: most - 1].rstrip(" ,") + "…"


def number(value: float, unit: str) -> str:
    """A threshold as people say it: bytes in GiB, times in milliseconds, counts in millions."""
    if unit.startswith("bytes"):
        gib = value / 2**30
        return (f"{gib:.3g} GiB" if gib >= 1 else f"{value / 2**20:.3g} MiB") + unit.removeprefix("bytes")
    if unit == "s" and value < 1:
        return f"{value * 1000:g} ms"
    for scale, word in _SCALES:
        if value >= scale:
            return f"{value / scale:g} {word}"
    return f"{value:g} {unit}".strip()
