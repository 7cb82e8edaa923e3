"""A user who is to be forgotten: what goes, what stays under nobody's name, and what stands in the way."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.past import ON, archived_bytes, sleep
from tests.sql.familytales.world import Family, as_owner, differences, register

_TRACES = (
    "users", "families", "family_members", "family_invites", "memory_books", "threads", "content_segments",
    "photo_narrations", "content_tags", "content_links", "media_objects", "thread_participants",
)  # fmt: skip


@pytest.fixture
def ben(miller: Family) -> UUID:
    """A member with a name, an address, a picture, and something in every place."""
    ben = register(miller.database, "Benjamin", "benjamin@example.com")
    miller.join("member", user=ben)
    miller.rows(ben, "UPDATE users SET avatar_url = 's3://benjamin', metadata = '{\"nickname\": \"benjamin\"}'")
    segment = miller.tell("a story", by=ben)
    miller.tag(segment, "xmas", by=ben)
    miller.attach(miller.upload(100, "shown.jpg", by=ben), segment, by=ben)
    return ben


def _erase(family: Family, user: UUID) -> None:
    family.rows(user, "SELECT erase_me(%s)", family.email_of(user).upper())


def test_what_was_told_stays_under_nobodys_name(miller: Family, ben: UUID) -> None:
    _erase(miller, ben)
    assert miller.rows(
        miller.owner,
        "SELECT text_content, display_name, avatar_url, account.is_active FROM content_segments AS segment"
        " JOIN users AS account ON account.id = segment.user_id",
    ) == [("a story", None, None, False)]
    assert miller.thread_counts() == (1, 2)
    assert miller.rows(miller.owner, "SELECT count(*) FROM media_objects") == [(1,)]
    assert miller.one("SELECT is_active FROM familytales.family_members WHERE user_id = %s", ben) == (False,)
    assert differences(miller.database) == []


def test_nothing_by_which_he_could_be_known_is_left_anywhere(miller: Family, other: Family, ben: UUID) -> None:
    other.join(user=ben)
    other.invite("benjamin@example.com")
    Family(miller.database, "Third").invite("Benjamin@Example.com")
    _erase(miller, ben)
    for table in _TRACES:
        assert miller.database.rows(
            f"SELECT count(*) FROM familytales.{table} AS trace WHERE position('benjamin' IN lower(trace::text)) > 0"
        ) == [(0,)], table
    assert miller.one(
        "SELECT clerk_id, email, subscription_tier, erased_at IS NOT NULL FROM familytales.users WHERE id = %s", ben
    ) == (f"erased:{ben}", f"erased:{ben}@invalid", "free", True)
    # The invitation that he followed stays as an event, the open ones are gone.
    assert miller.database.rows("SELECT DISTINCT email, accepted_by FROM familytales.family_invites") == [
        (f"erased:{ben}@invalid", ben)
    ]


def test_his_private_books_and_his_unused_uploads_go(miller: Family, ben: UUID) -> None:
    private = miller.new_book("Mine", "private", by=ben)
    hidden = miller.tell("secret", thread=miller.new_thread(private, by=ben), by=ben)
    miller.attach(miller.upload(200, "hidden.jpg", by=ben), hidden, by=ben)
    miller.upload(300, "unused.jpg", by=ben)
    open_book = miller.new_book("Open", by=ben)
    miller.database.asked_by("familytales_media", None, "DELETE FROM media_deletions")
    _erase(miller, ben)
    assert miller.database.rows("SELECT id FROM familytales.memory_books WHERE created_by = %s", ben) == [(open_book,)]
    assert miller.database.rows("SELECT s3_key FROM familytales.media_objects") == [("shown.jpg",)]
    assert miller.database.asked_by("familytales_media", None, "SELECT s3_key FROM media_deletions ORDER BY 1") == [
        ("hidden.jpg",),
        ("unused.jpg",),
    ]
    assert miller.storage_of(ben) == len("a story") + 100
    assert differences(miller.database) == []


def test_his_own_open_invitations_are_void(miller: Family) -> None:
    admin = miller.join("admin")
    eva = register(miller.database, "Eva")
    code = miller.invite(miller.email_of(eva), by=admin)
    _erase(miller, admin)
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        miller.rows(eva, "SELECT accept_invite(%s)", code)
    assert miller.one("SELECT revoked_at IS NOT NULL FROM familytales.family_invites WHERE accepted_at IS NULL") == (
        True,
    )


def test_a_family_is_handed_over_or_deleted_first(miller: Family) -> None:
    email = miller.email_of(miller.owner)
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as refused:
        miller.rows(miller.owner, "SELECT erase_me(%s)", email)
    assert refused.value.diag.message_primary == f"user {miller.owner} owns families: {miller.id}"
    assert refused.value.diag.message_hint == "hand_over_family or delete_family first."
    miller.rows(miller.owner, "SELECT hand_over_family(%s, %s)", miller.id, miller.join())
    miller.rows(miller.owner, "SELECT erase_me(%s)", email)
    assert miller.rows(miller.owner, "SELECT * FROM my_account()") == []


@pytest.mark.parametrize("said", ["other@example.com", "", None])
def test_somebody_who_does_not_say_his_address_is_not_erased(miller: Family, ben: UUID, said: str | None) -> None:
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="the account is not erased"):
        miller.rows(ben, "SELECT erase_me(%s)", said)
    with pytest.raises(errors.InsufficientPrivilege, match="no active user"):
        miller.rows(None, "SELECT erase_me(%s)", said)


def test_nobody_is_erased_twice_nor_by_others(miller: Family, ben: UUID) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        miller.rows(miller.owner, "SELECT ops.erase_user(%s)", ben)
    as_owner(miller.database, "SELECT ops.erase_user(%s)", ben)
    with pytest.raises(errors.NoDataFound, match=f"there is no user {ben} to erase"):
        as_owner(miller.database, "SELECT ops.erase_user(%s)", ben)
    with pytest.raises(errors.NoDataFound):
        as_owner(miller.database, "SELECT ops.erase_user(gen_random_uuid())")


def test_who_was_erased_comes_again_as_somebody_new(miller: Family, ben: UUID) -> None:
    _erase(miller, ben)
    again = register(miller.database, "Benjamin", "benjamin@example.com")
    assert again != ben
    assert miller.rows(again, "SELECT id FROM families") == []
    miller.join(user=again)
    assert miller.rows(again, "SELECT count(*) FROM content_segments") == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        "display_name = 'Ben'",
        "email = 'benjamin@example.com'",
        "clerk_id = 'clerk_b'",
        "is_active = true",
        "avatar_url = 's3://b'",
        "metadata = '{\"a\": 1}'",
        "last_login_at = now()",
    ],
)
def test_an_erased_account_gets_no_name_again(miller: Family, ben: UUID, change: LiteralString) -> None:
    _erase(miller, ben)
    with pytest.raises(errors.CheckViolation, match="users_erased_are_nobody"):
        miller.database.run(f"UPDATE familytales.users SET {change} WHERE erased_at IS NOT NULL")


def test_what_somebody_has_in_the_archive_is_treated_like_the_rest(smith: Family) -> None:
    ben = smith.join()
    private = smith.new_book("Mine", "private", by=ben)
    smith.tell("secret", thread=smith.new_thread(private, by=ben), by=ben, on=ON)
    smith.tell("open", by=ben, on=ON)
    sleep(smith.database)
    _erase(smith, ben)
    assert smith.database.rows("SELECT text_content FROM archive.content_segments_2010") == [("open",)]
    assert (smith.storage(), archived_bytes(smith)) == (4, 4)
    assert differences(smith.database) == []
