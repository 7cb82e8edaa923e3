"""A runner that dies: SIGKILL at any step that its connection takes.

Every exchange with the server goes through psycopg's `Connection.wait`. Each has three boundaries: before it is sent,
after it is sent and before it is answered (the server may do it all the same), and after it is answered. Statements,
locks, commits and ledger writes are all exchanges, so nothing the runner does to a database lies outside of them.
"""

from __future__ import annotations

import itertools
import os
import signal
import traceback
from collections.abc import Generator
from typing import Any

import psycopg

from schema import apply as applying
from schema.patience import Patience
from tests.sql.runner import Runner

# The session of a killed runner keeps its locks until the server notices: that is soon, and no reason to be slow.
PATIENCE = Patience(lock=30, lock_poll=0.01)


def run_and_kill(runner: Runner, at: int) -> int | None:
    """Apply in a process of its own and kill it at a boundary, counted from 1.

    Gives None when it was killed, else (it ended before that boundary) how many boundaries it passed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            passed = _count_and_kill(at)
            with runner.session(PATIENCE) as (session, found):
                applying.run(session, found)
            os.write(writing, str(next(passed) - 1).encode())
        except BaseException:
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)  # past pytest's own ending
    os.close(writing)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading) as answer:
        text = answer.read()
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert text.isdigit(), f"the runner failed before it reached the boundary: {text}"
    return int(text)


def _count_and_kill(at: int) -> itertools.count[int]:
    """From now on count the boundaries of this process, and die at one of them."""
    passed = itertools.count(1)
    original = psycopg.Connection.wait

    def boundary() -> None:
        if next(passed) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def sent(exchange: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        answered = False
        try:
            waiting = next(exchange)
            boundary()
            answered = True
            while True:
                waiting = exchange.send((yield waiting))
        except StopIteration as done:
            if not answered:  # the answer was there before it was waited for
                boundary()
            return done.value

    def wait(self: psycopg.Connection, exchange: Generator[Any, Any, Any], *rest: Any) -> Any:
        boundary()
        result = original(self, sent(exchange), *rest)
        boundary()
        return result

    psycopg.Connection.wait = wait  # type: ignore[method-assign, assignment]
    return passed
