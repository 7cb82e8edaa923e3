"""Visitors, who are nobody, see public books of active families, and no people, nothing deleted, and nothing else."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.familytales_attacks.world import PUBLIC, World

_SEEN: dict[str, LiteralString] = {
    "memory_books": "SELECT title FROM memory_books ORDER BY 1",
    "threads": "SELECT title FROM threads ORDER BY 1",
    "content_segments": "SELECT text_content FROM content_segments ORDER BY 1",
    "content_tags": "SELECT tag_name FROM content_tags ORDER BY 1",
    "photo_narrations": "SELECT narration_text FROM photo_narrations ORDER BY 1",
}
_ALL = {
    "memory_books": ["public book"],
    "threads": ["public thread"],
    "content_segments": ["public xylophone"],
    "content_tags": ["beach", "only public"],
    "photo_narrations": [],
}


def _as_visitor(root: Attacker) -> dict[str, list[object]]:
    root.rows("SET LOCAL search_path = familytales")
    root.rows("SET LOCAL SESSION AUTHORIZATION familytales_public")
    seen = {table: [value for (value,) in root.rows(query)] for table, query in _SEEN.items()}
    root.rows("RESET SESSION AUTHORIZATION")
    return seen


@pytest.mark.parametrize("who", ["nobody", "anna", "nina", "mallory", "greta"])
def test_a_visitor_sees_the_public_book_whoever_he_says_that_he_is(world: World, who: str) -> None:
    with world.inside(world.user(who), PUBLIC) as visitor:
        for table, query in _SEEN.items():
            assert [value for (value,) in visitor.rows(query)] == _ALL[table]


@pytest.mark.parametrize(
    ("happens", "left"),
    [
        ("UPDATE familytales.memory_books SET privacy = 'family' WHERE id = %(public)s", []),
        ("UPDATE familytales.memory_books SET privacy = 'private' WHERE id = %(public)s", []),
        ("UPDATE familytales.families SET is_active = false WHERE id = %(miller)s", []),
        ("DELETE FROM familytales.threads WHERE id = %(public_thread)s", ["memory_books"]),
        ("UPDATE familytales.content_segments SET is_deleted = true", ["memory_books", "threads"]),
        ("UPDATE familytales.users SET is_active = false WHERE id = %(anna)s", list(_ALL)),
    ],
)
def test_what_a_visitor_sees_after_something_has_happened(
    world: World, happens: LiteralString, left: list[str]
) -> None:
    with world.as_superuser() as root:
        root.rows(happens)
        seen = _as_visitor(root)

    assert seen == {table: rows if table in left else [] for table, rows in _ALL.items()}


def test_the_public_book_of_a_family_that_is_not_active_comes_back_with_it(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("UPDATE familytales.families SET is_active = true WHERE id = %(ghost)s")

        assert _as_visitor(root)["memory_books"] == ["haunted book", "public book"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT created_by FROM memory_books", "SELECT family_id FROM memory_books",
        "SELECT metadata FROM memory_books",
        "SELECT * FROM memory_books", "SELECT started_by FROM threads", "SELECT family_id FROM threads",
        "SELECT metadata FROM content_segments", "SELECT deleted_by FROM content_segments",
        "SELECT search FROM segment_words", "SELECT is_deleted FROM content_segments",
        "SELECT view_count FROM content_segments", "SELECT tagged_by FROM content_tags",
        "SELECT created_by FROM photo_narrations", "SELECT metadata FROM photo_narrations", "SELECT id FROM users",
        "SELECT display_name FROM users", "SELECT name FROM families", "SELECT user_id FROM family_members",
        "SELECT id FROM family_invites", "SELECT id FROM content_links", "SELECT id FROM media_objects",
        "SELECT s3_key FROM media_objects", "SELECT thread_id FROM thread_participants", "SELECT id FROM segment_ids",
        "SELECT email FROM active_family_members", "SELECT title FROM memory_book_stats",
        "SELECT thread_id FROM archived_segments", "SELECT id FROM audit.audit_log",
        "SELECT id FROM part.content_segments_default", "SELECT 1 FROM ops.detached_partitions",
        "SELECT search_segments('xylophone')", "SELECT search_tags(ARRAY['beach'])", "SELECT my_families('read')",
        "SELECT email_of(%(anna)s)", "SELECT download_key(%(shared_media)s)", "SELECT user_id_of_clerk('c')",
        "SELECT register_user('c', 'a@b.c')", "SELECT create_family('f')", "SELECT accept_invite('c')",
        "SELECT count_view(%(public_segment)s)", "SELECT count_reaction(%(public_segment)s)", "SELECT my_account()",
    ],
)  # fmt: skip
def test_asking_for_people_and_for_everything_else(world: World, query: LiteralString) -> None:
    for who in (None, world.anna):
        assert world.refused(who, query, role=PUBLIC).sqlstate == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO content_segments (thread_id, content_type, text_content) VALUES (%(public_thread)s, 'text', 't')",
        "INSERT INTO content_tags (content_segment_id, tag_name) VALUES (%(public_segment)s, 't')",
        "UPDATE memory_books SET title = 'mine'", "DELETE FROM memory_books", "UPDATE threads SET is_locked = true",
        "LOCK TABLE memory_books IN ACCESS EXCLUSIVE MODE", "TRUNCATE content_segments CASCADE",
    ],
)  # fmt: skip
def test_writing_even_after_having_asked_for_a_transaction_that_may(world: World, statement: LiteralString) -> None:
    assert world.refused(None, statement, role=PUBLIC).sqlstate == DENIED
    with world.inside(None, PUBLIC) as visitor:
        assert visitor.refused(statement).sqlstate in (DENIED, "25006")


@pytest.mark.parametrize("book", ["shared", "secret", "closed", "lair", "haunted", "none"])
def test_whether_a_book_is_public_tells_no_private_one_from_none(world: World, book: str) -> None:
    assert world.ask(None, "SELECT is_public(%(book)s)", role=PUBLIC, book=world.ids[book]) == [(False,)]


def test_a_visitor_who_becomes_a_member_by_saying_so_sees_no_more(world: World) -> None:
    """The setting is the application's word; policies of visitors do not ask it."""
    with world.inside(world.nina, PUBLIC) as visitor:
        assert visitor.rows("SELECT 1 FROM memory_books WHERE id = %(secret)s") == []
        assert visitor.rows("SELECT 1 FROM content_segments WHERE user_id = %(nina)s") == []
        assert visitor.rows("SELECT 1 FROM content_segments WHERE text_content = 'public removed'") == []


@pytest.mark.parametrize(
    "leaky",
    [
        "SELECT id FROM content_segments WHERE 1 / (text_content <> 'public removed')::integer = 0",
        "SELECT id FROM memory_books WHERE 1 / (title <> 'secret book')::integer = 0",
        "SELECT content_segment_id FROM content_tags WHERE 1 / (tag_name <> 'only lair')::integer = 0",
    ],
)
def test_a_function_in_the_where_clause_meets_public_rows_only(world: World, leaky: LiteralString) -> None:
    assert world.ask(None, leaky, role=PUBLIC) == []
