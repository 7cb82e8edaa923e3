"""What a family uses of what it may: bytes as they are, and no more than is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.databases import Rows
from tests.sql.familytales.world import Family, as_owner, differences

_QUEUE: LiteralString = "SELECT s3_key, bytes FROM media_deletions ORDER BY s3_key"


def _queue(family: Family) -> Rows:
    """What the media service is asked to delete from S3."""
    return family.database.asked_by("familytales_media", None, _QUEUE)


def _limit(family: Family, storage: int, members: int = 10) -> None:
    as_owner(family.database, "SELECT ops.set_limits(%s, 'premium', %s, %s)", family.id, storage, members)


@pytest.mark.parametrize(
    ("text", "size"),
    [("once", 4), ("é" * 100, 200), ("日本", 6), ("👨‍👩‍👧", 18), ("", 0)],
)
def test_a_text_is_as_large_as_its_bytes(miller: Family, text: str, size: int) -> None:
    miller.tell(text)
    assert (miller.storage(), miller.storage_of(miller.owner)) == (size, size)
    assert differences(miller.database) == []


def test_what_was_said_in_a_recording_counts_with_what_is_told_beside_it(miller: Family) -> None:
    miller.record(said="été")
    miller.tell("ab", kind="mixed", said="ü")
    miller.record()
    # The address of a recording is no content.
    assert miller.storage() == 5 + 2 + 2


def test_an_edit_changes_the_size_and_a_mark_does_not(miller: Family) -> None:
    segment = miller.tell("a" * 50)
    miller.rows(miller.owner, "UPDATE content_segments SET text_content = 'ab' WHERE id = %s", segment)
    assert miller.storage() == 2

    # It is still stored, so that it can be restored.
    miller.mark_deleted(segment)
    assert (miller.storage(), miller.storage_of(miller.owner)) == (2, 2)

    miller.database.run("DELETE FROM familytales.content_segments")
    assert (miller.storage(), miller.storage_of(miller.owner)) == (0, 0)


def test_media_have_the_size_that_the_media_service_saw(miller: Family) -> None:
    ben = miller.join()
    photo = miller.upload(3_000_000, by=ben)
    assert (miller.storage(), miller.storage_of(ben), miller.storage_of(miller.owner)) == (3_000_000, 3_000_000, 0)

    miller.attach(photo, miller.show(1, by=ben), by=ben)
    assert miller.storage() == 3_000_000
    miller.database.asked_by("familytales_media", None, "UPDATE media_objects SET bytes = 1000000 WHERE id = %s", photo)
    assert (miller.storage(), miller.storage_of(ben)) == (1_000_000, 1_000_000)
    assert differences(miller.database) == []


def test_a_user_uses_what_he_told_in_all_his_families(miller: Family, other: Family) -> None:
    other.join(user=miller.owner)
    miller.tell("12345")
    other.tell("123", by=miller.owner)
    other.upload(10, by=miller.owner)

    assert (miller.storage(), other.storage(), miller.storage_of(miller.owner)) == (5, 13, 18)


def test_many_objects_of_one_statement_are_summed_for_each_family(miller: Family, other: Family) -> None:
    miller.database.run(
        "INSERT INTO familytales.media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " SELECT family, 'photo', family || '/' || n, 'image/png', n, person"
        "  FROM (VALUES (%s::uuid, %s::uuid), (%s, %s)) AS pair (family, person), generate_series(1, 4) AS n",
        miller.id, miller.owner, other.id, other.owner,
    )  # fmt: skip
    assert (miller.storage(), other.storage()) == (10, 10)
    miller.database.run("UPDATE familytales.media_objects SET bytes = bytes + 1 WHERE family_id = %s", miller.id)
    miller.database.run("DELETE FROM familytales.media_objects WHERE bytes < 4 AND family_id = %s", other.id)
    assert (miller.storage(), other.storage()) == (14, 4)
    assert [size for _, size in _queue(miller)] == [1, 2, 3]
    assert differences(miller.database) == []


def _by_hand(family: Family, segment: UUID) -> None:
    family.rows(family.owner, "DELETE FROM media_objects WHERE content_segment_id = %s", segment)


def _segment(family: Family, segment: UUID) -> None:
    family.database.run("DELETE FROM familytales.content_segments WHERE id = %s", segment)


def _thread(family: Family, segment: UUID) -> None:
    family.rows(family.owner, "DELETE FROM threads WHERE id = %s", family.thread)


def _book(family: Family, segment: UUID) -> None:
    family.rows(family.owner, "DELETE FROM memory_books WHERE id = %s", family.book)


def _family(family: Family, segment: UUID) -> None:
    family.rows(family.owner, "SELECT set_family_active(%s, false)", family.id)
    family.rows(family.owner, "SELECT delete_family(%s, 'Miller')", family.id)


@pytest.mark.parametrize("delete", [_by_hand, _segment, _thread, _book, _family])
def test_an_object_whose_row_goes_is_put_down_to_be_deleted_from_s3(
    miller: Family, delete: Callable[[Family, UUID], None]
) -> None:
    segment = miller.show(2)
    for key, size in (("one.jpg", 100), ("two.jpg", 200)):
        miller.attach(miller.upload(size, key), segment)
    miller.mark_deleted(segment)
    assert (_queue(miller), miller.storage()) == ([], 300)

    delete(miller, segment)

    assert _queue(miller) == [("one.jpg", 100), ("two.jpg", 200)]
    assert differences(miller.database) == []
    if delete is not _family:
        assert miller.storage() == 0


def test_a_key_is_used_again_when_the_object_is_gone_from_s3(miller: Family) -> None:
    miller.upload(100, "again.jpg")
    miller.rows(miller.owner, "DELETE FROM media_objects")
    # Whoever empties the queue would take the new object for the old one.
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match=r"the object again\.jpg is to be deleted from S3"):
        miller.upload(200, "again.jpg")
    miller.database.asked_by("familytales_media", None, "DELETE FROM media_deletions")
    miller.upload(200, "again.jpg")
    assert (miller.storage(), _queue(miller)) == (200, [])


def test_what_goes_beyond_the_limit_is_refused_with_what_is_used_wanted_and_allowed(miller: Family) -> None:
    _limit(miller, 10)
    miller.tell("12345")
    with pytest.raises(errors.CheckViolation, match="5 bytes used, 7 more wanted, 10 allowed"):
        miller.upload(7)
    with pytest.raises(errors.CheckViolation) as refused:
        miller.tell("123456")
    said = refused.value.diag
    assert said.constraint_name == "families_storage_limit"
    assert said.message_primary == (
        f"storage limit of family {miller.id} reached: 5 bytes used, 6 more wanted, 10 allowed"
    )
    assert said.message_hint == (
        "Delete media, delete_left_books (private ones of former members), or raise storage_limit_bytes."
    )
    # Up to the limit is within it.
    miller.tell("12345")
    assert (miller.storage(), miller.thread_counts()) == (10, (2, 1))
    with pytest.raises(errors.CheckViolation, match="10 bytes used, 1 more wanted, 10 allowed"):
        miller.tell("x")
    # What takes no room is no matter of room.
    miller.tell("")
    assert differences(miller.database) == []


def test_an_edit_and_a_transcript_need_room_as_well(miller: Family) -> None:
    _limit(miller, 10)
    segment = miller.tell("12345")
    recording = miller.record()
    with pytest.raises(errors.CheckViolation, match="5 bytes used, 6 more wanted, 10 allowed"):
        miller.rows(miller.owner, "UPDATE content_segments SET text_content = '12345678901' WHERE id = %s", segment)
    with pytest.raises(errors.CheckViolation, match="5 bytes used, 7 more wanted, 10 allowed"):
        miller.database.asked_by(
            "familytales_media",
            None,
            "UPDATE content_segments SET audio_transcript = '1234567' WHERE id = %s",
            recording,
        )
    assert miller.storage() == 5


def test_a_family_whose_limit_was_lowered_can_still_become_smaller(miller: Family) -> None:
    first = miller.tell("1234567890")
    photo = miller.upload(1000)
    _limit(miller, 100)
    assert miller.storage() == 1010

    miller.rows(miller.owner, "UPDATE content_segments SET text_content = '12345' WHERE id = %s", first)
    miller.mark_deleted(first)
    miller.restore(first)
    assert miller.storage() == 1005
    with pytest.raises(errors.CheckViolation, match="1005 bytes used, 1 more wanted, 100 allowed"):
        miller.tell("1")
    miller.rows(miller.owner, "DELETE FROM media_objects WHERE id = %s", photo)
    miller.tell("1")
    assert miller.storage() == 6


def test_a_statement_that_gives_and_takes_is_looked_at_as_a_whole(miller: Family) -> None:
    first, second = miller.tell("12345"), miller.tell("1")
    _limit(miller, 6)
    miller.database.run(
        "UPDATE familytales.content_segments SET text_content = CASE id WHEN %s THEN '1' ELSE '12345' END", first
    )
    assert miller.storage() == 6
    assert miller.one("SELECT text_content FROM familytales.content_segments WHERE id = %s", second) == ("12345",)


def test_there_is_a_seat_for_as_many_members_as_are_allowed(miller: Family) -> None:
    _limit(miller, 100, members=2)
    ben = miller.join()
    with pytest.raises(errors.CheckViolation) as refused:
        miller.join()
    said = refused.value.diag
    assert said.constraint_name == "families_member_limit"
    assert said.message_primary == f"member limit of family {miller.id} reached: 2 members, 1 more wanted, 2 allowed"
    assert said.message_hint == "Remove a member, or raise member_limit."

    _limit(miller, 100, members=1)
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert miller.one("SELECT member_count FROM familytales.families WHERE id = %s", miller.id) == (1,)
    with pytest.raises(errors.CheckViolation, match="1 members, 1 more wanted, 1 allowed"):
        miller.join(user=ben)


def test_an_invitation_that_finds_no_seat_can_be_accepted_when_there_is_one(miller: Family) -> None:
    _limit(miller, 100, members=1)
    with pytest.raises(errors.CheckViolation):
        miller.join()
    ((invited,),) = miller.database.rows("SELECT accepted_at FROM familytales.family_invites")
    assert invited is None


def test_limits_are_the_owners_of_the_schema_and_of_families_that_are_there(miller: Family) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        miller.rows(miller.owner, "SELECT ops.set_limits(%s, 'premium', 1, 1)", miller.id)
    with pytest.raises(errors.NoDataFound, match="there is no family"):
        as_owner(miller.database, "SELECT ops.set_limits(gen_random_uuid(), 'premium', 1, 1)")
    for wrong in ("'gold', 1, 1", "NULL, 1, 1", "'free', -1, 1", "'free', 1, 0"):
        with pytest.raises(errors.InvalidParameterValue, match="limits are"):
            as_owner(miller.database, f"SELECT ops.set_limits(%s, {wrong})", miller.id)
