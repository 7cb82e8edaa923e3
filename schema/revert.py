"""Take back the last migration, where its author wrote how: the `.down.sql` of a pair."""

from __future__ import annotations

import time
from collections.abc import Sequence

from schema import files, fingerprint, ledger, lint, lock, tables, transaction
from schema.apply import RENEW
from schema.errors import BadInput, MigrationFailed, Refused
from schema.files import SqlFile
from schema.folder import Folder
from schema.ledger import Row
from schema.lock import Held
from schema.session import Session
from schema.untransacted import Marks, Run


def run(session: Session, folder: Folder, named: str | None) -> None:
    """Take back the last applied migration.

    It has to be named in full where it loses data, and in every stack but local and dev: Refused says what would be
    lost, and nothing was done.
    """
    connection = session.connection
    with lock.held(connection, session.settings.database, session.patience, session.report) as held:
        rows = ledger.read(connection)
        file, down = _last(session.service.name, folder.migrations, rows, named)
        shown = files.shown_name(session.service.name, "migrations", down)
        (report,) = lint.examine([down], lint.Facts.from_database(connection))
        if named is None:
            _refuse_unnamed(session, file, shown, report)
        watch = fingerprint.Watch.begin(session)
        tables.create(connection, session.owner)  # a database that only sqlx has migrated has none
        try:
            took = _take_back(session, file, down, shown, held, resumed=not rows[-1].success)
        except MigrationFailed as failed:
            if not connection.closed:
                session.record("revert", file, "failed", error=str(failed))
            raise
        watch.end()
    renews = sorted({name for one in report.statements for name in one.renews})
    if renews:
        session.say(f"{RENEW} {', '.join(renews)}")
    at = f"{rows[-2].version:04}" if len(rows) > 1 else "0000"
    session.report.finish(
        f"{session.service.name}: reverted {file.stem} ({took / 1e6:.0f} ms), ledger now at {at}",
        {
            "service": session.service.name,
            "database": session.settings.database,
            "reverted": {"version": file.version, "name": file.stem, "nanoseconds": took},
            "ledger": {"version": int(at)},
            "renews": renews,
        },
    )


def _last(
    service: str, migrations: Sequence[SqlFile], rows: Sequence[Row], named: str | None
) -> tuple[SqlFile, SqlFile]:
    """The last applied file and what takes it back; BadInput when there is no such thing."""
    if not rows:
        raise BadInput([f"{service}: nothing is applied, so there is nothing to revert"])
    # A revert that was interrupted stops everything else; here it is what is to be finished.
    if in_the_way := ledger.stopping(service, migrations, rows, unless=("reverting",)):
        raise BadInput(in_the_way)
    (file,) = (file for file in migrations if file.version == rows[-1].version)
    if named is not None and named != file.stem:
        raise BadInput(
            [f"{service}: {named} is not the last applied migration; only that can be reverted: {file.stem}"]
        )
    if file.down is None:
        shown = files.shown_name(service, "migrations", file)
        raise BadInput([f"{shown}: has no .down.sql that takes it back; write a new migration that does"])
    return file, file.down


def _refuse_unnamed(session: Session, file: SqlFile, shown: str, report: lint.FileReport) -> None:
    lost = [f"  {shown}:{line}: {what}" for line, what in losses(report)]
    reasons = []
    if session.settings.careful:
        reasons.append(f"the stack is {session.settings.stack or 'not named by ESTATE_STACK'}")
    if lost:
        reasons.append("it loses data")
    if reasons:
        raise Refused(
            "\n".join(
                [
                    f"{session.service.name}: {file.stem} was not reverted: {' and '.join(reasons)}",
                    *lost,
                    f"  to revert it all the same, name it in full: revert {file.stem}",
                ]
            )
        )


def losses(report: lint.FileReport) -> list[tuple[int, str]]:
    """What the file may lose, by line: what the rules say, and every statement of which nobody can say that it does
    not.
    """
    said = [(finding.line, f"{finding.relation}: {finding.why}") for finding in report.findings if finding.loses_data]
    summaries = {statement.line: statement.summary for statement in report.statements}
    unclear = [
        (statement.line, f"{summaries[statement.line]}: may change or remove rows")
        for statement in report.file.statements
        if statement.line not in {line for line, _ in said} and lint.may_lose(statement.text)
    ]
    return sorted([*said, *unclear])


def _take_back(session: Session, file: SqlFile, down: SqlFile, shown: str, held: Held, *, resumed: bool) -> int:
    connection = session.connection
    started = time.perf_counter_ns()
    if down.outside:
        marks = Marks(
            begin=lambda: ledger.set_success(connection, file, False),
            finish=lambda took: _finish(session, file, took),
            undo=lambda: ledger.set_success(connection, file, True),
        )
        return Run(session, down, shown, down.outside, marks, held).run(resumed=resumed)
    transaction.run(
        connection, down, shown, role=session.owner, patience=session.patience, report=session.report,
        last=lambda: _finish(session, file, time.perf_counter_ns() - started),
    )  # fmt: skip
    return time.perf_counter_ns() - started


def _finish(session: Session, file: SqlFile, took: int) -> None:
    ledger.remove(session.connection, file)
    session.record("revert", file, "done", nanoseconds=took)
