"""What an invitation or a change of a member can give: never more than whoever gives it has."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.familytales_attacks.world import World

_CHANGE: LiteralString = "SELECT change_member(%(miller)s, %(whom)s, %(rank)s, %(may)s::jsonb)"
_INVITE: LiteralString = (
    "SELECT create_invite(%(miller)s, 'x@evil.example', %(rank)s, invited_permissions => %(may)s::jsonb)"
)
RIGHTS = ["can_edit", "can_delete", "can_invite", "can_download"]


def _deny(anna: Attacker, whom: object, right: str) -> None:
    anna.rows(_CHANGE, whom=whom, rank=None, may=f'{{"{right}": false}}')


@pytest.mark.parametrize("right", RIGHTS)
def test_an_administrator_gives_a_member_what_he_himself_was_denied(world: World, right: str) -> None:
    with world.inside(world.anna) as somebody:
        _deny(somebody, world.adam, right)
        somebody.become(world.adam)

        said = somebody.refused(_CHANGE, whom=world.max, rank=None, may=f'{{"{right}": true}}')
        assert said.sqlstate == DENIED
        # What he has he gives, to whoever has no more than he afterwards.
        for other in set(RIGHTS) - {right}:
            somebody.rows(_CHANGE, whom=world.max, rank=None, may=f'{{"{other}": true, "{right}": false}}')


@pytest.mark.parametrize("right", ["can_edit", "can_delete", "can_download"])
def test_an_administrator_invites_an_accomplice_with_what_he_himself_was_denied(world: World, right: str) -> None:
    with world.inside(world.anna) as somebody:
        _deny(somebody, world.adam, right)
        somebody.become(world.adam)

        assert somebody.refused(_INVITE, rank="viewer", may=f'{{"{right}": true}}').sqlstate == DENIED


@pytest.mark.parametrize("right", ["can_edit", "can_delete", "can_invite"])
def test_an_administrator_makes_somebody_an_administrator_who_has_what_he_was_denied(world: World, right: str) -> None:
    """A role brings its rights along."""
    with world.inside(world.anna) as somebody:
        _deny(somebody, world.adam, right)
        somebody.become(world.adam)

        assert somebody.refused(_CHANGE, whom=world.ed, rank="admin", may=None).sqlstate == DENIED


def test_an_editor_who_may_invite_but_not_edit_invites_an_editor(world: World) -> None:
    with world.inside(world.anna) as somebody:
        somebody.rows(_CHANGE, whom=world.ed, rank=None, may='{"can_invite": true, "can_edit": false}')
        somebody.become(world.ed)

        assert somebody.refused(_INVITE, rank="editor", may="{}").sqlstate == DENIED


@pytest.mark.parametrize("who", ["ed", "max"])
def test_who_may_invite_and_does_not_administer_makes_no_exceptions(world: World, who: str) -> None:
    with world.inside(world.anna) as somebody:
        somebody.rows(_CHANGE, whom=world.user(who), rank=None, may='{"can_invite": true}')
        somebody.become(world.user(who))

        for right in RIGHTS:
            for given in ("true", "false"):
                assert somebody.refused(_INVITE, rank="viewer", may=f'{{"{right}": {given}}}').short == (
                    DENIED,
                    "only administrators make exceptions from a role",
                )


@pytest.mark.parametrize(
    "may",
    [
        '{"can_admin": true}', '{"can_post": true}', '{"role": "owner"}', '{"can_edit": "true"}', '{"can_edit": 1}',
        '{"can_edit": null}', '{"can_edit": {"can_edit": true}}', "[]", '"can_edit"', "null", "true",
        '{"can_edit": true, "": true}', '{"CAN_EDIT": true}',
    ],
)  # fmt: skip
def test_exceptions_that_are_none(world: World, may: str) -> None:
    assert world.refused(world.anna, _INVITE, rank="member", may=may).sqlstate == "22023"
    assert world.refused(world.anna, _CHANGE, whom=world.max, rank=None, may=may).sqlstate in (
        "22023",
        "23514",
        "22P02",
    )


@pytest.mark.parametrize("valid_for", ["0", "-1 day", "59 seconds", "31 days", "1000 years", None])
def test_an_invitation_that_is_valid_for_ever_or_was_in_the_past(world: World, valid_for: str | None) -> None:
    said = world.refused(
        world.anna,
        "SELECT create_invite(%(miller)s, 'x@evil.example', 'member', %(valid_for)s::interval)",
        valid_for=valid_for,
    )

    assert said.sqlstate == "22023"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO family_members (family_id, user_id, role) VALUES (%(miller)s, %(eve)s, 'admin')",
        "UPDATE family_members SET role = 'admin' WHERE user_id = %(max)s",
        "DELETE FROM family_members WHERE user_id = %(adam)s",
        "INSERT INTO family_invites (family_id, email, role, invited_by, code_hash, expires_at) VALUES (%(miller)s,"
        " 'eve@secret.example', 'admin', %(anna)s, sha256('x'), now() + interval '1 day')",
        "UPDATE family_invites SET email = 'eve@secret.example'",
        "UPDATE family_invites SET expires_at = now() + interval '10 years'",
        "UPDATE family_invites SET revoked_at = NULL",
        "DELETE FROM family_invites",
        "TRUNCATE family_invites",
        "TRUNCATE family_members CASCADE",
    ],
)
@pytest.mark.parametrize("who", ["anna", "adam", "max", "eve", "nobody"])
def test_writing_memberships_and_invitations_by_hand(world: World, who: str, statement: LiteralString) -> None:
    said = world.refused(world.user(who), statement)

    assert said.sqlstate == DENIED
    assert str(said.message).startswith("permission denied for table family_")


@pytest.mark.parametrize("who", ["max", "nina", "vera", "dora", "ed"])
def test_who_may_not_invite_sees_no_invitation(world: World, who: str) -> None:
    assert world.ask(world.user(who), "SELECT id, email FROM family_invites") == []


@pytest.mark.parametrize("who", ["max", "nina", "ed", "vera", "mallory", "rita"])
def test_addresses_are_for_oneself_and_for_administrators(world: World, who: str) -> None:
    with world.inside(world.user(who)) as somebody:
        assert somebody.refused("SELECT email FROM users").sqlstate == DENIED
        assert somebody.refused("SELECT clerk_id FROM users").sqlstate == DENIED
        emails = somebody.rows("SELECT email FROM active_family_members WHERE email IS NOT NULL AND user_id <> %(me)s",
                               me=world.user(who))  # fmt: skip
        assert len(emails) == (2 if who == "mallory" else 0)
    assert len(world.ask(world.adam, "SELECT email FROM active_family_members WHERE email IS NOT NULL")) == 7
