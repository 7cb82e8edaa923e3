"""Each case on a real server, as the role that logs in, and undone at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.pq import TransactionStatus

from tests.sql.databases import password_of
from tests.sql.familytales_matrix.cases import CODES, Row
from tests.sql.familytales_matrix.cast import BOOKS_BY_NAME, FAMILIES, id_of, user_id
from tests.sql.familytales_matrix.statements import TABLES, where
from tests.sql.familytales_matrix.world import World
from tests.sql.matrix.trying import Session, quoted

# Refusals that only this database knows, by how they begin.
_REFUSALS = {
    "42501 only the author and editors change": "e",
    "42501 only the author and who may delete": "d",
    "42501 only who deleted a segment and who may delete": "d",
    "42501 only administrators of the family make a book public": "p",
    "23514 book": "h",
    "55000 cannot": "v",
}
# Who writes in whose name, where that has to be a member.
_A_MEMBER = {"miller": "quiet", "jones": "jones_extra", "gone": "gone_extra"}


@dataclass(frozen=True, slots=True)
class Case:
    """One statement of one user, and what must come of it: a number of rows, or the code of a refusal."""

    row: Row
    verb: str
    place: str
    statement: str
    expected: int | str

    def __str__(self) -> str:
        where_to = self.place if self.place == "without WHERE" else f"in {self.place}"
        return f"{self.row.role} as {self.row.asker}: {self.verb} {self.row.table} {where_to}"


def told(outcome: int | str) -> str:
    """An outcome in words."""
    if isinstance(outcome, int):
        return f"{outcome} row{'s' * (outcome != 1)}"
    return CODES.get(outcome, outcome)


def _code(outcome: int | str) -> int | str:
    if isinstance(outcome, str):
        return next((code for words, code in _REFUSALS.items() if outcome.startswith(words)), outcome)
    return outcome


@contextmanager
def session(world: World, role: str, asker: str) -> Iterator[Session]:
    """The role logs in and says who its user is. Some roles only read by default, which they could end themselves."""
    database = world.database
    connection = database.server.keep(database.name, role, password_of(role))
    assert connection.info.transaction_status == TransactionStatus.IDLE
    user = user_id(asker)
    connection.execute("BEGIN READ WRITE")
    try:
        if user is not None:
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
        connection.execute("SAVEPOINT before")
        yield Session(connection)
    finally:
        connection.execute("ROLLBACK")


def insert(world: World, row: Row, place: str) -> str:
    """The INSERT of a new row into a place."""
    told_in = {"mine": f"mine_{row.asker}", "own": f"own_{row.asker}"}.get(place, place)
    book = BOOKS_BY_NAME.get("family" if place == "mine" else told_in)
    family = book.family if book else place if place in FAMILIES else "miller" if place == "waiting" else None
    values = {
        "me": user_id(row.asker),
        "fresh": id_of("person", "loner_too"),
        "creator": id_of("person", "quiet") if place == "private" else user_id(row.asker),
        "family": family and id_of("family", family),
        "member": family and id_of("person", _A_MEMBER[family]),
        "book": book and book.id,
        "privacy": book and book.privacy,
        "is_collaborative": book and book.is_collaborative,
        "thread": book and id_of("thread", told_in),
        "segment": book and id_of("segment", told_in),
        "second": book and id_of("segment", "family" if place == "mine" else f"{told_in}_second"),
    }
    written = {name: quoted(value) for name, value in values.items()}
    return f"INSERT INTO {world.relation(row.table)} {TABLES[row.table].insert_by(row.role).format(**written)}"


def _statement(world: World, row: Row, verb: str, condition: str = "", place: str = "") -> str:
    table = world.relation(row.table)
    if verb == "select":
        return f"SELECT count(*) FROM {table}{condition}"
    if verb == "insert":
        return insert(world, row, place)
    if verb == "update":
        return f"UPDATE {table} SET {TABLES[row.table].update_by(row.role)}{condition}"
    return f"DELETE FROM {table}{condition}"


def cases(world: World, row: Row) -> list[Case]:
    """What is tried for a row of the expectations; places without a row of the table are left out."""
    verbs = TABLES[row.table].verbs
    found = []
    sums: dict[str, list[int | str]] = {verb: [] for verb in verbs}
    places = list(world.keys(row.table, row.viewpoint).items())
    if set(row.cells) == {"*"} and set(row.cells["*"]) <= set("-v"):
        # Without the right itself the server does not come to look at rows: wherever they are, it is one case.
        places = places[:1]
    for place, keys in places:
        cell = row.cell(place)
        if cell is None or cell == "_":
            raise AssertionError(f"{row.source}: {row.table} has rows in {place}, and nothing is expected of them")
        for verb, code in zip(verbs, cell, strict=True):
            if code != "_":
                expected: int | str = {"*": len(keys), ".": 0, "+": 1}.get(code, int(code) if code.isdigit() else code)
                sums[verb].append(expected)
                found.append(
                    Case(row, verb, place, _statement(world, row, verb, where(row.table, keys), place), expected)
                )
    # An UPDATE or DELETE that reads no column is not asked which rows may be read: it must not find more, all the same.
    for verb in (verb for verb in verbs if verb != "insert"):
        refusals = {expected for expected in sums[verb] if isinstance(expected, str)}
        total = sum(expected for expected in sums[verb] if isinstance(expected, int))
        # Of two refusals, which comes first is a matter of the order of rows.
        if len(refusals) <= 1:
            found.append(
                Case(row, verb, "without WHERE", _statement(world, row, verb), refusals.pop() if refusals else total)
            )
    return found


def unused(world: World, row: Row) -> Iterator[str]:
    """Cells that nothing comes of, for there is no row in the place; and places of which none is said."""
    there = world.keys(row.table, row.viewpoint)
    for place, cell in row.cells.items():
        if place != "*" and (cell == "_") == (place in there):
            yield f"{row.source}: {row.table} in {place} as {row.asker} is {cell}"


def failures(world: World, row: Row) -> tuple[int, list[str]]:
    """Try a row of the expectations: how many cases that were, and each that came out otherwise."""
    wrong = []
    tried = cases(world, row)
    with session(world, row.role, row.asker) as asking:
        for case in tried:
            outcome = _code(asking.outcome(case.statement))
            if outcome != case.expected:
                wrong.append(
                    f"{case}: expected {told(case.expected)}, got {told(outcome)} ({row.source})"
                    f"\n      {case.statement}"
                )
    return len(tried), wrong
