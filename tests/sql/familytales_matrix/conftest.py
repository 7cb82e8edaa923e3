"""The planted world, once for each server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sql.databases import Server
from tests.sql.familytales_matrix import world as worlds
from tests.sql.runner import Runner


@pytest.fixture(scope="session")
def world(server: Server) -> Iterator[worlds.World]:
    """In a database of its own, since every test of the matrix wants it as it was planted."""
    with server.database("familytales_matrix") as database:
        Runner(database, "familytales").apply()
        with worlds.planted(database) as made:
            yield made
