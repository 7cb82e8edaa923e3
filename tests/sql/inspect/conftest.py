"""Who asks the monitoring queries."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.sql.databases import Database, Server, password_of
from tests.sql.inspect.queries import COUNTING

MONITOR = "inspect_monitor"

# Where no build counts statements there is nothing to ask; test_statistics.py holds the query against each version's
# columns on every machine.
collect_ignore = [] if COUNTING else ["test_statements.py"]


@pytest.fixture(scope="module")
def monitor(server: Server, migrated: dict[str, Database]) -> Iterator[str]:
    """A role that is a member of pg_monitor and nothing else, and may connect to the services' databases."""
    databases = [sql.Identifier(database.name) for database in migrated.values()]
    with server.as_master() as master:
        master.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE pg_monitor").format(
                sql.Identifier(MONITOR), sql.Literal(password_of(MONITOR))
            )
        )
        for database in databases:
            master.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(MONITOR)))
    yield MONITOR
    for name in ["empty", *(database.name for database in migrated.values())]:
        kept = server.kept.pop((name, MONITOR), None)
        if kept is not None:
            kept.close()
    with server.as_master() as master:
        for database in databases:
            master.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {}").format(database, sql.Identifier(MONITOR)))
        master.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(MONITOR)))


@pytest.fixture(scope="module")
def emptied(server: Server) -> Iterator[Database]:
    with server.database("inspected") as made:
        yield made


@pytest.fixture
def database(emptied: Database) -> Iterator[Database]:
    """An empty database, as elsewhere; one for all tests of a file, since making one takes longer than most tests."""
    yield emptied
    with emptied.master() as connection:
        for (schema,) in connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|info)'"
        ).fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def master(database: Database) -> Iterator[psycopg.Connection]:
    """The master user in an empty database, with times as UTC has them."""
    with database.master() as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection
