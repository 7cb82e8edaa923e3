"""Every way up: one's own role, one's own status, accomplices, and the roles of the whole platform."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, No, World

MAY_NOT = No(DENIED, "you may not change this member").short
_SET: LiteralString = "SELECT app.set_member(%(acme)s, %(whom)s, %(rank)s, %(status)s)"


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("vera", "member"), ("vera", "owner"), ("max", "admin"), ("max", "owner"), ("dora", "owner"),
        ("adam", "owner"), ("sam", "viewer"), ("rita", "viewer"), ("paul", "viewer"), ("sam", "owner"),
        ("mallory", "viewer"), ("eve", "viewer"),
    ],
)  # fmt: skip
def test_giving_oneself_a_role(world: World, who: str, role: str) -> None:
    user = getattr(world, who)

    assert world.refused(user, _SET, whom=user, rank=role, status=None).short == MAY_NOT
    assert world.refused(user, _SET, whom=user, rank=role, status="active").short == MAY_NOT


def test_stepping_down_is_the_same_call_and_works(world: World) -> None:
    with world.inside(world.adam) as adam:
        adam.rows(_SET, whom=world.adam, rank="viewer", status=None)

        assert adam.rows("SELECT app.get_organization_role(%(acme)s)") == [("viewer",)]
        assert adam.refused(_SET, whom=world.adam, rank="admin", status=None).short == MAY_NOT


@pytest.mark.parametrize("who", ["sam", "rita", "paul"])
@pytest.mark.parametrize("status", ["active", "suspended", "removed", None])
def test_making_oneself_active_again(world: World, who: str, status: str | None) -> None:
    user = getattr(world, who)

    assert world.refused(user, _SET, whom=user, rank=None, status=status).short == MAY_NOT


@pytest.mark.parametrize(
    ("whom", "role", "status"),
    [
        ("anna", "viewer", None), ("anna", None, "removed"), ("anna", None, "suspended"), ("max", "owner", None),
        ("vera", "owner", "active"), ("sam", None, "active"), ("sam", "viewer", None), ("rita", None, "active"),
        ("paul", None, "active"), ("eve", "member", "active"), ("mallory", "member", None),
    ],
)  # fmt: skip
def test_changing_somebody_of_ones_own_rank_or_above_or_nobodys(
    world: World, whom: str, role: str | None, status: str | None
) -> None:
    assert world.refused(world.adam, _SET, whom=getattr(world, whom), rank=role, status=status).short == MAY_NOT


def test_bringing_back_who_was_removed_in_two_steps_without_asking_him(world: World) -> None:
    has_to_be_invited = (DENIED, "who was removed, or has not joined, has to be invited")
    with world.inside(world.adam) as adam:
        adam.rows(_SET, whom=world.max, rank=None, status="removed")
        assert adam.refused(_SET, whom=world.max, rank=None, status="suspended").short == has_to_be_invited
        assert adam.refused(_SET, whom=world.max, rank=None, status="active").short == has_to_be_invited
        adam.become(world.anna)
        for gone in (world.rita, world.paul):
            assert adam.refused(_SET, whom=gone, rank=None, status="suspended").short == has_to_be_invited
            assert adam.refused(_SET, whom=gone, rank="member", status="active").short == has_to_be_invited


def test_two_admins_who_lift_each_other(world: World) -> None:
    with world.inside(world.anna) as both:
        both.rows(_SET, whom=world.max, rank="admin", status=None)
        for one, other in ((world.adam, world.max), (world.max, world.adam)):
            both.become(one)
            assert both.refused(_SET, whom=other, rank="owner", status=None).short == MAY_NOT
            assert both.refused(_SET, whom=other, rank="viewer", status=None).short == MAY_NOT
            assert both.refused("SELECT app.invite_member(%(acme)s, 'a@b', 'owner')").sqlstate == DENIED


def test_one_person_with_two_accounts_and_an_invitation_to_the_second(world: World) -> None:
    """The second account gets what the first may give, and no more."""
    for role in ("owner", "admin"):
        said = world.says(world.adam, "SELECT app.invite_member(%(acme)s, 'milo@secret.example', %(rank)s)", rank=role)
        assert isinstance(said, No) == (role == "owner")
    for who in (world.max, world.vera, world.dora, world.sam, world.rita):
        said = world.refused(who, "SELECT app.invite_member(%(acme)s, 'milo@secret.example', 'viewer')")
        assert said.short == (DENIED, "only an admin invites, and to no higher role than his own")


def test_accepting_an_invitation_to_a_higher_role_as_a_member_already(world: World) -> None:
    """Whoever is a member keeps his role; to lift him is for set_member, which looks at ranks."""
    with world.inside(world.adam) as adam:
        token = adam.rows("SELECT app.invite_member(%(acme)s, 'max@secret.example', 'admin')")[0][0]
        adam.become(world.max).rows("SELECT app.accept_invitation(%(token)s)", token=token)

        assert adam.rows("SELECT app.get_organization_role(%(acme)s)") == [("member",)]


def test_accepting_an_invitation_to_a_lower_role_does_not_bring_down_an_owner(world: World) -> None:
    with world.inside(world.adam) as adam:
        token = adam.rows("SELECT app.invite_member(%(acme)s, 'anna@secret.example', 'viewer')")[0][0]
        adam.become(world.anna).rows("SELECT app.accept_invitation(%(token)s)", token=token)

        assert adam.rows("SELECT app.get_organization_role(%(acme)s)") == [("owner",)]


def test_coming_back_from_a_suspension_by_an_invitation(world: World) -> None:
    with world.inside(world.anna) as anna:
        token = anna.rows("SELECT app.invite_member(%(acme)s, 'sam@secret.example', 'admin')")[0][0]
        anna.become(world.sam)

        assert anna.refused("SELECT app.accept_invitation(%(token)s)", token=token).short == (
            DENIED,
            "this invitation cannot be accepted",
        )


def test_coming_back_after_a_removal_brings_no_old_rights_back(world: World) -> None:
    """max was in the private project; whoever comes back is not."""
    with world.inside(world.anna) as anna:
        anna.rows(_SET, whom=world.max, rank=None, status="removed")
        token = anna.rows("SELECT app.invite_member(%(acme)s, 'max@secret.example', 'viewer')")[0][0]
        anna.become(world.max).rows("SELECT app.accept_invitation(%(token)s)", token=token)

        assert anna.rows("SELECT app.get_organization_role(%(acme)s)") == [("viewer",)]
        assert anna.rows("SELECT id FROM app.projects WHERE id = %(secret)s") == []


@pytest.mark.parametrize(
    ("role", "status"),
    [("ADMIN", None), ("", None), ("superuser", None), (None, "pending"), (None, "ACTIVE"), ("owner ", "active"),
     (None, "")],
)  # fmt: skip
def test_naming_a_role_or_status_that_there_is_none_of(world: World, role: str | None, status: str | None) -> None:
    said = world.refused(world.anna, _SET, whom=world.max, rank=role, status=status)

    assert said.sqlstate == "22023"
    assert said.hint == "Roles: viewer, member, admin, owner. Status: active, suspended, removed."


def test_leaving_an_organisation_without_an_owner(world: World) -> None:
    for role, status in (("member", None), (None, "removed"), ("viewer", "active"), (None, "suspended")):
        said = world.refused(world.anna, _SET, whom=world.anna, rank=role, status=status)
        assert said.short == ("23514", "an organisation keeps at least one active owner")


def test_calling_with_nothing_at_all(world: World) -> None:
    for user in (world.anna, world.mallory, None):
        said = world.refused(user, "SELECT app.set_member(NULL, NULL, NULL, NULL)")
        assert said.short == MAY_NOT
        assert world.refused(user, _SET, whom=None, rank="owner", status=None).short == MAY_NOT


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO auth.user_roles (user_id, role_id) VALUES (%(mallory)s, %(admin_role)s)",
        "UPDATE auth.user_roles SET user_id = %(mallory)s",
        "DELETE FROM auth.user_roles",
        "SELECT * FROM auth.user_roles",
        "INSERT INTO auth.roles (name) VALUES ('admin2')",
        "UPDATE auth.roles SET name = 'admin', permissions = '[\"*\"]'",
        "UPDATE app.organization_members SET role = 'owner'",
        "DELETE FROM app.organization_members",
        "UPDATE app.project_members SET project_id = %(secret)s",
    ],
)
def test_writing_to_roles_and_memberships_directly(world: World, statement: LiteralString) -> None:
    said = world.refused(world.mallory, statement)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("permission denied for table ")


@pytest.mark.parametrize(
    "become",
    ["platform_owner", "platform_authz", "platform_audit", "platform_auth", "platform_backup", "platform_migrator",
     "platform_support", "estate_admin", "rds_superuser", "pg_read_all_data", "postgres"],
)  # fmt: skip
@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_support", "platform_backup"])
def test_becoming_another_role(world: World, role: str, become: LiteralString) -> None:
    if become == role:
        become = APP
    for words in ("SET LOCAL ROLE ", "SET LOCAL SESSION AUTHORIZATION "):
        statement: LiteralString = words + become
        said = world.refused(None, statement, role=role)
        assert said.sqlstate in {DENIED, "22023"}  # or there is no such role here
    assert world.ask(None, "SELECT current_user::text", role=role) == [(role,)]


def test_no_login_role_but_the_migrator_is_a_member_of_anything(world: World) -> None:
    members = world.database.rows(
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members"
        " WHERE member::regrole::text ~ '^platform_' ORDER BY 1, 2"
    )

    assert members == [
        ("platform_migrator", "platform_owner"),
        ("platform_owner", "platform_audit"),
        ("platform_owner", "platform_authz"),
    ]


def test_claiming_a_role_of_the_platform_that_has_run_out(world: World) -> None:
    with world.as_superuser() as root:
        root.rows(
            "INSERT INTO auth.user_roles (user_id, role_id, expires_at)"
            " VALUES (%(mallory)s, %(admin_role)s, now() - interval '1 second'), (%(milo)s, %(admin_role)s, NULL)"
        )
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")

        assert root.become(world.mallory).rows("SELECT auth.has_role('admin')") == [(False,)]
        assert root.become(world.milo).rows("SELECT auth.has_role('admin')") == [(True,)]
        assert root.rows("SELECT auth.has_role(NULL), auth.has_role('%%'), auth.has_role('ADMIN')") == [
            (False, False, False)
        ]
