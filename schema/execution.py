"""Run one statement, try again while another session's lock is in the way, and explain a failure."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import errors
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from schema.errors import MigrationFailed
from schema.files import SqlFile
from schema.patience import Patience
from schema.report import Report
from schema.sqltext import Statement, line_of

# Somebody else was in the way. Nothing of the file has happened, so it may simply be tried again; no other error is
# like that.
_IN_THE_WAY = (errors.LockNotAvailable, errors.DeadlockDetected)
# A statement may be a page long. Its first lines are enough to recognise it.
_SHOWN_LINES = 8


class StatementFailed(Exception):
    """A database error together with the statement that met it."""

    def __init__(self, statement: Statement, error: psycopg.Error) -> None:
        self.statement = statement
        self.error = error


class InTheWay(StatementFailed):
    """An error that another session's lock caused."""


def execute(connection: psycopg.Connection, statement: Statement) -> psycopg.Cursor:
    """Send a statement as it stands in its file."""
    try:
        return connection.execute(statement.text.encode())
    except _IN_THE_WAY as error:
        raise InTheWay(statement, error) from None
    except psycopg.Error as error:
        raise StatementFailed(statement, error) from None


def persist(once: Callable[[], None], shown: str, patience: Patience, report: Report) -> None:
    """Do it, again and again while it meets InTheWay, with growing and random waits, as often as patience allows.

    The waits are also for the others: whoever queued behind the lock that was waited for has passed by the next try.
    """

    def waiting(state: RetryCallState) -> None:
        failed = state.outcome.exception() if state.outcome else None
        if isinstance(failed, InTheWay) and state.next_action:
            report.say(
                f"{shown}:{failed.statement.line}: {words(failed.error)}; attempt {state.attempt_number} of "
                f"{patience.attempts}, next in {state.next_action.sleep:.1f} s"
            )

    attempts = Retrying(
        retry=retry_if_exception_type(InTheWay),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_random_exponential(multiplier=patience.first_wait, max=patience.longest_wait),
        before_sleep=waiting,
        reraise=True,
    )
    attempts(once)


def failure(file: SqlFile, shown: str, failed: StatementFailed, patience: Patience, ending: str) -> MigrationFailed:
    """What an operator needs to mend a statement: where it stands, its text, the server's words, what was kept."""
    error, statement = failed.error, failed.statement
    diagnosis = error.diag
    # The position counts characters of the statement, from 1; errors met while running have none. A statement that
    # another one wrote is not in the file: it has the line of its author.
    written = file.text.startswith(statement.text, statement.offset)
    position = int(diagnosis.statement_position or 1) - 1 if written else 0
    line = line_of(file.text, statement.offset + position)
    details = {"detail": _without_rows(diagnosis), "hint": diagnosis.message_hint}
    parts = [f"{shown}:{line}: {words(error)}", *_excerpt(statement)]
    parts += [f"  {label}: {text}" for label, text in details.items() if text]
    if diagnosis.context:
        parts.append(f"  in: {diagnosis.context.splitlines()[0]}")
    if isinstance(failed, InTheWay):
        parts.append(
            f"  tried {patience.attempts} times; run again when there is less traffic, or find who holds the lock"
        )
    parts.append(f"  {ending}")
    return MigrationFailed(
        "\n".join(parts),
        {
            "file": shown,
            "line": line,
            "statement": statement.text,
            "sqlstate": error.sqlstate,
            "message": diagnosis.message_primary,
            **details,
        },
    )


def _without_rows(diagnosis: psycopg.errors.Diagnostic) -> str | None:
    """The detail, unless it quotes a whole row: that would put whatever the table holds into logs and the history."""
    detail = diagnosis.message_detail
    # Of a constraint that a row breaks (class 23, integrity), only a key is quoted in a shorter form.
    if detail and (diagnosis.sqlstate or "").startswith("23") and not detail.startswith("Key ("):
        where = (diagnosis.schema_name, diagnosis.table_name, diagnosis.column_name or diagnosis.constraint_name)
        return f"a row of {'.'.join(part for part in where if part)} (not quoted here)"
    return detail


def _excerpt(statement: Statement) -> list[str]:
    lines = statement.text.splitlines()
    shown = [f"    {number:>4} | {line}" for number, line in enumerate(lines[:_SHOWN_LINES], statement.line)]
    return [*shown, "         | …"] if len(lines) > _SHOWN_LINES else shown


def words(error: psycopg.Error) -> str:
    """The server's message and its code."""
    message = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    return f"{message} (SQLSTATE {error.sqlstate})" if error.sqlstate else message


def set_timeouts(connection: psycopg.Connection, lock: str, statement: str, *, local: bool) -> None:
    """Set how long a statement may wait and run, for the transaction or for the session."""
    for name, value in (
        ("lock_timeout", lock),
        ("statement_timeout", statement),
        # Files name their schemas; nothing may depend on where the session happens to look.
        ("search_path", "public"),
    ):
        connection.execute("SELECT pg_catalog.set_config(%s, %s, %s)", (name, value, local))
