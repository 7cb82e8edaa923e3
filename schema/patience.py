"""How long a run waits for what, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of waiting, in seconds unless said otherwise."""

    # An instance that was just created, or is failing over, listens after one or two minutes (RDS Multi-AZ: 60-120 s).
    connect: float = 180.0
    # A second deploy waits for the first; longer than this the first one hangs and somebody should look.
    lock: float = 300.0
    # Short enough that two deploys follow each other without a visible pause; one small query each time.
    lock_poll: float = 0.5
    # While a statement waits for a table lock, all later readers of the table queue behind it: 2 s is what they bear.
    lock_timeout: str = "2s"
    # A transactional migration holds its locks until it commits; what needs longer belongs into another form.
    statement_timeout: str = "30min"
    # With waits growing from half a second to 8 s, seven attempts spread a file over about half a minute of traffic.
    attempts: int = 7
    first_wait: float = 0.5
    longest_wait: float = 8.0
