"""The example's pools on a plain server: no pooler between, the read-only door leads to the same database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.platform_app import connections, passwords
from examples.platform_app.connections import Pools
from examples.platform_app.endpoint import ROLES, Endpoint
from examples.platform_app.stage import Stage
from tests.sql.databases import Database, password_of


@pytest.fixture(scope="session")
def cheap() -> Iterator[None]:
    """Passwords that cost little to check; what they cost is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords.hash_password, "__defaults__", (passwords.Cost(n=2**4, r=8, p=1),))
        yield


@pytest.fixture(scope="session")
def session_pools(migrated: dict[str, Database], cheap: None) -> Iterator[Pools]:
    running = migrated["platform"].server.running
    name = migrated["platform"].name
    where = Endpoint(running.host, running.port, name, name, "disable", {role: password_of(role) for role in ROLES})
    with connections.open_pools(where) as opened:
        yield opened


@pytest.fixture
def stage(session_pools: Pools, platform: Database) -> Stage:
    """A stage on the platform's database, which is emptied after each test."""
    return Stage(session_pools)
