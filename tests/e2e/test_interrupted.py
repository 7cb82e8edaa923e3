"""What is interrupted ends in order: the engine by itself, and says how to go on; in psql one statement alone."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local import engines, postgres
from ops.go_on import GO_ON
from ops.interruption import AGAIN
from ops.pulumi_command import ENDED
from tests.e2e.clone import REPOSITORY
from tests.e2e.interrupted_command import AFTER, SLOW

COMMAND = [sys.executable, "-m", "tests.e2e.interrupted_command"]
CANCELS, ENDS = "^C received; cancelling", "^C received; terminating"


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


Way = Callable[[subprocess.Popen[str]], None]


def terminate(command: subprocess.Popen[str]) -> None:
    """`kill`, `docker stop`, systemd: the command alone gets it."""
    command.terminate()


def press(command: subprocess.Popen[str]) -> None:
    """Ctrl-C at a terminal: all of the group gets it."""
    os.killpg(command.pid, signal.SIGINT)


def time_out(command: subprocess.Popen[str]) -> None:
    """`timeout`: the command gets it, and then all of the group."""
    command.terminate()
    os.killpg(command.pid, signal.SIGTERM)


@contextmanager
def started(folder: Path, said: Path) -> Iterator[subprocess.Popen[str]]:
    """`dbctl deploy` in a group of its own."""
    with said.open("w") as out, subprocess.Popen(
        [*COMMAND, "deploy", str(folder)], cwd=REPOSITORY, stdout=out, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as command:  # fmt: skip
        try:
            yield command
        finally:
            (folder / "answer").touch()
            command.kill()


def checkpoint(folder: Path) -> dict[str, Any]:
    """The state that is left, and not locked."""
    state = folder / "state" / ".pulumi"
    assert not [path for path in state.glob("locks/**/*") if path.is_file()]
    (path,) = state.glob("stacks/**/test.json")
    found: dict[str, Any] = json.loads(path.read_text())["checkpoint"]["latest"]
    return found


def names(latest: dict[str, Any]) -> set[str]:
    return {row["urn"].split("::")[-1] for row in latest["resources"]}


@pytest.mark.parametrize("interrupt", [terminate, press, time_out])
def test_an_update_that_is_interrupted_finishes_what_it_is_making_and_says_how_to_go_on(
    interrupt: Way, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    with started(tmp_path, said) as command:
        eventually((tmp_path / "asked").exists)
        interrupt(command)
        eventually(lambda: CANCELS in said.read_text())
        (tmp_path / "answer").touch()
        _, errors = command.communicate()
    assert command.returncode == 130
    assert errors.splitlines() == ["interrupted", ENDED[0], GO_ON["deploy"]]
    assert said.read_text().count(CANCELS) == 1
    assert ENDS not in said.read_text()
    latest = checkpoint(tmp_path)
    assert "pending_operations" not in latest
    assert SLOW in names(latest)
    assert AFTER not in names(latest)


def test_an_update_that_is_interrupted_again_is_ended_at_once(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with started(tmp_path, said) as command:
        eventually((tmp_path / "asked").exists)
        press(command)
        eventually(lambda: CANCELS in said.read_text())
        time.sleep(AGAIN)  # sooner it would be the same interruption
        press(command)
        eventually(lambda: ENDS in said.read_text())
        (tmp_path / "answer").touch()
        _, errors = command.communicate()
    assert command.returncode == 130
    assert errors.splitlines() == ["interrupted", ENDED[1], GO_ON["deploy"]]
    latest = checkpoint(tmp_path)
    (pending,) = latest["pending_operations"]
    assert pending["resource"]["urn"].endswith(f"::{SLOW}")
    assert SLOW not in names(latest)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Temporary]:
    with postgres.temporary(next(iter(engines.installed()))) as running:
        yield running


class Terminal:
    """`dbctl psql` at a terminal of its own."""

    def __init__(self, server: postgres.Temporary) -> None:
        where = (server.host, str(server.port), server.dbname, server.user)
        self.pid, self._end = pty.fork()
        if self.pid == 0:
            os.chdir(REPOSITORY)
            environment = {**os.environ, "PASSWORD": server.password, "TERM": "dumb", "PAGER": "cat"}
            os.execve(COMMAND[0], [*COMMAND, "psql", *where], environment)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def wait_for(self, pattern: str) -> None:
        """Until what is shown since the last time has it."""
        while not (found := re.search(pattern, self.shown)):
            try:
                self.shown += os.read(self._end, 4096).decode()
            except OSError:  # the terminal's other end is closed
                raise AssertionError(f"ended without {pattern}: {self.shown}") from None
        self.shown = self.shown[found.end() :]

    def code(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self._end)
        return os.waitstatus_to_exitcode(status)


def running(server: postgres.Temporary, statement: str) -> bool:
    """Whether the server is at it."""
    with psycopg.connect(server.superuser_conninfo) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = %s"
        return connection.execute(asked, (statement,)).fetchone() == (1,)


def test_ctrl_c_in_psql_cancels_the_statement_and_keeps_the_session(server: postgres.Temporary) -> None:
    terminal = Terminal(server)
    terminal.wait_for("=> ")
    terminal.type("CREATE TEMPORARY TABLE kept AS SELECT 6 * 7 AS answer;\n")
    terminal.wait_for("=> ")
    for _ in range(2):
        terminal.type("SELECT pg_sleep(600);\n")
        eventually(lambda: running(server, "SELECT pg_sleep(600);"))
        terminal.type("\x03")
        terminal.wait_for("canceling statement due to user request")
        terminal.wait_for("=> ")
    terminal.type("TABLE kept;\n")
    terminal.wait_for(r"\b42\b")
    terminal.type("\\q\n")
    assert terminal.code() == 0


def test_sigterm_ends_psql_too_and_the_code_is_what_a_shell_would_say(server: postgres.Temporary) -> None:
    terminal = Terminal(server)
    terminal.wait_for("=> ")
    terminal.type("SELECT pg_sleep(601);\n")
    eventually(lambda: running(server, "SELECT pg_sleep(601);"))
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.code() == 128 + signal.SIGTERM
