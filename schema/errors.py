"""What can go wrong, as the caller's shell sees it: each class knows its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class SchemaError(Exception):
    """The run cannot go on; each problem says what happened and what to do."""

    exit_code = 1

    def __init__(self, problems: str | Iterable[str], document: Mapping[str, Any] | None = None) -> None:
        """Keep the problems one by one, and beside them what a program would read out of their text."""
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        self.document = dict(document or {})
        super().__init__("\n".join(self.problems))


class BadInput(SchemaError):
    """Settings, files or the command line are wrong: nothing was changed, and every problem found is listed."""

    exit_code = 2


class Refused(SchemaError):
    """What was asked loses data, or has to be said in full where it is asked. Nothing was changed."""

    exit_code = 3


class MigrationFailed(SchemaError):
    """A statement of a file failed; the message says what was kept of the file."""


class Dangerous(SchemaError):
    """A plan holds a danger, and none was allowed."""


class Drifted(SchemaError):
    """The database is not as its migrations left it. Its own code: whoever asks every night tells it from a failure."""

    exit_code = 4


class LockNotObtained(SchemaError):
    """Another runner held the lock for longer than this one was told to wait."""


class Unreachable(SchemaError):
    """The server could not be reached, or did not let the master user in."""
