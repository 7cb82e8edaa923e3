"""Who waits for whom, what is open too long, and who holds the connections."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.sql.databases import Database, password_of
from tests.sql.inspect.queries import Row, ask, by, eventually, text


@contextmanager
def _waiting(connection: psycopg.Connection, statement: str) -> Iterator[None]:
    """A session that stands in a queue as long as the block lasts; whoever holds it up has to be gone by the end."""

    def wait() -> None:
        with suppress(psycopg.errors.QueryCanceled, psycopg.errors.DeadlockDetected):
            connection.execute(statement.encode())

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        connection.cancel()
        thread.join()


def _pid(connection: psycopg.Connection) -> int:
    return connection.info.backend_pid


def _queue(watcher: psycopg.Connection, *sessions: psycopg.Connection) -> list[Row]:
    """The rows of some sessions, once all but the first of them wait."""
    pids = [_pid(session) for session in sessions]

    def all_wait() -> bool:
        [(count,)] = watcher.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid = ANY (%s)", [pids]
        ).fetchall()
        return bool(count == len(pids) - 1)

    eventually(all_wait)
    return [row for row in ask(watcher, "locks") if row["pid"] in pids]


def test_nobody_waits_on_a_server_at_rest(master: psycopg.Connection, database: Database) -> None:
    assert [row for row in ask(master, "locks") if row["database"] == database.name] == []


def test_a_waiting_session_stands_beneath_the_one_that_holds_it_up(
    master: psycopg.Connection, database: Database
) -> None:
    master.execute('CREATE TABLE public."Locked" (id integer)')
    with database.master() as holder, database.master() as waiter:
        holder.execute("BEGIN")
        holder.execute('LOCK TABLE public."Locked" IN SHARE MODE')
        with _waiting(waiter, 'INSERT INTO public."Locked" VALUES (1)'):
            top, below = _queue(master, holder, waiter)
        holder.execute("ROLLBACK")
    assert (top["blocked_by_pids"], top["sessions_behind"]) == (None, 1)
    assert (top["state"], top["tree"]) == ("idle in transaction", str(top["pid"]))
    assert (below["blocked_by_pids"], below["sessions_behind"]) == ([top["pid"]], 0)
    assert (below["wanted_mode"], below["wanted"]) == ("RowExclusiveLock", 'public."Locked"')
    assert below["tree"] == f"  {below['pid']}"
    assert below["query"] == 'INSERT INTO public."Locked" VALUES (1)'
    assert top["query"] == 'LOCK TABLE public."Locked" IN SHARE MODE'
    assert below["waited_seconds"] >= 0


def test_a_queue_behind_a_waiting_alter_table_is_a_tree(master: psycopg.Connection, database: Database) -> None:
    master.execute("CREATE TABLE public.t (id integer)")
    with (
        database.master() as reader,
        database.master() as alter,
        database.master() as first,
        database.master() as second,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT FROM public.t")
        with _waiting(alter, "ALTER TABLE public.t ADD COLUMN a integer"):
            _queue(master, reader, alter)
            with _waiting(first, "SELECT FROM public.t"), _waiting(second, "SELECT FROM public.t"):
                rows = _queue(master, reader, alter, first, second)
        reader.execute("ROLLBACK")
        pids = [_pid(session) for session in (reader, alter, first, second)]
    assert [row["pid"] for row in rows[:2]] == pids[:2]
    assert {row["pid"] for row in rows[2:]} == set(pids[2:])
    assert [row["sessions_behind"] for row in rows] == [3, 2, 0, 0]
    assert [len(row["tree"]) - len(row["tree"].lstrip()) for row in rows] == [0, 2, 4, 4]


def test_a_long_queue_is_listed_once_each(master: psycopg.Connection, database: Database) -> None:
    """Everybody waits for all before him: a tree of every path would have two to the power of sixteen rows."""
    master.execute("CREATE TABLE public.t (id integer)")
    sessions = [database.master() for _ in range(16)]
    try:
        sessions[0].execute("BEGIN")
        sessions[0].execute("LOCK TABLE public.t")
        blocks = [_waiting(session, "LOCK TABLE public.t") for session in sessions[1:]]
        for session in sessions[1:]:
            session.execute("BEGIN")
        for block in blocks:
            block.__enter__()
        try:
            rows = _queue(master, *sessions)
        finally:
            for block in reversed(blocks):
                block.__exit__(None, None, None)
        assert len(by(rows, "pid")) == 16
        assert rows[0]["pid"] == _pid(sessions[0])
        assert rows[0]["sessions_behind"] == 15
    finally:
        for session in sessions:
            session.close()


def test_a_circle_is_listed_until_it_is_broken(database: Database) -> None:
    with database.master() as master:
        master.execute("CREATE TABLE public.a (id integer)")
        master.execute("CREATE TABLE public.b (id integer)")
    options = f"{database.server.running.superuser_conninfo} dbname={database.name}"
    with (
        psycopg.connect(options, autocommit=True) as one,
        psycopg.connect(options, autocommit=True) as other,
        database.master() as watcher,
    ):
        for session, table in ((one, "a"), (other, "b")):
            session.execute("SET deadlock_timeout = '1min'")
            session.execute("BEGIN")
            session.execute(f"LOCK TABLE public.{table}".encode())
        with _waiting(one, "LOCK TABLE public.b"), _waiting(other, "LOCK TABLE public.a"):
            pids = {_pid(one), _pid(other)}

            def both_wait() -> bool:
                return {row["pid"] for row in ask(watcher, "locks")} >= pids

            eventually(both_wait)
            rows = by([row for row in ask(watcher, "locks") if row["pid"] in pids], "pid")
    assert rows[min(pids)]["blocked_by_pids"] == [max(pids)]
    assert rows[max(pids)]["blocked_by_pids"] == [min(pids)]


def test_a_row_lock_is_told_by_its_kind(master: psycopg.Connection, database: Database) -> None:
    master.execute("CREATE TABLE public.t (id integer)")
    master.execute("INSERT INTO public.t VALUES (1)")
    with database.master() as holder, database.master() as waiter:
        holder.execute("BEGIN")
        holder.execute("UPDATE public.t SET id = 2")
        with _waiting(waiter, "UPDATE public.t SET id = 3"):
            _, below = _queue(master, holder, waiter)
        holder.execute("ROLLBACK")
    assert (below["wanted_mode"], below["wanted"]) == ("ShareLock", "transactionid")


def test_a_role_without_privileges_sees_who_waits_but_no_queries(
    platform: Database, master: psycopg.Connection, database: Database
) -> None:
    master.execute("CREATE TABLE public.t (id integer)")
    with database.master() as holder, database.master() as waiter, platform.login("platform_app") as application:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE public.t")
        with _waiting(waiter, "SELECT FROM public.t"):
            top, below = _queue(application, holder, waiter)
        holder.execute("ROLLBACK")
    assert below["blocked_by_pids"] == [top["pid"]]
    assert {top["query"], below["query"]} == {"<insufficient privilege>"}


@pytest.mark.parametrize("state", ["idle in transaction", "transaction"])
def test_an_open_transaction_is_listed(state: str, master: psycopg.Connection, database: Database) -> None:
    with database.master() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT /* first */ 1")
        if state == "transaction":
            with _waiting(session, "SELECT pg_sleep(60)"):
                eventually(lambda: _transactions(master, session)[0]["kind"] == "transaction")
                [row] = _transactions(master, session)
        else:
            [row] = _transactions(master, session)
            assert row["detail"] == "SELECT /* first */ 1"
    assert (row["kind"], row["database"]) == (state, database.name)
    assert row["age_transactions"] >= 0
    assert row["age_seconds"] >= 0
    assert row["limit_ratio"] is not None


def _transactions(watcher: psycopg.Connection, session: psycopg.Connection) -> list[Row]:
    return [row for row in ask(watcher, "transaction_age") if row["pid"] == _pid(session)]


def test_a_member_of_pg_monitor_sees_the_transactions_of_others(
    master: psycopg.Connection, database: Database, monitor: str
) -> None:
    with database.login(monitor, password_of(monitor)) as watcher, database.master() as session:
        session.execute("BEGIN")
        session.execute("SELECT 1")
        assert [row["detail"] for row in _transactions(watcher, session)] == ["SELECT 1"]


def test_the_age_of_every_database_is_held_against_the_setting(master: psycopg.Connection) -> None:
    rows = [row for row in ask(master, "transaction_age") if row["kind"] == "database"]
    names = [name for (name,) in master.execute("SELECT datname FROM pg_database").fetchall()]
    assert {row["name"] for row in rows} == set(names)
    assert all(0 <= row["limit_ratio"] < 1 for row in rows)
    assert all(row["age_transactions"] > 0 for row in rows)


def test_a_table_with_a_limit_of_its_own_is_held_against_that(master: psycopg.Connection) -> None:
    master.execute('CREATE TABLE public."Hot" (id integer) WITH (autovacuum_freeze_max_age = 100000)')
    # Whatever else is older on this server, and would fill the list.
    query = text("transaction_age").replace("LIMIT 10", "LIMIT ALL").replace("LIMIT 60", "LIMIT ALL")
    rows = master.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
    [row] = [row for row in rows if row["name"] == 'public."Hot"']
    assert (row["kind"], row["detail"]) == ("table", "autovacuum freezes it at 100000")


def test_connections_are_counted_by_role_and_state_against_the_limits(
    master: psycopg.Connection, database: Database, monitor: str
) -> None:
    master.execute(f"ALTER ROLE {monitor} CONNECTION LIMIT 5".encode())
    password = password_of(monitor)
    with database.login(monitor, password) as idle, database.login(monitor, password) as watcher:
        idle.execute("BEGIN")
        idle.execute("SELECT 1")
        first, *others = ask(watcher, "connections")
        settings: dict[str, int] = dict(
            watcher.execute(
                "SELECT name, setting::integer FROM pg_settings WHERE name ~ '^(max|superuser|reserved).*conn'"
            )
        )
    mine = by([row for row in others if row["role"] == monitor and row["database"] == database.name], "state")
    assert {state: row["connections"] for state, row in mine.items()} == {"active": 1, "idle in transaction": 1}
    assert {(row["limit_connections"], float(row["used_ratio"])) for row in mine.values()} == {(5, 0.4)}
    assert first["role"] == "(all)"
    assert first["limit_connections"] == settings["max_connections"]
    reserved = settings["superuser_reserved_connections"] + settings.get("reserved_connections", 0)
    assert first["reserved_connections"] == reserved
    assert first["connections"] == sum(row["connections"] for row in others)
    assert first["free_connections"] == settings["max_connections"] - reserved - first["connections"]


def test_a_role_without_privileges_counts_the_same_connections(platform: Database) -> None:
    with platform.login("platform_app") as application, platform.master() as master:
        assert ask(application, "connections")[0]["connections"] == ask(master, "connections")[0]["connections"]
