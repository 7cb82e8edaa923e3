"""Nobody is ended by mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import processes
from local.processes import Identity, Registry

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEP)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_recycled_pid_is_another_process(sleeper: subprocess.Popen[bytes]) -> None:
    identity = processes.identify(sleeper.pid)
    assert identity is not None
    assert processes.alive(identity)
    earlier = Identity(identity.pid, identity.started + "0")
    assert not processes.alive(earlier)
    assert not processes.signal_process(earlier, signal.SIGKILL)
    processes.end(earlier, signal.SIGKILL, timeout=1)
    assert sleeper.poll() is None


def test_a_zombie_is_dead(sleeper: subprocess.Popen[bytes]) -> None:
    identity = processes.identify(sleeper.pid)
    assert identity is not None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.alive(identity)


def test_who_ignores_the_signal_is_killed() -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        identity = processes.identify(process.pid)
        assert identity is not None
        processes.end(identity, signal.SIGTERM, timeout=0.2)
        assert process.wait() == -signal.SIGKILL


def test_what_was_started_is_written_down_until_it_is_forgotten(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "processes")
    process = registry.start(
        "task",
        "a",
        [sys.executable, "-c", "import os; print(sorted(os.environ)); print(os.getsid(0) == os.getpid())"],
        environment={"ONLY": "this"},
        cwd=tmp_path,
        log=tmp_path / "logs" / "a.log",
        account=None,
    )
    (record,) = Registry(tmp_path / "processes").records()
    assert (record.kind, record.name, record.identity.pid) == ("task", "a", process.pid)
    assert process.wait() == 0
    names, session = (tmp_path / "logs" / "a.log").read_text().splitlines()
    assert "ONLY" in names
    assert "HOME" not in names
    assert session == "True"
    registry.forget("task", "a")
    assert registry.records() == []


def test_a_half_written_record_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "task.a.json").write_text('{"identity": ')
    assert Registry(tmp_path).records() == []
