"""A member of two families, who is honest in neither, carries rows from one to the other; and forged authors."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import NOT_ADMITTED, World

# What says where a row belongs and whose it is. None of it can be updated, in any family.
_FIXED = {
    "users": ["id", "clerk_id", "email", "subscription_tier", "subscription_expires_at", "storage_used_bytes",
              "is_active", "created_at", "updated_at", "erased_at", "last_login_at"],
    "families": ["id", "owner_id", "subscription_tier", "storage_used_bytes", "storage_limit_bytes", "member_limit",
                 "member_count", "storage_archived_bytes", "is_active", "created_at", "updated_at"],
    "family_members": ["id", "family_id", "user_id", "role", "joined_at", "invited_by", "is_active", "permissions"],
    "family_invites": ["id", "family_id", "email", "role", "invited_by", "code_hash", "expires_at", "accepted_at",
                       "accepted_by", "created_at", "metadata", "revoked_at"],
    "memory_books": ["id", "family_id", "created_by", "thread_count", "segment_count", "contributor_count",
                     "photo_count", "audio_count", "last_activity_at", "created_at", "updated_at"],
    "threads": ["id", "family_id", "memory_book_id", "started_by", "participant_count", "segment_count",
                "next_sequence_number", "last_segment_at", "created_at", "updated_at"],
    "content_segments": ["id", "family_id", "memory_book_id", "thread_id", "user_id", "content_type",
                         "sequence_number", "audio_url", "audio_duration_seconds", "photo_urls", "is_edited",
                         "edited_at", "deleted_at", "deleted_by", "created_at", "view_count", "reaction_count"],
    "photo_narrations": ["id", "family_id", "memory_book_id", "content_segment_id", "photo_index",
                         "confidence_score", "created_by", "created_at", "updated_at", "segment_is_deleted"],
    "content_links": ["id", "family_id", "source_segment_id", "target_segment_id", "source_book_id",
                      "target_book_id", "link_type", "created_by", "created_at", "metadata"],
    "content_tags": ["id", "family_id", "memory_book_id", "content_segment_id", "tag_name", "tagged_by",
                     "created_at"],
    "media_objects": ["id", "family_id", "memory_book_id", "content_segment_id", "kind", "s3_key", "content_type",
                      "bytes", "uploaded_by", "created_at"],
    "thread_participants": ["thread_id", "user_id", "family_id", "memory_book_id", "segment_count"],
    "segment_ids": ["id", "family_id", "memory_book_id", "thread_id", "sequence_number", "created_at"],
    "archived_segments": ["thread_id", "user_id", "partition", "family_id", "bytes", "segments"],
}  # fmt: skip
_CHANGEABLE = {
    "users": ["avatar_url", "display_name", "metadata"],
    "families": ["description", "name", "settings"],
    "memory_books": ["cover_image_url", "description", "is_collaborative", "metadata", "privacy", "title"],
    "threads": ["is_locked", "metadata", "title"],
    "content_segments": ["audio_transcript", "is_deleted", "metadata", "text_content"],
    "photo_narrations": ["language", "metadata", "narration_text", "narration_type"],
}


@pytest.mark.parametrize("table", _FIXED)
def test_changing_what_says_where_a_row_belongs(world: World, table: str) -> None:
    with world.inside(world.anna) as owner:
        for column in _FIXED[table]:
            statement: LiteralString = f"UPDATE {table} SET {column} = DEFAULT WHERE false"
            assert owner.refused(statement).short == (DENIED, f"permission denied for table {table}"), column


def test_columns_that_the_application_may_change_are_these_and_no_others(world: World) -> None:
    found: dict[str, list[str]] = {}
    with world.as_owner() as owner:
        for table, column in owner.rows(
            "SELECT attrelid::regclass::text, attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relnamespace::regnamespace::text IN ('familytales', 'ops', 'audit', 'part', 'archive')"
            " AND relkind IN ('r', 'p', 'v', 'm') AND attnum > 0 AND NOT attisdropped"
            " AND has_column_privilege('familytales_app', attrelid, attnum, 'UPDATE') ORDER BY 1, 2"
        ):
            found.setdefault(table.removeprefix("familytales."), []).append(column)

    assert found == _CHANGEABLE


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE memory_books SET family_id = %(evil)s WHERE id = %(shared)s", "memory_books"),
        ("UPDATE threads SET family_id = %(evil)s, memory_book_id = %(lair)s", "threads"),
        ("UPDATE threads SET memory_book_id = %(closed)s WHERE id = %(shared_thread)s", "threads"),
        ("UPDATE content_segments SET thread_id = %(lair_thread)s WHERE user_id = %(dora)s", "content_segments"),
        ("UPDATE content_segments SET user_id = %(dora)s WHERE id = %(shared_segment)s", "content_segments"),
        ("UPDATE photo_narrations SET content_segment_id = %(lair_segment)s", "photo_narrations"),
        ("UPDATE content_tags SET content_segment_id = %(lair_segment)s", "content_tags"),
        ("UPDATE content_links SET target_segment_id = %(lair_segment)s", "content_links"),
        ("UPDATE media_objects SET family_id = %(evil)s", "media_objects"),
        (
            "MERGE INTO content_segments AS s USING (SELECT 1) AS one ON s.id = %(shared_segment)s"
            " WHEN MATCHED THEN UPDATE SET thread_id = %(lair_thread)s",
            "content_segments",
        ),
        (
            "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by)"
            " VALUES (%(lair_segment)s, 'x', %(dora)s)"
            " ON CONFLICT (content_segment_id, tag_name, tagged_by) DO UPDATE SET family_id = %(miller)s",
            "content_tags",
        ),
    ],
)
def test_a_member_of_both_families_carries_a_row_across(world: World, statement: LiteralString, table: str) -> None:
    for who in (world.dora, world.anna, world.ed):
        assert world.refused(who, statement).short == (DENIED, f"permission denied for table {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO content_tags (family_id, content_segment_id, tag_name, tagged_by)"
        " VALUES (%(miller)s, %(lair_segment)s, 't', %(dora)s)",
        "INSERT INTO content_tags (family_id, content_segment_id, tag_name, tagged_by)"
        " VALUES (%(evil)s, %(shared_segment)s, 't', %(dora)s)",
        "INSERT INTO photo_narrations (family_id, content_segment_id, photo_index, narration_text, narration_type,"
        " created_by) VALUES (%(evil)s, %(shared_segment)s, 1, 'n', 'user', %(dora)s)",
        "INSERT INTO content_links (family_id, source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES (%(miller)s, %(shared_segment)s, %(lair_segment)s, 'reply', %(dora)s)",
        "INSERT INTO content_links (family_id, source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES (%(evil)s, %(shared_segment)s, %(lair_segment)s, 'reply', %(dora)s)",
    ],
)
def test_a_member_of_both_families_hangs_a_row_on_both(world: World, statement: LiteralString) -> None:
    assert world.refused(world.dora, statement).sqlstate == "23503"


@pytest.mark.parametrize(("family", "book"), [("evil", "shared"), ("miller", "lair")])
def test_a_thread_of_one_family_in_a_book_of_the_other(world: World, family: str, book: str) -> None:
    insert: LiteralString = (
        "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(family)s, %(book)s, %(dora)s)"
    )

    said = world.refused(world.dora, insert, family=world.ids[family], book=world.ids[book])
    assert said.short == (DENIED, f'{NOT_ADMITTED}"threads"')


def test_a_link_between_two_families_without_saying_which_is_in_neither(world: World) -> None:
    """The target is looked for in the family of the source, so that there is none to be named."""
    link: LiteralString = (
        "INSERT INTO content_links (source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES (%(source)s, %(target)s, 'reply', %(dora)s)"
    )
    for source, target in ((world.shared_segment, world.lair_segment), (world.lair_segment, world.shared_segment)):
        assert world.refused(world.dora, link, source=source, target=target).sqlstate == "23503"


def test_an_upload_of_one_family_on_a_segment_of_the_other(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        (upload,) = root.rows(
            "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
            " VALUES (%(evil)s, 'photo', gen_random_uuid()::text, 'image/png', 1, %(dora)s) RETURNING id"
        )
        (segment,) = root.rows(
            "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
            " VALUES (%(shared_thread)s, %(dora)s, 'text', 't') RETURNING id"
        )
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.dora)

        said = root.refused("SELECT attach_media(%(upload)s, %(segment)s)", upload=upload[0], segment=segment[0])
        assert said.sqlstate == DENIED


@pytest.mark.parametrize("forged", ["anna", "nina", "mallory", "none"])
@pytest.mark.parametrize(
    ("statement", "table"),
    [
        (
            "INSERT INTO memory_books (family_id, title, created_by) VALUES (%(miller)s, 'b', %(forged)s)",
            "memory_books",
        ),
        (
            "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%(miller)s, %(shared)s, %(forged)s)",
            "threads",
        ),
        (
            "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
            " VALUES (%(shared_thread)s, %(forged)s, 'text', 'he said')",
            "content_segments",
        ),
        (
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type, created_by)"
            " VALUES (%(shared_segment)s, 1, 'he said', 'user', %(forged)s)",
            "photo_narrations",
        ),
        (
            "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by)"
            " VALUES (%(shared_segment)s, 'he tagged', %(forged)s)",
            "content_tags",
        ),
        (
            "INSERT INTO content_links (source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%(shared_segment)s, %(spoken)s, 'reply', %(forged)s)",
            "content_links",
        ),
    ],
)
def test_telling_something_in_somebody_elses_name(
    world: World, statement: LiteralString, table: str, forged: str
) -> None:
    said = world.refused(world.max, statement, forged=world.ids[forged])

    assert said.short == (DENIED, f'{NOT_ADMITTED}"{table}"')


def test_writing_a_narration_as_if_a_machine_had(world: World) -> None:
    for kind, author in (("ai", world.max), ("edited", world.max), ("ai", None)):
        said = world.refused(
            world.max,
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type, created_by)"
            " VALUES (%(shared_segment)s, 1, 'n', %(kind)s, %(author)s)",
            kind=kind,
            author=author,
        )
        assert said.short == (DENIED, f'{NOT_ADMITTED}"photo_narrations"')
    assert world.refused(world.max, "UPDATE photo_narrations SET narration_type = 'ai'").sqlstate == DENIED
