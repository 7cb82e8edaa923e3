"""Years that go to the archive: what tests do with them, and what they look at."""

from __future__ import annotations

from typing import LiteralString

from tests.sql.databases import Database, Rows
from tests.sql.familytales.world import Family, differences, night
from tests.sql.runner import Runner

ON = "2010-05-05T12:00Z"
OLD = "archive.content_segments_2010"

# Of the family that the fixture `old` makes: its thread and its book, while 2010 is counted and afterwards.
BEFORE = ((3, 2), (1, 3, 2, 2, 1))
AFTER = ((1, 1), (1, 1, 1, 0, 0))

_SUMS: LiteralString = (
    "SELECT user_id, stored, segments, photos, audios, bytes FROM familytales.archived_segments ORDER BY bytes"
)
_NAMES: LiteralString = (
    "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'archive'::regnamespace ORDER BY 1"
)


def run_job(database: Database) -> None:
    """The job itself, as the runner runs it."""
    done = Runner(database, "familytales").run("maintain", "partitions")
    assert done.returncode == 0, done.stdout
    assert differences(database) == []


def sleep(database: Database) -> None:
    """A night, after which everything is counted right."""
    night(database)
    assert differences(database) == []


def archived(family: Family) -> list[str]:
    return [name for (name,) in family.database.rows(_NAMES)]


def sums(family: Family) -> Rows:
    """What is put down of the archive: by whom, rows, segments, photos, recordings and bytes."""
    return family.database.rows(_SUMS)


def archived_bytes(family: Family) -> int:
    return int(family.one("SELECT storage_archived_bytes FROM familytales.families WHERE id = %s", family.id)[0])


def as_archivist(family: Family, query: LiteralString, *values: object) -> Rows:
    return family.database.asked_by("familytales_archivist", None, query, *values)


def counts(family: Family) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return family.thread_counts(), family.book_counts()
