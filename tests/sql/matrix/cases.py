"""The expectations, read from the tables in expected/, as cases that can be tried one by one.

A cell has a letter for each of SELECT, INSERT, UPDATE and DELETE, and the last column one for TRUNCATE; CODES says what
each means. A cell is `_` where the table has no row in the place, and a row of one cell means it for every place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.sql.matrix.cast import ASKERS, NOBODY, PLACES
from tests.sql.matrix.statements import TABLES

EXPECTED = Path(__file__).parent / "expected"
VERBS = ["select", "insert", "update", "delete"]

CODES = {
    "*": "all rows that are there",
    "+": "one row is inserted",
    ".": "no row: as if nothing were there",
    "-": "42501, permission denied: the role has no such right",
    "!": "42501, the new row violates row-level security",
    "k": "23503, a foreign key refuses it",
    "c": "23505, there is one already",
    "f": "0A000, other tables refer to it",
    "t": "42501, an audited table is not truncated",
    "r": "25006, the transaction is read only",
    "m": "42809, a materialized view is only refreshed",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of user, logged in as one role, may do with one table."""

    role: str
    asker: str
    table: str
    cells: dict[str, str]
    """By place. The place `*` stands for all of them."""
    truncate: str
    source: str
    """Where it is written."""

    def cell(self, place: str) -> str | None:
        """What is expected of the rows in a place; None where nothing is said."""
        return self.cells.get("*", self.cells.get(place))

    @property
    def viewpoint(self) -> str:
        """Whose rows are `mine` and `self`: only the application asks for a user."""
        return self.asker if self.role == "platform_app" else NOBODY


def _sections(text: str) -> Iterator[tuple[list[str], list[tuple[int, str]]]]:
    askers: list[str] = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            if askers:
                yield askers, lines
            askers, lines = line.strip("[]").split(), []
        elif line.strip() and not line.startswith("#"):
            lines.append((number, line))
    yield askers, lines


@cache
def rows() -> list[Row]:
    """Every row of every table of expectations."""
    found = []
    for path in sorted(EXPECTED.glob("platform_*.txt")):
        for askers, lines in _sections(path.read_text()):
            columns: list[str] = []
            for number, line in lines:
                name, *cells = line.split()
                if name in PLACES:
                    columns = cells
                    continue
                if cells == ["-"]:
                    written, truncate = {"*": "----"}, "-"
                elif len(cells) == 2 and len(columns) != 2:
                    written, truncate = {"*": cells[0]}, cells[1]
                else:
                    *by_place, truncate = cells
                    written = dict(zip(columns[:-1], by_place, strict=True))
                found += [Row(path.stem, asker, name, written, truncate, f"{path.name}:{number}") for asker in askers]
    return found


def mistakes() -> list[str]:
    """What is wrong with the tables of expectations themselves."""
    found = []
    seen = set()
    for row in rows():
        at = f"{row.source} {row.table}:"
        if row.table not in TABLES:
            found.append(f"{at} no such table")
        if row.asker not in ASKERS:
            found.append(f"{at} no such user as {row.asker}")
        if (row.role, row.asker, row.table) in seen:
            found.append(f"{at} said twice for {row.asker}")
        seen.add((row.role, row.asker, row.table))
        for place, cell in row.cells.items():
            if place != "*" and place not in PLACES[TABLES[row.table].about]:
                found.append(f"{at} no such place as {place}")
            if cell != "_" and (len(cell) != len(VERBS) or any(c not in CODES and not c.isdigit() for c in cell)):
                found.append(f"{at} {cell} is no cell")
        if row.truncate not in {*CODES, "+"}:
            found.append(f"{at} {row.truncate} says nothing about TRUNCATE")
    asked = {(row.role, row.asker) for row in rows()}
    found += [
        f"{role} as {asker} says nothing of {table}"
        for role, asker in sorted(asked)
        for table in TABLES
        if (role, asker, table) not in seen
    ]
    return found
