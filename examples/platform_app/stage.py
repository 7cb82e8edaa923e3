"""What a step of the story needs: people with browsers, requests, and a row for what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from examples.platform_app import accounts
from examples.platform_app.accounts import Tokens
from examples.platform_app.connections import Pools, Request, Session, user_transaction
from examples.platform_app.errors import PlatformError, SessionEnded
from examples.platform_app.work import Asking


@dataclass(slots=True)
class Row:
    """One step: what, as whom, and what came of it."""

    step: str
    whom: str
    result: str = ""
    as_told: bool = True


@dataclass(slots=True)
class Person:
    """Somebody at a browser: an address, a password that nobody prints, and the tokens that the browser keeps."""

    name: str
    email: str
    password: str = field(repr=False)
    tokens: Tokens | None = field(default=None, repr=False)


class Stage:
    """The pools, how a request is made, and the rows so far."""

    def __init__(self, pools: Pools) -> None:
        self.pools = pools
        self.rows: list[Row] = []
        # Another day in the same database has other addresses and slugs.
        self.day = secrets.token_hex(4)

    def person(self, name: str) -> Person:
        """Somebody who has no account yet."""
        return Person(name, f"{name.lower()}.{self.day}@example.com", secrets.token_urlsafe(16))

    def request(self) -> Request:
        """What a web framework would know of one request."""
        return Request(client_ip="192.0.2.10", id=secrets.token_hex(8), user_agent="platform-example")

    def session(self, person: Person) -> Session:
        """Whose token is it? Each request begins so."""
        if person.tokens is None:
            raise SessionEnded("log in first")
        return accounts.authenticate(self.pools.auth, self.request(), person.tokens.access)

    @contextmanager
    def asks(self, person: Person) -> Iterator[Asking]:
        """One request of somebody who has logged in: one transaction."""
        with user_transaction(self.pools.app, self.session(person)) as asking:
            yield asking

    @contextmanager
    def step(self, what: str, whom: str, result: str = "") -> Iterator[Row]:
        """Something that goes well; if it does not, the story ends here."""
        row = Row(what, whom, result)
        yield row
        self.rows.append(row)

    @contextmanager
    def refused(self, what: str, whom: str) -> Iterator[None]:
        """Something that has to be refused."""
        row = Row(what, whom, "NOT refused", as_told=False)
        try:
            yield
        except PlatformError as error:
            row.result, row.as_told = f"{type(error).__name__}: {error}", True
        self.rows.append(row)
