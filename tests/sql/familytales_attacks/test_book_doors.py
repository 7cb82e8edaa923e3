"""Books made private, public, closed or open by somebody to whom that is not left."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import NOT_ADMITTED, World

_TO: LiteralString = "UPDATE memory_books SET privacy = %(privacy)s WHERE id = %(book)s RETURNING privacy"
_NEW: LiteralString = (
    "INSERT INTO memory_books (family_id, title, created_by, privacy) VALUES (%(miller)s, 'b', %(me)s, %(privacy)s)"
    " RETURNING id"
)
_SEGMENT: LiteralString = (
    "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
    " VALUES (%(thread)s, %(me)s, 'text', 't') RETURNING 1"
)


def test_a_book_in_which_others_have_told_something_cannot_be_hidden_from_them(world: World) -> None:
    """shared is anna's, and max has told something in it."""
    said = world.refused(world.anna, _TO, privacy="private", book=world.shared)

    assert (said.sqlstate, said.constraint) == ("23514", "memory_books_private_is_ones_own")


def test_a_book_in_which_others_deleted_what_they_told_cannot_be_hidden_either(world: World) -> None:
    with world.inside(world.max) as somebody:
        somebody.rows("UPDATE content_segments SET is_deleted = true WHERE user_id = %(max)s")
        somebody.become(world.anna)

        assert somebody.refused(_TO, privacy="private", book=world.shared).sqlstate == "23514"


def test_a_book_of_ones_own_alone_can_be_hidden_and_shown_again(world: World) -> None:
    with world.inside(world.anna) as anna:
        assert anna.rows(_TO, privacy="private", book=world.closed) == [("private",)]
        anna.become(world.adam)
        assert anna.rows("SELECT 1 FROM memory_books WHERE id = %(closed)s") == []
        anna.become(world.anna)
        assert anna.rows(_TO, privacy="family", book=world.closed) == [("family",)]


@pytest.mark.parametrize("who", ["adam", "ed", "max", "vera", "dora"])
def test_somebody_elses_book_is_hidden_by_nobody_but_its_author(world: World, who: str) -> None:
    """It would be hidden from whoever hides it, too; who may not edit does not come as far."""
    said = world.says(world.user(who), _TO, privacy="private", book=world.closed)

    assert said == [] or getattr(said, "short", None) == (DENIED, f'{NOT_ADMITTED}"memory_books"')
    assert (said == []) == (who not in ("adam", "ed"))


@pytest.mark.parametrize("who", ["ed", "max", "nina", "vera", "dora"])
def test_publishing_is_an_administrators_decision(world: World, who: str) -> None:
    user = world.user(who)
    refused = {"ed": "only administrators of the family make a book public"}
    with world.inside(user) as somebody:
        said = somebody.says(_TO, privacy="public", book=world.shared)
        assert said == [] if who not in refused else getattr(said, "short", None) == (DENIED, refused[who])
        assert somebody.refused(_NEW, me=user, privacy="public").short == (DENIED, f'{NOT_ADMITTED}"memory_books"')
        if who == "vera":
            return
        # One's own, in two steps.
        ((own,),) = somebody.rows(_NEW, me=user, privacy="private")
        for step in ("family", "private", "family"):
            assert somebody.rows(_TO, privacy=step, book=own) == [(step,)]
        assert somebody.refused(_TO, privacy="public", book=own).short == (
            DENIED,
            "only administrators of the family make a book public",
        )


def test_an_administrator_publishes_no_private_book_of_another(world: World) -> None:
    assert world.ask(world.adam, _TO, privacy="public", book=world.secret) == []
    assert world.ask(world.adam, _TO, privacy="public", book=world.shared) == [("public",)]


def test_publishing_after_having_lost_the_administration(world: World) -> None:
    with world.inside(world.anna) as somebody:
        somebody.rows("SELECT change_member(%(miller)s, %(adam)s, 'editor')")
        somebody.become(world.adam)

        assert somebody.refused(_TO, privacy="public", book=world.shared).sqlstate == DENIED


@pytest.mark.parametrize("who", ["adam", "ed", "max", "nina", "dora"])
def test_nobody_but_its_author_adds_to_a_book_that_is_not_collaborative(world: World, who: str) -> None:
    user = world.user(who)
    for statement, table in (
        (_SEGMENT, "content_segments"),
        (
            "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(miller)s, %(closed)s, %(me)s)",
            "threads",
        ),
        (
            "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by)"
            " VALUES (%(closed_segment)s, 't', %(me)s)",
            "content_tags",
        ),
        (
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type, created_by)"
            " VALUES (%(closed_segment)s, 0, 'n', 'user', %(me)s)",
            "photo_narrations",
        ),
        (
            "INSERT INTO content_links (source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%(closed_segment)s, %(shared_segment)s, 'reply', %(me)s)",
            "content_links",
        ),
    ):
        said = world.refused(user, statement, me=user, thread=world.closed_thread)
        assert said.short == (DENIED, f'{NOT_ADMITTED}"{table}"')
    assert world.ask(world.anna, _SEGMENT, me=world.anna, thread=world.closed_thread) == [(1,)]


@pytest.mark.parametrize("who", ["max", "nina", "vera", "dora"])
def test_a_member_opens_a_closed_book_of_another_for_himself(world: World, who: str) -> None:
    opened: LiteralString = "UPDATE memory_books SET is_collaborative = true WHERE id = %(closed)s RETURNING id"

    assert world.ask(world.user(who), opened) == []


def test_an_editor_opens_a_closed_book_of_another_for_himself(world: World) -> None:
    """He may change its title; who adds to it is for its author, or an administrator, to say."""
    opened: LiteralString = (
        "UPDATE memory_books SET title = 't', is_collaborative = %(open)s WHERE id = %(closed)s"
        " RETURNING is_collaborative"
    )

    assert world.ask(world.ed, opened, open=False) == [(False,)]
    assert world.refused(world.ed, opened, open=True).sqlstate == DENIED
    assert world.ask(world.adam, opened, open=True) == [(True,)]


@pytest.mark.parametrize("who", ["max", "nina", "vera", "dora"])
def test_a_member_locks_or_opens_a_thread_of_another(world: World, who: str) -> None:
    locked: LiteralString = "UPDATE threads SET is_locked = NOT is_locked WHERE id = %(public_thread)s RETURNING id"

    assert world.ask(world.user(who), locked) == []


def test_a_locked_thread_takes_nothing_from_anybody(world: World) -> None:
    with world.inside(world.anna) as somebody:
        somebody.rows("UPDATE threads SET is_locked = true WHERE id = %(shared_thread)s")
        for user in (world.anna, world.adam, world.ed, world.max):
            somebody.become(user)
            said = somebody.refused(_SEGMENT, me=user, thread=world.shared_thread)
            assert said.short == ("55000", f"thread {world.shared_thread} is locked")


def test_a_member_deletes_his_book_with_what_others_have_told_in_it(world: World) -> None:
    """What cannot be hidden from others cannot be taken from everybody either, unless one may delete."""
    with world.inside(world.nina) as somebody:
        ((book,),) = somebody.rows(_NEW, me=world.nina, privacy="family")
        somebody.become(world.max)
        ((thread,),) = somebody.rows(
            "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(miller)s, %(book)s, %(max)s)"
            " RETURNING id",
            book=book,
        )
        somebody.rows(_SEGMENT, me=world.max, thread=thread)
        somebody.become(world.nina)
        somebody.says("DELETE FROM memory_books WHERE id = %(book)s", book=book)
        somebody.become(world.max)

        assert somebody.rows("SELECT count(*) FROM content_segments WHERE thread_id = %(thread)s", thread=thread) == [
            (1,)
        ]
