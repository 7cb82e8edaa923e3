"""Counters that many change at once, in every order; and limits that many run into at once. These commit."""

from __future__ import annotations

import random
from typing import LiteralString
from uuid import UUID

import psycopg

from tests.sql.attacks.world import Attacker
from tests.sql.familytales_attacks.world import MEDIA, Action, World

_TELL: LiteralString = (
    "INSERT INTO content_segments (thread_id, user_id, content_type, text_content, photo_urls, audio_url)"
    " VALUES (%(thread)s, %(me)s, 'mixed', %(text)s, %(photos)s::text[], %(audio)s) RETURNING id"
)


def _storage(world: World, family: UUID) -> tuple[int, int]:
    ((used, limit),) = world.database.rows(
        "SELECT storage_used_bytes, storage_limit_bytes FROM familytales.families WHERE id = %s", family
    )
    return used, limit


def _storm(world: World, seed: int) -> Action:
    """Somebody who tells, deletes, restores, edits and tags in two books and many threads, each at random."""
    chance = random.Random(seed)
    me = (world.anna, world.adam, world.dora, world.ed)[seed % 4]

    def one(asking: Attacker, threads: list[UUID], own: list[UUID]) -> None:
        match chance.randrange(7):
            case 0 | 1 | 2:
                ((segment,),) = asking.rows(
                    _TELL, thread=chance.choice(threads), me=me, text="x" * chance.randrange(50),
                    photos=["p"] * chance.randrange(3), audio=chance.choice([None, "s3://a"]),
                )  # fmt: skip
                own.append(segment)
            case 3 if own:
                asking.rows(
                    "UPDATE content_segments SET is_deleted = NOT is_deleted WHERE id = ANY (%(some)s)",
                    some=chance.sample(own, min(3, len(own))),
                )
            case 4 if own:
                asking.rows(
                    "UPDATE content_segments SET text_content = %(text)s WHERE id = %(one)s",
                    one=chance.choice(own), text="y" * chance.randrange(80),
                )  # fmt: skip
            case 5 if own:
                asking.rows(
                    "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by)"
                    " SELECT id, %(tag)s, user_id FROM content_segments WHERE id = %(one)s AND NOT is_deleted"
                    " ON CONFLICT DO NOTHING",
                    one=chance.choice(own), tag=f"tag {chance.randrange(5)}",
                )  # fmt: skip
            case _:
                ((thread,),) = asking.rows(
                    "INSERT INTO threads (family_id, memory_book_id, started_by)"
                    " VALUES (%(miller)s, %(book)s, %(me)s) RETURNING id",
                    book=chance.choice([world.shared, world.public]), me=me,
                )  # fmt: skip
                threads.append(thread)

    def act(connection: psycopg.Connection) -> object:
        threads = [world.shared_thread, world.public_thread]
        own: list[UUID] = []
        for _ in range(60):
            with connection.transaction():
                one(Attacker(connection, world.ids).become(me), threads, own)
        return "done"

    return act


def test_eight_who_post_delete_restore_edit_and_tag_at_once_leave_every_counter_right(fresh: World) -> None:
    assert fresh.at_once([_storm(fresh, seed) for seed in range(8)]) == ["done"] * 8

    assert fresh.differences() == []


def test_a_thread_that_is_deleted_while_others_write_to_it_and_beside_it(fresh: World) -> None:
    """Its writers are refused or come before; nobody's counter keeps what went with it. Who marks segments comes from
    the other end, and may be told to try again: after a deadlock, or after the three seconds that its role waits for a
    lock."""
    remove = fresh.acting(fresh.anna, "DELETE FROM threads WHERE id = %(shared_thread)s")
    answers = fresh.at_once([remove, *(_storm(fresh, seed) for seed in range(6)), remove])

    for answer in answers:
        refused = isinstance(answer, tuple) and answer[0] in ("42501", "23503", "40P01", "55P03")
        assert refused or answer in (None, "done"), answer
    assert fresh.differences() == []
    fresh.do(fresh.anna, "DELETE FROM threads WHERE id = %(shared_thread)s")
    assert fresh.database.rows("SELECT 1 FROM familytales.threads WHERE id = %s", fresh.shared_thread) == []
    assert fresh.differences() == []


def test_books_that_are_deleted_while_others_write_to_them(fresh: World) -> None:
    fresh.at_once(
        [
            *(_storm(fresh, seed) for seed in range(6)),
            fresh.acting(fresh.anna, "DELETE FROM memory_books WHERE id = %(shared)s"),
            fresh.acting(fresh.adam, "DELETE FROM memory_books WHERE id = %(public)s"),
        ]
    )

    assert fresh.differences() == []


def test_eight_writers_and_room_for_three_texts(fresh: World) -> None:
    used, _ = _storage(fresh, fresh.miller)
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', %(bytes)s, 100)", bytes=used + 3 * 1000 + 999)
    tell = fresh.acting(
        fresh.max, _TELL, thread=fresh.shared_thread, me=fresh.max, text="t" * 1000, photos=[], audio=None
    )

    answers = fresh.at_once([tell] * 8)

    refused = [answer for answer in answers if isinstance(answer, tuple)]
    assert len(refused) == 5
    assert {answer[0] for answer in refused} == {"23514"}
    assert all(str(answer[1]).startswith(f"storage limit of family {fresh.miller} reached: ") for answer in refused)
    assert _storage(fresh, fresh.miller)[0] == used + 3000
    assert fresh.differences() == []


def test_eight_uploads_and_room_for_three(fresh: World) -> None:
    used, _ = _storage(fresh, fresh.miller)
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', %(bytes)s, 100)", bytes=used + 3 * 1000 + 999)

    def upload(number: int) -> Action:
        def act(_: psycopg.Connection) -> object:
            with fresh.login(MEDIA) as connection:
                Attacker(connection, fresh.ids).rows(
                    "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
                    " VALUES (%(miller)s, 'photo', %(key)s, 'image/png', 1000, %(max)s)",
                    key=f"race/{number}",
                )
            return "stored"

        return act

    answers = fresh.at_once([upload(number) for number in range(8)])

    assert [answer for answer in answers if answer == "stored"] == ["stored"] * 3
    assert [answer[0] for answer in answers if isinstance(answer, tuple)] == ["23514"] * 5
    assert _storage(fresh, fresh.miller)[0] == used + 3000
    assert fresh.differences() == []


def test_texts_and_uploads_of_many_share_one_limit(fresh: World) -> None:
    used, _ = _storage(fresh, fresh.miller)
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', %(bytes)s, 100)", bytes=used + 100)

    for who, thread in ((fresh.max, fresh.shared_thread), (fresh.nina, fresh.secret_thread)):
        said = fresh.fails(who, _TELL, thread=thread, me=who, text="t" * 101, photos=[], audio=None)
        assert said == (
            "23514",
            f"storage limit of family {fresh.miller} reached:"
            f" {used} bytes used, 101 more wanted, {used + 100} allowed",
        )  # fmt: skip
    # Edited, said and counted in bytes, not in letters.
    assert (
        fresh.fails(
            fresh.max, "UPDATE content_segments SET text_content = %(t)s WHERE id = %(shared_segment)s", t="ä" * 200
        )[0]
        == "23514"
    )
    assert (
        fresh.fails(
            fresh.max, "UPDATE content_segments SET audio_transcript = %(t)s WHERE id = %(spoken)s", t="t" * 200
        )[0]
        == "23514"
    )
    assert _storage(fresh, fresh.miller)[0] == used


def test_a_family_whose_storage_limit_was_lowered_still_deletes_and_shortens(fresh: World) -> None:
    used, _ = _storage(fresh, fresh.miller)
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', 0, 100)")

    fresh.do(fresh.max, "UPDATE content_segments SET text_content = 'x' WHERE id = %(shared_segment)s")
    assert _storage(fresh, fresh.miller)[0] == used - len("shared xylophone") + 1
    fresh.do(fresh.max, "UPDATE content_segments SET is_deleted = true WHERE id = %(shared_segment)s")
    fresh.do(fresh.max, "DELETE FROM media_objects WHERE id = %(shared_media)s")
    fresh.do(fresh.max, "DELETE FROM media_objects WHERE id = %(loose_media)s")
    fresh.do(fresh.anna, "DELETE FROM threads WHERE id = %(public_thread)s")
    fresh.do(fresh.anna, "DELETE FROM memory_books WHERE id = %(closed)s")
    assert (
        fresh.fails(fresh.max, _TELL, thread=fresh.shared_thread, me=fresh.max, text="t", photos=[], audio=None)[0]
        == "23514"
    )
    # What takes nothing costs nothing.
    fresh.do(fresh.max, _TELL, thread=fresh.shared_thread, me=fresh.max, text="", photos=["p"], audio=None)
    assert fresh.differences() == []


def test_what_was_uploaded_is_counted_for_who_uploaded_it_and_gone_when_it_goes(fresh: World) -> None:
    ((before,),) = fresh.database.rows("SELECT storage_used_bytes FROM familytales.users WHERE id = %s", fresh.max)
    fresh.do(fresh.adam, "DELETE FROM media_objects WHERE id = %(shared_media)s")

    ((after,),) = fresh.database.rows("SELECT storage_used_bytes FROM familytales.users WHERE id = %s", fresh.max)
    assert before - after == 1000
    assert fresh.database.rows(
        "SELECT bytes, family_id FROM familytales.media_deletions WHERE s3_key = %s", f"key/{fresh.shared_media}"
    ) == [(1000, fresh.miller)]
    assert fresh.differences() == []
