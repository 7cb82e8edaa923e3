"""Years that go to the archive and come back: who reads them, and whether everything is counted at each step.

These commit, each in a database of its own. miller has told something in 2010 and in 2012.
"""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.databases import Rows
from tests.sql.familytales_attacks.world import APP, ARCHIVIST, BACKUP, MEDIA, PUBLIC, SUPPORT, World
from tests.sql.runner import Runner

YEARS = ("2010", "2012")
_TELL: LiteralString = (
    "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, photo_urls, audio_url,"
    " created_at) VALUES (%(thread)s, %(who)s, 'mixed', %(text)s, %(photos)s::text[], %(audio)s, %(on)s) RETURNING id"
)


def _tell(world: World, thread: UUID, who: UUID, year: str) -> UUID:
    ((segment,),) = world.owner(
        _TELL, thread=thread, who=who, text=f"told in {year}", photos=["a", "b"], audio="s3://a", on=f"{year}-05-05"
    )
    return UUID(str(segment))


def _night(world: World) -> None:
    """The job itself, as the runner runs it; then everything is counted right."""
    done = Runner(world.database, "familytales").run("maintain", "partitions")
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.differences() == []


def _told(world: World, who: UUID) -> list[str]:
    rows: Rows = world.do(who, "SELECT text_content FROM content_segments WHERE text_content LIKE 'told%%' ORDER BY 1")
    return [text for (text,) in rows]


def _storage(world: World) -> tuple[int, int]:
    ((used, archived),) = world.database.rows(
        "SELECT storage_used_bytes, storage_archived_bytes FROM familytales.families WHERE id = %s", world.miller
    )
    return used, archived


def _bring_back(world: World, name: str) -> None:
    with world.login(ARCHIVIST) as archivist:
        archivist.execute("SELECT bring_back(%s)", (name,))


@pytest.fixture
def old(alone: World) -> World:
    for year in YEARS:
        _tell(alone, alone.shared_thread, alone.max, year)
        _tell(alone, alone.shared_thread, alone.anna, year)
        _tell(alone, alone.secret_thread, alone.nina, year)
        _tell(alone, alone.lair_thread, alone.milo, year)
    assert alone.differences() == []
    _night(alone)
    return alone


def test_an_archived_year_is_read_by_archivists_and_backups_and_by_nobody_else(old: World) -> None:
    assert _told(old, old.max) == []
    with old.as_owner() as owner:
        assert owner.rows("SELECT count(*) FROM archive.content_segments_2010") == [(4,)]
    for role in (APP, PUBLIC, MEDIA, SUPPORT):
        for table in (
            "archive.content_segments_2010",
            "archive.content_segments_2012",
            "part.content_segments_default",
        ):
            read: LiteralString = f"SELECT text_content FROM {table}"
            assert old.refused(old.anna, read, role=role).sqlstate == DENIED, (role, table)
    for role in (ARCHIVIST, BACKUP):
        assert old.ask(None, "SELECT count(*) FROM archive.content_segments_2010", role=role) == [(4,)]
    for role in (APP, PUBLIC, MEDIA, SUPPORT, ARCHIVIST):
        for change in ("DELETE FROM", "TRUNCATE", "INSERT INTO", "LOCK TABLE"):
            tail = " DEFAULT VALUES" if change == "INSERT INTO" else ""
            statement: LiteralString = f"{change} archive.content_segments_2010{tail}"
            assert old.refused(None, statement, role=role).sqlstate == DENIED, (role, change)


def test_what_members_see_of_the_archive_is_how_much_of_their_own_books_is_in_it(old: World) -> None:
    look: LiteralString = "SELECT memory_book_id, count(*) FROM archived_segments GROUP BY 1 ORDER BY 1"
    for who in (old.anna, old.max, old.vera):
        assert old.do(who, look) == [(old.shared, 4)]
    assert sorted(old.do(old.nina, look)) == sorted([(old.shared, 4), (old.secret, 2)])
    assert old.do(old.mallory, look) == [(old.lair, 2)]
    for stranger in (old.rita, old.eve, None):
        assert old.do(stranger, look) == []


def test_a_year_that_comes_back_is_read_as_before_and_by_name_by_nobody(old: World) -> None:
    before = _storage(old)
    _bring_back(old, "content_segments_2010")

    assert _told(old, old.max) == ["told in 2010"] * 2
    assert _told(old, old.nina) == ["told in 2010"] * 3
    assert _told(old, old.milo) == ["told in 2010"]
    assert _told(old, old.rita) == []
    for role in (APP, PUBLIC, MEDIA, SUPPORT, ARCHIVIST):
        assert old.refused(old.anna, "SELECT 1 FROM part.content_segments_2010", role=role).sqlstate == DENIED
    assert old.refused(None, "SELECT 1 FROM content_segments", role=ARCHIVIST).sqlstate == DENIED
    assert old.differences() == []
    assert _storage(old) == before

    _night(old)
    assert _storage(old)[0] == before[0]
    assert _storage(old)[1] == before[1] // 2


def test_a_year_goes_and_comes_back_three_times_and_nothing_is_lost(old: World) -> None:
    used = _storage(old)[0]
    for _ in range(3):
        _bring_back(old, "content_segments_2010")
        _night(old)
        assert _told(old, old.max) == ["told in 2010"] * 2
        old.owner("UPDATE ops.detached_partitions SET attached_until = now() WHERE attached_until IS NOT NULL")
        _night(old)
        assert _told(old, old.max) == []
        assert _storage(old)[0] == used


def test_deleting_a_thread_of_which_years_are_archived(old: World) -> None:
    used, archived = _storage(old)
    old.do(old.anna, "DELETE FROM threads WHERE id = %(shared_thread)s")

    assert old.differences() == []
    with old.as_owner() as owner:
        assert owner.rows("SELECT DISTINCT thread_id = %(shared_thread)s FROM archive.content_segments_2010") == [
            (False,)
        ]
        assert owner.rows("SELECT count(*) FROM familytales.archived_segments WHERE thread_id = %(shared_thread)s") == [
            (0,)
        ]
    assert _storage(old)[1] == archived - 4 * len("told in 2010")
    assert _storage(old)[0] < used
    _bring_back(old, "content_segments_2010")
    _night(old)
    assert _told(old, old.nina) == ["told in 2010"]


def test_deleting_a_private_book_and_a_family_of_which_years_are_archived(old: World) -> None:
    old.do(old.nina, "DELETE FROM memory_books WHERE id = %(secret)s")
    assert old.differences() == []
    old.do(old.mallory, "SELECT set_family_active(%(evil)s, false)")
    old.do(old.mallory, "SELECT delete_family(%(evil)s, 'evil')")
    assert old.differences() == []

    with old.as_owner() as owner:
        for table in ("archive.content_segments_2010", "archive.content_segments_2012"):
            rows: LiteralString = f"SELECT DISTINCT memory_book_id FROM {table}"
            assert owner.rows(rows) == [(old.shared,)]


def test_marking_and_editing_in_a_year_that_is_back_and_not_counted_yet(old: World) -> None:
    used, archived = _storage(old)
    _bring_back(old, "content_segments_2010")
    assert old.do(
        old.max, "UPDATE content_segments SET is_deleted = true"
        " WHERE text_content = 'told in 2010' AND user_id = %(max)s RETURNING deleted_by",
    ) == [(old.max,)]  # fmt: skip
    assert old.differences() == []
    old.do(old.anna, "UPDATE content_segments SET text_content = 'told!' WHERE text_content LIKE 'told in%%' AND"
                     " user_id = %(anna)s")  # fmt: skip
    assert old.differences() == []
    assert _storage(old) == (used - 7, archived - 7)
    # Away and back again before it was ever counted.
    old.owner("UPDATE ops.detached_partitions SET attached_until = now() WHERE attached_until IS NOT NULL")
    _night(old)
    _bring_back(old, "content_segments_2010")
    _night(old)
    assert _told(old, old.vera) == ["told!"]
    old.do(old.max, "UPDATE content_segments SET is_deleted = false WHERE is_deleted AND user_id = %(max)s"
                    " AND text_content = 'told in 2010'")  # fmt: skip
    assert old.differences() == []
    assert _told(old, old.vera) == ["told in 2010", "told!"]


def test_deleting_a_thread_in_a_year_that_is_back_and_not_counted_yet(old: World) -> None:
    _bring_back(old, "content_segments_2010")
    old.do(old.anna, "DELETE FROM threads WHERE id = %(shared_thread)s")
    assert old.differences() == []
    _night(old)
    assert old.differences() == []


def test_a_family_over_its_limit_brings_nothing_more_in_by_the_archive(old: World) -> None:
    """What is archived is still stored, and paid for."""
    used, archived = _storage(old)
    assert archived == 6 * len("told in 2010")
    old.owner("SELECT ops.set_limits(%(miller)s, 'free', %(used)s, 100)", used=used)
    insert: LiteralString = (
        "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(shared_thread)s, %(max)s, 'text', 't')"
    )
    assert old.fails(old.max, insert)[0] == "23514"
    _bring_back(old, "content_segments_2010")
    _night(old)
    assert old.fails(old.max, insert)[0] == "23514"


def test_nothing_is_put_into_a_year_that_is_just_being_archived(alone: World) -> None:
    """Its sums are taken: whoever came then would be in it, and not in them."""
    for year in YEARS:
        _tell(alone, alone.shared_thread, alone.max, year)
    for phase in ("drain", "create", "purge"):
        _follow(alone, f"SELECT run FROM ops.partitions_to_{phase}()")
    steps = _steps(alone, "SELECT run FROM familytales.segments_to_retire()")
    assert len(steps) == 4
    alone.owner(steps[0])
    for _ in range(2):
        with alone.as_owner() as owner:
            said = owner.refused(
                _TELL, thread=alone.lair_thread, who=alone.milo, text="late", photos=[], audio=None, on="2010-06-06"
            )
            assert said.sqlstate == "55000"
            assert str(said.message).startswith("segments created on 2010-06-06 ")
    assert alone.differences() == []
    for step in steps[1:]:
        alone.owner(step)
        assert alone.differences() == []
    _night(alone)
    # Afterwards it waits beside the archive, until the next night.
    _tell(alone, alone.lair_thread, alone.milo, "2010")
    assert alone.differences() == []
    _night(alone)
    with alone.as_owner() as owner:
        assert owner.rows("SELECT count(*) FROM archive.content_segments_2010_2") == [(1,)]


def _steps(world: World, query: LiteralString | str) -> list[LiteralString]:
    return [run for (run,) in world.owner(query)]


def _follow(world: World, query: str) -> None:
    for step in _steps(world, query):
        world.owner(step)
