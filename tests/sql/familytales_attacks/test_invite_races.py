"""Eight who have the same code, or eight codes for one seat, at the same moment. These commit."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import INVALID_INVITE, World

_ACCEPT: LiteralString = "SELECT accept_invite(%(code)s)"
_WRITERS = 8


def _guests(world: World, number: int) -> list[UUID]:
    return [
        UUID(
            str(
                world.do(None, "SELECT register_user(%(clerk)s, %(email)s)", clerk=f"g{n}", email=f"g{n}@x.example")[0][
                    0
                ]
            )
        )
        for n in range(number)
    ]


def _codes(world: World, number: int) -> list[str]:
    return [
        str(world.do(world.anna, "SELECT create_invite(%(miller)s, %(email)s)", email=f"g{n}@x.example")[0][0])
        for n in range(number)
    ]


def _members(world: World) -> tuple[int, int]:
    ((stored, counted),) = world.database.rows(
        "SELECT member_count,"
        " (SELECT count(*) FROM familytales.family_members WHERE family_id = family.id AND is_active)"
        " FROM familytales.families AS family WHERE id = %s",
        world.miller,
    )
    return stored, counted


def test_of_eight_who_accept_the_same_code_at_once_exactly_one_does(fresh: World) -> None:
    """All of them as the one whom it is for: nobody else has a chance."""
    for _ in range(3):
        ((code,),) = fresh.do(fresh.anna, "SELECT create_invite(%(miller)s, 'eve@secret.example')")
        answers = fresh.at_once([fresh.acting(fresh.eve, _ACCEPT, code=code)] * _WRITERS)

        assert sorted(map(str, answers)) == sorted([str(fresh.miller), *[str(INVALID_INVITE)] * (_WRITERS - 1)])
        assert fresh.database.rows(
            "SELECT count(*) FROM familytales.family_members WHERE user_id = %s AND is_active", fresh.eve
        ) == [(1,)]
        fresh.do(fresh.eve, "SELECT leave_family(%(miller)s)")
    assert fresh.differences() == []


def test_of_eight_guests_and_one_seat_exactly_one_sits_down(fresh: World) -> None:
    guests, codes = _guests(fresh, _WRITERS), _codes(fresh, _WRITERS)
    taken = _members(fresh)[0]
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', 5368709120, %(seats)s)", seats=taken + 1)

    answers = fresh.at_once(
        [fresh.acting(guest, _ACCEPT, code=code) for guest, code in zip(guests, codes, strict=True)]
    )

    assert [answer for answer in answers if answer == fresh.miller] == [fresh.miller]
    full = f"member limit of family {fresh.miller} reached: {taken + 1} members, 1 more wanted, {taken + 1} allowed"
    assert [answer for answer in answers if answer != fresh.miller] == [("23514", full)] * (_WRITERS - 1)
    assert _members(fresh) == (taken + 1, taken + 1)
    # Those who were refused have not used up their codes.
    assert fresh.database.rows(
        "SELECT count(*) FROM familytales.family_invites WHERE accepted_at IS NULL AND email LIKE 'g_@x.example'"
    ) == [(_WRITERS - 1,)]
    assert fresh.differences() == []


def test_eight_who_leave_and_come_back_at_once_are_counted_once_each(fresh: World) -> None:
    guests = _guests(fresh, _WRITERS)
    before = _members(fresh)[0]
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', 5368709120, 100)")
    for _ in range(2):
        codes = _codes(fresh, _WRITERS)
        fresh.at_once([fresh.acting(guest, _ACCEPT, code=code) for guest, code in zip(guests, codes, strict=True)])
        assert _members(fresh) == (before + _WRITERS, before + _WRITERS)
        fresh.at_once([fresh.acting(guest, "SELECT leave_family(%(miller)s)") for guest in guests])
        assert _members(fresh) == (before, before)


def test_a_family_whose_member_limit_was_lowered_still_loses_members_and_takes_none(fresh: World) -> None:
    (code,) = _codes(fresh, 1)
    (guest,) = _guests(fresh, 1)
    before = _members(fresh)[0]
    fresh.owner("SELECT ops.set_limits(%(miller)s, 'free', 5368709120, 2)")

    assert fresh.fails(guest, _ACCEPT, code=code)[0] == "23514"
    fresh.do(fresh.max, "SELECT leave_family(%(miller)s)")
    fresh.do(fresh.anna, "SELECT remove_member(%(miller)s, %(vera)s)")
    fresh.do(fresh.anna, "SELECT change_member(%(miller)s, %(nina)s, 'editor')")
    assert _members(fresh) == (before - 2, before - 2)
    assert fresh.fails(guest, _ACCEPT, code=code)[0] == "23514"


def test_an_invitation_that_is_revoked_while_it_is_accepted(fresh: World) -> None:
    """Either it was taken, and there is nothing to revoke, or it was revoked, and there is nothing to take."""
    for _ in range(5):
        ((code,),) = fresh.do(fresh.anna, "SELECT create_invite(%(miller)s, 'eve@secret.example')")
        ((invite,),) = fresh.database.rows(
            "SELECT id FROM familytales.family_invites WHERE email = 'eve@secret.example' AND accepted_at IS NULL"
            " AND revoked_at IS NULL"
        )
        accepted, revoked = fresh.at_once(
            [
                fresh.acting(fresh.eve, _ACCEPT, code=code),
                fresh.acting(fresh.anna, "SELECT revoke_invite(%(i)s)", i=invite),
            ]
        )
        assert (accepted, revoked) in (
            (fresh.miller, ("P0002", "there is no such open invitation")),
            (INVALID_INVITE, ""),
        )
        if accepted == fresh.miller:
            fresh.do(fresh.eve, "SELECT leave_family(%(miller)s)")


def test_an_inviter_who_is_removed_while_his_guest_accepts(fresh: World) -> None:
    """Whichever comes first, nobody comes in through somebody who was out before."""
    ((code,),) = fresh.do(fresh.adam, "SELECT create_invite(%(miller)s, 'eve@secret.example', 'admin')")
    with fresh.login() as removing, removing.transaction():
        removing.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.anna),))
        removing.execute("SELECT remove_member(%s, %s)", (fresh.miller, fresh.adam))
        with fresh.login() as late, pytest.raises(psycopg.errors.LockNotAvailable), late.transaction():
            # It would have to wait for the other to end, or come before him.
            late.execute("SET LOCAL lock_timeout = '100ms'")
            late.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.eve),))
            late.execute("SELECT accept_invite(%s)", (code,))
    assert fresh.fails(fresh.eve, _ACCEPT, code=code) == INVALID_INVITE


def test_eight_invitations_to_one_address_leave_one_that_is_open(fresh: World) -> None:
    answers = fresh.at_once(
        [fresh.acting(fresh.anna, "SELECT create_invite(%(miller)s, 'eve@secret.example')")] * _WRITERS
    )

    codes = [str(answer) for answer in answers if not isinstance(answer, tuple)]
    assert {answer[0] for answer in answers if isinstance(answer, tuple)} <= {"23505", DENIED}
    said = fresh.at_once([fresh.acting(fresh.eve, _ACCEPT, code=code) for code in codes])
    assert sorted(map(str, said)) == sorted([str(fresh.miller), *[str(INVALID_INVITE)] * (len(codes) - 1)])
    assert fresh.fails(fresh.max, "SELECT create_invite(%(miller)s, 'eve@secret.example')")[0] == DENIED
