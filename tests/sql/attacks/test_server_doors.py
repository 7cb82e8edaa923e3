"""What the server itself offers to every role: statistics, sequences, files, other sessions, settings, schemas."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, World

EVERYBODY = [APP, "platform_auth", "platform_public", "platform_support", "platform_analytics", "platform_backup"]


@pytest.fixture(scope="module")
def analysed(world: World) -> World:
    """With statistics of every table, so that there would be something to read."""
    world.database.run("ANALYZE app.tasks, app.projects, auth.users, app.comments")
    return world


@pytest.mark.parametrize("role", EVERYBODY)
def test_reading_common_values_of_protected_columns_from_statistics(analysed: World, role: str) -> None:
    query: LiteralString = (
        "SELECT schemaname, tablename, attname, most_common_vals, histogram_bounds FROM pg_stats"
        " WHERE schemaname IN ('app', 'auth', 'audit', 'part')"
    )

    assert analysed.ask(analysed.anna, query, role=role) == []
    assert len(analysed.database.rows("SELECT FROM pg_stats WHERE schemaname IN ('app', 'auth')")) > 20


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("catalog", ["pg_statistic", "pg_statistic_ext_data", "pg_authid", "pg_user_mapping"])
def test_reading_a_catalog_that_holds_secrets(world: World, role: str, catalog: LiteralString) -> None:
    query: LiteralString = "SELECT * FROM pg_catalog." + catalog

    assert world.refused(world.anna, query, role=role).short == (DENIED, f"permission denied for table {catalog}")


@pytest.mark.parametrize("role", EVERYBODY)
def test_reading_password_verifiers(world: World, role: str) -> None:
    assert world.refused(None, "SELECT passwd FROM pg_shadow", role=role).sqlstate == DENIED
    assert world.ask(None, "SELECT DISTINCT rolpassword FROM pg_roles", role=role) == [("********",)]


@pytest.mark.parametrize("role", [APP, "platform_public", "platform_analytics"])
def test_watching_what_other_roles_are_asking(world: World, role: str) -> None:
    with world.login("platform_auth") as other:
        other.execute("SELECT 'password of anna'")
        watched: LiteralString = (
            "SELECT DISTINCT query FROM pg_stat_activity WHERE usename = 'platform_auth' AND query <> ''"
        )
        seen = world.ask(None, watched, role=role)
        sent = world.ask(None, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%password of anna'", role=role)

        assert seen == [("<insufficient privilege>",)]
        assert sent == [(0,)]


@pytest.mark.parametrize("role", EVERYBODY)
def test_ending_or_cancelling_the_sessions_of_another_role(world: World, role: str) -> None:
    victim = "platform_auth" if role != "platform_auth" else APP
    with world.login(victim) as other:
        number = other.info.backend_pid
        for query in ("SELECT pg_terminate_backend(%(number)s)", "SELECT pg_cancel_backend(%(number)s)"):
            said = world.refused(None, query, role=role, number=number)
            assert said.sqlstate == DENIED
            assert said.message in {
                "must be a member of the role whose process is being terminated or member of pg_signal_backend",
                "must be a member of the role whose query is being canceled or member of pg_signal_backend",
                "permission denied to terminate process",
                "permission denied to cancel query",
            }
        assert other.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_public"])
def test_reading_statistics_of_everybodys_statements(world: World, role: str) -> None:
    said = world.refused(None, "SELECT query FROM public.pg_stat_statements", role=role)

    assert said.short == (DENIED, "permission denied for schema public")


@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_public"])
def test_reading_the_ledger_of_migrations(world: World, role: str) -> None:
    said = world.refused(None, "TABLE public._sqlx_migrations", role=role)

    assert said.short == (DENIED, "permission denied for schema public")


@pytest.mark.parametrize(
    "call",
    [
        "SELECT nextval('analytics.events_id_seq')",
        "SELECT currval('analytics.events_id_seq')",
        "SELECT setval('analytics.events_id_seq', 1)",
        "SELECT last_value FROM analytics.events_id_seq",
        "SELECT nextval('analytics.page_views_id_seq')",
    ],
)
def test_counting_everybodys_events_by_a_sequence(world: World, call: LiteralString) -> None:
    said = world.refused(world.anna, call)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith("permission denied for sequence ")


def test_a_sequence_is_not_told_by_the_list_of_sequences(world: World) -> None:
    assert world.ask(world.anna, "SELECT DISTINCT last_value FROM pg_sequences") == [(None,)]


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("pg_read_file", "SELECT pg_read_file('PG_VERSION')"),
        ("pg_read_binary_file", "SELECT pg_read_binary_file('PG_VERSION')"),
        ("pg_ls_dir", "SELECT pg_ls_dir('.')"),
        ("pg_stat_file", "SELECT pg_stat_file('PG_VERSION')"),
        ("pg_ls_logdir", "SELECT pg_ls_logdir()"),
        ("lo_import", "SELECT lo_import('/etc/passwd')"),
        ("lo_export", "SELECT lo_export(1, '/tmp/taken')"),
        ("pg_reload_conf", "SELECT pg_reload_conf()"),
        ("pg_switch_wal", "SELECT pg_switch_wal()"),
        ("pg_stat_reset", "SELECT pg_stat_reset()"),
        ("pg_show_all_file_settings", "SELECT pg_show_all_file_settings()"),
        ("pg_hba_file_rules", "SELECT pg_hba_file_rules()"),
    ],
)
def test_reaching_the_servers_files_through_a_function(
    world: World, role: str, function: str, call: LiteralString
) -> None:
    assert world.refused(None, call, role=role).short == (DENIED, f"permission denied for function {function}")


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE app.mine (id int)",
        "CREATE TABLE auth.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE TABLE part.mine (id int)",
        "CREATE TABLE archive.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION authz.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR app.= (FUNCTION = uuid_eq, LEFTARG = uuid, RIGHTARG = uuid)",
        "CREATE TYPE app.mine AS (id int)",
        "CREATE MATERIALIZED VIEW analytics.mine AS SELECT 1",
        "CREATE SEQUENCE ops.mine",
        "SELECT 1 AS id INTO TEMP mine",
    ],
)
def test_creating_anything_anywhere(world: World, role: str, statement: LiteralString) -> None:
    said = world.refused(None, statement, role=role)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert said.message.startswith(("permission denied for schema", "permission denied for database",
                                    "permission denied to create temporary tables"))  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT",
        "CREATE EXTENSION dblink",
        "CREATE LANGUAGE plpython3u",
        "CREATE PUBLICATION leak FOR ALL TABLES",
        "CREATE SUBSCRIPTION leak CONNECTION 'host=evil' PUBLICATION leak WITH (connect = false)",
        "CREATE SERVER leak FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION app.register_task()",
        "CREATE RULE mine AS ON SELECT TO app.tasks DO INSTEAD SELECT 1",
        "CREATE POLICY mine ON app.tasks USING (true)",
        "DROP POLICY tasks_select_policy ON app.tasks",
        "ALTER POLICY tasks_select_policy ON app.tasks USING (true)",
        "ALTER TABLE app.tasks DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE app.tasks DISABLE TRIGGER ALL",
        "ALTER TABLE app.tasks OWNER TO CURRENT_USER",
        "ALTER FUNCTION authz.orgs(text) OWNER TO CURRENT_USER",
        "ALTER FUNCTION authz.orgs(text) SET search_path = app",
        "ALTER FUNCTION authz.orgs(text) LEAKPROOF",
        "ALTER DEFAULT PRIVILEGES FOR ROLE platform_owner GRANT ALL ON TABLES TO PUBLIC",
        "ALTER SYSTEM SET log_statement = 'all'",
        "CREATE ROLE mine",
        "DROP TABLE app.tasks",
        "VACUUM FULL app.tasks",
        "CREATE TRIGGER mine BEFORE INSERT ON app.tasks FOR EACH ROW EXECUTE FUNCTION app.register_task()",
    ],
)
def test_changing_the_schema_or_the_server(world: World, statement: LiteralString) -> None:
    said = world.refused(world.anna, statement)

    # VACUUM never runs in a transaction; an extension that is not there cannot be created by anybody.
    assert said.sqlstate in {DENIED, "25001", "0A000", "42704", "58P01", "3F000"}


def test_granting_on_what_others_own_gives_nothing(world: World) -> None:
    """To grant without the right to is a warning when one holds the privilege: nothing comes of it."""
    with world.inside(world.anna) as attacker:
        attacker.says("GRANT SELECT ON app.tasks TO platform_public")
        attacker.says("GRANT ALL ON ALL TABLES IN SCHEMA app TO platform_public")

        assert attacker.rows("SELECT has_table_privilege('platform_public', 'app.comments', 'SELECT')") == [(False,)]
        assert attacker.rows("SELECT has_table_privilege('platform_public', 'app.tasks', 'SELECT')") == [(False,)]
        assert attacker.refused("GRANT platform_owner TO platform_app").sqlstate == DENIED
