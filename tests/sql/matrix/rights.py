"""What a role may do with each column, and what is tried in order to get around the rules: two more tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_EXPECTED = Path(__file__).parent / "expected"
_RIGHT = re.compile(r"([siud])(?:\((-?)([^)]*)\))?(?:\s+|$)")

VERBS = {"s": "SELECT", "i": "INSERT", "u": "UPDATE", "d": "DELETE"}


@dataclass(frozen=True, slots=True)
class Right:
    """A verb, and for which columns."""

    verb: str
    columns: frozenset[str] | None = None
    """None: for all of them."""
    but: bool = False
    """All but the columns."""

    def covers(self, column: str) -> bool:
        """Whether the column may be read or written."""
        return self.columns is None or (column in self.columns) != self.but


@dataclass(frozen=True, slots=True)
class Rights:
    """What a role may do with a table."""

    role: str
    table: str
    source: str
    written: str
    by_verb: dict[str, Right]

    def may(self, verb: str, column: str) -> bool:
        """Whether the verb is allowed with the column."""
        return verb in self.by_verb and self.by_verb[verb].covers(column)


def _lines(name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate((_EXPECTED / name).read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.rstrip()


@cache
def rights() -> dict[tuple[str, str], Rights]:
    """By role and table. What is not here may not be done."""
    found = {}
    role = ""
    for number, line in _lines("rights.txt"):
        if line.startswith("["):
            role = line.strip("[]")
            continue
        table, written = line.split(maxsplit=1)
        by_verb = {}
        for verb, but, columns in _RIGHT.findall(written):
            by_verb[verb] = Right(verb, frozenset(columns.split()) if columns else None, bool(but))
        if _RIGHT.sub("", written):
            raise AssertionError(f"rights.txt:{number}: {written} cannot be read")
        if (role, table) in found:
            raise AssertionError(f"rights.txt:{number}: {role} and {table} are said twice")
        found[role, table] = Rights(role, table, f"rights.txt:{number}", written, by_verb)
    return found


@dataclass(frozen=True, slots=True)
class Forgery:
    """A statement with which somebody tries to get at what is another's, and what each kind of user gets for it."""

    sentence: str
    statement: str
    outcomes: dict[str, str]
    source: str


@cache
def forgeries() -> list[Forgery]:
    """Three lines each: a sentence, the statement, who gets what."""
    lines = list(_lines("forgeries.txt"))
    found = []
    for (number, sentence), (_, statement), (_, outcomes) in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        words = outcomes.split()
        by_asker = dict(zip(words[::2], words[1::2], strict=True))
        found.append(Forgery(sentence, statement.strip(), by_asker, f"forgeries.txt:{number}"))
    return found
