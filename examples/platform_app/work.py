"""What users do, a function each: it takes the connection of a `user_transaction` and leaves committing to that.

There is no `WHERE user = ...` for safety's sake: row level security does that, for every statement. What it hides is
not there, so an UPDATE that finds nothing is the answer "not found".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from examples.platform_app.errors import NotFound

Asking = Connection[tuple[Any, ...]]
"""A connection in a transaction that has said who asks."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task in a list."""

    id: UUID
    project_id: UUID
    title: str
    status: str
    priority: str
    assignee_id: UUID | None
    due_date: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file; its bytes are in S3."""

    name: str
    size: int
    mime_type: str
    path: str


# Organisations and their members ----------------------------------------------------


def create_organization(asking: Asking, name: str, slug: str) -> UUID:
    """A new organisation; whoever makes it is its owner."""
    return _id(asking, "SELECT app.create_organization(%s, %s)", name, slug)


def invite(asking: Asking, organization: UUID, email: str, role: str) -> str:
    """The token of an invitation, to be sent to this address and to nobody else."""
    token: str = _one(asking, "SELECT app.invite_member(%s, %s, %s)", organization, email, role)
    return token


def accept(asking: Asking, token: str) -> UUID:
    """Join an organisation."""
    return _id(asking, "SELECT app.accept_invitation(%s)", token)


def set_role(asking: Asking, organization: UUID, member: UUID, role: str) -> None:
    """Change what a member may do."""
    asking.execute("SELECT app.set_member(%s, %s, new_role => %s)", (organization, member, role))


# Projects ----------------------------------------------------


def create_project(asking: Asking, organization: UUID, name: str, slug: str, visibility: str = "private") -> UUID:
    """A new project; the database makes its id."""
    return _id(
        asking,
        "INSERT INTO app.projects (organization_id, name, slug, visibility, created_by)"
        " VALUES (%s, %s, %s, %s, auth.current_user_id()) RETURNING id",
        organization,
        name,
        slug,
        visibility,
    )


def add_to_project(asking: Asking, organization: UUID, project: UUID, member: UUID) -> None:
    """Let a member of the organisation see a private project."""
    asking.execute(
        "INSERT INTO app.project_members (organization_id, project_id, user_id) VALUES (%s, %s, %s)",
        (organization, project, member),
    )


def project_names(asking: Asking) -> list[str]:
    """The projects that whoever asks may see."""
    rows = asking.execute("SELECT name FROM app.projects WHERE deleted_at IS NULL ORDER BY name").fetchall()
    return [str(name) for (name,) in rows]


def read_project(asking: Asking, project: UUID) -> tuple[str, list[str]]:
    """A project's name and the titles of its tasks; visitors may ask this, too."""
    named = asking.execute("SELECT name FROM app.projects WHERE id = %s", (project,))
    titles = asking.execute(
        "SELECT title FROM app.tasks WHERE project_id = %s AND deleted_at IS NULL ORDER BY created_at", (project,)
    )
    row = named.fetchone()
    if row is None:
        raise NotFound("there is no such project")
    return str(row[0]), [str(title) for (title,) in titles.fetchall()]


# Tasks and what hangs on them ----------------------------------------------------


def create_task(asking: Asking, organization: UUID, project: UUID, title: str, priority: str = "medium") -> UUID:
    """A new task, reported by whoever asks."""
    return _id(
        asking,
        "INSERT INTO app.tasks (organization_id, project_id, title, priority, reporter_id)"
        " VALUES (%s, %s, %s, %s, auth.current_user_id()) RETURNING id",
        organization,
        project,
        title,
        priority,
    )


def assign(asking: Asking, task: UUID, member: UUID) -> None:
    """Give a task to a member of its organisation."""
    _change_task(asking, "UPDATE app.tasks SET assignee_id = %s WHERE id = %s", member, task)


def move(asking: Asking, task: UUID, project: UUID) -> None:
    """Move a task, with all that hangs on it, to another project of its organisation."""
    _change_task(asking, "UPDATE app.tasks SET project_id = %s WHERE id = %s", project, task)


def finish(asking: Asking, task: UUID) -> None:
    """A task is done; twice is as good as once."""
    _change_task(
        asking,
        "UPDATE app.tasks SET status = 'done', completed_at = coalesce(completed_at, now()) WHERE id = %s",
        task,
    )


def comment(asking: Asking, organization: UUID, task: UUID, text: str) -> UUID:
    """Say something about a task."""
    return _id(
        asking,
        "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
        " VALUES (%s, %s, auth.current_user_id(), %s) RETURNING id",
        organization,
        task,
        text,
    )


def attach(asking: Asking, organization: UUID, task: UUID, file: File) -> UUID:
    """Write down a file that was uploaded."""
    return _id(
        asking,
        "INSERT INTO app.attachments"
        " (organization_id, task_id, uploaded_by, file_name, file_size, mime_type, storage_path)"
        " VALUES (%s, %s, auth.current_user_id(), %s, %s, %s, %s) RETURNING id",
        organization,
        task,
        file.name,
        file.size,
        file.mime_type,
        file.path,
    )


def dashboard(asking: Asking, organization: UUID, rows: int = 20) -> list[TaskLine]:
    """The newest tasks of an organisation."""
    cursor = asking.cursor(row_factory=class_row(TaskLine))
    return cursor.execute("SELECT * FROM app.latest_tasks(%s, %s)", (organization, rows)).fetchall()


def search(asking: Asking, words: str) -> list[str]:
    """Titles of tasks, in all organisations of whoever asks."""
    return [str(title) for (title,) in asking.execute("SELECT title FROM app.search_tasks(%s)", (words,)).fetchall()]


# Notifications and events ----------------------------------------------------


def notify(asking: Asking, recipient: UUID, kind: str, title: str) -> UUID:
    """Tell a colleague something."""
    return _id(asking, "SELECT app.notify(%s, %s, %s)", recipient, kind, title)


def unread(asking: Asking) -> list[str]:
    """One's own notifications, newest first."""
    rows = asking.execute(
        "SELECT title FROM app.notifications WHERE NOT is_read ORDER BY created_at DESC LIMIT 20"
    ).fetchall()
    return [str(title) for (title,) in rows]


def mark_read(asking: Asking) -> int:
    """Mark all of one's own as read; how many they were."""
    marked = asking.execute(
        "UPDATE app.notifications SET is_read = true, read_at = now() WHERE NOT is_read RETURNING id"
    )
    return len(marked.fetchall())


def track(asking: Asking, kind: str, organization: UUID, session: UUID, **properties: object) -> None:
    """Write down what somebody did."""
    asking.execute(
        "INSERT INTO analytics.events (event_type, user_id, organization_id, session_id, properties)"
        " VALUES (%s, auth.current_user_id(), %s, %s, %s)",
        (kind, organization, session, Jsonb(properties)),
    )


# ----------------------------------------------------


def _one(asking: Asking, query: LiteralString, *values: object) -> Any:
    row = asking.execute(query, values).fetchone()
    assert row is not None
    return row[0]


def _id(asking: Asking, query: LiteralString, *values: object) -> UUID:
    return UUID(str(_one(asking, query, *values)))


def _change_task(asking: Asking, query: LiteralString, *values: object) -> None:
    """An update that row level security lets pass, or no such task: the pipeline is waited for to know."""
    if asking.execute(query + " RETURNING id", values).fetchone() is None:
        raise NotFound("there is no such task for you to change")
