"""Rows carried from one tenant to another, by somebody who is an honest member of both (dora) or of one."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, World

# Columns that an UPDATE may name. What says whose a row is, who wrote it and when is in none of them.
UPDATABLE = {
    "auth.users": {"avatar_url", "first_name", "last_name", "locale", "timezone"},
    "app.organizations": {"billing_email", "description", "industry", "logo_url", "name", "settings", "size", "slug",
                          "website_url"},
    "app.projects": {"deleted_at", "description", "end_date", "metadata", "name", "settings", "slug", "start_date",
                     "status"},
    "app.tasks": {"actual_hours", "assignee_id", "completed_at", "deleted_at", "description", "due_date",
                  "estimated_hours", "metadata", "parent_task_id", "position", "priority", "project_id", "status",
                  "tags", "title"},
    "app.comments": {"attachments", "content", "deleted_at", "mentions"},
    "app.attachments": {"deleted_at", "metadata"},
    "app.notifications": {"is_read", "read_at"},
}  # fmt: skip


def test_no_column_that_says_whose_a_row_is_can_be_updated(world: World) -> None:
    """The whole list, so that a grant that is added to a migration shows here."""
    with world.as_owner() as owner:
        granted = owner.rows(
            "SELECT table_schema || '.' || table_name, column_name::text FROM information_schema.column_privileges"
            " WHERE grantee = 'platform_app' AND privilege_type = 'UPDATE'"
        )

    assert {table: {column for name, column in granted if name == table} for table, _ in granted} == UPDATABLE


@pytest.mark.parametrize(
    "update",
    [
        "UPDATE app.projects SET organization_id = %(evil)s WHERE id = %(open)s",
        "UPDATE app.projects SET organization_id = %(evil)s",
        "UPDATE app.tasks SET organization_id = %(evil)s, project_id = %(lair)s WHERE id = %(open_task)s",
        "UPDATE app.comments SET organization_id = %(evil)s, task_id = %(lair_task)s",
        "UPDATE app.comments SET task_id = %(lair_task)s",
        "UPDATE app.comments SET parent_comment_id = %(lair_comment)s",
        "UPDATE app.comments SET project_id = %(lair)s",
        "UPDATE app.comments SET is_private = false",
        "UPDATE app.attachments SET organization_id = %(evil)s",
        "UPDATE app.attachments SET task_id = %(lair_task)s",
        "UPDATE app.attachments SET storage_path = 's3://elsewhere'",
        "UPDATE app.tasks SET is_private = false",
        "UPDATE app.tasks SET created_at = now() - interval '1 month'",
        "UPDATE app.organization_members SET organization_id = %(evil)s",
        "UPDATE app.project_members SET user_id = %(mallory)s",
        "UPDATE app.notifications SET user_id = %(mallory)s",
        "UPDATE app.task_ids SET organization_id = %(evil)s",
        "UPDATE app.invitations SET organization_id = %(evil)s",
        "MERGE INTO app.projects AS project USING (SELECT 1) AS one ON project.id = %(open)s"
        " WHEN MATCHED THEN UPDATE SET organization_id = %(evil)s",
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(acme)s, 'n', 'open', %(dora)s)"
        " ON CONFLICT (organization_id, slug) WHERE deleted_at IS NULL DO UPDATE SET organization_id = %(evil)s",
    ],
)
@pytest.mark.parametrize("who", ["dora", "anna"])
def test_updating_whose_a_row_is(world: World, who: str, update: LiteralString) -> None:
    said = world.refused(getattr(world, who), update)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("permission denied for table ")


def test_a_member_of_two_tenants_moves_a_task_to_the_other_ones_project(world: World) -> None:
    with world.inside(world.dora) as dora:
        dora.rows(
            "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
            " VALUES (%(acme)s, %(open)s, 'mine', %(dora)s)"
        )
        move: LiteralString = (
            "UPDATE app.tasks SET project_id = %(to)s WHERE reporter_id = %(dora)s RETURNING project_id"
        )

        assert dora.refused(move, to=world.lair).short == (
            DENIED,
            'new row violates row-level security policy for table "tasks"',
        )
        # Hers, and seen by everybody: that is an admin's decision.
        assert dora.refused(move, to=world.public).short == (
            DENIED,
            "only an admin moves a task into a public project",
        )


def test_the_owner_of_one_tenant_moves_a_task_into_anothers_public_project(world: World) -> None:
    said = world.refused(world.mallory, "UPDATE app.tasks SET project_id = %(public)s")

    assert said.sqlstate == "23503"
    assert said.constraint == "tasks_project_fkey"


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
        " VALUES (%(acme)s, %(public)s, 't', %(mallory)s)",
        "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
        " VALUES (%(acme)s, %(public_task)s, %(mallory)s, 'c')",
        "INSERT INTO app.attachments (organization_id, task_id, uploaded_by, file_name, file_size, mime_type,"
        " storage_path) VALUES (%(acme)s, %(public_task)s, %(mallory)s, 'f', 1, 'm', 's')",
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(acme)s, 'n', 'n', %(mallory)s)",
        "INSERT INTO analytics.events (event_type, organization_id) VALUES ('x', %(acme)s)",
        "INSERT INTO app.project_members (organization_id, project_id, user_id)"
        " VALUES (%(acme)s, %(public)s, %(mallory)s)",
    ],
)
def test_writing_into_another_tenant_even_where_its_project_is_public(world: World, insert: LiteralString) -> None:
    said = world.refused(world.mallory, insert)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("new row violates row-level security policy for table ")


def test_a_parent_or_an_answer_in_another_tenant(world: World) -> None:
    parent = world.refused(world.mallory, "UPDATE app.tasks SET parent_task_id = %(open_task)s")
    answer = world.refused(
        world.mallory,
        "INSERT INTO app.comments (organization_id, task_id, user_id, content, parent_comment_id)"
        " VALUES (%(evil)s, %(lair_task)s, %(mallory)s, 'c', %(open_comment)s)",
    )

    assert (parent.sqlstate, parent.constraint) == ("23503", "tasks_parent_fkey")
    assert (answer.sqlstate, answer.constraint) == ("23503", "comments_parent_fkey")


def test_what_hangs_on_a_task_becomes_private_with_it_and_cannot_be_kept_in_the_open(world: World) -> None:
    """Nina may read the open task; when it moves into the private project, what hangs on it goes out of sight."""
    with world.inside(world.anna) as anna:
        anna.rows("UPDATE app.tasks SET project_id = %(secret)s WHERE id = %(open_task)s")

        anna.become(world.nina)
        for table, row in (
            ("tasks", world.open_task),
            ("comments", world.open_comment),
            ("attachments", world.open_file),
        ):
            query: LiteralString = "SELECT id FROM app." + table + " WHERE id = %(row)s"
            assert anna.rows(query, row=row) == []
        anna.become(world.max)
        assert len(anna.rows("SELECT id FROM app.comments WHERE id = %(open_comment)s")) == 1


def test_a_sub_task_is_left_in_the_open_while_its_parent_goes_private(world: World) -> None:
    with world.inside(world.anna) as anna:
        child = anna.rows(
            "INSERT INTO app.tasks (organization_id, project_id, parent_task_id, title, reporter_id)"
            " VALUES (%(acme)s, %(open)s, %(open_task)s, 'child', %(anna)s) RETURNING id"
        )[0][0]
        anna.rows("UPDATE app.tasks SET project_id = %(secret)s WHERE id = %(open_task)s")

        assert anna.become(world.nina).rows("SELECT id FROM app.tasks WHERE id = %(child)s", child=child) == []


def test_a_member_hides_somebody_elses_task_in_a_private_project_or_pulls_one_out(world: World) -> None:
    """Neither reporter nor assignee: the row is not hers to move."""
    assert (
        world.ask(world.nina, "UPDATE app.tasks SET project_id = %(open)s WHERE id = %(secret_task)s RETURNING 1") == []
    )
    assert (
        world.ask(world.nina, "UPDATE app.tasks SET project_id = %(public)s WHERE id = %(open_task)s RETURNING 1") == []
    )


def test_deleting_a_tenant_or_a_project_takes_no_foreign_row_with_it(world: World) -> None:
    with world.inside(world.mallory) as mallory:
        mallory.rows("DELETE FROM app.projects")
        mallory.rows("SELECT app.delete_organization(%(evil)s)")
        mallory.become(world.anna)

        assert mallory.rows("SELECT count(*) FROM app.projects") == [(3,)]
        assert mallory.rows("SELECT count(*) FROM app.tasks") == [(4,)]


@pytest.mark.parametrize("who", ["sam", "rita", "paul", "greta", "eve"])
@pytest.mark.parametrize("table", ["app.organizations", "app.projects", "app.tasks", "app.comments", "app.attachments"])
def test_reading_after_one_was_suspended_removed_never_joined_or_the_organisation_was_deleted(
    world: World, who: str, table: LiteralString
) -> None:
    query: LiteralString = "TABLE " + table

    assert world.ask(getattr(world, who), query) == []


@pytest.mark.parametrize("status", ["suspended", "deleted"])
def test_an_account_that_was_closed_keeps_working(world: World, status: str) -> None:
    with world.as_superuser() as root:
        root.rows("UPDATE auth.users SET status = %(status)s WHERE id = %(anna)s", status=status)
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna)

        assert root.rows("SELECT id FROM app.projects") == []
        assert root.rows("SELECT * FROM app.search_tasks('xylophone')") == []
        assert root.refused("SELECT app.create_organization('n', 'n')").short == (DENIED, "no active user")
        assert root.refused("SELECT app.invite_member(%(acme)s, 'a@b')").sqlstate == DENIED
        assert root.refused("SELECT app.set_member(%(acme)s, %(max)s, 'owner')").sqlstate == DENIED


def test_a_suspended_organisation_is_written_to(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("UPDATE app.organizations SET status = 'suspended' WHERE id = %(acme)s")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna)

        assert root.rows("UPDATE app.projects SET name = 'n' RETURNING 1") == []
        assert root.rows("UPDATE app.organizations SET name = 'n' RETURNING 1") == []
        assert root.refused("SELECT app.invite_member(%(acme)s, 'a@b')").sqlstate == DENIED
        assert root.refused("SELECT app.set_member(%(acme)s, %(max)s, 'admin')").sqlstate == DENIED
        assert root.refused("SELECT app.set_project_visibility(%(open)s, 'public')").sqlstate == DENIED
