"""Run the statements of one file in one transaction: all of it stays, or none."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import errors, sql
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from schema.errors import MigrationFailed
from schema.files import SqlFile
from schema.patience import Patience
from schema.report import Report
from schema.sqltext import Statement, line_of

# Somebody else was in the way. Nothing of the file has happened, so it may simply be tried again; no other error is
# like that.
_IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected)


class _StatementError(Exception):
    """A database error together with the statement that met it."""

    def __init__(self, statement: Statement, error: psycopg.Error) -> None:
        self.statement = statement
        self.error = error


class _InTheWay(_StatementError):
    """An error that another session's lock caused."""


def run(
    connection: psycopg.Connection,
    file: SqlFile,
    shown: str,
    *,
    role: str | None,
    patience: Patience,
    report: Report,
    last: Callable[[], None] = lambda: None,
) -> None:
    """Run the file as `role`, then `last`, and commit; try again while a lock is in the way.

    Raise MigrationFailed with file, line and the server's words; then nothing of the file was kept.
    """

    def once() -> None:
        # What an earlier file set for the session must not reach this one.
        connection.execute("RESET ALL")
        with connection.transaction():
            _prepare(connection, role, patience)
            for statement in file.statements:
                _execute(connection, statement)
            last()

    def waiting(state: RetryCallState) -> None:
        failed = state.outcome.exception() if state.outcome else None
        if isinstance(failed, _InTheWay) and state.next_action:
            report.say(
                f"{shown}:{failed.statement.line}: {_words(failed.error)}; attempt {state.attempt_number} of "
                f"{patience.attempts}, next in {state.next_action.sleep:.1f} s"
            )

    attempts = Retrying(
        retry=retry_if_exception_type(_InTheWay),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait),
        before_sleep=waiting,
        reraise=True,
    )
    try:
        attempts(once)
    except _StatementError as failed:
        raise MigrationFailed(_explain(file, shown, failed, patience)) from None
    except psycopg.Error as error:
        raise MigrationFailed(
            f"{shown}: {_words(error)}; the transaction did not reach its commit, or its answer was lost: run again, "
            "the ledger knows which"
        ) from None


def _prepare(connection: psycopg.Connection, role: str | None, patience: Patience) -> None:
    set_local = "SELECT pg_catalog.set_config(%s, %s, true)"
    for name, value in (
        ("lock_timeout", patience.lock_timeout),
        ("statement_timeout", patience.statement_timeout),
        # Files name their schemas; nothing may depend on where the session happens to look.
        ("search_path", "public"),
    ):
        connection.execute(set_local, (name, value))
    if role:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


def _execute(connection: psycopg.Connection, statement: Statement) -> None:
    try:
        connection.execute(statement.text.encode())
    except _IN_THE_WAY as error:
        raise _InTheWay(statement, error) from None
    except psycopg.Error as error:
        raise _StatementError(statement, error) from None


def _explain(file: SqlFile, shown: str, failed: _StatementError, patience: Patience) -> str:
    diagnosis = failed.error.diag
    # The position counts characters of the statement, from 1; errors met while running have none.
    position = int(diagnosis.statement_position or 1) - 1
    line = line_of(file.text, failed.statement.offset + position)
    parts = [f"{shown}:{line}: {_words(failed.error)}"]
    parts += [
        f"  {label}: {text}"
        for label, text in (("detail", diagnosis.message_detail), ("hint", diagnosis.message_hint))
        if text
    ]
    if diagnosis.context:
        parts.append(f"  in: {diagnosis.context.splitlines()[0]}")
    if isinstance(failed, _InTheWay):
        parts.append(
            f"  tried {patience.attempts} times; run again when there is less traffic, or find who holds the lock"
        )
    parts.append("  nothing of this file was kept; correct it and run again")
    return "\n".join(parts)


def _words(error: psycopg.Error) -> str:
    message = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    return f"{message} (SQLSTATE {error.sqlstate})" if error.sqlstate else message
