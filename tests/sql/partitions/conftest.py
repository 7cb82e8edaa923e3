"""The two services' databases, as their owners see them, with everything taken back at the end of a test."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.sql.databases import Database
from tests.sql.partitions.world import Family, Owner, World, owner_of
from tests.sql.runner import Runner


@pytest.fixture
def owner(platform: Database) -> Iterator[Owner]:
    """The owner of the platform's objects, inside a transaction that is rolled back.

    Only tasks and notifications have a policy in it: other tables have partitions of their own to make.
    """
    with owner_of(platform, "platform") as connection, connection.transaction(force_rollback=True):
        yield Owner(connection).only("tasks", "notifications")


@pytest.fixture
def world(owner: Owner) -> World:
    """An organisation with a project, for tasks."""
    return World(owner)


@pytest.fixture
def family(familytales: Database) -> Iterator[Family]:
    """A family with a thread, inside a transaction that is rolled back."""
    with owner_of(familytales, "familytales") as connection, connection.transaction(force_rollback=True):
        yield Family(Owner(connection))


@pytest.fixture
def committed(database: Database) -> Iterator[World]:
    """A database of the platform for one test, in which everything commits at once."""
    Runner(database, "platform").apply()
    with owner_of(database, "platform") as connection:
        yield World(Owner(connection).only("tasks", "notifications"))


@pytest.fixture
def beside(committed: World, database: Database) -> Iterator[psycopg.Connection]:
    """Another session in the same database."""
    with owner_of(database, "platform") as connection:
        yield connection
