"""The design's five queries: what they give word for word, and what they give as they are kept here."""

from __future__ import annotations

import difflib
from typing import Any
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.album import DESIGNED, WRITTEN, Album, text_of

_MB = 1048576

# What as_designed has instead of what was written, as its header says.
_CHANGES = {
    "family_books": [],
    "thread_with_content": [
        "- GROUP BY cs.id, u.display_name, u.avatar_url",
        "+ GROUP BY cs.id, cs.created_at, u.display_name, u.avatar_url",
        "- json_agg(",
        "+ COALESCE(json_agg(",
        "- ) as segments",
        "+ ) FILTER (WHERE tc.id IS NOT NULL), '[]') as segments",
        "- JOIN thread_content tc ON true",
        "+ LEFT JOIN thread_content tc ON true",
    ],
    "search_tags": ["- GROUP BY cs.id, mb.title, t.title", "+ GROUP BY cs.id, cs.created_at, mb.title, t.title"],
    "family_storage": [
        "- SUM(LENGTH(cs.text_content)) as text_bytes,",
        "+ COALESCE(SUM(OCTET_LENGTH(cs.text_content)), 0) as text_bytes,",
        "- SUM(LENGTH(cs.audio_transcript)) as transcript_bytes,",
        "+ COALESCE(SUM(OCTET_LENGTH(cs.audio_transcript)), 0) as transcript_bytes,",
        "- SUM(ARRAY_LENGTH(cs.photo_urls, 1)) as photo_count,",
        "+ COALESCE(SUM(CARDINALITY(cs.photo_urls)), 0) as photo_count,",
        "- SUM(ARRAY_LENGTH(cs.photo_urls, 1) * 524288) as estimated_photo_bytes",
        "+ COALESCE(SUM(CARDINALITY(cs.photo_urls) * 524288), 0) as estimated_photo_bytes",
        "- json_agg(",
        "+ COALESCE(json_agg(",
        "- ) as breakdown",
        "+ ) FILTER (WHERE sd.memory_book_id IS NOT NULL), '[]') as breakdown",
    ],
    "active_members": ["+ AND cs.family_id = fm.family_id", "+ AND cs.is_deleted = false"],
}


def test_all_five_are_there() -> None:
    for folder in (WRITTEN, DESIGNED):
        assert {path.stem for path in folder.glob("*.sql")} == set(_CHANGES)


@pytest.mark.parametrize("name", _CHANGES)
def test_what_is_kept_differs_from_what_was_written_in_what_it_says(name: str) -> None:
    written = [line.strip() for line in text_of(WRITTEN, name).splitlines()]
    designed = [line.strip() for line in text_of(DESIGNED, name).splitlines()]
    body = designed.index(written[0])
    assert all(line.startswith("-- ") for line in designed[:body])
    found = [line for line in difflib.ndiff(written, designed[body:]) if line[0] in "+-"]
    assert [" ".join(line.split()) for line in found] == _CHANGES[name]


# Books ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [WRITTEN, DESIGNED])
def test_books_come_with_what_is_in_them_and_without_ones_own_private_one(album: Album, folder: Any) -> None:
    family = album.family
    names, rows = album.asked_raw(family.owner, folder, "family_books", family.id)
    titles = [row[names.index("title")] for row in rows]
    assert titles == ["Empty", "Winters", "Summers"]
    # From the view; the books have a counter of the same name, which is why two columns are called so.
    assert [row[-7:] for row in rows] == [
        (0, 0, 0, album.last_activity("Empty"), 0, 0, "Anna"),
        (1, 2, 1, album.last_activity("Winters"), 0, 0, "Anna"),
        (2, 2, 2, album.last_activity("Summers"), 2, 1, "Anna"),
    ]
    assert names.count("thread_count") == 2
    # He has a private book, and does not find it.
    assert album.asked_raw(album.ben, folder, "family_books", family.id)[1] == rows
    assert album.asked_raw(album.stranger, folder, "family_books", family.id)[1] == []


# A thread ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "values"), [("thread_with_content", 1), ("search_tags", 2)])
def test_two_do_not_run_on_a_table_with_partitions(album: Album, name: str, values: int) -> None:
    asked = [album.family.thread] if values == 1 else [album.ben, ["lake"]]
    with pytest.raises(errors.GroupingError) as refused:
        album.asked_raw(album.ben, WRITTEN, name, *asked)
    assert refused.value.sqlstate == "42803"


def test_a_thread_comes_with_its_segments_and_an_empty_one_without(album: Album) -> None:
    family = album.family
    (row,) = album.asked(family.owner, DESIGNED, "thread_with_content", family.thread)
    assert (row["id"], row["title"], row["segment_count"], row["participant_count"]) == (
        family.thread, "At the lake", 2, 2,
    )  # fmt: skip
    told = [
        (one["id"], one["sequence_number"], one["display_name"], one["text_content"], one["photo_narrations"])
        for one in row["segments"]
    ]
    assert told == [
        (str(album.coast), 1, "Anna", "Küste", None),
        (
            str(album.boat), 2, "Ben", "ab",
            [{"index": 0, "narration": "a boat", "type": "user"}, {"index": 1, "narration": "a lake", "type": "user"}],
        ),
    ]  # fmt: skip
    (empty,) = album.asked(family.owner, DESIGNED, "thread_with_content", album.empty_thread)
    assert (empty["title"], empty["segments"]) == ("Nothing yet", [])
    assert album.asked(album.stranger, DESIGNED, "thread_with_content", family.thread) == []
    assert album.asked(family.owner, DESIGNED, "thread_with_content", album.private_thread) == []


# Tags -------------------------------------------------------------------------------------------------


def test_tags_find_segments_of_all_families_of_a_user_with_the_tags_that_were_asked_for(album: Album) -> None:
    def found(user: UUID, *tags: str) -> list[tuple[Any, ...]]:
        rows = album.asked(user, DESIGNED, "search_tags", user, list(tags))
        return [(row["id"], row["memory_book_title"], row["thread_title"], row["tags"]) for row in rows]

    elsewhere = (album.elsewhere, "Summers", "At the lake", ["lake"])
    secret = (album.secret, "Mine", "At the lake", ["lake"])
    boat = (album.boat, "Summers", "At the lake", ["lake"])
    assert found(album.ben, "lake") == [elsewhere, secret, boat]
    assert found(album.family.owner, "lake") == [boat]
    assert found(album.ben, "lake", "boat") == [elsewhere, secret, (*boat[:3], ["boat", "lake"])]
    assert found(album.stranger, "lake") == [elsewhere]
    assert found(album.ben, "x") == []


# Storage ----------------------------------------------------------------------------------------------


def _summary(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["name"], row["storage_limit_bytes"], row["total_used_bytes"]


def test_what_was_written_counts_characters_and_forgets_books_without_a_recording(album: Album) -> None:
    family = album.family
    (row,) = album.asked(family.owner, WRITTEN, "family_storage", family.id)
    assert _summary(row) == ("Miller", 5368709120, 7 + 3 + _MB + 2 * 524288)
    assert row["breakdown"] == [
        {
            "memory_book_id": str(album.winters), "title": "Winters", "segment_count": 2, "text_bytes": 7,
            "audio_count": 0, "photo_count": None, "total_bytes": None,
        },
        {
            "memory_book_id": str(family.book), "title": "Summers", "segment_count": 2, "text_bytes": 7,
            "audio_count": 1, "photo_count": 2, "total_bytes": 7 + 3 + 2 * _MB,
        },
    ]  # fmt: skip
    (empty,) = album.asked(album.stranger, WRITTEN, "family_storage", album.empty_family.id)
    assert empty["total_used_bytes"] == 0
    assert [set(one.values()) for one in empty["breakdown"]] == [{None}]


def test_what_is_kept_counts_bytes_and_every_book(album: Album) -> None:
    family = album.family
    (row,) = album.asked(family.owner, DESIGNED, "family_storage", family.id)
    summers = {
        "memory_book_id": str(family.book), "title": "Summers", "segment_count": 2, "text_bytes": 8,
        "audio_count": 1, "photo_count": 2, "total_bytes": 8 + 5 + 2 * _MB,
    }  # fmt: skip
    winters = {
        "memory_book_id": str(album.winters), "title": "Winters", "segment_count": 2, "text_bytes": 7,
        "audio_count": 0, "photo_count": 0, "total_bytes": 7,
    }  # fmt: skip
    assert _summary(row) == ("Miller", 5368709120, 8 + 5 + 2 * _MB + 7)
    assert row["breakdown"] == [summers, winters]
    # With his private book.
    (of_ben,) = album.asked(album.ben, DESIGNED, "family_storage", family.id)
    assert of_ben["total_used_bytes"] == row["total_used_bytes"] + 6
    assert [one["title"] for one in of_ben["breakdown"]] == ["Summers", "Winters", "Mine"]
    (empty,) = album.asked(album.stranger, DESIGNED, "family_storage", album.empty_family.id)
    assert (empty["total_used_bytes"], empty["breakdown"]) == (0, [])
    assert album.asked(album.stranger, DESIGNED, "family_storage", family.id) == []


# Members ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "by_owner", "by_ben"),
    [
        # What was written counts what one sees of them anywhere, deleted or not.
        (WRITTEN, {"Dora": 0, "Ben": 3, "Anna": 2}, {"Dora": 0, "Ben": 7, "Anna": 1}),
        (DESIGNED, {"Dora": 0, "Ben": 2, "Anna": 1}, {"Dora": 0, "Ben": 3, "Anna": 1}),
    ],
)
def test_members_who_were_there_lately_come_with_what_they_told(
    album: Album, folder: Any, by_owner: dict[str, int], by_ben: dict[str, int]
) -> None:
    for user, expected in ((album.family.owner, by_owner), (album.ben, by_ben)):
        rows = album.asked(user, folder, "active_members", album.family.id)
        assert {row["display_name"]: row["recent_segments"] for row in rows} == expected
        # Who came last, first.
        assert [row["display_name"] for row in rows] == ["Dora", "Ben", "Anna"]
        assert [row["role"] for row in rows] == ["viewer", "member", "owner"]
        assert rows[0]["last_contribution"] is None
    assert album.asked(album.stranger, folder, "active_members", album.family.id) == []
