"""Accounts, families, invitations and members: who may do what to whom."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.familytales.world import Family, differences, register

_MEMBER: LiteralString = (
    "SELECT role, is_active, permissions FROM familytales.family_members WHERE family_id = %s AND user_id = %s"
)
_ROLES = ("viewer", "member", "editor", "admin", "owner")


def _member(family: Family, user: UUID) -> tuple[object, ...]:
    return family.one(_MEMBER, family.id, user)


# Accounts ----------------------------------------------------------------------------------------


def test_an_account_is_the_same_when_somebody_comes_again_with_the_address_that_he_has_now(
    familytales: Database,
) -> None:
    query: LiteralString = "SELECT register_user('clerk_x', %s, %s)"
    ((first,),) = familytales.asked_by("familytales_app", None, query, "old@example.com", "Xenia")
    ((again,),) = familytales.asked_by("familytales_app", None, query, "new@example.com", "Somebody")
    assert first == again
    assert familytales.asked_by(
        "familytales_app",
        first,
        "SELECT email, display_name, subscription_tier, storage_used_bytes, last_login_at IS NOT NULL"
        " FROM my_account()",
    ) == [("new@example.com", "Xenia", "free", 0, True)]
    assert familytales.asked_by("familytales_app", None, "SELECT user_id_of_clerk('clerk_x')") == [(first,)]
    # Nobody has no account.
    assert familytales.asked_by("familytales_app", None, "SELECT * FROM my_account()") == []


def test_an_address_belongs_to_one_account_in_whatever_spelling(familytales: Database) -> None:
    register(familytales, "Anna", "anna@example.com")
    with pytest.raises(errors.UniqueViolation, match="another account has this address"):
        register(familytales, "Other", "ANNA@example.com")


def test_an_account_that_is_not_active_does_not_come_in(familytales: Database) -> None:
    familytales.asked_by("familytales_app", None, "SELECT register_user('clerk_x', 'x@example.com')")
    familytales.run("UPDATE familytales.users SET is_active = false")
    with pytest.raises(errors.InsufficientPrivilege, match="the account is not active"):
        familytales.asked_by("familytales_app", None, "SELECT register_user('clerk_x', 'x@example.com')")
    assert familytales.asked_by("familytales_app", None, "SELECT user_id_of_clerk('clerk_x')") == [(None,)]


def test_that_somebody_was_there_is_noted_and_he_does_not_say_when(miller: Family, other: Family) -> None:
    query: LiteralString = "SELECT count(*) FROM familytales.users WHERE last_login_at > now() - interval '1 day'"
    miller.database.run("UPDATE familytales.users SET last_login_at = '2020-01-01'")
    miller.rows(None, "SELECT note_login()")
    assert miller.one(query) == (0,)
    miller.rows(miller.owner, "SELECT note_login()")
    assert miller.one(query) == (1,)
    with pytest.raises(errors.InsufficientPrivilege):
        miller.rows(miller.owner, "UPDATE users SET last_login_at = now() + interval '1 day'")


@pytest.mark.parametrize(("clerk", "email"), [("erased:1", "a@example.com"), ("clerk_x", "erased:1@invalid")])
def test_nobody_takes_the_name_of_an_erased_user(familytales: Database, clerk: str, email: str) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="are those of erased users"):
        familytales.asked_by("familytales_app", None, "SELECT register_user(%s, %s)", clerk, email)


# Families ----------------------------------------------------------------------------------------


def test_who_creates_a_family_owns_it(familytales: Database) -> None:
    family = Family(familytales)
    assert _member(family, family.owner) == ("owner", True, {})
    assert family.one("SELECT owner_id, member_count, is_active FROM familytales.families") == (family.owner, 1, True)
    with pytest.raises(errors.InsufficientPrivilege, match="no active user"):
        family.rows(None, "SELECT create_family('x')")
    for wrong in ("", None, "x" * 256):
        with pytest.raises(errors.InvalidParameterValue, match="has from 1 to 255 characters"):
            family.rows(family.owner, "SELECT create_family(%s)", wrong)


def test_the_owner_hides_a_family_from_everybody_and_shows_it_again(miller: Family) -> None:
    ben, admin = miller.join(), miller.join("admin")
    for user in (ben, admin):
        with pytest.raises(errors.InsufficientPrivilege, match="only its owner does that"):
            miller.rows(user, "SELECT set_family_active(%s, false)", miller.id)
    miller.rows(miller.owner, "SELECT set_family_active(%s, false)", miller.id)
    for user in (ben, admin, miller.owner):
        assert miller.rows(user, "SELECT id FROM families") == []
    with pytest.raises(errors.InsufficientPrivilege, match="not allowed to invite"):
        miller.invite("x@example.com")
    with pytest.raises(errors.InsufficientPrivilege):
        miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    miller.rows(miller.owner, "SELECT set_family_active(%s, true)", miller.id)
    assert miller.rows(ben, "SELECT id FROM families") == [(miller.id,)]


def test_a_family_is_deleted_by_its_owner_when_it_is_hidden_and_its_name_is_said(miller: Family, other: Family) -> None:
    miller.tell("12345")
    query: LiteralString = "SELECT delete_family(%s, %s)"
    with pytest.raises(
        errors.ObjectNotInPrerequisiteState,
        match=f"family {miller.id} is not deleted: it would take 5 bytes of memories of 1 members for ever",
    ):
        miller.rows(miller.owner, query, miller.id, "Miller")
    miller.rows(miller.owner, "SELECT set_family_active(%s, false)", miller.id)
    for name in ("miller", "", None):
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is not deleted"):
            miller.rows(miller.owner, query, miller.id, name)
    with pytest.raises(errors.InsufficientPrivilege, match="only its owner does that"):
        miller.rows(other.owner, query, miller.id, "Miller")

    miller.rows(miller.owner, query, miller.id, "Miller")
    assert miller.database.rows("SELECT id FROM familytales.families") == [(other.id,)]
    assert miller.database.rows("SELECT count(*) FROM familytales.segment_ids") == [(0,)]
    assert differences(miller.database) == []


# Invitations -------------------------------------------------------------------------------------


def test_who_was_invited_comes_in_with_the_role_and_the_exceptions_of_the_invitation(miller: Family) -> None:
    ben = miller.join("editor", '{"can_edit": false, "can_download": false}')
    assert _member(miller, ben) == ("editor", True, {"can_edit": False, "can_download": False})
    assert miller.rows(
        ben, "SELECT can_post, can_edit, can_download, invited_by FROM family_members WHERE user_id = %s", ben
    ) == [(True, False, False, miller.owner)]
    assert miller.rows(miller.owner, "SELECT accepted_by FROM family_invites") == [(ben,)]


def test_a_code_is_long_and_only_its_hash_is_kept(miller: Family) -> None:
    code = miller.invite("ben@example.com")
    assert (len(code), len({code, miller.invite("eva@example.com")})) == (64, 2)
    assert miller.database.rows(
        "SELECT email, code_hash = sha256(%s) FROM familytales.family_invites WHERE email LIKE 'ben%%'", code.encode()
    ) == [("ben@example.com", True)]


def test_an_invitation_is_for_its_address_in_whatever_spelling_and_for_once(miller: Family) -> None:
    ben, eva = register(miller.database, "Ben", "Ben@Example.com"), register(miller.database, "Eva")
    code = miller.invite("bEn@example.COM")
    for user, wrong in ((eva, code), (ben, code + "0"), (ben, ""), (ben, None)):
        with pytest.raises(errors.InvalidAuthorizationSpecification, match="the invitation is not valid"):
            miller.rows(user, "SELECT accept_invite(%s)", wrong)
    assert miller.ask(ben, "SELECT accept_invite(%s)", code) == miller.id
    with pytest.raises(errors.InvalidAuthorizationSpecification, match="the invitation is not valid"):
        miller.rows(ben, "SELECT accept_invite(%s)", code)


def test_a_new_invitation_takes_the_place_of_an_open_one(miller: Family) -> None:
    ben = register(miller.database, "Ben", "ben@example.com")
    first, second = miller.invite("ben@example.com", "viewer"), miller.invite("BEN@example.com", "editor")
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        miller.rows(ben, "SELECT accept_invite(%s)", first)
    miller.rows(ben, "SELECT accept_invite(%s)", second)
    assert _member(miller, ben)[0] == "editor"


_VOID: list[LiteralString] = [
    "UPDATE familytales.family_invites SET created_at = now() - interval '2 days', expires_at = now()",
    "UPDATE familytales.family_invites SET revoked_at = now()",
    "UPDATE familytales.families SET is_active = false",
    "UPDATE familytales.family_members SET is_active = false WHERE role = 'admin'",
    "UPDATE familytales.family_members SET role = 'editor' WHERE role = 'admin'",
    "UPDATE familytales.users SET is_active = false WHERE id IN (SELECT invited_by FROM familytales.family_invites"
    " WHERE role = 'viewer')",
    "UPDATE familytales.users SET email = 'new@example.com' WHERE email = 'ben@example.com'",
]


@pytest.mark.parametrize("void", _VOID)
def test_an_invitation_holds_while_everything_that_it_stands_on_does(miller: Family, void: LiteralString) -> None:
    admin = miller.join("admin")
    ben = register(miller.database, "Ben", "ben@example.com")
    code = miller.invite("ben@example.com", "viewer", by=admin)
    with miller.database.master() as connection, connection.transaction():
        if "family_invites SET" in void:
            void += " WHERE role = 'viewer'"
        connection.execute(void)
    with pytest.raises(errors.InvalidAuthorizationSpecification, match="the invitation is not valid"):
        miller.rows(ben, "SELECT accept_invite(%s)", code)


def test_a_member_stays_what_he_is_and_keeps_the_code_open(miller: Family) -> None:
    ben = miller.join("editor")
    code = miller.invite(miller.email_of(ben), "viewer")
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        miller.rows(ben, "SELECT accept_invite(%s)", code)
    assert _member(miller, ben)[0] == "editor"
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert miller.ask(ben, "SELECT accept_invite(%s)", code) == miller.id
    assert _member(miller, ben) == ("viewer", True, {})


@pytest.mark.parametrize("inviter", _ROLES)
def test_nobody_invites_above_himself(miller: Family, inviter: str) -> None:
    user = miller.owner if inviter == "owner" else miller.join(inviter)
    for role in (*_ROLES, "king"):
        allowed = inviter in ("owner", "admin") and role in ("viewer", "member", "editor", "admin")
        if allowed:
            miller.invite(f"{role}@example.com", role, by=user)
            continue
        with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
            miller.invite(f"{role}@example.com", role, by=user)


def test_a_member_who_may_invite_gives_no_more_than_he_has(miller: Family) -> None:
    ben = miller.join("member", '{"can_invite": true}')
    miller.invite("a@example.com", "member", by=ben)
    with pytest.raises(errors.InvalidParameterValue, match="role editor is none that can be given"):
        miller.invite("b@example.com", "editor", by=ben)
    with pytest.raises(errors.InsufficientPrivilege, match="only administrators make exceptions"):
        miller.invite("b@example.com", "member", '{"can_delete": true}', by=ben)


def test_an_administrator_with_an_exception_gives_it_on(miller: Family) -> None:
    admin = miller.join("admin", '{"can_delete": false}')
    with pytest.raises(errors.InsufficientPrivilege, match="nobody gives more than he has"):
        miller.invite("a@example.com", "admin", by=admin)
    with pytest.raises(errors.InsufficientPrivilege, match="nobody gives more than he has"):
        miller.invite("a@example.com", "editor", '{"can_delete": true}', by=admin)
    miller.invite("a@example.com", "admin", '{"can_delete": false}', by=admin)
    miller.invite("b@example.com", "editor", by=admin)

    ben = miller.join()
    change: LiteralString = "SELECT change_member(%s, %s, %s, %s::jsonb)"
    with pytest.raises(errors.InsufficientPrivilege, match="nobody gives more than he has"):
        miller.rows(admin, change, miller.id, ben, "admin", None)
    with pytest.raises(errors.InsufficientPrivilege, match="nobody gives more than he has"):
        miller.rows(admin, change, miller.id, ben, None, '{"can_delete": true}')
    miller.rows(admin, change, miller.id, ben, "admin", '{"can_delete": false}')
    assert _member(miller, ben) == ("admin", True, {"can_delete": False})


def test_an_invitation_is_void_when_who_sent_it_may_no_longer_give_as_much(miller: Family) -> None:
    admin = miller.join("admin")
    eva = register(miller.database, "Eva")
    code = miller.invite(miller.email_of(eva), "admin", by=admin)
    miller.rows(miller.owner, "SELECT change_member(%s, %s, NULL, '{\"can_delete\": false}'::jsonb)", miller.id, admin)
    with pytest.raises(errors.InvalidAuthorizationSpecification):
        miller.rows(eva, "SELECT accept_invite(%s)", code)


def test_nobody_but_an_administrator_replaces_what_another_has_sent(miller: Family) -> None:
    ben, eva = miller.join("member", '{"can_invite": true}'), miller.join("member", '{"can_invite": true}')
    miller.invite("x@example.com", by=ben)
    with pytest.raises(errors.InsufficientPrivilege, match="somebody else has invited this address"):
        miller.invite("X@example.com", by=eva)
    miller.invite("x@example.com", by=ben)
    miller.invite("x@example.com", by=miller.owner)
    open_ones: LiteralString = (
        "SELECT invited_by FROM familytales.family_invites WHERE accepted_at IS NULL AND revoked_at IS NULL"
    )
    assert miller.database.rows(open_ones) == [(miller.owner,)]


@pytest.mark.parametrize("wrong", ['{"can_fly": true}', '{"can_edit": "yes"}', "[]", "null", '"x"'])
def test_exceptions_that_are_none_are_refused(miller: Family, wrong: str) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="must be exceptions from a role"):
        miller.invite("a@example.com", "member", wrong)


@pytest.mark.parametrize("wrong", ["30 seconds", "31 days", "-1 day", None])
def test_an_invitation_is_valid_for_a_minute_to_thirty_days(miller: Family, wrong: str | None) -> None:
    query: LiteralString = "SELECT create_invite(%s, 'a@example.com', 'member', %s::interval)"
    with pytest.raises(errors.InvalidParameterValue, match="must be from 1 minute to 30 days"):
        miller.rows(miller.owner, query, miller.id, wrong)


def test_an_invitation_is_revoked_by_who_sent_it_and_by_administrators(miller: Family, other: Family) -> None:
    ben, eva = miller.join("member", '{"can_invite": true}'), miller.join("member", '{"can_invite": true}')
    revoke: LiteralString = "SELECT revoke_invite(%s)"
    for revoker in (ben, miller.owner):
        miller.invite("x@example.com", by=ben)
        (invite,) = miller.one("SELECT id FROM familytales.family_invites WHERE accepted_at IS NULL")
        for stranger in (eva, other.owner):
            with pytest.raises(errors.NoDataFound, match="there is no such open invitation"):
                miller.rows(stranger, revoke, invite)
        miller.rows(revoker, revoke, invite)
        with pytest.raises(errors.NoDataFound, match="there is no such open invitation"):
            miller.rows(revoker, revoke, invite)
        miller.database.run("DELETE FROM familytales.family_invites WHERE id = %s", invite)
