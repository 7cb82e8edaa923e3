"""The world in which the matrix asks: its rows, and where each of them is.

It is planted once for a server. Every row has a place, which is what an expectation is about: the book or family of
the row, or the standing of the person it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.sql.databases import Database
from tests.sql.familytales_matrix.cast import BOOKS, BOOKS_BY_NAME, FAMILIES, PEOPLE, PEOPLE_BY_NAME, id_of
from tests.sql.familytales_matrix.planting import (
    ARCHIVED_YEAR,
    archive,
    part_ways,
    plant_books,
    plant_families,
    plant_people,
)
from tests.sql.familytales_matrix.statements import PARTITIONED, TABLES


@dataclass(frozen=True, slots=True)
class Planted:
    """A row: its key, the book, family or person it belongs to, by whom it was written, and what became of it."""

    key: str
    belongs_to: str
    author: str
    state: str | None


@dataclass(frozen=True, slots=True)
class World:
    """The planted database, and where each of its rows is."""

    database: Database
    rows: dict[str, list[Planted]]
    leaves: dict[str, str]
    _keys: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)

    def relation(self, table: str) -> str:
        """What a table is called in SQL: a leaf is named after its parent and its year."""
        bare = table.partition(":")[0]
        return self.leaves.get(bare, bare)

    def keys(self, table: str, asker: str) -> dict[str, list[str]]:
        """The keys of the rows in each place, as it is for this user."""
        if (table, asker) not in self._keys:
            found = self._keys[table, asker] = {}
            for row in self.rows[table]:
                found.setdefault(_place(TABLES[table].about, row, asker), []).append(row.key)
        return self._keys[table, asker]


def _place(about: str, row: Planted, asker: str) -> str:
    kind, _, whose = row.belongs_to.partition("_")
    if kind == "own":
        return "own" if whose == asker else "private"
    if about == "family":
        return row.belongs_to
    if about == "person":
        return "self" if row.belongs_to == asker else PEOPLE_BY_NAME[row.belongs_to].standing
    if about == "all":
        return "all"
    is_mine = row.author == asker
    if row.state == "waiting":
        return "my_waiting" if is_mine else "waiting" if row.belongs_to == "miller" else row.belongs_to
    if row.state is not None and BOOKS_BY_NAME[row.belongs_to].privacy == "public":
        return "pub_marked"
    if row.state is not None:
        return ("my_marked" if row.state == asker else "taken") if is_mine else "marked"
    if kind in ("mine", "shared") and whose == asker and row.author in (asker, "none"):
        return kind
    if kind in ("mine", "shared"):
        return "untold" if kind == "mine" else "family"
    return "mine" if row.belongs_to == "family" and is_mine else row.belongs_to


_NAMES = (
    {str(book.id): book.name for book in BOOKS}
    | {str(id_of("family", name)): name for name in FAMILIES}
    | {str(id_of("person", person.name)): person.name for person in PEOPLE}
    | {"None": "none", "waiting": "waiting"}
)


def _planted(cursor: psycopg.Cursor, table: str, relation: str) -> list[Planted]:
    asked = TABLES[table]
    question = f"SELECT concat_ws(',', {asked.key}), {asked.belongs_to}, {asked.author}, {asked.state} FROM {relation}"
    return [
        Planted(str(key), _NAMES[str(owner)], _NAMES[str(author)], None if state is None else _NAMES[str(state)])
        for key, owner, author, state in cursor.execute(question.encode()).fetchall()
    ]


# The leaf of the running month or year, of each table with partitions.
_LEAF = """
SELECT leaf.partition::text FROM ops.partition_bounds(%s::regclass) AS leaf
 WHERE leaf.lower_bound <= now() AND now() < leaf.upper_bound
"""
_OLD_YEAR = """
SELECT ops.create_partition('familytales.content_segments', 'content_segments_' || %s,
                            make_date(%s, 1, 1), make_date(%s + 1, 1, 1))
"""


@contextmanager
def planted(database: Database) -> Iterator[World]:
    """Plant it as a superuser, past every policy. The rows go with the database."""
    conninfo = re.sub(r"dbname=\S+", f"dbname={database.name}", database.server.running.superuser_conninfo)
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE familytales_owner")
        cursor.execute(_OLD_YEAR, (ARCHIVED_YEAR, ARCHIVED_YEAR, ARCHIVED_YEAR))
        connection.commit()
        plant_people(cursor)
        plant_families(cursor)
        plant_books(cursor)
        part_ways(cursor)
        connection.commit()
        leaves = {"archive.content_segments": archive(cursor)}
        connection.commit()
        for parent in PARTITIONED:
            ((leaf,),) = cursor.execute(_LEAF, (parent,)).fetchall()
            leaves[f"part.{parent.partition('.')[2]}"] = str(leaf)
        made = World(database, {}, leaves)
        for table in TABLES:
            made.rows[table] = _planted(cursor, table, made.relation(table))
    assert all(made.rows.values()), "a table without rows tells nothing"
    yield made
