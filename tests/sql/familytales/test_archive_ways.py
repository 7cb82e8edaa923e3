"""Other ways into the archive, and out of it for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString

import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.familytales.past import AFTER, BEFORE, OLD, archived, archived_bytes, as_archivist, counts, sleep, sums
from tests.sql.familytales.world import Family, as_owner, differences, follow

_SET_WRONG: dict[str, LiteralString] = {
    "stored": "stored = 7",
    "segments": "segments = 7",
    "photos": "photos = 7",
    "audios": "audios = 7",
    "bytes": "bytes = 7",
}


def _stored(family: Family) -> int:
    return int(family.one("SELECT count(*) FROM archive.content_segments_2010")[0])


def _thread(family: Family) -> None:
    family.rows(family.owner, "DELETE FROM threads WHERE id = %s", family.thread)


def _book(family: Family) -> None:
    family.rows(family.owner, "DELETE FROM memory_books WHERE id = %s", family.book)


def _family(family: Family) -> None:
    family.database.run("DELETE FROM familytales.families WHERE id = %s", family.id)


@pytest.mark.parametrize("delete", [_thread, _book, _family])
@pytest.mark.parametrize("is_back", [False, True])
def test_what_is_in_the_archive_goes_with_its_thread_book_or_family(
    old: Family, delete: Callable[[Family], None], is_back: bool
) -> None:
    other = Family(old.database, "Other")
    other.tell("theirs", on="2010-07-07T12:00Z")
    sleep(old.database)
    assert _stored(old) == 4
    if is_back:
        # Not counted yet: its sums are still put down.
        as_archivist(old, "SELECT bring_back('content_segments_2010')")

    delete(old)

    assert differences(old.database) == []
    if is_back:
        as_owner(old.database, "UPDATE ops.detached_partitions SET attached_until = now()")
    sleep(old.database)
    assert old.database.rows("SELECT text_content FROM archive.content_segments_2010") == [("theirs",)]
    assert old.database.rows("SELECT family_id FROM familytales.archived_segments") == [(other.id,)]
    assert old.database.rows("SELECT count(*) FROM familytales.segment_ids") == [(1,)]
    if delete is not _family:
        assert (old.storage(), archived_bytes(old)) == (0, 0)
    assert old.storage_of(old.owner) == 0


def test_what_hangs_on_archived_segments_stays_and_goes_with_them(old: Family) -> None:
    segment = old.tell("with tags", kind="photo", photos=("a",), on="2010-08-08T12:00Z")
    today = old.tell("today")
    old.tag(segment, "xmas")
    old.narrate(segment, 0, "a tree")
    old.link(today, segment)
    old.attach(old.upload(100), segment)
    tables = ("content_tags", "photo_narrations", "content_links", "media_objects")
    counts: LiteralString = "SELECT (SELECT count(*) FROM familytales.content_tags)," + ",".join(
        f" (SELECT count(*) FROM familytales.{table})" for table in tables[1:]
    )
    sleep(old.database)
    assert old.one(counts) == (1, 1, 1, 1)
    assert old.storage() == 138

    _thread(old)
    assert old.one(counts) == (0, 0, 0, 0)
    assert old.storage() == 0
    assert differences(old.database) == []


def test_a_year_that_is_detached_by_hand_is_counted_out_as_well(old: Family) -> None:
    follow(old.database, "ops.partitions_to_drain()")
    as_owner(old.database, "SELECT ops.expire_partition('part.content_segments_2010')")
    assert (counts(old), archived(old), archived_bytes(old)) == (AFTER, [OLD], 19)
    assert differences(old.database) == []
    assert len(as_archivist(old, "SELECT id FROM archive.content_segments_2010")) == 3

    # And counted in again, when it is attached by hand.
    as_owner(old.database, "SELECT ops.attach_partition('content_segments_2010')")
    sleep(old.database)
    assert (counts(old), archived_bytes(old)) == (BEFORE, 0)


def test_a_year_that_was_counted_out_half_is_finished_when_it_is_detached_by_hand(old: Family) -> None:
    second = old.new_thread()
    old.tell("there", thread=second, on="2010-09-09T12:00Z")
    follow(old.database, "ops.partitions_to_drain()")
    as_owner(
        old.database,
        "SELECT familytales.retire_segments('part.content_segments_2010', %s, %s, false)",
        second,
        second,
    )
    as_owner(old.database, "SELECT ops.expire_partition('part.content_segments_2010')")
    assert (old.thread_counts(), old.thread_counts(second), archived_bytes(old)) == ((1, 1), (0, 1), 24)
    assert differences(old.database) == []


@pytest.mark.parametrize("counter", ["stored", "segments", "photos", "audios", "bytes"])
def test_a_sum_of_the_archive_that_is_wrong_is_found_and_mended(old: Family, counter: str) -> None:
    sleep(old.database)
    before = sums(old)
    as_owner(old.database, "UPDATE familytales.archived_segments SET " + _SET_WRONG[counter] + " WHERE bytes = 9")
    found = {(relation, name) for relation, name, _, _ in differences(old.database)}
    assert ("familytales.archived_segments", counter) in found
    as_owner(old.database, "SELECT ops.recount()")
    assert (sums(old), differences(old.database)) == (before, [])


def test_what_is_to_be_kept_longer_after_all_is_counted_again(old: Family) -> None:
    follow(old.database, "ops.partitions_to_drain()")
    follow(old.database, "familytales.segments_to_retire()")
    assert counts(old) == AFTER

    as_owner(
        old.database,
        "UPDATE ops.partition_policy SET keep = '70 years' WHERE parent = 'familytales.content_segments'::regclass",
    )
    sleep(old.database)
    assert (counts(old), archived(old), archived_bytes(old)) == (BEFORE, [], 0)
    old.tell("late, and welcome", on="2010-06-06T12:00Z")
    assert differences(old.database) == []


def test_months_work_like_years(alone: Database) -> None:
    as_owner(
        alone,
        "UPDATE ops.partition_policy SET every = '1 month', premake = 14"
        " WHERE parent = 'familytales.content_segments'::regclass",
    )
    family = Family(alone)
    for day in ("2010-05-31T23:59Z", "2010-06-01T00:00Z"):
        family.tell("once", on=day)
    family.tell("today")
    sleep(alone)
    assert archived(family) == ["archive.content_segments_2010_05", "archive.content_segments_2010_06"]
    assert (family.thread_counts(), archived_bytes(family)) == ((1, 1), 8)

    as_archivist(family, "SELECT bring_back('content_segments_2010_05')")
    sleep(alone)
    assert (family.thread_counts(), archived_bytes(family)) == ((2, 1), 4)
    assert archived(family) == ["archive.content_segments_2010_06"]


def test_a_short_keep_closes_its_months_like_years(alone: Database) -> None:
    years = alone.rows(
        "SELECT string_agg(partition::text, ', ') FROM ops.partition_bounds('familytales.content_segments')"
        " WHERE NOT is_default"
    )
    with alone.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        connection.execute(f"DROP TABLE {years[0][0]}".encode())
        connection.execute(
            "UPDATE ops.partition_policy SET every = '1 month', keep = '2 months'"
            " WHERE parent = 'familytales.content_segments'::regclass"
        )
    family = Family(alone)
    ((day,),) = alone.rows("SELECT (now() - interval '4 months')::text")
    family.tell("once", on=day)
    follow(alone, "ops.partitions_to_drain()")
    follow(alone, "familytales.segments_to_retire()")
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="are being archived"):
        family.tell("late", on=day)
    sleep(alone)
    assert (family.thread_counts(), archived_bytes(family), len(archived(family))) == ((0, 1), 4, 1)


def test_a_year_gets_what_the_table_got_since(old: Family) -> None:
    sleep(old.database)
    for change in (
        "ADD COLUMN mood text NOT NULL DEFAULT 'glad'",
        "ADD COLUMN size integer GENERATED ALWAYS AS (length(text_content)) STORED",
        "ADD CONSTRAINT short CHECK (length(text_content) < 1000)",
    ):
        with old.database.master() as connection:
            connection.execute("SET ROLE familytales_owner")
            connection.execute(f"ALTER TABLE familytales.content_segments {change}".encode())
    as_archivist(old, "SELECT bring_back('content_segments_2010')")
    assert old.database.rows(
        "SELECT text_content, mood, size FROM familytales.content_segments ORDER BY created_at, sequence_number"
    ) == [("é" * 5, "glad", 5), ("abc", "glad", 3), ("gone", "glad", 4), ("today", "glad", 5)]
    sleep(old.database)
    assert counts(old) == BEFORE
    assert differences(old.database) == []


def test_what_the_table_has_lost_is_not_lost_in_the_archive(old: Family) -> None:
    """It is the only copy; whoever drops a column of the table decides about it."""
    sleep(old.database)
    with old.database.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        connection.execute("ALTER TABLE familytales.content_segments DROP COLUMN view_count")
    with pytest.raises(errors.DatatypeMismatch, match='contains column "view_count" not found in parent'):
        as_archivist(old, "SELECT bring_back('content_segments_2010')")
    assert old.database.rows("SELECT DISTINCT view_count FROM archive.content_segments_2010") == [(0,)]


def test_a_year_that_is_not_over_for_seven_years_stays(smith: Family) -> None:
    ((kept, expired),) = smith.database.rows(
        "SELECT (date_trunc('year', now(), 'UTC') - interval '7 years')::text,"
        " (date_trunc('year', now(), 'UTC') - interval '7 years' - interval '1 second')::text"
    )
    smith.tell("kept", on=kept)
    smith.tell("expired", on=expired)
    sleep(smith.database)
    assert smith.rows(smith.owner, "SELECT text_content FROM content_segments") == [("kept",)]
    assert smith.thread_counts() == (1, 1)


def test_nothing_is_added_to_what_is_in_the_archive(old: Family) -> None:
    ((segment,),) = old.database.rows("SELECT id FROM familytales.content_segments WHERE text_content = 'abc'")
    sleep(old.database)
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        old.tag(segment, "found again")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        old.link(old.tell("do you remember?"), segment)

    as_archivist(old, "SELECT bring_back('content_segments_2010')")
    old.tag(segment, "found again")
    assert old.rows(old.owner, "SELECT tag_name FROM content_tags") == [("found again",)]
    assert differences(old.database) == []
