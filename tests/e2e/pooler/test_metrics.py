"""The exporter of a running task: its lines, and what nobody finds in them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra import pgbouncer as ini
from infra import pooler_metrics
from infra.pgbouncer import Server
from tests.e2e.pooler import kit
from tests.e2e.pooler.kit import Binary, Task

ADDRESS = "127.45.6.1"
# A line each second instead of each minute: the test cannot wait for the clock.
SOON = {"METRICS_SECONDS": "1"}


def lines(task: Task, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in task.text.splitlines() if line.startswith("{")]
    return [line for line in found if line["pooler"] == kind]


def test_the_lines_tell_what_clients_do_and_are_what_the_filters_read(
    pgbouncer: Binary, folder: Path, primary: Server
) -> None:
    text = kit.ini(pgbouncer, primary, per_task=4)
    with ThreadPoolExecutor(1) as threads, kit.task(pgbouncer, folder, ADDRESS, text, SOON) as task:
        with task.connect() as one, task.connect() as two, task.connect() as three, task.connect() as four:
            for connection in (one, two, three):
                connection.execute("BEGIN")
            # Three of three: the fourth waits.
            assert kit.door(text, kit.SERVICE)["max_db_connections"] == "3"
            waiting = threads.submit(four.execute, "SELECT 1")
            kit.eventually(
                lambda: any(line["clients_waiting"] == 1 for line in lines(task, "task")), "the queue is told"
            )
            line = next(line for line in lines(task, "task") if line["clients_waiting"] == 1)
            kit.eventually(
                lambda: any(line["pool_used_percent"] == 100.0 for line in lines(task, "task")), "the use is told"
            )
            for connection in (one, two, three):
                connection.execute("ROLLBACK")
            assert waiting.result().fetchone() == (1,)
        assert (line["stack"], line["service"], line["heartbeat"]) == ("test", kit.SERVICE, 1)
        assert (line["client_connections"], line["server_connections"]) == (4, 3)
        doors = {line["door"] for line in lines(task, "door")}
        assert doors == {kit.SERVICE, f"{kit.SERVICE}_ro"}
        for metric in pooler_metrics.METRICS:
            for row in lines(task, metric.kind):
                assert isinstance(row[metric.field], int | float)
        assert kit.ROLE not in "".join(line for line in task.text.splitlines() if line.startswith("{"))


def test_the_console_is_for_the_exporter_alone(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary)) as task:
        with pytest.raises(psycopg.OperationalError):  # a role of the pool has no way in
            psycopg.connect(**task.conninfo("pgbouncer"), autocommit=True).execute("SHOW POOLS")
        console = kit.console(task)
        assert {row["database"] for row in console.show("POOLS")} >= {"pgbouncer"}
        console.close()
        # It may look and do nothing.
        with psycopg.connect(
            **task.conninfo("pgbouncer", user=ini.VIEWER, password=viewer(task)), autocommit=True
        ) as looking:
            for command in (b"PAUSE", b"KILL shop", b"SHUTDOWN", b"RELOAD", b"SET log_stats = 0"):
                assert b"admin access needed" in looking.pgconn.exec_(command).error_message
        # Nor is it a way to the databases.
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(**task.conninfo(user=ini.VIEWER, password=viewer(task)))


def viewer(task: Task) -> str:
    (home,) = task.folder.glob("pooler.*")
    return (home / "stats.password").read_text()


def test_no_password_is_in_an_argument_an_environment_or_the_log(
    pgbouncer: Binary, folder: Path, primary: Server
) -> None:
    with kit.task(pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary), SOON) as task:
        kit.eventually(lambda: lines(task, "task"), "the exporter has logged in")
        secrets = [kit.PASSWORD, viewer(task)]
        pids = [task.process.pid, *kit.children(task.process.pid)]
        assert len(pids) == 3
        for pid in pids:
            for what in ("cmdline", "environ"):
                text = Path(f"/proc/{pid}/{what}").read_text()
                assert not any(secret in text for secret in secrets), (pid, what)
        assert not any(secret in task.text for secret in secrets)


def test_the_exporter_speaks_tls_where_clients_must(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    # The embedded PostgreSQL has no TLS; between clients and PgBouncer it is as in production.
    lines_of_clients = [f"{key} = {value}" for key, value in ini.TLS.items() if key.startswith("client_tls_")]
    text = kit.ini(pgbouncer, primary) + "\n".join(lines_of_clients) + "\n"
    with kit.task(pgbouncer, folder, ADDRESS, text, SOON) as task:
        kit.eventually(lambda: lines(task, "task"), "a line")
        with pytest.raises(psycopg.OperationalError, match="SSL required"):
            task.connect()
        with psycopg.connect(**task.conninfo(sslmode="require")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_each_task_has_a_password_of_its_own(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    found = set()
    for _ in range(2):
        with kit.task(pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary)) as task:
            found.add(viewer(task))
    assert len(found) == 2 and all(len(password) == 48 for password in found)


def test_the_viewers_name_is_no_role_of_the_database(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(
        pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary), roles={ini.VIEWER: "x", kit.ROLE: kit.PASSWORD}
    ) as task:
        assert task.process.wait(10) == 64
        assert "cannot be a role of the database too" in task.text


def test_an_exporter_that_dies_is_started_again(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary), SOON) as task:
        kit.eventually(lambda: lines(task, "task"), "a line")
        (exporter,) = set(kit.children(task.process.pid)) - {task.pgbouncer_pid()}
        kit.kill_hard(exporter)
        kit.eventually(lambda: len(kit.children(task.process.pid)) == 2, "there is another one")
        before = len(lines(task, "task"))
        kit.eventually(lambda: len(lines(task, "task")) > before, "it prints")
