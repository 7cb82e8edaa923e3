"""A family always has one owner, whoever acts at the same moment; and none is deleted by mistake. These commit."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest
from psycopg import IsolationLevel

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import INVALID_INVITE, World

_HAND_OVER: LiteralString = "SELECT hand_over_family(%(miller)s, %(whom)s)"
_CHANGE: LiteralString = "SELECT change_member(%(miller)s, %(whom)s, %(rank)s)"
_REMOVE: LiteralString = "SELECT remove_member(%(miller)s, %(whom)s)"
NOT_HIS = (DENIED, "only its owner hands a family over, and to somebody else")
MAY_NOT_CHANGE = (DENIED, "not allowed to change this member")
MAY_NOT_REMOVE = (DENIED, "not allowed to remove this member")


def _owners(world: World) -> list[tuple[object, ...]]:
    return world.database.rows(
        "SELECT member.user_id, member.is_active, family.owner_id = member.user_id FROM familytales.families AS family"
        " JOIN familytales.family_members AS member ON member.family_id = family.id AND member.role = 'owner'"
        " WHERE family.id = %s",
        world.miller,
    )


def test_handing_over_to_eight_at_once_finds_one_owner(fresh: World) -> None:
    others = [fresh.adam, fresh.ed, fresh.max, fresh.nina, fresh.vera, fresh.dora, fresh.adam, fresh.ed]
    answers = fresh.at_once([fresh.acting(fresh.anna, _HAND_OVER, whom=whom) for whom in others])

    assert sorted(map(str, answers)) == sorted(["", *[str(NOT_HIS)] * 7])
    ((owner, active, consistent),) = _owners(fresh)
    assert (owner in others, active, consistent) == (True, True, True)
    assert fresh.fails(fresh.anna, _HAND_OVER, whom=fresh.anna) == NOT_HIS


def test_two_administrators_who_demote_each_other_at_once_demote_nobody(fresh: World) -> None:
    fresh.do(fresh.anna, _CHANGE, whom=fresh.max, rank="admin")

    answers = fresh.at_once(
        [
            fresh.acting(fresh.adam, _CHANGE, whom=fresh.max, rank="viewer"),
            fresh.acting(fresh.max, _CHANGE, whom=fresh.adam, rank="viewer"),
        ]
    )

    assert answers == [MAY_NOT_CHANGE] * 2


def test_an_owner_who_hands_over_while_the_new_one_is_removed(fresh: World) -> None:
    """adam removes max, to whom anna hands the family over: one of the two happens."""
    for _ in range(3):
        handed, removed = fresh.at_once(
            [fresh.acting(fresh.anna, _HAND_OVER, whom=fresh.max), fresh.acting(fresh.adam, _REMOVE, whom=fresh.max)]
        )
        assert len(_owners(fresh)) == 1
        assert _owners(fresh)[0][1:] == (True, True)
        if handed == "":
            assert removed == MAY_NOT_REMOVE
            fresh.do(fresh.max, _HAND_OVER, whom=fresh.anna)
            fresh.do(fresh.anna, _CHANGE, whom=fresh.max, rank="member")
        else:
            assert (handed, removed) == (("55000", "the new owner is no active member of the family"), "")
            return


def test_an_owner_who_was_deposed_in_the_meantime_acts_on_what_he_was(fresh: World) -> None:
    """He waits for whoever hands over, and finds that he is not the owner any more."""
    with fresh.login() as slow, slow.transaction():
        slow.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.anna),))
        slow.execute("SELECT hand_over_family(%s, %s)", (fresh.miller, fresh.adam))
        with fresh.login() as late:
            late.execute("SET lock_timeout = '100ms'")
            for call in ("SELECT set_family_active(%s, false)", "SELECT delete_family(%s, 'miller')"):
                with pytest.raises(psycopg.errors.LockNotAvailable), late.transaction():
                    late.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.anna),))
                    late.execute(call, (fresh.miller,))
    assert fresh.fails(fresh.anna, "SELECT set_family_active(%(miller)s, false)")[0] == DENIED
    assert fresh.fails(fresh.anna, _REMOVE, whom=fresh.adam) == MAY_NOT_REMOVE
    fresh.do(fresh.adam, _REMOVE, whom=fresh.anna)
    assert _owners(fresh) == [(fresh.adam, True, True)]


@pytest.mark.parametrize("isolation", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
@pytest.mark.parametrize(
    "call",
    [
        "SELECT change_member(%(miller)s, %(max)s, 'admin')",
        "SELECT remove_member(%(miller)s, %(max)s)",
        "SELECT hand_over_family(%(miller)s, %(max)s)",
    ],
)
def test_acting_out_of_a_snapshot_in_which_one_still_was_the_owner(
    fresh: World, isolation: IsolationLevel, call: LiteralString
) -> None:
    with fresh.login() as late:
        late.isolation_level = isolation
        with pytest.raises(psycopg.errors.SerializationFailure), late.transaction():
            late.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.anna),))
            assert late.execute("SELECT count(*) FROM families").fetchone() == (1,)
            fresh.do(fresh.anna, _HAND_OVER, whom=fresh.adam)
            fresh.do(fresh.adam, _CHANGE, whom=fresh.anna, rank="viewer")
            psycopg.ClientCursor(late).execute(call, fresh.ids)

    assert _owners(fresh) == [(fresh.adam, True, True)]
    assert fresh.database.rows(
        "SELECT role, is_active FROM familytales.family_members WHERE user_id = %s", fresh.max
    ) == [("member", True)]


def test_inviting_out_of_a_snapshot_in_which_one_still_might(fresh: World) -> None:
    """The snapshot says that he may; whoever accepts asks again."""
    with fresh.login() as late:
        late.isolation_level = IsolationLevel.REPEATABLE_READ
        with late.transaction():
            late.execute("SELECT set_config('app.current_user_id', %s, true)", (str(fresh.adam),))
            assert late.execute("SELECT count(*) FROM families").fetchone() == (1,)
            fresh.do(fresh.anna, _REMOVE, whom=fresh.adam)
            row = late.execute("SELECT create_invite(%s, 'eve@secret.example', 'admin')", (fresh.miller,)).fetchone()
    assert row is not None

    assert fresh.fails(fresh.eve, "SELECT accept_invite(%(code)s)", code=row[0]) == INVALID_INVITE


def test_a_family_is_deleted_in_two_steps_and_by_its_exact_name(fresh: World) -> None:
    delete: LiteralString = "SELECT delete_family(%(miller)s, %(name)s)"
    assert fresh.fails(fresh.anna, delete, name="miller")[0] == "55000"
    fresh.do(fresh.anna, "SELECT set_family_active(%(miller)s, false)")
    for name in ("", "Miller", " miller", "evil", None, str(fresh.miller)):
        assert fresh.fails(fresh.anna, delete, name=name)[0] == "55000", name
    for who in (fresh.adam, fresh.mallory, fresh.eve, None):
        assert fresh.fails(who, delete, name="miller")[0] == DENIED
    assert fresh.database.rows("SELECT count(*) FROM familytales.memory_books") == [(6,)]

    fresh.do(fresh.anna, delete, name="miller")

    assert fresh.database.rows("SELECT count(*) FROM familytales.memory_books") == [(2,)]
    # What lies in S3 is put down to be deleted: three of the four objects were miller's.
    assert fresh.database.rows(
        "SELECT count(*) FROM familytales.media_deletions WHERE family_id = %s", fresh.miller
    ) == [(3,)]
    assert fresh.differences() == []


def test_a_family_that_is_not_active_is_nobodys_until_its_owner_opens_it_again(fresh: World) -> None:
    fresh.do(fresh.anna, "SELECT set_family_active(%(miller)s, false)")
    for who in (fresh.anna, fresh.adam, fresh.max):
        assert fresh.do(who, "SELECT 1 FROM memory_books WHERE family_id = %(miller)s") == []
        assert fresh.fails(who, "SELECT create_invite(%(miller)s, 'x@x.example')")[0] == DENIED
        assert fresh.fails(who, _HAND_OVER, whom=fresh.max)[0] == DENIED
        assert fresh.fails(who, _CHANGE, whom=fresh.vera, rank="member")[0] == DENIED

    fresh.do(fresh.anna, "SELECT set_family_active(%(miller)s, true)")
    assert len(fresh.do(fresh.max, "SELECT 1 FROM memory_books WHERE family_id = %(miller)s")) == 3


def test_an_owner_is_not_erased_and_an_erased_user_does_nothing(fresh: World) -> None:
    assert fresh.fails(fresh.anna, "SELECT erase_me('anna@secret.example')")[0] == "55000"
    assert fresh.fails(fresh.max, "SELECT erase_me('anna@secret.example')")[0] == "55000"
    assert fresh.fails(fresh.max, "SELECT erase_me(NULL)")[0] == "55000"
    fresh.do(fresh.max, "SELECT erase_me('MAX@secret.example')")

    assert fresh.fails(fresh.max, "SELECT create_family('again')") == (DENIED, "no active user")
    assert fresh.do(fresh.max, "SELECT id, display_name, is_active FROM users") == [(fresh.max, None, False)]
    assert (
        fresh.fails(
            fresh.max,
            "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
            " VALUES (%(shared_thread)s, %(max)s, 'text', 'from the dead')",
        )[0]
        == DENIED
    )
