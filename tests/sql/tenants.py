"""Organisations of the platform with people in them, made the way the services make them."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID, uuid4

from tests.sql.databases import Database, Rows

NEW_USER = "INSERT INTO auth.users (email, first_name, email_verified) VALUES (%s, 'A', true) RETURNING id"
NEW_PROJECT = (
    "INSERT INTO app.projects (organization_id, name, slug, visibility, created_by)"
    " VALUES (%s, %s, %s, %s, auth.current_user_id()) RETURNING id"
)
NEW_TASK = (
    "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
    " VALUES (%s, %s, 'a task', auth.current_user_id()) RETURNING id"
)
NEW_COMMENT = (
    "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
    " VALUES (%s, %s, auth.current_user_id(), 'hm') RETURNING id"
)
NEW_FILE = (
    "INSERT INTO app.attachments (organization_id, task_id, comment_id, uploaded_by, file_name, file_size, mime_type,"
    " storage_path) VALUES (%s, %s, %s, auth.current_user_id(), 'f', 1, 'text/plain', 'p') RETURNING id"
)


def new_user(database: Database, email: str | None = None) -> UUID:
    """An active account with a verified address."""
    return UUID(str(database.asked_by("platform_auth", None, NEW_USER, email or f"{uuid4()}@example.com")[0][0]))


class Organization:
    """An organisation with an owner and a project that its members see."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self.owner = new_user(database, f"owner@{name}.example")
        self.id = self.ask(self.owner, "SELECT app.create_organization(%s, %s)", name, name)
        self.project = self.new_project("p")

    def rows(self, user: UUID | None, query: LiteralString, *values: object) -> Rows:
        """What the application gets for a user."""
        return self.database.asked_by("platform_app", user, query, *values)

    def value(self, user: UUID | None, query: LiteralString, *values: object) -> Any:
        """The first column of the first row."""
        return self.rows(user, query, *values)[0][0]

    def ask(self, user: UUID, query: LiteralString, *values: object) -> UUID:
        """The id that a statement returns."""
        return UUID(str(self.value(user, query, *values)))

    def join(self, role: str, status: str = "active") -> UUID:
        """A new user who is a member, without an invitation."""
        user = new_user(self.database)
        self.database.run(
            "INSERT INTO app.organization_members (organization_id, user_id, role, status) VALUES (%s, %s, %s, %s)",
            self.id,
            user,
            role,
            status,
        )
        return user

    def new_project(self, name: str, visibility: str = "organization", by: UUID | None = None) -> UUID:
        """A project of the owner's, or of somebody else's."""
        return self.ask(by or self.owner, NEW_PROJECT, self.id, name, name, visibility)

    def task(self, project: UUID | None = None, by: UUID | None = None) -> UUID:
        """A task in the first project, or in another."""
        return self.ask(by or self.owner, NEW_TASK, self.id, project or self.project)

    def comment(self, task: UUID, by: UUID | None = None) -> UUID:
        """A comment on a task."""
        return self.ask(by or self.owner, NEW_COMMENT, self.id, task)

    def file(self, task: UUID | None, comment: UUID | None = None, by: UUID | None = None) -> UUID:
        """An attachment of a task or a comment."""
        return self.ask(by or self.owner, NEW_FILE, self.id, task, comment)
