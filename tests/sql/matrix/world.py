"""The world in which the matrix asks: its rows, and where each of them is.

It is planted once for a server. Every row has a place, which is what an expectation is about: the organisation of
a row, the kind of its project, or the standing of the person it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tests.sql.databases import Database, Rows
from tests.sql.matrix.cast import ORGANIZATIONS, PEOPLE, PEOPLE_BY_NAME, PLACE_OF, PROJECTS, id_of, user_id
from tests.sql.matrix.planting import plant_organizations, plant_people, plant_projects
from tests.sql.matrix.statements import PARTITIONED, TABLES


@dataclass(frozen=True, slots=True)
class Planted:
    """A row: its key, the project, organisation or person it belongs to, and by whom it was written."""

    key: str
    belongs_to: str
    author: str


@dataclass(frozen=True, slots=True)
class World:
    """The planted database, and where each of its rows is."""

    database: Database
    rows: dict[str, list[Planted]]
    leaves: dict[str, str]
    tasks: dict[str, str]
    """The first task of each project, on which new comments and attachments are hung."""
    comments: dict[str, str]
    """And the first comment on it."""
    leaf_kinds: dict[str, Rows]
    """Of each table with partitions, how these differ in owner, rights and policies."""
    _columns: dict[str, list[str]] = field(default_factory=dict)
    _keys: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)

    def columns(self, table: str) -> list[str]:
        """The columns of a table, in order."""
        if table not in self._columns:
            found = self.database.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " ORDER BY attnum",
                self.relation(table),
            )
            self._columns[table] = [name for (name,) in found]
        return self._columns[table]

    def is_view(self, table: str) -> bool:
        """Whether it is a view, which takes no rows."""
        kinds = self.database.rows("SELECT relkind::text FROM pg_class WHERE oid = %s::regclass", self.relation(table))
        return kinds in ([("v",)], [("m",)])

    def in_reach(self, role: str, schema: str) -> bool:
        """Whether the role may name what is in the schema."""
        return self.database.rows("SELECT has_schema_privilege(%s, %s, 'usage')", role, schema) == [(True,)]

    def relation(self, table: str) -> str:
        """What a table is called in SQL: a leaf is named after its parent and its days."""
        return self.leaves.get(table, table)

    def keys(self, table: str, asker: str) -> dict[str, list[str]]:
        """The keys of the rows in each place, as it is for this user."""
        if (table, asker) not in self._keys:
            found = self._keys[table, asker] = {}
            for row in self.rows[table]:
                found.setdefault(_place(TABLES[table].about, row, asker), []).append(row.key)
        return self._keys[table, asker]

    def somebody(self, place: str, asker: str) -> str:
        """The id of a person in a place."""
        return self.keys("auth.users", asker)[place][0]


def _place(about: str, row: Planted, asker: str) -> str:
    me = user_id(asker)
    if about == "organization":
        return row.belongs_to
    if about == "person":
        return "self" if row.belongs_to == asker else PEOPLE_BY_NAME[row.belongs_to].standing
    if about == "project":
        if row.belongs_to.startswith("own_"):
            return "own" if row.belongs_to == f"own_{asker}" else "closed"
        if row.belongs_to == "open" and me is not None and str(me) in row.author:
            return "mine"
        return PLACE_OF[row.belongs_to]
    return "all"


_NAMES = (
    {str(project.id): project.name or project.place for project in PROJECTS}
    | {str(id_of("organization", name)): name for name in ORGANIZATIONS}
    | {str(id_of("person", person.name)): person.name for person in PEOPLE}
    | {"None": "none"}
)


def _planted(cursor: psycopg.Cursor, table: str, relation: str) -> list[Planted]:
    asked = TABLES[table]
    question = f"SELECT concat_ws(',', {asked.key}), {asked.belongs_to}, {asked.author} FROM {relation}"
    return [
        Planted(str(key), _NAMES[str(owner)], str(author))
        for key, owner, author in cursor.execute(question.encode()).fetchall()
    ]


def _first(cursor: psycopg.Cursor, table: str) -> dict[str, str]:
    """The first row that was planted in each project."""
    question = f"SELECT DISTINCT ON (project_id) project_id, id FROM {table} ORDER BY project_id, id"
    return {_NAMES[str(project)]: str(row) for project, row in cursor.execute(question.encode()).fetchall()}


# The leaf of the running day or month, of each table with partitions.
_LEAF = """
SELECT leaf.partition::text FROM ops.partition_bounds(%s::regclass) AS leaf
 WHERE leaf.lower_bound <= now() AND now() < leaf.upper_bound
"""


_KINDS_OF_LEAVES = """
SELECT DISTINCT relowner::regrole::text, relrowsecurity, relacl::text,
       (SELECT array_agg((polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid))::text ORDER BY polname)
          FROM pg_policy WHERE polrelid = pg_class.oid)::text
  FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
 WHERE inhparent = %s::regclass
"""
# Every statement opens every partition. All being of one kind, three of each table show the same in half the time.
_OTHER_LEAVES = """
SELECT format('DROP TABLE %%s', string_agg(leaf.partition::text, ', '))
  FROM unnest(%s::regclass[]) AS parent CROSS JOIN LATERAL ops.partition_bounds(parent) AS leaf
 WHERE NOT leaf.is_default AND (leaf.upper_bound <= now() OR leaf.lower_bound > now() + interval '1 month')
"""


@contextmanager
def planted(database: Database) -> Iterator[World]:
    """Plant it as a superuser, past every policy. The rows go with the database."""
    conninfo = re.sub(r"dbname=\S+", f"dbname={database.name}", database.server.running.superuser_conninfo)
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        kinds: dict[str, Rows] = {p: cursor.execute(_KINDS_OF_LEAVES, (p,)).fetchall() for p in PARTITIONED}
        ((drop,),) = cursor.execute(_OTHER_LEAVES, (PARTITIONED,)).fetchall()
        cursor.execute(drop)
        plant_people(cursor)
        plant_organizations(cursor)
        plant_projects(cursor)
        cursor.execute(
            "INSERT INTO ops.detached_partitions VALUES ('app.tasks'::regclass, 'app.tasks'::regclass, now(), now())"
        )
        for view in ("project_stats", "user_activity_stats"):
            cursor.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier("analytics", view)))
        leaves = {}
        for parent in PARTITIONED:
            ((leaf,),) = cursor.execute(_LEAF, (parent,)).fetchall()
            leaves[f"part.{parent.partition('.')[2]}"] = str(leaf)
        rows = {table: _planted(cursor, table, leaves.get(table, table)) for table in TABLES}
        tasks = _first(cursor, "app.tasks")
        comments = _first(cursor, "app.comments")
    assert all(rows.values()), "a table without rows tells nothing"
    yield World(database, rows, leaves, tasks, comments, kinds)
