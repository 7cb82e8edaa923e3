"""What the audit log costs: an UPDATE of projects with its trigger and without.

    python -m bench.audit [--major 16] [--rounds 9]

One row as the application changes it (BEGIN, who asks, UPDATE, COMMIT, each a message of its own), and 20,000 in one
statement; as platform_app, with row level security. The owner switches the trigger off for the other side; the sides
take turns within each round, and medians of rounds are compared. The status is changed, which is in no index, so that
little else is done; a new description, which also goes into the full-text index, stands beside it.

A checkpoint makes the next change of every page write the whole page. None comes while this runs (the limits are far
away), and the round that warms up changes every page after the last one; each measurement finds the table vacuumed, as
autovacuum would keep it. With fsync on, each COMMIT waits for the disk, as in production; with fsync off, what the
trigger itself costs is not hidden behind that.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Annotated, Any, LiteralString

import psycopg
import typer
from psycopg import sql

from bench.platform_database import Place, platform
from local import engines

GOALS = {"one row": 1.3, "20,000 rows": 2.0}
ROWS = 20_000
# Enough for a median that a stray interrupt does not move.
TRANSACTIONS = 300

_SEED: LiteralString = """
INSERT INTO auth.users (email) VALUES ('owner@example.com');
INSERT INTO app.organizations (name, slug, created_by) SELECT 'a', 'a', id FROM auth.users;
INSERT INTO app.organization_members (organization_id, user_id, role)
SELECT organization.id, account.id, 'owner' FROM app.organizations AS organization, auth.users AS account;
INSERT INTO app.projects (organization_id, name, slug, description, created_by)
SELECT organization.id, 'Project ' || n, 'project-' || n, 'What project ' || n || ' is about', account.id
  FROM app.organizations AS organization, auth.users AS account, generate_series(1, {rows}) AS n;
"""
# Each changes the row whatever it was.
_CHANGES: dict[str, LiteralString] = {
    "status": "status = CASE status WHEN 'active' THEN 'archived' ELSE 'active' END",
    "description": "description = reverse(description)",
}


@dataclass(slots=True)
class Bench:
    """A database with projects, and who works in it."""

    one: psycopg.Connection[Any]
    many: psycopg.Connection[Any]
    """Apart: a session keeps the plans of its triggers, and those for many rows are not those for one."""
    superuser: psycopg.Connection[Any]
    user: str
    project: str
    seconds: dict[tuple[str, str, bool], list[float]] = field(default_factory=lambda: defaultdict(list))
    """By number of rows, column, and whether there was an audit; one value for a round."""

    def round(self) -> None:
        """Measure everything once."""
        for column in _CHANGES:
            for audited in (True, False) if len(self.seconds["one row", column, True]) % 2 else (False, True):
                self._switch(audited)
                self.seconds["one row", column, audited].append(self._one_row(column))
                self._switch(audited)
                self.seconds["20,000 rows", column, audited].append(self._update(self.many, column, "true"))

    def _switch(self, audited: bool) -> None:
        switch = sql.SQL("ENABLE" if audited else "DISABLE")
        self.superuser.execute(sql.SQL("ALTER TABLE app.projects {} TRIGGER audit_projects_update").format(switch))
        self.superuser.execute("VACUUM app.projects")

    def _one_row(self, column: str) -> float:
        for _ in range(TRANSACTIONS // 10):  # the switch made the server forget its plans
            self._update(self.one, column, "id = %(project)s")
        return statistics.median(self._update(self.one, column, "id = %(project)s") for _ in range(TRANSACTIONS))

    def _update(self, app: psycopg.Connection[Any], column: str, where: LiteralString) -> float:
        statement = sql.SQL("UPDATE app.projects SET {} WHERE {}").format(sql.SQL(_CHANGES[column]), sql.SQL(where))
        text = statement.as_string(app).encode()
        started = time.perf_counter()
        with app.transaction():
            app.execute("SELECT set_config('app.current_user_id', %s, true)", (self.user,), prepare=True)
            app.execute(text, {"project": self.project}, prepare=True)
        return time.perf_counter() - started


def _measure(place: Place, rounds: int) -> Bench:
    with (
        place.superuser() as superuser,
        place.login("platform_app") as one,
        place.login("platform_app") as many,
    ):
        superuser.execute(sql.SQL(_SEED).format(rows=sql.Literal(ROWS)).as_string(superuser).encode())
        superuser.execute("VACUUM (ANALYZE)")
        row = superuser.execute("SELECT created_by::text, id::text FROM app.projects ORDER BY slug LIMIT 1").fetchone()
        assert row is not None
        bench = Bench(one, many, superuser, *row)
        superuser.execute("CHECKPOINT")
        bench.round()  # warms up
        bench.seconds.clear()
        before = _logged(superuser)
        for _ in range(rounds):
            bench.round()
        per_round = len(_CHANGES) * (ROWS + TRANSACTIONS + TRANSACTIONS // 10)
        assert _logged(superuser) - before == rounds * per_round, "not every change was logged once"
    return bench


def _logged(superuser: psycopg.Connection[Any]) -> int:
    row = superuser.execute("SELECT count(*) FROM audit.audit_log").fetchone()
    assert row is not None
    return int(row[0])


def main(
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
    rounds: Annotated[int, typer.Option(min=1, help="Measured rounds; one more warms up.")] = 9,
) -> None:
    """Measure, print a table in Markdown, and exit 1 when a goal is missed."""
    print(f"Medians of {rounds} rounds in ms; PostgreSQL {engines.get(major).version}, {os.cpu_count()} cores.\n")
    print("| rows | column | fsync | with audit | without | ratio | goal |")
    print("|---|---|---|---|---|---|---|")
    missed = False
    for fsync in ("on", "off"):
        with platform(major, {"fsync": fsync, "full_page_writes": "on"}) as place:
            bench = _measure(place, rounds)
        for rows, goal in GOALS.items():
            for column in _CHANGES:
                audited, plain = (statistics.median(bench.seconds[rows, column, side]) * 1000 for side in (True, False))
                missed |= audited / plain > goal
                cells = [rows, column, fsync, f"{audited:.2f}", f"{plain:.2f}", f"**{audited / plain:.2f}**", f"{goal}"]
                print(f"| {' | '.join(cells)} |")
    raise typer.Exit(int(missed))


if __name__ == "__main__":
    typer.run(main)
