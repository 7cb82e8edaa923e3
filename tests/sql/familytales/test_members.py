"""Members: how their roles change, how they leave and come back, and how a family changes its owner."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.world import Family, differences

_MEMBER: LiteralString = (
    "SELECT role, is_active, permissions FROM familytales.family_members WHERE family_id = %s AND user_id = %s"
)
_CHANGE: LiteralString = "SELECT change_member(%s, %s, %s, %s::jsonb)"
_ROLES = ("viewer", "member", "editor", "admin", "owner")


def _member(family: Family, user: UUID) -> tuple[object, ...]:
    return family.one(_MEMBER, family.id, user)


@pytest.fixture
def people(miller: Family) -> dict[str, UUID]:
    """Somebody of each role."""
    return {role: miller.owner if role == "owner" else miller.join(role) for role in _ROLES}


def _may_change(who: str, whom: str) -> bool:
    return who in ("owner", "admin") and _ROLES.index(whom) < _ROLES.index(who)


@pytest.mark.parametrize("who", _ROLES)
def test_owners_change_everybody_else_and_administrators_who_is_below_them(
    miller: Family, people: dict[str, UUID], who: str
) -> None:
    for whom in _ROLES:
        before = _member(miller, people[whom])
        if _may_change(who, whom):
            miller.rows(people[who], _CHANGE, miller.id, people[whom], "viewer", '{"can_edit": true}')
            assert _member(miller, people[whom]) == ("viewer", True, {"can_edit": True})
            continue
        with pytest.raises(errors.InsufficientPrivilege, match="not allowed to change this member"):
            miller.rows(people[who], _CHANGE, miller.id, people[whom], "viewer", None)
        assert _member(miller, people[whom]) == before


@pytest.mark.parametrize("who", _ROLES)
def test_the_same_remove_each_other_and_everybody_but_the_owner_leaves(
    miller: Family, people: dict[str, UUID], who: str
) -> None:
    for whom in _ROLES:
        if whom == who:
            continue
        if _may_change(who, whom):
            miller.rows(people[who], "SELECT remove_member(%s, %s)", miller.id, people[whom])
            assert _member(miller, people[whom])[1] is False
            continue
        with pytest.raises(errors.InsufficientPrivilege, match="not allowed to remove this member"):
            miller.rows(people[who], "SELECT remove_member(%s, %s)", miller.id, people[whom])
    if who == "owner":
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="the owner cannot leave the family"):
            miller.rows(people[who], "SELECT leave_family(%s)", miller.id)
    else:
        miller.rows(people[who], "SELECT leave_family(%s)", miller.id)
        assert miller.rows(people[who], "SELECT id FROM families") == []
    assert differences(miller.database) == []


@pytest.mark.parametrize(("who", "roles"), [("owner", ("owner", "king", "")), ("admin", ("owner", "king", ""))])
def test_a_role_that_cannot_be_given_is_refused(
    miller: Family, people: dict[str, UUID], who: str, roles: tuple[str, ...]
) -> None:
    for role in roles:
        with pytest.raises(errors.InvalidParameterValue, match="is none that can be given"):
            miller.rows(people[who], _CHANGE, miller.id, people["member"], role, None)
    for role in ("viewer", "member", "editor", "admin"):
        miller.rows(people["owner"], _CHANGE, miller.id, people["member"], role, None)
        assert _member(miller, people["member"])[0] == role


def test_what_is_not_said_stays_and_what_is_no_exception_is_refused(miller: Family, people: dict[str, UUID]) -> None:
    ben = people["member"]
    miller.rows(miller.owner, _CHANGE, miller.id, ben, None, '{"can_edit": true}')
    assert _member(miller, ben) == ("member", True, {"can_edit": True})
    miller.rows(miller.owner, _CHANGE, miller.id, ben, "editor", None)
    assert _member(miller, ben) == ("editor", True, {"can_edit": True})
    miller.rows(miller.owner, _CHANGE, miller.id, ben, None, "{}")
    assert _member(miller, ben) == ("editor", True, {})
    for wrong in ('{"can_fly": true}', '{"can_edit": 1}', "[]"):
        with pytest.raises(errors.InvalidParameterValue, match="must be exceptions from a role"):
            miller.rows(miller.owner, _CHANGE, miller.id, ben, None, wrong)


def test_nobody_of_another_family_changes_or_removes_anybody(miller: Family, other: Family) -> None:
    ben = miller.join()
    for query in ("SELECT change_member(%s, %s, 'viewer')", "SELECT remove_member(%s, %s)"):
        with pytest.raises(errors.InsufficientPrivilege, match="not allowed"):
            miller.rows(other.owner, query, miller.id, ben)
        with pytest.raises(errors.InsufficientPrivilege, match="not allowed"):
            miller.rows(miller.owner, query, miller.id, other.owner)
        with pytest.raises(errors.InsufficientPrivilege):
            miller.rows(None, query, miller.id, ben)


def test_who_left_is_not_changed_and_not_removed_again(miller: Family) -> None:
    ben = miller.join("editor", '{"can_invite": true}')
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert _member(miller, ben) == ("editor", False, {})
    for query in ("SELECT change_member(%s, %s, 'viewer')", "SELECT remove_member(%s, %s)"):
        with pytest.raises(errors.InsufficientPrivilege, match="not allowed"):
            miller.rows(miller.owner, query, miller.id, ben)
    with pytest.raises(errors.InsufficientPrivilege, match="not allowed"):
        miller.rows(ben, "SELECT leave_family(%s)", miller.id)


def test_what_somebody_told_stays_when_he_leaves_and_his_name_with_it(miller: Family) -> None:
    ben = miller.join()
    segment = miller.tell("by Ben", by=ben)
    private = miller.new_book("Mine", "private", by=ben)
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    query: LiteralString = (
        "SELECT segment.id, author.display_name FROM content_segments AS segment JOIN users AS author"
        " ON author.id = segment.user_id"
    )
    assert miller.rows(miller.owner, query) == [(segment, "member")]
    assert miller.rows(ben, query) == []
    with pytest.raises(errors.InsufficientPrivilege):
        miller.tell("once more", by=ben)

    # He comes back to what was his.
    miller.join("viewer", user=ben)
    assert _member(miller, ben) == ("viewer", True, {})
    assert miller.rows(ben, "SELECT id FROM memory_books WHERE privacy = 'private'") == [(private,)]
    assert miller.one("SELECT count(*) FROM familytales.family_members") == (2,)


def test_a_family_is_handed_over_to_an_active_member(miller: Family, people: dict[str, UUID]) -> None:
    ben = people["viewer"]
    miller.rows(miller.owner, _CHANGE, miller.id, ben, None, '{"can_download": false}')
    miller.rows(miller.owner, "SELECT hand_over_family(%s, %s)", miller.id, ben)
    assert _member(miller, ben) == ("owner", True, {})
    assert _member(miller, miller.owner) == ("admin", True, {})
    assert miller.one("SELECT owner_id FROM familytales.families") == (ben,)
    # Now he may leave.
    miller.rows(miller.owner, "SELECT leave_family(%s)", miller.id)
    assert miller.rows(ben, "SELECT count(*) FROM family_members WHERE is_active") == [(4,)]


def test_a_family_is_not_handed_over_to_nobody_nor_by_somebody_else(
    miller: Family, people: dict[str, UUID], other: Family
) -> None:
    query: LiteralString = "SELECT hand_over_family(%s, %s)"
    for who, whom in ((people["admin"], people["admin"]), (other.owner, other.owner), (miller.owner, miller.owner)):
        with pytest.raises(errors.InsufficientPrivilege, match="only its owner hands a family over"):
            miller.rows(who, query, miller.id, whom)
    miller.rows(people["viewer"], "SELECT leave_family(%s)", miller.id)
    miller.database.run("UPDATE familytales.users SET is_active = false WHERE id = %s", people["editor"])
    nobodies: list[UUID | None] = [people["viewer"], people["editor"], other.owner, None]
    for nobody in nobodies:
        with pytest.raises((errors.ObjectNotInPrerequisiteState, errors.InsufficientPrivilege)):
            miller.rows(miller.owner, query, miller.id, nobody)
    miller.rows(miller.owner, "SELECT set_family_active(%s, false)", miller.id)
    with pytest.raises(errors.InsufficientPrivilege, match="only its owner"):
        miller.rows(miller.owner, query, miller.id, people["admin"])


@pytest.mark.parametrize(("who", "sees"), [("owner", True), ("admin", True), ("editor", False), ("viewer", False)])
def test_addresses_are_for_oneself_and_for_administrators(
    miller: Family, people: dict[str, UUID], who: str, sees: bool
) -> None:
    query: LiteralString = "SELECT user_id, email FROM active_family_members"
    found = {row[0]: row[1] for row in miller.rows(people[who], query)}
    assert set(found) == set(people.values())
    for user in people.values():
        assert found[user] == (miller.email_of(user) if sees or user == people[who] else None)
