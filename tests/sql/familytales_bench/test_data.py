"""What the benchmark loads is what the application could have written. Foreign keys, the registry and limits are
asked by the loading itself; here, what else makes it a family's memories."""

from __future__ import annotations

from typing import LiteralString

import pytest

from bench.familytales_data import Sizes
from tests.sql.familytales_bench.conftest import World

# What there is of everything, as questions that hold.
_KINDS: dict[str, LiteralString] = {
    "private books": "SELECT count(*) > 0 FROM familytales.memory_books WHERE privacy = 'private'",
    "public books": "SELECT count(*) > 0 FROM familytales.memory_books WHERE privacy = 'public'",
    "books of one's own": "SELECT count(*) > 0 FROM familytales.memory_books WHERE NOT is_collaborative",
    "users in several families": """SELECT count(*) > 0 FROM (SELECT FROM familytales.family_members
                                                              GROUP BY user_id HAVING count(*) > 1) AS busy""",
    "all roles": "SELECT count(DISTINCT role) = 5 FROM familytales.family_members",
    "all kinds of segments": "SELECT count(DISTINCT content_type) = 4 FROM familytales.content_segments",
    "segments of seven years": """SELECT count(DISTINCT extract(year FROM created_at)) >= 7
                                    FROM familytales.content_segments""",
    "segments that are deleted": """SELECT avg(is_deleted::integer) BETWEEN 0.01 AND 0.03
                                      FROM familytales.content_segments""",
    "texts of half a kilobyte": """SELECT avg(octet_length(text_content)) BETWEEN 400 AND 600
                                     FROM familytales.content_segments WHERE content_type = 'text'""",
    "threads with more than 200 segments": "SELECT count(*) > 0 FROM familytales.threads WHERE segment_count > 200",
    "threads without a segment": "SELECT count(*) > 0 FROM familytales.threads WHERE last_segment_at IS NULL",
    "users who were there lately": """SELECT avg((last_login_at > now() - interval '30 days')::integer)
                                             BETWEEN 0.3 AND 0.7
                                        FROM familytales.users WHERE is_active""",
    "an object for each photo and recording": """
        SELECT (SELECT count(*) FROM familytales.media_objects)
               = (SELECT sum(cardinality(photo_urls)) + count(audio_url) FROM familytales.content_segments)""",
    "narrations": "SELECT count(*) > 0 FROM familytales.photo_narrations",
    "tags": "SELECT count(*) > 0 FROM familytales.content_tags",
    "links": "SELECT count(*) > 0 FROM familytales.content_links",
}


def test_every_counter_is_as_triggers_would_have_kept_it(world: World) -> None:
    assert world.database.rows("SELECT * FROM ops.counter_differences()") == []


@pytest.mark.parametrize("kind", _KINDS)
def test_there_are(world: World, kind: str) -> None:
    assert world.database.rows(_KINDS[kind]) == [(True,)]


def test_there_are_as_many_as_the_scale_says(world: World) -> None:
    counts = world.database.rows("""
        SELECT (SELECT count(*) FROM familytales.families), (SELECT count(*) FROM familytales.users),
               (SELECT count(*) FROM familytales.memory_books), (SELECT count(*) FROM familytales.threads)""")

    assert counts == [(world.sizes.families, world.sizes.users, world.sizes.books, world.sizes.threads)]


def test_at_scale_1_it_is_the_database_of_the_design() -> None:
    assert Sizes.at(1) == Sizes(families=2_000, users=16_000, books=10_000, threads=200_000)


def test_triggers_and_policies_are_on_again(world: World) -> None:
    off = world.database.rows("""
        SELECT tgrelid::regclass, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
         WHERE tgenabled <> 'O' AND relnamespace IN ('familytales'::regnamespace, 'part'::regnamespace)""")
    without = world.database.rows("""
        SELECT oid::regclass FROM pg_class
         WHERE NOT relrowsecurity AND relkind IN ('r', 'p') AND relnamespace IN ('familytales'::regnamespace,
                                                                                 'part'::regnamespace)""")

    assert (off, without) == ([], [])


def test_indexes_are_those_of_the_migrations(world: World) -> None:
    made = world.database.rows("""
        SELECT indexrelid::regclass::text FROM pg_index
         WHERE indrelid IN ('familytales.content_segments'::regclass, 'familytales.segment_words'::regclass)
         ORDER BY 1""")

    assert [name for (name,) in made] == [
        "familytales.content_segments_pkey",
        "familytales.idx_content_segments_family",
        "familytales.idx_content_segments_thread",
        "familytales.idx_content_segments_user",
        "familytales.idx_segment_words_fulltext",
        "familytales.segment_words_pkey",
    ]
    assert world.database.rows("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
