"""Hold a database against what its files and its fingerprint say, and list every difference."""

from __future__ import annotations

from typing import Any

from schema import catalog, fingerprint, history, ledger, lock
from schema.catalog import Drift
from schema.errors import Drifted
from schema.folder import Folder
from schema.report import count
from schema.session import Session


def run(session: Session, folder: Folder, *, accept: bool) -> None:
    """Raise Drifted with everything that differs. With `accept`, what differs in the catalog is stored as right."""
    connection = session.connection
    # Under the lock: a run that is under way would look like drift.
    with lock.held(connection, session.settings.database, session.patience, session.report):
        problems = ledger.problems(session.service.name, folder.migrations, ledger.read(connection))
        drifts, unknown = _drift(session)
        if accept and not problems:
            _accept(session, drifts)
            return
    name = session.service.name
    if unknown:
        problems.append(f"{name}: {unknown}")
    if drifts:
        problems.append(
            "\n".join([f"{name}: {count(len(drifts), 'object')} not as the migrations left them:"]
                      + [f"  {line}" for line in catalog.lines(drifts)])
        )  # fmt: skip
    document: dict[str, Any] = {
        "service": name,
        "database": session.settings.database,
        "drift": catalog.documents(drifts),
    }
    if problems:
        raise Drifted(problems, document)
    session.report.finish(f"{name}: as its files and its fingerprint say, ledger at {folder.newest}", document)


def _drift(session: Session) -> tuple[tuple[Drift, ...], str | None]:
    """What changed since the fingerprint, or why that cannot be said."""
    stored = catalog.load(session.connection)
    if stored is None:
        return (), "there is no fingerprint to compare with; `apply` takes one"
    if why := fingerprint.stale(session, stored):
        return (), why
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
