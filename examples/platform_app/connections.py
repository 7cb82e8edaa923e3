"""Pools and transactions: how each request tells the database who asks.

Behind a pooler in transaction mode a connection belongs to nobody for longer than a transaction. So everything that a
request says about itself is said in its transaction, with `set_config(..., true)`, and is gone with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg_pool import ConnectionPool

from examples.platform_app.endpoint import Endpoint
from examples.platform_app.errors import translated

Pool = ConnectionPool[Connection[tuple[Any, ...]]]

MAX_CLIENT_CONNECTIONS = 4
"""For each pool of one process. The pooler shares the server's few connections; these only save the logins."""

WAIT_SECONDS = 5.0
"""How long a request waits for a connection: its user waits no longer either."""

# One statement, so that it is one message; each value is a parameter, never part of the text.
_SAY_WHO = (
    "SELECT set_config('app.current_user_id', %s, true), set_config('app.client_ip', %s, true),"
    " set_config('app.request_id', %s, true)"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request before anybody has logged in.

    `client_ip` is what a trusted proxy says; a header that the client can send itself is worth nothing.
    """

    client_ip: str
    id: str
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in, and the request that they make now."""

    id: UUID
    user_id: UUID
    request: Request


@dataclass(frozen=True, slots=True)
class Pools:
    """The program's ways in: a role each, since each may do something else."""

    auth: Pool
    app: Pool
    reader: Pool
    visitor: Pool


@contextmanager
def open_pools(where: Endpoint) -> Iterator[Pools]:
    """Open the pools; an unreachable pooler is known now, not with the first request."""
    with (
        _pool(where, "platform_auth", where.database) as auth,
        _pool(where, "platform_app", where.database) as app,
        _pool(where, "platform_app", where.read_only_database, read_only=True) as reader,
        _pool(where, "platform_public", where.read_only_database, read_only=True) as visitor,
        translated(),
    ):
        pools = Pools(auth, app, reader, visitor)
        for pool in (auth, app, reader, visitor):
            pool.wait(WAIT_SECONDS)
        yield pools


def _pool(where: Endpoint, role: str, database: str, *, read_only: bool = False) -> Pool:
    def configure(connection: Connection[tuple[Any, ...]]) -> None:
        # For BEGIN READ ONLY below: refused also where there is no replica and the read-only door leads to the primary.
        connection.read_only = read_only

    return ConnectionPool(
        name=f"{role} {database}",
        kwargs={
            "host": where.host,
            "port": where.port,
            "dbname": database,
            "user": role,
            "password": where.passwords[role],
            "sslmode": where.sslmode,
            "connect_timeout": 5,
            "application_name": "platform-example",
            # psycopg prepares a statement that it sees for the fifth time, in the server connection it has just then;
            # the next transaction may have another one. PgBouncer keeps track of that from 1.21 on, older ones do not.
            "prepare_threshold": None,
            # No transaction but those that are begun below.
            "autocommit": True,
        },
        configure=configure,
        min_size=1,
        max_size=MAX_CLIENT_CONNECTIONS,
        timeout=WAIT_SECONDS,
        open=False,
    )


@contextmanager
def user_transaction(pool: Pool, session: Session) -> Iterator[Connection[tuple[Any, ...]]]:
    """One transaction of somebody who has logged in: all of it or, after an error, nothing."""
    with _transaction(pool, str(session.user_id), session.request) as connection:
        yield connection


@contextmanager
def anonymous_transaction(pool: Pool, request: Request) -> Iterator[Connection[tuple[Any, ...]]]:
    """One transaction in which nobody asks: the login service's and the visitors'."""
    with _transaction(pool, "", request) as connection:
        yield connection


@contextmanager
def _transaction(pool: Pool, user_id: str, request: Request) -> Iterator[Connection[tuple[Any, ...]]]:
    """BEGIN, who asks and the first query go out together, in one round trip; COMMIT is the second.

    In a pipeline a statement's error is raised where its result is fetched, and when the block ends at the latest. What
    comes after it, COMMIT too, is not done; the pool's own block rolls back. BEGIN and COMMIT are written out, since
    psycopg waits for an answer to its own.
    """
    with translated(), pool.connection() as connection, connection.pipeline():
        connection.execute("BEGIN READ ONLY" if connection.read_only else "BEGIN")
        connection.execute(_SAY_WHO, (user_id, request.client_ip, request.id))
        yield connection
        connection.execute("COMMIT")
