"""Partitions read directly: policies stand on the parent, so every way around the parent must be closed."""

from __future__ import annotations

from typing import LiteralString

import pytest
from psycopg import sql

from tests.sql.attacks.world import APP, DENIED, No, World

NO_SCHEMA = (DENIED, "permission denied for schema part")

# Who reads requests, and who may not even know of partitions. platform_backup reads them on purpose.
KEPT_OUT = [APP, "platform_public", "platform_auth", "platform_support", "platform_analytics"]


def _leaf(world: World, parent: LiteralString) -> tuple[sql.Identifier, int]:
    """The partition that holds a row, by its name and by its number."""
    query = sql.SQL("SELECT relname, oid::int FROM pg_class WHERE oid = (SELECT max(tableoid) FROM {})")
    with world.as_superuser() as root:
        name, number = root.rows(query.format(sql.Identifier(*parent.split("."))))[0]
    return sql.Identifier("part", name), number


@pytest.fixture(params=["app.tasks", "app.notifications", "analytics.events", "analytics.page_views"])
def leaf(world: World, request: pytest.FixtureRequest) -> tuple[sql.Identifier, int]:
    parent: LiteralString = request.param
    return _leaf(world, parent)


@pytest.mark.parametrize("role", KEPT_OUT)
def test_reading_a_partition_by_its_name(world: World, leaf: tuple[sql.Identifier, int], role: str) -> None:
    assert world.refused(world.anna, sql.SQL("SELECT * FROM {}").format(leaf[0]), role=role).short == NO_SCHEMA


def test_the_backup_role_reads_the_same_partition_by_its_name(world: World, leaf: tuple[sql.Identifier, int]) -> None:
    query = sql.SQL("SELECT count(*) > 0 FROM {}").format(leaf[0])

    assert world.ask(None, query, role="platform_backup") == [(True,)]


@pytest.mark.parametrize("role", [APP, "platform_public", "platform_auth", "platform_support", "platform_analytics"])
def test_reading_the_audit_log_by_its_partitions(world: World, role: str) -> None:
    name, _ = _leaf(world, "audit.audit_log")

    assert world.refused(None, sql.SQL("SELECT * FROM {}").format(name), role=role).short == NO_SCHEMA


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE {} SET created_at = now()",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "INSERT INTO {} DEFAULT VALUES",
        "COPY {} TO STDOUT",
        "COPY {} FROM STDIN",
        "LOCK TABLE {}",
        "CREATE TRIGGER mine BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION app.take_project_of_task()",
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "SELECT * FROM ONLY {} FOR UPDATE",
        "CREATE VIEW app.ladder AS SELECT * FROM {}",
    ],
)
def test_doing_anything_else_with_a_partition(
    world: World, leaf: tuple[sql.Identifier, int], written: LiteralString
) -> None:
    assert world.refused(world.anna, sql.SQL(written).format(leaf[0])).short in {
        NO_SCHEMA,
        (DENIED, "permission denied for schema app"),
    }


def test_reading_a_partition_through_its_number(world: World, leaf: tuple[sql.Identifier, int]) -> None:
    """A number becomes a name, which is no more than the name; functions that take one ask for the same right."""
    name, number = leaf
    with world.inside(world.mallory) as attacker:
        for query in (
            "SELECT query_to_xml('SELECT * FROM ' || %(n)s::oid::regclass, true, true, '')",
            "SELECT query_to_xmlschema('SELECT * FROM ' || %(n)s::oid::regclass, true, true, '')",
            "SELECT cursor_to_xml('x', 1, true, true, '') FROM (SELECT %(n)s) AS given",
            "SELECT schema_to_xml('part', true, true, '')",
            "SELECT ts_stat('SELECT search FROM ' || %(n)s::oid::regclass)",
            "SELECT ts_rewrite('a'::tsquery, 'SELECT * FROM ' || %(n)s::oid::regclass)",
            "DO $$ BEGIN EXECUTE 'SELECT * FROM ' || %(n)s::oid::regclass; END $$",
        ):
            assert attacker.refused(query, n=number).sqlstate in {DENIED, "0A000", "22023", "34000", "25006"}, name


def test_the_parent_named_with_only_has_no_rows_of_its_own(world: World) -> None:
    assert world.ask(world.anna, "SELECT * FROM ONLY app.tasks") == []
    assert len(world.ask(world.anna, "SELECT * FROM app.tasks")) == 4


def test_the_system_column_that_names_the_partition_opens_nothing(world: World) -> None:
    """tableoid and ctid of the own rows may be read; other rows of the same partition stay out of sight."""
    own = world.ask(world.mallory, "SELECT title FROM app.tasks WHERE tableoid = (SELECT tableoid FROM app.tasks)")
    seen = world.ask(world.mallory, "SELECT title FROM app.tasks WHERE ctid >= '(0,0)' AND ctid < '(999,0)'")

    assert own == seen == [("lair trombone",)]


@pytest.mark.parametrize("function", ["ops.create_partition", "ops.maintain_partitions", "ops.detach_into_archive"])
@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_support"])
def test_moving_rows_about_with_the_upkeep_of_partitions(world: World, function: str, role: str) -> None:
    called = sql.SQL("SELECT {}()").format(sql.Identifier(*function.split(".")))

    assert world.refused(world.anna, called, role=role).short == (DENIED, "permission denied for schema ops")


def test_detaching_a_partition_to_read_it_as_a_table(world: World, leaf: tuple[sql.Identifier, int]) -> None:
    said = world.refused(world.anna, sql.SQL("ALTER TABLE app.tasks DETACH PARTITION {}").format(leaf[0]))

    assert said.short in {NO_SCHEMA, (DENIED, "must be owner of table tasks")}


def test_attaching_an_own_table_to_receive_the_rows_of_others(world: World) -> None:
    said = world.refused(world.anna, "CREATE TABLE app.mine PARTITION OF app.tasks DEFAULT")

    assert isinstance(said, No)
    assert said.short == (DENIED, "permission denied for schema app")


def test_inheriting_from_a_table_to_read_it_through_the_child(world: World) -> None:
    said = world.refused(world.anna, "CREATE TABLE app.mine () INHERITS (app.projects)")

    assert said.short == (DENIED, "permission denied for schema app")


def test_every_partition_refuses_all_rows_even_if_its_schema_were_opened(world: World) -> None:
    """The second lock: row level security is on at each partition, with no policy but those that read everything."""
    with world.as_owner() as owner:
        unlocked = owner.rows(
            "SELECT leaf.oid::regclass::text FROM pg_inherits JOIN pg_class AS leaf ON leaf.oid = inhrelid"
            " WHERE leaf.relkind = 'r' AND NOT leaf.relrowsecurity"
        )
        readers = owner.rows(
            "SELECT DISTINCT polroles::regrole[]::text[] FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid"
            " WHERE relispartition ORDER BY 1"
        )

    assert unlocked == []
    assert readers == [
        (["platform_analytics"],),
        (["platform_authz"],),
        (["platform_backup"],),
        (["platform_support"],),
    ]


def test_a_schema_that_somebody_opens_by_mistake_still_shows_no_foreign_row(world: World) -> None:
    name, _ = _leaf(world, "app.tasks")
    with world.as_superuser() as root:
        root.rows("GRANT USAGE ON SCHEMA part TO platform_app")
        root.rows("GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA part TO platform_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.become(world.anna)

        assert root.rows(sql.SQL("SELECT * FROM {}").format(name)) == []
        assert root.rows(sql.SQL("UPDATE {} SET title = 'mine' RETURNING id").format(name)) == []
