"""SIGTERM loses no transaction: what clients counted is what PostgreSQL holds."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from infra.pgbouncer import Server
from local.postgres import Temporary
from local.reconciler.forwarder import Forwarder
from tests.e2e.pooler import kit
from tests.e2e.pooler.clients import Clients
from tests.e2e.pooler.kit import Binary

OLD, NEW, BALANCER = "127.45.1.1", "127.45.1.2", "127.45.1.10"
DOOR = (BALANCER, kit.PORT)
# Enough that some transaction runs at every moment, few enough that two cores serve them.
COUNT, PAUSE = 24, 0.02


@pytest.fixture
def balancer() -> Iterator[Forwarder]:
    forwarder = Forwarder()
    yield forwarder
    forwarder.close()


def rows(postgres: Temporary) -> set[tuple[int, int]]:
    with psycopg.connect(postgres.superuser_conninfo) as connection:
        return {(client, turn) for client, turn in connection.execute("SELECT client, turn FROM done").fetchall()}


def test_a_task_that_is_stopped_under_load_loses_no_transaction(
    pgbouncer: Binary, folder: Path, postgres: Temporary, primary: Server, balancer: Forwarder
) -> None:
    text = kit.ini(pgbouncer, primary)
    drain = {"DRAIN_ACCEPT_SECONDS": "3", "DRAIN_FINISH_SECONDS": "20"}
    with (
        kit.task(pgbouncer, folder, OLD, text, drain) as old,
        kit.task(pgbouncer, folder, NEW, text) as new,
    ):
        both = [(OLD, kit.PORT), (NEW, kit.PORT)]
        balancer.want({DOOR: both})
        with Clients(COUNT, {**old.conninfo(), "host": BALANCER}, PAUSE) as clients:
            kit.eventually(lambda: len(clients.told.committed) > 5 * COUNT, "all clients work")
            old.process.send_signal(signal.SIGTERM)
            # The balancer does not know yet: it goes on sending, and is not refused.
            for _ in range(20):
                with old.connect() as late:
                    assert late.execute("SELECT 1").fetchone() == (1,)
            balancer.want({DOOR: both[1:]})
            assert old.process.wait(60) == 0
            before = len(clients.told.committed)
            kit.eventually(lambda: len(clients.told.committed) > before + 5 * COUNT, "all go on with the other task")
        assert clients.told.failed == []
        assert rows(postgres) == clients.told.committed
        assert new.process.poll() is None
        # What a client saw, if anything, came before its BEGIN was answered.
        assert clients.told.again.total() <= COUNT * 3


def test_a_transaction_that_outlasts_the_open_doors_still_ends(
    pgbouncer: Binary, folder: Path, postgres: Temporary, primary: Server
) -> None:
    drain = {"DRAIN_ACCEPT_SECONDS": "0", "DRAIN_FINISH_SECONDS": "30"}
    with (
        ThreadPoolExecutor(1) as threads,
        kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary), drain) as task,
    ):
        with task.connect() as connection, task.connect() as idle:
            idle.execute("SELECT 1")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO done VALUES (1, 1)")
            task.process.send_signal(signal.SIGTERM)
            kit.eventually(lambda: "running transactions may end" in task.text, "the doors are closed")
            # New work is not begun: a client that was idle learns it from its first statement, from 1.23 on at once,
            # before that when the task has ended.
            new_work = threads.submit(idle.execute, "BEGIN")
            connection.execute("INSERT INTO done VALUES (1, 2)")
            connection.execute("COMMIT")
            with pytest.raises(psycopg.OperationalError):
                new_work.result()
        assert task.process.wait(30) == 0
    assert rows(postgres) == {(1, 1), (1, 2)}


def test_a_transaction_that_never_ends_is_cut_in_time(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    drain = {"DRAIN_ACCEPT_SECONDS": "0", "DRAIN_FINISH_SECONDS": "1"}
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary), drain) as task, task.connect() as connection:
        connection.execute("BEGIN")
        task.process.send_signal(signal.SIGTERM)
        task.process.wait(30)
        assert "transactions still run; they are cut" in task.text
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")


def test_idle_clients_are_let_go_before_the_doors_close(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    # The last step lets go who is idle for 5 s: with these numbers 7 s before the doors close.
    drain = {"DRAIN_ACCEPT_SECONDS": "14", "DRAIN_FINISH_SECONDS": "5"}
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary), drain) as task:
        with task.connect() as idle, task.connect() as busy:
            idle.execute("SELECT 1")
            busy.execute("BEGIN")
            task.process.send_signal(signal.SIGTERM)
            kit.eventually(lambda: "clients idle for 5 s are let go" in task.text, "the last step")
            kit.eventually(lambda: closed(idle), "the idle client is disconnected")
            assert "accepts no more" not in task.text
            # Whoever holds a server connection is not idle, however long it says nothing.
            assert busy.execute("SELECT 1").fetchone() == (1,)
            busy.execute("COMMIT")
        assert task.process.wait(30) == 0


def closed(connection: psycopg.Connection[object]) -> bool:
    """Whether the other side hung up, asked without a statement: as pools look at a connection before they lend it."""
    try:
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return connection.pgconn.status != psycopg.pq.ConnStatus.OK


def test_a_second_sigterm_waits_for_nothing(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    drain = {"DRAIN_ACCEPT_SECONDS": "60", "DRAIN_FINISH_SECONDS": "50"}
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary), drain) as task:
        task.process.send_signal(signal.SIGTERM)
        kit.eventually(lambda: "SIGTERM: accepts for 60 s more" in task.text, "the first is heard")
        assert task.end() == 128 + signal.SIGKILL


def test_a_pgbouncer_that_crashes_ends_the_task_with_its_signal(
    pgbouncer: Binary, folder: Path, primary: Server
) -> None:
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary)) as task:
        os.kill(task.pgbouncer_pid(), signal.SIGSEGV)
        assert task.process.wait(10) == 128 + signal.SIGSEGV


def test_a_wrong_configuration_ends_the_task_with_pgbouncers_own_code(
    pgbouncer: Binary, folder: Path, primary: Server
) -> None:
    text = kit.ini(pgbouncer, primary).replace("pool_mode = transaction", "no_such_setting = 1")
    with kit.task(pgbouncer, folder, OLD, text) as task:
        assert task.process.wait(10) == 1
        assert "no_such_setting" in task.text


def test_other_signals_are_passed_on(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary)) as task:
        task.process.send_signal(signal.SIGHUP)
        kit.eventually(lambda: "got SIGHUP" in task.text, "PgBouncer reads its configuration again")
        task.process.send_signal(signal.SIGUSR1)
        kit.eventually(lambda: "got SIGUSR1" in task.text, "PgBouncer pauses")
        task.process.send_signal(signal.SIGUSR2)
        kit.eventually(lambda: "got SIGUSR2" in task.text, "PgBouncer goes on")
        with task.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_what_was_left_behind_is_reaped(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(pgbouncer, folder, OLD, kit.ini(pgbouncer, primary)) as task:
        before = set(kit.children(task.process.pid))
        exporter = next(iter(before - {task.pgbouncer_pid()}))
        os.kill(exporter, signal.SIGKILL)
        kit.eventually(lambda: "the exporter ended with -9" in task.text, "its end is seen")
        assert set(kit.children(task.process.pid)) == {task.pgbouncer_pid()}
