"""What can go wrong, as the caller's shell sees it: each class knows its exit code."""

from __future__ import annotations

from collections.abc import Iterable


class SchemaError(Exception):
    """The run cannot go on; the message says what happened and what to do."""

    exit_code = 1


class BadInput(SchemaError):
    """Settings or files are wrong: nothing was changed, and every problem found is listed."""

    exit_code = 2

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems one by one, so that a report may list or count them."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class MigrationFailed(SchemaError):
    """A statement of a file failed; the file was rolled back as a whole."""


class LockNotObtained(SchemaError):
    """Another runner held the lock for longer than this one was told to wait."""


class Unreachable(SchemaError):
    """The server could not be reached, or did not let the master user in."""
