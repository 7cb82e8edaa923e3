"""The counters of threads, books and families, after everything that moves them."""

from __future__ import annotations

from typing import LiteralString

import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.familytales.world import Family, as_owner, differences, register

_BOOK: LiteralString = "SELECT last_activity_at FROM familytales.memory_books WHERE id = %s"
_THREAD: LiteralString = "SELECT last_segment_at FROM familytales.threads WHERE id = %s"
_UPDATED: LiteralString = (
    "SELECT (SELECT updated_at FROM familytales.memory_books WHERE id = %s),"
    " (SELECT updated_at FROM familytales.threads WHERE id = %s),"
    " (SELECT updated_at FROM familytales.families WHERE id = %s),"
    " (SELECT updated_at FROM familytales.users WHERE id = %s)"
)


def test_each_kind_of_segment_is_counted_as_what_it_is(miller: Family) -> None:
    miller.tell("once")
    miller.record()
    miller.show(2)
    miller.tell("both", kind="mixed", audio="s3://voice.mp3", photos=("a", "b", "c"))

    assert miller.book_counts() == (1, 4, 1, 5, 2)
    assert miller.thread_counts() == (4, 1)
    assert differences(miller.database) == []


@pytest.mark.parametrize(
    ("kind", "audio", "photos", "counts"),
    [
        ("text", None, (), (1, 1, 1, 0, 0)),
        ("audio", "s3://voice.mp3", (), (1, 1, 1, 0, 1)),
        ("photo", None, ("a", "b"), (1, 1, 1, 2, 0)),
        ("mixed", "s3://voice.mp3", ("a",), (1, 1, 1, 1, 1)),
    ],
)
def test_what_is_marked_as_deleted_is_not_counted_until_it_is_restored(
    miller: Family, kind: str, audio: str | None, photos: tuple[str, ...], counts: tuple[int, ...]
) -> None:
    segment = miller.tell("once", kind=kind, audio=audio, photos=photos)
    assert miller.book_counts() == counts

    miller.mark_deleted(segment)
    assert miller.book_counts() == (1, 0, 0, 0, 0)
    assert miller.thread_counts() == (0, 1)
    assert differences(miller.database) == []

    miller.restore(segment)
    assert miller.book_counts() == counts
    assert miller.thread_counts() == (1, 1)
    assert differences(miller.database) == []


def test_whoever_has_a_segment_takes_part_and_leaves_with_the_last_one(miller: Family) -> None:
    ben = miller.join()
    first, second = miller.tell("a", by=ben), miller.tell("b", by=ben)
    assert (miller.thread_counts(), miller.book_counts()) == ((2, 2), (1, 2, 1, 0, 0))
    # The owner started the thread, but has told nothing.
    miller.tell("c")
    assert (miller.thread_counts(), miller.book_counts()) == ((3, 2), (1, 3, 2, 0, 0))

    miller.mark_deleted(first, by=ben)
    assert (miller.thread_counts(), miller.book_counts()) == ((2, 2), (1, 2, 2, 0, 0))
    miller.mark_deleted(second, by=ben)
    assert (miller.thread_counts(), miller.book_counts()) == ((1, 1), (1, 1, 1, 0, 0))
    miller.restore(second, by=ben)
    assert (miller.thread_counts(), miller.book_counts()) == ((2, 2), (1, 2, 2, 0, 0))
    assert differences(miller.database) == []


def test_who_tells_in_two_threads_of_a_book_contributes_to_it_once(miller: Family) -> None:
    second = miller.new_thread()
    miller.tell("a")
    there = miller.tell("b", thread=second)

    assert miller.book_counts() == (2, 2, 1, 0, 0)
    miller.mark_deleted(there)
    assert miller.book_counts() == (2, 1, 1, 0, 0)


def test_one_statement_of_many_authors_threads_and_books_is_counted_in_each(miller: Family, other: Family) -> None:
    ben = miller.join()
    book = miller.new_book("Winters")
    thread = miller.new_thread(book)
    miller.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, photo_urls)"
        " SELECT thread, author, 'mixed', repeat('x', 10), array_fill('p'::text, ARRAY[2])"
        "  FROM (VALUES (%s::uuid, %s::uuid), (%s, %s), (%s, %s), (%s, %s)) AS pair (thread, author),"
        "       generate_series(1, 3)",
        miller.thread, miller.owner, miller.thread, ben, thread, ben, other.thread, other.owner,
    )  # fmt: skip

    assert (miller.thread_counts(), miller.thread_counts(thread)) == ((6, 2), (3, 2))
    assert (miller.book_counts(), miller.book_counts(book)) == ((1, 6, 2, 12, 0), (1, 3, 1, 6, 0))
    assert (other.thread_counts(), other.book_counts()) == ((3, 1), (1, 3, 1, 6, 0))
    assert (miller.storage(), miller.storage_of(ben), other.storage()) == (90, 60, 30)
    numbers = miller.database.rows("SELECT sequence_number FROM familytales.segment_ids ORDER BY thread_id, 1")
    assert sorted(numbers) == sorted((n,) for size in (6, 3, 3) for n in range(1, size + 1))
    assert differences(miller.database) == []

    miller.database.run("UPDATE familytales.content_segments SET is_deleted = true WHERE user_id = %s", ben)
    assert (miller.book_counts(), miller.book_counts(book)) == ((1, 3, 1, 6, 0), (1, 0, 0, 0, 0))
    assert differences(miller.database) == []

    miller.database.run("DELETE FROM familytales.content_segments WHERE sequence_number > 1")
    assert (miller.thread_counts(), miller.thread_counts(thread), other.thread_counts()) == ((1, 1), (0, 1), (1, 1))
    assert differences(miller.database) == []


def test_a_statement_that_fails_moves_nothing(miller: Family) -> None:
    with pytest.raises(errors.CheckViolation):
        miller.database.run(
            "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
            " SELECT %s, %s, 'text', nullif(n, 3)::text FROM generate_series(1, 3) AS n",
            miller.thread,
            miller.owner,
        )
    assert miller.thread_counts() == (0, 1)
    assert miller.one("SELECT next_sequence_number FROM familytales.threads WHERE id = %s", miller.thread) == (1,)


def test_a_thread_takes_its_segments_out_of_the_book(miller: Family) -> None:
    ben = miller.join()
    second = miller.new_thread(by=ben)
    miller.tell("a")
    miller.show(2, thread=second, by=ben)
    deleted = miller.tell("b", thread=second, by=ben)
    miller.mark_deleted(deleted, by=ben)
    assert (miller.book_counts(), miller.storage()) == ((2, 2, 2, 2, 0), 2)

    miller.rows(miller.owner, "DELETE FROM threads WHERE id = %s", second)

    assert (miller.book_counts(), miller.storage(), miller.storage_of(ben)) == ((1, 1, 1, 0, 0), 1, 0)
    assert differences(miller.database) == []


def test_books_and_families_take_everything_with_them(miller: Family, other: Family) -> None:
    # The same people are in both.
    other.join(user=miller.owner)
    miller.tell("mine")
    other.tell("theirs", by=miller.owner)
    assert miller.storage_of(miller.owner) == 10

    miller.rows(miller.owner, "DELETE FROM memory_books WHERE id = %s", miller.book)
    assert (miller.storage(), miller.storage_of(miller.owner)) == (0, 6)
    assert differences(miller.database) == []

    miller.database.run("DELETE FROM familytales.families WHERE id = %s", other.id)
    assert miller.storage_of(miller.owner) == 0
    assert differences(miller.database) == []


def test_members_are_counted_while_they_are_active(miller: Family) -> None:
    query: LiteralString = "SELECT member_count FROM familytales.families WHERE id = %s"
    ben, eva = miller.join(), miller.join()
    assert miller.one(query, miller.id) == (3,)
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert miller.one(query, miller.id) == (2,)
    miller.join(user=ben)
    assert miller.one(query, miller.id) == (3,)
    miller.database.run("DELETE FROM familytales.family_members WHERE user_id = %s", eva)
    assert miller.one(query, miller.id) == (2,)
    assert differences(miller.database) == []


def test_the_latest_segment_stays_the_latest_when_it_is_deleted(miller: Family) -> None:
    miller.tell("long ago", on="2024-05-05T12:00Z")
    latest = miller.tell("now")
    ((created,),) = miller.database.rows("SELECT created_at FROM familytales.content_segments WHERE id = %s", latest)
    assert miller.one(_THREAD, miller.thread) == miller.one(_BOOK, miller.book) == (created,)

    miller.tell("long ago, told late", on="2024-06-05T12:00Z")
    miller.mark_deleted(latest)
    assert miller.one(_THREAD, miller.thread) == miller.one(_BOOK, miller.book) == (created,)

    # A new thread is news of the book, too.
    thread = miller.new_thread()
    ((started,),) = miller.database.rows("SELECT created_at FROM familytales.threads WHERE id = %s", thread)
    assert miller.one(_BOOK, miller.book) == (started,)
    assert miller.one(_THREAD, thread) == (None,)


def test_a_counter_that_moves_changes_nothing_else(miller: Family) -> None:
    ids = (miller.book, miller.thread, miller.id, miller.owner)
    before = miller.one(_UPDATED, *ids)
    segment = miller.tell("a")
    miller.attach(miller.upload(7), segment)
    miller.mark_deleted(segment)
    miller.new_thread()
    miller.join()
    as_owner(miller.database, "UPDATE familytales.threads SET segment_count = 7")
    as_owner(miller.database, "SELECT ops.recount()")
    assert miller.one(_UPDATED, *ids) == before

    miller.rows(miller.owner, "UPDATE memory_books SET title = 'new' WHERE id = %s", miller.book)
    miller.rows(miller.owner, "UPDATE threads SET title = 'new' WHERE id = %s", miller.thread)
    miller.rows(miller.owner, "UPDATE families SET name = 'new' WHERE id = %s", miller.id)
    miller.rows(miller.owner, "UPDATE users SET display_name = 'new' WHERE id = %s", miller.owner)
    assert all(after > was for after, was in zip(miller.one(_UPDATED, *ids), before, strict=True))


def test_views_and_reactions_are_counted_one_by_one(miller: Family) -> None:
    segment = miller.tell("a")
    ben = miller.join("viewer")
    stranger = register(miller.database, "Stranger")
    for user in (ben, ben, stranger):
        miller.rows(user, "SELECT count_view(%s)", segment)
    for more in (1, 1, -1):
        miller.rows(ben, "SELECT count_reaction(%s, %s)", segment, more)
    query: LiteralString = "SELECT view_count, reaction_count, is_edited FROM familytales.content_segments"
    assert miller.database.rows(query) == [(2, 1, False)]
    for more in (-1, -1):
        miller.rows(ben, "SELECT count_reaction(%s, %s)", segment, more)
    assert miller.database.rows(query) == [(2, 0, False)]
    with pytest.raises(errors.InvalidParameterValue, match="more is 5, and must be 1 or -1"):
        miller.rows(ben, "SELECT count_reaction(%s, 5)", segment)


_WRONG: list[tuple[LiteralString, tuple[str, str, int | None, int]]] = [
    ("UPDATE familytales.families SET member_count = 9", ("families", "member_count", 9, 1)),
    ("UPDATE familytales.families SET storage_used_bytes = 9", ("families", "storage_used_bytes", 9, 4)),
    ("UPDATE familytales.families SET storage_archived_bytes = 9", ("families", "storage_archived_bytes", 9, 0)),
    ("UPDATE familytales.users SET storage_used_bytes = 9", ("users", "storage_used_bytes", 9, 4)),
    ("UPDATE familytales.memory_books SET thread_count = 9", ("memory_books", "thread_count", 9, 1)),
    ("UPDATE familytales.memory_books SET segment_count = 9", ("memory_books", "segment_count", 9, 1)),
    ("UPDATE familytales.memory_books SET contributor_count = 9", ("memory_books", "contributor_count", 9, 1)),
    ("UPDATE familytales.memory_books SET photo_count = 9", ("memory_books", "photo_count", 9, 0)),
    ("UPDATE familytales.memory_books SET audio_count = 9", ("memory_books", "audio_count", 9, 0)),
    ("UPDATE familytales.threads SET segment_count = 9", ("threads", "segment_count", 9, 1)),
    ("UPDATE familytales.threads SET participant_count = 9", ("threads", "participant_count", 9, 1)),
    ("UPDATE familytales.threads SET next_sequence_number = 1", ("threads", "next_sequence_number", 1, 2)),
    (
        "UPDATE familytales.thread_participants SET segment_count = 9",
        ("thread_participants", "segment_count", 9, 1),
    ),
]


@pytest.mark.parametrize(("wrong", "told"), _WRONG, ids=lambda value: None if isinstance(value, str) else str(value[1]))
def test_a_counter_that_is_set_wrong_by_hand_is_found_named_and_mended(
    miller: Family, wrong: LiteralString, told: tuple[str, str, int | None, int]
) -> None:
    miller.tell("once")
    as_owner(miller.database, "SELECT ops.check_counters()")
    as_owner(miller.database, wrong)
    table, counter, stored, counted = told
    assert differences(miller.database) == [(f"familytales.{table}", counter, stored, counted)]

    with pytest.raises(errors.DataCorrupted) as refused:
        as_owner(miller.database, "SELECT ops.check_counters()")
    words = str(refused.value.diag.message_primary)
    assert words.startswith(f"1 counters are wrong; the first: familytales.{table}.{counter} of ")
    assert words.endswith(f" is {stored}, counted are {counted}")
    assert "SELECT ops.recount() sets them right" in str(refused.value.diag.message_hint)

    assert miller.database.rows("SELECT ops.recount()") == [(1,)]
    assert differences(miller.database) == []
    # Right also for what comes next.
    miller.tell("again")
    assert differences(miller.database) == []


@pytest.mark.parametrize("told_something", [True, False])
def test_somebody_who_was_lost_as_a_participant_is_found_again(miller: Family, told_something: bool) -> None:
    if told_something:
        miller.tell("once")
    as_owner(miller.database, "DELETE FROM familytales.thread_participants")
    as_owner(miller.database, "SELECT ops.recount()")
    assert differences(miller.database) == []

    ben = miller.join()
    miller.tell("again", by=ben)
    assert miller.thread_counts() == (1 + told_something, 2)
    assert differences(miller.database) == []


def test_the_first_of_several_wrong_ones_is_named_with_their_number(miller: Family, other: Family) -> None:
    as_owner(miller.database, "UPDATE familytales.threads SET segment_count = 3")
    as_owner(miller.database, "UPDATE familytales.families SET member_count = 5")
    first = min(str(miller.id), str(other.id))
    with pytest.raises(
        errors.DataCorrupted,
        match=f"4 counters are wrong; the first: familytales.families.member_count of {first} is 5, counted are 1",
    ):
        as_owner(miller.database, "SELECT ops.check_counters()")
    assert miller.database.rows("SELECT ops.recount()") == [(4,)]


def test_only_the_owner_counts_again(miller: Family, familytales: Database) -> None:
    for query in ("SELECT ops.recount()", "SELECT ops.check_counters()", "SELECT * FROM ops.counter_differences()"):
        with pytest.raises(errors.InsufficientPrivilege):
            familytales.asked_by("familytales_app", miller.owner, query)
