"""The audit log: forged, changed, emptied, read by others, or gone around."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.familytales_attacks.world import APP, ARCHIVIST, BACKUP, LOGINS, MEDIA, PUBLIC, SUPPORT, World

_FORGE: LiteralString = (
    "INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, user_id, db_role, transaction_id)"
    " VALUES ('familytales', 'families', %(miller)s, 'DELETE', %(anna)s, 'familytales_app', '1')"
)
_LAST: LiteralString = (
    "SELECT action, table_name::text, user_id, db_role::text, changed_fields, host(ip_address), user_agent, request_id"
    " FROM audit.audit_log WHERE transaction_id = pg_current_xact_id() ORDER BY created_at DESC LIMIT 1"
)


def _last(attacker: Attacker) -> tuple[object, ...]:
    """The last entry of this transaction, as the superuser sees it."""
    attacker.rows("RESET SESSION AUTHORIZATION")
    (entry,) = attacker.rows(_LAST)
    return tuple(entry)


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        _FORGE,
        "UPDATE audit.audit_log SET user_id = %(mallory)s",
        "DELETE FROM audit.audit_log",
        "TRUNCATE audit.audit_log",
        "ALTER TABLE audit.audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER refuse_change ON audit.audit_log",
        "ALTER TABLE familytales.families DISABLE TRIGGER audit_families_update",
        "DROP TABLE audit.audit_log",
        "SELECT audit.log_changes_of_families()",
        "SELECT audit.note('HAND_OVER', 'familytales.families', %(miller)s, %(miller)s, '{}')",
        "MERGE INTO audit.audit_log AS log USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE familytales.families CASCADE",
    ],
)
def test_writing_to_the_log_as_a_login_role(world: World, role: str, statement: LiteralString) -> None:
    assert world.refused(world.anna, statement, role=role).sqlstate == DENIED


def test_changing_or_removing_an_entry_as_the_owner_of_everything_else(world: World) -> None:
    with world.as_owner() as owner:
        for statement in (
            _FORGE,
            "UPDATE audit.audit_log SET user_id = NULL",
            "DELETE FROM audit.audit_log",
            "TRUNCATE audit.audit_log",
            "ALTER TABLE audit.audit_log DISABLE TRIGGER refuse_change",
        ):
            assert owner.refused(statement).sqlstate == DENIED


@pytest.mark.parametrize("statement", ["UPDATE audit.audit_log SET user_id = NULL", "DELETE FROM audit.audit_log",
                                       "TRUNCATE audit.audit_log"])  # fmt: skip
def test_changing_or_removing_an_entry_as_the_owner_of_the_log(world: World, statement: LiteralString) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL ROLE familytales_audit")
        said = root.refused(statement)

    assert said.sqlstate == DENIED
    assert str(said.message).startswith("the audit log is append-only: no ")


@pytest.mark.parametrize("table", ["users", "families", "family_members", "family_invites", "memory_books"])
def test_emptying_an_audited_table_without_a_trace(world: World, table: LiteralString) -> None:
    with world.as_owner() as owner:
        said = owner.refused("TRUNCATE familytales." + table + " CASCADE")

    assert said.sqlstate == DENIED
    assert str(said.message).endswith("is audited, and TRUNCATE would leave no trace")


@pytest.mark.parametrize(
    ("who", "statement", "entry"),
    [
        ("anna", "UPDATE families SET settings = '{}' WHERE id = %(miller)s", ("UPDATE", "families")),
        ("anna", "SELECT change_member(%(miller)s, %(max)s, 'editor')", ("UPDATE", "family_members")),
        ("anna", "SELECT remove_member(%(miller)s, %(max)s)", ("UPDATE", "family_members")),
        ("max", "SELECT leave_family(%(miller)s)", ("UPDATE", "family_members")),
        ("anna", "SELECT hand_over_family(%(miller)s, %(max)s)", ("HAND_OVER", "families")),
        ("anna", "SELECT create_invite(%(miller)s, 'x@x.example')", ("INSERT", "family_invites")),
        ("anna", "SELECT revoke_invite(%(guest_invite)s)", ("UPDATE", "family_invites")),
        ("anna", "SELECT set_family_active(%(miller)s, false)", ("UPDATE", "families")),
        ("anna", "UPDATE memory_books SET privacy = 'public' WHERE id = %(closed)s", ("UPDATE", "memory_books")),
        (
            "anna",
            "MERGE INTO memory_books AS b USING (SELECT 1) AS one ON b.id = %(closed)s"
            " WHEN MATCHED THEN UPDATE SET privacy = 'public'",
            ("UPDATE", "memory_books"),
        ),
        (
            "anna",
            "WITH gone AS (DELETE FROM memory_books WHERE id = %(closed)s RETURNING 1) TABLE gone",
            ("DELETE", "memory_books"),
        ),
        ("max", "SELECT erase_me('max@secret.example')", ("ERASE", "users")),
    ],
)
def test_doing_something_that_matters_by_a_way_that_leaves_no_trace(
    world: World, who: str, statement: LiteralString, entry: tuple[str, str]
) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.user(who)).rows(statement)

        assert _last(root)[:4] == (*entry, world.user(who), APP)


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "setting",
    [
        "SET LOCAL session_replication_role = replica",
        "SELECT set_config('session_replication_role', 'replica', true)",
    ],
)
def test_switching_triggers_off(world: World, role: str, setting: LiteralString) -> None:
    assert world.refused(None, setting, role=role).sqlstate == DENIED


@pytest.mark.parametrize("address", ["somewhere", "203.0.113.7; DROP", "1.2.3", "::g", " "])
def test_an_address_that_is_none_stops_the_change(world: World, address: str) -> None:
    """It is not logged without one."""
    for statement in (
        "UPDATE families SET settings = '{}' WHERE id = %(miller)s",
        "SELECT change_member(%(miller)s, %(max)s, 'editor')",
        "SELECT hand_over_family(%(miller)s, %(max)s)",
        "SELECT create_invite(%(miller)s, 'x@x.example')",
    ):
        with world.inside(world.anna) as anna:
            anna.rows("SELECT set_config('app.client_ip', %(address)s, true)", address=address)
            assert anna.refused(statement).sqlstate == "22P02", statement
            assert anna.rows("SELECT settings FROM families WHERE id = %(miller)s") != [({},)]


def test_what_the_application_says_of_the_request_is_kept_and_means_nothing(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.anna)
        for name, value in (
            ("client_ip", "203.0.113.7"),
            ("user_agent", "'); DROP TABLE audit.audit_log; --"),
            ("request_id", "<script>"),
        ):
            root.rows("SELECT set_config('app.' || %(name)s, %(value)s, true)", name=name, value=value)
        root.rows("UPDATE families SET settings = '{}' WHERE id = %(miller)s")

        assert _last(root)[4:] == (["settings"], "203.0.113.7", "'); DROP TABLE audit.audit_log; --", "<script>")


def test_changing_the_actor_between_a_change_and_its_entry(world: World) -> None:
    """The entry is written when the statement ends, with the user that the statement had."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.anna).rows("UPDATE families SET settings = '{}' WHERE id = %(miller)s")
        root.become(world.nina)

        assert _last(root)[2] == world.anna


def test_logging_a_change_under_a_role_that_did_not_log_in(world: World) -> None:
    with world.database.login("familytales_migrator") as migrator, migrator.transaction(force_rollback=True):
        attacker = Attacker(migrator, world.ids)
        assert attacker.rows("SELECT current_user::text") == [("familytales_owner",)]
        attacker.rows("UPDATE familytales.families SET settings = '{}' WHERE id = %(miller)s")
        attacker.rows("SET LOCAL ROLE familytales_audit")

        assert attacker.rows(_LAST)[0][3] == "familytales_migrator"


def test_administrators_read_what_was_done_in_their_family_and_nobody_else_anything(world: World) -> None:
    for who in ("ed", "max", "nina", "vera", "rita", "sam", "eve", "greta", "nobody"):
        assert world.ask(world.user(who), "SELECT 1 FROM audit.audit_log") == [], who
    for who, family in (("anna", world.miller), ("adam", world.miller), ("mallory", world.evil), ("dora", world.evil)):
        seen = world.ask(world.user(who), "SELECT DISTINCT family_id FROM audit.audit_log")
        assert seen == [(family,)], who


@pytest.mark.parametrize("column", ["ip_address", "user_agent", "request_id", "db_role", "transaction_id", "*"])
def test_where_from_and_with_what_is_for_staff_alone(world: World, column: LiteralString) -> None:
    assert world.refused(world.anna, "SELECT " + column + " FROM audit.audit_log").sqlstate == DENIED
    assert world.says(None, "SELECT " + column + " FROM audit.audit_log LIMIT 0", role=SUPPORT) == []


@pytest.mark.parametrize("role", [PUBLIC, MEDIA, ARCHIVIST])
def test_reading_the_log_as_somebody_who_is_no_staff_for_it(world: World, role: str) -> None:
    assert world.refused(world.anna, "SELECT id FROM audit.audit_log", role=role).sqlstate == DENIED
    assert world.ask(None, "SELECT count(*) > 0 FROM audit.audit_log", role=BACKUP) == [(True,)]


@pytest.mark.parametrize("role", [APP, PUBLIC, MEDIA, SUPPORT, ARCHIVIST])
def test_reading_a_partition_of_the_log_by_its_name(world: World, role: str) -> None:
    with world.as_owner() as owner:
        leaves = owner.rows(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit.audit_log'::regclass"
        )
    assert len(leaves) > 5
    for (leaf,) in leaves:
        read: LiteralString = f"SELECT 1 FROM {leaf}"
        assert world.refused(world.anna, read, role=role).sqlstate == DENIED


def test_names_addresses_and_words_are_never_in_the_log(world: World) -> None:
    """Whatever was done so far, and once more everything that has them."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.anna)
        root.rows(
            "UPDATE users SET display_name = 'Needle Name', avatar_url = 'https://needle',"
            ' metadata = \'{"x": "needle"}\''
        )
        ((code,),) = root.rows(
            "SELECT create_invite(%(miller)s, 'needle@secret.example', 'member', '1 day', 'needle of a message')"
        )
        root.rows("INSERT INTO memory_books (family_id, title, description, created_by, metadata)"
                  " VALUES (%(miller)s, 'needle', 'needle', %(anna)s, '{\"x\": \"needle\"}')")  # fmt: skip
        root.rows("UPDATE memory_books SET title = 'needle again', cover_image_url = 'needle' WHERE id = %(shared)s")
        root.rows("UPDATE families SET name = 'needle', description = 'needle' WHERE id = %(miller)s")
        root.rows("SELECT register_user('clerk_needle', 'needle@x.example', 'needle')")
        root.rows("RESET SESSION AUTHORIZATION")
        found = "SELECT count(*) FROM audit.audit_log AS log WHERE log::text ILIKE '%%' || %(word)s || '%%'"

        for word in ("needle", "secretname", "@secret.example", "clerk_", code, "xylophone", "whisper"):
            assert root.rows(found, word=word) == [(0,)], word
        assert root.rows("SELECT count(*) > 20 FROM audit.audit_log") == [(True,)]


def test_using_the_logs_functions_in_a_trigger_of_ones_own(world: World) -> None:
    """Even with a table of his own, an attacker may not call them, so that he cannot make a trigger of one."""
    with world.as_superuser() as root:
        root.rows("CREATE SCHEMA trap AUTHORIZATION familytales_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.rows("CREATE TABLE trap.families (id uuid, family_id uuid)")
        for function in (
            "audit.log_changes_of_families", "audit.log_changes_of_users", "familytales.register_segment",
            "familytales.unregister_segment", "familytales.count_members", "familytales.count_gone_archived",
            "familytales.place_on_segment", "familytales.follow_archive",
        ):  # fmt: skip
            trigger: LiteralString = (
                f"CREATE TRIGGER mine AFTER INSERT ON trap.families FOR EACH ROW EXECUTE FUNCTION {function}()"
            )
            assert root.refused(trigger).sqlstate == DENIED, function
