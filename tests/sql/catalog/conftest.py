"""The zoo, and a transaction in it that is taken back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from schema.catalog import Objects, read
from tests.sql.catalog.zoo import ROLES, ZOO
from tests.sql.databases import Database, Server


@pytest.fixture(scope="session")
def zoo(server: Server) -> Iterator[Database]:
    """A database with one of everything; nobody changes it but in a transaction that is rolled back."""
    with server.database("zoo") as made:
        for role in ROLES:
            made.run(f"CREATE ROLE {role}")
        made.run("GRANT zoo_owner, zoo_keeper TO CURRENT_USER")
        made.run("GRANT CREATE ON DATABASE zoo TO zoo_owner")
        made.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        made.run("GRANT CREATE, USAGE ON SCHEMA public TO zoo_owner")
        with made.master() as connection, connection.transaction():
            connection.execute("SET LOCAL ROLE zoo_owner")
            connection.execute(ZOO)
        yield made


@pytest.fixture(scope="session")
def zoo_objects(zoo: Database) -> Objects:
    with zoo.master() as connection:
        return read(connection)


@pytest.fixture
def trial(zoo: Database) -> Iterator[psycopg.Connection]:
    """A connection to the zoo as its owner; whatever is done with it is undone."""
    connection = zoo.server.keep(zoo.name, zoo.server.running.user, zoo.server.running.password)
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL ROLE zoo_owner")
        yield connection
