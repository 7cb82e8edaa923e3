"""How CloudWatch Logs matches a line of plain text: the part of its pattern language that the estate uses.

Terms and quoted phrases side by side must all be in the line, case-sensitively and anywhere; those behind `?` are
alternatives, of which one must be; those behind `-` must not be. (CloudWatch Logs User Guide, "Filter pattern syntax
for metric filters", unstructured log events.) What it cannot prove is that CloudWatch does as its guide says.
"""

from __future__ import annotations

import re

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_]+))(?=\s|$)')


class BadPattern(Exception):
    """The pattern is not in this part of the language."""


def matches(pattern: str, line: str) -> bool:
    """Whether a metric filter with this pattern counts the line."""
    wanted: list[str] = []
    alternatives: list[str] = []
    unwanted: list[str] = []
    position = 0
    while position < len(pattern):
        found = _TERM.match(pattern, position)
        if found is None:
            raise BadPattern(f"cannot read {pattern[position:]!r}")
        mark, phrase, word = found.groups()
        {"": wanted, "?": alternatives, "-": unwanted}[mark].append(word if phrase is None else phrase)
        position = found.end()
    if wanted and alternatives:
        # CloudWatch then ignores what must be there: a pattern that reads otherwise than it works.
        raise BadPattern("terms and alternatives in one pattern")
    return (
        all(term in line for term in wanted)
        and (not alternatives or any(term in line for term in alternatives))
        and not any(term in line for term in unwanted)
    )
