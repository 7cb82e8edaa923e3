"""A throw-away server with the platform's schema, for the benchmarks of the platform."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from local.postgres import temporary
from schema import apply as applying
from schema import folder, history
from schema.connection import connect
from schema.patience import Patience
from schema.report import Report
from schema.session import Session

FOLDER = Path(__file__).resolve().parents[1] / "sql/platform"
_PASSWORD = "benchmark-only"  # noqa: S105 - of a server on loopback that lives for a minute
_NAME = "platform"

# What the estate's parameter groups set and what changes plans; a quarter of a small instance's memory for the buffers.
# Autovacuum would work beside what is measured; the benchmarks vacuum where it would have.
SETTINGS: Mapping[str, str] = {
    "random_page_cost": "1.1",
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a platform database is, and how one gets in."""

    host: str
    port: int
    dbname: str
    superuser_conninfo: str
    password_of: Callable[[str], str]

    def login(self, role: str) -> psycopg.Connection[Any]:
        """A connection of a login role's."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.dbname,
            user=role,
            password=self.password_of(role),
            sslmode="disable",
            autocommit=True,
        )

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection of the superuser's, whom no application ever is."""
        return psycopg.connect(self.superuser_conninfo, autocommit=True)


@contextmanager
def platform(major: str, settings: Mapping[str, str] | None = None) -> Iterator[Place]:
    """A server of this major with an empty platform database, migrated by the runner."""
    roles = [role["name"] for role in tomllib.loads((FOLDER / "service.toml").read_text())["login_roles"]]
    with temporary(major, dbname=_NAME, settings={**SETTINGS, **(settings or {})}) as server:
        environment = {
            "ESTATE_SERVICE": "platform",
            "ESTATE_STACK": "local",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGDATABASE": _NAME,
            "PGSSLMODE": "disable",
            "MASTER_SECRET": json.dumps({"username": server.user, "password": server.password}),
        } | {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": _PASSWORD}) for role in roles}
        found = folder.folder_and_settings(FOLDER, environment, with_roles=True)
        patience, report = Patience(), Report(as_json=True)
        with connect(found.settings, patience, report) as connection, redirect_stdout(StringIO()):
            origin = history.origin(environment)
            session = Session(connection, found.folder.service, found.settings, origin, patience, report)
            applying.run(session, found.folder)
        yield Place(server.host, server.port, _NAME, server.superuser_conninfo, lambda role: _PASSWORD)


@contextmanager
def role_past_policies(superuser: psycopg.Connection[Any], name: str, password: str) -> Iterator[str]:
    """A login role that row level security does not hold for, and that reads everything."""
    role = sql.Identifier(name)
    superuser.execute(
        sql.SQL("CREATE ROLE {} LOGIN BYPASSRLS PASSWORD {} IN ROLE pg_read_all_data").format(
            role, sql.Literal(password)
        )
    )
    try:
        database = superuser.info.dbname
        superuser.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), role))
        yield name
    finally:
        superuser.execute(sql.SQL("DROP OWNED BY {}").format(role))
        superuser.execute(sql.SQL("DROP ROLE {}").format(role))
