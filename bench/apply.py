"""How long the migrations take on an empty database: the runner against `psql -f` of the same files.

    python -m bench.apply [--rounds 7] [--major 16]

Every round makes three fresh databases with the same bootstrap, and runs the migrations of a service in each over one
connection: with `psql -f`, each file in a transaction, and with the runner, which has that too, splits the files, keeps
ledger and history, and sets timeouts. The goal is about these. (Statement by statement they cannot be run: some become
another role until the end of their transaction.)
Beside it stand the runner's fixed costs: the rest of a run (lock, login roles, bootstrap, fingerprint) and the start of
the command. Servers are throw-away ones with fsync on; rounds alternate, and medians are compared.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import sql
from rich.console import Console
from rich.table import Table

from local import engines
from local.postgres import Temporary, temporary
from schema import apply as applying
from schema import folder, history, lock
from schema.connection import connect
from schema.patience import Patience
from schema.report import Report
from schema.session import Session

REPOSITORY = Path(__file__).resolve().parents[1]
SERVICES = ("platform", "familytales")
GOAL = 1.15
PASSWORD = "benchmark-only"  # noqa: S105 - of a server on loopback that lives for a minute

PSQL, RUNNER = "psql -f, a transaction a file", "the runner"
WHOLE_RUN, COMMAND = "the runner's whole run", "the command, start included"


def _environment(server: Temporary, database: str, service: str) -> dict[str, str]:
    text = (REPOSITORY / "sql" / service / "service.toml").read_text()
    roles = [role["name"] for role in tomllib.loads(text)["login_roles"]]
    return {
        "ESTATE_SERVICE": service,
        "ESTATE_STACK": "local",
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGDATABASE": database,
        "PGSSLMODE": "disable",
        "MASTER_SECRET": json.dumps({"username": server.user, "password": server.password}),
    } | {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": PASSWORD}) for role in roles}


class Round:
    """One service in databases that are made and dropped as they are needed."""

    numbers = itertools.count(1)

    def __init__(self, server: Temporary, service: str) -> None:
        self.server = server
        self.service = service

    def measure(self) -> dict[str, float]:
        """Seconds of each way."""
        return {
            PSQL: self._psql(),
            **self._run(),
            COMMAND: self._command(),
        }

    def _database(self) -> str:
        name = f"{self.service}_{next(self.numbers)}"
        with psycopg.connect(self.server.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def _psql(self) -> float:
        database = self._database()
        with self._session(database) as (session, found):
            applying.bootstrap(session, found)
        command = [self.server.engine.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1"]
        command += ["-c", f"SET ROLE {self.service}_owner", "-c", "SET search_path = public"]
        for path in sorted((REPOSITORY / "sql" / self.service / "migrations").glob("*.sql")):
            if path.name.endswith(".down.sql"):
                continue
            command += ["-c", "BEGIN", "-f", str(path), "-c", "COMMIT"]
        where = {"PGHOST": self.server.host, "PGPORT": str(self.server.port), "PGDATABASE": database}
        who = {"PGUSER": self.server.user, "PGPASSWORD": self.server.password, "PGSSLMODE": "disable"}
        started = time.perf_counter()
        subprocess.run(command, env={"PATH": os.defpath, **where, **who}, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    def _session(self, database: str) -> _Connected:
        return _Connected(_environment(self.server, database, self.service), self.service)

    def _run(self) -> dict[str, float]:
        database = self._database()
        with self._session(database) as (session, found), redirect_stdout(StringIO()):
            applying.bootstrap(session, found)
        with (
            self._session(database) as (session, found),
            redirect_stdout(StringIO()),
            lock.held(session.connection, database, session.patience, session.report) as held,
        ):
            started = time.perf_counter()
            for file in found.migrations:
                applying.apply_one(session, file, held, resumed=False)
            migrations = time.perf_counter() - started
        with self._session(self._database()) as (session, found), redirect_stdout(StringIO()):
            started = time.perf_counter()
            applying.run(session, found)
            whole = time.perf_counter() - started
        return {RUNNER: migrations, WHOLE_RUN: whole}

    def _command(self) -> float:
        environment = {"PATH": os.defpath} | _environment(self.server, self._database(), self.service)
        started = time.perf_counter()
        command = [sys.executable, "-m", "schema", "apply"]
        subprocess.run(command, env=environment, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


class _Connected:
    """A session as the command has it, made outside of what is measured."""

    def __init__(self, environment: dict[str, str], service: str) -> None:
        self._found = folder.folder_and_settings(REPOSITORY / "sql" / service, environment, with_roles=True)
        patience, report = Patience(), Report(as_json=True)
        connection = connect(self._found.settings, patience, report)
        origin = history.origin(environment)
        self._session = Session(connection, self._found.folder.service, self._found.settings, origin, patience, report)

    def __enter__(self) -> tuple[Session, folder.Folder]:
        return self._session, self._found.folder

    def __exit__(self, *error: object) -> None:
        self._session.connection.close()


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Measured rounds; one more warms up.")] = 7,
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
) -> None:
    """Measure both services and print the medians; exit 1 when the goal is missed."""
    table = Table("service", "way", "median ms", "ratio to psql")
    worst = 0.0
    with temporary(major, settings={"fsync": "on", "full_page_writes": "on"}) as server:
        for service in SERVICES:
            measured = [Round(server, service).measure() for _ in range(rounds + 1)][1:]  # the first warms up
            medians = {way: statistics.median(one[way] for one in measured) for way in measured[0]}
            for way, seconds in medians.items():
                ratio = f"{seconds / medians[PSQL]:.2f}" if way not in (WHOLE_RUN, COMMAND) else "-"
                table.add_row(service, way, f"{seconds * 1000:.0f}", ratio)
            worst = max(worst, medians[RUNNER] / medians[PSQL])
    Console().print(table)
    print(f"PostgreSQL {engines.get(major).version}, {rounds} rounds; goal: at most {GOAL}; worst: {worst:.2f}")
    raise typer.Exit(0 if worst <= GOAL else 1)


if __name__ == "__main__":
    typer.run(main)
