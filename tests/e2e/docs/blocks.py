"""The shell blocks of all pages that are marked to be run, in the order in which they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from tests.unit.docs import pages
from tests.unit.docs.pages import BadMark, Block, Run

FIRST = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
"""Read in this order; then the other pages by name."""


@dataclass(frozen=True, slots=True)
class Example:
    """A block, what is said of it, and what it should print; None where the page does not show that."""

    block: Block
    run: Run
    prints: str | None


def of_page(page: str) -> list[Example]:
    """The marked blocks of one page, in its order."""
    found: list[Example] = []
    blocks = pages.blocks(page, pages.read(page))
    for block, after in zip_longest(blocks, blocks[1:]):
        if block.language != pages.SHELL:
            continue
        try:
            run = pages.parse_mark(block.mark)
        except BadMark:
            continue  # tests/unit/docs says so
        if isinstance(run, Run):
            shown = after.text if after is not None and after.mark == "prints" else None
            found.append(Example(block, run, shown))
    return found


def all_of_them() -> list[Example]:
    """Those that need less come first; among equals a page's order stays."""
    order = [*FIRST, *(page for page in pages.pages() if page not in FIRST)]
    found = [example for page in order for example in of_page(page)]
    return sorted(found, key=lambda example: pages.NEEDS.index(example.run.needs))
