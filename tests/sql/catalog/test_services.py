"""The databases of both services, described, stored and compared."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from schema.catalog import Objects, compare, create, lines, load, read, store
from tests.sql.databases import Database

_PARTITIONED = {
    "platform": ("app.tasks", "SELECT ops.create_months('app.tasks', 'tasks', 40, 43)", "part.tasks_default"),
    "familytales": (
        "familytales.content_segments",
        "SELECT ops.create_years('familytales.content_segments', 'content_segments', 40, 43)",
        "part.content_segments_default",
    ),
}


@pytest.fixture
def connection(migrated: dict[str, Database], service_name: str) -> Iterator[psycopg.Connection]:
    """As the master user in a transaction that is rolled back, for the database is everybody's."""
    database = migrated[service_name]
    running = database.server.running
    kept = database.server.keep(database.name, running.user, running.password)
    with kept.transaction(force_rollback=True):
        yield kept


@pytest.fixture
def stored(connection: psycopg.Connection, service_name: str) -> Objects:
    create(connection, f"{service_name}_owner")
    objects = read(connection)
    store(connection, objects, b"ledger")
    return objects


def test_it_is_described_the_same_twice(connection: psycopg.Connection, stored: Objects) -> None:
    assert len(stored) > 300
    assert read(connection) == stored
    assert all(definition and not definition.startswith("\n") for definition in stored.values())


def test_what_was_stored_comes_back(connection: psycopg.Connection, stored: Objects) -> None:
    fingerprint = load(connection)
    assert fingerprint is not None
    assert fingerprint.objects == stored
    assert compare(fingerprint.objects, read(connection)) == ()


def test_its_partitions_are_one_row_for_each_partitioned_table(connection: psycopg.Connection, stored: Objects) -> None:
    shapes = [key for key in stored if key[0] == "partition"]
    partitioned = connection.execute("SELECT FROM pg_partitioned_table").fetchall()
    assert len(shapes) == len(partitioned)
    assert sum(len(stored.leaves[key]) for key in shapes) > 2 * len(shapes)


def test_partitions_come_and_go(connection: psycopg.Connection, stored: Objects, service_name: str) -> None:
    parent, maintenance, default = _PARTITIONED[service_name]
    connection.execute(f"SET LOCAL ROLE {service_name}_owner")
    connection.execute(maintenance)
    assert compare(stored, read(connection)) == ()
    connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {default}; DROP TABLE {default}")
    assert compare(stored, read(connection)) == ()


def test_an_open_partition_is_told_by_its_name(
    connection: psycopg.Connection, stored: Objects, service_name: str
) -> None:
    default = _PARTITIONED[service_name][2]
    connection.execute(f"ALTER TABLE {default} DISABLE ROW LEVEL SECURITY")
    assert lines(compare(stored, read(connection))) == [
        "change   kind       object",
        f"changed  partition  {default}: row level security enabled → row level security disabled",
    ]


_DESCRIBED: dict[str, Objects] = {}

# What is there where pg_trgm is, all of it or nothing.
_OF_PG_TRGM = {
    ("extension", "pg_trgm"),
    ("index", "app.idx_organizations_names"),
    ("index", "auth.idx_users_names"),
}


def test_every_engine_is_described_alike(stored: Objects, service_name: str) -> None:
    """The first engine's description is kept for the others: an upgrade must not look like drift."""
    drifts = {(drift.kind, drift.identity) for drift in compare(_DESCRIBED.setdefault(service_name, stored), stored)}
    assert drifts in (set(), _OF_PG_TRGM)
