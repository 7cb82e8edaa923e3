"""Hold a database against what its files and its fingerprint say, and list every difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schema import catalog, fingerprint, history, ledger, lock
from schema.catalog import Drift, Fingerprint
from schema.errors import BadInput, Drifted
from schema.folder import Folder
from schema.ledger import Row
from schema.report import count
from schema.session import Session


def run(session: Session, folder: Folder, *, accept: bool) -> None:
    """Raise Drifted with everything that differs. With `accept`, what differs in the catalog is stored as right."""
    connection, name = session.connection, session.service.name
    # Under the lock: a run that is under way would look like drift.
    with lock.held(connection, session.settings.database, session.patience, session.report):
        rows = ledger.read(connection)
        unfinished = _unfinished(name, folder, rows)
        problems = ledger.problems(name, folder.migrations, rows) + unfinished
        stored = catalog.load(connection)
        drifts, unknown = _drift(session, stored)
        if accept and not problems:
            if stored is None:
                raise BadInput(f"{name}: {unknown}, so there is nothing to accept yet")
            _accept(session, drifts)
            return
    if unknown and not unfinished:  # what is unfinished is why
        problems.append(f"{name}: {unknown}")
    if drifts and stored:
        head = f"{name}: {count(len(drifts), 'object')} not as the run of {stored.taken_at:%Y-%m-%d} left them:"
        problems.append("\n".join([head, *(f"  {line}" for line in catalog.lines(drifts))]))
    document: dict[str, Any] = {
        "service": name,
        "database": session.settings.database,
        "drift": catalog.documents(drifts),
    }
    if problems:
        raise Drifted(problems, document)
    session.report.finish(
        f"{name}: as its files and its fingerprint say, ledger at {rows[-1].version if rows else 0:04}", document
    )


def _unfinished(name: str, folder: Folder, rows: Sequence[Row]) -> list[str]:
    """What a killed run began: the next `apply` finishes it, but until then the database is between two states."""
    by_version = {file.version: file for file in folder.migrations}
    return [
        f"{name}: {row.version:04} ({row.description}) was interrupted; `apply` finishes it"
        for row in rows
        if ledger.state(by_version.get(row.version), row) == "interrupted"
    ]


def _drift(session: Session, stored: Fingerprint | None) -> tuple[tuple[Drift, ...], str | None]:
    """What changed since the fingerprint, or why that cannot be said."""
    if stored is None:
        return (), "there is no fingerprint to compare with; `apply` takes one"
    if why := fingerprint.stale(session, stored):
        return (), f"the fingerprint cannot be compared: {why}; `apply` takes it anew"
    return catalog.compare(stored.objects, catalog.read(session.connection)), None


def _accept(session: Session, drifts: tuple[Drift, ...]) -> None:
    connection = session.connection
    with connection.transaction():
        catalog.store(connection, catalog.read(connection), ledger.digest(connection))
        for drift in drifts:
            history.write(
                connection, session.origin, "accept", "done",
                version=None, name=f"{drift.change} {drift.kind} {drift.identity}",
            )  # fmt: skip
    lines = [f"  {line}" for line in catalog.lines(drifts)] if drifts else []
    session.report.finish(
        "\n".join([f"{session.service.name}: accepted {count(len(drifts), 'changed object')}", *lines]),
        {"service": session.service.name, "accepted": catalog.documents(drifts)},
    )
