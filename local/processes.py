"""Starts processes that outlive a crash of the cloud, and ends only those that it really started.

A pid alone is no identity: the kernel hands it out again. Each process is therefore written down with the
moment it started (and the machine's boot), and a signal is sent only while both still agree.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# What a process runs as when the cloud itself is root: PostgreSQL and PgBouncer refuse to be root.
UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that cannot be mistaken for another one with the same pid."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down about a running process."""

    identity: Identity
    kind: str
    name: str
    stop_signal: int


def identify(pid: int) -> Identity | None:
    """The process that has this pid now; None when there is none (or only its zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    state, start_ticks = fields[0], fields[19]  # after the name: field 3 is the state, field 22 the start
    return None if state in "ZX" else Identity(pid, f"{boot}/{start_ticks}")


def alive(identity: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identify(identity.pid) == identity


def signal_process(identity: Identity, signum: int) -> bool:
    """Send a signal to exactly this process; False when it is gone."""
    if not alive(identity):
        return False
    try:
        os.kill(identity.pid, signum)
    except ProcessLookupError:
        return False
    return True


def wait_gone(identity: Identity, timeout: float) -> bool:
    """Wait until the process has ended."""
    return wait_for(lambda: not alive(identity), timeout)


def wait_for(condition: Callable[[], bool], timeout: float, interval: float = 0.02) -> bool:
    """Ask until the condition holds; False when the time is over."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def end(identity: Identity, signum: int, timeout: float, last: int = signal.SIGKILL) -> None:
    """Ask a process to stop, insist after the timeout."""
    if signal_process(identity, signum) and not wait_gone(identity, timeout):
        signal_process(identity, last)
        wait_gone(identity, timeout)


def drop_to() -> pwd.struct_passwd | None:
    """The account that servers run as; None when the cloud is an ordinary user and nothing is dropped."""
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def run_as(account: pwd.struct_passwd | None) -> dict[str, object]:
    """The arguments of subprocess that make the child this account."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def give(path: Path, account: pwd.struct_passwd | None) -> None:
    """Hand a file or folder to the account that servers run as."""
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


class Registry:
    """Starts processes and keeps one small file for each, so that a later cloud finds what this one left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(
        self,
        kind: str,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: Path,
        log: Path,
        account: pwd.struct_passwd | None,
        stop_signal: int = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own, its output appended to a file."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(  # type: ignore[call-overload]
                list(command),
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **run_as(account),
            )
        identity = identify(process.pid)
        if identity is not None:
            record = Record(identity, kind, name, stop_signal)
            write_json(self._file(kind, name), asdict(record))
        return process  # type: ignore[no-any-return]

    def forget(self, kind: str, name: str) -> None:
        """The process has ended and was reaped."""
        self._file(kind, name).unlink(missing_ok=True)

    def records(self) -> list[Record]:
        """Every process written down, dead or alive."""
        found = []
        for file in sorted(self._folder.glob("*.json")):
            raw = read_json(file)
            if raw is not None:
                identity = Identity(**raw["identity"])
                found.append(Record(identity, raw["kind"], raw["name"], raw["stop_signal"]))
        return found

    def _file(self, kind: str, name: str) -> Path:
        return self._folder / f"{kind}.{name}.json"


def write_json(file: Path, value: object) -> None:
    """Replace a file whole, so that a reader never sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.{os.getpid()}.new")
    scratch.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")
    scratch.replace(file)


def read_json(file: Path) -> dict[str, Any] | None:
    """The object in a file; None when the file is absent or unreadable."""
    try:
        value = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
