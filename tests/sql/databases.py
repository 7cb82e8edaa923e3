"""Databases on a throw-away server, and ways in for each kind of user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from local import engines
from local.postgres import Temporary

# What the estate promises to work on: 15 and 16 are what the services run, 18 is where they go next.
MAJORS = [major for major in ("15", "16", "18") if major in engines.installed()]
NEWEST = MAJORS[-1]
# Those whose build has pgvector. On the others there is nothing of it to ask.
WITH_VECTOR = [major for major in MAJORS if engines.get(major).has_library("vector")]

Rows = list[tuple[Any, ...]]


def password_of(role: str) -> str:
    """The password that tests give a login role."""
    return f"s3cret'of {role}"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    running: Temporary
    kept: dict[tuple[str, str], psycopg.Connection] = field(default_factory=dict, repr=False, compare=False)
    """Connections by database and user. A login costs more than most of what tests ask."""

    def keep(self, database: str, user: str, password: str) -> psycopg.Connection:
        connection = self.kept.get((database, user))
        if connection is None or connection.closed:
            connection = self.kept[database, user] = self.connect(database, user, password)
        return connection

    def forget(self, database: str | None = None) -> None:
        """Close what is kept for a database, or for all."""
        for key in [key for key in self.kept if database in (None, key[0])]:
            self.kept.pop(key).close()

    def connect(self, database: str, user: str, password: str) -> psycopg.Connection:
        return psycopg.connect(
            host=self.running.host,
            port=self.running.port,
            dbname=database,
            user=user,
            password=password,
            sslmode="disable",
            autocommit=True,
        )

    def as_master(self, database: str = "empty") -> psycopg.Connection:
        return self.connect(database, self.running.user, self.running.password)

    def create(self, name: str) -> None:
        self._kept_master().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop(self, name: str) -> None:
        self.forget(name)
        # As the superuser: autovacuum, which is one, may be in it just now.
        with psycopg.connect(self.running.superuser_conninfo, autocommit=True) as superuser:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _kept_master(self) -> psycopg.Connection:
        return self.keep("empty", self.running.user, self.running.password)

    @contextmanager
    def database(self, name: str) -> Iterator[Database]:
        self.create(name)
        try:
            yield Database(self, name)
        finally:
            self.drop(name)


@dataclass(frozen=True, slots=True)
class Database:
    """One database."""

    server: Server
    name: str

    def login(self, role: str, password: str | None = None) -> psycopg.Connection:
        return self.server.connect(self.name, role, password_of(role) if password is None else password)

    def master(self) -> psycopg.Connection:
        return self.server.as_master(self.name)

    def superuser(self) -> psycopg.Connection:
        """For what belongs to the whole server. In a database beside this one, which may be dropped any moment."""
        return psycopg.connect(self.server.running.superuser_conninfo, autocommit=True)

    def rows(self, query: LiteralString, *values: object) -> Rows:
        """What the master user, who is a member of the owner, sees."""
        return self._kept_master().execute(query, values).fetchall()

    def run(self, query: LiteralString, *values: object) -> None:
        """Do something as the master user."""
        self._kept_master().execute(query, values)

    def _kept_master(self) -> psycopg.Connection:
        return self.server.keep(self.name, self.server.running.user, self.server.running.password)

    def empty(self, table: str) -> None:
        """Delete every row, and with them what hangs on them."""
        self._kept_master().execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table.split("."))))

    def asked_by(self, role: str, user_id: object, query: LiteralString, *values: object) -> Rows:
        """What a role sees, or does, in a transaction in which it says who its user is (None: it does not say)."""
        connection = self.server.keep(self.name, role, password_of(role))
        with connection.transaction():
            if user_id is not None:
                connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user_id),))
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []
