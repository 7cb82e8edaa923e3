"""Forged authors, forged times, and changes of what only others may decide."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, World

_BY_ANOTHER: dict[str, LiteralString] = {
    "tasks": "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
    " VALUES (%(evil)s, %(lair)s, 't', %(author)s) RETURNING 1",
    "comments": "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
    " VALUES (%(evil)s, %(lair_task)s, %(author)s, 'c') RETURNING 1",
    "attachments": "INSERT INTO app.attachments (organization_id, task_id, uploaded_by, file_name, file_size,"
    " mime_type, storage_path) VALUES (%(evil)s, %(lair_task)s, %(author)s, 'f', 1, 'm', 's') RETURNING 1",
    "projects": "INSERT INTO app.projects (organization_id, name, slug, created_by)"
    " VALUES (%(evil)s, 'n', 'n', %(author)s) RETURNING 1",
    "events": "INSERT INTO analytics.events (event_type, user_id) VALUES ('x', %(author)s)",
    "page_views": "INSERT INTO analytics.page_views (url, user_id) VALUES ('x', %(author)s)",
}


@pytest.mark.parametrize("table", _BY_ANOTHER)
@pytest.mark.parametrize("author", ["milo", "anna"])
def test_writing_in_the_name_of_a_colleague_or_a_stranger(world: World, table: str, author: str) -> None:
    said = world.refused(world.mallory, _BY_ANOTHER[table], author=getattr(world, author))

    assert said.short == (DENIED, f'new row violates row-level security policy for table "{table}"')


@pytest.mark.parametrize("table", ["tasks", "comments", "attachments", "projects"])
def test_writing_in_nobodys_name(world: World, table: str) -> None:
    said = world.refused(world.mallory, _BY_ANOTHER[table], author=None)

    assert said.short == (DENIED, f'new row violates row-level security policy for table "{table}"')


@pytest.mark.parametrize("table", _BY_ANOTHER)
def test_the_same_statements_work_in_ones_own_name(world: World, table: str) -> None:
    assert world.ask(world.mallory, _BY_ANOTHER[table], author=world.mallory) in ([], [(1,)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.tasks SET reporter_id = %(milo)s",
        "UPDATE app.comments SET user_id = %(milo)s",
        "UPDATE app.comments SET is_edited = false",
        "UPDATE app.comments SET created_at = now(), updated_at = now()",
        "UPDATE app.attachments SET uploaded_by = %(milo)s",
        "UPDATE app.projects SET created_by = %(milo)s",
        "UPDATE app.organizations SET created_by = %(milo)s",
        "UPDATE app.organization_members SET invited_by = %(milo)s",
        "UPDATE app.tasks SET updated_at = now()",
        "UPDATE app.organizations SET created_at = now()",
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id, created_at)"
        " VALUES (%(evil)s, %(lair)s, 't', %(mallory)s, now() - interval '2 months')",
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id, updated_at)"
        " VALUES (%(evil)s, %(lair)s, 't', %(mallory)s, now())",
        "INSERT INTO app.comments (organization_id, task_id, user_id, content, created_at)"
        " VALUES (%(evil)s, %(lair_task)s, %(mallory)s, 'c', now())",
        "INSERT INTO app.comments (organization_id, task_id, user_id, content, is_private)"
        " VALUES (%(evil)s, %(lair_task)s, %(mallory)s, 'c', false)",
        "INSERT INTO app.project_members (organization_id, project_id, user_id, added_at)"
        " VALUES (%(evil)s, %(lair)s, %(mallory)s, now())",
        "INSERT INTO analytics.events (event_type, created_at) VALUES ('x', now())",
        "INSERT INTO analytics.page_views (url, created_at) VALUES ('x', now())",
        "INSERT INTO app.notifications (user_id, type, title) VALUES (%(mallory)s, 't', 't')",
        "INSERT INTO app.invitations (organization_id, email, role, token_hash, expires_at)"
        " VALUES (%(evil)s, 'a@b', 'owner', 'x', now())",
        "INSERT INTO app.organization_members (organization_id, user_id, role) VALUES (%(evil)s, %(anna)s, 'owner')",
        "INSERT INTO app.organizations (name, slug) VALUES ('n', 'n')",
        "INSERT INTO auth.users (email) VALUES ('new@evil.example')",
        "INSERT INTO app.task_ids VALUES (%(none)s, %(evil)s, %(lair)s, now())",
        "UPDATE auth.users SET email = 'anna@secret.example'",
        "UPDATE auth.users SET email_verified = true",
        "UPDATE auth.users SET phone_verified = true",
        "UPDATE auth.users SET status = 'active', deleted_at = NULL",
        "UPDATE auth.users SET metadata = '{\"admin\": true}'",
        "UPDATE app.organizations SET trial_ends_at = '2099-01-01'",
        "UPDATE app.organizations SET status = 'active'",
        "UPDATE app.organizations SET deleted_at = NULL",
        "UPDATE app.projects SET visibility = 'public'",
        "UPDATE app.projects SET updated_at = now()",
    ],
)
def test_setting_what_the_database_or_somebody_else_decides(world: World, statement: LiteralString) -> None:
    said = world.refused(world.mallory, statement)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("permission denied for table ")


def test_changing_a_comment_so_that_nobody_is_told(world: World) -> None:
    with world.inside(world.anna) as anna:
        anna.rows("UPDATE app.comments SET content = 'never said so' WHERE id = %(open_comment)s")

        assert anna.rows("SELECT is_edited FROM app.comments WHERE id = %(open_comment)s") == [(True,)]


def test_changing_the_comment_of_somebody_else(world: World) -> None:
    update: LiteralString = "UPDATE app.comments SET content = 'mine' WHERE id = %(open_comment)s RETURNING 1"

    assert [world.ask(user, update) for user in (world.nina, world.max, world.adam)] == [[], [], []]
    assert world.ask(world.anna, update) == [(1,)]


def test_keeping_ones_comments_after_one_became_a_viewer(world: World) -> None:
    with world.inside(world.anna) as anna:
        anna.rows("SELECT app.set_member(%(acme)s, %(max)s, 'viewer')")
        anna.become(world.max)

        assert anna.rows("SELECT 1 FROM app.comments WHERE id = %(secret_comment)s") == [(1,)]
        assert anna.rows("UPDATE app.comments SET content = 'x' WHERE id = %(secret_comment)s RETURNING 1") == []
        assert anna.rows("DELETE FROM app.comments WHERE id = %(secret_comment)s RETURNING 1") == []


def test_publishing_a_project_without_being_an_admin(world: World) -> None:
    insert: LiteralString = (
        "INSERT INTO app.projects (organization_id, name, slug, visibility, created_by)"
        " VALUES (%(acme)s, 'n', 'n', 'public', %(me)s)"
    )
    publish: LiteralString = "SELECT app.set_project_visibility(%(open)s, 'public')"

    assert world.refused(world.nina, insert, me=world.nina).sqlstate == DENIED
    assert world.ask(world.adam, insert, me=world.adam) == []
    assert world.refused(world.nina, publish).short == (DENIED, "you may not change who sees this project")
    assert len(world.ask(world.adam, publish)) == 1
    with world.inside(world.nina) as nina:
        own = nina.rows(
            "INSERT INTO app.projects (organization_id, name, slug, visibility, created_by)"
            " VALUES (%(acme)s, 'n', 'n', 'private', %(nina)s) RETURNING id"
        )[0][0]
        assert nina.refused("SELECT app.set_project_visibility(%(own)s, 'public')", own=own).sqlstate == DENIED
        nina.rows("SELECT app.set_project_visibility(%(own)s, 'organization')", own=own)


def test_opening_a_private_project_to_oneself(world: World) -> None:
    join: LiteralString = (
        "INSERT INTO app.project_members (organization_id, project_id, user_id) VALUES (%(acme)s, %(secret)s, %(who)s)"
    )

    assert world.refused(world.nina, join, who=world.nina).short == (
        DENIED,
        'new row violates row-level security policy for table "project_members"',
    )
    assert world.refused(world.vera, join, who=world.vera).sqlstate == DENIED
    assert world.ask(world.max, join, who=world.nina) == []


@pytest.mark.parametrize("role", [APP, "platform_public"])
def test_prolonging_the_own_trial_through_the_function_of_the_login_service(world: World, role: str) -> None:
    call: LiteralString = "SELECT app.set_organization_status(%(evil)s, 'trial', '2099-01-01')"

    assert world.refused(world.mallory, call, role=role).sqlstate == DENIED
    assert len(world.ask(None, call, role="platform_auth")) == 1


def test_notifying_a_stranger_or_everybody(world: World) -> None:
    for recipient in (world.anna, world.eve, world.rita, None):
        said = world.refused(world.mallory, "SELECT app.notify(%(to)s, 'phishing', 'Log in here')", to=recipient)
        assert said.short == (DENIED, "only colleagues are notified")
    for guest in (world.sam, world.rita, world.paul, world.eve):
        assert world.refused(guest, "SELECT app.notify(%(anna)s, 'x', 'x')").sqlstate == DENIED
    assert len(world.ask(world.mallory, "SELECT app.notify(%(milo)s, 'x', 'x')")) == 1


def test_reading_or_ticking_off_the_notifications_of_a_colleague(world: World) -> None:
    assert world.ask(world.adam, "SELECT title FROM app.notifications") == []
    assert world.ask(world.adam, "UPDATE app.notifications SET is_read = true RETURNING 1") == []
    assert world.ask(world.anna, "SELECT title FROM app.notifications") == [("for anna only",)]
