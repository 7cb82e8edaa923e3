"""Texts that fit into what GitHub takes, and the marks by which they are found again. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

LIMIT = 65_536
"""Characters that the body of a comment, an issue or a pull request may have; GitHub answers 422 to more."""

NAME = re.compile(r"[a-z][a-z0-9:-]{0,63}")
"""What a mark may be called: nothing that could end the HTML comment it stands in."""

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
DIGEST = re.compile(r"<!-- postgres-estate:content:([0-9a-f]{64}) -->")


def marker(name: str) -> str:
    """The first line of a text that is ours: an HTML comment, which GitHub does not show."""
    return f"<!-- postgres-estate:{name} -->"


def content_mark(text: str) -> str:
    """A hidden line that tells whether two texts say the same, whatever stands around them."""
    return f"<!-- postgres-estate:content:{hashlib.sha256(text.encode()).hexdigest()} -->"


def content_of(body: str) -> str | None:
    """The digest in a body that has a content mark."""
    found = DIGEST.search(body)
    return found[1] if found else None


def length(text: str) -> int:
    """Its characters as UTF-16 counts them: never fewer than GitHub counts, whichever way that is."""
    return len(text.encode("utf-16-le")) // 2


def fenced(text: str) -> str:
    """The text as it is: a code block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text.strip(chr(10))}\n{fence}"


def fit(head: str, sections: Sequence[str], foot: str, where: str, limit: int = LIMIT) -> str:
    """One text of at most `limit` characters. What is too long is cut between lines and says `where` the rest is.

    Sections that need less than their share leave the rest to the others.
    """
    frame = length("\n\n".join([head, *([""] * len(sections)), foot]))
    shares = _shares([length(section) for section in sections], limit - frame)
    parts = [cut(section, share, where) for section, share in zip(sections, shares, strict=True)]
    return "\n\n".join([head, *parts, foot])


def _shares(lengths: Sequence[int], room: int) -> list[int]:
    shares = [0] * len(lengths)
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    for place, index in enumerate(order):
        fair = room // (len(lengths) - place)
        shares[index] = min(lengths[index], fair)
        room -= shares[index]
    return shares


def cut(text: str, limit: int, where: str) -> str:
    """As many whole lines as fit, what they leave open closed, and how many lines are left out; or the text itself."""
    if length(text) <= limit:
        return text
    lines = text.split("\n")
    kept, used = 0, 0
    while kept < len(lines):
        note = _ending(lines[: kept + 1], len(lines) - kept - 1, where)
        size = used + length(lines[kept]) + 1
        if size + length(note) > limit:
            break
        used, kept = size, kept + 1
    return "\n".join([*lines[:kept], _ending(lines[:kept], len(lines) - kept, where)])


def _ending(lines: Sequence[str], left: int, where: str) -> str:
    """Closes a code block and folded parts, and says what is missing."""
    fence: str | None = None
    folded = 0
    for line in lines:
        found = FENCE.match(line)
        if fence is not None:
            if found and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
        elif found:
            fence = found[1]
        else:
            folded += line.count("<details") - line.count("</details>")
    # An empty line before the tag: without one GitHub takes it for a row of the table before it.
    closing = [*([fence] if fence else []), *["", "</details>"] * max(0, folded)]
    return "\n".join([*closing, "", f"**{left} more lines: {where}**"])
