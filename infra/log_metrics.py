"""What is counted in PostgreSQL's log: one filter for each kind of line. Pure.

RDS writes each line behind the prefix `%t:%r:%u@%d:[%p]:`, which cannot be changed, so that a message begins with
`]:LOG:  `, `]:ERROR:  ` and so on. A pattern that begins there does not match a statement that merely quotes a message.
CloudWatch matches a quoted phrase anywhere in the line, case and spaces included; terms side by side must all be there,
terms behind a question mark are alternatives. None is a regular expression, of which a log group takes only five.

Sources: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters"; RDS User Guide, "RDS for PostgreSQL
database log files"; PostgreSQL's message catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

NAMESPACE = "PostgresEstate"
Where = Literal["everywhere", "primary", "replica"]


@dataclass(frozen=True, slots=True)
class LogMetric:
    """One filter: the metric it counts in, and the lines it counts."""

    metric: str
    pattern: str
    means: str
    where: Where = "everywhere"


def _all(*phrases: str) -> str:
    """A pattern for lines that have all of these phrases."""
    return " ".join(f'"{phrase}"' for phrase in phrases)


def _any(*phrases: str) -> str:
    """A pattern for lines that have one of these phrases."""
    return " ".join(f'?"{phrase}"' for phrase in phrases)


TABLE: tuple[LogMetric, ...] = (
    LogMetric("SlowStatements", _all("]:LOG:  duration: "),
              "statements above log_min_duration_statement"),
    LogMetric("Errors", _all("]:ERROR:  "), "statements that failed"),
    LogMetric("Fatals", _all("]:FATAL:  "), "sessions that ended or never began"),
    LogMetric("Crashes", _any("]:PANIC:  ", "]:LOG:  terminating any other active server processes"),
              "a server process that died, and with it every session"),
    LogMetric("Deadlocks", _all("]:ERROR:  deadlock detected"), "transactions ended as a deadlock's victim", "primary"),
    LogMetric("LockWaits", _all("]:LOG:  process ", " still waiting for "),
              "sessions that waited for a lock longer than deadlock_timeout", "primary"),
    LogMetric("TemporaryFiles", _all("]:LOG:  temporary file: path "), "sorts and hashes that spilled to disk"),
    LogMetric("AuthenticationFailures",
              _any("]:FATAL:  password authentication failed", "]:FATAL:  PAM authentication failed",
                   "]:FATAL:  no pg_hba.conf entry"),
              "logins refused: a wrong password, a wrong IAM token (PAM), or no TLS where it is required"),
    LogMetric("ConnectionSlotsExhausted",
              _any("]:FATAL:  remaining connection slots are reserved", "]:FATAL:  sorry, too many clients already"),
              "connections refused because all slots of the server are taken"),
    LogMetric("ConnectionLimits", _all("]:FATAL:  too many connections for "),
              "connections refused because a role or a database has its own limit and reached it"),
    LogMetric("StatementTimeouts", _all("]:ERROR:  canceling statement due to statement timeout"),
              "statements that ran into statement_timeout"),
    LogMetric("LockTimeouts", _all("]:ERROR:  canceling statement due to lock timeout"),
              "statements that ran into lock_timeout", "primary"),
    LogMetric("IdleTransactions", _all("]:FATAL:  terminating connection due to idle-in-transaction timeout"),
              "clients that began a transaction and went away", "primary"),
    LogMetric("FrequentCheckpoints", _all("]:LOG:  checkpoints are occurring too frequently"),
              "checkpoints forced by WAL", "primary"),
    LogMetric("RecoveryConflicts", _all("due to conflict with recovery"),
              "queries on a replica ended because replay could wait no longer", "replica"),
)  # fmt: skip


def of(role: Literal["primary", "replica"]) -> Iterable[LogMetric]:
    """The filters of a primary's or a replica's log."""
    return (row for row in TABLE if row.where in ("everywhere", role))


def names() -> frozenset[str]:
    """Every metric that the filters count in."""
    return frozenset(row.metric for row in TABLE)
