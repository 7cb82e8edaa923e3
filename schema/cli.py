"""The command line of the runner."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import psycopg
import typer
from typer.core import TyperGroup

from schema import apply as applying
from schema import baseline as baselining
from schema import folder, history, maintain, settings
from schema import overdue as waiting
from schema import plan as planning
from schema import reach as reaching
from schema import revert as reverting
from schema import status as comparing
from schema import verify as verifying
from schema.connection import connect
from schema.errors import BadInput, Drifted, SchemaError
from schema.folder import Folder
from schema.patience import Patience
from schema.report import Report
from schema.session import Session

# 128 + the number of the signal, as shells say it.
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM

_PATIENCE = Patience()

_SQL = Path(__file__).resolve().parent.parent / "sql"

EXIT_CODES = (
    f"Exit codes: 0 done; {SchemaError.exit_code} it failed, a job is overdue, or a role does not get through; "
    f"{BadInput.exit_code} the input is wrong, nothing was changed; 3 refused, since it would lose data or has to be "
    f"named in full; {Drifted.exit_code} verify found a difference; 75 the job runs elsewhere; "
    f"{_INTERRUPTED}, {_TERMINATED} ended by a signal."
)


class OneLine(TyperGroup):
    """Says what is wrong with a command line in one line, as with every other input."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command and exit with its code."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except _WRONG_USAGE as error:
            print(f"error: {' '.join(error.format_message().split())}", file=sys.stderr)
            code = BadInput.exit_code
        sys.exit(code if isinstance(code, int) else 0)


# Typer exports what is wrong with one value; its base is what is wrong with a command line.
_WRONG_USAGE: Any = typer.BadParameter.__mro__[1]

# Tracebacks with local variables would print secrets.
app = typer.Typer(
    cls=OneLine,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    help="Give one service's database its roles and its schema, and keep both. The environment says which database: "
    "ESTATE_SERVICE, PGHOST, PGDATABASE, PGSSLMODE, MASTER_SECRET and ROLE_SECRET_<role>; see docs/schema.md.",
    epilog=EXIT_CODES,
)

SqlFolder = Annotated[Path, typer.Option("--sql", help="Folder that holds a folder for each service.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")]
ConnectWait = Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that is not there yet.")]
LockWait = Annotated[float, typer.Option(min=0, help="Seconds to wait for another runner.")]
Number = Annotated[int, typer.Option("--to", min=1, help="Number of the last migration that the database has had.")]


class Terminated(KeyboardInterrupt):
    """SIGTERM. Being a KeyboardInterrupt it cancels a running query and rolls back, just as Ctrl-C does."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _guarded(report: Report, work: Callable[[], None]) -> None:
    """Run a command and turn what stops it into its exit code."""
    left = "a file that was running was rolled back, or is finished by the next `apply`"
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        work()
    except SchemaError as error:
        report.fail(error.problems, error.document)
        raise typer.Exit(error.exit_code) from None
    except psycopg.Error as error:
        # Not its str(): that may quote the statement.
        words = error.diag.message_primary or type(error).__name__
        report.fail([f"{words} (SQLSTATE {error.sqlstate or 'unknown'}); {left}, so run it again"])
        raise typer.Exit(SchemaError.exit_code) from None
    except Exception as error:  # a defect of this program; its words may hold anything, so they are not shown
        where = traceback.extract_tb(error.__traceback__)[-1]
        report.fail([f"defect: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}; {left}"])
        raise typer.Exit(SchemaError.exit_code) from None
    except Terminated:
        report.fail([f"ended by SIGTERM; {left}"])
        raise typer.Exit(_TERMINATED) from None
    except KeyboardInterrupt:
        report.fail([f"interrupted; {left}"])
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


Work = Callable[[Session, Folder], None]


def _with_session(report: Report, sql: Path, patience: Patience, work: Work, *, with_roles: bool) -> None:
    """Read folder and environment, whose problems are reported together; connect; do the work."""
    path = sql / settings.service_name(os.environ)
    found = folder.folder_and_settings(path, os.environ, with_roles=with_roles)
    with closing(connect(found.settings, patience, report)) as connection:
        origin = history.origin(os.environ)
        session = Session(connection, found.folder.service, found.settings, origin, patience, report)
        work(session, found.folder)


def _run(
    work: Work,
    sql: Path,
    as_json: bool,
    connect_wait: float,
    lock_wait: float = _PATIENCE.lock,
    *,
    with_roles: bool = False,
) -> None:
    """Do a command's work in a session of its own; its failure is a few lines and an exit code."""
    report = Report(as_json)
    patience = replace(_PATIENCE, connect=connect_wait, lock=lock_wait)
    _guarded(report, lambda: _with_session(report, sql, patience, work, with_roles=with_roles))


@app.command()
def apply(
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
    lock_wait: LockWait = _PATIENCE.lock,
    accept_loss: Annotated[
        list[str] | None,
        typer.Option(
            "--accept-loss", help="Migration whose loss of data is meant, such as 0031 or 0031_goes; may be repeated."
        ),
    ] = None,
) -> None:
    """Create the login roles, run bootstrap/ and apply every migration that the database has not had.

    Refused as a whole, with exit code 3, while a pending migration that loses data is not named.
    """
    _run(
        lambda session, files: applying.run(session, files, accept_loss or []),
        sql,
        as_json,
        connect_wait,
        lock_wait,
        with_roles=True,
    )


@app.command()
def plan(
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when any file holds a danger.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="From the files alone; needs ESTATE_SERVICE and nothing else.")
    ] = False,
    first: Annotated[
        int | None,
        typer.Option("--from", min=1, help="With --offline: the first pending migration; those before it are applied."),
    ] = None,
    connect_wait: ConnectWait = _PATIENCE.connect,
) -> None:
    """Show what apply would run, which locks it takes, whom they block, and what is dangerous. Changes nothing."""
    if first is not None and not offline:
        raise typer.BadParameter("--from goes with --offline; with a database its ledger says what is pending")
    if offline:
        report = Report(as_json)

        def plan_files() -> None:
            files = folder.load(sql / settings.service_name(os.environ))
            planning.offline(report, files, first, strict=strict)

        _guarded(report, plan_files)
        return
    _run(lambda session, files: planning.connected(session, files, strict=strict), sql, as_json, connect_wait)


@app.command()
def status(sql: SqlFolder = _SQL, as_json: AsJson = False, connect_wait: ConnectWait = _PATIENCE.connect) -> None:
    """Show each migration: applied, pending, interrupted, edited since, or missing its file. Changes nothing."""
    _run(comparing.run, sql, as_json, connect_wait)


@app.command()
def verify(
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take what differs in the catalog for right from now on.")
    ] = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
    lock_wait: LockWait = _PATIENCE.lock,
) -> None:
    """Hold ledger against files and catalog against fingerprint; list every difference. Exit 1 when there is one."""
    _run(lambda session, files: verifying.run(session, files, accept=accept), sql, as_json, connect_wait, lock_wait)


@app.command()
def baseline(
    to: Number,
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
    lock_wait: LockWait = _PATIENCE.lock,
) -> None:
    """Take over a database that has its schema already: mark migrations as applied, run none of them."""
    _run(
        lambda session, files: baselining.run(session, files, to),
        sql,
        as_json,
        connect_wait,
        lock_wait,
        with_roles=True,
    )


@app.command()
def revert(
    name: Annotated[
        str | None,
        typer.Argument(help="The migration in full, such as 0008_due_dates; required where it loses data."),
    ] = None,
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
    lock_wait: LockWait = _PATIENCE.lock,
) -> None:
    """Take back the last migration with its .down.sql; outside local and dev only when it is named in full."""
    _run(lambda session, files: reverting.run(session, files, name), sql, as_json, connect_wait, lock_wait)


@app.command(name="maintain")
def maintenance(
    jobs: Annotated[list[str] | None, typer.Argument(help="Names of jobs. [default: all, by name]")] = None,
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
    connect_wait: ConnectWait = _PATIENCE.connect,
) -> None:
    """Run scheduled work: each job under its own lock, with its own result row and exit code."""
    codes: list[int] = []

    def work(session: Session, files: Folder) -> None:
        codes.append(maintain.run(session, maintain.chosen(files, jobs or [])))

    _run(work, sql, as_json, connect_wait)
    raise typer.Exit(max(codes, default=0))


@app.command()
def overdue(sql: SqlFolder = _SQL, as_json: AsJson = False, connect_wait: ConnectWait = _PATIENCE.connect) -> None:
    """Show when each job last came to a good end. Exit 1 when that is longer ago than it may be. Starts no job."""
    codes: list[int] = []
    _run(lambda session, files: codes.append(waiting.run(session)), sql, as_json, connect_wait)
    raise typer.Exit(max(codes, default=0))


@app.command()
def reach(
    host: Annotated[str, typer.Argument(help="Address of the pooler, or of the load balancer before it.")],
    role: Annotated[list[str], typer.Option("--role", help="A role that may use the pool; may be repeated.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its port.")] = 6432,
    replicas: Annotated[int, typer.Option(min=0, help="How many replicas serve the read-only database.")] = 0,
    sql: SqlFolder = _SQL,
    as_json: AsJson = False,
) -> None:
    """Let roles through the pooler's two databases and see what answers. Exit 1 when one does not get through."""
    report = Report(as_json)

    def work() -> None:
        path = sql / settings.service_name(os.environ)
        found = folder.folder_and_settings(path, os.environ, with_roles=True).settings
        reaching.run(found, host, port, reaching.doors(found.database, replicas), role, report)

    _guarded(report, work)
