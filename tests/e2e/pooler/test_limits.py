"""One task with the numbers of production holds as many clients as it promises, and PostgreSQL never sees more
connections than the ceiling says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra import config, containers
from infra.config import Service
from infra.pgbouncer import Server
from local.postgres import Temporary
from ops.paths import SQL_ROOT
from tests.e2e.pooler import kit
from tests.e2e.pooler.kit import Binary, Task
from tests.e2e.pooler.raw import Raw, Refused
from tests.unit.infra.recorder import configuration

ADDRESS = "127.45.3.1"
BUSY, TURNS = 500, 8
LOGINS = 256  # at the same time; the listening queue is longer
# A role whose SCRAM verifier, on both sides of PgBouncer, counts one iteration instead of 4096: what is tested here is
# what a task holds, and ten thousand honest logins would keep a small machine busy for minutes.
CROWD, SECRET, SALT = "shop_crowd", "pencil", b"0123456789abcdef"


@pytest.fixture(scope="module")
def production() -> Service:
    estate = config.parse(configuration("prod"), stack="prod", sql_root=SQL_ROOT)
    return max(estate.services, key=lambda service: service.pooler.max_client_connections)


def verifier() -> str:
    """What PostgreSQL keeps of a password (RFC 5803), and PgBouncer takes in its place."""
    salted = hashlib.pbkdf2_hmac("sha256", SECRET.encode(), SALT, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored_text, server_text = (base64.b64encode(part).decode() for part in (SALT, stored, server))
    return f"SCRAM-SHA-256$1:{salt}${stored_text}:{server_text}"


def allow_descriptors(wanted: int) -> None:
    """Raise the limit of this process, which PgBouncer inherits, as the task definition does on Fargate."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= wanted, f"the hard limit of open files is {hard}; this test needs {wanted} (ulimit -Hn)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def watched(postgres: Temporary) -> Iterator[list[int]]:
    """How many connections of the pool's role PostgreSQL has, asked again and again."""
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        with psycopg.connect(postgres.superuser_conninfo, autocommit=True) as connection:
            while not done.wait(0.02):
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (CROWD,)
                ).fetchone()
                assert row is not None
                seen.append(row[0])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


async def crowd(task: Task, most: int) -> tuple[int, int, str]:
    """Fill the task with clients, most of them idle, and let some work; then one more knocks."""
    gate = asyncio.Semaphore(LOGINS)

    async def login(number: int) -> Raw:
        async with gate:
            return await Raw.connect(task.address, kit.PORT, CROWD, SECRET, kit.SERVICE, number)

    clients = await asyncio.gather(*(login(number) for number in range(most)))

    async def work(client: Raw) -> int:
        total = 0
        for turn in range(TURNS):
            await client.query("BEGIN")
            rows = await client.query(f"SELECT {turn}, pg_sleep(0.01)")
            await client.query("COMMIT")
            total += int(rows[0][0])
        return total

    totals = await asyncio.gather(*(work(client) for client in clients[:BUSY]))
    try:
        await login(most)
        refusal = ""
    except Refused as error:
        refusal = str(error)
    # The idle ones were not forgotten: each can work as soon as another leaves its turn.
    answers = await asyncio.gather(*(client.query("SELECT 1") for client in clients[BUSY::97]))
    for client in clients:
        client.close()
    return sum(totals), sum(len(rows) for rows in answers), refusal


def clients(task: Task) -> int:
    """Who is connected beside the one that asks."""
    console = kit.console(task)
    try:
        (row,) = (row for row in console.show("LISTS") if row["list"] == "used_clients")
        return int(row["items"]) - 1
    finally:
        console.close()


def test_a_task_holds_the_clients_of_production_below_the_ceiling(
    pgbouncer: Binary, folder: Path, postgres: Temporary, primary: Server, production: Service
) -> None:
    size = production.pooler
    allow_descriptors(containers.descriptors(size.max_client_connections, size.connections_per_task, 1) + 1000)
    text = kit.ini(
        pgbouncer, primary, per_task=size.connections_per_task, clients=size.max_client_connections,
    )  # fmt: skip
    ceiling = int(kit.door(text, kit.SERVICE)["max_db_connections"])
    with psycopg.connect(postgres.superuser_conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(CROWD)))
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(CROWD), sql.Literal(verifier()))
        )
    # The exporter's console connection is a client too.
    most = size.max_client_connections - 1
    roles = {kit.ROLE: kit.PASSWORD, CROWD: verifier()}
    with kit.task(pgbouncer, folder, ADDRESS, text, roles=roles) as task:
        kit.eventually(lambda: clients(task) == 1, "the exporter is there")
        with watched(postgres) as seen:
            worked, answered, refusal = asyncio.run(crowd(task, most))
        assert size.max_client_connections == 10_000
        assert worked == BUSY * sum(range(TURNS))
        assert answered == len(range(BUSY, most, 97))
        assert refusal == "no more connections allowed (max_client_conn)"
        assert max(seen) == ceiling
        assert "accept() failed" not in task.text
