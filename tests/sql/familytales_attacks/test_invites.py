"""Invitations used by somebody else, late, again, or to give more than one has. These commit."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import INVALID_INVITE, World

_INVITE: LiteralString = "SELECT create_invite(%(miller)s, %(email)s, %(role)s)"
_ACCEPT: LiteralString = "SELECT accept_invite(%(code)s)"


def _invite(world: World, inviter: str, email: str = "eve@secret.example", role: str = "member") -> str:
    return str(world.do(world.user(inviter), _INVITE, email=email, role=role)[0][0])


def _accept(world: World, who: str, code: str | None) -> object:
    return world.do(world.user(who), _ACCEPT, code=code)[0][0]


def _not_accepted(world: World, who: str, code: str | None) -> tuple[str | None, str | None]:
    return world.fails(world.user(who), _ACCEPT, code=code)


def _membership(world: World, who: str) -> list[tuple[object, ...]]:
    return world.database.rows(
        "SELECT role, is_active, permissions FROM familytales.family_members WHERE family_id = %s AND user_id = %s",
        *(world.miller, world.ids[who]),
    )


def test_using_an_invitation_once_more(fresh: World) -> None:
    code = _invite(fresh, "anna")

    assert _accept(fresh, "eve", code) == fresh.miller
    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE
    fresh.do(fresh.eve, "SELECT leave_family(%(miller)s)")
    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE
    assert _membership(fresh, "eve") == [("member", False, {})]


def test_using_somebody_elses_invitation(fresh: World) -> None:
    code = _invite(fresh, "anna", role="admin")

    for thief in ("mallory", "milo", "greta", "rita", "vera", "max", "adam"):
        assert _not_accepted(fresh, thief, code) == INVALID_INVITE, thief
    # Whose account is closed, who is nobody, and who does not say who he is come no further than any function.
    for nobody in ("sam", "none", "nobody"):
        assert _not_accepted(fresh, nobody, code) == (DENIED, "no active user")
    assert _accept(fresh, "eve", code) == fresh.miller


@pytest.mark.parametrize(
    "happens",
    [
        "UPDATE familytales.users SET email = 'eve@elsewhere.example' WHERE email = 'eve@secret.example'",
        "UPDATE familytales.family_invites SET expires_at = created_at + interval '1 microsecond'",
        "UPDATE familytales.family_invites SET revoked_at = now()",
        "UPDATE familytales.families SET is_active = false WHERE name = 'miller'",
        "UPDATE familytales.family_members SET is_active = false WHERE role = 'admin'",
        "UPDATE familytales.family_members SET role = 'viewer' WHERE role = 'admin'",
        "UPDATE familytales.family_members SET role = 'editor' WHERE role = 'admin'",
        "UPDATE familytales.family_members SET permissions = '{\"can_invite\": false}' WHERE role = 'admin'",
        "UPDATE familytales.users SET is_active = false WHERE email = 'adam@secret.example'",
        "DELETE FROM familytales.family_invites",
    ],
)
def test_using_an_invitation_after_something_has_happened_to_it(fresh: World, happens: LiteralString) -> None:
    code = _invite(fresh, "adam", role="editor")
    fresh.database.run(happens)

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE
    assert _membership(fresh, "eve") == []


def test_using_an_invitation_of_somebody_who_was_demoted_below_its_role(fresh: World) -> None:
    """He may still invite, though not as much."""
    code = _invite(fresh, "adam", role="admin")
    fresh.do(
        fresh.anna,
        "SELECT change_member(%(miller)s, %(adam)s, 'editor', %(may)s::jsonb)",
        may='{"can_invite": true}',
    )

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE


def test_using_exceptions_that_who_invited_could_not_make_any_more(fresh: World) -> None:
    """Only administrators make exceptions from a role; whoever is one no longer has made none."""
    ((code,),) = fresh.do(
        fresh.adam,
        "SELECT create_invite(%(miller)s, 'eve@secret.example', 'viewer', invited_permissions => %(may)s::jsonb)",
        may='{"can_delete": true, "can_edit": true}',
    )
    fresh.do(
        fresh.anna, "SELECT change_member(%(miller)s, %(adam)s, 'editor', %(may)s::jsonb)", may='{"can_invite": true}'
    )

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE


def test_using_an_invitation_of_somebody_who_was_erased(fresh: World) -> None:
    code = _invite(fresh, "adam")
    fresh.owner("SELECT ops.erase_user(%(adam)s)")

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE


def test_using_an_invitation_of_somebody_who_left(fresh: World) -> None:
    code = _invite(fresh, "adam")
    fresh.do(fresh.adam, "SELECT leave_family(%(miller)s)")

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE


def test_an_older_invitation_that_a_newer_one_replaced(fresh: World) -> None:
    old = _invite(fresh, "anna", role="admin")
    new = _invite(fresh, "anna", email="Eve@Secret.Example", role="viewer")

    assert _not_accepted(fresh, "eve", old) == INVALID_INVITE
    assert _accept(fresh, "eve", new) == fresh.miller
    assert _membership(fresh, "eve") == [("viewer", True, {})]


def test_an_editor_who_may_invite_voids_an_invitation_of_the_owners(fresh: World) -> None:
    """revoke_invite leaves others' invitations to administrators; inviting the same address is no way around it."""
    fresh.database.run(
        "UPDATE familytales.family_members SET permissions = '{\"can_invite\": true}' WHERE user_id = %s", fresh.ed
    )
    code = _invite(fresh, "anna", role="admin")
    assert fresh.fails(fresh.ed, _INVITE, email="EVE@secret.example", role="viewer") == (
        DENIED,
        "somebody else has invited this address",
    )

    assert _accept(fresh, "eve", code) == fresh.miller
    assert _membership(fresh, "eve") == [("admin", True, {})]


def test_inviting_oneself_to_more(fresh: World) -> None:
    """Who is in the family stays what he is; who left has invited nobody."""
    code = _invite(fresh, "adam", email="adam@secret.example", role="admin")
    assert _not_accepted(fresh, "adam", code) == INVALID_INVITE
    fresh.do(fresh.anna, "SELECT change_member(%(miller)s, %(adam)s, 'viewer')")
    assert _not_accepted(fresh, "adam", code) == INVALID_INVITE
    fresh.do(fresh.adam, "SELECT leave_family(%(miller)s)")
    assert _not_accepted(fresh, "adam", code) == INVALID_INVITE

    assert _membership(fresh, "adam") == [("viewer", False, {})]


def test_a_member_who_accepts_an_invitation_to_more(fresh: World) -> None:
    code = _invite(fresh, "anna", email="max@secret.example", role="admin")

    assert _not_accepted(fresh, "max", code) == INVALID_INVITE
    assert _membership(fresh, "max") == [("member", True, {})]


def test_who_comes_back_has_what_he_was_invited_to_and_not_what_he_had(fresh: World) -> None:
    code = _invite(fresh, "anna", email="rita@secret.example", role="viewer")

    assert _accept(fresh, "rita", code) == fresh.miller
    assert _membership(fresh, "rita") == [("viewer", True, {})]


@pytest.mark.parametrize("who", ["ed", "max", "nina", "vera", "dora", "rita", "sam", "mallory", "eve", "nobody"])
def test_inviting_without_being_allowed_to(fresh: World, who: str) -> None:
    for role in ("viewer", "member", "editor", "admin", "owner"):
        assert fresh.fails(fresh.user(who), _INVITE, email="x@evil.example", role=role)[0] == DENIED, role
    assert fresh.database.rows("SELECT count(*) FROM familytales.family_invites") == [(1,)]


@pytest.mark.parametrize(
    ("who", "role", "sqlstate"),
    [
        ("anna", "owner", "22023"), ("adam", "owner", "22023"), ("anna", "nonsense", "22023"), ("anna", "", "22023"),
        ("anna", "Admin", "22023"), ("anna", None, "22023"), ("ed", "admin", "22023"), ("ed", "owner", "22023"),
    ],
)  # fmt: skip
def test_inviting_to_a_role_that_cannot_be_given(fresh: World, who: str, role: str | None, sqlstate: str) -> None:
    fresh.database.run(
        "UPDATE familytales.family_members SET permissions = '{\"can_invite\": true}' WHERE user_id = %s", fresh.ed
    )

    assert fresh.fails(fresh.user(who), _INVITE, email="x@evil.example", role=role)[0] == sqlstate


@pytest.mark.parametrize("code", ["", "wrong", "\\", "\\x61", "%", "' OR true --", "0" * 64, "x" * 100_000, None])
def test_guessing_a_code(fresh: World, code: str | None) -> None:
    _invite(fresh, "anna")

    assert _not_accepted(fresh, "eve", code) == INVALID_INVITE


def test_using_the_stored_hash_as_the_code(fresh: World) -> None:
    code = _invite(fresh, "anna")
    ((stored,),) = fresh.database.rows(
        "SELECT code_hash FROM familytales.family_invites WHERE email = 'eve@secret.example'"
    )

    for guess in (stored.hex(), "\\x" + stored.hex(), code.upper(), code + " ", code[:-1]):
        assert _not_accepted(fresh, "eve", guess) == INVALID_INVITE


def test_every_reason_for_refusing_a_code_is_told_in_the_same_words(fresh: World) -> None:
    """A wrong one, a used one, an expired one, a revoked one, somebody else's, a member's: to whoever tries codes, each
    would be news."""
    with fresh.inside(fresh.anna) as somebody:
        codes = [
            somebody.rows("SELECT create_invite(%(miller)s, %(email)s)", email=email)[0][0]
            for email in ("eve@secret.example", "milo@secret.example", "max@secret.example", "greta@secret.example")
        ]
        ((invite,),) = somebody.rows("SELECT id FROM family_invites WHERE email = 'greta@secret.example'")
        somebody.rows("SELECT revoke_invite(%(invite)s)", invite=invite)
        answers = []
        for who, code in (
            ("eve", "wrong"), ("eve", codes[1]), ("max", codes[2]), ("greta", codes[3]), ("rita", codes[0]),
        ):  # fmt: skip
            somebody.become(fresh.user(who))
            answers.append(somebody.refused(_ACCEPT, code=code))

    assert answers == [answers[0]] * 5
    assert answers[0].short == INVALID_INVITE
    assert (answers[0].detail, answers[0].hint) == (None, None)


def test_a_code_is_kept_nowhere(fresh: World) -> None:
    """Neither as it is, nor in hexadecimal, in any column of any table or partition, the log included."""
    code = _invite(fresh, "anna")
    _accept(fresh, "eve", code)
    with fresh.as_superuser() as root:
        tables = root.rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN"
            " ('familytales', 'audit', 'ops', 'part', 'archive', 'public')"
        )
        assert ("audit.audit_log_default",) in tables or ("part.audit_log_default",) in tables
        for (table,) in tables:
            for spelled in (code, code.encode().hex()):
                found: LiteralString = (
                    f"SELECT count(*) FROM {table} AS one WHERE one::text LIKE '%%' || %(code)s || '%%'"
                )
                assert root.rows(found, code=spelled) == [(0,)], table


@pytest.mark.parametrize("role", ["familytales_app", "familytales_public", "familytales_media", "familytales_support",
                                  "familytales_archivist"])  # fmt: skip
def test_the_hash_of_a_code_is_read_by_no_login_but_the_backup(fresh: World, role: str) -> None:
    for query in ("SELECT code_hash FROM familytales.family_invites", "SELECT * FROM familytales.family_invites"):
        assert fresh.refused(fresh.anna, query, role=role).short == (
            DENIED, "permission denied for table family_invites",
        )  # fmt: skip
    for call in ("SELECT familytales.invite_hash('x')",):
        assert fresh.refused(fresh.anna, call, role=role).sqlstate == DENIED
