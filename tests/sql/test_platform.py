"""The platform's tables: what they hold together, and who sees and does what."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.tenants import NEW_COMMENT, NEW_TASK, Organization, new_user

# The tables of the design for auth and app, and where they are today.
_TABLES = {
    "app.attachments",
    "app.comments",
    "app.notifications",
    "app.organization_members",
    "app.organizations",
    "app.projects",
    "app.tasks",
    "auth.email_verification_tokens",
    "auth.password_reset_tokens",
    "auth.roles",
    "auth.sessions",
    "auth.user_roles",
    "auth.users",
}
_ADDED = {"app.invitations", "app.project_members", "app.task_ids", "auth.credentials"}


def test_every_table_of_the_design_is_there(platform: Database) -> None:
    found = platform.rows("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('auth', 'app')")
    assert {name for (name,) in found} == _TABLES | _ADDED


def test_the_application_can_count_users_and_without_a_user_sees_none(platform: Database) -> None:
    user = new_user(platform, "a@example.com")

    assert platform.asked_by("platform_app", None, "SELECT count(*) FROM auth.users") == [(0,)]
    assert platform.asked_by("platform_app", user, "SELECT count(*) FROM auth.users") == [(1,)]


def test_something_that_is_no_user_id_is_an_error(platform: Database) -> None:
    new_user(platform, "a@example.com")
    with pytest.raises(errors.InvalidTextRepresentation):
        platform.asked_by("platform_app", "garbage", "SELECT count(*) FROM auth.users")


def test_after_a_transaction_with_a_user_there_is_none(platform: Database) -> None:
    user = new_user(platform, "a@example.com")
    with platform.login("platform_app") as connection:
        with connection.transaction():
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
        assert connection.execute("SELECT auth.current_user_id()").fetchone() == (None,)


def test_the_login_service_manages_accounts_credentials_sessions_and_tokens(platform: Database) -> None:
    user = new_user(platform, "a@example.com")
    for query in (
        "INSERT INTO auth.credentials (user_id, password_hash) VALUES (%s, 'x')",
        "INSERT INTO auth.sessions (user_id, token_hash, expires_at) VALUES (%s, 'x', now())",
        "INSERT INTO auth.password_reset_tokens (user_id, token_hash, expires_at) VALUES (%s, 'x', now())",
        "INSERT INTO auth.email_verification_tokens (user_id, token_hash, email, expires_at)"
        " VALUES (%s, 'x', 'a@b', now())",
        "UPDATE auth.credentials SET failed_login_attempts = failed_login_attempts + 1 WHERE user_id = %s",
        "DELETE FROM auth.sessions WHERE user_id = %s",
    ):
        platform.asked_by("platform_auth", None, query, user)

    assert platform.asked_by(
        "platform_auth",
        None,
        "SELECT email, failed_login_attempts FROM auth.users JOIN auth.credentials ON user_id = id",
    ) == [("a@example.com", 1)]
    with pytest.raises(errors.InsufficientPrivilege):
        platform.asked_by("platform_auth", None, "SELECT count(*) FROM app.organizations")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT password_hash FROM auth.credentials",
        "SELECT count(*) FROM auth.sessions",
        "SELECT count(*) FROM auth.password_reset_tokens",
        "SELECT count(*) FROM auth.email_verification_tokens",
        "SELECT count(*) FROM auth.roles",
        "SELECT phone FROM auth.users",
        "SELECT * FROM part.tasks_default",
        "SELECT count(*) FROM app.task_ids",
        "UPDATE auth.users SET status = 'active'",
        "UPDATE auth.users SET email_verified = true",
        "UPDATE app.organizations SET trial_ends_at = now()",
        "UPDATE app.projects SET organization_id = gen_random_uuid()",
        "UPDATE app.projects SET visibility = 'public'",
        "UPDATE app.organization_members SET role = 'owner'",
        "INSERT INTO app.notifications (user_id, type, title) VALUES (gen_random_uuid(), 'x', 'x')",
        "SELECT ops.create_default_partition('app.tasks', 'x')",
        "CREATE TABLE public.mine ()",
        "TRUNCATE app.tasks",
    ],
)
def test_the_application_may_not(acme: Organization, query: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        acme.database.asked_by("platform_app", acme.owner, query)


def test_a_user_sees_himself_and_his_colleagues(acme: Organization, other: Organization) -> None:
    colleague = acme.join("viewer")
    pending = acme.join("member", "pending")
    seen = "SELECT id FROM auth.users"

    database = acme.database
    assert {row[0] for row in database.asked_by("platform_app", acme.owner, seen)} == {acme.owner, colleague}
    assert {row[0] for row in database.asked_by("platform_app", colleague, seen)} == {acme.owner, colleague}
    assert {row[0] for row in database.asked_by("platform_app", pending, seen)} == {pending}
    assert {row[0] for row in database.asked_by("platform_app", other.owner, seen)} == {other.owner}


def test_a_user_changes_his_own_name_only(acme: Organization) -> None:
    colleague = acme.join("member")

    changed = acme.database.asked_by("platform_app", colleague, "UPDATE auth.users SET first_name = 'new' RETURNING id")
    assert changed == [(colleague,)]


@pytest.mark.parametrize("table", ["organizations", "organization_members", "projects", "tasks", "comments"])
def test_only_members_see_what_belongs_to_an_organisation(acme: Organization, other: Organization, table: str) -> None:
    acme.ask(acme.owner, NEW_COMMENT, acme.id, acme.task())
    query = f"SELECT count(*) FROM app.{table}"
    if table in ("projects", "tasks", "comments"):
        query += f" WHERE organization_id = '{acme.id}'"

    def counted(user: UUID | None) -> object:
        return acme.database.asked_by("platform_app", user, query)[0][0]

    viewer, suspended = acme.join("viewer"), acme.join("member", "suspended")
    assert counted(viewer) == (3 if table == "organization_members" else 1)
    assert counted(suspended) == counted(None) == 0
    assert counted(other.owner) == (1 if table in ("organizations", "organization_members") else 0)

    acme.database.run("UPDATE auth.users SET status = 'suspended' WHERE id = %s", viewer)
    assert counted(viewer) == 0


def test_a_viewer_creates_nothing_and_a_member_does(acme: Organization) -> None:
    member, viewer = acme.join("member"), acme.join("viewer")

    task = acme.ask(member, NEW_TASK, acme.id, acme.project)
    acme.ask(member, NEW_COMMENT, acme.id, task)

    for query, values in ((NEW_TASK, (acme.id, acme.project)), (NEW_COMMENT, (acme.id, task))):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            acme.ask(viewer, query, *values)


def test_a_comment_is_changed_by_its_author_only(acme: Organization) -> None:
    comment = acme.ask(acme.join("member"), NEW_COMMENT, acme.id, acme.task())

    changed = acme.database.asked_by(
        "platform_app", acme.owner, "UPDATE app.comments SET content = 'x' WHERE id = %s RETURNING id", comment
    )
    assert changed == []


def test_nothing_hangs_on_another_organisations_row(acme: Organization, other: Organization) -> None:
    foreign = other.task()

    with pytest.raises(errors.ForeignKeyViolation):
        acme.ask(acme.owner, NEW_TASK, acme.id, other.project)
    with pytest.raises(errors.ForeignKeyViolation):
        acme.ask(acme.owner, NEW_COMMENT, acme.id, foreign)


def test_a_notification_is_its_receivers(acme: Organization) -> None:
    colleague = acme.join("admin")
    acme.database.run("INSERT INTO app.notifications (user_id, type, title) VALUES (%s, 'x', 'x')", colleague)
    query = "UPDATE app.notifications SET is_read = true, read_at = now() RETURNING user_id"

    assert acme.database.asked_by("platform_app", acme.owner, query) == []
    assert acme.database.asked_by("platform_app", colleague, query) == [(colleague,)]


def test_a_role_is_held_until_it_expires(acme: Organization) -> None:
    acme.database.run("INSERT INTO auth.roles (name) VALUES ('support')")
    acme.database.run("INSERT INTO auth.user_roles (user_id, role_id) SELECT %s, id FROM auth.roles", acme.owner)
    query = "SELECT auth.has_role('support'), auth.has_role('admin')"

    assert acme.database.asked_by("platform_app", acme.owner, query) == [(True, False)]
    acme.database.run("UPDATE auth.user_roles SET expires_at = now() - interval '1 second'")
    assert acme.database.asked_by("platform_app", acme.owner, query) == [(False, False)]


def test_an_unknown_role_name_is_an_error_rather_than_nothing(acme: Organization) -> None:
    with pytest.raises(errors.RaiseException, match="unknown role boss"):
        acme.database.asked_by("platform_app", acme.owner, "SELECT authz.orgs('boss')")


def test_nobody_creates_an_organisation_without_being_somebody(platform: Database) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="no active user"):
        platform.asked_by("platform_app", None, "SELECT app.create_organization('a', 'a')")


def test_an_address_belongs_to_one_account_however_it_is_written_until_that_is_deleted(platform: Database) -> None:
    user = new_user(platform, "a@example.com")
    with pytest.raises(errors.UniqueViolation):
        new_user(platform, "A@Example.com")

    platform.run("UPDATE auth.users SET status = 'deleted', deleted_at = now() WHERE id = %s", user)
    new_user(platform, "A@Example.com")


def test_a_task_id_is_unique_across_partitions(acme: Organization) -> None:
    task = acme.task()

    with pytest.raises(errors.UniqueViolation, match="task_ids_pkey"):
        acme.database.run(
            "INSERT INTO app.tasks (id, organization_id, project_id, title, created_at)"
            " VALUES (%s, %s, %s, 'x', now() + interval '40 days')",
            task,
            acme.id,
            acme.project,
        )


def test_a_task_without_a_partition_lands_in_the_default_one(acme: Organization) -> None:
    acme.database.run(
        "INSERT INTO app.tasks (organization_id, project_id, title, created_at) VALUES (%s, %s, 'x', '2001-01-01')",
        acme.id,
        acme.project,
    )
    assert acme.database.rows("SELECT count(*) FROM part.tasks_default") == [(1,)]


def test_a_task_of_today_does_not_land_in_the_default_partition(acme: Organization) -> None:
    acme.task()

    assert acme.database.rows("SELECT count(*) FROM part.tasks_default") == [(0,)]


def test_the_identity_of_a_task_never_changes(acme: Organization) -> None:
    task = acme.task()

    with pytest.raises(errors.CheckViolation, match="never change"):
        acme.database.run("UPDATE app.tasks SET created_at = now() + interval '40 days' WHERE id = %s", task)


def test_a_task_moves_between_projects_with_its_registry_row(acme: Organization) -> None:
    task = acme.task()
    moved = acme.ask(
        acme.owner,
        "INSERT INTO app.projects (organization_id, name, slug, created_by)"
        " VALUES (%s, 'q', 'q', auth.current_user_id()) RETURNING id",
        acme.id,
    )

    acme.ask(acme.owner, "UPDATE app.tasks SET project_id = %s WHERE id = %s RETURNING id", moved, task)

    assert acme.database.rows("SELECT id, project_id FROM app.task_ids") == [(task, moved)]


def test_deleting_a_project_takes_its_tasks_and_what_hangs_on_them(acme: Organization) -> None:
    parent = acme.task()
    child = acme.task()
    acme.ask(acme.owner, NEW_COMMENT, acme.id, child)
    acme.database.run("UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", parent, child)

    acme.ask(acme.owner, "DELETE FROM app.projects WHERE id = %s RETURNING id", acme.project)

    for query in ("app.tasks", "app.task_ids", "app.comments"):
        assert acme.database.rows(f"SELECT count(*) FROM {query}") == [(0,)]


def test_deleting_a_task_frees_its_subtasks_and_takes_its_comments(acme: Organization) -> None:
    parent, child = acme.task(), acme.task()
    acme.ask(acme.owner, NEW_COMMENT, acme.id, parent)
    acme.ask(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s RETURNING id", parent, child)

    acme.ask(acme.owner, "DELETE FROM app.tasks WHERE id = %s RETURNING id", parent)

    assert acme.database.rows("SELECT id, parent_task_id FROM app.tasks") == [(child, None)]
    assert acme.database.rows("SELECT id FROM app.task_ids") == [(child,)]
    assert acme.database.rows("SELECT count(*) FROM app.comments") == [(0,)]


def test_deleting_a_user_keeps_what_he_wrote(acme: Organization) -> None:
    member = acme.join("member")
    comment = acme.ask(member, NEW_COMMENT, acme.id, acme.ask(member, NEW_TASK, acme.id, acme.project))

    acme.database.run("DELETE FROM auth.users WHERE id = %s", member)

    assert acme.database.rows("SELECT id, user_id FROM app.comments") == [(comment, None)]
    assert acme.database.rows("SELECT reporter_id FROM app.tasks") == [(None,)]


def test_priorities_sort_by_urgency(acme: Organization) -> None:
    for priority in ("medium", "urgent", "low", "high"):
        acme.database.run("UPDATE app.tasks SET priority = %s WHERE id = %s", priority, acme.task())

    found = acme.database.rows("SELECT priority::text FROM app.tasks ORDER BY tasks.priority DESC")
    assert [priority for (priority,) in found] == ["urgent", "high", "medium", "low"]


def test_updated_at_follows_changes_and_keeps_what_an_import_says(platform: Database) -> None:
    user = new_user(platform, "a@example.com")
    before = platform.rows("SELECT updated_at FROM auth.users")

    platform.run("UPDATE auth.users SET first_name = first_name")
    assert platform.rows("SELECT updated_at FROM auth.users") == before
    platform.run("UPDATE auth.users SET first_name = 'B' WHERE id = %s", user)
    assert platform.rows("SELECT updated_at FROM auth.users") > before
    platform.run("UPDATE auth.users SET first_name = 'C', updated_at = '2001-01-01T00:00Z'")
    assert platform.rows("SELECT updated_at = '2001-01-01T00:00Z' FROM auth.users") == [(True,)]


def test_bounds_of_partitions_are_utc_whatever_the_sessions_time_zone(platform: Database) -> None:
    with platform.master() as connection, connection.transaction(force_rollback=True):
        connection.execute("SET timezone = 'America/New_York'")
        connection.execute("SELECT ops.create_months('app.tasks', 'tasks', 13, 14)")
        connection.execute("SET timezone = 'UTC'")
        bounds = connection.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE relispartition AND relname ~ '^tasks_\\d' AND relkind = 'r' ORDER BY relname"
        ).fetchall()
    edges = [bound.replace("FOR VALUES FROM ('", "").rstrip("')").split("') TO ('") for (bound,) in bounds]
    assert len(edges) == 16
    assert all(edge.endswith("-01 00:00:00+00") for pair in edges for edge in pair)
    assert [pair[1] for pair in edges[:-1]] == [pair[0] for pair in edges[1:]]


def test_the_timeouts_of_service_toml_hold_for_the_application(platform: Database) -> None:
    with platform.login("platform_app") as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("15s",)
        connection.execute("SET statement_timeout = '10ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(1)")
