"""Numbers, ids, times and counters that the database hands out: forged, or asked for by many at once."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.familytales_attacks.world import Action, World

_MORE = "thread_id, user_id, content_type, text_content) VALUES "
_ROW = "%(shared_thread)s, %(max)s, 'text', 't')"
_TELL: LiteralString = "INSERT INTO content_segments (" + _MORE + "(" + _ROW + " RETURNING id"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sequence_number", "1"), ("sequence_number", "2147483647"), ("sequence_number", "-1"),
        ("created_at", "'1999-01-01'"), ("created_at", "'2999-01-01'"), ("created_at", "now()"),
        ("id", "gen_random_uuid()"), ("id", "%(shared_segment)s"), ("family_id", "%(miller)s"),
        ("memory_book_id", "%(shared)s"), ("is_edited", "false"), ("edited_at", "now()"), ("is_deleted", "true"),
        ("deleted_at", "now()"), ("deleted_by", "%(adam)s"), ("view_count", "1000000"), ("reaction_count", "1000000"),
    ],
)  # fmt: skip
def test_forging_it_in_a_new_segment(world: World, column: LiteralString, value: LiteralString) -> None:
    insert: LiteralString = "INSERT INTO content_segments (" + column + ", " + _MORE + "(" + value + ", " + _ROW

    for who in (world.max, world.adam, world.anna):
        assert world.refused(who, insert).short == (DENIED, "permission denied for table content_segments")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sequence_number", "7"), ("sequence_number", "sequence_number + 1"), ("created_at", "'1999-01-01'"),
        ("created_at", "now()"), ("id", "gen_random_uuid()"), ("is_edited", "false"), ("edited_at", "NULL"),
        ("deleted_at", "NULL"), ("deleted_by", "NULL"), ("view_count", "view_count + 1"), ("reaction_count", "0"),
        ("photo_urls", "'{}'"), ("audio_url", "NULL"), ("content_type", "'text'"), ("user_id", "%(anna)s"),
    ],
)  # fmt: skip
def test_forging_it_in_a_segment_that_is_there(world: World, column: LiteralString, value: LiteralString) -> None:
    for where in ("", " WHERE id = %(shared_segment)s"):
        update: LiteralString = "UPDATE content_segments SET " + column + " = " + value + where
        for who in (world.max, world.adam, world.anna):
            assert world.refused(who, update).short == (DENIED, "permission denied for table content_segments")


@pytest.mark.parametrize("column", ["next_sequence_number", "segment_count", "participant_count", "last_segment_at",
                                    "created_at", "id"])  # fmt: skip
def test_forging_what_a_thread_counts(world: World, column: LiteralString) -> None:
    insert: LiteralString = (
        "INSERT INTO threads (" + column + ", family_id, memory_book_id, started_by)"
        " VALUES (DEFAULT, %(miller)s, %(shared)s, %(anna)s)"
    )
    for statement in ("UPDATE threads SET " + column + " = DEFAULT", insert):
        assert world.refused(world.anna, statement).short == (DENIED, "permission denied for table threads")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO segment_ids (id, family_id, memory_book_id, thread_id, sequence_number, created_at)"
        " VALUES (gen_random_uuid(), %(miller)s, %(shared)s, %(shared_thread)s, 99, now())",
        "UPDATE segment_ids SET sequence_number = sequence_number + 1",
        "DELETE FROM segment_ids",
        "DELETE FROM content_segments WHERE id = %(shared_segment)s",
        "TRUNCATE content_segments",
        "INSERT INTO thread_participants (thread_id, user_id, family_id, memory_book_id, segment_count)"
        " VALUES (%(shared_thread)s, %(max)s, %(miller)s, %(shared)s, 5)",
        "UPDATE thread_participants SET segment_count = 0",
        "DELETE FROM archived_segments",
        "SELECT register_segment()",
        "SELECT use_storage(%(miller)s, -1000000)",
        "SELECT use_storage_of_user(%(max)s, -1000000)",
        "SELECT count_contributors(ARRAY[%(shared)s]::uuid[])",
        "SELECT count_changes(NULL)",
        "SELECT count_sides(NULL)",
        "SELECT change_archived('content_segments', %(miller)s, %(shared_thread)s, %(max)s, 0, 0, 0, 0, -1000000)",
        "SELECT move_sums('content_segments', NULL, 1)",
        "SELECT retire_segments('content_segments')",
        "SELECT return_segments('content_segments')",
        "SELECT segments_to_retire()",
    ],
)
@pytest.mark.parametrize("role", ["familytales_app", "familytales_public", "familytales_media", "familytales_support",
                                  "familytales_archivist"])  # fmt: skip
def test_writing_to_the_registry_or_calling_what_keeps_it(world: World, role: str, statement: LiteralString) -> None:
    said = world.refused(world.anna, statement, role=role)

    # Types of what the counting functions take are no secret; a literal that is none is refused before the call.
    assert said.sqlstate in (DENIED, "25006"), said


def test_the_owner_himself_cannot_forge_a_number_or_move_a_segment(world: World) -> None:
    with world.as_owner() as owner:
        owner.rows("SET LOCAL search_path = familytales")
        ((number, family, book),) = owner.rows(
            "INSERT INTO content_segments (thread_id, user_id, content_type, text_content, sequence_number, family_id,"
            " memory_book_id) VALUES (%(shared_thread)s, %(max)s, 'text', 't', 77, %(evil)s, %(lair)s)"
            " RETURNING sequence_number, family_id, memory_book_id"
        )
        assert (number, family, book) == (4, world.miller, world.shared)
        for change in (
            "sequence_number = 77",
            "thread_id = %(lair_thread)s",
            "created_at = now()",
            "user_id = %(anna)s",
        ):
            update: LiteralString = f"UPDATE content_segments SET {change} WHERE id = %(shared_segment)s"
            said = owner.refused(update)
            assert said.short == ("23514", "id, place, author and creation of a segment never change")


@pytest.mark.parametrize(
    "change",
    [
        "content_segments SET metadata = jsonb_build_object('x', repeat('x', 70000))",
        "photo_narrations SET narration_text = repeat('x', 10001)",
        "threads SET metadata = jsonb_build_object('x', repeat('x', 70000))",
        "memory_books SET description = repeat('x', 10001)",
        "users SET avatar_url = repeat('x', 2084)",
        "families SET settings = jsonb_build_object('x', repeat('x', 70000))",
    ],
)
def test_storing_for_nothing_what_the_limit_does_not_count(world: World, change: LiteralString) -> None:
    assert world.refused(world.anna, "UPDATE " + change).sqlstate == "23514"


def test_a_rolled_back_segment_leaves_no_gap(world: World) -> None:
    with world.inside(world.max) as somebody:
        for _ in range(3):
            somebody.refused("INSERT INTO content_segments (" + _MORE + "(" + _ROW + " RETURNING 1 / 0")
        ((segment,),) = somebody.rows(_TELL)

        assert somebody.rows("SELECT sequence_number FROM content_segments WHERE id = %(s)s", s=segment) == [(4,)]


def test_eight_writers_of_one_thread_with_1600_segments_get_1600_numbers(world: World) -> None:
    """Committed: no failure, no gap, no duplicate, and every counter right."""
    each = 200

    def write(connection: psycopg.Connection) -> object:
        for _ in range(each):
            with connection.transaction():
                Attacker(connection, world.ids).become(world.dora).rows(
                    "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
                    " VALUES (%(lair_thread)s, %(dora)s, 'text', 'one of many')"
                )
        return each

    writers: list[Action] = [write] * 8
    assert world.at_once(writers) == [each] * 8

    numbers = world.database.rows(
        "SELECT sequence_number FROM familytales.content_segments WHERE thread_id = %s ORDER BY 1", world.lair_thread
    )
    assert numbers == [(number,) for number in range(1, 1602)]
    assert world.database.rows(
        "SELECT next_sequence_number, segment_count, participant_count FROM familytales.threads WHERE id = %s",
        world.lair_thread,
    ) == [(1602, 1601, 2)]
    assert world.differences() == []
