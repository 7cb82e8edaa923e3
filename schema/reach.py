"""Whether applications get through the pooler: each pooled role logs in at each door and asks one question.

Nothing else proves it: the balancer knows that a port is open, ECS that a process runs. A password that only one of
PgBouncer and PostgreSQL has, a pool that leads to the wrong server, a certificate that is not accepted are seen here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from schema.errors import BadInput, SchemaError
from schema.report import Report, table
from schema.settings import Login, Settings

_ATTEMPT_SECONDS = 15  # PgBouncer lets a client wait five seconds for a server's connection that it has to make first

_QUESTION = """
    SELECT current_user, pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_version')
"""


@dataclass(frozen=True, slots=True)
class Door:
    """A database of PgBouncer's; a `standby` is what is to answer there, None where either may."""

    name: str
    standby: bool | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one role met at one door."""

    door: str
    role: str
    ok: bool
    said: str


class NotReached(SchemaError):
    """At least one role did not get through, or met the wrong server."""


def doors(database: str, replicas: int) -> tuple[Door, ...]:
    """The doors of a service's pooler: writing, reading (which without replicas leads to the primary), each replica."""
    single = (Door(f"{database}_ro_{number}", True) for number in range(1, replicas + 1))
    return Door(database, False), Door(f"{database}_ro", replicas > 0), *single


def run(
    settings: Settings, address: str, port: int, found: Iterable[Door], roles: Sequence[str], report: Report
) -> None:
    """Let each of the roles through each of the doors of the pooler at `address`; NotReached with all that failed."""
    logins = {login.username: login for login in settings.roles}
    if unknown := [name for name in roles if name not in logins]:
        raise BadInput(
            f"no secret is known of the role {name}: the roles of the service are {', '.join(sorted(logins))}"
            for name in unknown
        )
    mode = "require" if settings.sslmode == "verify-full" else settings.sslmode
    answers = [_ask(address, port, door, logins[name], mode) for door in found for name in roles]
    for line in table(
        ("door", "role", "state", "what it met"),
        [(item.door, item.role, "reached" if item.ok else "failed", item.said) for item in answers],
    ):
        report.say(line)
    if failed := [item for item in answers if not item.ok]:
        raise NotReached(f"{item.role} at {item.door} of {address}:{port}: {item.said}" for item in failed)
    report.finish(
        f"{len(answers)} ways through {address}:{port}",
        {"answers": [{"door": item.door, "role": item.role, "said": item.said} for item in answers]},
    )


def _ask(address: str, port: int, door: Door, login: Login, mode: str) -> Answer:
    # The pooler's certificate is its own: it encrypts and proves no name (docs/pooler.md), so `require` it is.
    started = time.monotonic()
    try:
        with psycopg.connect(
            host=address,
            port=port,
            dbname=door.name,
            user=login.username,
            password=login.password,
            sslmode=mode,
            connect_timeout=_ATTEMPT_SECONDS,
            application_name="estate-reach",
            autocommit=True,
            prepare_threshold=None,  # asked once
        ) as connection:
            row = connection.execute(_QUESTION).fetchone()
    except psycopg.Error as error:
        # libpq asks at the end whether the server is running; what happened stands before it.
        lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith("?")]
        return Answer(door.name, login.username, False, "; ".join(lines) or type(error).__name__)
    assert row is not None  # a SELECT without FROM has one row
    user, standby, version = row
    server = "a standby" if standby else "the primary"
    said = f"PostgreSQL {version}, {server}, {time.monotonic() - started:.2f} s"
    if user != login.username:
        return Answer(door.name, login.username, False, f"{said}: it is another user there, {user}")
    if door.standby is not None and standby is not door.standby:
        return Answer(door.name, login.username, False, f"{said}: the other kind of server should answer here")
    return Answer(door.name, login.username, True, said)
