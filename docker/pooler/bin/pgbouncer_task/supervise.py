"""Starts PgBouncer and the exporter, and ends PgBouncer so that no transaction is lost.

As the first process of its container it also reaps what others left behind. Signals are waited for, never handled:
there is no moment in which one could be missed.

    DRAIN_ACCEPT_SECONDS   how long PgBouncer keeps accepting after SIGTERM (60)
    DRAIN_FINISH_SECONDS   how long running transactions then may take (50)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pgbouncer_task.timetable import Step, steps, with_idle_timeout

ACCEPT_SECONDS, FINISH_SECONDS = 60.0, 50.0
# An exporter that ended is started again after this: its lines come once a minute, so none is missed.
EXPORTER_PAUSE = 10.0
# What is passed on as it comes. SIGTERM, and SIGINT of a terminal, begin the drain.
PASSED_ON = {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2}
AT_ONCE = {signal.SIGQUIT}
DRAIN = {signal.SIGTERM, signal.SIGINT}
WAITED_FOR = PASSED_ON | AT_ONCE | DRAIN | {signal.SIGCHLD}
# Debian puts PgBouncer where an ordinary user's PATH does not lead.
MORE_PATHS = ":/usr/sbin:/usr/local/sbin"


def say(text: str) -> None:
    """One line in the task's log."""
    print(f"pooler: {text}", file=sys.stderr, flush=True)


def start(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a program with signals as it expects them: those that are waited for here are blocked here."""

    def unblock() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITED_FOR)

    child = subprocess.Popen(
        list(command),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        preexec_fn=unblock,  # noqa: PLW1509 (there is one thread, so that code between fork and exec is safe)
    )
    child.returncode = 0  # reaped here, by pid and not by the object: it must not wait for it again
    return child.pid


class Supervisor:
    """PgBouncer, its exporter, and what is still to be done to them."""

    def __init__(self, ini: Path, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._ini = ini
        self._environment = {**environment, "PATH": environment.get("PATH", os.defpath) + MORE_PATHS}
        self._clock = clock
        self._pgbouncer = 0
        self._exporter = 0
        self._exporter_at = 0.0
        self._left: list[tuple[float, Step]] = []
        self._drained = False

    def run(self) -> int:
        """The exit code: PgBouncer's own, or 128 and the signal that ended it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        try:
            self._pgbouncer = start(("pgbouncer", str(self._ini)), self._environment)
        except OSError as error:
            say(f"PgBouncer cannot be started: {error}")
            return 127
        while True:
            self._keep_exporter()
            code = self._reap()
            if code is not None:
                self._end_exporter()
                return code
            self._do_what_is_due()
            received = signal.sigtimedwait(WAITED_FOR, self._seconds_to_wait())
            if received is not None:
                self._received(signal.Signals(received.si_signo))

    def _keep_exporter(self) -> None:
        if self._exporter or self._clock() < self._exporter_at:
            return
        command = (sys.executable, "-m", "pgbouncer_task.export", str(self._ini))
        try:
            self._exporter = start(command, self._environment)
        except OSError as error:
            say(f"the exporter cannot be started: {error}")
            self._exporter_at = self._clock() + EXPORTER_PAUSE

    def _end_exporter(self) -> None:
        if self._exporter:
            os.kill(self._exporter, signal.SIGKILL)  # it keeps nothing
            os.waitpid(self._exporter, 0)

    def _reap(self) -> int | None:
        """Take leave of every child that ended; the exit code when PgBouncer is among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 70  # no child at all, so neither PgBouncer: cannot be, and must not become a loop
            if pid == 0:
                return None
            if pid == self._pgbouncer:
                code = os.waitstatus_to_exitcode(status)
                say(f"PgBouncer ended with {code}")
                return code if code >= 0 else 128 - code
            if pid == self._exporter:
                say(f"the exporter ended with {os.waitstatus_to_exitcode(status)}; it is started again")
                self._exporter, self._exporter_at = 0, self._clock() + EXPORTER_PAUSE

    def _received(self, received: signal.Signals) -> None:
        if received in PASSED_ON:
            os.kill(self._pgbouncer, received)
        elif received in AT_ONCE or (received in DRAIN and self._drained):
            # A second wish to end is an operator's: no transaction is waited for.
            os.kill(self._pgbouncer, signal.SIGKILL if received in DRAIN else received)
        elif received in DRAIN:
            self._drained = True
            accept = self._seconds("DRAIN_ACCEPT_SECONDS", ACCEPT_SECONDS)
            finish = self._seconds("DRAIN_FINISH_SECONDS", FINISH_SECONDS)
            now = self._clock()
            self._left = [(now + step.after, step) for step in steps(accept, finish)]
            say(f"{received.name}: accepts for {accept:g} s more, then transactions have {finish:g} s to end")

    def _do_what_is_due(self) -> None:
        while self._left and self._left[0][0] <= self._clock():
            _, step = self._left.pop(0)
            say(step.says)
            if step.idle_seconds is not None:
                self._ini.write_text(with_idle_timeout(self._ini.read_text(), step.idle_seconds))
            os.kill(self._pgbouncer, step.signal)

    def _seconds_to_wait(self) -> float:
        times = [at for at, _ in self._left[:1]]
        if not self._exporter:
            times.append(self._exporter_at)
        # SIGCHLD tells of every end; without a time there is nothing else to wake up for.
        return max(0.0, min(times) - self._clock()) if times else 3600.0

    def _seconds(self, name: str, otherwise: float) -> float:
        text = self._environment.get(name, "")
        try:
            return max(0.0, float(text)) if text else otherwise
        except ValueError:
            say(f"{name} is {text!r}, which is no number of seconds; {otherwise:g} is taken")
            return otherwise


def main(ini: Path, environment: Mapping[str, str]) -> int:
    """Run until PgBouncer ends."""
    return Supervisor(ini, environment).run()
