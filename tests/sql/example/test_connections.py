"""What the example's transactions send, what they leave behind, and what their errors become."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import errors as pg

from examples.platform_app.connections import Request, Session, anonymous_transaction, user_transaction
from examples.platform_app.errors import Conflict, Forbidden, Invalid, NotFound, PlatformError, TryAgain, translated
from examples.platform_app.stage import Stage

REQUEST = Request(client_ip="192.0.2.1", id="request-1")
SOMEBODY = Session(uuid4(), uuid4(), REQUEST)


def test_the_settings_last_as_long_as_the_transaction(stage: Stage) -> None:
    query = (
        "SELECT current_setting('app.current_user_id', true), current_setting('app.client_ip', true),"
        " current_setting('app.request_id', true)"
    )
    for _ in range(5):  # whichever of the pool's connections it is
        with user_transaction(stage.pools.app, SOMEBODY) as asking:
            assert asking.execute(query).fetchone() == (str(SOMEBODY.user_id), "192.0.2.1", "request-1")
        with stage.pools.app.connection() as connection:
            assert connection.execute(query).fetchone() in {("", "", ""), (None, None, None)}


def test_after_an_error_nothing_is_done_and_the_connection_is_good(stage: Stage) -> None:
    for _ in range(5):
        with pytest.raises(Invalid), user_transaction(stage.pools.app, SOMEBODY) as asking:
            asking.execute("SELECT 1 / 0")
        with user_transaction(stage.pools.app, SOMEBODY) as asking:
            assert asking.execute("SELECT 1").fetchone() == (1,)
    assert stage.pools.app.get_stats().get("connections_lost", 0) == 0


def test_begin_who_asks_and_the_first_query_are_one_round_trip_and_commit_is_another(
    stage: Stage, tmp_path: Path
) -> None:
    pool, trace = stage.pools.app, tmp_path / "trace"
    with trace.open("w") as file:
        every = [pool.getconn() for _ in range(pool.max_size)]  # whichever will be taken
        for connection in every:
            connection.pgconn.trace(file.fileno())
            pool.putconn(connection)
        with user_transaction(pool, SOMEBODY) as asking:
            assert len(asking.execute("SELECT generate_series(1, 3)").fetchall()) == 3
        for connection in every:
            connection.pgconn.untrace()
    sent = trace.read_text()
    assert re.findall(r'Parse\t "" "(BEGIN|SELECT \w+|COMMIT)', sent) == [
        "BEGIN", "SELECT set_config", "SELECT generate_series", "COMMIT",
    ]  # fmt: skip
    turns = "".join(re.findall(r"\t([FB])\t", sent))
    assert re.sub(r"(.)\1+", r"\1", turns) == "FBFB"


def test_what_was_done_before_an_error_that_somebody_swallowed_is_not_committed(stage: Stage) -> None:
    with pytest.raises(pg.PipelineAborted), anonymous_transaction(stage.pools.auth, REQUEST) as connection:
        connection.execute("INSERT INTO auth.users (email) VALUES ('a@example.com')")
        with contextlib.suppress(pg.DivisionByZero):
            connection.execute("SELECT 1 / 0").fetchone()
    with anonymous_transaction(stage.pools.auth, REQUEST) as connection:
        assert connection.execute("SELECT count(*) FROM auth.users").fetchone() == (0,)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (pg.InsufficientPrivilege, Forbidden),
        (pg.ReadOnlySqlTransaction, Forbidden),
        (pg.UniqueViolation, Conflict),
        (pg.ForeignKeyViolation, NotFound),
        (pg.CheckViolation, Invalid),
        (pg.NotNullViolation, Invalid),
        (pg.StringDataRightTruncation, Invalid),
        (pg.LockNotAvailable, TryAgain),
        (pg.QueryCanceled, TryAgain),
        (pg.DeadlockDetected, TryAgain),
    ],
)
def test_errors_get_our_names_and_their_texts_stay_behind(theirs: type[pg.Error], ours: type[PlatformError]) -> None:
    with pytest.raises(ours) as raised, translated():
        raise theirs("relation app.tasks")
    assert type(raised.value) is ours
    assert "app.tasks" not in str(raised.value)
    assert isinstance(raised.value.__cause__, theirs)


def test_a_bug_of_the_program_is_not_hidden() -> None:
    with pytest.raises(pg.UndefinedTable), translated():
        raise pg.UndefinedTable("relation app.taks does not exist")


def test_a_lock_that_is_not_had_in_time_is_worth_another_try(stage: Stage) -> None:
    with (
        pytest.raises(TryAgain, match="this took too long"),
        anonymous_transaction(stage.pools.auth, REQUEST) as connection,
    ):
        connection.execute("SET LOCAL statement_timeout = '50ms'")
        connection.execute("SELECT pg_sleep(5)")
