"""The expectations, read from the tables in expected/, as cases that can be tried one by one.

A cell has a letter for each of SELECT, INSERT, UPDATE and DELETE, or the one letter of what the line is about (a colon
in its name); CODES says what each means. A cell is `_` where the table has no row in the place, a letter where nothing
is to be tried. A row of one cell means it for every place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.sql.familytales_matrix.cast import ASKERS, NOBODY, PLACES
from tests.sql.familytales_matrix.statements import APP, TABLES
from tests.sql.matrix import cases as platform

EXPECTED = Path(__file__).parent / "expected"

CODES = {code: platform.CODES[code] for code in "*+.-!"} | {
    "e": "42501, only the author and editors change what was told",
    "d": "42501, only the author, or who marked it, and who may delete in the family change the mark",
    "p": "42501, only administrators make a book public",
    "h": "23514, a book in which others have told something does not become private",
    "v": "55000, a view over several tables takes no rows",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of user, logged in as one role, may do with one table."""

    role: str
    asker: str
    table: str
    cells: dict[str, str]
    """By place. The place `*` stands for all of them."""
    source: str
    """Where it is written."""

    def cell(self, place: str) -> str | None:
        """What is expected of the rows in a place; None where nothing is said."""
        return self.cells.get("*", self.cells.get(place))

    @property
    def viewpoint(self) -> str:
        """Whose rows are `mine` and `self`: only the application asks for a user."""
        return self.asker if self.role == APP else NOBODY


def sections(text: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """What stands in brackets, and the numbered lines below it."""
    heading = ""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            if heading:
                yield heading, lines
            heading, lines = line.strip("[]"), []
        elif line.strip() and not line.startswith("#"):
            lines.append((number, line))
    yield heading, lines


@cache
def rows() -> list[Row]:
    """Every row of every table of expectations."""
    found = []
    for path in sorted(EXPECTED.glob("familytales_*.txt")):
        for askers, lines in sections(path.read_text()):
            places: list[str] = []
            for number, line in lines:
                name, *cells = line.split()
                if name in PLACES:
                    places = cells
                    continue
                written = {"*": cells[0]} if len(cells) == 1 else dict(zip(places, cells, strict=True))
                if written == {"*": "-"}:
                    written = {"*": "-" * len(TABLES[name].verbs)}
                found += [Row(path.stem, asker, name, written, f"{path.name}:{number}") for asker in askers.split()]
    return found


def mistakes() -> list[str]:
    """What is wrong with the tables of expectations themselves."""
    found = []
    seen = set()
    for row in rows():
        at = f"{row.source} {row.table}:"
        if row.asker not in ASKERS:
            found.append(f"{at} no such user as {row.asker}")
        if (row.role, row.asker, row.table) in seen:
            found.append(f"{at} said twice for {row.asker}")
        seen.add((row.role, row.asker, row.table))
        for place, cell in row.cells.items():
            if place != "*" and place not in PLACES[TABLES[row.table].about]:
                found.append(f"{at} no such place as {place}")
            if cell == "_":
                continue
            verbs = TABLES[row.table].verbs
            if len(cell) != len(verbs) or any(code not in {*CODES, "_"} and not code.isdigit() for code in cell):
                found.append(f"{at} {cell} is no cell")
    asked = {(row.role, row.asker) for row in rows()}
    found += [
        f"{role} as {asker} says nothing of {table}"
        for role, asker in sorted(asked)
        for table in TABLES
        if (role, asker, table) not in seen
    ]
    return found
