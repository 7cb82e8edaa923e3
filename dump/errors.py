"""What can end a dump, each with the exit code that the task reports."""

from __future__ import annotations


class DumpError(Exception):
    """A dump that did not come about; the text says what happened and what to do."""

    code = 1


class Misconfigured(DumpError):
    """The task's environment is not what its definition gives it."""

    code = 2


class DatabaseRefuses(DumpError):
    """The database cannot be reached, or would not show every row."""

    code = 3


class NoProgram(DumpError):
    """There is no pg_dump that is new enough for the server."""

    code = 4


class NoArchive(DumpError):
    """pg_dump failed, or what it wrote is empty or cannot be read back."""

    code = 5


class NotStored(DumpError):
    """S3 did not take the dump as it was sent."""

    code = 6


class Stopped(DumpError):
    """The task was asked to stop."""

    code = 7
