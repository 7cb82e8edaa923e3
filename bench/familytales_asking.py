"""Who asks FamilyTales for what, and how: as the application does, or filtered by hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql

from bench.familytales_database import APP, FOLDER, pooled
from bench.platform import Statement
from bench.platform_database import Place, role_past_policies

BY_HAND = Path(__file__).with_name("by_hand_familytales")
QUERIES = {
    "thread_with_content": "thread with content",
    "family_books": "books of a family",
    "search_tags": "search by tags",
    "search_text": "search by words",
    "family_storage": "storage of a family",
    "active_members": "active members",
}
_BY_HAND_ROLE = "familytales_bench_by_hand"

# For each role as many members as for any other. The first of each is one of the largest family, in its largest thread;
# the others are anybody of that role, in any thread that he may read. Hashes of a seed choose.
#
# The words to look for come from a segment of the thread: the first one alone, two of them, two in a row; and
# sometimes the commonest of all. One tag that is borne in the family, or two.
_ASKERS: LiteralString = """
WITH largest AS (
    SELECT family_id FROM familytales.memory_books
     GROUP BY family_id ORDER BY sum(segment_count) DESC, family_id LIMIT 1
), ranked AS (
    SELECT member.family_id, member.user_id, member.role, member.family_id = largest.family_id AS in_largest,
           row_number() OVER (PARTITION BY member.role
                              ORDER BY member.family_id = largest.family_id DESC,
                                       md5(%(seed)s::text || member.id)) AS place
      FROM largest, familytales.family_members AS member
      JOIN familytales.families AS family ON family.id = member.family_id AND family.is_active
      JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
     WHERE member.is_active
), chosen AS (
    SELECT * FROM ranked WHERE place = 1
     UNION ALL
    (SELECT * FROM ranked WHERE place > 1 AND NOT in_largest
      ORDER BY row_number() OVER (PARTITION BY role ORDER BY place), role
      LIMIT %(number)s - 5)
)
SELECT chosen.user_id, chosen.role, chosen.family_id, thread.id, tags.tags,
       CASE (row_number() OVER (ORDER BY chosen.role, chosen.place)) %% 5
            WHEN 0 THEN 'grandmother'
            WHEN 1 THEN told.words[1]
            WHEN 2 THEN told.words[1] || ' ' || told.words[5]
            WHEN 3 THEN '"' || told.words[1] || ' ' || told.words[2] || '"'
            ELSE told.words[3] || ' or ' || told.words[4] END
  FROM chosen
 CROSS JOIN LATERAL (
       SELECT thread.id
         FROM familytales.threads AS thread
         JOIN familytales.memory_books AS book ON book.id = thread.memory_book_id
        WHERE thread.family_id = chosen.family_id
          AND thread.segment_count > 0
          AND (book.privacy <> 'private' OR book.created_by = chosen.user_id)
        ORDER BY CASE WHEN chosen.in_largest THEN -thread.segment_count ELSE 0 END, md5(%(seed)s::text || thread.id)
        LIMIT 1) AS thread
 CROSS JOIN LATERAL (
       SELECT string_to_array(segment.text_content, ' ') AS words
         FROM familytales.content_segments AS segment
        WHERE segment.family_id = chosen.family_id AND length(segment.text_content) > 60 AND NOT segment.is_deleted
        ORDER BY segment.thread_id = thread.id DESC, md5(%(seed)s::text || segment.id)
        LIMIT 1) AS told
 CROSS JOIN LATERAL (
       SELECT (array_agg(borne.tag ORDER BY md5(%(seed)s::text || chosen.user_id || borne.tag)))
              [:1 + chosen.place %% 2] AS tags
         FROM (SELECT DISTINCT tag.tag_name::text AS tag FROM familytales.content_tags AS tag
                WHERE tag.family_id = chosen.family_id) AS borne) AS tags
 ORDER BY chosen.place, chosen.role
"""


@dataclass(frozen=True, slots=True)
class Asker:
    """One set of parameters."""

    user: UUID
    role: str
    family: UUID
    thread: UUID
    tags: list[str]
    words: str
    after: int = 0

    def parameters(self) -> dict[str, Any]:
        """By the names that they have in the queries."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def askers(superuser: psycopg.Connection[Any], number: int = 200, seed: int = 1) -> list[Asker]:
    """Who asks for what."""
    return [Asker(*row) for row in superuser.execute(_ASKERS, {"number": number, "seed": seed})]


@dataclass(slots=True)
class Side:
    """One way to ask: whose connection, and each query."""

    connection: psycopg.Connection[Any]
    statements: dict[str, Statement]
    says_who_asks: bool

    @contextmanager
    def asking(self, user: UUID) -> Iterator[psycopg.Cursor[Any]]:
        """A transaction, in which the application says who asks."""
        with self.connection.transaction(), self.connection.cursor() as cursor:
            if self.says_who_asks:
                cursor.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
            yield cursor

    def rows(self, query: str, asker: Asker, *, prepare: bool = True) -> tuple[list[tuple[Any, ...]], float]:
        """The answer, and how many seconds it took."""
        text, parameters = self.statements[query].text, asker.parameters()
        with self.asking(asker.user) as cursor:
            started = time.perf_counter()
            rows = cursor.execute(text, parameters, prepare=prepare).fetchall()
            return rows, time.perf_counter() - started

    def execution(self, query: str, asker: Asker) -> float:
        """How many seconds the server says it took to execute the plan that it has prepared."""
        statement, parameters = self.statements[query], asker.parameters()
        values = sql.SQL(", ").join(sql.Literal(_plain(parameters[name])) for name in statement.names)
        with self.asking(asker.user) as cursor:
            named = cursor.execute(
                "SELECT name FROM pg_catalog.pg_prepared_statements WHERE statement = %s LIMIT 1", (statement.sent,)
            ).fetchone()
            assert named is not None, f"{query} is not prepared"
            explain = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {} ({})")
            row = cursor.execute(explain.format(sql.Identifier(named[0]), values)).fetchone()
        assert row is not None
        return float(row[0][0]["Execution Time"]) / 1000


def _plain(value: object) -> object:
    return value if isinstance(value, list) else str(value)


def statements(folder: Path) -> dict[str, Statement]:
    """The queries of a folder."""
    return {name: Statement((folder / f"{name}.sql").read_bytes()) for name in QUERIES}


@contextmanager
def both_sides(place: Place, pgbouncer: str | None) -> Iterator[tuple[Side, Side]]:
    """The application, and who filters by hand; through a pooler, unless there is none."""
    password = secrets.token_urlsafe(16)
    with place.superuser() as superuser, role_past_policies(superuser, _BY_HAND_ROLE, password) as role:
        passwords = {APP: place.password_of(APP), role: password}
        with through(place, pgbouncer, passwords) as door, door.login(APP) as app, door.login(role) as by_hand:
            # What the application's login has in its settings, so that only policies make a difference.
            superuser.execute(
                sql.SQL("ALTER ROLE {} SET max_parallel_workers_per_gather = 0").format(sql.Identifier(role))
            )
            yield (
                Side(app, statements(FOLDER / "queries"), True),
                Side(by_hand, statements(BY_HAND), False),
            )


@contextmanager
def through(place: Place, pgbouncer: str | None, passwords: dict[str, str], connections: int = 8) -> Iterator[Place]:
    """A pooler's door to the database, or the server's own."""
    if pgbouncer is None:
        yield Place(place.host, place.port, place.dbname, place.superuser_conninfo, passwords.__getitem__)
    else:
        with pooled(place, pgbouncer, list(passwords.items()), connections) as door:
            yield door
