"""Everybody against everybody: who changes, removes, or hands the family over to whom. A row is who does it."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import World

WHO = ["anna", "adam", "ed", "max", "nina", "vera", "dora", "rita", "sam", "mallory", "milo", "eve", "greta", "nobody"]
WHOM = ["anna", "adam", "ed", "max", "vera", "rita", "sam", "mallory", "eve", "none"]

# + is done, . is refused. Those of WHO who are not here do nothing to anybody.
CHANGES = {
    #       anna adam ed   max  vera rita sam  mal. eve  none
    "anna": ".    +    +    +    +    .    +    .    .    .",
    "adam": ".    .    +    +    +    .    .    .    .    .",
}
REMOVES = {
    "anna": "o    +    +    +    +    .    +    .    .    .",
    "adam": ".    +    +    +    +    .    .    .    .    .",
    "ed":   ".    .    +    .    .    .    .    .    .    .",
    "max":  ".    .    .    +    .    .    .    .    .    .",
    "vera": ".    .    .    .    +    .    .    .    .    .",
}  # fmt: skip
# rita has left, and sam's account is closed: neither can own a family.
HANDS_OVER = {"anna": ".    +    +    +    +    o    o    o    o    o"}

_STATE: LiteralString = (
    "SELECT user_id, role, is_active, permissions FROM familytales.family_members"
    " WHERE family_id = %(miller)s ORDER BY 1"
)
_OWNER: LiteralString = "SELECT owner_id, is_active FROM familytales.families WHERE id = %(miller)s"


def _expected(table: dict[str, str], who: str, whom: str) -> str:
    return table[who].split()[WHOM.index(whom)] if who in table else "."


def _try(world: World, who: str, whom: str, call: LiteralString) -> tuple[str | None, bool]:
    """Why it is refused, and whether anything is otherwise than before."""
    with world.as_superuser() as root:
        before = root.rows(_STATE), root.rows(_OWNER)
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.user(who))
        said = root.says(call, whom=world.ids[whom])
        root.rows("RESET SESSION AUTHORIZATION")
        return getattr(said, "sqlstate", None), (root.rows(_STATE), root.rows(_OWNER)) != before


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize("who", WHO)
def test_changing_a_members_role(world: World, who: str, whom: str) -> None:
    call: LiteralString = "SELECT change_member(%(miller)s, %(whom)s, 'viewer', '{\"can_download\": false}')"
    done = _expected(CHANGES, who, whom) == "+"

    assert _try(world, who, whom, call) == (None if done else DENIED, done)


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize("who", WHO)
def test_making_somebody_an_owner(world: World, who: str, whom: str) -> None:
    """Not even an owner does that to whom he could change: he hands the family over."""
    call: LiteralString = "SELECT change_member(%(miller)s, %(whom)s, 'owner')"
    could = _expected(CHANGES, who, whom) == "+"

    assert _try(world, who, whom, call) == ("22023" if could else DENIED, False)


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize("who", WHO)
def test_giving_a_member_an_exception_from_his_role(world: World, who: str, whom: str) -> None:
    call: LiteralString = "SELECT change_member(%(miller)s, %(whom)s, NULL, '{\"can_edit\": true}')"
    done = _expected(CHANGES, who, whom) == "+"

    assert _try(world, who, whom, call) == (None if done else DENIED, done)


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize("who", WHO)
def test_removing_a_member(world: World, who: str, whom: str) -> None:
    expected = {"+": (None, True), "o": ("55000", False), ".": (DENIED, False)}[_expected(REMOVES, who, whom)]

    # Those who are not in the list of whom may leave, like everybody; here they are only who does it.
    assert _try(world, who, whom, "SELECT remove_member(%(miller)s, %(whom)s)") == expected


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize("who", WHO)
def test_handing_the_family_over(world: World, who: str, whom: str) -> None:
    expected = {"+": (None, True), "o": ("55000", False), ".": (DENIED, False)}[_expected(HANDS_OVER, who, whom)]

    assert _try(world, who, whom, "SELECT hand_over_family(%(miller)s, %(whom)s)") == expected


@pytest.mark.parametrize("who", WHO)
def test_leaving(world: World, who: str) -> None:
    """The owner cannot; who is not in the family, or nobody, has nothing to leave."""
    outcome = {"anna": ("55000", False)} | dict.fromkeys(("adam", "ed", "max", "nina", "vera", "dora"), (None, True))

    assert _try(world, who, "none", "SELECT leave_family(%(miller)s)") == outcome.get(who, (DENIED, False))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(
    ("call", "by_the_owner"),
    [
        ("SELECT set_family_active(%(miller)s, false)", (None, True)),
        ("SELECT set_family_active(%(miller)s, true)", (None, False)),
        ("SELECT set_family_active(%(miller)s, NULL)", (None, False)),
        ("SELECT delete_family(%(miller)s, 'miller')", ("55000", False)),
        ("SELECT delete_family(%(miller)s, NULL)", ("55000", False)),
        ("SELECT delete_family(%(miller)s, 'Miller')", ("55000", False)),
    ],
)
def test_closing_or_deleting_the_family(
    world: World, who: str, call: LiteralString, by_the_owner: tuple[str | None, bool]
) -> None:
    assert _try(world, who, "none", call) == (by_the_owner if who == "anna" else (DENIED, False))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("role", ["viewer", "member", "editor", "admin", "owner"])
def test_changing_ones_own_role_upwards_or_downwards(world: World, who: str, role: str) -> None:
    if who == "nobody":
        assert _try(world, who, "none", "SELECT change_member(%(miller)s, NULL, 'admin')") == (DENIED, False)
        return
    call: LiteralString = f"SELECT change_member(%(miller)s, %(whom)s, '{role}', '{{}}')"

    assert _try(world, who, who, call) == (DENIED, False)
