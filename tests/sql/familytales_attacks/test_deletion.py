"""What is marked as deleted: who marks, who takes it back, who still reads it, and who forges the marks."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.familytales_attacks.world import MEDIA, World

_MARK: LiteralString = "UPDATE content_segments SET is_deleted = true WHERE id = %(one)s RETURNING deleted_by"
_UNMARK: LiteralString = "UPDATE content_segments SET is_deleted = false WHERE id = %(one)s RETURNING deleted_by"
_STATE: LiteralString = (
    "SELECT is_deleted, deleted_by, deleted_at IS NOT NULL, is_edited, text_content FROM familytales.content_segments"
    " WHERE id = %(one)s"
)


def _as_app(root: Attacker, user: object, statement: LiteralString, **values: object) -> str | None:
    """Do something as a user of the application, and be the superuser again; why it was refused."""
    root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
    root.rows("SET LOCAL search_path = familytales")
    said = root.become(str(user)).says(statement, **values)
    root.rows("RESET SESSION AUTHORIZATION")
    return getattr(said, "sqlstate", None)


@pytest.mark.parametrize("who", ["ed", "nina", "vera", "dora", "mallory", "rita"])
def test_marking_what_somebody_else_told_without_being_allowed_to_delete(world: World, who: str) -> None:
    """An editor changes words, and takes nothing away."""
    with world.as_superuser() as root:
        before = root.rows(_STATE, one=world.shared_segment)
        for statement in (_MARK, "UPDATE content_segments SET is_deleted = true"):
            _as_app(root, world.user(who), statement, one=world.shared_segment)

        assert (
            root.rows(_STATE, one=world.shared_segment) == before == [(False, None, False, False, "shared xylophone")]
        )


def test_an_editor_is_told_so(world: World) -> None:
    assert world.refused(world.ed, _MARK, one=world.shared_segment).sqlstate == DENIED


@pytest.mark.parametrize("who", ["max", "ed", "nina", "vera", "dora", "mallory"])
def test_taking_back_what_an_administrator_marked(world: World, who: str) -> None:
    """Its author, max, too: neither by name, nor blindly, nor by way of an edit."""
    with world.as_superuser() as root:
        before = root.rows(_STATE, one=world.removed)
        for statement in (
            _UNMARK,
            "UPDATE content_segments SET is_deleted = false",
            "UPDATE content_segments SET is_deleted = NOT is_deleted",
            "UPDATE content_segments SET is_deleted = false, text_content = 'new' WHERE id = %(one)s",
            "MERGE INTO content_segments AS s USING (SELECT 1) AS one ON s.id = %(one)s"
            " WHEN MATCHED THEN UPDATE SET is_deleted = false",
        ):
            _as_app(root, world.user(who), statement, one=world.removed)
            assert root.rows(_STATE, one=world.removed) == before, statement

        assert before == [(True, world.adam, True, False, "removed xylophone")]


def test_its_author_is_told_so(world: World) -> None:
    said = world.refused(world.max, _UNMARK, one=world.removed)

    assert said.short == (DENIED, "only who deleted a segment and who may delete in the family do that")


def test_marking_it_once_more_does_not_make_it_ones_own_mark(world: World) -> None:
    with world.inside(world.max) as author:
        author.rows(_MARK, one=world.removed)

        assert author.rows("SELECT deleted_by FROM content_segments WHERE id = %(removed)s") == [(world.adam,)]
        assert author.refused(_UNMARK, one=world.removed).sqlstate == DENIED


def test_marking_it_oneself_first_does_not_keep_it_from_an_administrator(world: World) -> None:
    """Who deletes what its author has deleted already takes the mark over."""
    with world.inside(world.max) as somebody:
        somebody.rows(_MARK, one=world.shared_segment)
        somebody.become(world.adam)
        assert somebody.rows(_MARK, one=world.shared_segment) == [(world.adam,)]
        somebody.become(world.max)
        assert somebody.refused(_UNMARK, one=world.shared_segment).sqlstate == DENIED


def test_what_one_marked_oneself_one_takes_back_and_so_does_who_may_delete(world: World) -> None:
    for who in (world.max, world.adam, world.anna):
        with world.inside(world.max) as somebody:
            assert somebody.rows(_MARK, one=world.shared_segment) == [(world.max,)]
            somebody.become(who)
            assert somebody.rows(_UNMARK, one=world.shared_segment) == [(None,)]


def test_taking_back_after_having_lost_the_right_to_write(world: World) -> None:
    with world.inside(world.max) as somebody:
        somebody.rows(_MARK, one=world.shared_segment)
        somebody.become(world.anna)
        somebody.rows("SELECT change_member(%(miller)s, %(max)s, 'viewer')")
        somebody.become(world.max)
        assert somebody.rows(_UNMARK, one=world.shared_segment) == []
        assert somebody.rows("UPDATE content_segments SET text_content = 'x' WHERE id = %(spoken)s RETURNING id") == []


@pytest.mark.parametrize("who", ["ed", "nina", "vera", "dora"])
def test_reading_what_is_deleted_and_what_hangs_on_it(world: World, who: str) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SELECT set_config('app.current_user_id', %(adam)s::text, true)")
        root.rows("UPDATE content_segments SET is_deleted = true WHERE id IN (%(shared_segment)s, %(spoken)s)")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.user(who))
        for query in (
            "SELECT 1 FROM content_segments WHERE id IN (%(shared_segment)s, %(spoken)s, %(removed)s) OR is_deleted",
            "SELECT 1 FROM photo_narrations WHERE content_segment_id = %(shared_segment)s",
            "SELECT 1 FROM content_tags WHERE content_segment_id = %(shared_segment)s",
            "SELECT 1 FROM content_links WHERE id = %(shared_link)s",
            "SELECT 1 FROM media_objects WHERE content_segment_id = %(shared_segment)s",
            "SELECT 1 WHERE download_key(%(shared_media)s) IS NOT NULL",
            "SELECT 1 FROM search_segments('shared')",
            "SELECT 1 FROM search_segments('narrated') WHERE id = %(shared_segment)s",
            "SELECT 1 FROM search_segments('removed')",
            "SELECT 1 FROM search_tags(ARRAY['only shared'])",
            "SELECT 1 FROM read_thread(%(shared_thread)s) WHERE segments IS NOT NULL",
        ):
            assert root.rows(query) == [], query
        # That somebody told something in it is known; how much is not counted any more.
        assert root.rows("SELECT segment_count FROM threads WHERE id = %(shared_thread)s") == [(0,)]


def test_a_link_shows_again_when_both_of_its_ends_do(world: World) -> None:
    shows: LiteralString = "SELECT 1 FROM content_links WHERE id = %(shared_link)s"
    with world.inside(world.max) as somebody:
        for changed, visible in (
            ("shared_segment", False), ("spoken", False), ("shared_segment", False), ("spoken", True),
        ):  # fmt: skip
            somebody.become(world.adam)
            somebody.rows("UPDATE content_segments SET is_deleted = NOT is_deleted WHERE id = %(one)s",
                          one=world.ids[changed])  # fmt: skip
            assert somebody.rows(shows) == [(1,)]
            somebody.become(world.ed)
            assert somebody.rows(shows) == ([(1,)] if visible else [])


@pytest.mark.parametrize("who", ["ed", "max", "nina", "dora"])
def test_hanging_something_on_what_is_deleted(world: World, who: str) -> None:
    for statement, table in (
        (
            "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by) VALUES (%(removed)s, 't', %(me)s)",
            "content_tags",
        ),
        (
            "INSERT INTO content_links (source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%(spoken)s, %(removed)s, 'reply', %(me)s)",
            "content_links",
        ),
    ):
        assert world.refused(world.user(who), statement, me=world.user(who)).short == (
            DENIED, f'new row violates row-level security policy for table "{table}"',
        )  # fmt: skip


def test_what_a_machine_says_about_a_photo_that_was_deleted_in_the_meantime(world: World) -> None:
    """It comes a minute later; nobody reads it who does not see the photo."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SELECT set_config('app.current_user_id', %(adam)s::text, true)")
        root.rows("UPDATE content_segments SET is_deleted = true WHERE id = %(shared_segment)s")
        root.rows("SET LOCAL SESSION AUTHORIZATION " + MEDIA)
        root.become(None)
        root.rows(
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
            " VALUES (%(shared_segment)s, 1, 'late', 'ai')"
        )
        root.rows("RESET SESSION AUTHORIZATION")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.nina)
        assert root.rows("SELECT 1 FROM photo_narrations WHERE narration_text = 'late'") == []
        root.become(world.adam)
        assert root.rows("SELECT 1 FROM photo_narrations WHERE narration_text = 'late'") == [(1,)]


@pytest.mark.parametrize(
    ("statement", "edited"),
    [
        ("UPDATE content_segments SET text_content = 'changed' WHERE id = %(one)s", True),
        ("UPDATE content_segments SET text_content = text_content WHERE id = %(one)s", False),
        ("UPDATE content_segments SET audio_transcript = 'added' WHERE id = %(one)s", False),
        ("UPDATE content_segments SET text_content = NULL WHERE id = %(one)s", True),
    ],
)
def test_words_that_were_changed_are_marked_as_edited_whoever_changed_them(
    world: World, statement: LiteralString, edited: bool
) -> None:
    for who in (world.max, world.ed, world.adam):
        with world.inside(who) as somebody:
            somebody.rows(statement, one=world.shared_segment)
            ((is_edited, has_time),) = somebody.rows(
                "SELECT is_edited, edited_at IS NOT NULL FROM content_segments WHERE id = %(shared_segment)s"
            )
            assert (is_edited, has_time) == (edited, edited)


def test_an_edit_is_not_undone_by_writing_the_old_words_again(world: World) -> None:
    with world.inside(world.ed) as editor:
        for text in ("false words", "shared xylophone"):
            editor.rows("UPDATE content_segments SET text_content = %(t)s WHERE id = %(shared_segment)s", t=text)

        assert editor.rows("SELECT is_edited FROM content_segments WHERE id = %(shared_segment)s") == [(True,)]


def test_an_editor_who_may_delete_and_not_edit_changes_no_word(world: World) -> None:
    with world.inside(world.anna) as somebody:
        somebody.rows(
            "SELECT change_member(%(miller)s, %(ed)s, NULL, %(may)s::jsonb)",
            may='{"can_edit": false, "can_delete": true}',
        )
        somebody.become(world.ed)
        for change in ("text_content = 'x'", "audio_transcript = 'x'", "metadata = '{}'"):
            update: LiteralString = f"UPDATE content_segments SET {change} WHERE id = %(shared_segment)s"
            assert somebody.refused(update).short == (DENIED, "only the author and editors change a segment")
        assert somebody.rows(_MARK, one=world.shared_segment) == [(world.ed,)]
