"""The world that is attacked. Attacks are taken back, so that one world serves a file of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sql.attacks.world import World
from tests.sql.databases import Database


@pytest.fixture(scope="module")
def world(migrated: dict[str, Database]) -> Iterator[World]:
    database = migrated["platform"]
    yield World(database)
    # The log of changes and the events refer to nothing, and stay.
    for emptied in ("app.organizations", "auth.users", "auth.roles"):
        database.empty(emptied)
