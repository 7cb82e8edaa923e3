"""Everything by which a family could learn about a private book of one of its members; administrators, too."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import World

OTHERS = ["anna", "adam", "ed", "max", "vera", "dora"]

_NOTHING_OF: list[LiteralString] = [
    "SELECT 1 FROM memory_books WHERE id = %(secret)s OR privacy = 'private' OR title = 'secret book'",
    "SELECT 1 FROM memory_book_stats WHERE id = %(secret)s",
    "SELECT 1 FROM threads WHERE memory_book_id = %(secret)s OR id = %(secret_thread)s",
    "SELECT 1 FROM thread_participants WHERE memory_book_id = %(secret)s OR thread_id = %(secret_thread)s",
    "SELECT 1 FROM content_segments WHERE memory_book_id = %(secret)s OR user_id = %(nina)s",
    "SELECT 1 FROM photo_narrations WHERE memory_book_id = %(secret)s OR created_by = %(nina)s",
    "SELECT 1 FROM content_tags WHERE memory_book_id = %(secret)s OR tag_name = 'only secret'",
    # The link's target is in the shared book; its source is not to be known.
    "SELECT 1 FROM content_links WHERE %(secret)s IN (source_book_id, target_book_id) OR created_by = %(nina)s",
    "SELECT 1 FROM content_links WHERE target_segment_id = %(shared_segment)s",
    "SELECT 1 FROM media_objects WHERE memory_book_id = %(secret)s OR uploaded_by = %(nina)s OR bytes = 2000",
    "SELECT 1 FROM archived_segments WHERE memory_book_id = %(secret)s",
    "SELECT 1 FROM search_segments('secret') WHERE memory_book_id = %(secret)s",
    "SELECT 1 FROM search_segments('whisper')",
    "SELECT 1 FROM search_segments('narrated') WHERE user_id = %(nina)s",
    "SELECT 1 FROM search_tags(ARRAY['only secret'])",
    "SELECT 1 FROM search_tags(ARRAY['beach'], %(miller)s, 100) WHERE 'only secret' = ANY (all_tags)",
    "SELECT 1 FROM (SELECT download_key(%(secret_media)s) AS key) AS got WHERE key IS NOT NULL",
    "UPDATE memory_books SET title = title WHERE id = %(secret)s RETURNING 1",
    "UPDATE threads SET title = title WHERE memory_book_id = %(secret)s RETURNING 1",
    "UPDATE content_segments SET metadata = metadata WHERE memory_book_id = %(secret)s RETURNING 1",
    "UPDATE photo_narrations SET metadata = metadata WHERE memory_book_id = %(secret)s RETURNING 1",
    "DELETE FROM content_tags WHERE memory_book_id = %(secret)s RETURNING 1",
    "DELETE FROM content_links WHERE source_book_id = %(secret)s RETURNING 1",
    "DELETE FROM media_objects WHERE memory_book_id = %(secret)s RETURNING 1",
    "DELETE FROM memory_books WHERE id = %(secret)s RETURNING 1",
    "SELECT 1 FROM read_thread(%(secret_thread)s)",
    "SELECT 1 FROM read_thread(%(shared_thread)s) WHERE segments::text LIKE '%%secret%%'",
    "SELECT 1 FROM family_books(%(miller)s) WHERE id = %(secret)s",
    "SELECT 1 FROM family_storage(%(miller)s) WHERE breakdown::text LIKE '%%secret%%'",
    "SELECT 1 FROM active_members(%(miller)s) WHERE user_id = %(nina)s AND recent_segments > 0",
    "SELECT 1 FROM audit.audit_log WHERE record_id = %(secret)s",
]


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("query", _NOTHING_OF)
def test_another_member_meets_nothing_of_it(world: World, who: str, query: LiteralString) -> None:
    assert world.ask(world.user(who), query) == []


def test_its_author_meets_all_of_it(world: World) -> None:
    met = [query for query in _NOTHING_OF if world.ask(world.nina, query)]

    assert [query for query in _NOTHING_OF if query not in met] == [
        "SELECT 1 FROM archived_segments WHERE memory_book_id = %(secret)s",
        # Its own thread is another one; and nobody has logged in yet.
        "SELECT 1 FROM read_thread(%(shared_thread)s) WHERE segments::text LIKE '%%secret%%'",
        "SELECT 1 FROM active_members(%(miller)s) WHERE user_id = %(nina)s AND recent_segments > 0",
        # Of those who do not administer the family, the log is nobody's.
        "SELECT 1 FROM audit.audit_log WHERE record_id = %(secret)s",
    ]


@pytest.mark.parametrize("who", OTHERS)
def test_a_change_without_a_where_passes_it_by(world: World, who: str) -> None:
    """Nothing is read then, so that the policy of UPDATE and DELETE has to hold by itself."""
    with world.as_superuser() as root:
        look: LiteralString = (
            "SELECT (SELECT count(*) FROM familytales.content_tags WHERE memory_book_id = %(secret)s),"
            " (SELECT count(*) FROM familytales.content_links WHERE source_book_id = %(secret)s),"
            " (SELECT count(*) FROM familytales.photo_narrations WHERE narration_text = 'secret_segment narrated'),"
            " (SELECT count(*) FROM familytales.media_objects WHERE memory_book_id = %(secret)s),"
            " (SELECT count(*) FROM familytales.threads WHERE title = 'secret thread'),"
            " (SELECT count(*) FROM familytales.memory_books WHERE title = 'secret book'),"
            " (SELECT count(*) FROM familytales.content_segments"
            " WHERE text_content LIKE 'secret %%' AND NOT is_deleted)"
        )
        root.rows("SET LOCAL search_path = familytales")
        for statement in (
            "UPDATE content_segments SET text_content = 'mine'",
            "UPDATE content_segments SET is_deleted = true",
            "UPDATE photo_narrations SET narration_text = 'mine'",
            "UPDATE threads SET title = 'mine'",
            "UPDATE memory_books SET title = 'mine'",
            "DELETE FROM content_tags",
            "DELETE FROM content_links",
            "DELETE FROM photo_narrations",
            "DELETE FROM media_objects",
        ):
            root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
            root.become(world.user(who))
            root.says(statement)
            root.rows("RESET SESSION AUTHORIZATION")
        assert root.rows(look) == [(2, 1, 1, 1, 1, 1, 1)]

        # The link goes with the shared segment that it points to.
        for statement in ("DELETE FROM threads", "DELETE FROM memory_books"):
            root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
            root.become(world.user(who))
            root.says(statement)
            root.rows("RESET SESSION AUTHORIZATION")
        assert [(row[0], *row[2:]) for row in root.rows(look)] == [(2, 1, 1, 1, 1, 1)]


@pytest.mark.parametrize(
    "leaky",
    [
        "SELECT id FROM content_segments WHERE 1 / (text_content <> 'secret xylophone')::integer = 0",
        "SELECT id FROM content_segments WHERE text_content::integer = 0",
        "SELECT id FROM memory_books WHERE (title || 'x')::integer = 0 AND title LIKE 'secret%%'",
        "SELECT id FROM content_tags WHERE 1 / (tag_name <> 'only secret')::integer = 0",
        "SELECT id FROM media_objects WHERE 1 / (bytes - 2000) < 0",
        "SELECT id FROM threads WHERE 1 / (title <> 'secret thread')::integer = 0",
        "SELECT thread_id FROM thread_participants WHERE 1 / (user_id <> %(nina)s)::integer = 0",
        "SELECT id FROM memory_book_stats WHERE 1 / (title <> 'secret book')::integer = 0",
        "UPDATE content_tags SET tag_name = tag_name",
        "DELETE FROM content_tags WHERE 1 / (tag_name <> 'only secret')::integer = 0 RETURNING id",
        "SELECT user_id FROM active_family_members WHERE 1 / (email <> 'greta@secret.example')::integer = 0",
    ],
)
def test_a_function_in_the_where_clause_that_fails_on_a_hidden_row(world: World, leaky: LiteralString) -> None:
    """It fails where it meets the row. The policy is asked first, so that it never does."""
    said = world.says(world.dora, leaky)

    assert said == [] or getattr(said, "sqlstate", None) in (DENIED, "22P02"), said
    assert "secret" not in str(said)


def test_the_plan_of_a_query_shows_what_is_estimated_and_not_what_is_hidden(world: World) -> None:
    """EXPLAIN ANALYZE counts rows that a filter removed, so ids stand in it as an index condition would show them: the
    words of hidden rows never do."""
    for query in ("TABLE content_segments", "TABLE memory_books", "SELECT * FROM search_segments('secret')"):
        plan: LiteralString = "EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) " + query
        shown = str(world.ask(world.max, plan))
        assert str(world.secret) not in shown
        assert "xylophone" not in shown
        assert "secret book" not in shown


def test_statistics_of_columns_are_shown_to_nobody_who_is_held_back(world: World) -> None:
    world.owner("ANALYZE familytales.content_segments, familytales.memory_books, familytales.content_tags")

    assert (
        world.ask(
            world.max, "SELECT tablename, attname FROM pg_stats WHERE schemaname = ANY (ARRAY['familytales', 'part'])"
        )
        == []
    )


def test_who_was_there_lately_says_nothing_of_what_was_told_in_secret(world: World) -> None:
    look: LiteralString = (
        "SELECT recent_segments, last_contribution IS NULL FROM active_members(%(miller)s) WHERE user_id = %(nina)s"
    )
    with world.inside(world.nina) as somebody:
        somebody.rows("SELECT note_login()")
        assert somebody.rows(look) == [(1, False)]
        for who in OTHERS:
            somebody.become(world.user(who))
            assert somebody.rows(look) == [(0, True)], who


def test_there_is_no_sequence_whose_last_value_would_count_rows(world: World) -> None:
    with world.as_owner() as owner:
        assert (
            owner.rows(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND relnamespace::regnamespace::text IN"
                " ('familytales', 'audit', 'ops', 'part', 'archive')"
            )
            == []
        )


@pytest.mark.parametrize("who", OTHERS)
def test_what_a_family_uses_includes_it_and_says_no_more_than_a_sum(world: World, who: str) -> None:
    """The family pays for it. No count of books, threads or segments stands at the family."""
    bytes_used: LiteralString = "SELECT storage_used_bytes, member_count, storage_archived_bytes FROM families"
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.user(who))
        before = root.rows(bytes_used + " WHERE id = %(miller)s")
        root.become(world.nina)
        root.rows(
            "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
            " VALUES (%(secret_thread)s, %(nina)s, 'text', 'ten bytes.')"
        )
        root.become(world.user(who))
        ((used, members, archived),) = root.rows(bytes_used + " WHERE id = %(miller)s")

        assert [(used - 10, members, archived)] == before
        assert world.refused(world.user(who), "SELECT storage_used_bytes FROM users").sqlstate == DENIED


@pytest.mark.parametrize("who", OTHERS)
def test_columns_of_a_family_say_nothing_of_its_books(world: World, who: str) -> None:
    said = world.ask(world.user(who), "SELECT families::text FROM families WHERE id = %(miller)s")

    assert str(world.secret) not in str(said)
    assert len(world.ask(world.user(who), "SELECT id FROM memory_books WHERE family_id = %(miller)s")) == 3
