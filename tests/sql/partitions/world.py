"""What the tests of partitions look at and put into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from tests.sql.databases import Database, Rows


@contextmanager
def owner_of(database: Database, service: str) -> Iterator[psycopg.Connection]:
    """A session that acts as the owner of the service's objects."""
    with database.master() as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"{service}_owner")))
        yield connection


def month(distance: int) -> datetime:
    """The first day of a month, counted from the running one."""
    now = datetime.now(UTC)
    years, months = divmod(now.month - 1 + distance, 12)
    return datetime(now.year + years, months + 1, 1, tzinfo=UTC)


@dataclass
class Owner:
    """The owner's session, and what the server told it."""

    connection: psycopg.Connection
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection.add_notice_handler(lambda notice: self.told.append(notice.message_primary or ""))

    def only(self, *prefixes: str) -> Owner:
        """Forget every other policy."""
        self.do("DELETE FROM ops.partition_policy WHERE prefix <> ALL (%s)", list(prefixes))
        return self

    def rows(self, query: LiteralString, *values: object) -> Rows:
        return self.connection.execute(query, values).fetchall()

    def one(self, query: LiteralString, *values: object) -> Any:
        ((value,),) = self.rows(query, *values)
        return value

    def do(self, query: LiteralString, *values: object) -> None:
        self.connection.execute(query, values)

    def refused(self, query: LiteralString, *values: object) -> psycopg.errors.Diagnostic:
        """What the server says against it; the transaction goes on as before."""
        try:
            with self.connection.transaction():
                self.connection.execute(query, values)
        except psycopg.Error as error:
            return error.diag
        raise AssertionError(f"it was not refused: {query}")

    def refused_outside(self, query: LiteralString) -> psycopg.errors.Diagnostic:
        """What the server says against a statement that commits by itself."""
        with pytest.raises(psycopg.Error) as refused:
            self.connection.execute(query)
        return refused.value.diag

    def bounds(self, parent: str) -> dict[str, str]:
        """Each partition and its bounds, as the catalog has them."""
        with self.connection.transaction():
            self.connection.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'")
            return dict(
                self.rows(
                    "SELECT inhrelid::regclass::text, pg_get_expr(relpartbound, oid) FROM pg_inherits"
                    "  JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass",
                    parent,
                )
            )

    def follow(self, function: LiteralString) -> list[str]:
        """Run what a function says is to be done; the statements, as the job runs them."""
        statements = [run for (run,) in self.connection.execute(f"SELECT run FROM ops.{function}").fetchall()]
        for statement in statements:
            self.connection.execute(statement)
        return statements

    def maintain(self) -> list[str]:
        """Everything that the job does but the check at its end."""
        done: list[str] = []
        for phase in ("drain", "create", "purge", "expire"):
            done += self.follow(f"partitions_to_{phase}()")
        return done


class World:
    """An organisation with a project, in the platform's database."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.user = owner.one("INSERT INTO auth.users (email) VALUES ('a@example.com') RETURNING id")
        self.organization = owner.one("INSERT INTO app.organizations (name, slug) VALUES ('a', 'a') RETURNING id")
        self.project = owner.one(
            "INSERT INTO app.projects (organization_id, name, slug) VALUES (%s, 'a', 'a') RETURNING id",
            self.organization,
        )

    def task(self, created: object, status: str = "done", parent: object = None) -> Any:
        """A task with a comment that has an attachment; its id."""
        task = self.owner.one(
            "INSERT INTO app.tasks (organization_id, project_id, title, status, created_at, updated_at, reporter_id,"
            " parent_task_id) VALUES (%s, %s, 'a task', %s, %s, '2001-01-01', %s, %s) RETURNING id",
            self.organization, self.project, status, created, self.user, parent,
        )  # fmt: skip
        comment = self.owner.one(
            "INSERT INTO app.comments (organization_id, task_id, content, created_at)"
            " VALUES (%s, %s, 'a comment', '2001-01-01') RETURNING id",
            self.organization, task,
        )  # fmt: skip
        self.owner.do(
            "INSERT INTO app.attachments (organization_id, comment_id, file_name, file_size, mime_type, storage_path)"
            " VALUES (%s, %s, 'a', 1, 'a', 'a')",
            self.organization, comment,
        )  # fmt: skip
        return task

    def tasks(self, number: int, created: object) -> None:
        """Many tasks, each with a comment."""
        self.owner.do(
            "WITH made AS (INSERT INTO app.tasks (organization_id, project_id, title, status, created_at, updated_at)"
            " SELECT %s, %s, 'one of many', 'done', %s, '2001-01-01' FROM generate_series(1, %s) RETURNING id)"
            " SELECT count(*) FROM made",
            self.organization, self.project, created, number,
        )  # fmt: skip
        self.owner.do(
            "INSERT INTO app.comments (organization_id, task_id, content, created_at)"
            " SELECT organization_id, id, 'a comment', '2001-01-01' FROM app.tasks WHERE title = 'one of many'"
        )

    def everything(self) -> dict[str, Rows]:
        """Every row of tasks and of what hangs on them, with all columns."""
        return {
            table: self.owner.connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1").fetchall()
            for table in ("app.tasks", "app.task_ids", "app.comments", "app.attachments")
        }

    def counts(self) -> dict[str, int]:
        return {table: len(rows) for table, rows in self.everything().items()}

    def old_partition(self, distance: int) -> str:
        """A partition of tasks for an earlier month; its name."""
        name = f"tasks_{month(distance):%Y_%m}"
        self.owner.do(
            "SELECT ops.create_partition('app.tasks', %s, %s, %s)", name, month(distance).date(),
            month(distance + 1).date(),
        )  # fmt: skip
        return f"part.{name}"


class Family:
    """A family with a thread, in the database of familytales."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.user = owner.one(
            "INSERT INTO familytales.users (clerk_id, email) VALUES ('a', 'a@example.com') RETURNING id"
        )
        self.id = owner.one(
            "INSERT INTO familytales.families (name, owner_id) VALUES ('a', %s) RETURNING id", self.user
        )
        owner.do(
            "INSERT INTO familytales.family_members (family_id, user_id, role) VALUES (%s, %s, 'owner')"
            " ON CONFLICT DO NOTHING",
            self.id, self.user,
        )  # fmt: skip
        # What is checked at the end of a transaction would stand in the way of ALTER TABLE in the same one.
        owner.do("SET CONSTRAINTS ALL IMMEDIATE")
        book = owner.one(
            "INSERT INTO familytales.memory_books (family_id, title, created_by) VALUES (%s, 'a', %s) RETURNING id",
            self.id, self.user,
        )  # fmt: skip
        self.thread = owner.one(
            "INSERT INTO familytales.threads (family_id, memory_book_id, started_by) VALUES (%s, %s, %s) RETURNING id",
            self.id, book, self.user,
        )  # fmt: skip

    def segment(self, created: object) -> Any:
        """A segment with a tag and a narration; its id."""
        segment = self.owner.one(
            "INSERT INTO familytales.content_segments"
            " (thread_id, user_id, content_type, text_content, photo_urls, created_at)"
            " VALUES (%s, %s, 'mixed', 'once', '{a}', %s) RETURNING id",
            self.thread, self.user, created,
        )  # fmt: skip
        self.owner.do(
            "INSERT INTO familytales.content_tags (family_id, content_segment_id, tag_name, tagged_by)"
            " VALUES (%s, %s, 'a', %s)",
            self.id, segment, self.user,
        )  # fmt: skip
        self.owner.do(
            "INSERT INTO familytales.photo_narrations (family_id, content_segment_id, photo_index, narration_text)"
            " VALUES (%s, %s, 0, 'a')",
            self.id, segment,
        )  # fmt: skip
        return segment

    def everything(self) -> dict[str, Rows]:
        """Every row of the content and of what hangs on it, with all columns."""
        return {
            table: self.owner.connection.execute(f"SELECT t::text FROM familytales.{table} AS t ORDER BY 1").fetchall()
            for table in ("content_segments", "segment_ids", "content_tags", "photo_narrations")
        }
