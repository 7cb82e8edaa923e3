"""Errors that an operator reads, each with the exit code that a script reads."""

from __future__ import annotations

FAILED = 1
"""Something was tried and did not succeed; the message says what and what stands now."""

BAD_INPUT = 2
"""The configuration or the command line is wrong; nothing was tried."""

REFUSED = 3
"""It would lose data or is protected; nothing was tried. The message says what consent it takes."""

DIFFERS = 4
"""Nothing failed: what was asked to be without changes has some."""

INTERRUPTED = 130
"""Ctrl-C; what was started was stopped."""


class OperatorError(Exception):
    """One failure, told in lines a person can act on."""

    code = FAILED

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class BadInput(OperatorError):
    """The command cannot be meant as it was given."""

    code = BAD_INPUT


class Differs(OperatorError):
    """Nothing failed, and something is not as it should be."""

    code = DIFFERS


class Refused(OperatorError):
    """The command would lose data without consent."""

    code = REFUSED
