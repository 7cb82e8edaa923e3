"""What was done to a database, by whom and with which outcome: a table beside sqlx's ledger, append-only.

The ledger says what holds now; sqlx may delete its rows. This one remembers failures and reverts as well.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

import psycopg

Action = Literal["apply", "revert", "baseline", "mend", "accept"]
Outcome = Literal["started", "done", "failed"]

CREATE = """
    CREATE TABLE IF NOT EXISTS public._schema_history (
        id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        happened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        action         text        NOT NULL,
        version        bigint,
        name           text        NOT NULL,
        outcome        text        NOT NULL,
        nanoseconds    bigint,
        error          text,
        actor          text        NOT NULL,
        login          text        NOT NULL DEFAULT session_user,
        host           text        NOT NULL,
        address        inet        DEFAULT inet_client_addr(),
        runner_version text        NOT NULL,
        engine_version text        NOT NULL DEFAULT current_setting('server_version')
    )
"""
# The server's words; a hint or a quoted row may be long, and the log has all of it.
_LONGEST_ERROR = 2_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Who started the run, and from where."""

    actor: str
    host: str


def origin(environment: Mapping[str, str]) -> Origin:
    """ESTATE_ACTOR names the person or workflow when a task runs on its behalf; else the account that runs it."""
    actor = environment.get("ESTATE_ACTOR", "").strip()
    if not actor:
        with suppress(OSError, KeyError):  # a container's user may have no name
            actor = getpass.getuser()
    return Origin(actor or "unknown", socket.gethostname())


def runner_version() -> str:
    """The version of this program; `source` where it runs from a folder that was never installed."""
    try:
        return metadata.version("postgres-estate")
    except metadata.PackageNotFoundError:
        return "source"


def write(
    connection: psycopg.Connection,
    origin: Origin,
    action: Action,
    outcome: Outcome,
    *,
    version: int | None,
    name: str,
    nanoseconds: int | None = None,
    error: str | None = None,
) -> None:
    """Add a row, in the transaction of what it tells of where there is one."""
    if error and connection.info.parameter_status("server_encoding") != "UTF8":
        # The words hold what such a server has no letters for, and must not be lost over that.
        error = error.encode("ascii", "backslashreplace").decode()
    connection.execute(
        "INSERT INTO public._schema_history"
        " (action, version, name, outcome, nanoseconds, error, actor, host, runner_version)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            action, version, name, outcome, nanoseconds, error and error[:_LONGEST_ERROR],
            origin.actor, origin.host, runner_version(),
        ),
    )  # fmt: skip
