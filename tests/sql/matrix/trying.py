"""Each case on a real server, as the role that logs in, and undone at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.pq import TransactionStatus

from tests.sql.databases import password_of
from tests.sql.matrix.cases import CODES, VERBS, Row
from tests.sql.matrix.cast import FREE_ROLE, ORGANIZATIONS, PROJECTS, id_of, user_id
from tests.sql.matrix.rights import Rights
from tests.sql.matrix.statements import TABLES, where
from tests.sql.matrix.world import World

_NULL = "NULL"
# What psycopg counts after a TRUNCATE.
_EMPTIED = -1


@dataclass(frozen=True, slots=True)
class Case:
    """One statement of one user, and what must come of it: a number of rows, or the code of a refusal."""

    row: Row
    verb: str
    place: str
    statement: str
    expected: int | str

    def __str__(self) -> str:
        where_to = self.place if self.place == "without WHERE" or self.verb == "truncate" else f"in {self.place}"
        return f"{self.row.role} as {self.row.asker}: {self.verb} {self.row.table} {where_to}"


def told(outcome: int | str) -> str:
    """An outcome in words."""
    if outcome == _EMPTIED:
        return "the table is empty"
    if isinstance(outcome, int):
        return f"{outcome} row{'s' * (outcome != 1)}"
    return CODES.get(outcome, outcome)


def outcome_of(error: psycopg.Error) -> str:
    """The code of a refusal; what has none is told in the server's words, and expected by nobody."""
    words = str(error.diag.message_primary)
    for code, state, said in (
        ("!", "42501", "row-level security"),
        ("t", "42501", "is audited"),
        ("-", "42501", "permission denied for table"),
        ("-", "42501", "permission denied for schema"),
        ("-", "42501", "permission denied for view"),
        ("-", "42501", "permission denied for materialized view"),
        ("k", "23503", "foreign key"),
        ("c", "23505", "unique constraint"),
        ("f", "0A000", "cannot truncate a table referenced in a foreign key"),
        ("r", "25006", "read-only transaction"),
        ("m", "42809", "cannot change materialized view"),
        ("m", "42809", "is not a table"),
    ):
        if error.sqlstate == state and said in words:
            return code
    return f"{error.sqlstate} {words}"


class Session:
    """A transaction of a role, for one user, of which nothing stays."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._cursor = connection.cursor()

    def outcome(self, statement: str) -> int | str:
        """How many rows it counts or changes, or why it is refused."""
        # One message to the server for both: thousands of cases are mostly waiting for it.
        try:
            self._cursor.execute(f"ROLLBACK TO SAVEPOINT before; {statement}".encode())
        except psycopg.Error as error:
            return outcome_of(error)
        self._cursor.nextset()
        if self._cursor.description:
            row = self._cursor.fetchone()
            return int(row[0]) if row else 0
        changed = self._cursor.rowcount
        try:
            # What would only be looked at when the transaction ends: there is none to end here.
            self._cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        except psycopg.Error as error:
            return outcome_of(error)
        return changed

    def refusal(self, statement: str) -> str | None:
        """Whether the server would refuse to run it. It looks at rights before it makes a plan known."""
        try:
            self._cursor.execute(f"ROLLBACK TO SAVEPOINT before; EXPLAIN (COSTS off) {statement}".encode())
        except psycopg.Error as error:
            return outcome_of(error)
        return None


@contextmanager
def session(world: World, role: str, asker: str, mode: str = "READ WRITE") -> Iterator[Session]:
    """The role logs in and says who its user is. Some roles only read by default, which they could end themselves."""
    database = world.database
    connection = database.server.keep(database.name, role, password_of(role))
    assert connection.info.transaction_status == TransactionStatus.IDLE
    user = user_id(asker)
    connection.execute(f"BEGIN {mode}".encode())
    try:
        if user is not None:
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
        connection.execute("SAVEPOINT before")
        yield Session(connection)
    finally:
        connection.execute("ROLLBACK")


def quoted(value: object) -> str:
    """A value as SQL; everything that comes here is ours."""
    return _NULL if value is None else f"'{value}'"


def insert(world: World, row: Row, place: str) -> str:
    """The INSERT of a new row into a place."""
    values = {
        "me": quoted(user_id(row.asker)),
        "fresh": quoted(id_of("person", "fresh")),
        "free_role": quoted(FREE_ROLE),
        "organization": quoted(id_of("organization", place) if place in ORGANIZATIONS else None),
    }
    about = TABLES[row.table].about
    if about == "project":
        name = {"mine": "open", "own": f"own_{row.asker}"}.get(place, place)
        project = next(p for p in PROJECTS if (p.name or p.place) == name)
        values |= {
            "organization": quoted(id_of("organization", project.organization)),
            "project": quoted(project.id),
            "visibility": quoted(project.visibility),
            "task": quoted(world.tasks[name]),
            "spare": quoted(id_of("person", f"{project.organization}_spare")),
        }
    elif about == "person":
        values["person"] = quoted(world.somebody(place, row.viewpoint))
    else:
        values["person"] = values["fresh"]
        values |= {"project": _NULL, "task": _NULL}
    if row.table.startswith("part."):
        values |= {
            "organization": quoted(id_of("organization", "acme")),
            "project": quoted(id_of("project", "open")),
        }
    return f"INSERT INTO {world.relation(row.table)} {TABLES[row.table].insert.format(**values)}"


def cases(world: World, row: Row) -> list[Case]:
    """What is tried for a row of the expectations; places without a row of the table are left out."""
    table = world.relation(row.table)
    update = TABLES[row.table].update
    found = []
    sums: dict[str, list[int | str]] = {verb: [] for verb in VERBS}
    places = list(world.keys(row.table, row.viewpoint).items())
    if row.cells.get("*") == "----":
        # Without the right itself the server does not come to look at rows: wherever they are, it is one case.
        places = places[:1]
    for place, keys in places:
        cell = row.cell(place)
        if cell is None or cell == "_":
            raise AssertionError(f"{row.source}: {row.table} has rows in {place}, and nothing is expected of them")
        condition = where(row.table, keys)
        statements = {
            "select": f"SELECT count(*) FROM {table}{condition}",
            "insert": insert(world, row, place),
            "update": f"UPDATE {table} SET {update}{condition}",
            "delete": f"DELETE FROM {table}{condition}",
        }
        for verb, code in zip(VERBS, cell, strict=True):
            expected: int | str = {"*": len(keys), ".": 0, "+": 1}.get(code, int(code) if code.isdigit() else code)
            sums[verb].append(expected)
            found.append(Case(row, verb, place, statements[verb], expected))
    for verb, statement in (
        ("select", f"SELECT count(*) FROM {table}"),
        ("update", f"UPDATE {table} SET {update}"),
        ("delete", f"DELETE FROM {table}"),
    ):
        refusals = [expected for expected in sums[verb] if isinstance(expected, str)]
        total = refusals[0] if refusals else sum(expected for expected in sums[verb] if isinstance(expected, int))
        found.append(Case(row, verb, "without WHERE", statement, total))
    emptied: int | str = _EMPTIED if row.truncate == "+" else row.truncate
    found.append(Case(row, "truncate", "without WHERE", f"TRUNCATE {table}", emptied))
    return found


def unused(world: World, row: Row) -> Iterator[str]:
    """Cells that nothing comes of, for there is no row in the place; and places of which none is said."""
    there = world.keys(row.table, row.viewpoint)
    for place, cell in row.cells.items():
        if place != "*" and (cell == "_") == (place in there):
            yield f"{row.source}: {row.table} in {place} as {row.asker} is {cell}"


def columns(world: World, said: Rights) -> Iterator[tuple[str, str, bool]]:
    """For each verb and column, a statement that touches no row, and whether it is allowed."""
    relation = world.relation(said.table)
    names = world.columns(said.table)
    yield "SELECT *", f"SELECT * FROM {relation} WHERE false", all(said.may("s", name) for name in names)
    for name in names:
        yield f"SELECT ({name})", f"SELECT {name} FROM {relation} WHERE false", said.may("s", name)
    # A view takes no write from anybody, whatever the rights.
    if world.is_view(said.table):
        return
    for name in names:
        yield f"INSERT ({name})", f"INSERT INTO {relation} ({name}) VALUES (DEFAULT)", said.may("i", name)
        yield f"UPDATE ({name})", f"UPDATE {relation} SET {name} = DEFAULT WHERE false", said.may("u", name)
    yield "DELETE", f"DELETE FROM {relation} WHERE false", "d" in said.by_verb


def failures(world: World, row: Row) -> tuple[int, list[str]]:
    """Try a row of the expectations: how many cases that were, and each that came out otherwise."""
    wrong = []
    tried = cases(world, row)
    with session(world, row.role, row.asker) as asking:
        for case in tried:
            outcome = asking.outcome(case.statement)
            if outcome != case.expected:
                wrong.append(
                    f"{case}: expected {told(case.expected)}, got {told(outcome)} ({row.source})"
                    f"\n      {case.statement}"
                )
    return len(tried), wrong
