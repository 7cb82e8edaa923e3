"""The stream of pg_dump, read back by pg_restore while it passes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import IO

from dump.errors import NoArchive
from dump.programs import Programs, arguments

CHUNK = 1024 * 1024
# What is kept of what a program says: enough for its error, not for a row that the error quotes at length.
_SAID_LINES, _SAID_CHARACTERS = 20, 500
_PATIENCE_SECONDS = 30  # for a program that was told to end
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Written:
    """What passed: its bytes, their SHA-256, and the tables whose rows are in it."""

    size: int
    sha256: str
    tables: int


@dataclass(slots=True)
class Child:
    """A program whose words are collected while it runs."""

    name: str
    process: subprocess.Popen[bytes]
    said: list[str] = field(default_factory=list)
    counted: int = 0
    threads: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def start(
        cls, name: str, command: list[str], environment: Mapping[str, str], *, stdout: int, stdin: int | None = None
    ) -> Child:
        """Starts it; its errors are always read, so that it never waits for somebody to."""
        # A group of its own: what it starts, as packaged pg_dumps do, is ended with it.
        process = subprocess.Popen(
            command, env=dict(environment), stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, process_group=0
        )
        child = cls(name, process)
        assert child.process.stderr is not None
        child._follow(child.process.stderr, child._hear)
        return child

    def count(self, wanted: Callable[[str], bool]) -> None:
        """Counts the lines of its output."""
        assert self.process.stdout is not None

        def one(line: str) -> None:
            self.counted += wanted(line)

        self._follow(self.process.stdout, one)

    def feed(self, chunk: bytes) -> None:
        """Hands it a part of the archive; one that has read all it wants has ended, which its exit code judges."""
        pipe = self.process.stdin
        if pipe is None or pipe.closed:
            return
        try:
            pipe.write(chunk)
            pipe.flush()
        except BrokenPipeError:
            self._close()

    def finish(self) -> None:
        """Waits for it; NoArchive when it did not end well."""
        self._close()
        code = self.process.wait()
        for thread in self.threads:
            thread.join()
        if code != 0:
            raise NoArchive(f"{self.name} ended with {code}: {'; '.join(self.said) or 'it said nothing'}")

    def end(self) -> None:
        """Ends it, whatever it does."""
        if self.process.returncode is None:  # so not reaped, and its number is still its own
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            look = os.WEXITED | os.WNOWAIT | os.WNOHANG
            while os.waitid(os.P_PID, self.process.pid, look) is None and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
            self._signal(signal.SIGKILL)
            self.process.wait()
        self._close()
        for thread in self.threads:
            thread.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: int) -> None:
        """To all of its group; nobody may be left in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def _close(self) -> None:
        pipe = self.process.stdin
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _hear(self, line: str) -> None:
        if len(self.said) < _SAID_LINES:
            self.said.append(line[:_SAID_CHARACTERS])

    def _follow(self, pipe: IO[bytes], hear: Callable[[str], None]) -> None:
        def read() -> None:
            for line in pipe:
                hear(line.decode(errors="replace").rstrip())

        thread = threading.Thread(target=read, name=f"{self.name} output", daemon=True)
        thread.start()
        self.threads.append(thread)


def stream(
    programs: Programs, snapshot: str, environment: Mapping[str, str], written: list[Written]
) -> Generator[bytes]:
    """Yields the archive piece by piece; ends with one entry in `written`, or raises NoArchive.

    Two pg_restore look at it meanwhile: one lists its contents, the other reads every row and writes it to nowhere. So
    that an archive is proved readable to its end before it is called stored, without a second transfer and without the
    right to read the bucket.
    """
    quiet = {name: value for name, value in environment.items() if name != "PGPASSWORD"}
    children: list[Child] = []
    try:
        source = Child.start("pg_dump", [programs.dump, *arguments(snapshot)], environment, stdout=subprocess.PIPE)
        children.append(source)
        lister = Child.start(
            "pg_restore --list", [programs.restore, "--list"], quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        children.append(lister)
        lister.count(lambda line: " TABLE DATA " in line and not line.startswith(";"))
        reader = Child.start(
            "pg_restore",
            [programs.restore, "--file=/dev/null"],
            quiet,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        children.append(reader)
        assert source.process.stdout is not None
        size, digest = 0, hashlib.sha256()
        while chunk := source.process.stdout.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
            for child in (lister, reader):
                child.feed(chunk)
            yield chunk
        for child in children:
            child.finish()
        written.append(Written(size, digest.hexdigest(), lister.counted))
    finally:
        for child in children:
            child.end()
