"""The comment lines at the top of a file that say how it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# sqlx's own mark: the very first characters of the file. Anything may follow on the line.
NO_TRANSACTION = "-- no-transaction"
_NAMED = re.compile(r"-- ([a-z]+(?:-[a-z]+)*):\s*(.*?)\s*")
_STATEMENT_TIMEOUT = "statement-timeout"
ROLE = "role"
# A day: what runs longer is not a migration, and a forgotten unit (`2` for two hours) is refused by the shape.
_TIME = re.compile(r"([1-9][0-9]{0,5})(ms|s|min|h)")
_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}
# As PostgreSQL folds names that are not quoted; longer than 63 it would cut them off.
_ROLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_LONGEST = 24 * _MILLISECONDS["h"]


@dataclass(frozen=True, slots=True)
class Headers:
    """How a file is run: inside a transaction or not, how long one of its statements may take, and as whom."""

    no_transaction: bool = False
    statement_timeout: str | None = None
    role: str | None = None
    """Who it acts as, when that is not the owner of the service; only jobs may say so."""


def read(text: str, kind: str = "migrations") -> tuple[Headers, list[tuple[int, str]]]:
    """The headers of a file of this kind and what is wrong with them, as line and problem.

    Headers are the comment lines above the first other line. A comment that only looks like one (`-- note: …`) is a
    comment; what would be a header if it were spelled right is a problem, for it would be ignored without a word.
    """
    problems: list[tuple[int, str]] = []
    timeout: str | None = None
    role: str | None = None
    for number, line in _comment_lines(text):
        if number > 1 and line.startswith(NO_TRANSACTION):
            problems.append((number, f"`{NO_TRANSACTION}` counts on the first line only; move it there"))
        named = _NAMED.fullmatch(line)
        if not named or named[1] not in (_STATEMENT_TIMEOUT, ROLE):
            continue
        name, value = named[1], named[2]
        if problem := _wrong_time(value) if name == _STATEMENT_TIMEOUT else _wrong_role(value, kind):
            problems.append((number, f"{name}: {value or 'nothing'} {problem}"))
        elif name == ROLE:
            role = value
        else:
            timeout = value
    return Headers(text.startswith(NO_TRANSACTION), timeout, role), problems


def _comment_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            return
        yield number, line


def _wrong_role(value: str, kind: str) -> str | None:
    if kind != "jobs":
        # What a migration makes for another role it makes with SET LOCAL ROLE, statement by statement and to be seen.
        return "stands in a file that is no job; migrations run as the owner of the service, so remove the line"
    if not _ROLE_NAME.fullmatch(value):
        return "is no role name; write small letters, digits and _, at most 63"
    return None


def _wrong_time(value: str) -> str | None:
    match = _TIME.fullmatch(value)
    if not match:
        return "is no time; write a number and a unit, such as 30s, 45min or 2h"
    if int(match[1]) * _MILLISECONDS[match[2]] > _LONGEST:
        return "is more than a day; write at most 24h, and split what takes longer"
    return None
