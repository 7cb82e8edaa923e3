"""Say what `apply` would do, and what it would do to those who use the database meanwhile. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schema import files, ledger, lint, loss
from schema.errors import BadInput, Dangerous
from schema.files import SqlFile
from schema.folder import Folder
from schema.lint import FileReport, Finding, Lock
from schema.report import Report, count
from schema.session import Session

_DANGER = "danger"


def connected(session: Session, folder: Folder, *, strict: bool) -> None:
    """Plan against a database: its ledger says what is pending, its catalog what is there and how large it is."""
    service = session.service.name
    rows = ledger.read(session.connection)
    todo = ledger.pending(service, folder.migrations, rows)
    _tell(session.report, service, lint.examine(todo, lint.Facts.from_database(session.connection)), strict)


def offline(report: Report, folder: Folder, first: int | None, *, strict: bool) -> None:
    """Plan from the files alone: those before `first` count as applied, so what they made counts as in use."""
    service = folder.service.name
    known = [file.version for file in folder.migrations]
    if first is not None and first not in known:
        shown = ", ".join(f"{version:04}" for version in known) or "none"
        raise BadInput([f"{service}: --from {first:04}: there is no such migration; there are: {shown}"])
    before = [file for file in folder.migrations if first is not None and file.version < first]
    todo = [file for file in folder.migrations if file not in before]
    _tell(report, service, lint.examine(todo, lint.Facts.from_files(before)), strict)


def _tell(report: Report, service: str, reports: Sequence[FileReport], strict: bool) -> None:
    findings = [finding for one in reports for finding in one.findings]
    dangers = [finding for finding in findings if finding.severity == _DANGER]
    for one in reports:
        for line in lines(service, one):
            report.say(line)
    outcome = f"{service}: nothing to apply"
    if reports:
        span = files.versions([one.file for one in reports])
        outcome = (
            f"{service}: {count(len(reports), 'migration')} to apply ({span}), {count(len(dangers), 'danger')}, "
            f"{count(len(findings) - len(dangers), 'warning')}"
        )
    document: dict[str, Any] = {"service": service, "pending": [lint.to_document(one) for one in reports]}
    if strict and dangers:
        raise Dangerous(f"{outcome}: refused, for --strict allows no danger", document)
    report.finish(outcome, document)


def lines(service: str, report: FileReport) -> list[str]:
    """One file for people: a line for each statement that takes a lock on what is in use, and its findings below."""
    shown = files.shown_name(service, "migrations", report.file)
    told = [f"{shown}  ({_how(report.file)})"]
    for statement in report.statements:
        here = [finding for finding in report.findings if finding.line == statement.line]
        locks = [lock for lock in statement.locks if not lock.new and lock.blocks != "nothing"]
        if not locks and not here:
            continue
        told.append(f"  {statement.line:>4}  {statement.summary}")
        told += [f"        locks {_lock(lock)}" for lock in locks]
        told += [line for finding in here for line in _finding(finding)]
    placed = {statement.line for statement in report.statements}
    told += [line for finding in report.findings if finding.line not in placed for line in _finding(finding)]
    if loss.losses(report):
        told.append(f"        apply refuses it unless its loss is accepted: --accept-loss {service}/{report.file.stem}")
    if len(told) == 1:
        told.append(f"        {count(len(report.statements), 'statement')}, no lock that anybody could wait for")
    return told


def _how(file: SqlFile) -> str:
    form = file.outside
    return f"{form.what}, outside a transaction" if form else "one transaction"


def _lock(lock: Lock) -> str:
    return f"{lock.relation}: {lock.mode}, blocks {lock.blocks}"


def _finding(finding: Finding) -> list[str]:
    where = f"{finding.line:>4}" if finding.line else "    "
    return [
        f"  {where}  {finding.severity}: {finding.rule}: {finding.why}",
        f"        safe: {finding.safe}",
    ]
