"""What the server itself offers to every role: other roles, schemas, operators' functions, arguments that are NULL."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, No
from tests.sql.familytales_attacks.world import APP, ARCHIVIST, BACKUP, LOGINS, MEDIA, PUBLIC, SUPPORT, World

_EXECUTES: LiteralString = (
    "SELECT oid::regproc::text FROM pg_proc WHERE pronamespace::regnamespace::text IN"
    " ('familytales', 'ops', 'audit', 'part', 'archive', 'public')"
    " AND has_function_privilege(%(role)s, oid, 'EXECUTE')"
    " AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')"
)
_APPS = [
    "accept_invite", "active_members", "active_user", "attach_cover", "attach_media", "change_member",
    "closed_books", "count_reaction", "count_view", "create_family", "create_invite", "current_user_id",
    "delete_family", "delete_left_books", "download_key", "email_of", "erase_me", "family_books", "family_storage",
    "hand_over_family", "hidden_books", "leave_family", "my_account", "my_comembers", "my_families", "note_login",
    "rank", "read_thread", "register_user", "remove_member", "revoke_invite", "search_segments", "search_tags",
    "sees_segments", "set_family_active", "user_id_of_clerk",
]  # fmt: skip
CALLABLE = {
    APP: _APPS,
    PUBLIC: ["is_public"],
    MEDIA: ["current_user_id"],
    SUPPORT: [],
    ARCHIVIST: ["bring_back"],
    BACKUP: [],
}


@pytest.mark.parametrize("role", LOGINS)
def test_functions_that_a_login_may_call_are_these_and_no_others(world: World, role: str) -> None:
    """Where the server has pgvector there is one more, similar_segments, for the application."""
    with world.as_owner() as owner:
        found = sorted(name.removeprefix("familytales.") for (name,) in owner.rows(_EXECUTES, role=role))

    assert [name for name in found if name != "similar_segments"] == CALLABLE[role]


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE familytales_owner", "SET ROLE familytales_authz", "SET ROLE familytales_audit",
        "SET ROLE pg_read_all_data", "SET ROLE pg_write_server_files", "SET ROLE postgres", "SET ROLE rds_superuser",
        "SET SESSION AUTHORIZATION familytales_owner", "SET SESSION AUTHORIZATION familytales_migrator",
        "GRANT familytales_owner TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER BYPASSRLS", "ALTER ROLE CURRENT_USER SUPERUSER", "CREATE ROLE mine",
        "ALTER TABLE familytales.families OWNER TO CURRENT_USER",
        "ALTER TABLE familytales.families DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE familytales.content_segments DISABLE TRIGGER ALL",
        "ALTER FUNCTION familytales.my_families(text) OWNER TO CURRENT_USER",
        "CREATE POLICY mine ON familytales.families USING (true)",
        "DROP POLICY families_read ON familytales.families",
        "CREATE OR REPLACE FUNCTION familytales.current_user_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "REASSIGN OWNED BY familytales_owner TO CURRENT_USER",
        "SET LOCAL session_replication_role = replica",
        "DO LANGUAGE plpython3u 'pass'",
    ],
)  # fmt: skip
def test_becoming_somebody_else_or_changing_what_holds_one_back(
    world: World, role: str, statement: LiteralString
) -> None:
    said = world.refused(world.anna, statement, role=role)

    assert said.sqlstate in (DENIED, "22023", "42704", "0LP01"), said


@pytest.mark.parametrize("role", LOGINS)
def test_giving_a_right_away_that_one_has_changes_nothing(world: World, role: str) -> None:
    """Who has a right without the option to grant it gets a warning at most."""
    with world.inside(world.anna, role, writable=True) as somebody:
        for grant in (
            "GRANT SELECT ON familytales.users TO PUBLIC",
            "GRANT ALL ON familytales.family_invites TO CURRENT_USER",
            "GRANT EXECUTE ON FUNCTION familytales.my_families(text) TO PUBLIC",
        ):
            somebody.says(grant)
        assert somebody.rows(
            "SELECT has_table_privilege('familytales_public', 'familytales.users', 'SELECT'),"
            " has_table_privilege('familytales.family_invites', 'INSERT'),"
            " has_function_privilege('familytales_public', 'familytales.my_families(text)', 'EXECUTE')"
        ) == [(False, False, False)]


@pytest.mark.parametrize("role", LOGINS)
def test_making_row_level_security_an_error_does_not_lift_it(world: World, role: str) -> None:
    with world.inside(world.mallory, role) as somebody:
        somebody.rows("SET LOCAL row_security = off")
        said = somebody.says("SELECT * FROM familytales.memory_books WHERE family_id = %(miller)s")

    assert isinstance(said, No)
    assert said.sqlstate == DENIED


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.t ()", "CREATE TABLE familytales.t ()", "CREATE TABLE ops.t ()", "CREATE TABLE audit.t ()",
        "CREATE TABLE archive.t ()", "CREATE TABLE part.t ()", "CREATE TEMP TABLE families ()", "CREATE SCHEMA mine",
        "CREATE FUNCTION familytales.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE TEMP VIEW v AS SELECT 1", "CREATE EXTENSION dblink", "CREATE DATABASE mine",
    ],
)  # fmt: skip
def test_creating_something_anywhere(world: World, role: str, statement: LiteralString) -> None:
    """With nothing of one's own in the way, no function with other rights can be led to mean it."""
    said = world.refused(world.anna, statement, role=role)

    assert said.sqlstate in (DENIED, "25001", "0A000", "58P01"), said


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "call",
    [
        "SELECT ops.set_limits(%(miller)s, 'enterprise', 1000000000000, 1000)", "SELECT ops.erase_user(%(max)s)",
        "SELECT ops.recount()", "SELECT * FROM ops.counter_differences()", "SELECT ops.check_counters()",
        "CALL ops.archive_old_content()", "SELECT ops.attach_partition('content_segments_2010')",
        "SELECT ops.expire_partition('part.content_segments_default')", "SELECT ops.create_embeddings()",
        "SELECT run FROM ops.partitions_to_expire()", "SELECT ops.patiently('DROP TABLE familytales.families')",
        "SELECT ops.note_detached('familytales.families', 'familytales.content_segments', now(), now())",
        "SELECT ops.note_attached('familytales.families', now())",
        "SELECT ops.copy_open_policies('familytales.families')",
        "SELECT audit.note('X', 'familytales.families', NULL, NULL, NULL)",
        "SELECT audit.watch('familytales.families', '{}')",
        "SELECT audit.write_logger('x', 'familytales.families', '{}', NULL)",
        "UPDATE ops.partition_policy SET keep = '1 day'", "DELETE FROM ops.detached_partitions",
        "INSERT INTO familytales.archived_partitions VALUES ('familytales.families', now(), now())",
    ],
)  # fmt: skip
def test_calling_what_operators_call(world: World, role: str, call: LiteralString) -> None:
    assert world.refused(world.anna, call, role=role).sqlstate in (DENIED, "25006")


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("SELECT my_families(NULL)", "22023"), ("SELECT my_families('everything')", "22023"),
        ("SELECT my_families('READ')", "22023"), ("SELECT rank(NULL)", 0), ("SELECT rank('Owner')", 0),
        ("SELECT change_member(NULL, NULL, NULL, NULL)", DENIED),
        ("SELECT change_member(NULL, %(max)s, 'admin')", DENIED),
        ("SELECT change_member(%(miller)s, NULL, 'admin')", DENIED),
        ("SELECT remove_member(NULL, NULL)", DENIED), ("SELECT remove_member(%(miller)s, NULL)", DENIED),
        ("SELECT leave_family(NULL)", DENIED), ("SELECT hand_over_family(NULL, NULL)", DENIED),
        ("SELECT hand_over_family(%(miller)s, NULL)", "55000"), ("SELECT set_family_active(NULL, NULL)", DENIED),
        ("SELECT delete_family(NULL, NULL)", DENIED), ("SELECT create_invite(NULL, NULL)", DENIED),
        ("SELECT create_invite(%(miller)s, NULL)", "22023"), ("SELECT create_invite(%(miller)s, 'nobody')", "22023"),
        ("SELECT create_invite(%(miller)s, 'a@b.c', NULL)", "22023"), ("SELECT revoke_invite(NULL)", "P0002"),
        ("SELECT accept_invite(NULL)", "28000"), ("SELECT create_family(NULL)", "22023"),
        ("SELECT create_family('')", "22023"), ("SELECT register_user(NULL, NULL)", "22023"),
        ("SELECT register_user('', 'a@b.c')", "22023"), ("SELECT register_user('c', 'nobody')", "22023"),
        ("SELECT erase_me(NULL)", "55000"), ("SELECT attach_media(NULL, NULL)", DENIED),
        ("SELECT attach_cover(NULL, NULL)", DENIED),
        ("SELECT download_key(NULL)", None), ("SELECT email_of(NULL)", None), ("SELECT user_id_of_clerk(NULL)", None),
        ("SELECT count_view(NULL)", ""), ("SELECT count_reaction(NULL)", ""),
        ("SELECT count_reaction(%(shared_segment)s, NULL)", "22023"),
        ("SELECT count_reaction(%(shared_segment)s, 1000000)", "22023"),
        ("SELECT count_reaction(%(shared_segment)s, 0)", "22023"),
        ("SELECT count(*) FROM search_segments(NULL)", 0), ("SELECT count(*) FROM search_segments('')", 0),
        ("SELECT count(*) FROM search_segments('xylophone', NULL, -1)", 0),
        ("SELECT count(*) FROM search_tags(NULL)", 0), ("SELECT count(*) FROM search_tags(ARRAY[]::text[])", 0),
        ("SELECT count(*) FROM search_tags(ARRAY[NULL])", 0), ("SELECT count(*) FROM read_thread(NULL)", 0),
        ("SELECT count(*) FROM read_thread(%(shared_thread)s, NULL)", 1),
        ("SELECT segments FROM read_thread(%(shared_thread)s, 2147483647)", None),
        ("SELECT count(*) FROM family_books(NULL)", 0),
        ("SELECT count(*) FROM family_storage(NULL)", 0), ("SELECT count(*) FROM active_members(NULL)", 0),
    ],
)  # fmt: skip
def test_arguments_that_are_null_or_nonsense(world: World, call: LiteralString, answer: object) -> None:
    """Asked by the owner of a family, who may do the most."""
    said = world.says(world.anna, call)

    assert (said.sqlstate if isinstance(said, No) else said[0][0]) == answer
