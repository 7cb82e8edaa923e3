"""The log of changes: forged, changed, emptied, or gone around."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, Attacker, World

LOGINS = [APP, "platform_auth", "platform_public", "platform_support", "platform_analytics", "platform_backup"]

_FORGE: LiteralString = (
    "INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, user_id, db_role, transaction_id)"
    " VALUES ('app', 'projects', %(open)s, 'DELETE', %(anna)s, 'platform_app', '1')"
)
_LAST: LiteralString = (
    "SELECT action, table_name::text, user_id, db_role::text, changed_fields FROM audit.audit_log"
    " WHERE transaction_id = pg_current_xact_id() ORDER BY id DESC LIMIT 1"
)


def _log(attacker: Attacker) -> list[tuple[object, ...]]:
    """What the log says of this transaction. The login service's connection stays in it, seen by the superuser."""
    attacker.rows("RESET SESSION AUTHORIZATION")
    return attacker.rows(_LAST)


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        _FORGE,
        "UPDATE audit.audit_log SET user_id = %(mallory)s",
        "DELETE FROM audit.audit_log",
        "TRUNCATE audit.audit_log",
        "COPY audit.audit_log (record_id) FROM STDIN",
        "ALTER TABLE audit.audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER refuse_change ON audit.audit_log",
        "ALTER TABLE app.projects DISABLE TRIGGER audit_projects_update",
        "DROP TABLE audit.audit_log",
        "SELECT audit.log_changes_of_projects()",
        "CREATE TRIGGER mine AFTER INSERT ON audit.audit_log FOR EACH ROW"
        " EXECUTE FUNCTION audit.log_changes_of_projects()",
        "MERGE INTO audit.audit_log AS log USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    ],
)
def test_writing_to_the_log_as_a_login_role(world: World, role: str, statement: LiteralString) -> None:
    assert world.refused(world.anna, statement, role=role).sqlstate == DENIED


@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_public", "platform_analytics"])
def test_reading_the_log_as_somebody_who_is_no_staff(world: World, role: str) -> None:
    assert world.refused(world.anna, "SELECT * FROM audit.audit_log", role=role).sqlstate == DENIED
    assert len(world.ask(None, "SELECT * FROM audit.audit_log", role="platform_support")) > 0


def test_changing_or_removing_an_entry_as_the_owner_of_everything_else(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL ROLE platform_owner")
        for statement in (
            _FORGE,
            "UPDATE audit.audit_log SET user_id = NULL",
            "DELETE FROM audit.audit_log",
            "TRUNCATE audit.audit_log",
            "ALTER TABLE audit.audit_log DISABLE TRIGGER refuse_change",
        ):
            assert root.refused(statement).sqlstate == DENIED


def test_changing_or_removing_an_entry_as_the_owner_of_the_log(world: World) -> None:
    """What is left to him is to take the triggers away, which a verification of the schema reports."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL ROLE platform_audit")
        for statement in ("UPDATE audit.audit_log SET user_id = NULL", "DELETE FROM audit.audit_log"):
            said = root.refused(statement)
            assert said.sqlstate == DENIED
            assert said.message is not None
            assert said.message.startswith("the audit log is append-only: no ")
        assert root.refused("TRUNCATE audit.audit_log").short == (
            DENIED,
            "the audit log is append-only: no TRUNCATE of audit.audit_log",
        )


@pytest.mark.parametrize(
    "table",
    ["auth.users", "auth.roles", "auth.user_roles", "app.organizations", "app.organization_members", "app.projects"],
)
def test_emptying_an_audited_table_without_a_trace(world: World, table: LiteralString) -> None:
    truncate: LiteralString = "TRUNCATE " + table + " CASCADE"
    with world.as_superuser() as root:
        said = root.refused(truncate)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.endswith("is audited, and TRUNCATE would leave no trace")
    assert world.refused(world.anna, truncate).short == (DENIED, f"permission denied for table {table.split('.')[1]}")


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("UPDATE app.projects SET name = 'x' WHERE id = %(open)s", ("UPDATE", "projects")),
        (
            "MERGE INTO app.projects AS p USING (SELECT 1) AS one ON p.id = %(open)s"
            " WHEN MATCHED THEN UPDATE SET name = 'x'",
            ("UPDATE", "projects"),
        ),
        (
            "INSERT INTO app.projects (organization_id, name, slug, created_by)"
            " VALUES (%(acme)s, 'x', 'open', %(anna)s)"
            " ON CONFLICT (organization_id, slug) WHERE deleted_at IS NULL DO UPDATE SET name = 'x'",
            ("UPDATE", "projects"),
        ),
        ("WITH x AS (DELETE FROM app.projects WHERE id = %(open)s RETURNING 1) TABLE x", ("DELETE", "projects")),
        ("SELECT app.set_project_visibility(%(open)s, 'public')", ("UPDATE", "projects")),
        ("SELECT app.set_member(%(acme)s, %(max)s, 'admin')", ("UPDATE", "organization_members")),
        ("SELECT app.delete_organization(%(acme)s)", ("UPDATE", "organizations")),
        ("UPDATE auth.users SET first_name = 'x' WHERE id = %(anna)s", ("UPDATE", "users")),
    ],
)
def test_changing_an_audited_row_by_a_way_that_leaves_no_trace(
    world: World, statement: LiteralString, entry: tuple[str, str]
) -> None:
    with world.as_superuser() as root:
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna).rows(statement)

        assert _log(root)[0][:4] == (*entry, world.anna, APP)


def test_changing_what_a_cascade_takes_along_leaves_a_trace_of_each_row(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("DELETE FROM app.organizations WHERE id = %(acme)s")
        logged = root.rows(
            "SELECT table_name::text, count(*) FROM audit.audit_log"
            " WHERE transaction_id = pg_current_xact_id() AND action = 'DELETE' GROUP BY 1 ORDER BY 1"
        )

    assert logged == [("organization_members", 9), ("organizations", 1), ("projects", 3)]


@pytest.mark.parametrize(
    "setting",
    [
        "SET LOCAL session_replication_role = replica",
        "SET LOCAL session_replication_role = 'local'",
        "SET CONSTRAINTS ALL DEFERRED; SET LOCAL session_replication_role = replica",
        "SELECT set_config('session_replication_role', 'replica', true)",
    ],
)
@pytest.mark.parametrize("role", LOGINS)
def test_switching_triggers_off(world: World, role: str, setting: LiteralString) -> None:
    assert world.refused(None, setting, role=role).short == (
        DENIED,
        'permission denied to set parameter "session_replication_role"',
    )


def test_logging_a_change_under_a_role_that_did_not_log_in(world: World) -> None:
    """The log names the role of the login, whatever it became since."""
    with world.database.login("platform_migrator") as migrator, migrator.transaction(force_rollback=True):
        attacker = Attacker(migrator, world.ids)
        assert attacker.rows("SELECT current_user::text") == [("platform_owner",)]
        attacker.rows("UPDATE app.projects SET name = 'x' WHERE id = %(open)s")
        attacker.rows("SET LOCAL ROLE platform_audit")

        assert attacker.rows(_LAST)[0][3] == "platform_migrator"


def test_logging_a_change_with_an_actor_or_an_address_that_is_none(world: World) -> None:
    """What is no address stops the change; it is not logged without one."""
    with world.inside(world.anna) as anna:
        anna.rows("SELECT set_config('app.client_ip', 'somewhere', true)")

        assert anna.refused("UPDATE app.projects SET name = 'x' WHERE id = %(open)s").sqlstate == "22P02"


def test_changing_the_actor_between_a_change_and_its_entry(world: World) -> None:
    """The entry is written when the statement ends, with the user that the statement had."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna)
        root.rows("UPDATE app.projects SET name = 'x' WHERE id = %(open)s")
        root.become(world.nina)

        assert _log(root)[0][2] == world.anna


def test_hiding_a_change_of_the_actor_inside_the_changing_statement(world: World) -> None:
    """A set_config in RETURNING runs before the entry is written; an injector can do that, as he could before."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna)
        root.rows(
            "UPDATE app.projects SET name = 'x' WHERE id = %(open)s"
            " RETURNING set_config('app.current_user_id', %(nina)s::text, true)"
        )

        assert _log(root)[0][2:4] == (world.nina, APP)


def test_using_the_logs_function_to_log_from_a_table_of_ones_own(world: World) -> None:
    """Even with a table of his own, an attacker may not call the function, so that he cannot make a trigger of it."""
    with world.as_superuser() as root:
        root.rows("CREATE SCHEMA trap AUTHORIZATION platform_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.rows("CREATE TABLE trap.projects (id uuid, organization_id uuid)")
        for function in (
            "audit.log_changes_of_projects",
            "app.register_task",
            "app.unregister_task",
            "app.move_registered_task",
            "app.take_privacy_of_project",
            "app.take_project_of_task",
        ):
            trigger: LiteralString = (
                "CREATE TRIGGER mine AFTER INSERT ON trap.projects FOR EACH ROW EXECUTE FUNCTION " + function + "()"
            )
            assert root.refused(trigger).sqlstate == DENIED
