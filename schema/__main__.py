"""The command line of the runner."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import psycopg
import typer

from schema import apply as applying
from schema import ledger, settings
from schema import service as services
from schema import status as comparing
from schema.connection import connect
from schema.errors import BadInput, SchemaError
from schema.patience import Patience
from schema.report import Report

# 128 + the number of the signal, as shells say it.
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM

_PATIENCE = Patience()

_SQL = Path(__file__).resolve().parent.parent / "sql"

# Tracebacks with local variables would print secrets.
app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=False, help=__doc__)

SqlFolder = Annotated[Path, typer.Option("--sql", help="Folder that holds a folder for each service.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")]
ConnectWait = Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that is not there yet.")]
LockWait = Annotated[float, typer.Option(min=0, help="Seconds to wait for another runner.")]


class Terminated(KeyboardInterrupt):
    """SIGTERM. Being a KeyboardInterrupt it cancels a running query and rolls back, just as Ctrl-C does."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _guarded(report: Report, work: Callable[[], None]) -> None:
    """Run a command and turn what stops it into its exit code."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        work()
    except SchemaError as error:
        report.fail(list(error.problems) if isinstance(error, BadInput) else [str(error)])
        raise typer.Exit(error.exit_code) from None
    except psycopg.Error as error:
        # Not its str(): that may quote the statement.
        words = error.diag.message_primary or type(error).__name__
        report.fail([f"{words} (SQLSTATE {error.sqlstate or 'unknown'}); nothing was left half done, run again"])
        raise typer.Exit(SchemaError.exit_code) from None
    except Terminated:
        report.fail(["ended by SIGTERM; the file that was running was rolled back"])
        raise typer.Exit(_TERMINATED) from None
    except KeyboardInterrupt:
        report.fail(["interrupted; the file that was running was rolled back"])
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _read(sql: Path, with_roles: bool) -> tuple[applying.Plan, settings.Settings]:
    """Read folder and environment; what is wrong with either is reported together."""
    service = services.load(sql / settings.service_name(os.environ))
    names = [role.name for role in service.roles] if with_roles else []
    problems: list[str] = []
    plan = chosen = None
    try:
        chosen = settings.load(os.environ, names)
    except BadInput as bad:
        problems += bad.problems
    try:
        plan = applying.load(service)
    except BadInput as bad:
        problems += bad.problems
    if plan is None or chosen is None:
        raise BadInput(problems)
    return plan, chosen


@app.command()
def apply(
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
    lock_wait: LockWait = _PATIENCE.lock,
) -> None:
    """Create the login roles, run bootstrap/ and apply every migration that the database has not had."""
    report = Report(as_json)

    def work() -> None:
        plan, chosen = _read(sql, with_roles=True)
        patience = replace(_PATIENCE, connect=connect_wait, lock=lock_wait)
        with closing(connect(chosen, patience, report)) as connection:
            applying.run(connection, plan, chosen, patience, report)

    _guarded(report, work)


@app.command()
def status(sql: SqlFolder = _SQL, as_json: AsJson = False, connect_wait: ConnectWait = _PATIENCE.connect) -> None:
    """Show each migration: applied, pending, edited since, or missing its file. Changes nothing."""
    report = Report(as_json)

    def work() -> None:
        plan, chosen = _read(sql, with_roles=False)
        with closing(connect(chosen, replace(_PATIENCE, connect=connect_wait), report)) as connection:
            entries = comparing.rows(plan.migrations, ledger.read(connection))
        report.finish(
            "\n".join(comparing.lines(entries)),
            {"service": plan.service.name, "database": chosen.database, "migrations": entries},
        )

    _guarded(report, work)


if __name__ == "__main__":
    app(prog_name="python -m schema")
    sys.exit(0)
