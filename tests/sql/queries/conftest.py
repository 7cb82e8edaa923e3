"""A platform database with a year's rows, small, and the queries of the repository with something to ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bench.platform_data import load
from bench.platform_database import FOLDER, Place
from tests.sql.databases import Rows, Server, password_of
from tests.sql.runner import Runner

# Small enough to be made for every major, large enough for a year of months with rows in each.
_SCALE = 0.002

# What the queries ask about, in one row: one organisation, one who owns it and is in no other, and things of it that
# have what hangs on such things; and a stranger, who is in another organisation only.
_PARAMETERS: LiteralString = r"""
WITH alone AS (
    SELECT user_id, min(organization_id::text)::uuid AS organization_id
      FROM app.organization_members GROUP BY user_id HAVING count(*) = 1
), founder AS (
    SELECT account.id, account.email, live.id AS organization_id, live.name, live.slug
      FROM app.organizations AS live
      JOIN auth.users AS account ON account.id = live.created_by AND account.status = 'active'
      JOIN alone ON alone.user_id = account.id AND alone.organization_id = live.id
     WHERE live.status = 'active'
       AND EXISTS (SELECT FROM app.project_members AS added WHERE added.user_id = account.id)
       AND EXISTS (SELECT FROM app.tasks AS open WHERE open.assignee_id = account.id AND open.status = 'todo'
                                                   AND open.deleted_at IS NULL)
       AND EXISTS (SELECT FROM auth.sessions WHERE sessions.user_id = account.id AND expires_at > now())
       AND EXISTS (SELECT FROM app.projects AS ending
                    WHERE ending.organization_id = live.id AND ending.deleted_at IS NULL
                      AND ending.end_date BETWEEN current_date + 2 AND current_date + 28)
     ORDER BY (SELECT count(*) FROM app.projects WHERE projects.organization_id = live.id) DESC, live.slug
     LIMIT 1
), task AS (
    SELECT task.id, task.title
      FROM app.tasks AS task JOIN founder USING (organization_id)
     WHERE task.deleted_at IS NULL
       AND EXISTS (SELECT FROM app.comments WHERE comments.task_id = task.id AND comments.deleted_at IS NULL)
       AND EXISTS (SELECT FROM app.attachments WHERE attachments.task_id = task.id AND attachments.deleted_at IS NULL)
     ORDER BY task.id
     LIMIT 1
), parent AS (
    SELECT child.parent_task_id AS id
      FROM app.tasks AS child JOIN founder USING (organization_id)
     WHERE child.parent_task_id IS NOT NULL AND child.deleted_at IS NULL
     ORDER BY child.id
     LIMIT 1
), comment AS (
    SELECT comment.id, comment.content
      FROM app.comments AS comment JOIN founder USING (organization_id)
     WHERE comment.deleted_at IS NULL
       AND EXISTS (SELECT FROM app.attachments WHERE attachments.comment_id = comment.id)
     ORDER BY comment.id
     LIMIT 1
), answered AS (
    SELECT answer.parent_comment_id AS id
      FROM app.comments AS answer JOIN founder USING (organization_id)
     WHERE answer.parent_comment_id IS NOT NULL AND answer.deleted_at IS NULL
     ORDER BY answer.id
     LIMIT 1
), session AS (
    SELECT * FROM auth.sessions
     WHERE expires_at > now() AND refresh_token_hash IS NOT NULL ORDER BY expires_at DESC LIMIT 1
), public_project AS (
    SELECT project.id, project.organization_id
      FROM app.projects AS project JOIN app.organizations AS live ON live.id = project.organization_id
     WHERE visibility = 'public' AND project.status = 'active' AND live.status = 'active' ORDER BY project.slug LIMIT 1
)
SELECT founder.id AS user, founder.email, founder.organization_id AS organization,
       (SELECT alone.user_id FROM alone
          JOIN app.organization_members AS member USING (user_id)
         WHERE member.organization_id <> founder.organization_id AND member.status = 'active'
         ORDER BY user_id LIMIT 1) AS stranger,
       task.id AS task, parent.id AS parent_task, comment.id AS comment, answered.id AS answered_comment,
       -- The last word of a title and of a name is a number; the words of a text are together in few others.
       (regexp_match(task.title, '\S+$'))[1] AS task_words,
       (SELECT (regexp_match(name, '\S+$'))[1] FROM app.projects AS project
         WHERE project.organization_id = founder.organization_id AND project.deleted_at IS NULL
         ORDER BY name LIMIT 1) AS project_words,
       comment.content AS comment_words,
       (SELECT project_id FROM app.project_members AS added
         WHERE added.user_id = founder.id ORDER BY project_id LIMIT 1) AS project,
       public_project.id AS public_project, public_project.organization_id AS public_organization,
       'report' AS words, upper(substr(split_part(founder.email, '.', 2), 2, 4)) AS part,
       split_part(founder.email, '.', 1) AS name, upper(substr(founder.name, 3, 5)) AS organization_part,
       session.token_hash, session.refresh_token_hash,
       (SELECT token_hash FROM auth.password_reset_tokens ORDER BY expires_at DESC LIMIT 1) AS reset_token_hash,
       (SELECT token_hash FROM auth.email_verification_tokens
         ORDER BY expires_at DESC LIMIT 1) AS verification_token_hash,
       (SELECT role_id FROM auth.user_roles ORDER BY granted_at LIMIT 1) AS role,
       (SELECT record_id FROM audit.audit_log ORDER BY id LIMIT 1) AS record,
       'login' AS event_type, (now() AT TIME ZONE 'UTC')::date - 10 AS day,
       (SELECT session_id FROM analytics.page_views ORDER BY id LIMIT 1) AS visit
  FROM founder, task, parent, comment, answered, session, public_project
"""
# What a query is better asked with than with what its parameter stands for elsewhere: an index is for what is rare, and
# visitors see something only where something is public.
_INSTEAD = {
    "task_subtasks": {"task": "parent_task"},
    "comment_answers": {"comment": "answered_comment"},
    "search_tasks": {"words": "task_words"},
    "search_projects": {"words": "project_words"},
    "search_comments": {"words": "comment_words"},
    "public_projects": {"organization": "public_organization"},
}
_HEADER = re.compile(r"-- (role|uses): (.*)")


@dataclass(frozen=True, slots=True)
class Query:
    """A file of sql/platform/queries."""

    name: str
    text: bytes
    role: str
    uses: tuple[str, ...]
    """Indexes; one that needs an extension names it in brackets."""

    @classmethod
    def read(cls, path: Path) -> Query:
        text = path.read_text()
        headers = dict(_HEADER.findall(text))
        return cls(path.stem, text.encode(), headers["role"], tuple(headers["uses"].split(", ")))


QUERIES = {path.stem: Query.read(path) for path in sorted((FOLDER / "queries").glob("*.sql"))}


@dataclass(frozen=True, slots=True)
class World:
    """The database with rows, and what there is to ask for."""

    place: Place
    parameters: dict[str, Any]

    def values(self, query: Query) -> dict[str, Any]:
        """What this query is asked with."""
        instead = _INSTEAD.get(query.name, {})
        return self.parameters | {name: self.parameters[other] for name, other in instead.items()}

    def ask(
        self, query: Query, user: str = "user", before: LiteralString = "SELECT", text: bytes | None = None
    ) -> Rows:
        """What the query answers to its role, after a statement in the same transaction."""
        with self.place.login(query.role) as connection, connection.transaction():
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(self.parameters[user]),))
            connection.execute(before)
            return connection.execute(text or query.text, self.values(query)).fetchall()

    def superuser(self) -> psycopg.Connection[Any]:
        return self.place.superuser()


@pytest.fixture(scope="session")
def world(server: Server) -> Iterator[World]:
    with server.database("platform_with_rows") as database:
        Runner(database, "platform").apply()
        conninfo = make_conninfo(server.running.superuser_conninfo, dbname=database.name)
        place = Place(server.running.host, server.running.port, database.name, conninfo, password_of)
        with place.superuser() as superuser:
            load(superuser, _SCALE)
            cursor = superuser.execute(_PARAMETERS)
            row = cursor.fetchone()
            assert row is not None and cursor.description is not None
            parameters = dict(zip((column.name for column in cursor.description), row, strict=True))
        assert None not in parameters.values(), parameters
        yield World(place, parameters)


@pytest.fixture(params=QUERIES)
def query(request: pytest.FixtureRequest) -> Query:
    return QUERIES[request.param]
