"""The Pulumi CLI as the Automation API calls it, but out of the terminal's reach, and never left behind.

The API lets go of the engine when Python is interrupted, and the engine dies when it next has something to say: the
stack stays locked, and what was being made is unknown to its state. Told by SIGINT the engine finishes what it is doing
and lets go of the stack; told again, it ends at once. So it has a session of its own, where a terminal's Ctrl-C does
not reach it as well, is told once for each interruption, and is waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from pulumi import automation as auto
from pulumi.automation.errors import create_command_error

from ops.interruption import Stopped, interruption

CHANGES = frozenset({"up", "destroy"})
"""The engine's commands that leave something behind when they are interrupted."""

MEANING: dict[int, int] = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGINT}
"""What the engine is told: Ctrl-C, whatever the command got."""

ENDED = (
    "the engine finished what it was doing and let go of the stack: what it made is in the state",
    "the engine was ended at once: what it was making may be in the account and is not in the state; `pulumi refresh`"
    " at a terminal asks about each",
)
"""How it was left: after one interruption, and after more."""


class PulumiCommand(auto.PulumiCommand):
    """Runs the engine to its end, whatever happens meanwhile."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: auto.OnOutput | None = None,
        on_error: auto.OnOutput | None = None,
    ) -> auto.CommandResult:
        """Run a command; CommandError when it fails, Stopped when it was interrupted and has ended."""
        path = f"{Path(self.command).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        with interruption.held(MEANING) as held:
            with subprocess.Popen(
                [self.command, "--non-interactive", *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env={**os.environ, **additional_env, "PATH": path, "PULUMI_AUTOMATION_API": "true"},
                encoding="utf-8",
                start_new_session=True,
            ) as process:
                held.pass_to(process)
                out, err = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
                result = auto.CommandResult(out.text(), err.text(), process.wait())
            if held.heard:
                raise Stopped(ENDED[held.heard > 1] if args[0] in CHANGES else "")
        if result.code != 0:
            raise create_command_error(result)
        return result


class _Lines:
    """What a stream says, read beside the other one: a pipe that nobody empties stops its writer."""

    def __init__(self, stream: IO[str] | None, say: auto.OnOutput | None) -> None:
        assert stream is not None
        self._stream, self._say, self._lines = stream, say, list[str]()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def text(self) -> str:
        """All of it, when the writer has ended."""
        self._reader.join()
        return "\n".join(self._lines)

    def _read(self) -> None:
        for line in self._stream:
            self._lines.append(line.rstrip())
            if self._say is not None:
                self._say(self._lines[-1])
