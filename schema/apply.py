"""Bring one database to what its service's folder says: roles, bootstrap, then every migration it has not had."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from schema import files, fingerprint, ledger, lint, lock, loss, roles, tables, transaction
from schema.errors import MigrationFailed
from schema.files import SqlFile
from schema.folder import Folder
from schema.lock import Held
from schema.report import count
from schema.session import Session
from schema.transaction import Superseded
from schema.untransacted import Marks, Run

RENEW = "renew the pooler's connections: result types may have changed of"
"""Begins the line that tells a deployment to renew the pooler's server connections; the names follow."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One migration that this run applied."""

    file: SqlFile
    nanoseconds: int


def run(session: Session, folder: Folder, accepted: Sequence[str] = ()) -> None:
    """Apply the folder under the lock. Ledger and files are compared first, and what loses data has to be among the
    `accepted` names: a refused run changes nothing at all.
    """
    connection, service = session.connection, session.service
    connection.add_notice_handler(lambda notice: _warn(notice, session))
    with lock.held(connection, session.settings.database, session.patience, session.report) as held:
        rows = ledger.read(connection)
        todo = ledger.pending(service.name, folder.migrations, rows)
        reports = lint.examine(todo, lint.Facts.from_database(connection)) if todo else ()
        loss.ensure(folder, todo, reports, accepted)
        for line in (line for one in reports for line in loss.told(service.name, one)):
            session.say(f"accepted: {line}")
        watch = fingerprint.Watch.begin(session)
        bootstrap(session, folder)
        renews = _renews(reports) if rows else {}
        begun = {row.version for row in rows}
        applied: list[Applied] = []
        settled: list[int] = []
        try:
            for file in todo:
                held.ensure()
                applied += apply_one(session, file, held, resumed=file.version in begun)
                settled.append(file.version)
        finally:
            # Also after a failure: the files before it are applied and stay so.
            if not connection.closed:
                watch.end()
            renewed = sorted({name for version in settled for name in renews.get(version, ())})
            if renewed:
                session.say(f"{RENEW} {', '.join(renewed)}")
    session.report.finish(
        _outcome(service.name, applied, folder),
        _document(session, applied, folder) | {"waited_seconds": round(held.waited, 1), "renews": renewed},
    )


def bootstrap(session: Session, folder: Folder) -> None:
    """Roles, bootstrap/ and the tables of the runner: all of it may be done again at any time."""
    connection, service = session.connection, session.service
    roles.ensure(connection, service, session.settings.roles, session.report)
    for file in folder.bootstrap:
        shown = files.shown_name(service.name, "bootstrap", file)
        transaction.run(connection, file, shown, role=None, patience=session.patience, report=session.report)
    roles.settle(connection, service, session.report)
    tables.create(connection, service.owner)


def apply_one(session: Session, file: SqlFile, held: Held, *, resumed: bool) -> list[Applied]:
    """Apply one file; nothing when another tool, which takes no lock, was faster."""
    connection = session.connection
    try:
        took = _outside(session, file, held, resumed) if file.outside else _inside(session, file)
    except Superseded:
        session.say(f"{file.name} was applied by another tool meanwhile")
        return []
    except MigrationFailed as failed:
        if connection.closed:
            raise
        if _has_now(session, file):  # what failed was only our second go at it
            session.say(f"{file.name} was applied by another tool meanwhile")
            return []
        session.record("apply", file, "failed", error=str(failed))
        raise
    session.say(f"applied {file.name} ({took / 1e6:.0f} ms)")
    return [Applied(file, took)]


def _has_now(session: Session, file: SqlFile) -> bool:
    """Whether another tool has applied the file; sqlx writes its row a moment after a statement without transaction."""
    if not ledger.has(session.connection, file) and file.outside:
        time.sleep(session.patience.lock_poll)
    return ledger.has(session.connection, file)


def _inside(session: Session, file: SqlFile) -> int:
    connection = session.connection
    started = took = 0

    def first() -> None:
        nonlocal started
        started = time.perf_counter_ns()
        if ledger.has(connection, file):
            raise Superseded

    def last() -> None:
        nonlocal took
        took = time.perf_counter_ns() - started
        # Last, as sqlx does it: two that run the same file meet at the same locks in the same order.
        ledger.add(connection, file, success=True, nanoseconds=took)
        session.record("apply", file, "done", nanoseconds=took)

    transaction.run(
        connection, file, files.shown_name(session.service.name, "migrations", file),
        role=session.owner, patience=session.patience, report=session.report, first=first, last=last,
    )  # fmt: skip
    return took


def _outside(session: Session, file: SqlFile, held: Held, resumed: bool) -> int:
    connection, form = session.connection, file.outside
    assert form is not None

    def begin() -> None:
        ledger.add(connection, file, success=False, nanoseconds=-1)
        session.record("apply", file, "started")

    def finish(took: int) -> None:
        ledger.finish(connection, file, took)
        session.record("apply", file, "done", nanoseconds=took)

    marks = Marks(begin, finish, undo=lambda: ledger.remove(connection, file))
    shown = files.shown_name(session.service.name, "migrations", file)
    return Run(session, file, shown, form, marks, held).run(resumed=resumed)


def _renews(reports: Sequence[lint.FileReport]) -> dict[int, set[str]]:
    """By version: what existed before this run and may give prepared statements another result afterwards."""
    return {one.file.version: {name for part in one.statements for name in part.renews} for one in reports}


def _warn(notice: psycopg.errors.Diagnostic, session: Session) -> None:
    # NOTICE and below are chatter such as `already exists, skipping`.
    if notice.severity_nonlocalized == "WARNING":
        session.report.say(f"warning from the server: {notice.message_primary}")


def _outcome(name: str, applied: list[Applied], folder: Folder) -> str:
    if not folder.migrations:
        return f"{name}: nothing to apply, there are no migrations"
    if not applied:
        return f"{name}: nothing to apply, ledger at {folder.newest} ({count(len(folder.migrations), 'migration')})"
    span = files.versions([one.file for one in applied])
    return f"{name}: applied {count(len(applied), 'migration')} ({span}), ledger now at {folder.newest}"


def _document(session: Session, applied: list[Applied], folder: Folder) -> dict[str, Any]:
    return {
        "service": session.service.name,
        "database": session.settings.database,
        "applied": [
            {"version": one.file.version, "name": one.file.name, "nanoseconds": one.nanoseconds} for one in applied
        ],
        "ledger": {"version": int(folder.newest), "migrations": len(folder.migrations)},
    }
