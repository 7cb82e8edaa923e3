"""What each of the other login roles reaches that it should not: visitors, reports, staff, dumps, the login service."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, No, World

SECRETS: list[LiteralString] = [
    "SELECT password_hash FROM auth.credentials",
    "SELECT token_hash FROM auth.sessions",
    "SELECT token_hash FROM auth.password_reset_tokens",
    "SELECT token_hash FROM auth.email_verification_tokens",
    "SELECT token_hash FROM app.invitations",
]


@pytest.mark.parametrize("role", [APP, "platform_public", "platform_support", "platform_analytics"])
@pytest.mark.parametrize("query", SECRETS)
def test_reading_hashes_and_tokens(world: World, role: str, query: LiteralString) -> None:
    assert world.refused(world.anna, query, role=role).sqlstate == DENIED


@pytest.mark.parametrize("query", [*SECRETS[:4]])
def test_the_login_service_reads_those_that_are_its_own(world: World, query: LiteralString) -> None:
    assert len(world.ask(None, query, role="platform_auth")) == (0 if "verification" in query else 1)


def test_a_visitor_sees_what_is_public_of_organisations_that_are_there(world: World) -> None:
    with world.inside(None, "platform_public") as visitor:
        assert visitor.rows("SELECT name FROM app.organizations") == [("acme",)]
        assert visitor.rows("SELECT name FROM app.projects") == [("public",)]
        assert visitor.rows("SELECT title FROM app.tasks") == [("public xylophone",)]


@pytest.mark.parametrize("who", ["anna", "mallory", "greta", "none"])
def test_a_visitor_who_says_that_he_is_somebody(world: World, who: str) -> None:
    """The setting means nothing to the visitors' policies; the one function that asks it answers about one project."""
    with world.inside(None, "platform_public") as visitor:
        visitor.become(str(world.ids[who]))

        assert visitor.rows("SELECT name FROM app.projects") == [("public",)]
        assert visitor.rows("SELECT title FROM app.tasks") == [("public xylophone",)]
        assert visitor.rows("SELECT name FROM app.organizations") == [("acme",)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT description FROM app.tasks",
        "SELECT assignee_id FROM app.tasks",
        "SELECT reporter_id FROM app.tasks",
        "SELECT search FROM app.tasks",
        "SELECT metadata FROM app.tasks",
        "SELECT created_by FROM app.projects",
        "SELECT settings FROM app.projects",
        "SELECT billing_email FROM app.organizations",
        "SELECT status FROM app.organizations",
        "SELECT * FROM app.organizations",
        "SELECT * FROM app.comments",
        "SELECT * FROM app.attachments",
        "SELECT * FROM app.organization_members",
        "SELECT * FROM app.project_members",
        "SELECT id FROM auth.users",
        "SELECT * FROM app.notifications",
        "SELECT * FROM app.search_tasks('xylophone')",
        "SELECT authz.orgs('viewer')",
        "SELECT authz.colleagues()",
        "SELECT app.create_organization('n', 'n')",
        "SELECT app.notify(%(anna)s, 'x', 'x')",
        "SELECT * FROM analytics.events",
    ],
)
def test_a_visitor_reads_what_is_not_for_visitors(world: World, query: LiteralString) -> None:
    assert world.refused(world.anna, query, role="platform_public").sqlstate == DENIED


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM app.projects WHERE 1 / (CASE WHEN name = 'secret' THEN 0 ELSE 1 END) = 1",
        "SELECT id FROM app.tasks WHERE 1 / (CASE WHEN title ~ 'secret|open' THEN 0 ELSE 1 END) = 1",
        "SELECT id FROM app.organizations WHERE 1 / (CASE WHEN slug IN ('evil', 'ghost') THEN 0 ELSE 1 END) = 1",
    ],
)
def test_a_visitor_tells_private_rows_by_an_expression_that_fails_on_them(world: World, query: LiteralString) -> None:
    assert not isinstance(world.says(None, query, role="platform_public"), No)


def test_a_public_project_that_was_deleted_archived_away_or_whose_organisation_was(world: World) -> None:
    for change in (
        "UPDATE app.projects SET deleted_at = now() WHERE id = %(public)s",
        "UPDATE app.projects SET status = 'deleted' WHERE id = %(public)s",
        "UPDATE app.projects SET visibility = 'organization' WHERE id = %(public)s",
        "UPDATE app.organizations SET status = 'suspended' WHERE id = %(acme)s",
        "UPDATE app.organizations SET deleted_at = now() WHERE id = %(acme)s",
    ):
        with world.as_superuser() as root:
            root.rows(change)
            root.rows("SET LOCAL SESSION AUTHORIZATION platform_public")
            assert root.rows("SELECT id FROM app.projects") == []
            assert root.rows("SELECT id FROM app.tasks") == []
            assert root.rows("SELECT id FROM app.organizations") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ip_address FROM analytics.events",
        "SELECT user_agent FROM analytics.events",
        "SELECT context FROM analytics.events",
        "SELECT * FROM analytics.events",
        "SELECT metadata FROM analytics.page_views",
        "SELECT * FROM auth.users",
        "SELECT * FROM app.tasks",
        "SELECT * FROM app.organizations",
        "SELECT * FROM analytics.organization_project_stats(%(acme)s)",
    ],
)
def test_reports_read_names_and_addresses(world: World, query: LiteralString) -> None:
    assert world.refused(world.anna, query, role="platform_analytics").sqlstate == DENIED
    counted: LiteralString = "SELECT count(*) > 0 FROM analytics.events"
    assert world.ask(None, counted, role="platform_analytics") == [(True,)]


@pytest.mark.parametrize("role", ["platform_support", "platform_backup", "platform_analytics", "platform_public"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.tasks SET title = 'x'",
        "DELETE FROM app.organizations",
        "INSERT INTO auth.user_roles (user_id, role_id) VALUES (%(eve)s, %(admin_role)s)",
        "UPDATE auth.users SET email = 'eve@evil.example'",
        "UPDATE auth.credentials SET password_hash = 'x'",
        "SELECT app.set_member(%(acme)s, %(eve)s, 'owner')",
        "SELECT app.set_organization_status(%(evil)s, 'active')",
        "DELETE FROM audit.audit_log",
        "SELECT nextval('analytics.events_id_seq')",
        "REFRESH MATERIALIZED VIEW analytics.project_stats",
    ],
)
def test_a_reader_writes(world: World, role: str, statement: LiteralString) -> None:
    """It says first that its transaction writes: the default of its login holds nobody back who means it."""
    said = world.refused(world.anna, statement, role=role)

    assert said.sqlstate == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM app.tasks",
        "SELECT * FROM app.organizations",
        "SELECT * FROM app.organization_members",
        "UPDATE app.organization_members SET role = 'owner'",
        "INSERT INTO auth.roles (name) VALUES ('god')",
        "UPDATE auth.roles SET permissions = '[\"*\"]'",
        "DELETE FROM auth.users",
        "TRUNCATE auth.sessions",
        "SELECT app.create_organization('n', 'n')",
        "SELECT app.set_member(%(acme)s, %(eve)s, 'owner')",
        "SELECT app.accept_invitation('x')",
        "SELECT app.delete_organization(%(acme)s)",
        "SELECT * FROM app.search_tasks('xylophone')",
        "SELECT authz.orgs('owner')",
        "SELECT * FROM audit.audit_log",
    ],
)
def test_the_login_service_reaches_into_organisations(world: World, statement: LiteralString) -> None:
    assert world.refused(world.anna, statement, role="platform_auth").sqlstate == DENIED


def test_the_login_service_sets_an_organisation_up_as_deleted_or_nonsense(world: World) -> None:
    for status in ("deleted", "ACTIVE", "", None):
        call: LiteralString = "SELECT app.set_organization_status(%(acme)s, %(status)s)"
        assert world.refused(None, call, role="platform_auth", status=status).sqlstate == "22023"
    undelete: LiteralString = "SELECT app.set_organization_status(%(ghost)s, 'active')"
    assert world.refused(None, undelete, role="platform_auth").short == ("P0002", "there is no such organisation")


@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_public", "platform_support", "platform_analytics",
                                  "platform_backup", "platform_migrator"])  # fmt: skip
def test_no_login_goes_around_row_level_security_by_what_it_is(world: World, role: str) -> None:
    powers = world.database.rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = %s",
        role,
    )
    owned = world.database.rows("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", role)
    functions = world.database.rows("SELECT count(*) FROM pg_proc WHERE proowner = %s::regrole", role)

    assert (powers, owned, functions) == ([(False,) * 5], [(0,)], [(0,)])


@pytest.mark.parametrize("role", ["platform_owner", "platform_authz", "platform_audit"])
def test_logging_in_as_a_role_that_owns_something(world: World, role: str) -> None:
    assert world.database.rows("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", role) == [
        (False, False, False)
    ]


def test_the_searching_role_reads_no_secret_and_writes_nothing(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL ROLE platform_authz")
        for query in (
            *SECRETS,
            "SELECT phone FROM auth.users",
            "SELECT last_login_ip FROM auth.users",
            "UPDATE app.tasks SET title = 'x'",
            "DELETE FROM app.organization_members",
            "INSERT INTO app.organizations (name, slug) VALUES ('n', 'n')",
            "SELECT * FROM app.attachments",
            "SELECT * FROM app.notifications",
            "SELECT * FROM audit.audit_log",
        ):
            assert root.refused(query).sqlstate == DENIED, query
