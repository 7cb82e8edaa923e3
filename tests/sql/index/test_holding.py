"""What holds an index to its design finds what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sql.index import holding, written
from tests.sql.index.page import Page, parse

_HEAD = "## RDS parameters\n\n| in the design | became | today | where | why |\n|---|---|---|---|---|\n"
_CODE = "[parameters.py](../infra/parameters.py)"
_DECISION = "[0040](adr/0040-settings-in-the-unit-that-the-server-reads.md)"


def _page(line: str) -> Page:
    return parse(f"{_HEAD}{line}\n")


@pytest.mark.parametrize(
    ("line", "undecided"),
    [
        (f"| `a = 5` | kept | `5` | {_CODE} | – |", False),
        (f"| `a = 5` | changed | `6` | {_CODE} | x |", True),
        (f"| `a = 5` | changed | `6` | {_CODE}, {_DECISION} | x |", False),
        (f"| `a = 5` | moved | prod resource `x.Y z b = 5` | {_CODE} | x |", False),
        (f"| `a = 5` | moved | prod resource `x.Y z b = 50` | {_CODE} | x |", True),
        (f"| `a = 5` | moved | dev resource `x.Y z b = 5` | {_CODE} | x |", True),
        (f"| `a: 5 and 1,000` | moved | prod resource `x.Y z b = 5` | {_CODE} | x |", True),
        (f"| `a: 5 and 1,000` | moved | prod setting `b = 5`, prod setting `c = 1000` | {_CODE} | x |", False),
        (f"| `a: db.r6g.large` | moved | prod primary `b = db.r6g.xlarge` | {_CODE} | x |", True),
        (f"| `a: on` | moved | function `f()` | {_CODE} | x |", True),
        ("| `a = 5` | dropped | – | – | x |", True),
        (f"| `a = 5` | dropped | – | {_DECISION} | x |", False),
        ("| `a = 5` | to come | – | – | x |", True),
    ],
)
def test_what_is_neither_in_the_graph_nor_decided_is_found(line: str, undecided: bool) -> None:
    assert bool(holding.undecided(_page(line))) == undecided


@pytest.mark.parametrize(
    ("name", "unspoken"),
    [("work_mem = 16384", False), ("temp_buffers = 16384", True), ("work_mem = 7", False), ("mem = 16384", True)],
)
def test_a_decision_that_speaks_of_something_else_is_found(name: str, unspoken: bool) -> None:
    assert bool(holding.unspoken(_page(f"| `{name}` | changed | `1` | {_CODE}, {_DECISION} | x |"))) == unspoken


@pytest.mark.parametrize(("name", "unspoken"), [("Disk: 400 GiB", False), ("Disk: 4 GiB", True), ("Disk: huge", True)])
def test_a_sentence_is_spoken_of_by_its_numbers(name: str, unspoken: bool) -> None:
    text = _HEAD.replace("RDS parameters", "Sizing estimates") + f"| `{name}` | dropped | – | {_DECISION} | x |\n"
    assert bool(holding.unspoken(parse(text))) == unspoken


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Daily at 2 AM UTC", ["2"]),
        ("02:00-03:00", ["2", "0", "0"]),
        ("1 MB (60 seconds @ 128kbps)", ["1", "60", "128"]),
        ("1.4 TB, ~100 GB, 10,000+", ["1.4", "100", "10000"]),
        ("db.r6g.2xlarge for production", ["db.r6g.2xlarge"]),
        ("production_ro_1 = $1, sg-0123", []),
    ],
)
def test_numbers_are_read_as_a_reader_reads_them(text: str, found: list[str]) -> None:
    assert written.figures(text) == found


@pytest.mark.parametrize("line", ["locals", "a: 5", "a 5"])
def test_a_line_of_terraform_that_is_none_is_an_error(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tf"
    path.write_text(f'resource "a" "b" {{\n  {line}\n}}\n', encoding="utf-8")
    with pytest.raises(written.Unread, match=r"x\.tf"):
        list(written.terraform(path))


def test_a_metric_in_another_form_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("- RPO: 5 minutes\n", encoding="utf-8")
    with pytest.raises(written.Unread, match="RPO"):
        list(written.metrics(path))
