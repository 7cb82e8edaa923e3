"""Worlds that are attacked: one that serves a file of attacks, which are taken back, and those of a single test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from psycopg import sql

from tests.sql.databases import Database, Server
from tests.sql.familytales_attacks.world import World
from tests.sql.runner import Runner

# A family takes everything along but its books, which belong to what it deletes; users are referred to by the rest.
_EMPTIED = ("familytales.memory_books", "familytales.families", "familytales.users", "familytales.media_deletions")

_NUMBERS = itertools.count(1)


def _emptied(database: Database) -> None:
    for table in _EMPTIED:
        database.empty(table)


@pytest.fixture(scope="module")
def world(migrated: dict[str, Database]) -> Iterator[World]:
    """The world of one file. Attacks on it are rolled back."""
    database = migrated["familytales"]
    yield World(database)
    _emptied(database)


@pytest.fixture
def fresh(migrated: dict[str, Database]) -> Iterator[World]:
    """A world for one test, which may change it for good. A file uses either this or `world`."""
    database = migrated["familytales"]
    yield World(database)
    _emptied(database)


@pytest.fixture(scope="session")
def attacked_template(server: Server) -> Iterator[str]:
    """A migrated database to which nobody connects, so that it can be copied: that takes a tenth of migrating one."""
    name = "attacked_template"
    with server.database(name) as made:
        Runner(made, "familytales").apply()
        server.forget(name)
        yield name


@pytest.fixture
def alone(server: Server, attacked_template: str) -> Iterator[World]:
    """A world in a database of its own, for attacks that leave partitions behind."""
    name = f"attacked_{next(_NUMBERS)}"
    server.keep("empty", server.running.user, server.running.password).execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(attacked_template))
    )
    yield World(Database(server, name))
    server.drop(name)
