"""Runs a built root as a task is run: as its USER, in a read-only root, /tmp in memory, as the first process inside."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.images.bare_root import Built

# As in the task definition (infra/containers.py).
TMP_MIB = 16

_START = r"""
set -eu
root=$1 user=$2 workdir=$3 path=$4 size=$5
shift 5
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o "size=${size}m,nosuid,nodev,noexec" tmpfs "$root/tmp"
exec chroot --userspec="$user" "$root" /usr/bin/env --chdir="$workdir" "PATH=$path" "$@"
"""


def as_root() -> list[str]:
    """What makes a command root's: nothing for root, sudo for whoever may use it without a password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    allowed = sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    assert allowed, "images are built with chroot: run these tests as root, or as somebody with sudo without a password"
    return ["sudo", "-n", "--preserve-env"]


@dataclass
class Container:
    """One running container."""

    built: Built
    process: subprocess.Popen[bytes]
    log: Path
    environment: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def first(self) -> int:
        """The process that is the first one inside."""
        eventually(lambda: self.process.poll() is not None or _first(self.process.pid), "the container has started")
        found = _first(self.process.pid)
        assert found is not None, f"the container has ended: {self.text}"
        return found

    def signal(self, number: int) -> None:
        """As the container engine ends a container."""
        subprocess.run([*as_root(), "kill", f"-{number}", str(self.first())], check=True)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A further process in it, as a health check is."""
        image = self.built.image
        inside = [*as_root(), "nsenter", "--target", str(self.first()), "--mount", "--pid", "chroot"]
        inside += [f"--userspec={image.user}", self.built.root, "/usr/bin/env", f"--chdir={image.workdir}"]
        return subprocess.run(
            [*inside, f"PATH={image.env['PATH']}", *command],
            env=_environment(self.built, self.environment), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip


@contextmanager
def running(
    built: Built,
    log: Path,
    environment: Mapping[str, str],
    command: Sequence[str] | None = None,
    tmp_mib: int = TMP_MIB,
) -> Iterator[Container]:
    """A container from the image, with the image's command unless another is given; killed at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(built, command, None, tmp_mib),
            env=_environment(built, environment), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    container = Container(built, process, log, environment)
    try:
        yield container
    finally:
        if process.poll() is None:
            # What is inside ends with its first process, and that with the one outside which waits for it.
            subprocess.run(
                [*as_root(), "kill", f"-{signal.SIGKILL}", str(_first(process.pid) or process.pid)], check=False
            )
            process.wait(30)


def run(
    built: Built, environment: Mapping[str, str], *command: str, user: str | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """A container that does one thing and ends."""
    return subprocess.run(
        _command(built, command, user),
        env=_environment(built, environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def eventually(condition: Callable[[], object], what: str, timeout: float = 60) -> None:
    """Wait for something that comes true soon; the limit is for a broken one."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.02)


def _command(built: Built, command: Sequence[str] | None, user: str | None, tmp_mib: int = TMP_MIB) -> list[str]:
    image = built.image
    words = [*image.entrypoint, *(image.command if command is None else command)]
    start = [*as_root(), "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _START, "sh"]
    return [*start, built.root, user or image.user, image.workdir, image.env["PATH"], str(tmp_mib), *words]


def _environment(built: Built, more: Mapping[str, str]) -> dict[str, str]:
    """Handed on from process to process: no secret may stand in an argument. PATH is the machine's until the last."""
    return {**built.image.env, **more, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}


def _first(pid: int) -> int | None:
    """The descendant that is number 1 in a space of its own; None while there is none (any more)."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:") and line.split()[2:] == ["1"]:
                return pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if (found := _first(int(child))) is not None:
                return found
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None
