"""The filters on PostgreSQL's log, over what real servers write behind RDS's prefix.

Each kind of line is provoked; the phrases of those that cannot be (PAM is only on RDS, a panic only on broken disks, a
conflict only on a replica) are looked for among the server's own messages.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from infra import log_metrics
from local import engines
from local.postgres import Temporary, temporary
from tests.sql.databases import MAJORS
from tests.unit.infra.filter_pattern import matches

PREFIX = "%t:%r:%u@%d:[%p]:"  # RDS's, which no parameter group may change
SETTINGS = {
    "log_line_prefix": PREFIX,
    "logging_collector": "on",
    "log_filename": "postgresql.log",
    "log_rotation_age": "0",
    "log_min_duration_statement": "200",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_temp_files": "0",
    "log_checkpoints": "on",
    "deadlock_timeout": "100",
    "max_connections": "20",
    "max_wal_size": "32MB",
    "min_wal_size": "32MB",
    "work_mem": "64kB",
}
LEVEL = re.compile(r"^\]:(LOG|ERROR|FATAL|PANIC|WARNING):  ")


@dataclass
class Log:
    """What one server wrote, and how to make it write more."""

    running: Temporary
    opened: list[psycopg.Connection] = field(default_factory=list)

    def connect(self, user: str = "", password: str = "") -> psycopg.Connection:
        running = self.running
        made = psycopg.connect(
            running.conninfo, autocommit=True, user=user or running.user, password=password or running.password
        )
        self.opened.append(made)
        return made

    def run(self, query: LiteralString) -> None:
        self.connect().execute(query)

    def lines(self) -> list[str]:
        with closing(psycopg.connect(self.running.superuser_conninfo)) as connection:
            row = connection.execute("select pg_read_file(pg_current_logfile())").fetchone()
        assert row is not None
        text: str = row[0]
        return text.splitlines()

    def after(self, provoke: Callable[[Log], None]) -> list[str]:
        """The lines that appear when something is done: those of the metric's kind come within seconds."""
        before = len(self.lines())
        try:
            provoke(self)
        finally:
            for connection in self.opened:
                with suppress(psycopg.Error):
                    connection.close()
            self.opened.clear()
        return self.lines()[before:]


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"pg{major}")
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    with temporary(request.param, settings=SETTINGS) as running:
        made = Log(running)
        made.connect().execute("create table account (id int primary key, amount int)")
        made.connect().execute("insert into account values (1, 0), (2, 0)")
        made.connect().execute("create role crowd login password 'crowd' connection limit 0")
        yield made


def slow(log: Log) -> None:
    log.connect().execute("select pg_sleep(0.3)")


def error(log: Log) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        log.connect().execute("select 1 / 0")


def wrong_password(log: Log) -> None:
    with pytest.raises(psycopg.OperationalError):
        log.connect(password="wrong")


def too_many(log: Log) -> None:
    with pytest.raises(psycopg.OperationalError):
        for _ in range(30):
            log.connect()


def role_full(log: Log) -> None:
    with pytest.raises(psycopg.OperationalError):
        log.connect(user="crowd", password="crowd")


def _lock(connection: psycopg.Connection, number: int) -> None:
    connection.execute("update account set amount = amount + 1 where id = %s", (number,))


def deadlock(log: Log) -> None:
    one, other = log.connect(), log.connect()
    for connection, number in ((one, 1), (other, 2)):
        connection.execute("begin")
        _lock(connection, number)

    def across() -> None:
        with suppress(psycopg.errors.DeadlockDetected):
            _lock(one, 2)

    waiting = threading.Thread(target=across)
    waiting.start()
    with suppress(psycopg.errors.DeadlockDetected):
        _lock(other, 1)
    other.rollback()
    waiting.join()
    one.rollback()


def lock_timeout(log: Log) -> None:
    holder, waiter = log.connect(), log.connect()
    holder.execute("begin")
    _lock(holder, 1)
    waiter.execute("set lock_timeout = '300ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        _lock(waiter, 1)


def statement_timeout(log: Log) -> None:
    connection = log.connect()
    connection.execute("set statement_timeout = '50ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("select pg_sleep(10)")


def idle(log: Log) -> None:
    connection = log.connect()
    connection.execute("set idle_in_transaction_session_timeout = '50ms'")
    connection.execute("begin")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with closing(psycopg.connect(log.running.conninfo)) as observer:
            row = observer.execute(
                "select count(*) from pg_stat_activity where pid = %s", (connection.info.backend_pid,)
            ).fetchone()
        if row == (0,):
            return
    pytest.fail("the idle transaction was never ended")


def spill(log: Log) -> None:
    log.connect().execute("select count(*) from (select n from generate_series(1, 200000) n order by -n offset 1) t")


def checkpoints(log: Log) -> None:
    connection = log.connect()
    connection.execute("create table bulk (content text)")
    before = len(log.lines())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection.execute("insert into bulk select repeat(md5(n::text), 20) from generate_series(1, 40000) n")
        if any("occurring too frequently" in line for line in log.lines()[before:]):
            break
    connection.execute("drop table bulk")


def crash(log: Log) -> None:
    connection = log.connect()
    before = len(log.lines())
    os.kill(connection.info.backend_pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            if any("database system is ready" in line for line in log.lines()[before:]):
                return
        time.sleep(0.05)
    pytest.fail("the server did not recover")


# metric -> everything that must be counted in it. The crash comes last: it ends every session.
PROVOKED: dict[str, tuple[Callable[[Log], None], ...]] = {
    "SlowStatements": (slow,),
    "Errors": (error, deadlock, statement_timeout, lock_timeout),
    "Fatals": (wrong_password, idle),
    "Deadlocks": (deadlock,),
    "LockWaits": (lock_timeout,),
    "TemporaryFiles": (spill,),
    "AuthenticationFailures": (wrong_password,),
    "ConnectionSlotsExhausted": (too_many,),
    "ConnectionLimits": (role_full,),
    "StatementTimeouts": (statement_timeout,),
    "LockTimeouts": (lock_timeout,),
    "IdleTransactions": (idle,),
    "FrequentCheckpoints": (checkpoints,),
    "Crashes": (crash,),
}
PATTERNS = {row.metric: row.pattern for row in log_metrics.TABLE}


@pytest.mark.parametrize("metric", PROVOKED)
def test_a_filter_counts_the_lines_that_it_is_for(log: Log, metric: str) -> None:
    for provoke in PROVOKED[metric]:
        written = log.after(provoke)
        counted = [line for line in written if matches(PATTERNS[metric], line)]
        assert counted, f"{provoke.__name__} wrote nothing that {metric} counts: {written}"


def test_ordinary_work_is_counted_nowhere(log: Log) -> None:
    def work(log: Log) -> None:
        connection = log.connect()
        connection.execute("select 1")
        connection.execute("create table ordinary (id int primary key)")
        connection.execute("drop table ordinary")

    written = log.after(work)
    assert any("connection authorized" in line for line in written), "the log says nothing at all"
    assert [line for line in written for pattern in PATTERNS.values() if matches(pattern, line)] == []


def test_a_statement_that_quotes_a_message_is_not_that_message(log: Log) -> None:
    quoted = "select 'ERROR:  deadlock detected', 'FATAL:  password authentication failed', pg_sleep(0.3)"
    written = log.after(lambda log: log.run(quoted))
    assert {metric for metric, pattern in PATTERNS.items() for line in written if matches(pattern, line)} == {
        "SlowStatements"
    }


@pytest.mark.parametrize("major", MAJORS)
def test_every_phrase_is_a_message_of_the_server(major: str) -> None:
    binary = Path(engines.get(major).program("postgres")).read_bytes()
    for row in log_metrics.TABLE:
        messages = [LEVEL.sub("", phrase) for phrase in re.findall(r'"([^"]*)"', row.pattern)]
        for message in filter(None, messages):  # a level alone is any message of it
            assert message.encode() in binary, f"{row.metric}: PostgreSQL {major} never says {message!r}"


def test_every_filter_is_tried() -> None:
    assert set(PROVOKED) | {"RecoveryConflicts"} == set(PATTERNS)
