"""What a session remembers of its last user: prepared statements, cached plans, cursors, settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.attacks.world import APP, DENIED, Attacker, World
from tests.sql.databases import Rows

TITLES: LiteralString = "SELECT title FROM app.tasks ORDER BY title"
MALLORYS: Rows = [("lair trombone",)]
NINAS: Rows = [("open xylophone",), ("public xylophone",)]
ANNAS: Rows = [("open xylophone",), ("public xylophone",), ("secret child",), ("secret xylophone",)]

WHO_SEES_WHAT = [("anna", ANNAS), ("mallory", MALLORYS), ("nina", NINAS), ("eve", []), ("anna", ANNAS)]


@pytest.fixture
def session(world: World) -> Iterator[psycopg.Connection]:
    with world.login() as connection:
        yield connection


def _in_turn(session: psycopg.Connection, world: World, query: LiteralString) -> list[Rows]:
    """What each of them is told, in a transaction of his own in the same session."""
    answers: list[Rows] = []
    for name, _ in WHO_SEES_WHAT:
        with session.transaction():
            answers.append(Attacker(session, world.ids).become(getattr(world, name)).rows(query))
    return answers


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan", "auto"])
def test_running_the_statement_that_somebody_else_prepared(
    world: World, session: psycopg.Connection, mode: LiteralString
) -> None:
    setting: LiteralString = "SET plan_cache_mode = " + mode
    session.execute(setting)
    prepare: LiteralString = "PREPARE theirs AS " + TITLES
    with session.transaction():
        Attacker(session, world.ids).become(world.anna).rows(prepare)

    for _ in range(4):
        assert _in_turn(session, world, "EXECUTE theirs") == [rows for _, rows in WHO_SEES_WHAT]


@pytest.mark.parametrize("mode", ["force_generic_plan", "auto"])
def test_running_it_for_two_users_within_one_transaction(
    world: World, session: psycopg.Connection, mode: LiteralString
) -> None:
    setting: LiteralString = "SET plan_cache_mode = " + mode
    session.execute(setting)
    prepare: LiteralString = "PREPARE theirs AS " + TITLES
    with session.transaction():
        somebody = Attacker(session, world.ids)
        somebody.become(world.anna).rows(prepare)
        for _ in range(7):
            assert somebody.become(world.anna).rows("EXECUTE theirs") == ANNAS
            assert somebody.become(world.mallory).rows("EXECUTE theirs") == MALLORYS
            assert somebody.become(None).rows("EXECUTE theirs") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT title FROM app.search_tasks('xylophone') ORDER BY title",
        "SELECT title FROM app.latest_tasks(%(acme)s) ORDER BY title",
    ],
)
def test_a_functions_own_cached_plan_answers_the_next_user_with_the_last_ones_rows(
    world: World, session: psycopg.Connection, query: LiteralString
) -> None:
    """Six times and more: from the sixth on, PL/pgSQL may keep a generic plan."""
    xylophones = [row for row in ANNAS if "xylophone" in row[0]] if "search" in query else ANNAS
    for _ in range(8):
        answers = _in_turn(session, world, query)
        assert answers == [xylophones, [], NINAS, [], xylophones]


def test_a_prepared_statement_of_the_protocol_that_runs_for_the_next_user(
    world: World, session: psycopg.Connection
) -> None:
    def titles(user: UUID) -> Rows:
        with session.transaction():
            Attacker(session, world.ids).become(user)
            return session.execute(TITLES, prepare=True).fetchall()

    assert [titles(getattr(world, name)) for name, _ in WHO_SEES_WHAT * 3] == [rows for _, rows in WHO_SEES_WHAT * 3]


def test_reading_on_after_a_membership_was_revoked_in_the_same_session(
    world: World, session: psycopg.Connection
) -> None:
    """Each statement asks for the memberships anew, also when its plan is an old one."""
    session.execute("SET plan_cache_mode = force_generic_plan")
    prepare: LiteralString = "PREPARE theirs AS " + TITLES
    session.execute(prepare)
    with session.transaction(force_rollback=True):
        both = Attacker(session, world.ids).become(world.max)
        assert both.rows("EXECUTE theirs") == ANNAS
        both.become(world.anna).rows("SELECT app.set_member(%(acme)s, %(max)s, NULL, 'removed')")
        both.become(world.max)

        assert both.rows("EXECUTE theirs") == []
        assert both.rows("SELECT * FROM app.search_tasks('xylophone')") == []
        assert both.rows("SELECT app.is_organization_member(%(acme)s)") == [(False,)]


def test_a_membership_revoked_by_somebody_else_ends_with_the_next_statement(world: World) -> None:
    """Within READ COMMITTED; a snapshot that was taken before ends with its transaction."""
    with world.login() as session, session.transaction():
        dora = Attacker(session, world.ids).become(world.dora)
        assert len(dora.rows("SELECT title FROM app.tasks WHERE organization_id = %(acme)s")) == 2
        revoke: LiteralString = "SELECT app.set_member(%s, %s, NULL, %s)"
        world.database.asked_by(APP, world.anna, revoke, world.acme, world.dora, "suspended")
        try:
            assert dora.rows("SELECT title FROM app.tasks WHERE organization_id = %(acme)s") == []
            assert dora.rows("SELECT app.is_organization_member(%(acme)s)") == [(False,)]
        finally:
            world.database.asked_by(APP, world.anna, revoke, world.acme, world.dora, "active")


def test_a_cursor_that_was_opened_for_one_user_goes_on_as_his(world: World, session: psycopg.Connection) -> None:
    """Rows that a held cursor took are the session's, whoever asks then. What contains it: another session cannot
    reach it, and a pooler in transaction mode that resets its connections closes it (test_pooler)."""
    with session.transaction():
        declare: LiteralString = "DECLARE held CURSOR WITH HOLD FOR " + TITLES
        Attacker(session, world.ids).become(world.anna).rows(declare)
    with session.transaction():
        mallory = Attacker(session, world.ids).become(world.mallory)
        assert mallory.rows("FETCH 1 FROM held") == ANNAS[:1]
    assert world.refused(world.mallory, "FETCH ALL FROM held").short == ("34000", 'cursor "held" does not exist')

    session.execute("DISCARD ALL")
    with pytest.raises(psycopg.errors.InvalidCursorName):
        session.execute("FETCH ALL FROM held")


def test_a_held_cursor_does_not_run_on_as_the_next_user(world: World, session: psycopg.Connection) -> None:
    """Its rows are complete when its transaction ends: nobody who comes later adds to them."""
    with session.transaction():
        declare: LiteralString = "DECLARE held CURSOR WITH HOLD FOR " + TITLES
        Attacker(session, world.ids).become(world.mallory).rows(declare)
    with session.transaction():
        anna = Attacker(session, world.ids).become(world.anna)
        assert anna.rows("FETCH ALL FROM held") == MALLORYS


def test_switching_row_level_security_off_shows_an_error_and_no_row(world: World) -> None:
    with world.inside(world.mallory) as attacker:
        attacker.rows("SET LOCAL row_security = off")
        for table in ("tasks", "projects", "comments", "organizations", "organization_members", "attachments"):
            query: LiteralString = "SELECT * FROM app." + table
            said = attacker.refused(query)
            assert said.short == (DENIED, f'query would be affected by row-level security policy for table "{table}"')


@pytest.mark.parametrize(
    "words",
    [
        "DISCARD ALL", "RESET ALL", "RESET ROLE", "RESET SESSION AUTHORIZATION", "SET ROLE NONE",
        "SET SESSION AUTHORIZATION DEFAULT", "SET ROLE platform_app", "DISCARD PLANS", "RESET app.current_user_id",
    ],
)  # fmt: skip
def test_resetting_the_session_makes_nobody_more_than_nobody(
    world: World, session: psycopg.Connection, words: LiteralString
) -> None:
    session.execute(words)

    assert session.execute("SELECT current_user::text, session_user::text").fetchone() == (APP, APP)
    assert session.execute(TITLES).fetchall() == []


@pytest.mark.parametrize(
    "setting",
    ["log_statement = 'none'", "log_min_duration_statement = -1", "track_activities = off", "zero_damaged_pages = on",
     "session_preload_libraries = 'evil'", "lo_compat_privileges = on", "allow_system_table_mods = on",
     "ignore_checksum_failure = on", "debug_pretty_print = on; SET LOCAL log_statement = 'none'"],
)  # fmt: skip
def test_changing_a_setting_that_is_not_the_sessions(world: World, setting: LiteralString) -> None:
    statement: LiteralString = "SET LOCAL " + setting
    said = world.refused(None, statement)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("permission denied to set parameter")


def test_a_role_that_only_reads_by_default_writes_after_it_said_otherwise(world: World) -> None:
    """The default is a guard against accidents; what holds is that nothing is granted."""
    for role in ("platform_public", "platform_support", "platform_analytics", "platform_backup"):
        for statement in (
            "UPDATE app.tasks SET title = 'mine'",
            "DELETE FROM app.tasks",
            "INSERT INTO app.organizations (name, slug) VALUES ('n', 'n')",
            "UPDATE auth.users SET email = 'a@b'",
            "SELECT app.create_organization('n', 'n')",
            "SELECT app.accept_invitation('x')",
        ):
            assert world.refused(world.anna, statement, role=role).sqlstate == DENIED
