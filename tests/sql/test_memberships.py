"""Invitations, roles and ownership of organisations."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.tenants import Organization, new_user

_INVITE = "SELECT app.invite_member(%s, %s, %s)"
_ACCEPT = "SELECT app.accept_invitation(%s)"
_REFUSED = "this invitation cannot be accepted"


def _role(organization: Organization, user: UUID) -> tuple[str, str]:
    """Role and status."""
    ((role, status),) = organization.database.rows(
        "SELECT role, status FROM app.organization_members WHERE organization_id = %s AND user_id = %s",
        organization.id,
        user,
    )
    return role, status


def _guest(organization: Organization, role: str = "member", by: UUID | None = None) -> tuple[UUID, str]:
    """Somebody with an account and an invitation."""
    guest = new_user(organization.database, "guest@example.com")
    return guest, organization.value(by or organization.owner, _INVITE, organization.id, "Guest@Example.com", role)


def _refused(organization: Organization, user: UUID, token: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match=_REFUSED):
        organization.rows(user, _ACCEPT, token)


def test_a_guest_joins_once_with_the_role_he_was_invited_to(acme: Organization) -> None:
    guest, token = _guest(acme, "viewer")

    assert acme.value(guest, _ACCEPT, token) == acme.id
    assert _role(acme, guest) == ("viewer", "active")
    _refused(acme, guest, token)


def test_only_a_hash_of_the_token_is_kept_and_nobody_reads_it(acme: Organization) -> None:
    _, token = _guest(acme)

    stored = acme.database.rows("SELECT token_hash, encode(sha256(%s::bytea), 'hex') FROM app.invitations", token)
    assert stored[0][0] == stored[0][1] != token
    for role in ("platform_app", "platform_support"):
        with pytest.raises(errors.InsufficientPrivilege):
            acme.database.asked_by(role, acme.owner, "SELECT token_hash FROM app.invitations")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE app.invitations SET expires_at = now()",
        "UPDATE app.invitations SET revoked_at = now()",
        "UPDATE app.organizations SET deleted_at = now()",
        "UPDATE app.organizations SET status = 'suspended'",
        "UPDATE auth.users SET email_verified = false WHERE position('guest' IN email) = 1",
        "UPDATE auth.users SET email = 'else@example.com' WHERE position('guest' IN email) = 1",
        "UPDATE auth.users SET status = 'suspended' WHERE position('guest' IN email) = 1",
        "UPDATE auth.users SET status = 'suspended' WHERE position('owner' IN email) = 1",
        "UPDATE app.organization_members SET role = 'member' WHERE role = 'owner'",
        "UPDATE app.organization_members SET status = 'removed' WHERE role = 'owner'",
    ],
)
def test_an_invitation_fails_in_the_same_words_whatever_the_reason(acme: Organization, change: str) -> None:
    guest, token = _guest(acme)
    acme.database.run(change)

    _refused(acme, guest, token)


def test_a_token_is_of_use_to_the_invited_address_only(acme: Organization, other: Organization) -> None:
    _, token = _guest(acme)

    _refused(acme, other.owner, token)
    _refused(acme, other.owner, "no such token")


def test_a_new_invitation_takes_the_place_of_the_old_one(acme: Organization) -> None:
    guest, old = _guest(acme)
    new = acme.value(acme.owner, _INVITE, acme.id, "guest@example.com", "viewer")

    _refused(acme, guest, old)
    acme.rows(guest, _ACCEPT, new)


def test_admins_invite_up_to_their_own_role_and_members_nobody(acme: Organization) -> None:
    admin, member = acme.join("admin"), acme.join("member")

    acme.rows(admin, _INVITE, acme.id, "a@example.com", "admin")
    for user, role in ((admin, "owner"), (member, "viewer"), (admin, "boss")):
        with pytest.raises(errors.InsufficientPrivilege, match="only an admin invites"):
            acme.rows(user, _INVITE, acme.id, "b@example.com", role)


def test_an_invitation_is_revoked_by_admins_of_its_organisation(acme: Organization, other: Organization) -> None:
    guest, token = _guest(acme)
    ((invitation,),) = acme.rows(acme.owner, "SELECT id FROM app.invitations")
    with pytest.raises(errors.InsufficientPrivilege, match="no open invitation"):
        other.rows(other.owner, "SELECT app.revoke_invitation(%s)", invitation)

    acme.rows(acme.owner, "SELECT app.revoke_invitation(%s)", invitation)
    _refused(acme, guest, token)


def test_who_was_removed_comes_back_by_an_invitation_and_who_is_suspended_does_not(acme: Organization) -> None:
    guest, token = _guest(acme)
    acme.rows(guest, _ACCEPT, token)
    acme.rows(acme.owner, "SELECT app.set_member(%s, %s, NULL, 'removed')", acme.id, guest)
    acme.rows(guest, _ACCEPT, acme.value(acme.owner, _INVITE, acme.id, "guest@example.com", "viewer"))
    assert _role(acme, guest) == ("viewer", "active")

    acme.rows(acme.owner, "SELECT app.set_member(%s, %s, NULL, 'suspended')", acme.id, guest)
    again = acme.value(acme.owner, _INVITE, acme.id, "guest@example.com", "viewer")
    _refused(acme, guest, again)
    assert _role(acme, guest) == ("viewer", "suspended")
    assert acme.database.rows("SELECT count(*) FROM app.invitations WHERE accepted_at IS NULL") == [(1,)]


def test_an_invitation_changes_no_role_of_a_member(acme: Organization) -> None:
    admin = acme.join("admin")
    ((email,),) = acme.database.rows("SELECT email FROM auth.users WHERE id = %s", admin)
    acme.rows(admin, _ACCEPT, acme.value(acme.owner, _INVITE, acme.id, email, "viewer"))

    assert _role(acme, admin) == ("admin", "active")


# asking, member, new role, new status, allowed
_CHANGES = [
    ("owner", "owner", "member", None, True),
    ("owner", "admin", "owner", None, True),
    ("owner", "member", None, "suspended", True),
    ("admin", "owner", "member", None, False),
    ("admin", "owner", None, "removed", False),
    ("admin", "admin", "viewer", None, False),
    ("admin", "member", "admin", None, True),
    ("admin", "member", "owner", None, False),
    ("admin", "viewer", None, "removed", True),
    ("member", "viewer", "member", None, False),
    ("member", "viewer", None, "removed", False),
    ("viewer", "member", "viewer", None, False),
]


@pytest.mark.parametrize(("asking", "member", "role", "status", "allowed"), _CHANGES)
def test_ranks_decide_who_changes_whom(
    acme: Organization, asking: str, member: str, role: str | None, status: str | None, allowed: bool
) -> None:
    changer, changed = acme.join(asking), acme.join(member)
    change = "SELECT app.set_member(%s, %s, %s, %s)"
    if allowed:
        acme.rows(changer, change, acme.id, changed, role, status)
        assert _role(acme, changed) == (role or member, status or "active")
    else:
        with pytest.raises(errors.InsufficientPrivilege, match="you may not change this member"):
            acme.rows(changer, change, acme.id, changed, role, status)
        assert _role(acme, changed) == (member, "active")


def test_everybody_steps_down_or_leaves_and_nobody_steps_up(acme: Organization) -> None:
    admin, viewer = acme.join("admin"), acme.join("viewer")
    change = "SELECT app.set_member(%s, %s, %s, %s)"

    acme.rows(admin, change, acme.id, admin, "viewer", None)
    acme.rows(viewer, change, acme.id, viewer, None, "removed")
    assert (_role(acme, admin), _role(acme, viewer)) == (("viewer", "active"), ("viewer", "removed"))
    for user, role, status in ((admin, "admin", None), (viewer, None, "active")):
        with pytest.raises(errors.InsufficientPrivilege):
            acme.rows(user, change, acme.id, user, role, status)


def test_the_last_owner_stays(acme: Organization) -> None:
    change = "SELECT app.set_member(%s, %s, %s, %s)"
    for role, status in (("admin", None), (None, "removed")):
        with pytest.raises(errors.CheckViolation, match="at least one active owner"):
            acme.rows(acme.owner, change, acme.id, acme.owner, role, status)


def test_an_owner_whose_account_is_gone_is_no_owner(acme: Organization) -> None:
    second = acme.join("owner")
    acme.database.run("UPDATE auth.users SET status = 'suspended' WHERE id = %s", second)
    with pytest.raises(errors.CheckViolation, match="at least one active owner"):
        acme.rows(acme.owner, "SELECT app.set_member(%s, %s, 'viewer')", acme.id, acme.owner)


def _together(database: Database, calls: list[tuple[UUID, str, tuple[object, ...]]]) -> list[str]:
    """Run statements of several users at the same moment; how each ended."""
    results = [""] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int) -> None:
        user, query, values = calls[place]
        with database.login("platform_app") as connection, connection.transaction():
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
            start.wait()
            try:
                connection.execute(query.encode(), values)
                results[place] = "done"
            except psycopg.Error as error:
                results[place] = error.diag.message_primary or ""
                raise psycopg.Rollback() from None

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_two_owners_cannot_depose_each_other(acme: Organization) -> None:
    second = acme.join("owner")
    change = "SELECT app.set_member(%s, %s, 'member', NULL)"

    results = _together(
        acme.database, [(acme.owner, change, (acme.id, second)), (second, change, (acme.id, acme.owner))]
    )

    assert results == ["done", "you may not change this member"]


def test_a_token_that_is_used_twice_at_once_is_used_once(acme: Organization) -> None:
    guest, token = _guest(acme)

    results = _together(acme.database, [(guest, _ACCEPT, (token,))] * 4)

    assert results == ["done", *[_REFUSED] * 3]


def test_an_organisation_is_deleted_by_an_owner_and_its_slug_is_free_again(acme: Organization) -> None:
    admin = acme.join("admin")
    with pytest.raises(errors.InsufficientPrivilege, match="only an owner"):
        acme.rows(admin, "SELECT app.delete_organization(%s)", acme.id)

    acme.rows(acme.owner, "SELECT app.delete_organization(%s)", acme.id)
    assert acme.rows(acme.owner, "SELECT id FROM app.organizations") == []
    acme.rows(acme.owner, "SELECT app.create_organization('acme', 'acme')")


def test_colleagues_are_notified_and_strangers_are_not(acme: Organization, other: Organization) -> None:
    colleague = acme.join("viewer")
    notify = "SELECT app.notify(%s, 'mention', 'look')"

    acme.rows(acme.owner, notify, colleague)
    assert acme.rows(colleague, "SELECT title, is_read FROM app.notifications") == [("look", False)]
    with pytest.raises(errors.InsufficientPrivilege, match="only colleagues"):
        acme.rows(acme.owner, notify, other.owner)


def test_a_status_is_set_by_the_login_service_only_and_a_trial_has_an_end(acme: Organization) -> None:
    change = "SELECT app.set_organization_status(%s, %s, %s)"
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for function"):
        acme.rows(acme.owner, change, acme.id, "active", None)
    for status, ends in (("trial", None), ("active", "2030-01-01"), ("deleted", None), (None, None)):
        with pytest.raises(errors.InvalidParameterValue):
            acme.database.asked_by("platform_auth", None, change, acme.id, status, ends)

    acme.database.asked_by("platform_auth", None, change, acme.id, "trial", "2030-01-01T00:00Z")
    assert acme.rows(acme.owner, "SELECT status, trial_ends_at > now() FROM app.organizations") == [("trial", True)]
