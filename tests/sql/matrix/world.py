"""The world in which the matrix asks: a few organisations, everybody who may stand in some way to them, and their rows.

It is planted once for a server. Every row has a place, which is what an expectation is about: the organisation of
a row, the kind of its project, or the standing of the person it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from psycopg import sql

from tests.sql.databases import Database, Rows
from tests.sql.matrix.statements import PARTITIONED, TABLES

NOBODY = "nobody"


def id_of(kind: str, name: str) -> UUID:
    """The same in every world, so that a statement can be repeated by hand."""
    return uuid5(NAMESPACE_URL, f"{kind}/{name}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and the membership by which he stands to his organisation."""

    name: str
    standing: str
    organization: str | None
    role: str = "member"
    membership: str = "active"
    account: str = "active"


# Each standing that is asked for has a second one like it: whom one does not see is not oneself.
PEOPLE = [
    Person("owner", "colleague", "acme", role="owner"),
    Person("admin", "colleague", "acme", role="admin"),
    Person("member", "colleague", "acme"),
    Person("viewer", "colleague", "acme", role="viewer"),
    Person("quiet", "colleague", "acme"),
    Person("acme_extra", "colleague", "acme"),
    Person("acme_spare", "colleague", "acme"),
    Person("both", "both", "acme"),
    *(Person(f"pending{twin}", "pending", "acme", membership="pending") for twin in ("", "_too")),
    *(Person(f"suspended{twin}", "suspended", "acme", membership="suspended") for twin in ("", "_too")),
    *(Person(f"removed{twin}", "removed", "acme", role="owner", membership="removed") for twin in ("", "_too")),
    *(Person(f"locked{twin}", "locked", "acme", role="admin", account="suspended") for twin in ("", "_too")),
    *(Person(f"erased{twin}", "erased", "acme", role="admin", account="deleted") for twin in ("", "_too")),
    Person("stranger", "beta", "beta", role="owner"),
    Person("beta_extra", "beta", "beta"),
    Person("beta_spare", "beta", "beta"),
    Person("hidden_extra", "hidden", "hidden", role="owner"),
    Person("hidden_spare", "hidden", "hidden"),
    Person("gone_owner", "gone", "gone", role="owner"),
    Person("gone_extra", "gone", "gone"),
    Person("gone_spare", "gone", "gone"),
    Person("frozen_owner", "frozen", "frozen", role="owner"),
    Person("frozen_member", "frozen", "frozen"),
    Person("frozen_extra", "frozen", "frozen"),
    Person("frozen_spare", "frozen", "frozen"),
    Person("loner", "loner", None),
    Person("fresh", "loner", None),
]
FREE_ROLE = id_of("role", "free")
# Who has written something in Acme, and created and entered private projects of it.
WRITERS = ["owner", "admin", "member", "viewer", "both", "pending", "suspended", "removed", "locked", "erased"]

# Its status, and whether it was deleted.
ORGANIZATIONS = {
    "acme": ("active", False),
    "beta": ("trial", False),
    "hidden": ("active", False),
    "gone": ("deleted", True),
    "frozen": ("suspended", False),
}


@dataclass(frozen=True, slots=True)
class Project:
    """A project, by whom it was created, and the place of its rows."""

    place: str
    organization: str
    visibility: str
    creator: str
    members: tuple[str, ...]
    deleted: bool = False
    name: str = ""

    @property
    def id(self) -> UUID:
        return id_of("project", self.name or self.place)


PROJECTS = [
    Project("open", "acme", "organization", "quiet", ("acme_extra",)),
    Project("public", "acme", "public", "quiet", ("acme_extra",)),
    Project("inside", "acme", "private", "quiet", ("acme_extra", *WRITERS)),
    *(Project("own", "acme", "private", writer, ("acme_extra",), name=f"own_{writer}") for writer in WRITERS),
    Project("closed", "acme", "private", "quiet", ("acme_extra",)),
    Project("erased", "acme", "public", "quiet", ("acme_extra",), deleted=True),
    Project("beta", "beta", "organization", "beta_extra", ("beta_extra",)),
    Project("beta", "beta", "private", "beta_extra", ("beta_extra",), name="beta_private"),
    Project("beta_pub", "beta", "public", "beta_extra", ("beta_extra",)),
    Project("hidden", "hidden", "organization", "hidden_extra", ("hidden_extra",)),
    Project("gone", "gone", "organization", "gone_owner", ("gone_extra", "gone_owner")),
    Project("gone", "gone", "private", "gone_owner", ("gone_extra", "gone_owner"), name="gone_private"),
    Project("gone_pub", "gone", "public", "gone_owner", ("gone_extra", "gone_owner")),
    Project("frozen", "frozen", "organization", "frozen_extra", ("frozen_extra",)),
    Project("frozen_priv", "frozen", "private", "frozen_extra", ("frozen_extra",)),
    Project("frozen_pub", "frozen", "public", "frozen_extra", ("frozen_extra",)),
]

# Columns of the tables about the rows of projects, organisations and people.
_OF_PROJECTS = (
    "open mine public inside own closed erased beta beta_pub hidden gone gone_pub frozen frozen_priv frozen_pub"
)
_OF_PEOPLE = "self colleague both pending suspended removed locked erased beta hidden gone frozen loner"
PLACES = {
    "project": _OF_PROJECTS.split(),
    "organization": [*ORGANIZATIONS, "none"],
    "person": _OF_PEOPLE.split(),
    "all": ["all"],
}

_PLACE_OF = {project.name or project.place: project.place for project in PROJECTS}
_PEOPLE = {person.name: person for person in PEOPLE}
ASKERS = [
    *WRITERS, "stranger", "gone_owner", "frozen_owner", "frozen_member", "loner", "unknown", NOBODY
]  # fmt: skip


def user_id(asker: str) -> UUID | None:
    """What the application says of who asks; `unknown` has an id, and no account."""
    return None if asker == NOBODY else id_of("person", asker)


def _people(cursor: psycopg.Cursor) -> None:
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


def _organizations(cursor: psycopg.Cursor) -> None:
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


def _projects(cursor: psycopg.Cursor) -> None:
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


@dataclass(frozen=True, slots=True)
class Planted:
    """A row: its key, the project, organisation or person it belongs to, and by whom it was written."""

    key: str
    belongs_to: str
    author: str


@dataclass(frozen=True, slots=True)
class World:
    """The planted database, and where each of its rows is."""

    database: Database
    rows: dict[str, list[Planted]]
    leaves: dict[str, str]
    tasks: dict[str, str]
    """The first task of each project, on which new comments and attachments are hung."""
    comments: dict[str, str]
    """And the first comment on it."""
    leaf_kinds: dict[str, Rows]
    """Of each table with partitions, how these differ in owner, rights and policies."""
    _columns: dict[str, list[str]] = field(default_factory=dict)
    _keys: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)

    def columns(self, table: str) -> list[str]:
        """The columns of a table, in order."""
        if table not in self._columns:
            found = self.database.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " ORDER BY attnum",
                self.relation(table),
            )
            self._columns[table] = [name for (name,) in found]
        return self._columns[table]

    def is_view(self, table: str) -> bool:
        """Whether it is a view, which takes no rows."""
        kinds = self.database.rows("SELECT relkind::text FROM pg_class WHERE oid = %s::regclass", self.relation(table))
        return kinds in ([("v",)], [("m",)])

    def in_reach(self, role: str, schema: str) -> bool:
        """Whether the role may name what is in the schema."""
        return self.database.rows("SELECT has_schema_privilege(%s, %s, 'usage')", role, schema) == [(True,)]

    def relation(self, table: str) -> str:
        """What a table is called in SQL: a leaf is named after its parent and its days."""
        return self.leaves.get(table, table)

    def keys(self, table: str, asker: str) -> dict[str, list[str]]:
        """The keys of the rows in each place, as it is for this user."""
        if (table, asker) not in self._keys:
            found = self._keys[table, asker] = {}
            for row in self.rows[table]:
                found.setdefault(_place(TABLES[table].about, row, asker), []).append(row.key)
        return self._keys[table, asker]

    def somebody(self, place: str, asker: str) -> str:
        """The id of a person in a place."""
        return self.keys("auth.users", asker)[place][0]


def _place(about: str, row: Planted, asker: str) -> str:
    me = user_id(asker)
    if about == "organization":
        return row.belongs_to
    if about == "person":
        return "self" if row.belongs_to == asker else _PEOPLE[row.belongs_to].standing
    if about == "project":
        if row.belongs_to.startswith("own_"):
            return "own" if row.belongs_to == f"own_{asker}" else "closed"
        if row.belongs_to == "open" and me is not None and str(me) in row.author:
            return "mine"
        return _PLACE_OF[row.belongs_to]
    return "all"


_NAMES = (
    {str(project.id): project.name or project.place for project in PROJECTS}
    | {str(id_of("organization", name)): name for name in ORGANIZATIONS}
    | {str(id_of("person", person.name)): person.name for person in PEOPLE}
    | {"None": "none"}
)


def _planted(cursor: psycopg.Cursor, table: str, relation: str) -> list[Planted]:
    asked = TABLES[table]
    question = f"SELECT concat_ws(',', {asked.key}), {asked.belongs_to}, {asked.author} FROM {relation}"
    return [
        Planted(str(key), _NAMES[str(owner)], str(author))
        for key, owner, author in cursor.execute(question.encode()).fetchall()
    ]


def _first(cursor: psycopg.Cursor, table: str) -> dict[str, str]:
    """The first row that was planted in each project."""
    question = f"SELECT DISTINCT ON (project_id) project_id, id FROM {table} ORDER BY project_id, id"
    return {_NAMES[str(project)]: str(row) for project, row in cursor.execute(question.encode()).fetchall()}


# The leaf of the running day or month, of each table with partitions.
_LEAF = """
SELECT leaf.partition::text FROM ops.partition_bounds(%s::regclass) AS leaf
 WHERE leaf.lower_bound <= now() AND now() < leaf.upper_bound
"""


_KINDS_OF_LEAVES = """
SELECT DISTINCT relowner::regrole::text, relrowsecurity, relacl::text,
       (SELECT array_agg((polname, polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid))::text ORDER BY polname)
          FROM pg_policy WHERE polrelid = pg_class.oid)::text
  FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
 WHERE inhparent = %s::regclass
"""
# Every statement opens every partition. All being of one kind, three of each table show the same in half the time.
_OTHER_LEAVES = """
SELECT format('DROP TABLE %%s', string_agg(leaf.partition::text, ', '))
  FROM unnest(%s::regclass[]) AS parent CROSS JOIN LATERAL ops.partition_bounds(parent) AS leaf
 WHERE NOT leaf.is_default AND (leaf.upper_bound <= now() OR leaf.lower_bound > now() + interval '1 month')
"""


@contextmanager
def planted(database: Database) -> Iterator[World]:
    """Plant it as a superuser, past every policy. The rows go with the database."""
    conninfo = re.sub(r"dbname=\S+", f"dbname={database.name}", database.server.running.superuser_conninfo)
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        kinds: dict[str, Rows] = {p: cursor.execute(_KINDS_OF_LEAVES, (p,)).fetchall() for p in PARTITIONED}
        ((drop,),) = cursor.execute(_OTHER_LEAVES, (PARTITIONED,)).fetchall()
        cursor.execute(drop)
        _people(cursor)
        _organizations(cursor)
        _projects(cursor)
        cursor.execute(
            "INSERT INTO ops.detached_partitions VALUES ('app.tasks'::regclass, 'app.tasks'::regclass, now(), now())"
        )
        for view in ("project_stats", "user_activity_stats"):
            cursor.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier("analytics", view)))
        leaves = {}
        for parent in PARTITIONED:
            ((leaf,),) = cursor.execute(_LEAF, (parent,)).fetchall()
            leaves[f"part.{parent.partition('.')[2]}"] = str(leaf)
        rows = {table: _planted(cursor, table, leaves.get(table, table)) for table in TABLES}
        tasks = _first(cursor, "app.tasks")
        comments = _first(cursor, "app.comments")
    assert all(rows.values()), "a table without rows tells nothing"
    yield World(database, rows, leaves, tasks, comments, kinds)
