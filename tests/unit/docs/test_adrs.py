"""Decisions are numbered without gaps, each has the same head, and the index names all of them."""

from __future__ import annotations

import re

import pytest

from tests.unit.docs import pages

FOLDER, INDEX = "docs/adr", "docs/adr/README.md"
NEVER_USED = (38, 39)
"""Numbers that the index says were never taken."""
_NAME = re.compile(r"^docs/adr/(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md$")
_ROW = re.compile(r"^(\d+)\. \[(.+)\]\((.+)\)$", re.MULTILINE)


def adrs() -> list[str]:
    return [page for page in pages.pages() if page.startswith(f"{FOLDER}/") and page != INDEX]


def number(page: str) -> int:
    found = _NAME.match(page)
    assert found, f"{page}: a decision is called NNNN-words-of-its-title.md"
    return int(found[1])


def title(page: str) -> str:
    return pages.read(page).split("\n")[0].removeprefix(f"# {number(page)}. ")


def test_they_are_numbered_without_gaps_but_those_stated() -> None:
    numbers = [number(page) for page in adrs()]
    assert numbers == [n for n in range(1, max(numbers) + 1) if n not in NEVER_USED]


@pytest.mark.parametrize("page", adrs())
def test_each_says_what_was_decided_and_why_in_this_order(page: str) -> None:
    lines = pages.read(page).split("\n")
    assert lines[0].startswith(f"# {number(page)}. ") and not lines[0].endswith(".")
    assert lines[1] == ""
    heads = re.findall(r"^\*\*([^*\n]+?)\.?\*\*", pages.read(page), re.MULTILINE)
    assert heads[:2] == ["Decision", "Why"]
    assert not [line for line in lines[1:] if line.startswith("#")], "a decision has no headings but its own"


def test_the_index_names_all_of_them_with_their_titles() -> None:
    shown = [(int(n), words, target) for n, words, target in _ROW.findall(pages.read(INDEX))]
    assert shown == [(number(page), title(page), page.removeprefix(f"{FOLDER}/")) for page in adrs()]


def test_the_index_states_the_gaps() -> None:
    for each in NEVER_USED:
        assert f"{each}" in pages.read(INDEX).split("\n## ")[0].split("1. [")[0]
