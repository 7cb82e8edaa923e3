"""Covers of books, and keys that wait to be deleted."""

from __future__ import annotations

from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.databases import Database

_APP, _MEDIA = "familytales_app", "familytales_media"
_UPLOAD = (
    "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
    " VALUES (%s, %s, %s, 'image/jpeg', 100, %s) RETURNING id"
)
_BOOK = "INSERT INTO memory_books (family_id, title, created_by) VALUES (%s, 'b', current_user_id()) RETURNING id"


class _Place:
    """A family of an owner and a member, with a book of the owner's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.owner = self.account("owner")
        self.member = self.account("member")
        self.family = self.one(self.owner, "SELECT create_family('f')")
        database.run(
            "INSERT INTO familytales.family_members (family_id, user_id, role) VALUES (%s, %s, 'member')",
            self.family,
            self.member,
        )
        self.book = self.one(self.owner, _BOOK, self.family)

    def account(self, name: str) -> UUID:
        return self.one(None, "SELECT register_user(%s::text, %s || '@example.com')", name, name)

    def one(self, user: UUID | None, query: str, *values: object, role: str = _APP) -> UUID:
        found: UUID = self.database.asked_by(role, user, query, *values)[0][0]
        return found

    def upload(self, kind: str, key: str, user: UUID) -> UUID:
        return self.one(None, _UPLOAD, self.family, kind, key, user, role=_MEDIA)

    def keys(self) -> list[str]:
        return [key for (key,) in self.database.rows("SELECT s3_key FROM familytales.media_objects ORDER BY 1")]

    def queued(self) -> list[str]:
        rows = self.database.rows(
            "SELECT s3_key FROM familytales.media_deletions WHERE family_id = %s ORDER BY 1", self.family
        )
        return [key for (key,) in rows]


@pytest.fixture
def place(familytales: Database) -> _Place:
    return _Place(familytales)


def test_a_cover_takes_the_place_of_the_one_before_and_goes_with_its_book(place: _Place) -> None:
    for key in ("covers/1", "covers/2"):
        cover = place.upload("cover", key, place.owner)
        place.one(place.owner, "SELECT attach_cover(%s, %s)", cover, place.book)
    assert (place.keys(), place.queued()) == (["covers/2"], ["covers/1"])

    place.one(place.owner, "DELETE FROM memory_books WHERE id = %s RETURNING id", place.book)

    assert (place.keys(), place.queued()) == ([], ["covers/1", "covers/2"])
    assert place.database.rows("SELECT storage_used_bytes FROM familytales.families") == [(0,)]


def test_a_cover_of_a_familys_book_stays_when_who_uploaded_it_is_erased(place: _Place) -> None:
    place.database.run("UPDATE familytales.family_members SET role = 'editor' WHERE user_id = %s", place.member)
    cover = place.upload("cover", "covers/3", place.member)
    place.one(place.member, "SELECT attach_cover(%s, %s)", cover, place.book)
    place.upload("cover", "covers/4", place.member)

    place.one(place.member, "SELECT erase_me('member@example.com')")

    assert (place.keys(), place.queued()) == (["covers/3"], ["covers/4"])


def test_who_may_not_change_a_book_gives_it_no_cover(place: _Place) -> None:
    cover = place.upload("cover", "covers/5", place.member)

    with pytest.raises(errors.InsufficientPrivilege, match="no book"):
        place.one(place.member, "SELECT attach_cover(%s, %s)", cover, place.book)


def test_a_photo_is_no_cover_and_a_cover_is_on_no_segment(place: _Place) -> None:
    photo = place.upload("photo", "photos/1", place.owner)

    with pytest.raises(errors.InsufficientPrivilege, match="no cover"):
        place.one(place.owner, "SELECT attach_cover(%s, %s)", photo, place.book)


def test_a_key_that_waits_to_be_deleted_is_not_registered_again(place: _Place) -> None:
    photo = place.upload("photo", "photos/2", place.owner)
    place.one(place.owner, "DELETE FROM media_objects WHERE id = %s RETURNING id", photo)

    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="photos/2 is to be deleted"):
        place.upload("photo", "photos/2", place.owner)

    place.database.asked_by(_MEDIA, None, "DELETE FROM media_deletions WHERE s3_key = 'photos/2'")
    place.upload("photo", "photos/2", place.owner)
    assert place.keys() == ["photos/2"]
