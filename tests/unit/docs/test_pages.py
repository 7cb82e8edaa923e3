"""Pages are read as GitHub reads them, and each shell block says whether it is run."""

from __future__ import annotations

import pytest

from tests.unit.docs import pages
from tests.unit.docs.pages import BadMark, NotRun, Run, parse_mark


@pytest.mark.parametrize("page", pages.pages())
def test_each_shell_block_says_whether_it_is_run(page: str) -> None:
    wrong = []
    for block in pages.blocks(page, pages.read(page)):
        if block.language in pages.OTHER_SHELLS:
            wrong.append(f"{block.place}: a block in {block.language!r}: call it {pages.SHELL!r}, and mark it")
        if block.language == pages.SHELL:
            try:
                parse_mark(block.mark)
            except BadMark as error:
                wrong.append(f"{block.place}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", pages.pages())
def test_what_is_printed_follows_a_block_that_is_run(page: str) -> None:
    before = None
    for block in pages.blocks(page, pages.read(page)):
        if block.mark == "prints":
            assert block.language == "text", f"{block.place}: what a command prints is a block of text"
            assert before is not None and isinstance(parse_mark(before.mark), Run), f"{block.place}: nothing printed it"
        before = block if block.language == pages.SHELL else None


def test_marks_say_what_a_block_needs_and_how_it_ends() -> None:
    assert parse_mark("run") == Run("setup", 0)
    assert parse_mark("run: needs=up exit=3") == Run("up", 3)
    assert parse_mark("not run: needs an AWS account") == NotRun("needs an AWS account")


@pytest.mark.parametrize("mark", ["", "runs", "run:", "run: needs=aws", "run: exit=x", "run: in=clone", "not run:"])
def test_a_mark_that_says_nothing_known_is_refused(mark: str) -> None:
    with pytest.raises(BadMark, match="expected `run`"):
        parse_mark(mark)


def test_anchors_are_githubs() -> None:
    text = "# What it needs\n## 1. `dbctl deploy`, and its [plan](x.md)\n## Twice\n## Twice\n```sh\n# no heading\n```\n"
    assert pages.anchors(text) == {"what-it-needs", "1-dbctl-deploy-and-its-plan", "twice", "twice-1"}


def test_links_are_found_and_code_is_none() -> None:
    text = '[a](b.md) ![c](d.svg)\n`[e](f)`\n```\n[g](h)\n```\n[![i](j.svg)](k.md) <img src="l.svg">\n'
    assert sorted(pages.links(text)) == [(1, "b.md"), (1, "d.svg"), (6, "k.md"), (6, "l.svg")]


def test_blocks_have_their_marks_and_lines() -> None:
    text = "words\n\n<!-- run: needs=up -->\n```sh\nmake up\n```\n\n```yaml\na: b\n```\n"
    first, second = pages.blocks("p.md", text)
    assert (first.line, first.language, first.text, first.mark) == (4, "sh", "make up", "run: needs=up")
    assert (second.language, second.mark) == ("yaml", "")


def test_commands_are_taken_out_of_a_shell_text() -> None:
    shell = "A=b make up && x \\\n  --y | z > file 2>&1  # it's; no\neval \"$(dbctl local env)\"; sql 'a;\nb'\n"
    assert list(pages.commands(shell)) == [
        ["dbctl", "local", "env"],
        ["A=b", "make", "up"],
        ["x", "--y"],
        ["z"],
        ["eval", "$(dbctl local env)"],
        ["sql", "a;\nb"],
    ]
    assert pages.without_settings(["A=b", "make", "up"]) == ["make", "up"]


def test_what_was_printed_is_held_line_by_line() -> None:
    printed = "first  \n count\n-------\n     0\n(1 row)\ntook 12 ms\nlast\n"
    assert pages.matches(" count\n-------\n     0\n(1 row)", printed)
    assert pages.matches("took … ms\nlast", printed)
    assert pages.matches("first\n…\nlast", printed)
    assert pages.matches("…\n(1 row)", printed)
    assert not pages.matches("count", printed)  # not a whole line
    assert not pages.matches("first\nlast", printed)
    assert not pages.matches("took … s", printed)
    assert not pages.matches("last\n…\nfirst", printed)
