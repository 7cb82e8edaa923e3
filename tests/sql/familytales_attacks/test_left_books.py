"""Private books of former members: who has them deleted, and that nobody reads them for it."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import World

_DELETE: LiteralString = "SELECT delete_left_books(%(miller)s, %(name)s)"


def _name(world: World) -> str:
    ((name,),) = world.owner("SELECT name FROM familytales.families WHERE id = %(miller)s")
    return str(name)


@pytest.mark.parametrize("who", ["adam", "ed", "max", "vera", "dora", "mallory", "rita", "eve", "nobody"])
def test_somebody_else_than_the_owner(fresh: World, who: str) -> None:
    fresh.do(fresh.anna, "SELECT remove_member(%(miller)s, %(nina)s)")

    assert fresh.refused(fresh.user(who), _DELETE, name=_name(fresh)).sqlstate == DENIED


def test_they_go_with_what_is_in_them_and_the_family_has_its_storage_back(fresh: World) -> None:
    used: LiteralString = "SELECT storage_used_bytes FROM families WHERE id = %(miller)s"
    ((told,),) = fresh.owner(
        "SELECT sum(familytales.text_bytes(text_content, audio_transcript))::integer FROM familytales.content_segments"
        " WHERE memory_book_id = %(secret)s"
    )
    ((before,),) = fresh.ask(fresh.anna, used)
    fresh.do(fresh.anna, "SELECT remove_member(%(miller)s, %(nina)s)")
    assert fresh.ask(fresh.anna, "SELECT 1 FROM memory_books WHERE id = %(secret)s") == []

    assert fresh.do(fresh.anna, _DELETE, name=_name(fresh)) == [(1,)]

    assert fresh.owner("SELECT 1 FROM familytales.memory_books WHERE id = %(secret)s") == []
    ((after,),) = fresh.ask(fresh.anna, used)
    assert before - after == 2000 + told  # her photo, and her words
    assert fresh.owner("SELECT s3_key FROM familytales.media_deletions") == [(f"key/{fresh.secret_media}",)]
    assert fresh.differences() == []
    assert fresh.ask(
        fresh.anna,
        "SELECT user_id, new_values FROM audit.audit_log WHERE action = 'DELETE_LEFT_BOOKS' AND record_id = %(miller)s",
    ) == [(fresh.anna, {"books": 1})]


def test_books_of_members_and_books_that_others_saw_stay(fresh: World) -> None:
    fresh.do(fresh.anna, "SELECT remove_member(%(miller)s, %(max)s)")

    assert fresh.do(fresh.anna, _DELETE, name=_name(fresh)) == [(0,)]
    assert fresh.owner("SELECT count(*) FROM familytales.memory_books WHERE id IN (%(secret)s, %(shared)s)") == [(2,)]


def test_without_the_name_of_the_family_it_is_said_how_many_would_be_lost(fresh: World) -> None:
    fresh.do(fresh.anna, "SELECT remove_member(%(miller)s, %(nina)s)")

    assert fresh.fails(fresh.anna, _DELETE, name="Miler") == (
        "55000", "1 private books of former members are not deleted: they would be lost for ever",
    )  # fmt: skip
    assert fresh.owner("SELECT 1 FROM familytales.memory_books WHERE id = %(secret)s") == [(1,)]
