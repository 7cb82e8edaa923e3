"""Words put into somebody's mouth: a narration that others have changed says so."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.familytales_attacks.world import World

_CHANGE: LiteralString = (
    "UPDATE photo_narrations SET narration_text = 'I stole the money' WHERE id = %(shared_narration)s"
    " RETURNING narration_type"
)
_CLAIM: LiteralString = (
    "UPDATE photo_narrations SET narration_type = 'user' WHERE id = %(shared_narration)s RETURNING narration_type"
)


@pytest.mark.parametrize("who", ["ed", "adam", "anna"])
def test_whoever_may_edit_changes_it_and_cannot_say_that_it_is_its_authors_own(world: World, who: str) -> None:
    with world.inside(world.user(who)) as editor:
        assert editor.rows(_CHANGE) == [("edited",)]
        assert editor.rows(_CLAIM) == [("edited",)]
        assert editor.rows(
            "UPDATE photo_narrations SET narration_text = 'more', narration_type = 'user'"
            " WHERE id = %(shared_narration)s RETURNING narration_type, created_by"
        ) == [("edited", world.max)]


def test_its_author_changes_it_and_it_stays_his(world: World) -> None:
    with world.inside(world.max) as author:
        assert author.rows(_CHANGE) == [("user",)]


def test_its_author_makes_what_others_changed_his_own(world: World) -> None:
    with world.inside(world.ed) as somebody:
        somebody.rows(_CHANGE)
        somebody.become(world.max)
        assert somebody.rows(_CLAIM) == [("user",)]


def test_another_language_is_no_other_word(world: World) -> None:
    with world.inside(world.ed) as editor:
        assert editor.rows(
            "UPDATE photo_narrations SET language = 'de' WHERE id = %(shared_narration)s RETURNING narration_type"
        ) == [("user",)]
