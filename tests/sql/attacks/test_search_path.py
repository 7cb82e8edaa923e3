"""search_path capture: names of the attacker's own in front of those that functions with other rights mean.

Nobody can create such names (test_server_doors). Here the attacker has been given a schema and temporary objects all
the same, so that the second lock is seen to hold by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker, No, World

# Every table that a definer function reads, as a temporary one that says what the attacker wants.
_TABLES: list[LiteralString] = [
    "CREATE TEMP TABLE organizations AS SELECT %(acme)s::uuid AS id, 'active' AS status, NULL::date AS deleted_at",
    "CREATE TEMP TABLE organization_members AS SELECT %(acme)s::uuid AS organization_id, %(mallory)s::uuid AS user_id,"
    " 'owner' AS role, 'active' AS status",
    "CREATE TEMP TABLE users AS SELECT %(mallory)s::uuid AS id, 'active' AS status, NULL::timestamptz AS deleted_at",
    "CREATE TEMP TABLE projects AS SELECT %(secret)s::uuid AS id, %(acme)s::uuid AS organization_id",
    "CREATE TEMP TABLE tasks AS SELECT %(secret_task)s::uuid AS id, 'captured' AS title",
    "CREATE TEMP TABLE pg_class AS SELECT 1 AS oid",
    "CREATE TEMP TABLE pg_roles AS SELECT 'platform_app' AS rolname, true AS rolsuper",
]

# Functions and operators that pg_catalog has, too, and which say when they are called, and as whom.
_BODY: LiteralString = " LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'captured as %%', current_user; RETURN "
_FUNCTIONS: list[LiteralString] = [
    "CREATE FUNCTION trap.says_yes(uuid, uuid) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(text, text) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(integer, integer) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(timestamptz, timestamptz) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_no(boolean) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.now() RETURNS timestamptz" + _BODY + "'epoch'::timestamptz; END $$",
    "CREATE FUNCTION trap.lower(text) RETURNS text" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.gen_random_uuid() RETURNS uuid" + _BODY + "NULL; END $$",
    "CREATE FUNCTION trap.encode(bytea, text) RETURNS text" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.sha256(bytea) RETURNS bytea" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.convert_to(text, name) RETURNS bytea" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.array_position(text[], text) RETURNS integer" + _BODY + "4; END $$",
    "CREATE FUNCTION trap.websearch_to_tsquery(regconfig, text) RETURNS tsquery" + _BODY + "'xylophone'; END $$",
    "CREATE FUNCTION trap.cardinality(uuid[]) RETURNS integer" + _BODY + "1; END $$",
    "CREATE FUNCTION trap.numnode(tsquery) RETURNS integer" + _BODY + "1; END $$",
    "CREATE FUNCTION trap.quote_literal(text) RETURNS text" + _BODY + "'x'; END $$",
    "CREATE FUNCTION trap.pg_current_xact_id() RETURNS xid8" + _BODY + "'1'; END $$",
    "CREATE FUNCTION trap.to_jsonb(anyelement) RETURNS jsonb" + _BODY + "'{}'; END $$",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = text, RIGHTARG = text)",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR trap.>= (FUNCTION = trap.says_yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR trap.<= (FUNCTION = trap.says_yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR trap.<> (FUNCTION = trap.says_yes, LEFTARG = text, RIGHTARG = text)",
    "CREATE OPERATOR trap.> (FUNCTION = trap.says_yes, LEFTARG = timestamptz, RIGHTARG = timestamptz)",
]


@dataclass(frozen=True, slots=True)
class Trap:
    attacker: Attacker
    heard: list[str]


@pytest.fixture
def trap(world: World) -> Iterator[Trap]:
    """platform_app as mallory, with hostile names in front of everything."""
    with world.as_superuser() as root:
        heard: list[str] = []
        root.connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        root.rows("CREATE SCHEMA trap AUTHORIZATION platform_app")
        root.rows(
            "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %%I TO platform_app', current_database()); END $$"
        )
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        for statement in (*_TABLES, *_FUNCTIONS):
            root.rows(statement)
        root.become(world.mallory)
        root.rows("SET LOCAL search_path = pg_temp, trap, pg_catalog")
        yield Trap(root, heard)


def test_the_trap_does_spring_where_a_name_is_not_pinned(trap: Trap, world: World) -> None:
    assert trap.attacker.rows("SELECT %(acme)s::uuid = %(evil)s::uuid") == [(True,)]
    assert trap.attacker.rows("SELECT title FROM tasks") == [("captured",)]
    assert trap.heard == ["captured as platform_app"]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("SELECT app.is_organization_member(%(acme)s)", [(False,)]),
        ("SELECT app.get_organization_role(%(acme)s)", [(None,)]),
        ("SELECT app.can_access_project(%(secret)s)", [(False,)]),
        ("SELECT auth.has_role('admin')", [(False,)]),
        ("SELECT authz.orgs('owner')::text", [("{%(evil)s}",)]),
        ("SELECT authz.own_projects()::text", [("{%(lair)s}",)]),
        ("SELECT title FROM app.search_tasks('trombone')", [("lair trombone",)]),
        ("SELECT title FROM app.search_tasks('xylophone')", []),
        ("SELECT name FROM app.search_projects('secret')", []),
        ("SELECT content FROM app.search_comments('xylophone')", []),
        ("SELECT email FROM auth.search_users('anna')", []),
        ("SELECT name FROM app.search_organizations('acme')", []),
        ("SELECT title FROM app.latest_tasks(%(acme)s)", []),
        ("SELECT project_name FROM analytics.organization_project_stats(%(acme)s)", []),
        ("SELECT tasks_assigned FROM analytics.my_activity_stats()", []),
    ],
)
def test_capturing_a_function_that_runs_with_other_rights(
    trap: Trap, world: World, call: LiteralString, answer: list[tuple[object, ...]]
) -> None:
    named = [tuple(value % world.ids if isinstance(value, str) else value for value in row) for row in answer]

    assert trap.attacker.rows(call) == named
    assert trap.heard == []


@pytest.mark.parametrize(
    "call",
    [
        "SELECT app.invite_member(%(acme)s, 'a@b.example', 'owner')",
        "SELECT app.set_member(%(acme)s, %(anna)s, 'viewer')",
        "SELECT app.set_member(%(acme)s, %(mallory)s, 'owner', 'active')",
        "SELECT app.accept_invitation('same')",
        "SELECT app.set_project_visibility(%(secret)s, 'public')",
        "SELECT app.delete_organization(%(acme)s)",
        "SELECT app.notify(%(anna)s, 'x', 'x')",
        "SELECT app.revoke_invitation(%(none)s)",
    ],
)
def test_capturing_a_function_that_changes_something(trap: Trap, call: LiteralString) -> None:
    assert trap.attacker.refused(call).sqlstate == DENIED
    assert trap.heard == []


@pytest.mark.parametrize("table", ["organizations", "organization_members", "projects", "project_members", "tasks",
                                   "comments", "attachments", "notifications"])  # fmt: skip
def test_capturing_a_policy(trap: Trap, world: World, table: LiteralString) -> None:
    """Policies keep what they meant when they were made, not its name."""
    shown: LiteralString = "SELECT shown::text FROM app." + table + " AS shown"
    seen = str(trap.attacker.rows(shown))

    assert str(world.acme) not in seen
    assert trap.heard == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(evil)s, 'n', 'n', %(mallory)s)",
        "UPDATE app.projects SET name = 'n'",
        "UPDATE auth.users SET first_name = 'n'",
        "DELETE FROM app.projects",
    ],
)
def test_capturing_a_trigger_that_runs_as_somebody_else(trap: Trap, statement: LiteralString) -> None:
    """Statements of the attacker's own call his functions, as himself; nothing of it runs as an owner."""
    trap.attacker.rows(statement)

    assert set(trap.heard) <= {"captured as platform_app"}


def test_capturing_the_function_that_makes_ids(trap: Trap) -> None:
    """ops.uuid_v7 runs with its caller's rights and pins nothing, for speed: what he breaks is his own insert."""
    said = trap.attacker.says(
        "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
        " VALUES (%(evil)s, %(lair_task)s, %(mallory)s, 'c')"
    )

    assert said == [] or (isinstance(said, No) and said.sqlstate == "23502")
    assert set(trap.heard) <= {"captured as platform_app"}


def test_logging_something_else_than_what_happened(trap: Trap, world: World) -> None:
    trap.attacker.rows("UPDATE app.projects SET description = 'truth'")
    trap.attacker.rows("RESET SESSION AUTHORIZATION")
    trap.attacker.rows("SET LOCAL search_path = pg_catalog")
    logged = trap.attacker.rows(
        "SELECT record_id, user_id, changed_fields, new_values FROM audit.audit_log"
        " WHERE transaction_id = pg_current_xact_id()"
    )

    assert logged == [(world.lair, world.mallory, ["description"], {"description": "truth"})]


def test_every_function_with_other_rights_pins_its_names_and_puts_temporary_ones_last(world: World) -> None:
    with world.as_owner() as owner:
        loose = owner.rows(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text IN"
            " ('app', 'auth', 'authz', 'analytics', 'audit', 'ops', 'archive', 'part')"
            " AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']"
        )
        callable_by_all = owner.rows(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE has_function_privilege('public', oid, 'EXECUTE')"
            " AND pronamespace::regnamespace::text IN ('app', 'auth', 'authz', 'analytics', 'audit', 'ops')"
        )

    assert loose == []
    assert callable_by_all == []


def test_capturing_the_function_that_says_who_asks(trap: Trap, world: World) -> None:
    """It runs with its caller's rights, so that nothing is won but confusion: policies and log would not agree."""
    trap.attacker.rows("SET LOCAL search_path = pg_catalog")
    create: LiteralString = "CREATE FUNCTION trap.current_setting(text, boolean) RETURNS text LANGUAGE sql AS "
    trap.attacker.rows(create + "$$ SELECT %(text)s $$", text=str(world.anna))
    trap.attacker.rows("SET LOCAL search_path = trap, pg_catalog")

    assert trap.attacker.rows("SELECT auth.current_user_id()") == [(world.mallory,)]
    assert trap.attacker.rows("SELECT authz.orgs('viewer')") == [([world.evil],)]
    assert trap.attacker.rows("SELECT title FROM app.search_tasks('xylophone')") == []
    assert trap.attacker.rows("SELECT title FROM app.tasks") == [("lair trombone",)]
