"""Two tenants who want to know everything about each other, and ways to let them try."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from tests.sql.databases import Database, Rows, password_of

Query = LiteralString | sql.Composed
APP = "platform_app"
NOBODY_HAS_IT = UUID("11111111-2222-4333-8444-555555555555")
"""An id that no row has: what a foreign row's id must not be told apart from."""

DENIED = "42501"
"""SQLSTATE insufficient_privilege; row level security says it, too."""


@dataclass(frozen=True, slots=True)
class No:
    """A refusal, with everything that the server tells whoever was refused."""

    sqlstate: str | None
    message: str | None
    detail: str | None = None
    hint: str | None = None
    constraint: str | None = None
    table: str | None = None
    column: str | None = None
    context: str | None = None

    @property
    def short(self) -> tuple[str | None, str | None]:
        return self.sqlstate, self.message


def _no(error: psycopg.Error) -> No:
    said = error.diag
    return No(
        said.sqlstate,
        said.message_primary,
        said.message_detail,
        said.message_hint,
        said.constraint_name,
        said.table_name,
        said.column_name,
        said.context,
    )


@dataclass(frozen=True, slots=True)
class Attacker:
    """A connection inside a transaction that is rolled back, so that a success harms nobody but the test.

    Statements name what they need of the world, `%(acme)s`, and more by keyword. They are sent as an injection would
    be: as one text, with the values in it, which also suits statements that take no parameters.
    """

    connection: psycopg.Connection
    ids: Mapping[str, object]

    def become(self, user: UUID | str | None) -> Attacker:
        self.rows("SELECT set_config('app.current_user_id', %(user)s, true)", user="" if user is None else str(user))
        return self

    def rows(self, query: Query, **values: object) -> Rows:
        cursor = psycopg.ClientCursor(self.connection)
        cursor.execute(query, {**self.ids, **values})
        return cursor.fetchall() if cursor.description else []

    def copy(self, query: LiteralString) -> str:
        """COPY … TO STDOUT."""
        with psycopg.ClientCursor(self.connection).copy(query, self.ids) as copied:
            return b"".join(bytes(part) for part in copied).decode()

    def copies_in(self, query: LiteralString, line: str) -> None:
        """COPY … FROM STDIN."""
        with psycopg.ClientCursor(self.connection).copy(query, self.ids) as copied:
            copied.write(line)

    def trying(self, attempt: Callable[[], Rows | str | None]) -> Rows | str | No | None:
        """What comes of it, or a refusal; the transaction goes on either way."""
        try:
            with self.connection.transaction():
                said = attempt()
                # What would only be looked at when the transaction ends: there is none to end here.
                self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
                return said
        except psycopg.Error as error:
            return _no(error)

    def says(self, query: Query, **values: object) -> Rows | No:
        said = self.trying(lambda: self.rows(query, **values))
        assert isinstance(said, list | No)
        return said

    def refused(self, query: Query, **values: object) -> No:
        said = self.says(query, **values)
        assert isinstance(said, No), f"the attack succeeded, with {said}"
        return said


class World:
    """acme is what is attacked; evil is the attackers' own organisation, where they are honest customers.

    acme: anna owns it, adam administers it, max is a member and in the private project, nina is a member and not in
    it, vera is a viewer; sam is suspended, rita was removed, paul is pending. dora is a member of acme and owns evil;
    mallory owns evil, too, and milo is a member there. eve has an account and nothing else. ghost is an organisation
    that was deleted, and greta its owner.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.anna, self.adam, self.max, self.nina, self.vera = (uuid4() for _ in range(5))
        self.sam, self.rita, self.paul, self.dora = (uuid4() for _ in range(4))
        self.mallory, self.milo, self.eve, self.greta = (uuid4() for _ in range(4))
        self.acme, self.evil, self.ghost = (uuid4() for _ in range(3))
        self.open, self.secret, self.public, self.lair, self.haunted = (uuid4() for _ in range(5))
        self.open_task, self.secret_task, self.secret_child, self.public_task = (uuid4() for _ in range(4))
        self.lair_task, self.haunted_task = uuid4(), uuid4()
        self.open_comment, self.secret_comment, self.lair_comment = (uuid4() for _ in range(3))
        self.open_file, self.secret_file = uuid4(), uuid4()
        self.admin_role = uuid4()
        self.ids: dict[str, object] = {name: value for name, value in vars(self).items() if isinstance(value, UUID)}
        self.ids["none"] = NOBODY_HAS_IT
        _plant(self)

    def login(self, role: str = APP) -> psycopg.Connection:
        """A connection of one's own, for attacks that need more than one."""
        return self.database.login(role)

    @contextmanager
    def inside(self, user: UUID | None, role: str = APP, writable: bool = False) -> Iterator[Attacker]:
        """A transaction of a login role. Whoever reads only by default may say otherwise, as its first words."""
        connection = self.database.server.keep(self.database.name, role, password_of(role))
        with connection.transaction(force_rollback=True):
            if writable:
                connection.execute("SET TRANSACTION READ WRITE")
            yield Attacker(connection, self.ids).become(user)

    @contextmanager
    def as_owner(self) -> Iterator[Attacker]:
        """Whom row level security does not hold back, in a transaction that is rolled back."""
        with self.database.master() as connection, connection.transaction(force_rollback=True):
            yield Attacker(connection, self.ids)

    @contextmanager
    def as_superuser(self) -> Iterator[Attacker]:
        """For an attacker who was given more than he should have; rolled back."""
        conninfo = psycopg.conninfo.make_conninfo(
            self.database.server.running.superuser_conninfo, dbname=self.database.name
        )
        with psycopg.connect(conninfo) as connection, connection.transaction(force_rollback=True):
            yield Attacker(connection, self.ids)

    def ask(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> Rows:
        """What somebody may do; taken back afterwards."""
        with self.inside(user, role) as somebody:
            return somebody.rows(query, **values)

    def refused(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> No:
        with self.inside(user, role, writable=role != APP) as somebody:
            return somebody.refused(query, **values)

    def says(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> Rows | No:
        with self.inside(user, role, writable=role != APP) as somebody:
            return somebody.says(query, **values)


def _plant(world: World) -> None:
    run = world.database.run
    names = ["anna", "adam", "max", "nina", "vera", "sam", "rita", "paul", "dora", "mallory", "milo", "eve", "greta"]
    for name in names:
        run(
            "INSERT INTO auth.users (id, email, email_verified, first_name, last_name, phone)"
            " VALUES (%s, %s, true, %s, 'Secretname', '+44 20 7946 0123')",
            getattr(world, name),
            f"{name}@secret.example",
            name,
        )
    for organization, slug in ((world.acme, "acme"), (world.evil, "evil"), (world.ghost, "ghost")):
        run(
            "INSERT INTO app.organizations (id, name, slug, billing_email, description) VALUES (%s, %s, %s, %s, %s)",
            *(organization, slug, slug, f"billing@{slug}.example", f"About {slug}"),
        )
    for organization, name, role, status in (
        (world.acme, "anna", "owner", "active"),
        (world.acme, "adam", "admin", "active"),
        (world.acme, "max", "member", "active"),
        (world.acme, "nina", "member", "active"),
        (world.acme, "vera", "viewer", "active"),
        (world.acme, "sam", "admin", "suspended"),
        (world.acme, "rita", "admin", "removed"),
        (world.acme, "paul", "admin", "pending"),
        (world.acme, "dora", "member", "active"),
        (world.evil, "dora", "owner", "active"),
        (world.evil, "mallory", "owner", "active"),
        (world.evil, "milo", "member", "active"),
        (world.ghost, "greta", "owner", "active"),
    ):
        run(
            "INSERT INTO app.organization_members (organization_id, user_id, role, status, joined_at)"
            " VALUES (%s, %s, %s, %s, now())",
            *(organization, getattr(world, name), role, status),
        )
    for project, organization, name, visibility, creator in (
        (world.open, world.acme, "open", "organization", world.anna),
        (world.secret, world.acme, "secret", "private", world.anna),
        (world.public, world.acme, "public", "public", world.anna),
        (world.lair, world.evil, "lair", "organization", world.mallory),
        (world.haunted, world.ghost, "haunted", "public", world.greta),
    ):
        run(
            "INSERT INTO app.projects (id, organization_id, name, slug, visibility, created_by)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            *(project, organization, name, name, visibility, creator),
        )
    run("INSERT INTO app.project_members VALUES (%s, %s, %s)", world.acme, world.secret, world.max)
    for task, organization, project, parent, title, reporter in (
        (world.open_task, world.acme, world.open, None, "open xylophone", world.anna),
        (world.secret_task, world.acme, world.secret, None, "secret xylophone", world.anna),
        (world.secret_child, world.acme, world.secret, world.secret_task, "secret child", world.max),
        (world.public_task, world.acme, world.public, None, "public xylophone", world.anna),
        (world.lair_task, world.evil, world.lair, None, "lair trombone", world.mallory),
        (world.haunted_task, world.ghost, world.haunted, None, "haunted xylophone", world.greta),
    ):
        run(
            "INSERT INTO app.tasks (id, organization_id, project_id, parent_task_id, title, reporter_id)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            *(task, organization, project, parent, title, reporter),
        )
    for comment, organization, task, user, content in (
        (world.open_comment, world.acme, world.open_task, world.anna, "open xylophone comment"),
        (world.secret_comment, world.acme, world.secret_task, world.max, "secret xylophone comment"),
        (world.lair_comment, world.evil, world.lair_task, world.mallory, "lair comment"),
    ):
        run(
            "INSERT INTO app.comments (id, organization_id, task_id, user_id, content) VALUES (%s, %s, %s, %s, %s)",
            *(comment, organization, task, user, content),
        )
    for attachment, task in ((world.open_file, world.open_task), (world.secret_file, world.secret_task)):
        run(
            "INSERT INTO app.attachments (id, organization_id, task_id, uploaded_by, file_name, file_size, mime_type,"
            " storage_path) VALUES (%s, %s, %s, %s, 'plan.pdf', 1, 'application/pdf', 's3://secret/plan.pdf')",
            *(attachment, world.acme, task, world.anna),
        )
    run("UPDATE app.organizations SET status = 'deleted', deleted_at = now() WHERE id = %s", world.ghost)
    run("INSERT INTO auth.roles (id, name, is_system) VALUES (%s, 'admin', true)", world.admin_role)
    run("INSERT INTO auth.credentials (user_id, password_hash) VALUES (%s, 'argon2-of-anna')", world.anna)
    run(
        "INSERT INTO auth.sessions (user_id, token_hash, expires_at) VALUES (%s, %s, now() + interval '1 day')",
        *(world.anna, f"session-of-anna-{world.anna}"),
    )
    run(
        "INSERT INTO auth.password_reset_tokens (user_id, token_hash, expires_at)"
        " VALUES (%s, %s, now() + interval '1 day')",
        *(world.anna, f"reset-of-anna-{world.anna}"),
    )
    run("INSERT INTO app.notifications (user_id, type, title) VALUES (%s, 'x', 'for anna only')", world.anna)
    run(
        "INSERT INTO analytics.events (event_type, user_id, organization_id, ip_address) VALUES"
        " ('acme-event', %s, %s, '203.0.113.7')",
        *(world.anna, world.acme),
    )
    run("INSERT INTO analytics.page_views (user_id, url) VALUES (%s, '/secret')", world.anna)
    run(
        "INSERT INTO app.invitations (organization_id, email, role, token_hash, invited_by, expires_at)"
        " VALUES (%s, 'guest@secret.example', 'admin', %s, %s, now() + interval '1 day')",
        *(world.acme, f"hash-{world.acme}", world.anna),
    )
