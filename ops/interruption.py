"""Ctrl-C and SIGTERM: one interruption however often it is delivered, and who is told of it.

Mostly it is a KeyboardInterrupt, and what was started is stopped on its way up. While a child works that has to end by
itself, as the engine and psql do, the child is told instead, and the command goes on waiting for it.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

AGAIN = 1.0
"""Seconds from which on another Ctrl-C is meant as one. Within them it is the same: `timeout` and the like tell the
command, and then the group that it is in."""


class Stopped(KeyboardInterrupt):
    """An interruption that waited for a child; its text says how the child was left."""


class Interruption:
    """The handler of both signals."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._held: Held | None = None

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Take a signal. SIGTERM counts as the first one alone: after another, all that can be done is being done."""
        if self._held is not None and signum not in self._held.meaning:
            return
        now = self._clock()
        if self._last is not None and (signum != signal.SIGINT or now - self._last < AGAIN):
            return
        self._last = now
        if self._held is None:
            raise KeyboardInterrupt
        self._held.hear(signum)

    def listen(self) -> None:
        """Take both signals from here on; one that whoever started us ignores, as `nohup` and `&` do, stays ignored."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(signum) is not signal.SIG_IGN:
                signal.signal(signum, self)

    @contextmanager
    def held(self, meaning: Mapping[int, int]) -> Iterator[Held]:
        """While this lasts nothing is raised: a child is told, by the signal that `meaning` has for the one that came.

        What `meaning` does not name is the child's own business.
        """
        self._held = Held(meaning)
        try:
            yield self._held
        finally:
            self._held = None


class Held:
    """Interruptions that came meanwhile, and the child that each of them is passed on to, once there is one."""

    def __init__(self, meaning: Mapping[int, int]) -> None:
        self.meaning = meaning
        self.heard = 0
        self._untold: list[int] = []
        self._child: subprocess.Popen[str] | None = None

    def hear(self, signum: int) -> None:
        """Take one."""
        self.heard += 1
        self._untold.append(self.meaning[signum])
        self._tell()

    def pass_to(self, child: subprocess.Popen[str]) -> None:
        """Whom to tell."""
        self._child = child
        self._tell()

    def _tell(self) -> None:
        while self._child is not None and self._untold:
            self._child.send_signal(self._untold.pop())


interruption = Interruption()
"""That of this process: a process has one handler of a signal."""
