"""What clients see when the primary restarts, and when it is another one: stated exactly."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from infra.pgbouncer import Server
from local.postgres import Temporary, temporary
from local.processes import drop_to, run_as
from tests.e2e.pooler import kit
from tests.e2e.pooler.clients import Clients
from tests.e2e.pooler.conftest import MAJOR
from tests.e2e.pooler.kit import Binary, Task
from tests.e2e.pooler.names import NAME, Names

ADDRESS, NAMES = "127.45.7.1", "127.45.7.53"
COUNT, PAUSE = 12, 0.02


@contextmanager
def database() -> Iterator[Temporary]:
    with temporary(MAJOR, dbname=kit.SERVICE) as running:
        with psycopg.connect(running.superuser_conninfo, autocommit=True) as connection:
            role, password = sql.Identifier(kit.ROLE), sql.Literal(kit.PASSWORD)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
            connection.execute("CREATE TABLE done (client integer, turn integer, PRIMARY KEY (client, turn))")
            connection.execute(sql.SQL("GRANT ALL ON done TO {}").format(role))
        yield running


def postmaster(server: Temporary) -> int:
    with psycopg.connect(server.superuser_conninfo) as connection:
        row = connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def restarted(server: Temporary, gap: float, signum: int = signal.SIGINT) -> Iterator[None]:
    """The server stops at once, and comes back after a while, as a reboot of an instance does."""
    pid = postmaster(server)
    command = Path(f"/proc/{pid}/cmdline").read_text().strip("\0").split("\0")
    os.kill(pid, signum)
    kit.eventually(lambda: not kit.listens(server.host, server.port), "it is down")
    time.sleep(gap)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        **run_as(drop_to()),
    ) as process:  # type: ignore[call-overload]  # fmt: skip
        try:
            kit.eventually(lambda: kit.listens(server.host, server.port), "it is back")
            yield
        finally:
            process.send_signal(signal.SIGQUIT)


def rows(server: Temporary) -> set[tuple[int, int]]:
    with psycopg.connect(server.superuser_conninfo) as connection:
        return {(client, turn) for client, turn in connection.execute("SELECT client, turn FROM done").fetchall()}


def test_a_client_that_was_idle_while_the_primary_restarted_sees_nothing(pgbouncer: Binary, folder: Path) -> None:
    with database() as server:
        text = kit.ini(pgbouncer, Server(server.host, server.port))
        with kit.task(pgbouncer, folder, ADDRESS, text) as task, task.connect() as idle, task.connect() as busy:
            idle.execute("SELECT 1")
            busy.execute("BEGIN")
            with restarted(server, 1):
                assert idle.execute("SELECT 2").fetchone() == (2,)
                # Whoever was in a transaction gets one error, and then has to connect again.
                with pytest.raises(psycopg.OperationalError):
                    busy.execute("SELECT 1")
                with task.connect() as again:
                    assert again.execute("SELECT 3").fetchone() == (3,)


def test_a_client_that_asks_while_the_primary_is_away_waits_or_fails_at_once_and_goes_on(
    pgbouncer: Binary, folder: Path
) -> None:
    with database() as server:
        text = kit.ini(pgbouncer, Server(server.host, server.port))
        with (
            kit.task(pgbouncer, folder, ADDRESS, text) as task,
            Clients(COUNT, task.conninfo(), PAUSE) as clients,
        ):
            kit.eventually(lambda: len(clients.told.committed) > 3 * COUNT, "all clients work")
            with restarted(server, 3):
                before = len(clients.told.committed)
                kit.eventually(lambda: len(clients.told.committed) > before + 5 * COUNT, "they go on")
                clients.stop()
                told = clients.told
                # One transaction each at most: the one that ran when the server stopped.
                assert len(told.failed) <= COUNT
                # What was told to be committed is there. What is there untold is a COMMIT whose answer was lost.
                assert told.committed <= rows(server)
                assert len(rows(server) - told.committed) <= len(told.failed)


@pytest.fixture
def pair() -> Iterator[tuple[Temporary, Temporary]]:
    with database() as old, database() as new:
        yield old, new


@contextmanager
def named(
    task_of: Callable[[str, dict[str, str]], Any], old: str, folder: Path
) -> Iterator[tuple[Task, Callable[[str], None]]]:
    """A task that knows its primary by name, and what moves the name.

    Port 53 is for root, or for everybody where the kernel says so. Where it is not, the task reads another address from
    its configuration instead, as after a new deployment.
    """
    try:
        names = Names(NAMES, old)
    except PermissionError:
        with task_of(old, {}) as task:
            (home,) = task.folder.glob("pooler.*")

            def rewrite(address: str) -> None:
                path = home / "pgbouncer.ini"
                path.write_text(path.read_text().replace(f"host={old} ", f"host={address} "))
                task.process.send_signal(signal.SIGHUP)

            yield task, rewrite
        return
    try:
        resolv = folder / "resolv.conf"
        resolv.write_text(f"nameserver {NAMES}\noptions timeout:1\n")
        with task_of(NAME, {"resolv_conf": str(resolv)}) as task:

            def move(address: str) -> None:
                names.target = address

            yield task, move
            assert names.asked >= 2
    finally:
        names.close()


def test_clients_go_on_with_the_promoted_server_once_its_name_has_moved(
    pgbouncer: Binary, folder: Path, pair: tuple[Temporary, Temporary]
) -> None:
    old, new = pair

    def task_of(host: str, more: dict[str, str]) -> Any:
        text = kit.ini(pgbouncer, Server(host, 5432), dns_max_ttl="2")  # 15 would be waited for
        text += "".join(f"{key} = {value}\n" for key, value in more.items())
        return kit.task(pgbouncer, folder, ADDRESS, text)

    with named(task_of, old.host, folder) as (task, move):
        with Clients(COUNT, task.conninfo(), PAUSE) as clients:
            kit.eventually(lambda: len(clients.told.committed) > 3 * COUNT, "all clients work")
            os.kill(postmaster(old), signal.SIGQUIT)
            move(new.host)
            kit.eventually(lambda: len(rows(new)) > COUNT, "they reach the new one")
            before = len(clients.told.committed)
            kit.eventually(lambda: len(clients.told.committed) > before + 3 * COUNT, "and all go on")
        assert len(clients.told.failed) <= COUNT
        assert rows(new) <= clients.told.committed


def test_a_primary_that_lives_on_as_a_replica_loses_its_clients_between_transactions(
    pgbouncer: Binary, folder: Path, pair: tuple[Temporary, Temporary]
) -> None:
    """A planned switchover: the old server still answers. Nobody fails, once one connection was opened anew."""
    old, new = pair

    def task_of(host: str, more: dict[str, str]) -> Any:
        text = kit.ini(pgbouncer, Server(host, 5432), dns_max_ttl="1")
        text += "".join(f"{key} = {value}\n" for key, value in more.items())
        return kit.task(pgbouncer, folder, ADDRESS, text)

    with named(task_of, old.host, folder) as (task, move), Clients(COUNT, task.conninfo(), PAUSE) as clients:
        kit.eventually(lambda: len(clients.told.committed) > 3 * COUNT, "all clients work")
        move(new.host)
        # PgBouncer looks a name up when it opens a connection and the name is old, and at no other time.
        time.sleep(2)
        assert rows(new) == set()
        ask_for_more(task)
        kit.eventually(lambda: rows(new), "the new one is used")
        kit.eventually(lambda: len(rows(new)) > 10 * COUNT, "and by all")
        clients.stop()
        assert clients.told.failed == []
        assert rows(old) | rows(new) == clients.told.committed


def ask_for_more(task: Task) -> None:
    """Make PgBouncer open one server connection more than its clients in the loop need."""
    with task.connect() as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_sleep(0.5)")
