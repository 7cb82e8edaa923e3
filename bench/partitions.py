"""How long partition maintenance blocks whoever uses the table meanwhile.

    python -m bench.partitions [--major 16] [--partitions 100]

Two readers of app.tasks, one writer of tasks and one of users work without pause in between, each statement timed. With
them runs a report that keeps a transaction on app.tasks open for six seconds. Meanwhile partitions are made: by the
job, as `python -m schema maintain` runs it, and in the form of the design that this repository started from (CREATE
TABLE … PARTITION OF, all in one transaction). Another run lets the job drop as many. Each has a database of its own.
What nobody disturbs is measured beside it, for a busy machine has pauses of its own. The goal: nobody waits for longer
than 100 ms because of the job.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Annotated, LiteralString

import psycopg
import typer
from psycopg import sql

from local import engines
from local.postgres import Temporary, temporary
from schema import apply as applying
from schema import folder, history, maintain
from schema.connection import connect
from schema.patience import Patience
from schema.report import Report
from schema.session import Session

REPOSITORY = Path(__file__).resolve().parents[1]
GOAL = 0.1
REPORT_SECONDS = 6.0
# Longer than anything is expected to take; what hangs for longer ends the benchmark.
LIMIT = 120.0

READER, EVERYTHING = "reader of a month", "reader of all months"
TASKS, USERS = "writer of tasks", "writer of users"
STATEMENTS: dict[str, LiteralString] = {
    READER: "SELECT count(*) FROM app.tasks WHERE created_at >= date_trunc('month', now())",
    EVERYTHING: "SELECT max(title) FROM app.tasks WHERE project_id = (SELECT id FROM app.projects LIMIT 1)",
    TASKS: "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
    " SELECT organization_id, id, 'a task', created_by FROM app.projects",
    USERS: "UPDATE auth.users SET last_name = 'busy'",
}
_SEED: LiteralString = """
INSERT INTO auth.users (email) VALUES ('a@example.com');
INSERT INTO app.organizations (name, slug) VALUES ('a', 'a');
INSERT INTO app.projects (organization_id, name, slug, created_by)
SELECT o.id, 'a', 'a', u.id FROM app.organizations AS o, auth.users AS u;
INSERT INTO app.tasks (organization_id, project_id, title)
SELECT organization_id, id, 'a task' FROM app.projects, generate_series(1, 2000);
"""


class Bench:
    """One database with the platform's schema."""

    def __init__(self, server: Temporary, name: str) -> None:
        self.server = server
        self.name = name
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with self._session() as (session, found), redirect_stdout(StringIO()):
            applying.run(session, found)
        with self.connect() as owner:
            owner.execute(_SEED)

    def connect(self) -> psycopg.Connection:
        """A connection of the owner's."""
        connection = psycopg.connect(self.server.conninfo, dbname=self.name, autocommit=True)
        connection.execute("SET ROLE platform_owner")
        return connection

    @contextmanager
    def _session(self) -> Iterator[tuple[Session, folder.Folder]]:
        path = REPOSITORY / "sql/platform"
        roles = [role["name"] for role in tomllib.loads((path / "service.toml").read_text())["login_roles"]]
        password = "benchmark-only"  # noqa: S105 - of a server on loopback that lives for a minute
        environment = {
            "ESTATE_SERVICE": "platform",
            "ESTATE_STACK": "local",
            "PGHOST": self.server.host,
            "PGPORT": str(self.server.port),
            "PGDATABASE": self.name,
            "PGSSLMODE": "disable",
            "MASTER_SECRET": json.dumps({"username": self.server.user, "password": self.server.password}),
        } | {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": password}) for role in roles}
        found = folder.folder_and_settings(path, environment, with_roles=True)
        patience, report = Patience(), Report(as_json=True)
        with connect(found.settings, patience, report) as connection:
            origin = history.origin(environment)
            yield (
                Session(connection, found.folder.service, found.settings, origin, patience, report),
                found.folder,
            )

    def job(self) -> None:
        """`python -m schema maintain partitions`."""
        with self._session() as (session, found), redirect_stdout(StringIO()):
            code = maintain.run(session, maintain.chosen(found, ["partitions"]))
        assert code == 0, f"the job ended with {code}"

    def premake(self, months: int) -> None:
        """Change how many partitions the job makes."""
        with self.connect() as owner:
            owner.execute("UPDATE ops.partition_policy SET premake = %s WHERE prefix = 'tasks'", (months,))

    def in_one_transaction(self, first: int, number: int) -> None:
        """Partitions in the form of the first design."""
        with self.connect() as owner, owner.transaction():
            owner.execute("SET LOCAL timezone = 'UTC'")
            for ahead in range(first, first + number):
                owner.execute(
                    sql.SQL("CREATE TABLE part.{} PARTITION OF app.tasks FOR VALUES FROM ({}) TO ({})").format(
                        sql.Identifier(f"tasks_ahead_{ahead}"), self._month(owner, ahead), self._month(owner, ahead + 1)
                    )
                )

    @staticmethod
    def _month(owner: psycopg.Connection, ahead: int) -> sql.Literal:
        row = owner.execute(
            "SELECT (date_trunc('month', now()) + make_interval(months => %s))::text", (ahead,)
        ).fetchone()
        assert row is not None
        return sql.Literal(row[0])

    def partitions(self) -> int:
        """How many app.tasks has."""
        with self.connect() as owner:
            row = owner.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'app.tasks'::regclass").fetchone()
        assert row is not None
        return int(row[0])


class Traffic:
    """Sessions that use the table, and how long each of their statements took."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.stop = threading.Event()
        self.took: dict[str, list[float]] = defaultdict(list)
        self.failed: list[BaseException] = []

    def _work(self, name: str) -> None:
        try:
            with self.bench.connect() as connection:
                while not self.stop.is_set():
                    started = time.perf_counter()
                    connection.execute(STATEMENTS[name])
                    self.took[name].append(time.perf_counter() - started)
                    time.sleep(0.002)
        except BaseException as error:
            self.failed.append(error)

    def _report(self) -> None:
        with self.bench.connect() as connection, connection.transaction():
            connection.execute("SELECT count(*) FROM app.tasks")
            time.sleep(REPORT_SECONDS)

    def beside(self, work: Callable[[], object]) -> float:
        """Seconds that the work takes while everybody is busy and the report is open."""
        threads = [threading.Thread(target=self._work, args=(name,)) for name in STATEMENTS]
        for thread in threads:
            thread.start()
        time.sleep(1)
        report = threading.Thread(target=self._report)
        report.start()
        time.sleep(0.3)
        started = time.perf_counter()
        try:
            work()
        finally:
            seconds = time.perf_counter() - started
            report.join(LIMIT)
            self.stop.set()
            for thread in threads:
                thread.join(LIMIT)
        assert not self.failed, self.failed
        return seconds


def _row(label: str, traffic: Traffic, seconds: float) -> str:
    longest = [f"{max(traffic.took[name]) * 1000:.0f}" for name in STATEMENTS]
    every = sorted(one for some in traffic.took.values() for one in some)
    middle = f"{statistics.median(every) * 1000:.1f}"
    return f"| {label} | {seconds:.1f} s | {' | '.join(longest)} | {middle} |"


def main(
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
    partitions: Annotated[int, typer.Option(min=1, max=300, help="How many are made.")] = 100,
) -> None:
    """Measure, print a table in Markdown, and exit 1 when the goal is missed."""
    rows = []
    with temporary(major, settings={"fsync": "on", "full_page_writes": "on"}) as server:
        making = Bench(server, "making")
        before = making.partitions()
        quiet = Traffic(making)
        rows.append(_row("nothing", quiet, quiet.beside(lambda: time.sleep(REPORT_SECONDS))))

        making.premake(12 + partitions)
        made = Traffic(making)
        rows.append(_row(f"the job makes {partitions} partitions", made, made.beside(making.job)))
        assert making.partitions() == before + partitions, making.partitions()

        dropping = Bench(server, "dropping")
        with dropping.connect() as owner:
            # As old as the policy wants them gone; nothing is in them.
            owner.execute("SELECT ops.create_months('app.tasks', 'tasks', %s, -26)", (-25 - partitions,))
        dropped = Traffic(dropping)
        rows.append(_row(f"the job drops {partitions} partitions", dropped, dropped.beside(dropping.job)))
        assert dropping.partitions() == before, dropping.partitions()

        theirs = Bench(server, "theirs")
        old = Traffic(theirs)
        seconds = old.beside(lambda: theirs.in_one_transaction(13, partitions))
        rows.append(_row(f"{partitions} × PARTITION OF, one transaction", old, seconds))
        assert theirs.partitions() == before + partitions, theirs.partitions()
    print(f"Longest time in ms that a statement took, PostgreSQL {engines.get(major).version}, a report of 6 s open:\n")
    print(f"| what is going on | it took | {' | '.join(STATEMENTS)} | median of all |")
    print("|---" * (len(STATEMENTS) + 3) + "|")
    print("\n".join(rows))
    usual = max(max(some) for some in quiet.took.values())
    worst = max(max(some) for traffic in (made, dropped) for some in traffic.took.values())
    print(
        f"\nGoal: at most {GOAL * 1000:.0f} ms; worst beside the job: {worst * 1000:.0f}; "
        f"undisturbed: {usual * 1000:.0f}"
    )
    raise typer.Exit(0 if worst <= GOAL else 1)


if __name__ == "__main__":
    typer.run(main)
