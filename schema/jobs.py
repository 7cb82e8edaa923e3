"""The results of a service's jobs, kept in the database: one row for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from schema import history
from schema.history import Origin

DONE, FAILED, RUNNING = 0, 1, 75
"""Exit codes of a job. 75 is EX_TEMPFAIL of sysexits.h: somebody else is at it, try again later."""

EXPECTED = "expected"
"""The outcome in the row of a job that never ran: from then on it is waited for."""

CREATE = """
    CREATE TABLE IF NOT EXISTS public._schema_jobs (
        id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job            text        NOT NULL,
        started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at    timestamptz,
        outcome        text        NOT NULL DEFAULT 'running',
        exit_code      integer,
        statements     integer     NOT NULL DEFAULT 0,
        affected_rows  bigint      NOT NULL DEFAULT 0,
        error          text,
        actor          text        NOT NULL,
        host           text        NOT NULL,
        runner_version text        NOT NULL
    )
"""


@dataclass(slots=True)
class Result:
    """What became of one job."""

    job: str
    exit_code: int = DONE
    seconds: float = 0.0
    statements: int = 0
    affected_rows: int = 0
    error: str | None = None
    after_a_failure: bool = False
    """The run before this one failed, or was killed."""
    failure: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """In one word."""
        return {DONE: "done", FAILED: "failed", RUNNING: "running elsewhere"}[self.exit_code]

    def document(self) -> dict[str, Any]:
        """The result as JSON may hold it."""
        return {
            "job": self.job,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "statements": self.statements,
            "affected_rows": self.affected_rows,
            "error": self.error,
            "failure": self.failure or None,
        }


def begin(connection: psycopg.Connection, result: Result, origin: Origin) -> int:
    """Write a row that says the job runs; its id. To be called with the job's lock: whoever has it is alone, so a row
    that still says so is of a run that was killed.
    """
    connection.execute(
        "UPDATE public._schema_jobs SET outcome = 'lost', finished_at = clock_timestamp()"
        " WHERE job = %s AND outcome = 'running'",
        (result.job,),
    )
    last = connection.execute(
        "SELECT outcome <> 'done' FROM public._schema_jobs WHERE job = %s AND outcome <> %s ORDER BY id DESC LIMIT 1",
        (result.job, EXPECTED),
    ).fetchone()
    result.after_a_failure = bool(last and last[0])
    row = connection.execute(
        "INSERT INTO public._schema_jobs (job, actor, host, runner_version) VALUES (%s, %s, %s, %s) RETURNING id",
        (result.job, origin.actor, origin.host, history.runner_version()),
    ).fetchone()
    assert row is not None
    return int(row[0])


def finish(connection: psycopg.Connection, number: int, result: Result) -> None:
    """Write the result into the job's row."""
    connection.execute(
        "UPDATE public._schema_jobs SET finished_at = clock_timestamp(), outcome = %s, exit_code = %s, statements = %s,"
        " affected_rows = %s, error = %s WHERE id = %s",
        (result.outcome, result.exit_code, result.statements, result.affected_rows, result.error, number),
    )


def expect(connection: psycopg.Connection, names: Sequence[str], origin: Origin) -> None:
    """Write a row for each job that has none: it is younger than the database, and nobody ran it yet."""
    connection.execute(
        "INSERT INTO public._schema_jobs (job, finished_at, outcome, actor, host, runner_version)"
        " SELECT name, clock_timestamp(), %s, %s, %s, %s FROM pg_catalog.unnest(%s::text[]) AS name"
        "  WHERE NOT EXISTS (SELECT FROM public._schema_jobs WHERE job = name)",
        (EXPECTED, origin.actor, origin.host, history.runner_version(), list(names)),
    )


def standings(connection: psycopg.Connection) -> dict[str, tuple[datetime | None, timedelta, str | None]]:
    """For each job that has a row: when it last came to a good end, how long ago that was, or it was first heard of,
    and the outcome of its last run; by the server's clock, as the rows are.
    """
    rows = connection.execute(
        "SELECT job, max(finished_at) FILTER (WHERE outcome = 'done'),"
        "       clock_timestamp() - coalesce(max(finished_at) FILTER (WHERE outcome = 'done'), min(started_at)),"
        "       (array_agg(outcome ORDER BY id DESC) FILTER (WHERE outcome <> %s))[1]"
        "  FROM public._schema_jobs GROUP BY job",
        (EXPECTED,),
    )
    return {job: (done, age, last) for job, done, age, last in rows}
