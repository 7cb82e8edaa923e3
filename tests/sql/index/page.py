"""The index of the design's objects, read strictly: a row that cannot be read is an error, never skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
DOCS = REPOSITORY / "docs"

# What a row may say, and whether it then names something that is there today, and needs a reason.
FATES = ("kept", "changed", "moved", "renamed", "replaced", "dropped", "to come")
_HEADER = ["in the design", "became", "today", "where", "why"]
_REASONS = "Reasons that return"
_NOTHING = "–"
_DECISIONS = "adr"  # their folder


class PageError(ValueError):
    """The page cannot be read; the message names the line and what was expected there."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the column `today`: what kind of thing (empty: the section's), and its name or value."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one object of the design."""

    line: int
    section: str
    name: str
    fate: str
    today: tuple[Item, ...]
    files: tuple[Path, ...]
    decisions: tuple[Path, ...]
    """The decisions that say why it is otherwise; they stand in the column `where`, after the files."""
    why: str

    @property
    def reasons(self) -> set[str]:
        """The reasons of the common list that this row names."""
        return set(re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", self.why))

    def __str__(self) -> str:
        return f"line {self.line}, {self.name}"


@dataclass(frozen=True, slots=True)
class Page:
    """The rows by section, and the common reasons."""

    sections: dict[str, tuple[Row, ...]]
    reasons: dict[str, str]

    def of(self, section: str) -> tuple[Row, ...]:
        return self.sections[section]

    def rows(self) -> Iterator[Row]:
        for rows in self.sections.values():
            yield from rows


def _cells(line: str, number: int) -> list[str]:
    """The cells of a table's line; a bar inside code would end a cell in Markdown, too."""
    if not re.fullmatch(r"\|( .* \|)+", line):
        raise PageError(f"line {number}: a row begins and ends with a bar and has blanks around each cell: {line}")
    return [cell.strip() for cell in line[1:-1].split("|")]


def _name(cell: str, number: int) -> str:
    found = re.fullmatch(r"`([^`]+)`", cell)
    if found is None:
        raise PageError(f"line {number}: the first cell is one name in backticks, not {cell}")
    return found[1]


def _today(cell: str, number: int) -> tuple[Item, ...]:
    if cell == _NOTHING:
        return ()
    items = []
    for part in re.split(r", (?=[a-z ]*`)", cell):
        found = re.fullmatch(r"(?:([a-z][a-z ]*) )?`([^`]+)`", part)
        if found is None:
            raise PageError(f"line {number}: `today` lists names in backticks, each after its kind or not, not {part}")
        items.append(Item(found[1] or "", found[2]))
    return tuple(items)


def _files(cell: str, number: int) -> tuple[Path, ...]:
    if cell == _NOTHING:
        return ()
    files = []
    for part in cell.split(", "):
        found = re.fullmatch(r"\[([^\]]+)\]\(([^)]+)\)", part)
        if found is None:
            raise PageError(f"line {number}: `where` lists links, not {part}")
        # Not resolved: some migrations are links to shared files, and the index names them where they are run.
        path = Path(*(DOCS / found[2]).parts)
        if not path.is_file():
            raise PageError(f"line {number}: there is no file {found[2]}")
        if not path.name.startswith(found[1]):
            raise PageError(f"line {number}: the link {found[1]} leads to {path.name}")
        files.append(path)
    return tuple(files)


def _row(section: str, line: str, number: int) -> Row:
    cells = _cells(line, number)
    if len(cells) != len(_HEADER):
        raise PageError(f"line {number}: {len(cells)} cells instead of {len(_HEADER)}: {line}")
    name, fate, today, where, why = cells
    if fate not in FATES:
        raise PageError(f"line {number}: `{fate}` is none of {', '.join(FATES)}")
    if (fate == "kept") != (why == _NOTHING):
        raise PageError(f"line {number}: a reason stands in every row that is not kept, and in no other")
    items = _today(today, number)
    if fate in ("dropped", "to come") and items:
        raise PageError(f"line {number}: what is {fate} is nowhere today")
    if fate in ("moved", "renamed", "replaced") and not items:
        raise PageError(f"line {number}: what is {fate} is somewhere today")
    linked = _files(where, number)
    files = tuple(path for path in linked if path.parent.name != _DECISIONS)
    if fate == "dropped" and files:
        raise PageError(f"line {number}: what is dropped is in no file, though a decision may say why")
    decisions = linked[len(files) :]
    if any(path in files for path in decisions):
        raise PageError(f"line {number}: decisions stand after the files")
    return Row(number, section, _name(name, number), fate, items, files, decisions, why)


def _table(lines: list[tuple[int, str]], header: list[str]) -> list[tuple[int, str]]:
    """The rows below a table's head."""
    (number, head), (second, rule), *rows = lines
    if _cells(head, number) != header:
        raise PageError(f"line {number}: a table of this section has the columns {', '.join(header)}")
    if not re.fullmatch(r"\|(---\|)+", rule) or rule.count("---") != len(header):
        raise PageError(f"line {second}: a table's second line is |---|---| and so on")
    if not rows:
        raise PageError(f"line {second}: a table without a row")
    return rows


def parse(text: str) -> Page:
    """Every table of the page; prose may stand before it, and each section has exactly one."""
    sections: dict[str, tuple[Row, ...]] = {}
    reasons: dict[str, str] = {}
    parts: list[tuple[str, list[tuple[int, str]]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("## "):
            parts.append((line[3:], []))
        elif "|" in line:
            if not parts:
                raise PageError(f"line {number}: a table before the first section")
            parts[-1][1].append((number, line))
    for title, lines in parts:
        if len(lines) < 2:
            raise PageError(f"section {title}: no table")
        if [number for number, _ in lines] != list(range(lines[0][0], lines[0][0] + len(lines))):
            raise PageError(f"section {title}: its table is broken by another line")
        if title == _REASONS:
            for number, line in _table(lines, ["reason", "what it says"]):
                label, says = _cells(line, number)
                reasons[label] = says
            continue
        rows = tuple(_row(title, line, number) for number, line in _table(lines, _HEADER))
        if title in sections:
            raise PageError(f"section {title} stands there twice")
        sections[title] = rows
    return Page(sections, reasons)


def read(service: str) -> Page:
    """The page of a service."""
    return parse((DOCS / f"{service}_index.md").read_text(encoding="utf-8"))
