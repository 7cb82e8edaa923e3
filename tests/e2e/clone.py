"""A copy of the repository in a folder of its own, and its `dbctl`: what a newcomer has after `git clone`.

The copy has its own local cloud (its addresses come from its path), so a cloud that somebody works with in the
repository itself is not touched by the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]

FOREIGN = ("AWS_", "PULUMI_", "PG")
"""Settings of whoever runs the tests: none of them may matter."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def all(self) -> str:
        """Both streams, for messages."""
        return f"exit {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


@dataclass(frozen=True, slots=True)
class Clone:
    """The copy's folder."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment without what would lead out of the copy."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        return {**kept, "PYTHONPATH": str(self.path)}

    def dbctl(self, *arguments: str, check: bool = True, timeout: float = 240) -> Result:
        """Run the copy's dbctl to its end; with `check`, a failure fails the test with all it printed."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        result = Result(done.returncode, done.stdout, done.stderr, time.monotonic() - started)
        assert result.code == 0 or not check, f"dbctl {' '.join(arguments)}: {result.all}"
        return result

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the copy's dbctl in a process group of its own, to be killed as a whole."""
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *arguments],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def psql(self, service: str, statement: str, *options: str) -> str:
        """What a statement prints through the pooler as the application's role, or as the options say."""
        return self.dbctl("psql", "-s", "local", *options, service, "--", "-XAtqc", statement).out.strip()

    def configure(self, stack: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the estate's configuration in the stack's file."""
        path = self.path / f"Pulumi.{stack}.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(settings["config"]["postgres-estate:estate"])
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def make(folder: Path) -> Clone:
    """Copy what git knows or would know of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = REPOSITORY / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return Clone(folder)
