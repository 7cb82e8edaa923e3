"""What row level security costs: the platform's nine queries against the same filtered by hand.

    python -m bench.platform [--major 16] [--rounds 5] [--scale 1]

One side is the application as it is: platform_app, in a transaction that says who asks, with the query of
sql/platform/queries. The other is what a careful programmer would write for the same answer without any policy
(bench/by_hand), as a role that policies do not hold for. Both get the same parameters: users of the largest, of the
smallest and of other organisations, as admins, members and viewers; that the rows are the same is asserted. What is
timed is the statement with its rows, at the client.

The headline is the prepared statement, because it is what the application sends (psycopg prepares what it repeats, and
PgBouncer carries that on), and because it is the harder of the two: planning takes the same on both sides and hides the
difference. The unprepared one and the server's own time for executing the prepared plan stand beside it.

The two sides take turns within each round, and medians are compared, so what else the machine does meets both.
"""

from __future__ import annotations

import gc
import os
import re
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, LiteralString
from uuid import UUID

import psycopg
import typer
from psycopg import sql

from bench.platform_data import load
from bench.platform_database import FOLDER, Place, platform, role_past_policies
from local import engines

GOAL = 1.3
BY_HAND = Path(__file__).with_name("by_hand")
QUERIES = {
    "project_tasks": "tasks of a project",
    "my_open_tasks": "my open tasks",
    "search_tasks": "search tasks",
    "organization_projects": "projects of an organisation",
    "task_comments": "comments of a task",
    "visible_task_count": "count of visible tasks",
    "unread_notifications": "unread notifications",
    "task_by_id": "task by id",
    "latest_tasks": "latest 20 tasks of the organisation",
}
_ROLE = "platform_bench_by_hand"
_PREPARED_AS: LiteralString = "SELECT name FROM pg_catalog.pg_prepared_statements WHERE statement = %s LIMIT 1"
PREPARED, UNPREPARED, EXECUTION = "prepared", "unprepared", "execution"

# The two largest organisations, the two smallest and sixteen in between; in each an admin or owner, a member and a
# viewer, and a task that somebody has commented on, so that there is something to see. Hashes choose, so it is always
# the same.
_ASKERS: LiteralString = """
WITH sizes AS (
    SELECT organization_id, count(*) AS members,
           row_number() OVER (ORDER BY count(*) DESC, organization_id) AS from_top,
           row_number() OVER (ORDER BY count(*), organization_id) AS from_bottom,
           row_number() OVER (ORDER BY md5(organization_id::text)) AS anywhere
      FROM app.organization_members JOIN app.organizations AS live ON live.id = organization_id
     WHERE live.deleted_at IS NULL
     GROUP BY organization_id
), chosen AS (
    SELECT organization_id FROM sizes ORDER BY (from_top <= 2 OR from_bottom <= 2) DESC, anywhere LIMIT 20
), ladder AS (
    SELECT *, row_number() OVER (PARTITION BY organization_id, kind ORDER BY md5(user_id::text)) AS place
      FROM (SELECT organization_id, user_id,
                   CASE role WHEN 'member' THEN 1 WHEN 'viewer' THEN 2 ELSE 0 END AS kind
              FROM app.organization_members JOIN chosen USING (organization_id)
             WHERE status = 'active') AS member
), topics AS (
    SELECT organization_id, project_id, task_id,
           row_number() OVER (PARTITION BY organization_id ORDER BY md5(id::text)) - 1 AS kind
      FROM app.comments JOIN chosen USING (organization_id)
)
SELECT ladder.user_id, ladder.organization_id, topics.project_id, task_id, task.title
  FROM ladder
  JOIN topics USING (organization_id, kind)
  JOIN app.tasks AS task ON task.id = task_id
 WHERE place = 1
 ORDER BY ladder.organization_id, kind
"""
# From the commonest word to one that a score of tasks have, which is the last of each title.
_WORDS = ("report", "report invoice", "audit", '"deploy release"')


@dataclass(frozen=True, slots=True)
class Asker:
    """One set of parameters."""

    user: UUID
    organization: UUID
    project: UUID
    task: UUID
    words: str

    def parameters(self) -> dict[str, object]:
        """By the names that they have in the queries."""
        return {
            "user": self.user,
            "organization": self.organization,
            "project": self.project,
            "task": self.task,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """A query as its file has it, and as psycopg sends it."""

    text: bytes

    @property
    def names(self) -> list[str]:
        """Its parameters in the order in which psycopg numbers them."""
        return list(dict.fromkeys(re.findall(r"%\((\w+)\)s", self.text.decode())))

    @property
    def sent(self) -> str:
        """The text with numbers for names."""
        names = self.names
        text = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", self.text.decode())
        return text.replace("%%", "%")


@dataclass(slots=True)
class Side:
    """One way to ask: whose connection, and each query."""

    connection: psycopg.Connection[Any]
    statements: dict[str, Statement]
    says_who_asks: bool

    @contextmanager
    def _asking(self, asker: Asker) -> Iterator[psycopg.Cursor[Any]]:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            if self.says_who_asks:
                cursor.execute("SELECT set_config('app.current_user_id', %s, true)", (str(asker.user),))
            yield cursor

    def rows(self, query: str, asker: Asker, *, prepare: bool = True) -> tuple[list[tuple[Any, ...]], float]:
        """The answer, and how many seconds it took."""
        text, parameters = self.statements[query].text, asker.parameters()
        with self._asking(asker) as cursor:
            started = time.perf_counter()
            rows = cursor.execute(text, parameters, prepare=prepare).fetchall()
            return rows, time.perf_counter() - started

    def execution(self, query: str, asker: Asker) -> float:
        """How many seconds the server says it took to execute the plan that psycopg has prepared."""
        statement, parameters = self.statements[query], asker.parameters()
        values = sql.SQL(", ").join(sql.Literal(str(parameters[name])) for name in statement.names)
        arguments = sql.SQL("({})").format(values) if statement.names else sql.SQL("")
        with self._asking(asker) as cursor:
            named = cursor.execute(_PREPARED_AS, (statement.sent,)).fetchone()
            assert named is not None, f"{query} is not prepared"
            explain = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {} {}")
            row = cursor.execute(explain.format(sql.Identifier(named[0]), arguments)).fetchone()
        assert row is not None
        return float(row[0][0]["Execution Time"]) / 1000


@dataclass(slots=True)
class Measured:
    """Seconds by query, way of asking and side (0 is with row level security), and the rows that came."""

    seconds: dict[tuple[str, str, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def median(self, query: str, way: str, side: int) -> float:
        """Of all askers and rounds, in milliseconds."""
        return statistics.median(self.seconds[query, way, side]) * 1000

    def ratio(self, query: str, way: str = PREPARED) -> float:
        """How many times as long it takes with row level security."""
        return self.median(query, way, 0) / self.median(query, way, 1)

    def table(self) -> str:
        """In Markdown."""
        ways = (PREPARED, UNPREPARED, EXECUTION)
        lines = [
            "| query | rows | " + " | ".join(f"{way}: policies | by hand | ratio" for way in ways) + " |",
            "|---" * (2 + 3 * len(ways)) + "|",
        ]
        for query, label in QUERIES.items():
            cells = [label, f"{statistics.median(self.rows[query]):.0f}"]
            for way in ways:
                ratio = f"{self.ratio(query, way):.2f}"
                cells += [f"{self.median(query, way, side):.3f}" for side in (0, 1)]
                cells += [f"**{ratio}**" if way == PREPARED else ratio]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


@contextmanager
def both_sides(place: Place) -> Iterator[tuple[Side, Side]]:
    """The application, and who filters by hand."""
    password = secrets.token_urlsafe(16)
    with place.superuser() as superuser, role_past_policies(superuser, _ROLE, password) as role:
        theirs = Place(place.host, place.port, place.dbname, place.superuser_conninfo, lambda _: password)
        with place.login("platform_app") as app, theirs.login(role) as by_hand:
            yield (
                Side(app, _statements(FOLDER / "queries"), True),
                Side(by_hand, _statements(BY_HAND), False),
            )


def _statements(folder: Path) -> dict[str, Statement]:
    return {name: Statement((folder / f"{name}.sql").read_bytes()) for name in QUERIES}


def askers(superuser: psycopg.Connection[Any]) -> list[Asker]:
    """Who asks for what."""
    found = []
    for number, (user, organization, project, task, title) in enumerate(superuser.execute(_ASKERS)):
        words = [*_WORDS, title.split()[-1]][number % (len(_WORDS) + 1)]
        found.append(Asker(user, organization, project, task, words))
    return found


def compare(sides: Sequence[Side], asking: Sequence[Asker]) -> dict[str, list[int]]:
    """Assert that both sides answer the same, and say how many rows each answer has."""
    counts: dict[str, list[int]] = defaultdict(list)
    for asker in asking:
        for query in QUERIES:
            theirs, ours = (side.rows(query, asker)[0] for side in sides)
            assert theirs == ours, f"{query} for {asker}: {theirs} with policies, {ours} by hand"
            counts[query].append(theirs[0][0] if query == "visible_task_count" else len(theirs))
    return counts


def measure(place: Place, rounds: int) -> Measured:
    """Ask everything of both sides, in turn."""
    measured = Measured()
    with place.superuser() as superuser:
        asking = askers(superuser)
    with both_sides(place) as sides:
        measured.rows = compare(sides, asking)  # which also warms up, and lets the server settle on its plans
        gc.disable()
        for number in range(rounds):
            for place_of, asker in enumerate(asking):
                for query in QUERIES:
                    for at in (0, 1) if (number + place_of) % 2 else (1, 0):
                        side = sides[at]
                        measured.seconds[query, PREPARED, at].append(side.rows(query, asker)[1])
                        measured.seconds[query, UNPREPARED, at].append(side.rows(query, asker, prepare=False)[1])
                        measured.seconds[query, EXECUTION, at].append(side.execution(query, asker))
        gc.enable()
    return measured


def main(
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
    rounds: Annotated[int, typer.Option(min=1, help="How often each asker asks everything.")] = 5,
    scale: Annotated[float, typer.Option(min=0.0001, max=10, help="Size of the database; 1 has a million tasks.")] = 1,
) -> None:
    """Measure, print a table in Markdown, and exit 1 when the goal is missed."""
    with platform(major) as place:
        started = time.perf_counter()
        with place.superuser() as superuser:
            sizes = load(superuser, scale)
        loading = time.perf_counter() - started
        measured = measure(place, rounds)
    print(
        f"Medians in ms; PostgreSQL {engines.get(major).version}, {os.cpu_count()} cores; {sizes.tasks} tasks,"
        f" {sizes.comments} comments, {sizes.events} events, {sizes.users} users, {sizes.organizations} organisations"
        f" (loaded in {loading:.0f} s); {len(measured.rows['task_by_id'])} sets of parameters, {rounds} rounds.\n"
    )
    print(measured.table())
    worst = max(QUERIES, key=measured.ratio)
    print(f"\nGoal: at most {GOAL}, prepared; worst: {measured.ratio(worst):.2f} ({QUERIES[worst]})")
    raise typer.Exit(0 if measured.ratio(worst) <= GOAL else 1)


if __name__ == "__main__":
    typer.run(main)
