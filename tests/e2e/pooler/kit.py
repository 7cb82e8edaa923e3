"""Pooler tasks as ECS starts them: the image's entrypoint, real PgBouncer, real PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from pgbouncer_task.console import Console

from infra import pgbouncer
from infra.pgbouncer import Door, Server
from local import paths
from local.processes import drop_to, give, run_as
from ops.paths import REPOSITORY, cache_folder
from ops.toolchain import find_pgbouncer

BIN = REPOSITORY / "docker" / "pooler" / "bin"
BUILT = cache_folder() / "pgbouncer-1.24.1" / "bin" / "pgbouncer"  # made by setup/pgbouncer.sh
SERVICE, ROLE, PASSWORD = "shop", "shop_app", 'it\'s "so"'
PORT = pgbouncer.PORT


@dataclass(frozen=True, slots=True)
class Binary:
    """A PgBouncer that the tests' account can start, and which release it is."""

    folder: Path
    release: str


def release_of(program: Path) -> str:
    """ "PgBouncer 1.18.0" -> "1.18"."""
    answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+\.\d+)", answer)
    assert found is not None, answer
    return found[1]


def program(which: str) -> Path:
    """The distribution's PgBouncer, or the newer one that was built from its source."""
    if which == "packaged":
        found = find_pgbouncer()
        assert found is not None, "run `make setup`: PgBouncer is missing"
        return found
    assert BUILT.is_file(), f"run `make setup` (setup/pgbouncer.sh): there is no {BUILT}"
    return BUILT


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that the account of servers can write to."""
    folder = Path(tempfile.mkdtemp(prefix="estate-pooler-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def binary(which: str, folder: Path) -> Binary:
    """Copied: as root, tests start servers as another account, which cannot reach root's cache."""
    source = program(which)
    target = folder / which
    target.mkdir(exist_ok=True)
    shutil.copy2(source, target / "pgbouncer")
    return Binary(target, release_of(source))


@dataclass
class Task:
    """One running pooler task."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def pgbouncer_pid(self) -> int:
        """The supervisor's child that is PgBouncer."""
        for child in children(self.process.pid):
            if Path(f"/proc/{child}/comm").read_text().strip() == "pgbouncer":
                return child
        raise AssertionError(f"no PgBouncer below {self.process.pid}: {self.text}")

    def conninfo(self, door: str = SERVICE, **more: str) -> dict[str, Any]:
        return {
            "host": self.address, "port": PORT, "user": ROLE, "password": PASSWORD, "dbname": door,
            "sslmode": "disable", "connect_timeout": 10, **more,
        }  # fmt: skip

    def connect(self, door: str = SERVICE) -> psycopg.Connection[Any]:
        return psycopg.connect(**self.conninfo(door), autocommit=True, prepare_threshold=None)

    def end(self, signum: int = signal.SIGTERM, timeout: float = 60) -> int:
        self.process.send_signal(signum)
        return self.process.wait(timeout)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def task(
    used: Binary,
    folder: Path,
    address: str,
    ini: str,
    environment: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Iterator[Task]:
    """A task, started and listening; whatever is left of it is killed at the end."""
    eventually(lambda: not listens(address), "the one before is gone")
    account = drop_to()
    home = folder / f"task-{address}-{time.monotonic_ns()}"
    home.mkdir(mode=0o700)
    give(home, account)
    log = folder / f"{home.name}.log"
    scripts = paths.reachable_copy(BIN, folder / "bin")
    passwords = {f"POOLER_PASSWORD_{role}": secret for role, secret in (roles or {ROLE: PASSWORD}).items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(scripts / "pooler-entrypoint")],
            env={
                "PATH": f"{used.folder}:{Path(sys.prefix) / 'bin'}:{Path(sys.base_prefix) / 'bin'}:{os.defpath}",
                "TMPDIR": str(home), "HOME": str(home), "LISTEN_ADDR": address, "PGBOUNCER_INI": ini,
                "ESTATE_STACK": "test", "ESTATE_SERVICE": SERVICE,
                "DRAIN_ACCEPT_SECONDS": "0", "DRAIN_FINISH_SECONDS": "5",
                **passwords, **(environment or {}),
            },
            cwd=home, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            **run_as(account),
        )  # type: ignore[call-overload]  # fmt: skip
    running = Task(address, process, log, home)
    try:
        eventually(lambda: listens(address) or process.poll() is not None, "PgBouncer listens")
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def listens(address: str, port: int = PORT) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def eventually(condition: Callable[[], Any], what: str, timeout: float = 30) -> Any:
    """Wait for something that comes true soon; the limit is for a broken one."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.02)
    return value


def ini(
    used: Binary,
    primary: Server,
    *replicas: Server,
    per_task: int = 20,
    clients: int = 500,
    **changes: str,
) -> str:
    """The program's own text for this release, without TLS, which the embedded PostgreSQL has not."""
    doors = pgbouncer.doors(SERVICE, primary, replicas, per_task, used.release)
    return changed(pgbouncer.ini(doors, SERVICE, used.release, False, clients, per_task), changes)


def ini_of(used: Binary, doors: tuple[Door, ...], **changes: str) -> str:
    return changed(pgbouncer.ini(doors, SERVICE, used.release, False, 500, 20), changes)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """The text with some settings otherwise: what a test cannot wait for is made shorter, and says so."""
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^{key} =.*$", f"{key} = {value}", text)
        assert count == 1, key
    return text


def door(text: str, name: str) -> dict[str, str]:
    """What the line of one door says."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name} = "))
    return dict(word.split("=", 1) for word in line.removeprefix(f"{name} = ").split())


def console(task: Task) -> Console:
    """The console of a task's PgBouncer, as its exporter sees it."""
    (home,) = task.folder.glob("pooler.*")
    return Console(task.address, PORT, pgbouncer.VIEWER, (home / "stats.password").read_text(), None)


def kill_hard(pid: int) -> None:
    """As the kernel ends a process that used too much memory."""
    os.kill(pid, signal.SIGKILL)
