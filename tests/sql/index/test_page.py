"""A row that says something else than its writer meant is found while the page is read."""

from __future__ import annotations

import pytest

from tests.sql.index.page import Item, PageError, parse

_HEAD = "## Indexes\n\n| in the design | became | today | where | why |\n|---|---|---|---|---|\n"
_FILE = "[0002](../sql/platform/migrations/0002_auth.sql)"
_DECISION = "[0001](adr/0001-a-service-is-a-row-and-a-folder.md)"


def _row(line: str) -> str:
    return f"{_HEAD}{line}\n"


def test_a_row_is_read_as_it_stands() -> None:
    (row,) = parse(
        _row(f"| `a` | replaced | index `b`, function `f(uuid, text)`, `c` | {_FILE} | *old* and x |")
    ).rows()
    assert (row.section, row.name, row.fate) == ("Indexes", "a", "replaced")
    assert row.today == (Item("index", "b"), Item("function", "f(uuid, text)"), Item("", "c"))
    assert [path.name for path in row.files] == ["0002_auth.sql"]
    assert row.reasons == {"old"}


def test_a_decision_is_no_file_in_which_a_thing_is() -> None:
    dropped, changed = parse(
        _row(f"| `a` | dropped | – | {_DECISION} | x |\n| `b` | changed | `c` | {_FILE}, {_DECISION} | x |")
    ).rows()
    assert (dropped.files, [path.name for path in dropped.decisions]) == (
        (),
        ["0001-a-service-is-a-row-and-a-folder.md"],
    )
    assert [path.name for path in changed.files] == ["0002_auth.sql"]
    assert changed.decisions == dropped.decisions


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("| `a` | kept | – | – |", "4 cells"),
        ("| `a` | kept | – | – | – | – |", "6 cells"),
        ("| `a` | kept | – | – | –", "begins and ends with a bar"),
        ("|`a` | kept | – | – | – |", "blanks around"),
        ("| a | kept | – | – | – |", "one name in backticks"),
        ("| `a` `b` | kept | – | – | – |", "one name in backticks"),
        ("| `a` | gone | – | – | x |", "none of kept, changed"),
        ("| `a` | Kept | – | – | – |", "none of kept, changed"),
        ("| `a` | kept | – | – | x |", "every row that is not kept"),
        ("| `a` | dropped | – | – | – |", "every row that is not kept"),
        ("| `a` | dropped | `b` | – | x |", "nowhere today"),
        (f"| `a` | dropped | – | {_FILE} | x |", "in no file"),
        (f"| `a` | changed | `b` | {_DECISION}, {_FILE} | x |", "after the files"),
        ("| `a` | to come | `b` | – | x |", "nowhere today"),
        ("| `a` | moved | – | – | x |", "somewhere today"),
        ("| `a` | renamed | – | – | x |", "somewhere today"),
        ("| `a` | replaced | – | – | x |", "somewhere today"),
        ("| `a` | changed | b | – | x |", "in backticks, each after its kind"),
        ("| `a` | changed | `b` `c` | – | x |", "in backticks, each after its kind"),
        ("| `a` | changed | `b`; `c` | – | x |", "in backticks, each after its kind"),
        ("| `a` | changed | `b` | 0002_auth.sql | x |", "lists links"),
        ("| `a` | changed | `b` | [0002](../sql/platform/migrations/0002_nothing.sql) | x |", "there is no file"),
        ("| `a` | changed | `b` | [0003](../sql/platform/migrations/0002_auth.sql) | x |", "leads to 0002_auth"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error(line: str, complaint: str) -> None:
    with pytest.raises(PageError, match=complaint):
        parse(_row(line))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("| `a` | kept | – | – | – |\n", "before the first section"),
        ("## Indexes\n\nNothing.\n", "no table"),
        (_HEAD, "without a row"),
        (_HEAD.replace("today", "now") + "| `a` | kept | – | – | – |\n", "has the columns"),
        (_HEAD.replace("|---|---|---|---|---|", "|---|---|"), "without a row|second line"),
        (_HEAD + "| `a` | kept | – | – | – |\n\n| `b` | kept | – | – | – |\n", "broken by another line"),
        (_row("| `a` | kept | – | – | – |") + _row("| `b` | kept | – | – | – |"), "twice"),
    ],
)
def test_a_section_is_one_whole_table(text: str, complaint: str) -> None:
    with pytest.raises(PageError, match=complaint):
        parse(text)
