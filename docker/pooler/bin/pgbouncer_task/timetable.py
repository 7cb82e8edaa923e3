"""What is done to PgBouncer after SIGTERM, and when. Pure.

A load balancer sends new connections for a while after it was told to stop, so PgBouncer keeps accepting. It cannot by
itself: from 1.23 on its SIGTERM closes the listening socket at once, before that it ends every transaction at once.
Then clients are let go between transactions, in two ways that PgBouncer offers itself and that cannot hit a
transaction, because its one thread decides and acts in one step:

* `client_idle_timeout`, lowered step by step by SIGHUP, closes clients that hold no server connection. Those that were
  idle longest go first, so that not all of them log in elsewhere in the same second.
* SIGINT lets transactions end, gives no client another one, and ends the process with the last of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from signal import SIGHUP, SIGINT, SIGKILL, SIGQUIT

# Seconds idle, halved or more from half an hour down: what is idle longer goes. Application pools keep connections
# for half an hour at most as a rule; below 5 s a busy client's pause for thought would be taken for idleness.
IDLE_STEPS = (1800, 600, 180, 60, 20, 5)
# The first half of the time nothing is asked: a client that leaves while the balancer still knows this task may come
# back to it.
WAIT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, so many seconds after SIGTERM; `idle_seconds` is the client_idle_timeout to set before it."""

    after: float
    signal: int
    says: str
    idle_seconds: int | None = None


def steps(accept_seconds: float, finish_seconds: float) -> tuple[Step, ...]:
    """The steps of one drain, in order: `accept_seconds` with open doors, `finish_seconds` for running transactions."""
    return (
        *_let_go(accept_seconds),
        Step(accept_seconds, SIGINT, "accepts no more; running transactions may end"),
        Step(accept_seconds + finish_seconds, SIGQUIT, "transactions still run; they are cut"),
        Step(accept_seconds + finish_seconds + 2, SIGKILL, "PgBouncer does not end; it is killed"),
    )


def _let_go(accept_seconds: float) -> Iterator[Step]:
    if accept_seconds <= 0:
        return
    first = accept_seconds * WAIT_SHARE
    apart = (accept_seconds - first) / len(IDLE_STEPS)
    for number, idle in enumerate(IDLE_STEPS):
        yield Step(first + apart * number, SIGHUP, f"clients idle for {idle} s are let go", idle)


def with_idle_timeout(ini: str, seconds: int) -> str:
    """The same configuration with this client_idle_timeout: the last one in the section counts."""
    lines = []
    for line in ini.splitlines():
        if line.partition("=")[0].strip() == "client_idle_timeout":
            continue
        lines.append(line)
        if line.strip() == "[pgbouncer]":
            lines.append(f"client_idle_timeout = {seconds}")
    return "\n".join(lines) + "\n"
