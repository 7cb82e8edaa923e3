"""The user of one client left to the next, through a real PgBouncer in transaction mode."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.sql.attacks.poolers import Pooler, pooler, rendered, seeds_own
from tests.sql.attacks.world import APP, World
from tests.sql.databases import Rows

_WHO = "SELECT current_setting('app.current_user_id', true), (SELECT count(*) FROM app.tasks)"
NOBODY: Rows = [("", 0)]

_LEFT_BEHIND = (
    "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),"
    " (SELECT count(*) FROM pg_listening_channels()),"
    " current_setting('search_path'), current_setting('statement_timeout'), current_setting('row_security')"
)
_NOTHING: Rows = [(0, 0, '"$user", public', "15s", "on")]


@pytest.fixture(scope="module")
def ours(world: World) -> Iterator[Pooler]:
    """The configuration that the estate renders."""
    with pooler(world.database, rendered(world.database), APP) as made:
        yield made


@pytest.fixture
def two(ours: Pooler) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Two clients that share one server connection, on which nothing is left."""
    with ours.connect() as first, ours.connect() as second:
        first.execute("DISCARD ALL")
        yield first, second
        first.execute("DISCARD ALL")


def _set(client: psycopg.Connection, user: object) -> None:
    client.execute("SELECT set_config('app.current_user_id', %s, false)", (str(user),))


def test_the_two_clients_do_share_a_connection(two: tuple[psycopg.Connection, psycopg.Connection]) -> None:
    first, second = (client.execute("SELECT pg_backend_pid()").fetchall() for client in two)

    assert first == second


def test_a_user_who_was_named_for_a_transaction_is_gone_with_it(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    first, second = two
    with first.transaction():
        first.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.anna),))
        assert first.execute("SELECT count(*) FROM app.tasks").fetchone() == (4,)

    assert second.execute(_WHO).fetchall() == NOBODY
    assert first.execute(_WHO).fetchall() == NOBODY


def test_a_transaction_that_fails_leaves_no_user_either(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    first, second = two
    with pytest.raises(psycopg.errors.DivisionByZero), first.transaction():
        first.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.anna),))
        first.execute("SELECT 1 / 0")

    assert second.execute(_WHO).fetchall() == NOBODY


def test_a_client_that_goes_away_in_the_middle_leaves_no_user(world: World, ours: Pooler) -> None:
    leaving = ours.connect()
    leaving.execute("BEGIN")
    leaving.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.anna),))
    leaving.close()

    with ours.connect() as next_one:
        assert next_one.execute(_WHO).fetchall() in (NOBODY, [(None, 0)])


def test_naming_ones_user_outside_of_a_transaction_names_nobody(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    """SET LOCAL without BEGIN is a warning, and the next statement is asked by nobody."""
    first, second = two
    first.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.anna),))

    assert first.execute(_WHO).fetchall() == NOBODY
    assert second.execute(_WHO).fetchall() == NOBODY


def test_a_clumsy_client_names_its_user_for_the_session_and_the_next_client_is_him(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    first, second = two
    _set(first, world.anna)

    assert second.execute(_WHO).fetchall() in (NOBODY, [(None, 0)])


def test_an_attacker_leaves_his_own_user_to_a_client_that_forgets_to_say_who_asks(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    """What the next client writes would be mallory's, in her organisation."""
    first, second = two
    _set(first, world.mallory)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        second.execute("SELECT app.create_organization('n', 'left-behind')")


def test_a_client_that_names_its_user_properly_is_never_somebody_who_was_left_behind(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    """Whatever is on the connection, each request says who asks."""
    first, second = two
    _set(first, world.anna)
    with second.transaction():
        second.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.mallory),))
        assert second.execute("SELECT title FROM app.tasks").fetchall() == [("lair trombone",)]


def test_locks_listeners_and_settings_left_behind_for_the_next_client(
    two: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    first, second = two
    for statement in (
        "SELECT pg_advisory_lock(7)",
        "LISTEN everything",
        "SET search_path = app",
        "SET statement_timeout = 0",
        "SET row_security = off",
    ):
        first.execute(statement)

    assert second.execute(_LEFT_BEHIND).fetchall() == _NOTHING


def test_a_temporary_table_left_behind_for_the_next_client(
    two: tuple[psycopg.Connection, psycopg.Connection],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied to create temporary tables"):
        two[0].execute("CREATE TEMP TABLE tasks (title text)")


def test_a_held_cursor_with_somebodys_rows_left_behind_for_the_next_client(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    first, second = two
    with first.transaction():
        first.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.anna),))
        first.execute("DECLARE held CURSOR WITH HOLD FOR SELECT title FROM app.tasks")

    with pytest.raises(psycopg.errors.InvalidCursorName):
        second.execute("FETCH ALL FROM held")


def test_a_prepared_name_left_behind_runs_as_whoever_executes_it(
    world: World, two: tuple[psycopg.Connection, psycopg.Connection]
) -> None:
    """Names stay, since plans are dear. A client executes in transaction mode only what it prepared in the same
    transaction, and a name that is there already is an error to whoever prepares it."""
    first, second = two
    first.execute("PREPARE theirs AS SELECT title FROM app.tasks")
    with second.transaction():
        second.execute("SELECT set_config('app.current_user_id', %s, true)", (str(world.mallory),))
        assert second.execute("EXECUTE theirs").fetchall() == [("lair trombone",)]
    assert second.execute("EXECUTE theirs").fetchall() == []
    with pytest.raises(psycopg.errors.DuplicatePreparedStatement):
        second.execute("PREPARE theirs AS SELECT 1")


def test_the_first_designs_pooler_hands_the_user_of_one_client_to_the_next(world: World) -> None:
    """The counter-example: without it, none of the above would prove that a leak shows here."""
    with pooler(world.database, seeds_own(world.database), APP) as leaking:  # noqa: SIM117
        with leaking.connect() as first, leaking.connect() as second:
            _set(first, world.anna)
            assert second.execute(_WHO).fetchall() == [(str(world.anna), 4)]
            first.execute("SELECT pg_advisory_lock(7)")
            first.execute("LISTEN everything")
            first.execute("SET statement_timeout = 0")
            assert second.execute(_LEFT_BEHIND).fetchall() == [(1, 1, '"$user", public', "0", "on")]
