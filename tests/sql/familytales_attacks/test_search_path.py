"""search_path capture: names of the attacker's own in front of those that functions with other rights mean.

Nobody can create such names (test_server_doors). Here the attacker has been given a schema and temporary objects all
the same, so that the second lock is seen to hold by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

import pytest

from tests.sql.attacks.world import Attacker, No
from tests.sql.familytales_attacks.world import World

# Tables that definer functions read, as temporary ones that say what the attacker wants.
_TABLES: list[LiteralString] = [
    "CREATE TEMP TABLE families AS SELECT %(miller)s::uuid AS id, %(mallory)s::uuid AS owner_id, true AS is_active",
    "CREATE TEMP TABLE family_members AS SELECT %(miller)s::uuid AS family_id, %(mallory)s::uuid AS user_id,"
    " 'owner' AS role, true AS is_active, true AS can_invite",
    "CREATE TEMP TABLE users AS SELECT %(mallory)s::uuid AS id, true AS is_active, 'guest@secret.example' AS email",
    "CREATE TEMP TABLE memory_books AS SELECT %(secret)s::uuid AS id, 'captured' AS title",
    "CREATE TEMP TABLE segment_ids AS SELECT %(secret_segment)s::uuid AS id",
    "CREATE TEMP TABLE pg_class AS SELECT 1 AS oid",
    "CREATE TEMP TABLE pg_inherits AS SELECT 1 AS inhrelid",
]

# Functions and operators that pg_catalog has, too, and which say when they are called, and as whom.
_BODY: LiteralString = " LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'captured as %%', current_user; RETURN "
_FUNCTIONS: list[LiteralString] = [
    "CREATE FUNCTION trap.says_yes(uuid, uuid) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(text, text) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(integer, integer) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(bytea, bytea) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.says_yes(timestamptz, timestamptz) RETURNS boolean" + _BODY + "true; END $$",
    "CREATE FUNCTION trap.now() RETURNS timestamptz" + _BODY + "'epoch'::timestamptz; END $$",
    "CREATE FUNCTION trap.lower(text) RETURNS text" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.sha256(bytea) RETURNS bytea" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.convert_to(text, name) RETURNS bytea" + _BODY + "'same'; END $$",
    "CREATE FUNCTION trap.array_position(text[], text) RETURNS integer" + _BODY + "5; END $$",
    "CREATE FUNCTION trap.websearch_to_tsquery(regconfig, text) RETURNS tsquery" + _BODY + "'xylophone'; END $$",
    "CREATE FUNCTION trap.cardinality(uuid[]) RETURNS integer" + _BODY + "1; END $$",
    "CREATE FUNCTION trap.numnode(tsquery) RETURNS integer" + _BODY + "1; END $$",
    "CREATE FUNCTION trap.quote_literal(text) RETURNS text" + _BODY + "'x'; END $$",
    "CREATE FUNCTION trap.row_security_active(text) RETURNS boolean" + _BODY + "false; END $$",
    "CREATE FUNCTION trap.to_jsonb(anyelement) RETURNS jsonb" + _BODY + "'{}'; END $$",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = text, RIGHTARG = text)",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = bytea, RIGHTARG = bytea)",
    "CREATE OPERATOR trap.= (FUNCTION = trap.says_yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR trap.>= (FUNCTION = trap.says_yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR trap.<> (FUNCTION = trap.says_yes, LEFTARG = uuid, RIGHTARG = uuid)",
    "CREATE OPERATOR trap.> (FUNCTION = trap.says_yes, LEFTARG = timestamptz, RIGHTARG = timestamptz)",
]


@dataclass(frozen=True, slots=True)
class Trap:
    attacker: Attacker
    heard: list[str]


@pytest.fixture
def trap(world: World) -> Iterator[Trap]:
    """familytales_app as mallory, with hostile names in front of everything."""
    with world.as_superuser() as root:
        heard: list[str] = []
        root.connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        root.rows("CREATE SCHEMA trap AUTHORIZATION familytales_app")
        root.rows(
            "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %%I TO familytales_app', current_database()); END $$"
        )
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        for statement in (*_TABLES, *_FUNCTIONS):
            root.rows(statement)
        root.become(world.mallory)
        root.rows("SET LOCAL search_path = pg_temp, trap, pg_catalog")
        yield Trap(root, heard)


def test_the_trap_does_spring_where_a_name_is_not_pinned(trap: Trap) -> None:
    assert trap.attacker.rows("SELECT %(miller)s::uuid = %(evil)s::uuid") == [(True,)]
    assert trap.attacker.rows("SELECT title FROM memory_books") == [("captured",)]
    assert trap.heard == ["captured as familytales_app"]


def test_capturing_a_function_that_runs_with_other_rights(trap: Trap, world: World) -> None:
    for call, answer in (
        ("SELECT familytales.my_families('admin')::text", f"{{{world.evil}}}"),
        ("SELECT familytales.my_families('read')::text", f"{{{world.evil}}}"),
        ("SELECT familytales.hidden_books()::text", "{}"),
        ("SELECT familytales.email_of(%(anna)s)", None),
        ("SELECT familytales.download_key(%(secret_media)s)", None),
        ("SELECT email FROM familytales.my_account()", "mallory@secret.example"),
        ("SELECT count(*)::text FROM familytales.search_segments('xylophone')", "0"),
        ("SELECT count(*)::text FROM familytales.search_tags(ARRAY['only secret'])", "0"),
        ("SELECT count(*)::text FROM familytales.search_segments('trombone')", "1"),
        ("SELECT title::text FROM familytales.read_thread(%(lair_thread)s)", "lair thread"),
        ("SELECT count(*)::text FROM familytales.read_thread(%(secret_thread)s)", "0"),
        ("SELECT count(*)::text FROM familytales.family_books(%(miller)s)", "0"),
        ("SELECT count(*)::text FROM familytales.family_storage(%(miller)s)", "0"),
        ("SELECT count(*)::text FROM familytales.active_members(%(miller)s)", "0"),
    ):
        assert trap.attacker.rows(call) == [(answer,)], call
    assert trap.heard == []


@pytest.mark.parametrize(
    "call",
    [
        "SELECT familytales.change_member(%(miller)s, %(anna)s, 'viewer')",
        "SELECT familytales.remove_member(%(miller)s, %(max)s)",
        "SELECT familytales.hand_over_family(%(miller)s, %(mallory)s)",
        "SELECT familytales.set_family_active(%(miller)s, false)",
        "SELECT familytales.delete_family(%(miller)s, 'miller')",
        "SELECT familytales.create_invite(%(miller)s, 'a@b.example', 'admin')",
        "SELECT familytales.accept_invite('same')",
        "SELECT familytales.revoke_invite(%(guest_invite)s)",
        "SELECT familytales.attach_media(%(loose_media)s, %(secret_segment)s)",
        "SELECT familytales.erase_me('anna@secret.example')",
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(secret_thread)s, %(mallory)s, 'text', 't')",
        "INSERT INTO familytales.threads (family_id, memory_book_id, started_by)"
        " VALUES (%(miller)s, %(secret)s, %(mallory)s)",
        "INSERT INTO familytales.content_tags (content_segment_id, tag_name, tagged_by)"
        " VALUES (%(secret_segment)s, 't', %(mallory)s)",
    ],
)
def test_capturing_what_changes_something(trap: Trap, call: LiteralString) -> None:
    assert trap.attacker.refused(call).sqlstate in ("42501", "28000", "P0002", "55000")
    assert trap.heard == []


@pytest.mark.parametrize("table", ["families", "family_members", "memory_books", "threads", "content_segments",
                                   "photo_narrations", "content_tags", "content_links", "media_objects"])  # fmt: skip
def test_capturing_a_policy(trap: Trap, world: World, table: str) -> None:
    """Policies keep what they meant when they were made, not its name."""
    every = "*" if table != "media_objects" else "shown.id, shown.family_id"
    seen: LiteralString = f"SELECT {every} FROM familytales.{table} AS shown"
    shown = str(trap.attacker.rows(seen))

    assert str(world.miller) not in shown
    assert (str(world.evil) in shown) == (table != "content_links")
    assert trap.heard == []


def test_capturing_the_view_of_addresses(trap: Trap, world: World) -> None:
    """It runs with the rights and the names of whoever made it: the names were looked up then."""
    rows = trap.attacker.rows("SELECT user_id, family_name FROM familytales.active_family_members ORDER BY 1")

    assert {family for _, family in rows} == {"evil"}
    assert {user for user, _ in rows} == {world.mallory, world.milo, world.dora}
    assert trap.heard == []


def test_triggers_of_ones_own_statements_do_not_run_the_attackers_functions_as_somebody_else(
    trap: Trap, world: World
) -> None:
    for statement in (
        "INSERT INTO familytales.memory_books (family_id, title, created_by) VALUES (%(evil)s, 'b', %(mallory)s)",
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(lair_thread)s, %(mallory)s, 'text', 't')",
        "UPDATE familytales.content_segments SET text_content = 'x', is_deleted = true",
        "UPDATE familytales.memory_books SET privacy = 'private'",
        "DELETE FROM familytales.threads",
    ):
        said = trap.attacker.says(statement)
        assert said == [] or isinstance(said, No)
    assert set(trap.heard) <= {"captured as familytales_app"}


def test_capturing_the_function_that_says_who_asks(trap: Trap, world: World) -> None:
    """Its names were looked up when it was made, so that policies, functions and log mean the same user."""
    trap.attacker.rows("SET LOCAL search_path = pg_catalog")
    create: LiteralString = "CREATE FUNCTION trap.current_setting(text, boolean) RETURNS text LANGUAGE sql AS "
    trap.attacker.rows(create + "$$ SELECT %(text)s $$", text=str(world.anna))
    trap.attacker.rows("SET LOCAL search_path = trap, pg_catalog")

    assert trap.attacker.rows("SELECT familytales.current_user_id()") == [(world.mallory,)]
    assert trap.attacker.rows("SELECT familytales.my_families('read')") == [([world.evil],)]


def test_every_function_with_other_rights_pins_its_names_and_puts_temporary_ones_last(world: World) -> None:
    with world.as_owner() as owner:
        loose = owner.rows(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text IN"
            " ('familytales', 'audit', 'ops', 'archive', 'part', 'public')"
            " AND NOT coalesce(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']"
        )
        callable_by_all = owner.rows(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE has_function_privilege('public', oid, 'EXECUTE')"
            " AND pronamespace::regnamespace::text IN ('familytales', 'audit', 'ops')"
        )
        views = owner.rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm')"
            " AND relnamespace::regnamespace::text = 'familytales'"
            " AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'"
        )

    assert (loose, callable_by_all, views) == ([], [], [])


def test_every_table_that_an_application_reaches_has_row_level_security(world: World) -> None:
    with world.as_owner() as owner:
        assert (
            owner.rows(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relrowsecurity"
                " AND relnamespace::regnamespace::text IN ('familytales', 'audit', 'ops', 'part', 'archive')"
            )
            == []
        )


def test_a_function_that_tells_what_it_was_called_with_meets_own_rows_only(world: World) -> None:
    """The cheapest function there is, in a schema of the attacker's, were he given one."""
    with world.as_superuser() as root:
        root.rows("CREATE SCHEMA trap AUTHORIZATION familytales_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.rows("SET LOCAL search_path = familytales")
        root.rows(
            "CREATE FUNCTION trap.tell(said text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE 'met %%', coalesce(said, 'nothing'); RETURN true; END $$"
        )
        heard: list[str] = []
        root.connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        root.become(world.milo)
        for query in (
            "SELECT id FROM content_segments WHERE trap.tell(text_content)",
            "SELECT id FROM memory_books WHERE trap.tell(title)",
            "SELECT id FROM memory_book_stats WHERE trap.tell(title)",
            "SELECT id FROM content_tags WHERE trap.tell(tag_name)",
            "SELECT id FROM photo_narrations WHERE trap.tell(narration_text)",
            "SELECT user_id FROM active_family_members WHERE trap.tell(email)",
            "SELECT id FROM search_segments('xylophone or trombone') WHERE trap.tell(text_content)",
            "SELECT id FROM search_tags(ARRAY['beach']) WHERE trap.tell(text_content)",
            "UPDATE content_segments SET text_content = 'x' WHERE trap.tell(text_content)",
            "DELETE FROM content_tags WHERE trap.tell(tag_name)",
        ):
            root.rows(query)

    assert sorted(set(heard)) == [
        "met beach", "met lair book", "met lair trombone", "met lair_segment narrated", "met milo@secret.example",
        "met nothing", "met only lair",
    ]  # fmt: skip
