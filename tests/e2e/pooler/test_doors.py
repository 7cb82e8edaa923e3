"""`<name>_ro` has every replica behind it, and a dead one costs nobody anything but what ran there."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from infra import pgbouncer as ini
from infra.pgbouncer import Server
from local.postgres import Temporary, temporary
from tests.e2e.pooler import kit
from tests.e2e.pooler.conftest import MAJOR
from tests.e2e.pooler.kit import Binary, Task

ADDRESS = "127.45.5.1"
DOOR = f"{kit.SERVICE}_ro"
READERS = 6
# What a client may have to wait for a connection while a host is dead: it is tried, given up, and the next one is tried
# after a pause. Added: a bound for a busy machine, well below query_wait_timeout, which would be an error.
REFUSED_SECONDS = float(ini.DEFAULTS["server_login_retry"]) + 10
SILENT_SECONDS = float(ini.DEFAULTS["server_connect_timeout"]) + REFUSED_SECONDS


@pytest.fixture
def replicas() -> Iterator[list[Temporary]]:
    """Three servers that can be told apart by their address."""
    with ExitStack() as stack:
        made = [stack.enter_context(temporary(MAJOR, dbname=kit.SERVICE)) for _ in range(3)]
        for server in made:
            with psycopg.connect(server.superuser_conninfo, autocommit=True) as connection:
                role, password = sql.Identifier(kit.ROLE), sql.Literal(kit.PASSWORD)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
        yield made


def door_of(used: Binary, hosts: list[Server]) -> str:
    """The text with the door as the release of production has it: that there is no TLS here makes it valid for all."""
    doors = ini.doors(kit.SERVICE, hosts[0], tuple(hosts), 20, ini.HOST_LISTS_SINCE)
    (reading,) = (door for door in doors if door.name == DOOR)
    assert len(reading.servers) == len(hosts)
    return kit.ini_of(used, (reading,))


def where(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT host(inet_server_addr())").fetchone()
    assert row is not None
    return str(row[0])


def kill(server: Temporary) -> None:
    """Ends a server at once, as a lost instance does."""
    with psycopg.connect(server.superuser_conninfo) as connection:
        row = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int").fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGQUIT)


def read(task: Task, seconds: float) -> tuple[list[str], list[str], float]:
    """One reader's answers, its errors, and the longest that an answer took."""
    answers: list[str] = []
    errors: list[str] = []
    longest = 0.0
    until = time.monotonic() + seconds
    connection: psycopg.Connection[Any] | None = None
    while time.monotonic() < until:
        asked = time.monotonic()
        try:
            if connection is None:
                connection = task.connect(DOOR)
            answers.append(where(connection))
            longest = max(longest, time.monotonic() - asked)
        except psycopg.OperationalError as error:
            errors.append(str(error).strip())
            if connection is not None:
                connection.close()
            connection = None
        time.sleep(0.01)
    if connection is not None:
        connection.close()
    return answers, errors, longest


def test_all_replicas_serve_and_the_loss_of_one_is_seen_by_who_was_on_it_alone(
    pgbouncer: Binary, folder: Path, replicas: list[Temporary]
) -> None:
    hosts = [Server(server.host, server.port) for server in replicas]
    with (
        kit.task(pgbouncer, folder, ADDRESS, door_of(pgbouncer, hosts)) as task,
        ThreadPoolExecutor(READERS) as threads,
    ):
        before = [thread.result() for thread in [threads.submit(read, task, 2) for _ in range(READERS)]]
        assert {host for answers, _, _ in before for host in answers} == {host.host for host in hosts}
        assert [errors for _, errors, _ in before] == [[]] * READERS

        running = [threads.submit(read, task, 6) for _ in range(READERS)]
        time.sleep(1)
        kill(replicas[1])
        during = [thread.result() for thread in running]
        # A statement runs on one server connection, so that each client had at most one there.
        assert all(len(errors) <= 1 for _, errors, _ in during)
        assert all(longest < REFUSED_SECONDS for _, _, longest in during)

        after = [thread.result() for thread in [threads.submit(read, task, 3) for _ in range(READERS)]]
        assert {host for answers, _, _ in after for host in answers} == {hosts[0].host, hosts[2].host}
        assert [errors for _, errors, _ in after] == [[]] * READERS
        assert all(longest < REFUSED_SECONDS for _, _, longest in after)


def test_a_replica_that_says_nothing_lets_clients_wait_and_not_fail(
    pgbouncer: Binary, folder: Path, replicas: list[Temporary]
) -> None:
    # A full queue: the kernel drops whoever knocks, as a network does that lost the host.
    with closing(socket.socket()) as silent, ExitStack() as full:
        silent.bind(("127.45.5.66", replicas[0].port))
        silent.listen(0)
        for _ in range(4):
            knock = full.enter_context(closing(socket.socket()))
            knock.setblocking(False)
            knock.connect_ex(silent.getsockname())
        hosts = [Server("127.45.5.66", replicas[0].port), *(Server(one.host, one.port) for one in replicas[1:])]
        with (
            kit.task(pgbouncer, folder, ADDRESS, door_of(pgbouncer, hosts)) as task,
            ThreadPoolExecutor(READERS) as threads,
        ):
            seen = [thread.result() for thread in [threads.submit(read, task, 9) for _ in range(READERS)]]
    assert [errors for _, errors, _ in seen] == [[]] * READERS
    assert {host for answers, _, _ in seen for host in answers} == {host.host for host in hosts[1:]}
    # The first connection of all goes to the first host: those who waited for it say that it was tried.
    longest = max(longest for _, _, longest in seen)
    assert float(ini.DEFAULTS["server_connect_timeout"]) <= longest < SILENT_SECONDS


def test_a_quiet_pool_with_a_dead_replica_answers_without_a_wait(
    pgbouncer: Binary, folder: Path, replicas: list[Temporary]
) -> None:
    hosts = [Server(server.host, server.port) for server in replicas]
    # Idle connections go after a second here, so that the pool would be empty each time it is asked.
    text = kit.changed(door_of(pgbouncer, hosts), {"server_idle_timeout": "1"})
    with kit.task(pgbouncer, folder, ADDRESS, text) as task, task.connect(DOOR) as connection:
        where(connection)
        kit.eventually(lambda: servers(task) == 3, "a spare connection to each")
        kill(replicas[0])
        time.sleep(2)
        before = waited(task)
        for _ in range(4):
            assert where(connection) in {hosts[1].host, hosts[2].host}
            time.sleep(2)
        assert waited(task) == before


def waited(task: Task) -> int:
    """How long clients of the door have waited for a server connection so far, in microseconds."""
    console = kit.console(task)
    try:
        (row,) = (row for row in console.show("STATS") if row["database"] == DOOR)
        return int(row["total_wait_time"])
    finally:
        console.close()


def servers(task: Task) -> int:
    console = kit.console(task)
    try:
        pools = [row for row in console.show("POOLS") if row["database"] == DOOR]
        return sum(int(row["sv_idle"]) + int(row["sv_used"]) for row in pools)
    finally:
        console.close()
