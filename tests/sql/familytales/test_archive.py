"""Years that are over seven years old leave the table, with everything counted, and come back."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.past import (
    AFTER,
    BEFORE,
    OLD,
    ON,
    archived,
    archived_bytes,
    as_archivist,
    counts,
    run_job,
    sleep,
    sums,
)
from tests.sql.familytales.world import Family, as_owner, differences, follow


def test_the_job_takes_an_expired_year_out_of_the_counters_and_the_table(old: Family, ben: UUID) -> None:
    assert (counts(old), old.storage()) == (BEFORE, 24)

    run_job(old.database)

    assert counts(old) == AFTER
    assert old.rows(old.owner, "SELECT text_content FROM content_segments") == [("today",)]
    assert archived(old) == [OLD]
    assert sums(old) == [(ben, 2, 1, 2, 1, 9), (old.owner, 1, 1, 0, 0, 10)]
    # It is still stored, and still paid for.
    assert (old.storage(), archived_bytes(old)) == (24, 19)
    assert (old.storage_of(old.owner), old.storage_of(ben)) == (15, 9)


def test_members_see_how_much_of_a_thread_is_in_the_archive(old: Family, ben: UUID) -> None:
    sleep(old.database)
    query: LiteralString = "SELECT thread_id, user_id, segments FROM archived_segments ORDER BY bytes"
    expected = [(old.thread, ben, 1), (old.thread, old.owner, 1)]
    assert old.rows(ben, query) == expected
    assert Family(old.database, "Other").rows(None, query) == []
    assert old.database.asked_by("familytales_support", None, "SELECT sum(stored) FROM archived_segments") == [(3,)]


def test_the_procedure_of_the_design_does_the_same(old: Family) -> None:
    follow(old.database, "ops.partitions_to_drain()")
    as_owner(old.database, "CALL ops.archive_old_content()")
    assert (counts(old), archived(old), archived_bytes(old)) == (AFTER, [OLD], 19)
    assert differences(old.database) == []
    as_owner(old.database, "CALL ops.archive_old_content()")
    assert (counts(old), archived(old), archived_bytes(old)) == (AFTER, [OLD], 19)


def test_a_second_run_finds_nothing_to_do(old: Family) -> None:
    run_job(old.database)
    for function in ("ops.partitions_to_drain()", "familytales.segments_to_retire()", "ops.partitions_to_expire()"):
        assert follow(old.database, function) == []
    run_job(old.database)
    assert (counts(old), archived(old)) == (AFTER, [OLD])


def test_a_year_of_many_threads_is_taken_out_in_portions(smith: Family) -> None:
    smith.database.run(
        "INSERT INTO familytales.threads (family_id, memory_book_id, started_by) SELECT %s, %s, %s"
        "  FROM generate_series(1, 1100)",
        smith.id, smith.book, smith.owner,
    )  # fmt: skip
    smith.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, created_at)"
        " SELECT id, started_by, 'text', 'x', %s FROM familytales.threads",
        ON,
    )
    follow(smith.database, "ops.partitions_to_drain()")
    # Three portions of at most five hundred threads, and what ends it.
    steps = follow(smith.database, "familytales.segments_to_retire()", 2)
    assert len(steps) == 2
    assert smith.book_counts() == (1101, 101, 1, 0, 0)
    assert (smith.storage(), archived_bytes(smith)) == (1101, 1000)
    assert differences(smith.database) == []

    # It was killed there. The next run begins again, and does the rest only.
    assert len(follow(smith.database, "familytales.segments_to_retire()")) == 4
    assert smith.book_counts() == (1101, 0, 0, 0, 0)
    assert smith.database.rows("SELECT partition::text, is_complete FROM familytales.archived_partitions") == [
        ("part.content_segments_2010", True)
    ]
    sleep(smith.database)
    assert (archived(smith), archived_bytes(smith)) == ([OLD], 1101)

    smith.rows(smith.owner, "DELETE FROM threads WHERE id <> %s", smith.thread)
    assert (smith.storage(), archived_bytes(smith)) == (1, 1)
    assert differences(smith.database) == []


def test_between_portions_everything_that_happens_is_counted_where_it_is(old: Family, ben: UUID) -> None:
    second = old.new_thread(by=ben)
    told = {thread: old.tell("1234", thread=thread, by=ben, on=ON) for thread in sorted((old.thread, second), key=str)}
    first, last = told
    follow(old.database, "ops.partitions_to_drain()")
    as_owner(
        old.database,
        "SELECT familytales.retire_segments('part.content_segments_2010', %s, %s, false)",
        first,
        first,
    )
    assert old.thread_counts(last)[0] == (1 if last == second else 4)
    assert differences(old.database) == []

    for thread, segment in told.items():
        old.rows(ben, "UPDATE content_segments SET text_content = '12' WHERE id = %s", segment)
        assert differences(old.database) == [], thread
        old.mark_deleted(segment, by=ben)
        assert differences(old.database) == [], thread
        old.restore(segment, by=ben)
        assert differences(old.database) == [], thread
    old.database.run("DELETE FROM familytales.content_segments WHERE id = %s", told[first])
    assert differences(old.database) == []

    # It would be in the year, and not in its sums.
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="are being archived"):
        old.tell("late", on="2010-06-06T12:00Z")
    sleep(old.database)
    assert counts(old)[0] == AFTER[0]


def test_archivists_read_what_is_in_the_archive_and_others_do_not(old: Family) -> None:
    sleep(old.database)
    query: LiteralString = "SELECT text_content FROM archive.content_segments_2010 ORDER BY sequence_number"
    assert as_archivist(old, query) == [("é" * 5,), ("abc",), ("gone",)]
    assert as_archivist(
        old, "SELECT partition::text, lower_bound::date::text, attached_until FROM ops.detached_partitions"
    ) == [(OLD, "2010-01-01", None)]
    for role in ("familytales_app", "familytales_support", "familytales_public", "familytales_media"):
        with pytest.raises(errors.InsufficientPrivilege):
            old.database.asked_by(role, old.owner, query)
    with pytest.raises(errors.InsufficientPrivilege):
        as_archivist(old, "DELETE FROM archive.content_segments_2010")


def test_a_year_comes_back_for_a_while_and_leaves_again(old: Family, ben: UUID) -> None:
    sleep(old.database)
    as_archivist(old, "SELECT bring_back('content_segments_2010')")

    # It can be read at once; counters follow with the job.
    assert len(old.rows(old.owner, "SELECT id FROM content_segments")) == 4
    assert (counts(old), differences(old.database)) == (AFTER, [])
    sleep(old.database)
    assert (counts(old), archived(old)) == (BEFORE, [])
    assert (old.storage(), archived_bytes(old), sums(old)) == (24, 0, [])
    # Like any other year now.
    with pytest.raises(errors.InsufficientPrivilege):
        as_archivist(old, "SELECT id FROM part.content_segments_2010")
    old.database.run("UPDATE familytales.content_segments SET is_deleted = true WHERE text_content = 'abc'")
    assert differences(old.database) == []
    sleep(old.database)
    assert archived(old) == []

    as_owner(old.database, "UPDATE ops.detached_partitions SET attached_until = now()")
    sleep(old.database)
    assert (counts(old), archived(old)) == (AFTER, [OLD])
    assert sums(old) == [(ben, 2, 0, 0, 0, 9), (old.owner, 1, 1, 0, 0, 10)]
    assert len(as_archivist(old, "SELECT id FROM archive.content_segments_2010")) == 3
    # And once more.
    as_archivist(old, "SELECT bring_back('content_segments_2010', '1 hour')")
    sleep(old.database)
    assert counts(old) == ((2, 1), (1, 2, 1, 0, 0))


def test_a_stay_that_ends_before_the_job_has_counted_changes_nothing(old: Family) -> None:
    sleep(old.database)
    put_down = sums(old)
    as_archivist(old, "SELECT bring_back('content_segments_2010')")
    # What is changed while it is here belongs to the sums.
    old.database.run("UPDATE familytales.content_segments SET text_content = 'é' WHERE text_content = 'ééééé'")
    assert differences(old.database) == []
    as_owner(old.database, "UPDATE ops.detached_partitions SET attached_until = now()")
    sleep(old.database)
    assert (counts(old), archived(old)) == (AFTER, [OLD])
    assert sorted(row[-1] for row in sums(old)) == sorted(row[-1] - 8 * (row[-1] == 10) for row in put_down)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("SELECT bring_back('content_segments_1999')", "there is no archived partition content_segments_1999"),
        ("SELECT bring_back('content_segments_2010', '1 minute')", "must be from 1 hour to 90 days"),
        ("SELECT bring_back('content_segments_2010', '91 days')", "must be from 1 hour to 90 days"),
        ("SELECT bring_back('content_segments_2010', NULL)", "must be from 1 hour to 90 days"),
    ],
)
def test_what_cannot_be_brought_back_is_refused(old: Family, call: LiteralString, said: str) -> None:
    sleep(old.database)
    with pytest.raises((errors.UndefinedTable, errors.InvalidParameterValue), match=said):
        as_archivist(old, call)


def test_what_is_back_is_not_brought_back_twice(old: Family) -> None:
    sleep(old.database)
    as_archivist(old, "SELECT bring_back('content_segments_2010')")
    with pytest.raises(errors.UndefinedTable, match="there is no detached partition content_segments_2010"):
        as_archivist(old, "SELECT bring_back('content_segments_2010')")
    with pytest.raises(errors.InsufficientPrivilege):
        old.rows(old.owner, "SELECT bring_back('content_segments_2010')")


def test_what_came_late_into_an_archived_year_is_archived_beside_it(old: Family, ben: UUID) -> None:
    sleep(old.database)
    late = old.tell("late", by=ben, on=ON)
    assert old.thread_counts() == (2, 2)
    assert differences(old.database) == []
    sleep(old.database)

    assert (counts(old), archived(old)) == (AFTER, [OLD, f"{OLD}_2"])
    assert as_archivist(old, "SELECT id FROM archive.content_segments_2010_2") == [(late,)]
    assert (old.storage(), archived_bytes(old)) == (28, 23)

    # Either can come back, alone; and only when nothing else of these days is about.
    again = old.tell("later", by=ben, on=ON)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="came late, and lie in the default partition"):
        as_archivist(old, "SELECT bring_back('content_segments_2010')")
    old.database.run("DELETE FROM familytales.content_segments WHERE id = %s", again)
    as_archivist(old, "SELECT bring_back('content_segments_2010_2')")
    sleep(old.database)
    assert (old.thread_counts(), archived_bytes(old)) == ((2, 2), 19)
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState, match=r"part\.content_segments_2010_2 holds segments of the same days"
    ):
        as_archivist(old, "SELECT bring_back('content_segments_2010')")
