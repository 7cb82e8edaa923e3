"""The recommended queries, row by row."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.sql.familytales.album import QUERIES, Album


def _told(album: Album, segment: UUID, *names: str) -> dict[str, Any]:
    """Some columns of a segment, as they stand in the table."""
    (row,) = album.database.rows(
        "SELECT to_jsonb(segment) FROM familytales.content_segments AS segment WHERE id = %s", segment
    )
    return {name: row[0][name] for name in names}


def _created(album: Album, segment: UUID) -> Any:
    return album.family.one("SELECT created_at FROM familytales.content_segments WHERE id = %s", segment)[0]


def test_the_six_are_there() -> None:
    assert {path.stem for path in QUERIES.glob("*.sql")} == {
        "family_books", "thread_with_content", "search_tags", "search_text", "family_storage", "active_members",
    }  # fmt: skip


# Books ----------------------------------------------------------------------------------------------


def _book(album: Album, title: str, **differs: object) -> dict[str, Any]:
    family = album.family
    query = "SELECT id, created_at, updated_at FROM familytales.memory_books WHERE title = %s AND family_id = %s"
    book, created, updated = family.one(query, title, family.id)
    return {
        "id": book, "family_id": family.id, "title": title, "description": None, "cover_image_url": None,
        "created_by": family.owner, "is_collaborative": True, "privacy": "family", "created_at": created,
        "updated_at": updated, "metadata": {"theme": "default", "tags": [], "contributors": []},
        "thread_count": 0, "segment_count": 0, "contributor_count": 0, "photo_count": 0, "audio_count": 0,
        "last_activity": album.last_activity(title), "created_by_name": "Anna",
    } | differs  # fmt: skip


def test_books_come_with_what_is_in_them_the_latest_first(album: Album) -> None:
    family = album.family
    empty = _book(album, "Empty")
    winters = _book(album, "Winters", thread_count=1, segment_count=2, contributor_count=1)
    summers = _book(
        album, "Summers", thread_count=2, segment_count=2, contributor_count=2, photo_count=2, audio_count=1
    )
    mine = _book(
        album, "Mine", thread_count=1, segment_count=1, contributor_count=1, privacy="private", created_by=album.ben,
        created_by_name="Ben",
    )  # fmt: skip
    assert album.recommended(family.owner, "family_books", family=family.id) == [empty, winters, summers]
    assert album.recommended(album.ben, "family_books", family=family.id) == [mine, empty, winters, summers]
    assert album.recommended(album.stranger, "family_books", family=family.id) == []
    assert album.recommended(album.stranger, "family_books", family=album.empty_family.id) == []


# A thread ---------------------------------------------------------------------------------------------

_SEGMENT = (
    "id", "sequence_number", "user_id", "content_type", "text_content", "audio_url", "audio_duration_seconds",
    "audio_transcript", "photo_urls", "is_edited", "edited_at", "created_at", "view_count", "reaction_count",
    "metadata",
)  # fmt: skip


def test_a_thread_comes_with_a_page_of_its_segments(album: Album) -> None:
    family = album.family
    (row,) = album.recommended(family.owner, "thread_with_content", thread=family.thread, after=0)
    coast, boat = row.pop("segments")
    created, updated, latest = family.one(
        "SELECT created_at, updated_at, last_segment_at FROM familytales.threads WHERE id = %s", family.thread
    )
    assert row == {
        "id": family.thread, "family_id": family.id, "memory_book_id": family.book, "title": "At the lake",
        "started_by": family.owner, "participant_count": 2, "segment_count": 2, "last_segment_at": latest,
        "is_locked": False, "created_at": created, "updated_at": updated,
        "metadata": {"topic": None, "mood": None, "participants": []},
    }  # fmt: skip
    nobody = {"avatar_url": None, "photo_narrations": None}
    assert coast == _told(album, album.coast, *_SEGMENT) | nobody | {"display_name": "Anna"}
    assert boat == _told(album, album.boat, *_SEGMENT) | {
        "display_name": "Ben",
        "avatar_url": None,
        "photo_narrations": [
            {"index": 0, "narration": "a boat", "type": "user"},
            {"index": 1, "narration": "a lake", "type": "user"},
        ],
    }
    (second,) = album.recommended(family.owner, "thread_with_content", thread=family.thread, after=1)
    assert second["segments"] == [boat]
    (after,) = album.recommended(family.owner, "thread_with_content", thread=family.thread, after=2)
    assert after["segments"] is None


def test_a_thread_without_a_segment_is_a_row_and_one_of_others_is_none(album: Album) -> None:
    (empty,) = album.recommended(album.ben, "thread_with_content", thread=album.empty_thread, after=0)
    assert (empty["title"], empty["segment_count"], empty["segments"]) == ("Nothing yet", 0, None)
    (own,) = album.recommended(album.ben, "thread_with_content", thread=album.private_thread, after=0)
    assert [one["text_content"] for one in own["segments"]] == ["secret"]
    for user, thread in ((album.family.owner, album.private_thread), (album.stranger, album.family.thread)):
        assert album.recommended(user, "thread_with_content", thread=thread, after=0) == []


def test_a_page_holds_two_hundred_segments(album: Album) -> None:
    family = album.family
    album.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
        " SELECT %s, %s, 'text', 'x' FROM generate_series(1, 205)",
        album.empty_thread,
        family.owner,
    )
    for after, numbers in ((0, range(1, 201)), (200, range(201, 206))):
        (row,) = album.recommended(family.owner, "thread_with_content", thread=album.empty_thread, after=after)
        assert [one["sequence_number"] for one in row["segments"]] == list(numbers)


# Tags and words ---------------------------------------------------------------------------------------


def _hit(album: Album, segment: UUID, **differs: object) -> dict[str, Any]:
    family = album.family
    return {
        "id": segment, "family_id": family.id, "memory_book_id": family.book, "memory_book_title": "Summers",
        "thread_id": family.thread, "thread_title": "At the lake", "user_id": album.ben, "content_type": "text",
        "sequence_number": 1, "text_content": None, "audio_transcript": None, "photo_urls": [],
        "created_at": _created(album, segment),
    } | differs  # fmt: skip


def _hits(album: Album) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    boat = _hit(
        album, album.boat, content_type="mixed", sequence_number=2, text_content="ab", audio_transcript="été",
        photo_urls=["s3://a", "s3://b"],
    )  # fmt: skip
    secret = _hit(
        album, album.secret, memory_book_id=album.mine, memory_book_title="Mine", thread_id=album.private_thread,
        text_content="secret",
    )  # fmt: skip
    elsewhere = _hit(
        album, album.elsewhere, family_id=album.other.id, memory_book_id=album.other.book,
        thread_id=album.other.thread, text_content="three", sequence_number=3,
    )  # fmt: skip
    return boat, secret, elsewhere


def test_tags_find_segments_with_all_that_they_bear(album: Album) -> None:
    boat, secret, elsewhere = (
        hit | {"tags": tags} for hit, tags in zip(_hits(album), (["boat", "lake"], ["lake"], ["lake"]), strict=True)
    )
    family, owner = album.family.id, album.family.owner
    assert album.recommended(album.ben, "search_tags", tags=["LAKE"], family=family) == [secret, boat]
    assert album.recommended(album.ben, "search_tags", tags=["lake"], family=None) == [elsewhere, secret, boat]
    assert album.recommended(owner, "search_tags", tags=["lake"], family=family) == [boat]
    assert album.recommended(album.stranger, "search_tags", tags=["lake"], family=family) == []


@pytest.mark.parametrize(("words", "which"), [("ab", 0), ("été", 0), ("boat", 0), ("secret", 1), ("three", 2)])
def test_words_find_what_was_told_said_and_told_about_a_photo(album: Album, words: str, which: int) -> None:
    hit = _hits(album)[which]
    assert album.recommended(album.ben, "search_text", words=words, family=None) == [hit]
    mine = [hit] if which == 0 else []
    assert album.recommended(album.family.owner, "search_text", words=words, family=album.family.id) == mine


# Storage and members ----------------------------------------------------------------------------------


def _part(book: UUID, title: str, segments: int, audios: int, photos: int, size: int) -> dict[str, Any]:
    return {
        "memory_book_id": str(book), "title": title, "segment_count": segments, "audio_count": audios,
        "photo_count": photos, "media_bytes": size,
    }  # fmt: skip


def test_storage_is_told_as_it_is_stored(album: Album) -> None:
    family = album.family
    row = {
        "id": family.id, "name": "Miller", "storage_limit_bytes": 5368709120,
        # Texts with those that are deleted, and with Ben's private book; and one photo.
        "total_used_bytes": 6 + 2 + 5 + 2 + 4 + 3 + 6 + 1000, "storage_archived_bytes": 0,
        "breakdown": [
            _part(family.book, "Summers", 2, 1, 2, 1000),
            _part(album.empty_book, "Empty", 0, 0, 0, 0),
            _part(album.winters, "Winters", 2, 0, 0, 0),
        ],
    }  # fmt: skip
    assert album.recommended(family.owner, "family_storage", family=family.id) == [row]
    (of_ben,) = album.recommended(album.ben, "family_storage", family=family.id)
    assert [one["title"] for one in of_ben["breakdown"]] == ["Summers", "Empty", "Mine", "Winters"]
    assert album.recommended(album.stranger, "family_storage", family=family.id) == []
    (empty,) = album.recommended(album.stranger, "family_storage", family=album.empty_family.id)
    assert (empty["name"], empty["total_used_bytes"], empty["breakdown"]) == ("Nobody", 0, [])


def test_members_come_with_what_they_told_in_this_family_lately(album: Album) -> None:
    family = album.family

    def row(name: str, role: str, segments: int, latest: UUID | None) -> dict[str, Any]:
        user, login = family.one(
            "SELECT id, last_login_at FROM familytales.users WHERE display_name = %s ORDER BY created_at LIMIT 1", name
        )
        return {
            "family_id": family.id, "user_id": user, "role": role, "display_name": name, "last_login_at": login,
            "recent_segments": segments, "last_contribution": _created(album, latest) if latest else None,
        }  # fmt: skip

    dora, anna = row("Dora", "viewer", 0, None), row("Anna", "owner", 1, album.coast)
    assert album.recommended(family.owner, "active_members", family=family.id) == [
        dora, row("Ben", "member", 2, album.snow), anna,
    ]  # fmt: skip
    assert album.recommended(album.ben, "active_members", family=family.id) == [
        dora, row("Ben", "member", 3, album.secret), anna,
    ]  # fmt: skip
    assert album.recommended(album.stranger, "active_members", family=family.id) == []
    assert len(album.recommended(album.stranger, "active_members", family=album.empty_family.id)) == 1
