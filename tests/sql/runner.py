"""The migration runner as its container starts it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from schema import folder, history
from schema.cli import app
from schema.connection import connect
from schema.folder import Folder
from schema.patience import Patience
from schema.report import Report
from schema.session import Session
from tests.sql.databases import Database, Rows, password_of

_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Runner:
    """`python -m schema` for one service and one database."""

    database: Database
    service: str
    sql: Path = _REPOSITORY / "sql"
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def roles(self) -> list[str]:
        data = tomllib.loads((self.sql / self.service / "service.toml").read_text())
        return [role["name"] for role in data["login_roles"]]

    def environment(self) -> dict[str, str]:
        running = self.database.server.running
        secrets = {role: self.passwords.get(role, password_of(role)) for role in self.roles}
        return {
            "ESTATE_SERVICE": self.service,
            "ESTATE_STACK": "local",
            "PGHOST": running.host,
            "PGPORT": str(running.port),
            "PGDATABASE": self.database.name,
            "PGSSLMODE": "disable",
            "MASTER_SECRET": json.dumps({"username": running.user, "password": running.password}),
        } | {
            f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": password})
            for role, password in secrets.items()
        }

    def _with_folder(self, arguments: tuple[str, ...]) -> list[str]:
        return [arguments[0], "--sql", str(self.sql), *arguments[1:]]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The command as a process of its own, for what runs beside it or ends it."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "schema", *self._with_folder(arguments)],
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"} | self.environment() | environment,
            cwd=_REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The same command in this process: it saves half a second of imports in each of a hundred runs."""
        words = self._with_folder(arguments)
        done = CliRunner().invoke(app, words, env=self.environment() | environment, catch_exceptions=False)
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def apply(self, *arguments: str) -> str:
        """Apply, which must go well; the last line."""
        done = self.run("apply", *arguments)
        if done.returncode:
            pytest.fail(f"apply ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout.splitlines()[-1]

    @contextmanager
    def session(self, patience: Patience) -> Iterator[tuple[Session, Folder]]:
        """What a command works with, for a test that chooses how patient it is."""
        found = folder.folder_and_settings(self.sql / self.service, self.environment(), with_roles=True)
        report = Report(as_json=True)
        origin = history.Origin("tests", "here")
        with connect(found.settings, patience, report) as connection:
            yield Session(connection, found.folder.service, found.settings, origin, patience, report), found.folder

    def session_of_sqlx(self) -> psycopg.Connection:
        """A connection that works as `sqlx migrate run` does: for the owner, in schema public."""
        connection = self.database.master()
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"{self.service}_owner")))
        return connection

    def checksum(self, name: str) -> bytes:
        """What sqlx keeps of a file."""
        return hashlib.sha384((self.sql / self.service / "migrations" / name).read_bytes()).digest()

    def write(self, name: str, text: str) -> Path:
        path = self.sql / self.service / "migrations" / name
        path.write_text(text)
        return path

    def ledger(self) -> Rows:
        return self.database.rows("SELECT * FROM public._sqlx_migrations ORDER BY version")

    def versions(self) -> list[int]:
        return [row[0] for row in self.ledger()]


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a runner that was started."""
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def ending_with(service: str, number: int, folder: Path) -> Path:
    """A copy of the services in which one ends with a migration, as it once did."""
    shutil.copytree(_REPOSITORY / "sql", folder / "sql", symlinks=True)
    for file in (folder / "sql" / service / "migrations").iterdir():
        if int(file.name[:4]) > number:
            file.unlink()
    return folder / "sql"
