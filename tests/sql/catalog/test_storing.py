"""The fingerprint in the database."""

from __future__ import annotations

import psycopg
import pytest

from schema.catalog import Fingerprint, Objects, create, load, store
from tests.sql.databases import Rows

_TABLES = ("_schema_fingerprint", "_schema_objects")
_STORED = Objects({("table", "app.a"): "owner x", ("table", "app.b"): "owner x", ("column", "app.a.id"): "integer"})


@pytest.fixture
def connection(trial: psycopg.Connection) -> psycopg.Connection:
    """The zoo with an empty fingerprint."""
    create(trial, "zoo_owner")
    return trial


def _rows(connection: psycopg.Connection) -> Rows:
    """The rows with their places: a row that was written has another one."""
    return connection.execute(
        "SELECT ctid::text, kind, identity FROM public._schema_objects"
        " UNION ALL SELECT ctid::text, 'head', taken_at::text FROM public._schema_fingerprint ORDER BY 2, 3"
    ).fetchall()


def _load(connection: psycopg.Connection) -> Fingerprint:
    fingerprint = load(connection)
    assert fingerprint is not None
    return fingerprint


def test_without_tables_there_is_none(trial: psycopg.Connection) -> None:
    assert load(trial) is None


def test_before_the_first_run_has_ended_there_is_none(connection: psycopg.Connection) -> None:
    assert load(connection) is None


def test_the_tables_are_the_owners(connection: psycopg.Connection) -> None:
    create(connection, "zoo_owner")
    assert connection.execute(
        "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname = ANY (%s) ORDER BY 1", (list(_TABLES),)
    ).fetchall() == [(name, "zoo_owner") for name in _TABLES]


def test_it_says_what_was_stored_and_when(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"\x01\x02")
    fingerprint = _load(connection)
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    assert now
    assert fingerprint.objects == _STORED
    assert fingerprint.ledger == b"\x01\x02"
    assert fingerprint.engine_major == connection.info.server_version // 10_000
    assert 0 <= (now[0] - fingerprint.taken_at).total_seconds() < 60


def test_the_same_again_writes_no_row(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"1")
    rows = _rows(connection)
    store(connection, _STORED, b"1")
    assert _rows(connection) == rows


def test_only_what_differs_is_written(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"1")
    before = _rows(connection)
    changed = {("table", "app.a"): "owner y", ("table", "app.c"): "owner x"}
    kept = {key: definition for key, definition in _STORED.items() if key != ("table", "app.b")}
    store(connection, Objects(kept | changed), b"1")
    after = _rows(connection)
    assert _load(connection).objects == Objects(kept | changed)
    assert [row[1:] for row in after if row in before] == [("column", "app.a.id")]


def test_another_ledger_is_stored_though_no_object_differs(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"1")
    before = _rows(connection)
    store(connection, _STORED, b"2")
    assert _load(connection).ledger == b"2"
    assert [row[1] for row in _rows(connection) if row not in before] == ["head"]


def test_nothing_described_is_a_fingerprint_too(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"1")
    store(connection, Objects({}), b"1")
    assert _load(connection).objects == Objects({})


def test_a_caller_who_rolls_back_has_stored_nothing(connection: psycopg.Connection) -> None:
    store(connection, _STORED, b"1")
    with connection.transaction(force_rollback=True):
        store(connection, Objects({}), b"2")
    assert _load(connection).objects == _STORED
