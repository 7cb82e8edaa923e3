"""What may go wrong, in the application's words; what PostgreSQL says about it stays in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests


class PlatformError(Exception):
    """Something that was asked for and not done; the message may be shown to whoever asked."""


class LoginRefused(PlatformError):
    """Wrong password, unknown address or locked account: which one is nobody's business."""


class NotVerified(PlatformError):
    """The password is right, the address is not verified yet."""


class SessionEnded(PlatformError):
    """No session, an expired one, or one of an account that is not active any more: log in again."""


class Forbidden(PlatformError):
    """Seen, but not theirs to do."""


class NotFound(PlatformError):
    """Not there, or not for them to see: the database does not tell the two apart, and neither do we."""


class Conflict(PlatformError):
    """Somebody has it already."""


class Invalid(PlatformError):
    """A value that the database does not take."""


class TryAgain(PlatformError):
    """A lock, a deadlock or a time limit: the same request may succeed in a moment. Nothing was changed."""


class Unavailable(PlatformError):
    """No connection. Whether the last transaction was committed is not known, when it broke during COMMIT."""


_RAISED_BY_A_FUNCTION = "exec_stmt_raise"
"""The place in the server where PL/pgSQL's RAISE ends up: such a message is written for people."""

# The first that fits counts; what is not here is a bug of the program, and is not hidden.
_MEANING: tuple[tuple[type[Exception], type[PlatformError], str], ...] = (
    (errors.InsufficientPrivilege, Forbidden, "you may not do this"),
    (errors.ReadOnlySqlTransaction, Forbidden, "nothing is written here"),
    (errors.ForeignKeyViolation, NotFound, "what this refers to is not there"),
    (errors.UniqueViolation, Conflict, "this is taken already"),
    (errors.IntegrityError, Invalid, "a value is missing or not allowed"),
    (errors.DataError, Invalid, "a value is not allowed"),
    (errors.LockNotAvailable, TryAgain, "somebody else is at it; try again"),
    (errors.QueryCanceled, TryAgain, "this took too long; try again"),
    (errors.DeadlockDetected, TryAgain, "somebody else was first; try again"),
    (errors.SerializationFailure, TryAgain, "somebody else was first; try again"),
    (PoolTimeout, Unavailable, "all connections are in use"),
    (TooManyRequests, Unavailable, "all connections are in use"),
    (PoolClosed, Unavailable, "shutting down"),
    (psycopg.OperationalError, Unavailable, "the database does not answer"),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn an error of the database into ours; the original is its cause."""
    try:
        yield
    except errors.PipelineAborted:
        raise  # a bug: an error of this transaction was swallowed, and it was gone on with
    except psycopg.Error as error:
        for theirs, ours, text in _MEANING:
            if isinstance(error, theirs):
                raise ours(_for_people(error) or text) from error
        raise


def _for_people(error: psycopg.Error) -> str | None:
    """The server's message, where a function of the schema raised it; others name tables and constraints."""
    return error.diag.message_primary if error.diag.source_function == _RAISED_BY_A_FUNCTION else None
