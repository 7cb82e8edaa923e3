"""Texts fit into GitHub's limit, are cut between lines, and leave nothing open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import text

TABLE = "\n".join(["| what | resource |", "|---|---|", *(f"| create | thing-{n:05} |" for n in range(5000))])


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert text.fit("head", ["one", "two"], "foot", "there") == "head\n\none\n\ntwo\n\nfoot"


def test_a_long_text_is_cut_between_lines_and_says_how_many_are_missing() -> None:
    cut = text.cut(TABLE, 1000, "see there")
    lines = cut.split("\n")
    assert len(cut) <= 1000
    kept = lines[: lines.index("")]
    assert kept == TABLE.split("\n")[: len(kept)]
    assert lines[-1] == f"**{5002 - len(kept)} more lines: see there**"


def test_a_cut_closes_what_it_leaves_open() -> None:
    folded = "<details><summary>all</summary>\n\n```text\n" + "line\n" * 500 + "```\n</details>"
    cut = text.cut(folded, 300, "see there")
    assert cut.endswith("line\n```\n\n</details>\n\n" + cut.split("\n")[-1])
    assert len(cut) <= 300


def test_a_tag_within_a_code_block_is_not_taken_for_one() -> None:
    cut = text.cut("```text\n<details>\n```\n" + "line\n" * 500, 200, "there")
    assert "</details>" not in cut


def test_a_short_section_leaves_its_share_to_the_long_one() -> None:
    written = text.fit("head", ["short", TABLE], "foot", "there")
    assert written.startswith("head\n\nshort\n\n| what | resource |")
    assert text.LIMIT - 200 < len(written) <= text.LIMIT
    assert written.endswith("more lines: there**\n\nfoot")


def test_two_long_sections_share_evenly() -> None:
    written = text.fit("head", [TABLE, TABLE], "foot", "there")
    first, second = (len(part) for part in written.split("| what | resource |")[1:])
    assert abs(first - second) < 200
    assert len(written) <= text.LIMIT


@given(st.lists(st.text(alphabet="ab`~\n<>/details🐘 ", max_size=400), max_size=4), st.integers(900, 2000))
def test_whatever_the_sections_are_the_text_is_within_the_limit(sections: list[str], limit: int) -> None:
    assert text.length(text.fit("head", sections, "foot", "there", limit)) <= limit


def test_a_character_outside_the_basic_plane_counts_twice() -> None:
    assert text.length("a🐘") == 3


@pytest.mark.parametrize(
    ("inner", "fence"), [("plain", "```"), ("```\ncode\n```", "````"), ("a `` b ````` c", "``````")]
)
def test_a_fence_is_longer_than_those_within(inner: str, fence: str) -> None:
    assert text.fenced(inner) == f"{fence}text\n{inner}\n{fence}"


@pytest.mark.parametrize("name", ["preview", "drift:prod", "a-1"])
def test_a_mark_is_an_html_comment(name: str) -> None:
    assert text.NAME.fullmatch(name)
    assert text.marker(name) == f"<!-- postgres-estate:{name} -->"


@pytest.mark.parametrize("name", ["", "Prod", "a b", "x-->", "a\n", "-a"])
def test_a_name_that_could_end_the_mark_is_none(name: str) -> None:
    assert not text.NAME.fullmatch(name)


def test_a_content_mark_tells_whether_two_texts_say_the_same() -> None:
    one, two = text.content_mark("a"), text.content_mark("b")
    assert text.content_of(f"head\n{one}\nrest") != text.content_of(two)
    assert text.content_of(f"head\n{one}\nrest") == text.content_of(one)
    assert text.content_of("none") is None
