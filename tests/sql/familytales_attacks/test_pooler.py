"""The user of one client left to the next, through a real PgBouncer in transaction mode."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.sql.attacks.poolers import Pooler, pooler, rendered, seeds_own
from tests.sql.databases import Rows
from tests.sql.familytales_attacks.world import APP, World

Two = tuple[psycopg.Connection, psycopg.Connection]

_WHO = "SELECT current_setting('app.current_user_id', true), (SELECT count(*) FROM familytales.memory_books)"
NOBODY: Rows = [("", 0)]
UNSET: Rows = [(None, 0)]

_SETTINGS = (
    "SELECT current_setting('search_path'), current_setting('statement_timeout'), current_setting('lock_timeout'),"
    " current_setting('row_security'), coalesce(current_setting('app.client_ip', true), ''),"
    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),"
    " (SELECT count(*) FROM pg_listening_channels())"
)
_AS_CONFIGURED: Rows = [("familytales", "15s", "3s", "on", "", 0, 0)]


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Pooler]:
    """The configuration that the estate renders."""
    with pooler(world.database, rendered(world.database), APP) as made:
        yield made


@pytest.fixture
def two(ours: Pooler) -> Iterator[Two]:
    """Two clients that share one server connection, on which nothing is left."""
    with ours.connect() as first, ours.connect() as second:
        first.execute("DISCARD ALL")
        yield first, second
        first.execute("DISCARD ALL")


def _name(client: psycopg.Connection, user: object, for_the_transaction: bool) -> None:
    client.execute("SELECT set_config('app.current_user_id', %s, %s)", (str(user), for_the_transaction))


def test_the_two_clients_do_share_a_connection(two: Two) -> None:
    first, second = (client.execute("SELECT pg_backend_pid()").fetchall() for client in two)

    assert first == second


def test_a_user_who_was_named_for_a_transaction_is_gone_with_it(world: World, two: Two) -> None:
    first, second = two
    with first.transaction():
        _name(first, world.anna, True)
        assert first.execute("SELECT count(*) FROM memory_books").fetchone() == (3,)

    assert second.execute(_WHO).fetchall() == NOBODY
    assert first.execute(_WHO).fetchall() == NOBODY


def test_a_transaction_that_fails_leaves_no_user_either(world: World, two: Two) -> None:
    first, second = two
    with pytest.raises(psycopg.errors.DivisionByZero), first.transaction():
        _name(first, world.anna, True)
        first.execute("SELECT 1 / 0")

    assert second.execute(_WHO).fetchall() == NOBODY


def test_a_client_that_goes_away_in_the_middle_leaves_no_user(world: World, ours: Pooler) -> None:
    leaving = ours.connect()
    leaving.execute("BEGIN")
    _name(leaving, world.anna, True)
    leaving.close()

    with ours.connect() as next_one:
        assert next_one.execute(_WHO).fetchall() in (NOBODY, UNSET)


def test_naming_ones_user_outside_of_a_transaction_names_nobody(world: World, two: Two) -> None:
    first, second = two
    _name(first, world.anna, True)

    assert first.execute(_WHO).fetchall() == NOBODY
    assert second.execute(_WHO).fetchall() == NOBODY


def test_a_clumsy_client_names_its_user_for_the_session_and_the_next_client_is_nobody(world: World, two: Two) -> None:
    first, second = two
    for statement in (
        f"SET app.current_user_id = '{world.anna}'",
        f"SET SESSION app.current_user_id = '{world.anna}'",
        f"SELECT set_config('app.current_user_id', '{world.anna}', false)",
        f"BEGIN; SET app.current_user_id = '{world.anna}'; COMMIT",
    ):
        first.execute(statement.encode())
        assert second.execute(_WHO).fetchall() in (NOBODY, UNSET), statement


def test_an_attacker_leaves_his_own_user_to_a_client_that_forgets_to_say_who_asks(world: World, two: Two) -> None:
    """What the next client writes would be mallory's, in her family."""
    first, second = two
    _name(first, world.mallory, False)

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no active user"):
        second.execute("SELECT familytales.create_family('left behind')")


def test_a_client_that_names_its_user_properly_is_never_somebody_who_was_left_behind(world: World, two: Two) -> None:
    first, second = two
    _name(first, world.anna, False)
    with second.transaction():
        _name(second, world.milo, True)
        assert second.execute("SELECT title FROM memory_books").fetchall() == [("lair book",)]


def test_settings_locks_and_listeners_left_behind_for_the_next_client(two: Two) -> None:
    first, second = two
    for statement in (
        "SET search_path = audit", "SET statement_timeout = 0", "SET lock_timeout = 0", "SET row_security = off",
        "SET app.client_ip = '203.0.113.7'", "SELECT pg_advisory_lock(7)", "LISTEN everything",
    ):  # fmt: skip
        first.execute(statement.encode())

    assert second.execute(_SETTINGS).fetchall() == _AS_CONFIGURED


def test_a_temporary_table_left_behind_for_the_next_client(two: Two) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied to create temporary tables"):
        two[0].execute("CREATE TEMP TABLE families (id uuid)")


def test_a_held_cursor_with_somebodys_rows_left_behind_for_the_next_client(world: World, two: Two) -> None:
    first, second = two
    with first.transaction():
        _name(first, world.anna, True)
        first.execute("DECLARE held CURSOR WITH HOLD FOR SELECT title FROM memory_books")

    with pytest.raises(psycopg.errors.InvalidCursorName):
        second.execute("FETCH ALL FROM held")


def test_a_prepared_name_left_behind_runs_as_whoever_executes_it(world: World, two: Two) -> None:
    """Names stay, since plans are dear: a plan that was made for one user asks again who the user is."""
    first, second = two
    with first.transaction():
        _name(first, world.anna, True)
        first.execute("PREPARE theirs AS SELECT title FROM memory_books ORDER BY 1")
        for _ in range(7):  # from the sixth time on the plan may be one for all
            assert len(first.execute("EXECUTE theirs").fetchall()) == 3
    with second.transaction():
        _name(second, world.milo, True)
        assert second.execute("EXECUTE theirs").fetchall() == [("lair book",)]
    assert second.execute("EXECUTE theirs").fetchall() == []
    with pytest.raises(psycopg.errors.DuplicatePreparedStatement):
        second.execute("PREPARE theirs AS SELECT 1")


def test_the_plans_of_searches_are_kept_and_ask_again_who_searches(world: World, two: Two) -> None:
    """They are planned once for a session, which many clients share."""
    first, second = two
    search = "SELECT coalesce(text_content, audio_transcript) FROM search_segments('xylophone or trombone') ORDER BY 1"
    for _ in range(3):
        with first.transaction():
            _name(first, world.nina, True)
            assert len(first.execute(search).fetchall()) == 5
        with second.transaction():
            _name(second, world.milo, True)
            assert second.execute(search).fetchall() == [("lair trombone",)]
        assert second.execute(search).fetchall() == []
        for client, user, rows in ((first, world.nina, 1), (second, world.max, 0), (second, world.milo, 0)):
            with client.transaction():
                _name(client, user, True)
                read = client.execute("SELECT title FROM read_thread(%s)", (world.secret_thread,)).fetchall()
                assert read == [("secret thread",)] * rows


def test_the_first_designs_pooler_hands_the_user_of_one_client_to_the_next(world: World) -> None:
    """The counter-example: without it, none of the above would prove that a leak shows here."""
    with pooler(world.database, seeds_own(world.database), APP) as leaking:  # noqa: SIM117
        with leaking.connect() as first, leaking.connect() as second:
            _name(first, world.anna, False)
            assert second.execute(_WHO).fetchall() == [(str(world.anna), 3)]
            first.execute("SET statement_timeout = 0")
            assert second.execute("SHOW statement_timeout").fetchall() == [("0",)]
