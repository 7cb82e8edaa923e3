"""The stored description of the database, kept in step with what the runner itself does, and with nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from schema import catalog, ledger
from schema.catalog import Fingerprint, Objects
from schema.report import count
from schema.session import Session


@dataclass(frozen=True, slots=True)
class Watch:
    """What was there before a run, so that a run never takes over what others changed."""

    session: Session
    before: Objects | None
    """None where no fingerprint was kept that it could be compared with."""

    @classmethod
    def begin(cls, session: Session) -> Watch:
        """Look before anything is changed; what others changed since the last run is said now."""
        stored = catalog.load(session.connection)
        if stored is None:
            return cls(session, None)
        if why := stale(session, stored):
            session.say(f"the fingerprint cannot be compared: {why}")
            return cls(session, None)
        before = catalog.read(session.connection)
        if drifted := len(catalog.compare(stored.objects, before)):
            session.say(
                f"warning: {count(drifted, 'object')} changed by others since the last run; `verify` lists them"
            )
        return cls(session, before)

    def end(self) -> None:
        """Store what the run made; what had drifted before it, and was not touched by it, stays drift."""
        connection = self.session.connection
        after = catalog.read(connection)
        # Read again: a job runs beside migrations, and one may have ended since.
        stored = catalog.load(connection)
        if stored is not None and self.before is not None:
            after = catalog.carried_over(stored.objects, self.before, after)
        catalog.store(connection, after, ledger.digest(connection))


def stale(session: Session, stored: Fingerprint) -> str | None:
    """Why the stored fingerprint cannot be compared with what is there now; None when it can."""
    if stored.ledger != ledger.digest(session.connection):
        return "it is older than the ledger (another tool migrated, or a run was interrupted)"
    major = session.connection.info.server_version // 10_000
    if stored.engine_major != major:
        return f"it was taken on PostgreSQL {stored.engine_major}, and {major} describes some objects in other words"
    return None
