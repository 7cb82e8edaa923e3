"""One PostgreSQL server on this machine: made, started, followed, promoted, stopped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local import parameters, roles
from local.engines import Engine
from local.processes import Registry, drop_to, give, run_as, wait_for

# A crash's surviving backends hold the shared memory for a moment; a first start must not wait longer.
START_SECONDS = 30.0
# Fast shutdown ends sessions and writes a checkpoint: seconds even for a busy local database.
STOP_SECONDS = 20.0

KIND = "postgres"
FLUSH = "flush"


class ServerError(Exception):
    """PostgreSQL could not do what was asked; the message carries its own words."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where one server lives and listens. Holds no process: that is the registry's and its caller's."""

    name: str
    engine: Engine
    folder: Path
    sockets: Path
    log: Path
    address: str
    port: int
    clients: str

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def exists(self) -> bool:
        """Whether there is a complete data folder, of this major version."""
        marker = self.data / "PG_VERSION"
        return marker.is_file() and marker.read_text().strip() == self.engine.major

    @property
    def is_standby(self) -> bool:
        """Whether the data folder follows a primary."""
        return (self.data / "standby.signal").exists()

    @property
    def superuser_conninfo(self) -> str:
        """How the local cloud itself connects: over the socket, that only it can reach."""
        return f"host={self.sockets} port={self.port} user={roles.SUPERUSER} dbname=postgres connect_timeout=5"

    def initialise(self) -> None:
        """Make an empty cluster."""
        self._empty_folder()
        flags = ["--pgdata", str(self.data), "--username", roles.SUPERUSER, "--encoding", "UTF8"]
        flags += ["--data-checksums", "--auth-local", "trust", "--auth-host", "scram-sha-256", "--no-sync"]
        try:
            self._run("initdb", *flags, "--locale", "C.UTF-8")
        except ServerError:  # a C library without C.UTF-8
            self._empty_folder()
            self._run("initdb", *flags, "--locale", "C")

    def flush(self, registry: Registry) -> subprocess.Popen[bytes]:
        """Begin to bring to the disk what `initialise` and `copy_from` left in memory; the server may run already.

        Those files are many and small: on a busy disk their flushing takes longer than all the rest.
        """
        command = [self.engine.program("initdb"), "--sync-only", "--pgdata", str(self.data)]
        return registry.start(
            FLUSH,
            self.name,
            command,
            environment={"LANG": "C", "PATH": os.defpath},
            cwd=self.folder,
            log=self.log,
            account=drop_to(),
        )

    def copy_from(self, primary: Server, replication_password: str) -> None:
        """Make this a standby of a running primary."""
        self._empty_folder()
        passfile = self.folder / "replication.pgpass"
        self._write_private(
            passfile, f"{primary.address}:{primary.port}:*:{roles.REPLICATION}:{replication_password}\n"
        )
        self._run(
            "pg_basebackup",
            *("--pgdata", str(self.data), "--wal-method", "stream", "--checkpoint", "fast", "--no-sync"),
            *("--dbname", f"{primary.replication_conninfo} passfile={passfile}"),
        )
        self._write_private(self.data / "standby.signal", "")

    @property
    def replication_conninfo(self) -> str:
        """How a standby reaches this server (the password lies in its pass file)."""
        return f"host={self.address} port={self.port} user={roles.REPLICATION} sslmode=disable"

    def follow_settings(self, primary: Server) -> dict[str, str]:
        """What makes this server follow a primary once it is a standby."""
        passfile = self.folder / "replication.pgpass"
        conninfo = f"{primary.replication_conninfo} application_name={self.name} passfile={passfile}"
        return {"primary_conninfo": conninfo}

    def configure(self, settings: Mapping[str, str]) -> bool:
        """Write the configuration files; True when something is different from before."""
        forced = {
            "data_directory": str(self.data),
            "hba_file": str(self.folder / "pg_hba.conf"),
            "ident_file": str(self.folder / "pg_ident.conf"),
            "listen_addresses": self.address,
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "cluster_name": self.name,
            # 512 MiB of WAL stay for a standby that was away; without a slot nothing can fill the disk.
            "wal_keep_size": "512",
        }
        access = (
            f"local all {roles.SUPERUSER} trust\n"  # the socket's folder is closed to everybody else
            f"local all all reject\n"
            f"host replication {roles.REPLICATION} {self.clients} scram-sha-256\n"
            f"host replication {roles.REPLICATION} 127.0.0.1/32 scram-sha-256\n"
            f"host all {roles.SUPERUSER} all reject\n"
            f"host all all all scram-sha-256\n"
        )
        if not self.sockets.is_dir():
            self.sockets.mkdir(mode=0o700, parents=True)
            give(self.sockets, drop_to())
        changed = [
            self._write_private(self.folder / "postgresql.conf", parameters.configuration({**settings, **forced})),
            self._write_private(self.folder / "pg_hba.conf", access),
            self._write_private(self.folder / "pg_ident.conf", ""),
        ]
        return any(changed)

    def start(self, registry: Registry) -> subprocess.Popen[bytes]:
        """Start and wait until it answers. A crashed server's remains may need a moment to let go."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._remove_stale_lock()
            process = registry.start(
                KIND,
                self.name,
                [self.engine.program("postgres"), "-D", str(self.data), f"-cconfig_file={self._config}"],
                environment={"LANG": "C.UTF-8", "PATH": os.defpath},
                cwd=self.folder,
                log=self.log,
                account=drop_to(),
                stop_signal=signal.SIGINT,
            )
            if self._answers(process, deadline):
                return process
            remains = process.poll() is not None and "pre-existing shared memory" in self._log_end()
            if not remains or time.monotonic() > deadline:
                self.stop(process)
                registry.forget(KIND, self.name)
                raise ServerError(f"PostgreSQL {self.name} did not start: {self._log_end()}")
            time.sleep(0.1)

    def stop(self, process: subprocess.Popen[bytes], *, discard: bool = False) -> None:
        """Fast shutdown; insist (the data survives, recovery reads the WAL) when that takes too long.

        Data that is to be discarded needs no checkpoint: an immediate shutdown will do.
        """
        signals = (signal.SIGQUIT, signal.SIGKILL) if discard else (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
        for signum in signals:
            if process.poll() is not None:
                return
            process.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)

    def reload(self, process: subprocess.Popen[bytes]) -> None:
        """Make the server read its configuration again, and wait until it has."""
        before = self._scalar("SELECT pg_conf_load_time()")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: self._scalar("SELECT pg_conf_load_time()") != before, timeout=5)

    def pending_restart(self) -> list[str]:
        """The parameters whose new value waits for a restart; PostgreSQL's own word."""
        with roles.connect(self.superuser_conninfo) as connection:
            rows = connection.execute("SELECT name FROM pg_settings WHERE pending_restart ORDER BY name")
            return [str(name) for (name,) in rows]

    def dynamic_parameters(self) -> frozenset[str]:
        """The parameters that need no restart."""
        with roles.connect(self.superuser_conninfo) as connection:
            rows = connection.execute("SELECT name FROM pg_settings WHERE context <> 'postmaster'")
            return frozenset(str(name) for (name,) in rows)

    def streams(self) -> bool:
        """Whether this standby receives its primary's WAL."""
        return self._scalar("SELECT status FROM pg_stat_wal_receiver") == "streaming"

    def promote(self) -> None:
        """Make a standby a primary."""
        if self._scalar("SELECT pg_promote(true, 60)") is not True:
            raise ServerError(f"PostgreSQL {self.name} did not leave recovery: {self._log_end()}")

    def control(self) -> dict[str, str]:
        """What pg_controldata says."""
        text = self._run("pg_controldata", "--pgdata", str(self.data))
        return dict(re.findall(r"^(.+?): +(.*)$", text, re.MULTILINE))

    def system_identifier(self) -> str:
        """Which cluster's history the data folder belongs to."""
        return self.control()["Database system identifier"]

    def standby_floors(self) -> dict[str, int]:
        """What a standby must not go below, as its primary's WAL said."""
        control = self.control()
        wanted = {name: control.get(f"{name} setting", "") for name in parameters.STANDBY_FLOORS}
        return {name: int(value) for name, value in wanted.items() if value.isdigit()}

    @property
    def _config(self) -> Path:
        return self.folder / "postgresql.conf"

    def _scalar(self, query: str) -> object:
        with roles.connect(self.superuser_conninfo) as connection:
            row = connection.execute(query.encode()).fetchone()
            return row[0] if row else None

    def _answers(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        def ready() -> bool:
            if process.poll() is not None:
                return True
            try:
                return self._scalar("SELECT 1") == 1
            except psycopg.OperationalError:
                return False

        wait_for(ready, deadline - time.monotonic())
        return process.poll() is None and ready()

    def _remove_stale_lock(self) -> None:
        """A pid of a dead server that now is another program's would stop PostgreSQL from starting."""
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            if Path(f"/proc/{pid}/comm").read_text().strip() != "postgres":
                lock.unlink()

    def _empty_folder(self) -> None:
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if self.data.exists():
            shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700)
        give(self.data, drop_to())

    def _write_private(self, file: Path, text: str) -> bool:
        if file.exists() and file.read_text() == text:
            return False
        scratch = file.with_name(f".{file.name}.new")
        scratch.touch(mode=0o600)
        scratch.write_text(text)
        give(scratch, drop_to())
        scratch.replace(file)
        return True

    def _run(self, program: str, *arguments: str) -> str:
        command: Sequence[str] = [self.engine.program(program), *arguments]
        answer = subprocess.run(  # type: ignore[call-overload]
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={"LANG": "C", "PATH": os.defpath},
            **run_as(drop_to()),
        )
        if answer.returncode != 0:
            raise ServerError(f"{program} of {self.name} failed: {answer.stderr.strip()}")
        return str(answer.stdout)

    def _log_end(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return "\n".join(lines[-8:])
