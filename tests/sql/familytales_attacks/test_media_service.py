"""The media service in wrong hands: it says how large things are and what was said, and reads and writes no letters."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import MEDIA, World


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("SELECT text_content FROM content_segments", "content_segments"),
        ("SELECT search FROM segment_words", "segment_words"),
        ("SELECT metadata FROM content_segments", "content_segments"),
        ("SELECT * FROM content_segments", "content_segments"),
        ("SELECT 1 FROM content_segments WHERE text_content LIKE 'secret%%'", "content_segments"),
        ("SELECT content_segments::text FROM content_segments", "content_segments"),
        ("SELECT 1 FROM content_segments ORDER BY text_content", "content_segments"),
        ("UPDATE content_segments SET audio_transcript = text_content", "content_segments"),
        ("UPDATE content_segments SET audio_transcript = '' RETURNING text_content", "content_segments"),
        ("SELECT title FROM memory_books", "memory_books"),
        ("SELECT title FROM threads", "threads"),
        ("SELECT email FROM users", "users"),
        ("SELECT display_name FROM users", "users"),
        ("SELECT id FROM users", "users"),
        ("SELECT name FROM families", "families"),
        ("SELECT user_id FROM family_members", "family_members"),
        ("SELECT email FROM family_invites", "family_invites"),
        ("SELECT tag_name FROM content_tags", "content_tags"),
        ("SELECT id FROM content_links", "content_links"),
        ("SELECT id FROM segment_ids", "segment_ids"),
        ("SELECT thread_id FROM thread_participants", "thread_participants"),
        ("SELECT email FROM active_family_members", "active_family_members"),
        ("SELECT title FROM memory_book_stats", "memory_book_stats"),
    ],
)
def test_reading_what_was_written_and_who_is_there(world: World, query: LiteralString, table: str) -> None:
    for user in (None, world.nina):
        said = world.refused(user, query, role=MEDIA)
        assert said.sqlstate == DENIED
        assert str(said.message) in (f"permission denied for table {table}", f"permission denied for view {table}")


def test_what_it_reads_is_where_media_are_and_what_was_said_in_them(world: World) -> None:
    """Of every family: it has to look at each upload."""
    rows = world.ask(
        None,
        "SELECT audio_transcript FROM content_segments WHERE audio_transcript IS NOT NULL ORDER BY 1",
        role=MEDIA,
    )

    assert rows == [("secret whisper",), ("spoken xylophone",)]
    with world.as_owner() as owner:
        columns = owner.rows(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'familytales.content_segments'::regclass"
            " AND attnum > 0 AND NOT attisdropped"
            " AND has_column_privilege('familytales_media', attrelid, attnum, 'SELECT')"
            " ORDER BY 1"
        )
    assert [name for (name,) in columns] == [
        "audio_duration_seconds", "audio_transcript", "audio_url", "content_type", "created_at", "family_id", "id",
        "is_deleted", "memory_book_id", "photo_urls", "thread_id", "user_id",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE content_segments SET text_content = 'mine'",
        "UPDATE content_segments SET is_deleted = true",
        "UPDATE content_segments SET user_id = %(mallory)s",
        "UPDATE content_segments SET photo_urls = '{}'",
        "UPDATE content_segments SET audio_url = 's3://mine'",
        "UPDATE content_segments SET metadata = '{}'",
        "UPDATE content_segments SET is_edited = false",
        "DELETE FROM content_segments",
        "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(shared_thread)s, %(max)s, 'text', 't')",
        "UPDATE photo_narrations SET created_by = %(max)s",
        "UPDATE photo_narrations SET narration_type = 'user'",
        "UPDATE photo_narrations SET family_id = %(evil)s",
        "UPDATE photo_narrations SET content_segment_id = %(lair_segment)s",
        "DELETE FROM photo_narrations",
        "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type, created_by)"
        " VALUES (%(shared_segment)s, 1, 'n', 'user', %(max)s)",
        "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES (%(shared_segment)s, 1, 'n', 'user')",
        "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES (%(shared_segment)s, 1, 'n', 'edited')",
        "INSERT INTO photo_narrations (family_id, content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES (%(evil)s, %(shared_segment)s, 1, 'n', 'ai')",
        "INSERT INTO media_objects (family_id, memory_book_id, content_segment_id, kind, s3_key, content_type, bytes,"
        " uploaded_by) VALUES (%(miller)s, %(secret)s, %(secret_segment)s, 'photo', 'k', 'a/b', 1, %(nina)s)",
        "UPDATE media_objects SET content_segment_id = %(secret_segment)s",
        "UPDATE media_objects SET uploaded_by = %(mallory)s",
        "UPDATE media_objects SET family_id = %(evil)s",
        "UPDATE media_objects SET s3_key = 'mine'",
        "UPDATE media_objects SET kind = 'cover'",
        "DELETE FROM media_objects",
        "INSERT INTO media_deletions (s3_key, family_id, bytes) VALUES ('k', %(miller)s, 1)",
        "UPDATE media_deletions SET s3_key = 'another'",
        "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by) VALUES (%(shared_segment)s, 't', %(max)s)",
        "UPDATE families SET storage_used_bytes = 0",
        "SELECT attach_media(%(loose_media)s, %(shared_segment)s)",
        "SELECT download_key(%(shared_media)s)",
        "SELECT search_segments('xylophone')",
        "SELECT my_families('read')",
        "SELECT register_user('c', 'a@b.c')",
        "SELECT * FROM audit.audit_log",
    ],
)
def test_writing_and_calling_what_is_not_its_business(world: World, statement: LiteralString) -> None:
    for user in (None, world.max):
        assert world.refused(user, statement, role=MEDIA).sqlstate == DENIED


def test_a_narration_of_a_person_is_not_written_over_by_the_machine(world: World) -> None:
    with world.inside(None, MEDIA) as service:
        assert service.rows("UPDATE photo_narrations SET narration_text = 'mine' RETURNING id") == []
        service.rows(
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
            " VALUES (%(shared_segment)s, 1, 'a beach', 'ai')"
        )
        assert len(service.rows("UPDATE photo_narrations SET narration_text = 'a dune' RETURNING id")) == 1


def test_a_narration_that_a_person_corrected_is_his_from_then_on(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows(
            "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
            " VALUES (%(shared_segment)s, 1, 'a beach', 'ai')"
        )
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        corrected = root.become(world.ed).rows(
            "UPDATE photo_narrations SET narration_text = 'our beach', narration_type = 'edited'"
            " WHERE narration_type = 'ai' RETURNING narration_text"
        )
        root.rows("RESET SESSION AUTHORIZATION")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_media")

        assert corrected == [("our beach",)]
        assert root.rows("UPDATE photo_narrations SET narration_text = 'mine' RETURNING id") == []


def test_what_was_said_is_changed_only_where_there_is_a_recording_and_marked_as_edited(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_media")
        changed = root.rows("UPDATE content_segments SET audio_transcript = 'forged' RETURNING id")
        root.rows("RESET SESSION AUTHORIZATION")

        assert {segment for (segment,) in changed} == {world.spoken, world.secret_segment}
        assert root.rows(
            "SELECT DISTINCT is_edited, edited_at IS NOT NULL FROM content_segments WHERE audio_transcript = 'forged'"
        ) == [(True, True)]
        assert root.rows("SELECT count(*) FROM content_segments WHERE text_content IS NOT NULL AND is_edited") == [(1,)]


@pytest.mark.parametrize("uploader", ["mallory", "eve", "none"])
def test_registering_an_upload_of_somebody_who_is_not_in_the_family(world: World, uploader: str) -> None:
    said = world.refused(
        None,
        "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " VALUES (%(miller)s, 'photo', gen_random_uuid()::text, 'a/b', 1, %(uploader)s)",
        role=MEDIA,
        uploader=world.ids[uploader],
    )

    assert said.sqlstate == "23503"


@pytest.mark.parametrize(
    ("size", "sqlstate"),
    [(0, "23514"), (-1, "23514"), (5368709121, "23514"), (9223372036854775807, "22003"), (None, "23502")],
)
def test_sizes_that_a_family_does_not_have_room_for_or_that_are_none(
    world: World, size: int | None, sqlstate: str
) -> None:
    """What is lied about the size is lied within the family's limit."""
    insert: LiteralString = (
        "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " VALUES (%(miller)s, 'photo', gen_random_uuid()::text, 'a/b', %(size)s, %(max)s)"
    )
    update: LiteralString = "UPDATE media_objects SET bytes = %(size)s WHERE id = %(shared_media)s"

    assert world.refused(None, insert, role=MEDIA, size=size).sqlstate == sqlstate
    assert world.refused(None, update, role=MEDIA, size=size).sqlstate == sqlstate


def test_claiming_the_key_of_an_object_that_is_there(world: World) -> None:
    said = world.refused(
        None,
        "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " SELECT %(evil)s, kind, s3_key, content_type, bytes, %(mallory)s FROM media_objects"
        " WHERE id = %(secret_media)s",
        role=MEDIA,
    )

    assert said.sqlstate == "23505"


def test_claiming_the_key_of_an_object_that_is_about_to_be_deleted(world: World) -> None:
    """Whoever empties the queue would delete the new object for the old one."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("DELETE FROM media_objects WHERE id = %(shared_media)s")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_media")

        said = root.refused(
            "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
            " VALUES (%(evil)s, 'photo', 'key/' || %(shared_media)s, 'a/b', 1, %(mallory)s)"
        )
        assert said.sqlstate == "55000"
