"""Ways up and around a policy: views, functions with other rights, exports of everything, COPY, RETURNING, locks."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, No, World

# Names that only acme's rows hold, in whatever an attacker gets to read.
ACME_WORDS = ("xylophone", "acme", "secret", "anna", "nina")


def test_every_view_of_the_application_runs_with_the_rights_of_whoever_reads_it(world: World) -> None:
    """There is none yet; one that is added without security_invoker reads past the policies, as its owner does."""
    with world.as_owner() as owner:
        views = owner.rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v'"
            " AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('auth', 'app', 'analytics', 'authz'))"
            " AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'"
        )

    assert views == []


@pytest.mark.parametrize("view", ["analytics.project_stats", "analytics.user_activity_stats"])
def test_reading_the_statistics_of_all_tenants_from_a_materialized_view(world: World, view: LiteralString) -> None:
    for role in (APP, "platform_auth", "platform_public", "platform_support"):
        query: LiteralString = "TABLE " + view
        assert world.refused(world.mallory, query, role=role).sqlstate == DENIED
    # Whatever the last refresh found: reports are not refused.
    assert len(world.ask(None, "SELECT count(*) FROM " + view, role="platform_analytics")) == 1


def test_refreshing_a_materialized_view_with_the_owners_rights(world: World) -> None:
    said = world.refused(world.mallory, "REFRESH MATERIALIZED VIEW analytics.project_stats")

    assert said.sqlstate == DENIED


def test_reading_the_statistics_of_another_tenant_through_their_function(world: World) -> None:
    query: LiteralString = "SELECT project_name FROM analytics.organization_project_stats(%(acme)s)"
    with world.as_superuser() as root:
        root.rows("SET LOCAL ROLE platform_owner")
        root.rows("REFRESH MATERIALIZED VIEW analytics.project_stats")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")

        assert root.become(world.mallory).rows(query) == []
        assert root.become(world.nina).rows(query) == [("open",), ("public",)]
        assert root.become(world.max).rows(query) == [("open",), ("public",), ("secret",)]
        assert root.become(None).rows(query) == []


def test_exporting_the_whole_database_as_xml(world: World) -> None:
    """It reads as the caller: his own tenant, or a server that was built without XML."""
    said = world.says(world.mallory, "SELECT database_to_xml(true, true, '')")

    if isinstance(said, No):
        assert said.short == ("0A000", "unsupported XML feature")
    else:
        assert "lair" in said[0][0]
        assert [word for word in ACME_WORDS if f">{word}" in said[0][0]] == []


@pytest.mark.parametrize("table", ["app.organizations", "app.organization_members", "app.projects", "app.comments"])
def test_copying_a_table_out_shows_what_a_select_shows(world: World, table: LiteralString) -> None:
    copy: LiteralString = "COPY " + table + " TO STDOUT"
    select: LiteralString = "SELECT count(*) FROM " + table
    with world.inside(world.mallory) as attacker:
        copied = attacker.copy(copy)

        assert len(copied.splitlines()) == attacker.rows(select)[0][0] > 0
        assert [word for word in ACME_WORDS if word in copied and word != "secret"] == []


def test_copying_a_partitioned_table_out_copies_only_the_parent_which_has_no_rows(world: World) -> None:
    with world.inside(world.anna) as attacker:
        assert attacker.copy("COPY app.tasks TO STDOUT") == ""
        assert len(attacker.copy("COPY (SELECT * FROM app.tasks) TO STDOUT").splitlines()) == 4


@pytest.mark.parametrize(
    ("copy", "table"),
    [
        ("COPY auth.users TO STDOUT", "users"),
        ("COPY auth.users (email, phone) TO STDOUT", "users"),
        ("COPY auth.credentials TO STDOUT", "credentials"),
        ("COPY auth.sessions TO STDOUT", "sessions"),
        ("COPY app.invitations TO STDOUT", "invitations"),
        ("COPY app.task_ids TO STDOUT", "task_ids"),
        ("COPY (SELECT token_hash FROM app.invitations) TO STDOUT", "invitations"),
        ("COPY analytics.page_views TO STDOUT", "page_views"),
        ("COPY (UPDATE app.comments SET user_id = NULL RETURNING *) TO STDOUT", "comments"),
    ],
)
def test_copying_out_a_column_that_is_not_granted(world: World, copy: LiteralString, table: str) -> None:
    assert world.refused(world.anna, copy).short == (DENIED, f"permission denied for table {table}")


def test_copying_rows_in_past_the_policies(world: World) -> None:
    copy: LiteralString = "COPY app.comments (organization_id, task_id, user_id, content) FROM STDIN"
    line = f"{world.acme}\t{world.open_task}\t{world.mallory}\tinjected\n"
    with world.inside(world.mallory) as attacker:
        said = attacker.trying(lambda: attacker.copies_in(copy, line))

    assert isinstance(said, No)
    assert said.short == ("0A000", "COPY FROM not supported with row-level security")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("COPY app.tasks TO PROGRAM 'cat'", "program"),
        ("COPY app.tasks FROM PROGRAM 'id'", "program"),
        ("COPY app.tasks TO '/tmp/tasks'", "file"),
        ("COPY app.tasks FROM '/etc/passwd'", "file"),
        ("COPY (SELECT 1) TO PROGRAM 'id'", "program"),
    ],
)
@pytest.mark.parametrize("role", [APP, "platform_auth", "platform_backup", "platform_support", "platform_migrator"])
def test_copying_to_or_from_the_servers_files_and_programs(
    world: World, statement: LiteralString, message: str, role: str
) -> None:
    said = world.refused(world.anna, statement, role=role)

    assert said.sqlstate == DENIED
    assert said.message is not None
    assert message in said.message or "permission denied for" in said.message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.tasks SET title = 'mine' WHERE id = %(open_task)s RETURNING *",
        "UPDATE app.projects SET name = 'mine' WHERE organization_id = %(acme)s RETURNING *",
        "UPDATE app.comments SET content = 'mine' WHERE id = %(open_comment)s RETURNING *",
        "UPDATE app.attachments SET metadata = '{}' WHERE id = %(open_file)s RETURNING *",
        "UPDATE app.organizations SET name = 'mine' WHERE id = %(acme)s RETURNING *",
        "UPDATE auth.users SET first_name = 'mine' WHERE id = %(anna)s RETURNING email",
        "UPDATE app.notifications SET is_read = true WHERE user_id = %(anna)s RETURNING *",
        "DELETE FROM app.tasks WHERE id = %(open_task)s RETURNING *",
        "DELETE FROM app.projects WHERE id = %(open)s RETURNING *",
        "DELETE FROM app.comments WHERE id = %(open_comment)s RETURNING *",
        "DELETE FROM app.attachments WHERE id = %(open_file)s RETURNING *",
        "DELETE FROM app.project_members WHERE project_id = %(secret)s RETURNING *",
        "UPDATE app.tasks AS mine SET title = foreign_task.title FROM app.tasks AS foreign_task"
        " WHERE foreign_task.organization_id = %(acme)s RETURNING foreign_task.*",
        "UPDATE app.tasks SET title = theirs.email FROM auth.users AS theirs WHERE theirs.id = %(anna)s"
        " RETURNING title",
        "DELETE FROM app.tasks USING app.organizations AS theirs WHERE theirs.id = %(acme)s RETURNING theirs.*",
        "WITH taken AS (DELETE FROM app.comments WHERE organization_id = %(acme)s RETURNING *) TABLE taken",
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
        " SELECT %(evil)s, %(lair)s, theirs.title, %(mallory)s FROM app.tasks AS theirs"
        " WHERE theirs.organization_id = %(acme)s RETURNING title",
    ],
)
def test_writing_to_foreign_rows_and_having_them_returned(world: World, statement: LiteralString) -> None:
    assert world.ask(world.mallory, statement) == []


def test_the_same_writing_and_returning_works_on_ones_own_rows(world: World) -> None:
    assert world.ask(world.mallory, "UPDATE app.tasks SET title = 'mine' RETURNING title") == [("mine",)]
    assert world.ask(world.mallory, "DELETE FROM app.tasks RETURNING title") == [("lair trombone",)]


@pytest.mark.parametrize(
    "merge",
    [
        "MERGE INTO app.tasks AS task USING (SELECT %(open_task)s::uuid AS id) AS wanted ON task.id = wanted.id"
        " WHEN MATCHED THEN UPDATE SET title = 'mine' WHEN NOT MATCHED THEN DO NOTHING",
        "MERGE INTO app.tasks AS task USING (SELECT %(open_task)s::uuid AS id) AS wanted ON task.id = wanted.id"
        " WHEN MATCHED THEN DELETE",
        "MERGE INTO app.projects AS project USING (SELECT %(open)s::uuid AS id) AS wanted ON project.id = wanted.id"
        " WHEN MATCHED THEN UPDATE SET name = 'mine'",
    ],
)
def test_merging_into_foreign_rows_matches_none(world: World, merge: LiteralString) -> None:
    with world.inside(world.mallory) as attacker:
        attacker.rows(merge)
        attacker.become(world.anna)

        assert attacker.rows("SELECT title FROM app.tasks WHERE id = %(open_task)s") == [("open xylophone",)]
        assert attacker.rows("SELECT name FROM app.projects WHERE id = %(open)s") == [("open",)]


def test_merging_a_row_into_another_tenant(world: World) -> None:
    merge: LiteralString = (
        "MERGE INTO app.projects AS project USING (SELECT %(acme)s::uuid AS home) AS wanted ON false"
        " WHEN NOT MATCHED THEN INSERT (organization_id, name, slug, created_by)"
        " VALUES (wanted.home, 'm', 'm', %(mallory)s)"
    )

    assert world.refused(world.mallory, merge).short == (
        DENIED,
        'new row violates row-level security policy for table "projects"',
    )


@pytest.mark.parametrize("strength", ["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"])
def test_locking_foreign_rows_finds_none(world: World, strength: LiteralString) -> None:
    query: LiteralString = "SELECT id FROM app.tasks WHERE organization_id = %(acme)s FOR " + strength

    assert world.ask(world.mallory, query) == []


@pytest.mark.parametrize(
    "table",
    ["app.organizations", "app.organization_members", "app.invitations", "auth.users", "app.notifications",
     "app.task_ids", "analytics.events", "auth.sessions"],
)  # fmt: skip
def test_locking_a_whole_table_that_everybody_needs(world: World, table: LiteralString) -> None:
    for mode in ("ACCESS EXCLUSIVE", "EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE"):
        query: LiteralString = "LOCK TABLE " + table + " IN " + mode + " MODE"
        assert world.refused(world.anna, query).short == (DENIED, f"permission denied for table {table.split('.')[1]}")


@pytest.mark.parametrize("role", ["platform_public", "platform_support", "platform_analytics", "platform_backup"])
def test_locking_a_table_as_somebody_who_only_reads(world: World, role: str) -> None:
    said = world.refused(None, "LOCK TABLE app.tasks IN SHARE MODE", role=role)

    assert said.sqlstate == DENIED
