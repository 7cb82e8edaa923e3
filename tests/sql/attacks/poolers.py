"""A real PgBouncer in transaction mode, in front of a throw-away server."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from infra import pgbouncer
from local.processes import drop_to, give, run_as, wait_for
from tests.sql.databases import Database, password_of

_ADDRESSES = itertools.count(100)

# One server connection behind the door, so that whoever comes next works on the one that was used before.
_ONE = 1


def rendered(database: Database) -> str:
    """The configuration as the estate renders it for the installed release, with a pool of one connection."""
    server = pgbouncer.Server(database.server.running.host, pgbouncer.POSTGRES_PORT)
    door = pgbouncer.Door(database.name, (server,), _ONE)
    return pgbouncer.ini((door,), database.name, "1.18", False, 20, _ONE)


def seeds_own(database: Database) -> str:
    """What the first design had, as far as it concerns connections: no more than transaction mode."""
    running = database.server.running
    return (
        f"[databases]\n{database.name} = host={running.host} port={running.port} dbname={database.name} pool_size=1\n"
        f"\n[pgbouncer]\nlisten_port = {pgbouncer.PORT}\nauth_type = scram-sha-256\nauth_file = userlist.txt\n"
        "pool_mode = transaction\nmax_client_conn = 20\ndefault_pool_size = 1\nserver_lifetime = 3600\n"
        "server_idle_timeout = 600\nunix_socket_dir =\n"
    )


@contextmanager
def pooler(database: Database, ini: str, role: str) -> Iterator[Pooler]:
    """PgBouncer with this configuration for one role, on a loopback address of its own beside the server's."""
    host = f"{database.server.running.host.rpartition('.')[0]}.{next(_ADDRESSES)}"
    with tempfile.TemporaryDirectory(prefix="estate-pooler-") as name:
        folder = Path(name)
        (folder / "userlist.txt").write_text(f'"{role}" "{password_of(role)}"\n')
        (folder / "pgbouncer.ini").write_text(ini.replace("[pgbouncer]\n", f"[pgbouncer]\nlisten_addr = {host}\n"))
        account = drop_to()
        give(folder, account)
        for file in folder.iterdir():
            give(file, account)
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                ["pgbouncer", "pgbouncer.ini"], cwd=folder, stdout=log, stderr=log, **run_as(account)
            )
        made = Pooler(database, host, role)
        try:
            assert wait_for(made.answers, 10), (folder / "log").read_text()
            yield made
        finally:
            process.terminate()
            process.wait(10)


class Pooler:
    """The door that applications use."""

    def __init__(self, database: Database, host: str, role: str) -> None:
        self._database = database
        self._host = host
        self._role = role

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self._host,
            port=pgbouncer.PORT,
            dbname=self._database.name,
            user=self._role,
            password=password_of(self._role),
            sslmode="disable",
            autocommit=True,
            prepare_threshold=None,  # as with every PgBouncer before 1.21
        )

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True
