"""Objects in S3: registered by the media service, put on a segment by who uploaded them, fetched by who may."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.world import Family, differences
from tests.sql.runner import Runner

_KEY: LiteralString = "SELECT download_key(%s)"
_SEEN: LiteralString = "SELECT count(*) FROM media_objects"


@pytest.fixture
def photo(miller: Family) -> UUID:
    """A photo of the owner's, on a segment of his."""
    photo = miller.upload(100, "lake.jpg")
    miller.attach(photo, miller.show(1))
    return photo


def test_only_the_media_service_registers_what_arrived(miller: Family) -> None:
    query: LiteralString = (
        "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " VALUES (%s, 'photo', 'k', 'image/png', 1, %s)"
    )
    for role in ("familytales_app", "familytales_public", "familytales_support"):
        with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
            miller.database.asked_by(role, miller.owner, query, miller.id, miller.owner)
    miller.database.asked_by("familytales_media", None, query, miller.id, miller.owner)


def test_an_upload_is_of_a_member_under_a_key_of_its_own(miller: Family, other: Family) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        miller.upload(1, by=other.owner)
    miller.upload(1, "k")
    with pytest.raises(errors.UniqueViolation):
        other.upload(1, "k")
    for size, kind in ((0, "photo"), (1, "film")):
        with pytest.raises(errors.CheckViolation):
            miller.upload(size, kind=kind)


def test_an_upload_waits_for_its_segment_and_only_its_uploader_sees_it(miller: Family) -> None:
    ben = miller.join()
    photo = miller.upload(100, by=ben)
    assert miller.rows(ben, _SEEN) == [(1,)]
    assert miller.rows(miller.owner, _SEEN) == [(0,)]
    assert (miller.ask(ben, _KEY, photo) is None, miller.ask(miller.owner, _KEY, photo)) == (False, None)

    miller.attach(photo, miller.show(1, by=ben), by=ben)
    assert miller.rows(miller.owner, _SEEN) == [(1,)]
    assert miller.one("SELECT memory_book_id FROM familytales.media_objects") == (miller.book,)


def test_one_puts_ones_own_uploads_on_ones_own_segments_once(miller: Family, other: Family, photo: UUID) -> None:
    ben = miller.join()
    own, of_ben = miller.upload(1), miller.upload(1, by=ben)
    segment, bens = miller.show(1), miller.show(1, by=ben)
    foreign = other.show(1)
    viewer = miller.join("viewer")
    refused = [
        (miller.owner, own, bens),
        (miller.owner, of_ben, segment),
        (ben, own, bens),
        (miller.owner, own, foreign),
        (miller.owner, photo, segment),
        (viewer, own, segment),
        (None, own, segment),
    ]
    for user, media, to in refused:
        with pytest.raises(errors.InsufficientPrivilege, match=f"no upload {media} of the user's that waits"):
            miller.rows(user, "SELECT attach_media(%s, %s)", media, to)
    miller.attach(own, segment)
    miller.attach(of_ben, bens, by=ben)


@pytest.mark.parametrize(
    "change",
    [
        "s3_key = 'other'",
        "content_segment_id = NULL, memory_book_id = NULL",
        "uploaded_by = gen_random_uuid()",
        "created_at = '2001-01-01'",
        "id = gen_random_uuid()",
    ],
)
def test_what_an_object_is_and_where_never_changes(miller: Family, photo: UUID, change: LiteralString) -> None:
    with pytest.raises(errors.CheckViolation, match="never change"):
        miller.database.run(f"UPDATE familytales.media_objects SET {change}")
    miller.database.asked_by(
        "familytales_media", None, "UPDATE media_objects SET bytes = 7, content_type = 'image/webp'"
    )
    assert miller.storage() == 7


def test_a_key_is_for_members_who_may_download_in_a_family_that_allows_it(miller: Family, photo: UUID) -> None:
    ben = miller.join("viewer")
    eva = miller.join("editor", '{"can_download": false}')
    assert miller.ask(ben, _KEY, photo) == miller.ask(miller.owner, _KEY, photo) == "lake.jpg"
    assert miller.ask(eva, _KEY, photo) is None
    # That it is there, she sees.
    assert miller.rows(eva, _SEEN) == [(1,)]

    miller.rows(miller.owner, "UPDATE families SET settings = settings || '{\"allow_downloads\": false}'")
    assert miller.ask(ben, _KEY, photo) is miller.ask(miller.owner, _KEY, photo) is None
    miller.rows(miller.owner, "UPDATE families SET settings = settings - 'allow_downloads'")
    assert miller.ask(ben, _KEY, photo) == "lake.jpg"
    assert miller.ask(eva, _KEY, photo) is None
    with pytest.raises(errors.CheckViolation, match="families_settings_allow_downloads"):
        miller.rows(miller.owner, 'UPDATE families SET settings = \'{"allow_downloads": "yes"}\'')


def test_a_key_is_for_nobody_else(miller: Family, other: Family, photo: UUID) -> None:
    ben = miller.join()
    assert miller.ask(other.owner, _KEY, photo) is miller.ask(None, _KEY, photo) is None
    assert miller.ask(ben, "SELECT download_key(gen_random_uuid())") is miller.ask(ben, "SELECT download_key(NULL)")
    for role in ("familytales_public", "familytales_support", "familytales_media", "familytales_archivist"):
        with pytest.raises(errors.InsufficientPrivilege):
            miller.database.asked_by(role, ben, "SELECT familytales.download_key(%s)", photo)
    with pytest.raises(errors.InsufficientPrivilege):
        miller.rows(miller.owner, "SELECT s3_key FROM media_objects")

    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert miller.ask(ben, _KEY, photo) is None
    miller.rows(miller.owner, "SELECT set_family_active(%s, false)", miller.id)
    assert miller.ask(miller.owner, _KEY, photo) is None


def test_what_is_in_a_private_book_is_its_authors(miller: Family) -> None:
    ben = miller.join()
    thread = miller.new_thread(miller.new_book("Mine", "private", by=ben), by=ben)
    photo = miller.upload(1, "mine.jpg", by=ben)
    miller.attach(photo, miller.show(1, thread, by=ben), by=ben)
    assert (miller.ask(ben, _KEY, photo), miller.ask(miller.owner, _KEY, photo)) == ("mine.jpg", None)
    assert miller.rows(miller.owner, _SEEN) == [(0,)]
    assert miller.rows(miller.owner, "DELETE FROM media_objects RETURNING id") == []


@pytest.mark.parametrize(
    ("who", "deletes"), [("owner", True), ("admin", True), ("editor", False), ("member", False), ("viewer", False)]
)
def test_an_object_is_deleted_by_its_uploader_and_by_who_may_delete(miller: Family, who: str, deletes: bool) -> None:
    ben = miller.join()
    photo = miller.upload(5, by=ben)
    miller.attach(photo, miller.show(1, by=ben), by=ben)
    user = miller.owner if who == "owner" else miller.join(who)
    gone = miller.rows(user, "DELETE FROM media_objects RETURNING id")
    assert gone == ([(photo,)] if deletes else [])
    if not deletes:
        assert miller.rows(ben, "DELETE FROM media_objects RETURNING id") == [(photo,)]
    assert miller.storage() == 0


def test_uploads_that_nobody_used_for_a_week_are_removed(miller: Family, photo: UUID) -> None:
    uploads = (
        ("old", "photo", 8),
        ("voice", "audio", 8),
        ("new", "photo", 6),
        ("lost", "cover", 8),
        ("cover", "cover", 8),
    )
    for key, kind, age in uploads:
        miller.database.run(
            "INSERT INTO familytales.media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by,"
            " created_at) VALUES (%s, %s, %s, 'image/png', 10, %s, now() - make_interval(days => %s))",
            miller.id, kind, key, miller.owner, age,
        )  # fmt: skip
    (cover,) = miller.one("SELECT id FROM familytales.media_objects WHERE s3_key = 'cover'")
    miller.rows(miller.owner, "SELECT attach_cover(%s, %s)", cover, miller.book)

    done = Runner(miller.database, "familytales").run("maintain", "expired")

    assert done.returncode == 0, done.stdout
    assert miller.database.rows("SELECT s3_key FROM familytales.media_objects ORDER BY 1") == [
        ("cover",),
        ("lake.jpg",),
        ("new",),
    ]
    assert miller.database.asked_by(
        "familytales_media", None, "SELECT s3_key, bytes FROM media_deletions ORDER BY 1"
    ) == [
        ("lost", 10),
        ("old", 10),
        ("voice", 10),
    ]
    assert miller.storage() == 120
    assert differences(miller.database) == []


def test_a_cover_takes_the_place_of_the_one_before_and_goes_with_its_book(miller: Family, other: Family) -> None:
    ben, editor = miller.join(), miller.join("editor")
    attach: LiteralString = "SELECT attach_cover(%s, %s)"
    first, second = miller.upload(1, "first", kind="cover"), miller.upload(2, "second", by=editor, kind="cover")
    bens, photo = miller.upload(4, "bens", by=ben, kind="cover"), miller.upload(8, "photo")
    miller.rows(miller.owner, attach, first, miller.book)
    for user, media, book in (
        (ben, bens, miller.book),
        (miller.owner, photo, miller.book),
        (miller.owner, second, miller.book),
        (miller.owner, first, miller.book),
        (editor, second, other.book),
        (None, second, miller.book),
    ):
        with pytest.raises(errors.InsufficientPrivilege, match=f"no cover {media} of the user's that waits"):
            miller.rows(user, attach, media, book)
    with pytest.raises(errors.InsufficientPrivilege):
        miller.attach(bens, miller.show(1, by=ben), by=ben)
    assert miller.ask(ben, _KEY, first) == "first"

    miller.rows(editor, attach, second, miller.book)
    deleted: LiteralString = "SELECT s3_key FROM media_deletions ORDER BY 1"
    assert miller.database.asked_by("familytales_media", None, deleted) == [("first",)]
    miller.rows(ben, attach, bens, miller.new_book("Ben's", by=ben))
    assert miller.storage() == 14
    miller.rows(miller.owner, "DELETE FROM memory_books")
    assert miller.database.asked_by("familytales_media", None, deleted) == [("bens",), ("first",), ("second",)]
    assert miller.storage() == 8
    assert differences(miller.database) == []


def test_the_media_service_says_what_a_recording_and_a_photo_tell(miller: Family) -> None:
    recording, photo = miller.record(), miller.show(2)
    ask = miller.database.asked_by
    ask("familytales_media", None, "UPDATE content_segments SET audio_transcript = 'hello' WHERE id = %s", recording)
    narrate: LiteralString = (
        "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type,"
        " confidence_score) VALUES (%s, %s, 'a lake', %s, 0.5)"
    )
    ask("familytales_media", None, narrate, photo, 1, "ai")
    assert miller.rows(
        miller.owner, "SELECT family_id, memory_book_id, photo_index, narration_text, created_by FROM photo_narrations"
    ) == [(miller.id, miller.book, 1, "a lake", None)]
    with pytest.raises(errors.CheckViolation, match="photo_index is 2, but the segment has 2 photos, counted from 0"):
        ask("familytales_media", None, narrate, photo, 2, "ai")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        ask("familytales_media", None, narrate, photo, 0, "user")
    # It reads no text, and changes none.
    for query in ("SELECT text_content FROM content_segments", "UPDATE content_segments SET text_content = 'x'"):
        with pytest.raises(errors.InsufficientPrivilege):
            ask("familytales_media", None, query)
    transcribe: LiteralString = "UPDATE content_segments SET audio_transcript = 'x' WHERE id = %s RETURNING id"
    assert ask("familytales_media", None, transcribe, photo) == []


def test_what_hangs_on_a_deleted_segment_is_for_who_may_delete_until_it_is_restored(miller: Family) -> None:
    ben, admin = miller.join(), miller.join("admin")
    segment = miller.show(2, by=ben)
    photo, late = miller.upload(1, "b.jpg", by=ben), miller.upload(1, "late.jpg", by=ben)
    miller.attach(photo, segment, by=ben)
    miller.tag(segment, "lake", by=ben)
    miller.narrate(segment, 0, "a lake", by=ben)
    miller.mark_deleted(segment, by=ben)
    narrate: LiteralString = (
        "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES (%s, 1, 'a boat', 'ai')"
    )
    # What comes late is marked like what was there.
    miller.database.asked_by("familytales_media", None, narrate, segment)
    seen: LiteralString = (
        "SELECT (SELECT count(*) FROM content_tags), (SELECT count(*) FROM photo_narrations),"
        " (SELECT count(*) FROM media_objects WHERE content_segment_id IS NOT NULL), download_key(%s)"
    )
    eva = miller.join("editor")
    assert miller.rows(eva, seen, photo) == [(0, 0, 0, None)]
    assert miller.rows(admin, seen, photo) == [(1, 2, 1, "b.jpg")]
    with pytest.raises(errors.InsufficientPrivilege):
        miller.tag(segment, "again", by=ben)

    miller.restore(segment, by=ben)
    miller.attach(late, segment, by=ben)
    assert miller.rows(eva, seen, photo) == [(1, 2, 2, "b.jpg")]
