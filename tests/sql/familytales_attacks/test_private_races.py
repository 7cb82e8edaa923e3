"""A book that becomes private at the very moment in which somebody else tells something in it."""

from __future__ import annotations

import threading
from typing import LiteralString

import psycopg
import pytest

from tests.sql.attacks.world import Attacker
from tests.sql.familytales_attacks.world import World

_HIDE: LiteralString = "UPDATE memory_books SET privacy = 'private' WHERE id = %(closed)s"
_OPEN: LiteralString = "UPDATE memory_books SET is_collaborative = true WHERE id = %(closed)s"
_TELL: dict[str, LiteralString] = {
    "a segment": "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
    " VALUES (%(closed_thread)s, %(max)s, 'text', 'his')",
    "a thread": "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(miller)s, %(closed)s, %(max)s)",
}


@pytest.mark.parametrize("kind", _TELL)
def test_whoever_comes_first_either_is_seen_or_keeps_the_other_out(fresh: World, kind: str) -> None:
    """Never may a book be private with somebody else's words in it, whom it would be hidden from."""
    fresh.do(fresh.anna, _OPEN)
    outcome: list[str | None] = []

    with fresh.login() as hiding, fresh.login() as telling:
        watched = telling.info.backend_pid

        def tell() -> None:
            try:
                with telling.transaction():
                    Attacker(telling, fresh.ids).become(fresh.max).rows(_TELL[kind])
                outcome.append(None)
            except psycopg.Error as error:
                outcome.append(error.sqlstate)

        with hiding.transaction():
            Attacker(hiding, fresh.ids).become(fresh.anna).rows(_HIDE)
            other = threading.Thread(target=tell)
            other.start()
            _until_it_waits_or_ends(fresh, watched, other)
        other.join(30)

    hidden = fresh.database.rows("SELECT privacy FROM familytales.memory_books WHERE id = %s", fresh.closed)
    his = fresh.database.rows(
        "SELECT count(*) FROM familytales.thread_participants WHERE memory_book_id = %s AND user_id = %s",
        *(fresh.closed, fresh.max),
    )
    assert (hidden, his) == ([("private",)], [(0,)])
    assert outcome == ["42501"]


def test_a_book_that_its_author_deletes_while_somebody_tells_something_in_it(fresh: World) -> None:
    """What was told is not taken away by who could not have taken it a moment later."""
    ((book,),) = fresh.do(
        fresh.nina,
        "INSERT INTO memory_books (family_id, title, created_by) VALUES (%(miller)s, 'b', %(nina)s) RETURNING id",
    )
    outcome: list[str | None] = []

    with fresh.login() as deleting, fresh.login() as telling:

        def delete() -> None:
            try:
                with deleting.transaction():
                    Attacker(deleting, fresh.ids).become(fresh.nina).rows(
                        "DELETE FROM memory_books WHERE id = %(book)s", book=book
                    )
            except psycopg.Error as error:
                outcome.append(error.sqlstate)

        with telling.transaction():
            Attacker(telling, fresh.ids).become(fresh.max).rows(
                "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(miller)s, %(book)s, %(max)s)",
                book=book,
            )
            other = threading.Thread(target=delete)
            other.start()
            _until_it_waits_or_ends(fresh, deleting.info.backend_pid, other)
        other.join(30)

    assert fresh.database.rows("SELECT count(*) FROM familytales.threads WHERE started_by = %s", fresh.max) == [(1,)]
    assert outcome == ["42501"]


def _until_it_waits_or_ends(world: World, pid: int, thread: threading.Thread) -> None:
    while thread.is_alive():
        waits = world.database.rows("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", pid)
        if waits:
            return
        thread.join(0.05)
