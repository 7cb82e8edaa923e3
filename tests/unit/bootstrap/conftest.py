"""An empty fake account, and a count of the calls that change it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.aws import Account
from ops.bootstrap import command, plan
from ops.bootstrap.differences import Clients, Context

REGION = "us-east-1"
BUCKET = f"postgres-estate-state-123456789012-{REGION}"
Make = Callable[..., Context]
READS = ("Describe", "Get", "Head", "List")


def client(service: str) -> Any:
    """A client of the fake account, for what somebody does by hand."""
    make: Any = boto3.client
    return make(service, region_name=REGION)


def told(rows: Any) -> list[tuple[str, str, str]]:
    """What a plan says, without what it wants."""
    return [(row.name, row.part, row.found) for row in rows]


@dataclass
class Calls:
    """Operations in the order of their sending."""

    made: list[str] = field(default_factory=list)

    def seen(self, model: Any, **kwargs: Any) -> None:
        self.made.append(model.name)

    @property
    def writing(self) -> list[str]:
        return [name for name in self.made if not name.startswith(READS)]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """moto in the place of AWS, and every call that is made to it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    found = Calls()
    with mock_aws():
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        boto3.DEFAULT_SESSION.events.register("before-call", found.seen)
        yield found
    boto3.DEFAULT_SESSION = None


@pytest.fixture
def context(calls: Calls) -> Callable[..., Context]:
    """A context as the command makes it: new clients each time, as a new run has them."""

    def make(*adopted: str, region: str = REGION) -> Context:
        account = Account(region)
        return Context(Clients(account), command.gather(account, "acme/estate"), frozenset(adopted), pause=0)

    return make


@pytest.fixture
def made(context: Make, calls: Calls) -> Calls:
    """An account after its first run."""
    assert plan.run(context(), dry_run=False, yes=True)
    calls.made.clear()
    return calls
