"""The rows of that world, as they are planted."""

from __future__ import annotations

from uuid import UUID

import psycopg

from tests.sql.matrix.cast import FREE_ROLE, ORGANIZATIONS, PEOPLE, PROJECTS, WRITERS, Project, id_of


def plant_people(cursor: psycopg.Cursor) -> None:
    for person in PEOPLE:
        cursor.execute(
            "INSERT INTO auth.users (id, email, first_name, email_verified, status, deleted_at)"
            " VALUES (%s, %s, %s, true, %s, CASE WHEN %s THEN now() END)",
            (
                id_of("person", person.name),
                f"{person.name}@example.com",
                person.name,
                person.account,
                person.account == "deleted",
            ),
        )
    cursor.execute(
        "INSERT INTO auth.roles (id, name) VALUES (%s, 'held'), (%s, 'free')", (id_of("role", "held"), FREE_ROLE)
    )
    for statement in (
        "INSERT INTO auth.credentials (user_id, password_hash)"
        " SELECT id, 'x' FROM auth.users WHERE email <> 'fresh@example.com'",
        "INSERT INTO auth.user_roles (user_id, role_id)"
        " SELECT users.id, roles.id FROM auth.users CROSS JOIN auth.roles WHERE name = 'held'",
        "INSERT INTO auth.sessions (user_id, token_hash, expires_at) SELECT id, id, 'infinity' FROM auth.users",
        "INSERT INTO auth.password_reset_tokens (user_id, token_hash, expires_at)"
        " SELECT id, id, 'infinity' FROM auth.users",
        "INSERT INTO auth.email_verification_tokens (user_id, token_hash, email, expires_at)"
        " SELECT id, id, email, 'infinity' FROM auth.users",
        "INSERT INTO app.notifications (user_id, type, title) SELECT id, 'x', 'x' FROM auth.users",
        "INSERT INTO analytics.page_views (user_id, url) SELECT id, '/' FROM auth.users",
    ):
        cursor.execute(statement)


def plant_organizations(cursor: psycopg.Cursor) -> None:
    for name, (status, deleted) in ORGANIZATIONS.items():
        cursor.execute(
            "INSERT INTO app.organizations (id, name, slug, status, deleted_at)"
            " VALUES (%s, %s, %s, %s, CASE WHEN %s THEN now() END)",
            (id_of("organization", name), name, name, status, deleted),
        )
    cursor.executemany(
        "INSERT INTO app.organization_members (organization_id, user_id, role, status) VALUES (%s, %s, %s, %s)",
        [
            (id_of("organization", person.organization), id_of("person", person.name), person.role, person.membership)
            for person in PEOPLE
            if person.organization
        ]
        + [(id_of("organization", "beta"), id_of("person", "both"), "admin", "active")],
    )
    cursor.execute(
        "INSERT INTO app.invitations (organization_id, email, role, token_hash, expires_at)"
        " SELECT id, 'guest@example.com', 'member', id, 'infinity' FROM app.organizations"
    )
    cursor.execute(
        "INSERT INTO analytics.events (event_type, organization_id)"
        " SELECT 'x', id FROM app.organizations UNION ALL SELECT 'x', NULL"
    )


def _task(
    cursor: psycopg.Cursor, project: Project, reporter: str, assignee: str | None = None, deleted: bool = False
) -> UUID:
    inserted = cursor.execute(
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id, assignee_id, deleted_at)"
        " VALUES (%s, %s, 'x', %s, %s, CASE WHEN %s THEN now() END) RETURNING id",
        (
            id_of("organization", project.organization),
            project.id,
            id_of("person", reporter),
            assignee and id_of("person", assignee),
            deleted,
        ),
    ).fetchone()
    assert inserted is not None
    return UUID(str(inserted[0]))


def _write(cursor: psycopg.Cursor, project: Project, task: UUID, author: str) -> None:
    values = (id_of("organization", project.organization), task, id_of("person", author))
    cursor.execute(
        "INSERT INTO app.comments (organization_id, task_id, user_id, content) VALUES (%s, %s, %s, 'x')", values
    )
    cursor.execute(
        "INSERT INTO app.attachments (organization_id, task_id, uploaded_by, file_name, file_size, mime_type,"
        " storage_path) VALUES (%s, %s, %s, 'x', 1, 'x', 'x')",
        values,
    )


def plant_projects(cursor: psycopg.Cursor) -> None:
    for project in PROJECTS:
        organization = id_of("organization", project.organization)
        cursor.execute(
            "INSERT INTO app.projects (id, organization_id, name, slug, visibility, status, created_by, deleted_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN now() END)",
            (
                project.id,
                organization,
                project.name or project.place,
                (project.name or project.place).replace("_", "-"),
                project.visibility,
                "deleted" if project.deleted else "active",
                id_of("person", project.creator),
                project.deleted,
            ),
        )
        cursor.executemany(
            "INSERT INTO app.project_members (organization_id, project_id, user_id) VALUES (%s, %s, %s)",
            [(organization, project.id, id_of("person", member)) for member in project.members],
        )
        task = _task(cursor, project, project.creator)
        _write(cursor, project, task, project.creator)
        if project.place == "open":
            for writer in WRITERS:
                _task(cursor, project, writer)
                _task(cursor, project, "quiet", writer)
                _task(cursor, project, "quiet", writer, deleted=True)
                _write(cursor, project, task, writer)
    # Each public project has a task that was deleted.
    cursor.execute(
        "INSERT INTO app.tasks (organization_id, project_id, title, deleted_at)"
        " SELECT organization_id, id, 'x', now() FROM app.projects WHERE visibility = 'public' AND deleted_at IS NULL"
    )
