"""What row level security cannot stop, written down as tests, each with what contains it.

A test here that fails is good news, or a server that changed.
"""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import APP, DENIED, World


def test_whoever_runs_sql_of_his_own_as_the_application_may_say_that_he_is_anybody(world: World) -> None:
    """The identity is the application's word. It guards against a forgotten WHERE, not against injected SQL, which is
    contained by what the role may do at all: no hash, no token, no log, no other tenant's row without its owner's
    name in the log, no schema, no file; and by parameters instead of text in the application."""
    with world.inside(world.mallory) as injected:
        injected.become(world.anna)

        assert len(injected.rows("SELECT id FROM app.tasks")) == 4
        for query in (
            "SELECT * FROM auth.credentials",
            "SELECT token_hash FROM auth.sessions",
            "SELECT token_hash FROM app.invitations",
            "SELECT phone FROM auth.users",
            "SELECT * FROM audit.audit_log",
            "UPDATE auth.users SET email = 'mine@evil.example'",
            "INSERT INTO auth.user_roles (user_id, role_id) VALUES (%(mallory)s, %(admin_role)s)",
            "SELECT * FROM part.tasks_default",
            "TRUNCATE app.tasks",
            "SELECT app.set_organization_status(%(evil)s, 'active')",
        ):
            assert injected.refused(query).sqlstate == DENIED, query


def test_it_takes_an_id_to_become_somebody_and_ids_are_not_to_be_had(world: World) -> None:
    """122 random bits each; without one, injected SQL sees what its own user sees."""
    with world.inside(world.mallory) as injected:
        seen = {row[0] for row in injected.rows("SELECT id FROM auth.users")}
        assert seen == {world.mallory, world.dora, world.milo}


def test_a_table_that_may_be_deleted_from_can_be_locked(world: World) -> None:
    """LOCK TABLE asks for DELETE on the table. Others wait 3 s and are told so; the lock ends with the transaction,
    which PgBouncer ends after idle_transaction_timeout whatever the session set."""
    lockable: list[str] = []
    for table in ("tasks", "projects", "project_members", "comments", "attachments", "organizations",
                  "organization_members", "invitations", "notifications", "task_ids"):  # fmt: skip
        query: LiteralString = "LOCK TABLE app." + table + " IN ACCESS EXCLUSIVE MODE NOWAIT"
        if world.says(world.mallory, query) == []:
            lockable.append(table)

    assert lockable == ["tasks", "projects", "project_members", "comments", "attachments"]
    assert world.ask(None, "SHOW lock_timeout") == [("3s",)]
    assert world.ask(None, "SHOW idle_in_transaction_session_timeout") == [("30s",)]


def test_sessions_of_one_role_see_the_texts_of_each_others_statements(world: World) -> None:
    """All tenants share platform_app. Texts are seen, values that are sent as parameters are not: never put one into
    the other."""
    with world.login() as other:
        other.execute("SELECT %s::text AS parameter, 'literal of anna'", ("parameter of anna",))
        seen = str(world.ask(world.mallory, "SELECT query FROM pg_stat_activity WHERE query LIKE '%%of anna%%'"))

    assert "literal of anna" in seen
    assert "parameter of anna" not in seen


def test_a_session_ends_another_one_of_the_same_role(world: World) -> None:
    """A nuisance; the pooler connects again."""
    with world.login() as other:
        number = other.info.backend_pid
        ended = world.ask(world.mallory, "SELECT pg_terminate_backend(%(number)s, 5000)", number=number)

    assert ended == [(True,)]


def test_a_slug_of_an_organisation_is_taken_or_free_and_says_so(world: World) -> None:
    """As with any name that is unique for all. It tells that somebody has it, not who is in it."""
    said = world.refused(world.mallory, "SELECT app.create_organization('n', 'acme')")

    assert (said.short, said.detail) == (
        ("23505", 'duplicate key value violates unique constraint "organizations_slug_key"'),
        "Key (slug)=(acme) already exists.",
    )


def test_a_slug_of_a_hidden_project_is_taken_for_its_colleagues(world: World) -> None:
    """Within one organisation; another tenant's slugs are its own."""
    insert: LiteralString = (
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(home)s, 'n', 'secret', %(me)s)"
    )

    assert world.refused(world.nina, insert, home=world.acme, me=world.nina).sqlstate == "23505"
    assert world.ask(world.mallory, insert, home=world.evil, me=world.mallory) == []


@pytest.mark.parametrize("role", [APP, "platform_public"])
def test_the_planner_estimates_by_statistics_of_all_tenants(world: World, role: str) -> None:
    """EXPLAIN shows how common a value is among everybody's rows, where its operator is leakproof. It takes SQL of
    one's own; titles that half of a table has are no secrets."""
    explain: LiteralString = "EXPLAIN (FORMAT JSON) SELECT id FROM app.tasks WHERE title = %(title)s"

    def estimate(title: str) -> int:
        rows: int = world.ask(None, explain, role=role, title=title)[0][0][0]["Plan"]["Plan Rows"]
        return rows

    world.database.run(
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
        " SELECT %s, %s, 'merger with globex', %s FROM generate_series(1, 2000)",
        *(world.acme, world.open, world.anna),
    )
    world.database.run("ANALYZE app.tasks")

    assert estimate("merger with globex") > 3 * estimate("merger with initech")


def test_an_analysed_plan_counts_the_foreign_rows_that_a_policy_removed(world: World) -> None:
    """The key that is looked for is leakproof, so that it is asked first: whoever explains sees how many rows it met.
    It takes SQL of one's own, and the id; no function and no statement of the application shows a plan."""
    explain: LiteralString = (
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM app.comments WHERE task_id = %(task)s"
    )
    with world.inside(world.mallory) as attacker:
        attacker.rows("SET LOCAL enable_seqscan = off")
        there = str(attacker.rows(explain, task=world.open_task))
        nowhere = str(attacker.rows(explain, task=world.ids["none"]))

    assert "Rows Removed by Filter: 1" in there
    assert "Rows Removed by Filter" not in nowhere


def test_a_large_object_is_outside_of_row_level_security(world: World) -> None:
    """Everybody may make them, and those of one role are all its sessions'. Nothing of the service uses them; dumps
    leave them out."""
    with world.inside(world.mallory) as attacker:
        number = attacker.rows("SELECT lo_from_bytea(0, 'left for a friend')")[0][0]
        attacker.become(world.anna)

        assert attacker.rows("SELECT lo_get(%(number)s)", number=number) == [(b"left for a friend",)]
    assert world.database.rows("SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]


def test_channels_and_advisory_locks_are_everybodys(world: World) -> None:
    """Nothing of the service listens or locks by number; what is built on either must not trust it."""
    with world.inside(world.mallory) as attacker:
        assert attacker.rows("SELECT pg_try_advisory_xact_lock(1)") == [(True,)]
        assert attacker.rows("NOTIFY anything, 'from mallory'") == []
