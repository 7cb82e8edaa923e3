"""Invitations used twice, late or by somebody else, and two who act at the same moment. These commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import IsolationLevel

from tests.sql.attacks.world import APP, DENIED, NOBODY_HAS_IT, World
from tests.sql.databases import Database

Action = Callable[[psycopg.Connection], object]

CANNOT = (DENIED, "this invitation cannot be accepted")


@pytest.fixture
def fresh(migrated: dict[str, Database]) -> Iterator[World]:
    """A world for one test, which may change it for good."""
    database = migrated["platform"]
    yield World(database)
    for emptied in ("app.organizations", "auth.users", "auth.roles"):
        database.empty(emptied)


def _ask(world: World, user: UUID, query: LiteralString, *values: object) -> str | UUID | None:
    rows = world.database.asked_by(APP, user, query, *values)
    answer: str | UUID | None = rows[0][0]
    return answer


def _refused(world: World, user: UUID, query: LiteralString, *values: object) -> tuple[str | None, str | None]:
    with pytest.raises(psycopg.Error) as caught:
        world.database.asked_by(APP, user, query, *values)
    return caught.value.diag.sqlstate, caught.value.diag.message_primary


def _invite(world: World, inviter: UUID, address: str, role: str = "member") -> str:
    return str(_ask(world, inviter, "SELECT app.invite_member(%s, %s, %s)", world.acme, address, role))


def _accept(world: World, guest: UUID, token: str) -> tuple[str | None, str | None] | UUID:
    try:
        return UUID(str(_ask(world, guest, "SELECT app.accept_invitation(%s)", token)))
    except psycopg.Error as error:
        return error.diag.sqlstate, error.diag.message_primary


def test_using_an_invitation_once_more(fresh: World) -> None:
    token = _invite(fresh, fresh.anna, "EVE@secret.example")

    assert _accept(fresh, fresh.eve, token) == fresh.acme
    assert _accept(fresh, fresh.eve, token) == CANNOT
    assert _ask(fresh, fresh.eve, "SELECT app.set_member(%s, %s, NULL, 'removed')", fresh.acme, fresh.eve) == ""
    assert _accept(fresh, fresh.eve, token) == CANNOT


def test_using_somebody_elses_invitation(fresh: World) -> None:
    token = _invite(fresh, fresh.anna, "eve@secret.example", "admin")

    for thief in (fresh.mallory, fresh.milo, fresh.sam, fresh.vera, NOBODY_HAS_IT):
        assert _accept(fresh, thief, token) == CANNOT
    assert _accept(fresh, fresh.eve, token) == fresh.acme


@pytest.mark.parametrize(
    "happens",
    [
        "UPDATE auth.users SET email_verified = false WHERE email = 'eve@secret.example'",
        "UPDATE auth.users SET status = 'suspended' WHERE email = 'eve@secret.example'",
        "UPDATE auth.users SET deleted_at = now() WHERE email = 'eve@secret.example'",
        "UPDATE auth.users SET email = 'eve@elsewhere.example' WHERE email = 'eve@secret.example'",
        "UPDATE app.invitations SET expires_at = now() WHERE email = 'eve@secret.example'",
        "UPDATE app.invitations SET revoked_at = now() WHERE email = 'eve@secret.example'",
        "UPDATE app.invitations SET invited_by = NULL WHERE email = 'eve@secret.example'",
        "UPDATE app.organizations SET status = 'suspended' WHERE slug = 'acme'",
        "UPDATE app.organizations SET deleted_at = now() WHERE slug = 'acme'",
        "UPDATE app.organization_members SET status = 'removed' WHERE role = 'admin' AND status = 'active'",
        "UPDATE app.organization_members SET status = 'suspended' WHERE role = 'admin' AND status = 'active'",
        "UPDATE app.organization_members SET role = 'member' WHERE role = 'admin'",
        "UPDATE auth.users SET status = 'suspended' WHERE email = 'adam@secret.example'",
        "UPDATE auth.users SET deleted_at = now() WHERE email = 'adam@secret.example'",
        "DELETE FROM auth.users WHERE email = 'adam@secret.example'",
    ],
)
def test_using_an_invitation_after_something_came_between(fresh: World, happens: LiteralString) -> None:
    token = _invite(fresh, fresh.adam, "eve@secret.example", "admin")
    fresh.database.run(happens)

    assert _accept(fresh, fresh.eve, token) == CANNOT


def test_using_an_owners_invitation_to_own_after_he_was_made_an_admin(fresh: World) -> None:
    token = _invite(fresh, fresh.anna, "eve@secret.example", "owner")
    _ask(fresh, fresh.anna, "SELECT app.set_member(%s, %s, 'owner')", fresh.acme, fresh.adam)
    _ask(fresh, fresh.adam, "SELECT app.set_member(%s, %s, 'admin')", fresh.acme, fresh.anna)

    assert _accept(fresh, fresh.eve, token) == CANNOT


def test_an_older_invitation_that_a_newer_one_replaced(fresh: World) -> None:
    old = _invite(fresh, fresh.anna, "eve@secret.example", "admin")
    new = _invite(fresh, fresh.anna, "Eve@Secret.Example", "viewer")

    assert _accept(fresh, fresh.eve, old) == CANNOT
    assert _accept(fresh, fresh.eve, new) == fresh.acme
    assert _ask(fresh, fresh.eve, "SELECT app.get_organization_role(%s)", fresh.acme) == "viewer"


def test_revoking_the_invitations_of_another_tenant(fresh: World) -> None:
    _invite(fresh, fresh.anna, "eve@secret.example")
    invitation = fresh.database.rows("SELECT id FROM app.invitations WHERE email = 'eve@secret.example'")[0][0]
    revoke: LiteralString = "SELECT app.revoke_invitation(%s)"

    for stranger in (fresh.mallory, fresh.max, fresh.eve, fresh.rita):
        assert _refused(fresh, stranger, revoke, invitation) == (DENIED, "no open invitation of yours")
    assert _refused(fresh, fresh.mallory, revoke, NOBODY_HAS_IT) == (DENIED, "no open invitation of yours")
    assert _ask(fresh, fresh.adam, revoke, invitation) == ""


def test_accepting_without_a_token(fresh: World) -> None:
    assert fresh.refused(fresh.eve, "SELECT app.accept_invitation(NULL)").short == CANNOT


@pytest.mark.parametrize("token", ["", "wrong", "\\", "\\x61", "%", "' OR true --", "x" * 100_000])
def test_guessing_a_token(fresh: World, token: str) -> None:
    assert _accept(fresh, fresh.eve, token) == CANNOT


def test_using_the_stored_hash_as_the_token(fresh: World) -> None:
    _invite(fresh, fresh.anna, "eve@secret.example")
    stored = fresh.database.rows("SELECT token_hash FROM app.invitations WHERE email = 'eve@secret.example'")[0][0]

    assert _accept(fresh, fresh.eve, stored) == CANNOT
    assert _accept(fresh, fresh.eve, "\\x" + stored) == CANNOT


def _at_once(world: World, first: Action, second: Action) -> list[object]:
    """Two connections, each in a transaction of its own, let go at the same moment."""
    start = Barrier(2)

    def run(action: Action) -> object:
        with world.login() as connection:
            start.wait(10)
            try:
                with connection.transaction():
                    return action(connection)
            except psycopg.Error as error:
                return error.diag.sqlstate, error.diag.message_primary

    with ThreadPoolExecutor(2) as threads:
        return [done.result(30) for done in [threads.submit(run, first), threads.submit(run, second)]]


def _as(user: UUID, query: LiteralString, *values: object) -> Action:
    def act(connection: psycopg.Connection) -> object:
        connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
        row = connection.execute(query, values).fetchone()
        assert row is not None
        return row[0]

    return act


def test_accepting_the_same_invitation_twice_at_the_same_moment(fresh: World) -> None:
    for number in range(3):
        token = _invite(fresh, fresh.anna, "eve@secret.example")
        accept = _as(fresh.eve, "SELECT app.accept_invitation(%s)", token)
        answers = _at_once(fresh, accept, accept)

        assert sorted(map(str, answers)) == sorted([str(fresh.acme), str(CANNOT)]), number
    assert fresh.database.rows("SELECT count(*) FROM app.organization_members WHERE user_id = %s", fresh.eve) == [(1,)]


def test_two_owners_who_depose_each_other_at_the_same_moment(fresh: World) -> None:
    remove: LiteralString = "SELECT app.set_member(%s, %s, 'viewer')"
    _ask(fresh, fresh.anna, "SELECT app.set_member(%s, %s, 'owner')", fresh.acme, fresh.max)

    answers = _at_once(
        fresh,
        _as(fresh.anna, remove, fresh.acme, fresh.max),
        _as(fresh.max, remove, fresh.acme, fresh.anna),
    )

    assert sorted(map(str, answers)) == sorted(["", str((DENIED, "you may not change this member"))])
    assert _owners(fresh) == 1


def test_the_last_two_owners_who_leave_at_the_same_moment(fresh: World) -> None:
    leave: LiteralString = "SELECT app.set_member(%s, %s, NULL, 'removed')"
    _ask(fresh, fresh.anna, "SELECT app.set_member(%s, %s, 'owner')", fresh.acme, fresh.max)

    answers = _at_once(
        fresh, _as(fresh.anna, leave, fresh.acme, fresh.anna), _as(fresh.max, leave, fresh.acme, fresh.max)
    )

    assert sorted(map(str, answers)) == sorted(["", str(("23514", "an organisation keeps at least one active owner"))])
    assert _owners(fresh) == 1


@pytest.mark.parametrize("isolation", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_deposing_an_owner_out_of_a_snapshot_in_which_one_still_is_one(fresh: World, isolation: IsolationLevel) -> None:
    depose: LiteralString = "SELECT app.set_member(%s, %s, 'viewer')"
    _ask(fresh, fresh.anna, "SELECT app.set_member(%s, %s, 'owner')", fresh.acme, fresh.max)
    with fresh.login() as late:
        late.isolation_level = isolation
        with pytest.raises(psycopg.errors.SerializationFailure), late.transaction():
            late.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.max),))
            _ask(fresh, fresh.anna, depose, fresh.acme, fresh.max)
            late.execute(depose, (fresh.acme, fresh.anna))

    assert _owners(fresh) == 1


def _owners(world: World) -> int:
    count: int = world.database.rows(
        "SELECT count(*) FROM app.organization_members"
        " WHERE organization_id = %s AND role = 'owner' AND status = 'active'",
        world.acme,
    )[0][0]
    return count
