"""Families to ask about, and databases of their own for tests that leave partitions behind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from psycopg import sql

from tests.sql.databases import Database, Server
from tests.sql.familytales.album import Album
from tests.sql.familytales.past import ON
from tests.sql.familytales.world import Family
from tests.sql.runner import Runner

_NUMBERS = itertools.count(1)


@pytest.fixture
def familytales(familytales: Database) -> Database:
    """The shared database. What earlier tests put down to be deleted from S3 outlives their families, as it should."""
    familytales.asked_by("familytales_media", None, "DELETE FROM media_deletions")
    return familytales


@pytest.fixture
def miller(familytales: Database) -> Family:
    return Family(familytales)


@pytest.fixture
def other(familytales: Database) -> Family:
    """A family that nobody of the first one is in."""
    return Family(familytales, "Other")


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """A migrated database to which nobody connects, so that it can be copied: that takes a tenth of migrating one."""
    name = "familytales_template"
    with server.database(name) as made:
        Runner(made, "familytales").apply()
        server.forget(name)
        yield name


@contextmanager
def copy_of(server: Server, template: str) -> Iterator[Database]:
    """A copy of a database, for one test."""
    name = f"{template}_{next(_NUMBERS)}"
    server.keep("empty", server.running.user, server.running.password).execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    )
    try:
        yield Database(server, name)
    finally:
        server.drop(name)


@pytest.fixture
def alone(server: Server, template: str) -> Iterator[Database]:
    """A migrated database for one test, in which years come and go and everything commits."""
    with copy_of(server, template) as copy:
        yield copy


@pytest.fixture
def smith(alone: Database) -> Family:
    """A family in a database of its own."""
    return Family(alone, "Smith")


@pytest.fixture
def ben(smith: Family) -> UUID:
    """A member of that family."""
    return smith.join()


@pytest.fixture
def old(smith: Family, ben: UUID) -> Family:
    """Two people told something in 2010, with photos, a recording and something deleted, and one of them today."""
    smith.tell("é" * 5, on=ON)
    smith.tell("abc", kind="mixed", audio="s3://voice", said="hi", photos=("a", "b"), by=ben, on=ON)
    smith.mark_deleted(smith.tell("gone", by=ben, on=ON))
    smith.tell("today")
    return smith


@pytest.fixture
def album(familytales: Database) -> Album:
    """A family with something of everything."""
    return Album(familytales)
