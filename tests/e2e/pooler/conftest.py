"""One PostgreSQL for the tests of this folder, and both releases of PgBouncer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra.pgbouncer import Server
from local import engines
from local.postgres import Temporary, temporary
from tests.e2e.pooler import kit
from tests.e2e.pooler.kit import Binary

MAJOR = next(major for major in ("16", "15", "18") if major in engines.installed())
# The estate's max_connections of a small production instance; the ceiling is tested against it.
MOST_CONNECTIONS = 100


@pytest.fixture(scope="package")
def postgres() -> Iterator[Temporary]:
    with temporary(MAJOR, dbname=kit.SERVICE, settings={"max_connections": str(MOST_CONNECTIONS)}) as running:
        with psycopg.connect(running.superuser_conninfo, autocommit=True) as connection:
            role, password = sql.Identifier(kit.ROLE), sql.Literal(kit.PASSWORD)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
            connection.execute("CREATE TABLE done (client integer, turn integer, PRIMARY KEY (client, turn))")
            connection.execute(sql.SQL("GRANT ALL ON done TO {}").format(role))
        yield running


@pytest.fixture
def primary(postgres: Temporary) -> Server:
    with psycopg.connect(postgres.superuser_conninfo, autocommit=True) as connection:
        connection.execute("TRUNCATE done")
    return Server(postgres.host, postgres.port)


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    with kit.folder_for_all() as made:
        yield made


@pytest.fixture(scope="package", params=["packaged", "built"])
def pgbouncer(request: pytest.FixtureRequest, folder: Path) -> Binary:
    return kit.binary(request.param, folder)
