"""A FamilyTales database that looks like one of seven years' use, for measuring.

Everything comes from hashes of row numbers, so that a scale always gives the same rows; only times move along with the
day. The server makes the rows itself (familytales_data.sql and familytales_hanging.sql), with triggers and foreign keys
off: they would take most of the time. The counters that triggers would have kept are written once, from sums. What
constraints and triggers would have held is asked afterwards, but for the counters of a large database, which
ops.counter_differences() tells.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from bench.untrue import untrue

_CONTENT = Path(__file__).with_name("familytales_data.sql")
_HANGING = Path(__file__).with_name("familytales_hanging.sql")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows there are of each kind; the number of segments follows from that of threads."""

    families: int
    users: int
    books: int
    threads: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """The sizes at a scale; 1 is the database in which the design was measured."""

        def scaled(full: int, least: int) -> int:
            return max(round(full * scale), least)

        return cls(
            families=scaled(2_000, 20),
            users=scaled(16_000, 160),
            books=scaled(10_000, 100),
            threads=scaled(200_000, 500),
        )


# The years behind those that a migration makes; the job makes what production has ahead, which costs planning time
# there, too.
_YEARS: LiteralString = "SELECT ops.create_years('familytales.content_segments', 'content_segments', -7, -2)"
_AHEAD: LiteralString = "CALL ops.maintain_partitions()"

# An index takes less to be made than to be kept up with a million rows, above all a full-text one. Those of partitions
# go and come with their parent's.
_INDEXES: LiteralString = """
SELECT i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS relation ON relation.oid = i.indrelid
 WHERE relation.relnamespace = 'familytales'::regnamespace
   AND NOT i.indisunique
"""

# What triggers keep true, as questions whose answer is 0.
_KEPT_BY_TRIGGERS: tuple[LiteralString, ...] = (
    """SELECT 'a segment that is not registered as it is', count(*) FROM familytales.content_segments AS segment
        WHERE NOT EXISTS (SELECT FROM familytales.segment_ids AS known
                           WHERE (known.id, known.family_id, known.memory_book_id, known.thread_id,
                                  known.sequence_number, known.created_at)
                                 = (segment.id, segment.family_id, segment.memory_book_id, segment.thread_id,
                                    segment.sequence_number, segment.created_at))""",
    """SELECT 'a registered id without a segment',
              (SELECT count(*) FROM familytales.segment_ids) - (SELECT count(*) FROM familytales.content_segments)""",
    """SELECT 'a segment without its words',
              (SELECT count(*) FROM familytales.content_segments) - (SELECT count(*) FROM familytales.segment_words)""",
    """SELECT 'a narration of a photo that is not there', count(*)
         FROM familytales.photo_narrations AS narration
         JOIN familytales.content_segments AS segment ON segment.id = content_segment_id
        WHERE photo_index >= cardinality(photo_urls)""",
    """SELECT 'something in a private book that is not its author''s', count(*)
         FROM familytales.thread_participants AS participant
         JOIN familytales.memory_books AS book ON book.id = memory_book_id
        WHERE book.privacy = 'private' AND book.created_by <> participant.user_id""",
    "SELECT 'a family beyond a limit', count(*) FROM familytales.families"
    " WHERE member_count > member_limit OR storage_used_bytes > storage_limit_bytes",
    "SELECT 'a row in the default partition', sum(held) FROM ops.default_partition_rows()",
)


class UntrueDataError(Exception):
    """The rows that were loaded are none that the constraints and triggers would have let in."""


def load(connect: Callable[[], psycopg.Connection[Any]], scale: float) -> Sizes:
    """Fill an empty FamilyTales database. The connections are a superuser's, in autocommit; two work at once."""
    sizes = Sizes.at(scale)
    with connect() as one, connect() as other:
        one.execute("SET ROLE familytales_owner")
        one.execute(_YEARS)
        one.execute(_AHEAD)
        one.execute("RESET ROLE")
        indexes = one.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            one.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(*name.split("."))))
        # Preparing two million texts for the search takes longest: half of the threads in each session.
        _in_turn_of_two(lambda part: _content((one, other)[part], sizes, part))
        one.execute(_HANGING.read_bytes())
        one.execute("DROP TABLE sizes, portion; RESET session_replication_role")
        definitions = [definition for _, definition in indexes]
        _build(definitions, (one, other))
        _verify(one)
        # The visibility map is what lets an index be read alone; autovacuum would have made it long ago.
        one.execute("VACUUM (ANALYZE)")
        one.execute("CHECKPOINT")
    return sizes


def _content(session: psycopg.Connection[Any], sizes: Sizes, part: int) -> None:
    # UTC, as the tables' own functions have it; plans of the loading statements need room for their joins.
    session.execute(
        "SET timezone = 'UTC'; SET work_mem = '256MB'; SET synchronous_commit = off;"
        " SET session_replication_role = replica"
    )
    session.execute(
        sql.SQL("CREATE TEMP TABLE sizes AS SELECT {}").format(
            sql.SQL(", ").join(
                sql.SQL("{}::integer AS {}").format(sql.Literal(value), sql.Identifier(field.name))
                for field, value in zip(fields(sizes), astuple(sizes), strict=True)
            )
        )
    )
    session.execute(sql.SQL("CREATE TEMP TABLE portion AS SELECT {}::integer AS part").format(sql.Literal(part)))
    session.execute(_CONTENT.read_bytes())


def _build(definitions: list[str], sessions: tuple[psycopg.Connection[Any], psycopg.Connection[Any]]) -> None:
    # Two of them on one table do not wait for each other. The full-text ones take longest and come first.
    ordered = sorted(definitions, key=lambda definition: "USING gin" not in definition)
    waiting = iter(ordered)

    def work(part: int) -> None:
        for definition in waiting:
            sessions[part].execute(definition.encode())

    _in_turn_of_two(work)


def _in_turn_of_two(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work, part) for part in (0, 1)]:
            done.result()


def _verify(superuser: psycopg.Connection[Any]) -> None:
    wrong = untrue(superuser, ["familytales"], _KEPT_BY_TRIGGERS)
    if wrong:
        raise UntrueDataError(f"loaded, but not true: {'; '.join(wrong)}. Mend {_CONTENT.name} or {_HANGING.name}.")
