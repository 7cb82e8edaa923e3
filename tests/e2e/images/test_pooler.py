"""The pooler image runs as its task definition says: TLS on both sides, a read-only root, an end without a loss."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from infra import pgbouncer
from infra.pgbouncer import POSTGRES_PORT
from infra.pgbouncer import Server as Where
from tests.e2e.images import container, definitions
from tests.e2e.images.bare_root import Built
from tests.e2e.images.conftest import PGBOUNCER, SERVER_ADDRESS, SERVICE, Server
from tests.e2e.images.container import Container

ADDRESS = "127.46.1.2"
ROLE, PASSWORD = "image_app", 'it\'s "so"'


@pytest.fixture(scope="module")
def ini() -> str:
    """As production has it, of the release that is built here, with one server."""
    release = PGBOUNCER.rpartition(".")[0]
    doors = pgbouncer.doors(SERVICE, Where(SERVER_ADDRESS, POSTGRES_PORT), (), 55, release)
    return pgbouncer.ini(doors, SERVICE, release, True, 10_000, 55)


@pytest.fixture
def task(images: dict[str, Built], server: Server, ini: str, tmp_path: Path) -> Iterator[Container]:
    with psycopg.connect(server.superuser, autocommit=True) as connection:
        role = sql.Identifier(ROLE)
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(PASSWORD)))
    definition = definitions.containers(SERVICE)["pooler"]
    environment = definitions.environment(definition) | {
        "PGBOUNCER_INI": ini,
        "LISTEN_ADDR": ADDRESS,
        "DRAIN_ACCEPT_SECONDS": "0",
        "DRAIN_FINISH_SECONDS": "30",
        f"POOLER_PASSWORD_{ROLE}": PASSWORD,
    }
    with container.running(images["pooler"], tmp_path / "log", environment, definition["command"]) as running:
        container.eventually(lambda: running.process.poll() is not None or answers(running), "the pooler answers")
        assert running.process.poll() is None, running.text
        yield running


def answers(task: Container) -> bool:
    return task.execute(*health()).returncode == 0


def health() -> list[str]:
    """The health check of the task definition, in its exec form."""
    command: list[str] = definitions.containers(SERVICE)["pooler"]["healthCheck"]["command"]
    assert command[0] == "CMD"
    return command[1:]


def connect() -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=ADDRESS, port=pgbouncer.PORT, user=ROLE, password=PASSWORD, dbname=SERVICE, sslmode="require",
        connect_timeout=10, prepare_threshold=None,
    )  # fmt: skip


def test_a_query_passes_encrypted_on_both_sides(task: Container) -> None:
    with connect() as connection:
        row = connection.execute(
            "SELECT current_user, current_database(), (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())"
        ).fetchone()
        assert row == (ROLE, SERVICE, True)
        assert connection.pgconn.ssl_in_use


def test_it_runs_as_the_images_user_and_writes_nowhere_but_in_memory(task: Container) -> None:
    definition = definitions.containers(SERVICE)["pooler"]
    assert definition["user"] == task.built.image.user
    assert definition["linuxParameters"]["tmpfs"][0]["size"] == container.TMP_MIB
    user, group = task.built.image.user.split(":")
    assert task.execute("id").stdout.split()[0] == f"uid={user}(pooler)"
    assert task.execute("id", "-g").stdout.strip() == group
    for place in ("/", "/etc", "/opt/pooler/bin", "/var/tmp", "/run"):
        assert "Read-only file system" in task.execute("touch", f"{place}/new").stderr
    private = task.execute("find", "/tmp", "-mindepth", "1", "-printf", "%m %u %y\\n").stdout.split("\n")
    assert {line for line in private if line} == {"700 pooler d", "600 pooler f"}


def test_no_secret_is_in_an_argument_or_in_the_environment_of_pgbouncer(task: Container) -> None:
    shown = task.execute("sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/cmdline; done").stdout
    assert "pgbouncer" in shown
    assert "so" not in shown.split()
    assert PASSWORD not in shown + task.text


def test_the_health_check_says_yes_while_it_serves_and_no_when_its_doors_are_closed(task: Container) -> None:
    yes = task.execute(*health())
    assert (yes.returncode, yes.stderr) == (0, f"pooler-health: {ADDRESS}:{pgbouncer.PORT}: answers\n")
    with connect() as connection:
        connection.execute("SELECT 1")  # a transaction that holds the end up
        task.signal(signal.SIGTERM)
        container.eventually(lambda: not answers(task), "the doors are closed")
        no = task.execute(*health())
        assert (no.returncode, no.stderr) == (
            1, f"pooler-health: {ADDRESS}:{pgbouncer.PORT}: [Errno 111] Connection refused\n",
        )  # fmt: skip
        assert connection.execute("SELECT 2").fetchone() == (2,), "and the transaction still runs"
        connection.commit()
    assert task.process.wait(60) == 0


def test_sigterm_lets_a_transaction_end_and_is_the_whole_tasks_end(task: Container) -> None:
    with connect() as connection:
        connection.execute("CREATE TEMPORARY TABLE kept (n integer) ON COMMIT DROP")
        task.signal(signal.SIGTERM)
        container.eventually(lambda: "accepts no more" in task.text, "the drain began")
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
    assert task.process.wait(60) == 0
    assert "PgBouncer ended with 0" in task.text


def test_health_checks_leave_nothing_in_the_log(task: Container) -> None:
    before = task.text
    for _ in range(5):
        assert answers(task)
    assert task.text == before


def test_a_configuration_that_is_missing_ends_the_task_with_a_sentence(images: dict[str, Built]) -> None:
    ended = container.run(images["pooler"], {}, "pooler-entrypoint")
    assert ended.returncode == 64
    assert ended.stderr == "pooler-entrypoint: PGBOUNCER_INI is empty; it must hold the text of pgbouncer.ini\n"
