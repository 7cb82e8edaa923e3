"""Reading from the replica what was just written on the primary."""

from __future__ import annotations

import time

from examples.platform_app.connections import Pool, Session, user_transaction
from examples.platform_app.errors import TryAgain

_POLL_SECONDS = 0.02


def position(primary: Pool, session: Session) -> str:
    """How far the primary's log is: what was committed before stands before it."""
    with user_transaction(primary, session) as asking:
        row = asking.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    assert row is not None
    return str(row[0])


def wait_for(reader: Pool, session: Session, wanted: str, seconds: float = 5.0) -> None:
    """Wait until the read-only door shows this position; a replica is some milliseconds behind, or minutes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with user_transaction(reader, session) as asking:
            # Without a replica the door leads to the primary, which is never behind.
            row = asking.execute(
                "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= %s::pg_lsn", (wanted,)
            ).fetchone()
        if row == (True,):
            return
        time.sleep(_POLL_SECONDS)
    raise TryAgain("the replica is too far behind; read from the primary")
