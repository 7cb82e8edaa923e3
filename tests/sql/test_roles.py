"""The login roles of service.toml on a real server."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.databases import Database
from tests.sql.runner import Runner


def test_every_role_logs_in_with_its_secret_which_is_stored_as_a_scram_verifier(
    migrated: dict[str, Database], service_name: str
) -> None:
    database = migrated[service_name]
    runner = Runner(database, service_name)

    for role in runner.roles:
        with database.login(role) as connection, database.superuser() as superuser:
            assert connection.execute("SELECT session_user::text").fetchone() == (role,)
            stored = superuser.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", (role,)).fetchone()
            assert stored is not None
            assert stored[0].startswith("SCRAM-SHA-256$4096:")


def test_the_master_user_may_administer_every_role_also_after_an_upgrade(
    migrated: dict[str, Database], service_name: str
) -> None:
    """From 16 on a role is changed by whoever has its ADMIN OPTION; memberships come along from 15."""
    database = migrated[service_name]
    roles = [*Runner(database, service_name).roles, f"{service_name}_owner"]
    assert database.rows(
        "SELECT DISTINCT roleid::regrole::text FROM pg_auth_members"
        " WHERE member = current_user::regrole AND admin_option AND roleid::regrole::text = ANY (%s) ORDER BY 1",
        roles,
    ) == [(role,) for role in sorted(roles)]  # fmt: skip


def test_a_changed_secret_works_after_the_next_run_and_the_old_one_does_not(demo: Runner) -> None:
    demo.apply()
    demo.passwords["demo_app"] = "neu: größer"
    demo.apply()

    demo.database.login("demo_app", "neu: größer").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        demo.database.login("demo_app")


def test_no_login_role_has_a_power_that_goes_around_row_level_security(
    migrated: dict[str, Database], service_name: str
) -> None:
    database = migrated[service_name]
    runner = Runner(database, service_name)

    powers = database.rows(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE %s"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
        f"{service_name}\\_%",
    )
    assert powers == []
    owned = database.rows("SELECT relname FROM pg_class WHERE relowner::regrole::text = ANY (%s)", runner.roles)
    assert owned == []


def test_a_role_that_bypasses_row_level_security_is_refused(demo: Runner) -> None:
    demo.apply()
    with demo.database.superuser() as superuser:
        superuser.execute("ALTER ROLE demo_app BYPASSRLS")
        done = demo.run("apply")
        superuser.execute("ALTER ROLE demo_app NOBYPASSRLS")

    assert done.returncode == 1
    assert "role demo_app has BYPASSRLS" in done.stderr
    assert "ALTER ROLE demo_app NOBYPASSRLS" in done.stderr


def test_settings_follow_service_toml_and_are_set_only_when_they_differ(demo: Runner) -> None:
    path = demo.sql / "demo/service.toml"
    plain = path.read_text()
    path.write_text(
        plain + 'settings = { statement_timeout = "15s", search_path = ["demo", "Odd name"], jit = false }\n'
    )

    assert "SET search_path = 'demo', 'Odd name'" in demo.run("apply").stdout
    with demo.database.login("demo_app") as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('demo, "Odd name"',)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("15s",)
    assert "ALTER ROLE" not in demo.run("apply").stdout

    path.write_text(plain)
    assert demo.run("apply").stdout.count("RESET") == 3


def test_a_role_of_another_service_may_not_connect(demo: Runner, migrated: dict[str, Database]) -> None:
    demo.apply()

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        demo.database.login("platform_app")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        migrated["platform"].login("demo_app")


def test_the_application_may_not_make_temporary_tables(migrated: dict[str, Database], service_name: str) -> None:
    with (
        migrated[service_name].login(f"{service_name}_app") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TEMPORARY TABLE mine ()")


def test_the_migrator_works_on_the_same_ledger_and_creates_for_the_owner(
    migrated: dict[str, Database], service_name: str
) -> None:
    with (
        migrated[service_name].login(f"{service_name}_migrator") as connection,
        connection.transaction(force_rollback=True),
    ):
        # What `sqlx migrate run` starts with.
        connection.execute("CREATE TABLE IF NOT EXISTS _sqlx_migrations (version bigint PRIMARY KEY)")
        assert connection.execute("SELECT count(*) > 0 FROM _sqlx_migrations WHERE success").fetchone() == (True,)
        connection.execute("CREATE TABLE public.by_hand ()")
        owner = connection.execute("SELECT tableowner::text FROM pg_tables WHERE tablename = 'by_hand'").fetchone()
        assert owner == (f"{service_name}_owner",)
