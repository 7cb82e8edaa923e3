"""A primary and its standby, seen from both sides."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from local import engines, paths, roles
from local.addresses import Addresses
from local.processes import Registry
from local.server import Server
from tests.sql.databases import MAJORS
from tests.sql.inspect.queries import NAMES, Row, ask, eventually

_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_prepared_transactions": "2",
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
}
_USER = "estate_admin"


@dataclass(frozen=True, slots=True)
class _Pair:
    primary: Server
    standby: Server
    password: str

    def master(self, server: Server) -> psycopg.Connection:
        return psycopg.connect(
            host=server.address,
            port=server.port,
            dbname="estate",
            user=_USER,
            password=self.password,
            sslmode="disable",
            autocommit=True,
        )

    def superuser(self, server: Server) -> psycopg.Connection:
        return psycopg.connect(server.superuser_conninfo, autocommit=True)


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"pg{major}")
def pair(request: pytest.FixtureRequest) -> Iterator[_Pair]:
    place = paths.prepare(Path(tempfile.mkdtemp(prefix="estate-pg-")))
    addresses = Addresses(place.root, place.real / "addresses.json")
    engine = engines.get(request.param).reachable(place.real / "engines")
    primary, standby = (
        Server(
            name=name,
            engine=engine,
            folder=place.instance(name),
            sockets=place.sockets / name,
            log=place.logs / f"{name}.log",
            address=addresses.get("rds", name),
            port=5432,
            clients=addresses.cidr,
        )
        for name in ("first", "second")
    )
    password, replication = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    registry = Registry(place.processes)
    processes = []
    try:
        primary.initialise()
        primary.configure(_SETTINGS)
        processes.append((primary, primary.start(registry)))
        roles.ensure_roles(primary.superuser_conninfo, _USER, password, replication)
        roles.ensure_database(primary.superuser_conninfo, "estate", _USER)
        standby.copy_from(primary, replication)
        standby.configure({**_SETTINGS, **standby.follow_settings(primary)})
        processes.append((standby, standby.start(registry)))
        eventually(standby.streams)
        yield _Pair(primary, standby, password)
    finally:
        for server, process in reversed(processes):
            server.stop(process, discard=True)
        paths.remove(place)


@pytest.fixture
def primary(pair: _Pair) -> Iterator[psycopg.Connection]:
    with pair.master(pair.primary) as connection:
        yield connection


@pytest.fixture
def replica(pair: _Pair) -> Iterator[psycopg.Connection]:
    with pair.master(pair.standby) as connection:
        yield connection


def _row(connection: psycopg.Connection, kind: str) -> Row:
    [row] = [row for row in ask(connection, "replication_lag") if row["kind"] == kind]
    return row


def test_a_server_without_replicas_is_a_primary_with_nobody_connected(master: psycopg.Connection) -> None:
    [row] = ask(master, "replication_lag")
    assert (row["kind"], row["state"]) == ("this primary", "0 connected")
    assert {value for key, value in row.items() if key.endswith(("_bytes", "_ms"))} == {None}


def test_the_primary_names_its_standby(primary: psycopg.Connection) -> None:
    eventually(lambda: _row(primary, "standby")["replay_lag_bytes"] == 0)
    assert _row(primary, "this primary")["state"] == "1 connected"
    row = _row(primary, "standby")
    assert (row["name"], row["state"], row["sync_state"]) == ("second", "streaming", "async")


def test_the_replica_knows_that_it_is_one(replica: psycopg.Connection) -> None:
    # What the primary has is known from its next message on.
    eventually(lambda: _row(replica, "this replica")["receive_lag_bytes"] == 0)
    eventually(lambda: _row(replica, "this replica")["replay_lag_bytes"] == 0)
    row = _row(replica, "this replica")
    assert (row["name"], row["state"], row["conflicts"]) == ("second", "streaming", 0)
    assert row["replay_lag_ms"] == 0


def test_what_a_replica_has_not_replayed_is_told_on_both_sides(
    pair: _Pair, primary: psycopg.Connection, replica: psycopg.Connection
) -> None:
    # A standby knows how old its state is from the first transaction that it replays.
    primary.execute("CREATE TABLE delayed (id integer)")
    eventually(lambda: replica.execute("SELECT to_regclass('delayed') IS NOT NULL").fetchall() == [(True,)])
    with pair.superuser(pair.standby) as superuser:
        superuser.execute("SELECT pg_wal_replay_pause()")
        eventually(lambda: superuser.execute("SELECT pg_get_wal_replay_pause_state()").fetchall() == [("paused",)])
        try:
            primary.execute("INSERT INTO delayed SELECT generate_series(1, 2000)")
            eventually(lambda: _row(replica, "this replica")["replay_lag_bytes"] > 50_000)
            eventually(lambda: _row(primary, "standby")["replay_lag_bytes"] > 50_000)
            row = _row(replica, "this replica")
            assert row["state"] == "replay is paused"
            assert row["replay_lag_ms"] > 0
        finally:
            superuser.execute("SELECT pg_wal_replay_resume()")
    eventually(lambda: _row(replica, "this replica")["replay_lag_bytes"] == 0)
    eventually(lambda: _row(primary, "standby")["replay_lag_bytes"] == 0)
    primary.execute("DROP TABLE delayed")


def test_a_slot_that_nobody_reads_is_told_with_what_it_retains(pair: _Pair, primary: psycopg.Connection) -> None:
    with pair.superuser(pair.primary) as superuser:
        superuser.execute("SELECT pg_create_physical_replication_slot('left_behind', true)")
        try:
            primary.execute("CREATE TABLE growing AS SELECT generate_series(1, 2000) AS id")
            row = _row(primary, "physical slot")
            assert (row["name"], row["state"]) == ("left_behind", "inactive, WAL reserved")
            assert row["retained_bytes"] > 50_000
            assert _row(primary, "this primary")["state"] == "1 connected"
        finally:
            superuser.execute("SELECT pg_drop_replication_slot('left_behind')")
            primary.execute("DROP TABLE growing")


def test_a_query_on_the_standby_holds_up_the_primary(
    pair: _Pair, primary: psycopg.Connection, replica: psycopg.Connection
) -> None:
    with pair.master(pair.standby) as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        eventually(lambda: "standby" in {row["kind"] for row in ask(primary, "transaction_age")})
        pid = reader.info.backend_pid
        assert [row["kind"] for row in ask(replica, "transaction_age") if row["pid"] == pid] == ["idle in transaction"]


def test_a_prepared_transaction_is_told_with_its_name(primary: psycopg.Connection) -> None:
    primary.execute("CREATE TABLE held (id integer)")
    primary.execute("BEGIN")
    primary.execute("INSERT INTO held VALUES (1)")
    primary.execute("PREPARE TRANSACTION 'It''s forgotten'")
    try:
        [row] = [row for row in ask(primary, "transaction_age") if row["kind"] == "prepared transaction"]
        assert row["name"] == "It's forgotten"
        assert row["detail"] == "of estate_admin: COMMIT PREPARED or ROLLBACK PREPARED 'It''s forgotten'"
    finally:
        primary.execute("ROLLBACK PREPARED 'It''s forgotten'")
        primary.execute("DROP TABLE held")


def test_a_lock_of_a_prepared_transaction_is_a_row_with_pid_0(pair: _Pair, primary: psycopg.Connection) -> None:
    primary.execute("CREATE TABLE held (id integer)")
    primary.execute("BEGIN")
    primary.execute("LOCK TABLE held")
    primary.execute("PREPARE TRANSACTION 'holder'")
    try:
        with pair.master(pair.primary) as waiter:
            waiter.pgconn.send_query(b"SELECT FROM held")
            eventually(lambda: len(ask(primary, "locks")) == 2)
            top, below = ask(primary, "locks")
            assert (top["pid"], top["sessions_behind"]) == (0, 1)
            assert (below["pid"], below["blocked_by_pids"]) == (waiter.info.backend_pid, [0])
            primary.execute("ROLLBACK PREPARED 'holder'")
            while waiter.pgconn.get_result():
                pass
    finally:
        primary.execute("DROP TABLE held")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_runs_on_a_replica(name: str, replica: psycopg.Connection) -> None:
    ask(replica, name)


def test_an_index_is_counted_on_each_server_alone(primary: psycopg.Connection, replica: psycopg.Connection) -> None:
    primary.execute("CREATE TABLE counted (id integer)")
    primary.execute("CREATE INDEX counted_id ON counted (id)")
    try:
        eventually(lambda: len(ask(replica, "unused_indexes")) == 1)
        [row] = ask(replica, "unused_indexes")
        assert (row["index"], row["counted_on"]) == ("public.counted_id", "replica")
    finally:
        primary.execute("DROP TABLE counted")
