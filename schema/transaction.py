"""Run the statements of one file in one transaction: all of it stays, or none."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql

from schema import execution
from schema.errors import MigrationFailed
from schema.execution import StatementFailed
from schema.files import SqlFile
from schema.patience import Patience
from schema.report import Report


class Superseded(Exception):
    """Another tool had done the file's work by the time the transaction could see it."""


def run(
    connection: psycopg.Connection,
    file: SqlFile,
    shown: str,
    *,
    role: str | None,
    patience: Patience,
    report: Report,
    first: Callable[[], None] = lambda: None,
    last: Callable[[], None] = lambda: None,
) -> None:
    """Run `first`, the file as `role`, then `last`, and commit; try again while a lock is in the way.

    Raise MigrationFailed with file, line and the server's words; then nothing of the file was kept.
    """

    def once() -> None:
        # What an earlier file left in the session must not reach this one: settings, a role, temporary tables.
        connection.execute("RESET ALL; RESET ROLE; DISCARD TEMP")
        with connection.transaction():
            timeout = file.headers.statement_timeout or patience.statement_timeout
            execution.set_timeouts(connection, patience.lock_timeout, timeout, local=True)
            if role:
                connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            first()
            for statement in file.statements:
                execution.execute(connection, statement)
            last()

    try:
        execution.persist(once, shown, patience, report)
    except StatementFailed as failed:
        ending = "nothing of this file was kept; correct it and run again"
        raise execution.failure(file, shown, failed, patience, ending) from None
    except psycopg.errors.IntegrityError as error:
        # A constraint that is DEFERRED is looked at only now.
        raise MigrationFailed(
            f"{shown}: at the commit: {execution.words(error)}; nothing of this file was kept, correct it",
            {"file": shown, "sqlstate": error.sqlstate, "message": error.diag.message_primary},
        ) from None
    except psycopg.Error as error:
        raise MigrationFailed(
            f"{shown}: {execution.words(error)}; the transaction did not reach its commit, or its answer was lost: "
            "run again, the ledger knows which"
        ) from None
