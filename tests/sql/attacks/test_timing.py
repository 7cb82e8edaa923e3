"""What the work of a statement tells, and functions that are called on rows before a policy has had its say."""

from __future__ import annotations

import re
from typing import LiteralString

import pytest

from tests.sql.attacks.world import NOBODY_HAS_IT, No, World

_EXPLAIN: LiteralString = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) "


@pytest.fixture(scope="module")
def busy(world: World) -> World:
    """acme has two thousand rows with a word that evil never uses."""
    world.database.run(
        "INSERT INTO app.tasks (organization_id, project_id, title, reporter_id)"
        " SELECT %s, %s, 'kumquat ' || n, %s FROM generate_series(1, 2000) AS n",
        *(world.acme, world.open, world.anna),
    )
    world.database.run(
        "INSERT INTO app.comments (organization_id, task_id, user_id, content)"
        " SELECT %s, %s, %s, 'kumquat ' || n FROM generate_series(1, 2000) AS n",
        *(world.acme, world.open_task, world.anna),
    )
    # The pending list of a GIN index is read by every search; vacuum puts it in its place.
    with world.database.master() as owner:
        owner.autocommit = True
        owner.execute("VACUUM ANALYZE app.tasks, app.comments")
    return world


@pytest.mark.parametrize("function", ["app.search_tasks", "app.search_comments", "app.search_projects"])
def test_a_word_that_only_another_tenant_uses_costs_no_more_than_one_that_nobody_does(
    busy: World, function: LiteralString
) -> None:
    """Not by the clock, but by the blocks that were read: the same number, and none of the other tenant's heap."""
    query: LiteralString = _EXPLAIN + "SELECT * FROM " + function + "(%(word)s)"
    with busy.inside(busy.mallory) as attacker:
        for word in ("kumquat", "nothingness"):  # the catalog is read once
            attacker.rows(query, word=word)
        plans = [attacker.rows(query, word=word)[0][0][0]["Plan"] for word in ("kumquat", "nothingness")]
        theirs, nobodys = (plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)

    assert abs(theirs - nobodys) <= 3, "at most pages of the index itself; acme's rows are in some thirty of the heap"


def test_the_same_word_costs_its_owner_what_it_is_worth(busy: World) -> None:
    with busy.inside(busy.anna) as anna:
        assert len(anna.rows("SELECT * FROM app.search_tasks('kumquat', NULL, 100)")) == 100
        plan = anna.rows(_EXPLAIN + "SELECT * FROM app.search_tasks('kumquat')")[0][0][0]["Plan"]
        assert plan["Actual Rows"] == 20


def test_asking_how_many_rows_a_search_met_inside(busy: World) -> None:
    """A definer function is one node of the plan: how it looked, and past how many rows, is not shown."""
    plan = str(busy.ask(busy.mallory, _EXPLAIN + "SELECT * FROM app.search_tasks('kumquat')"))

    assert "Function Scan" in plan
    assert "Rows Removed" not in plan
    assert "search @@" not in plan


_LEAKS: list[LiteralString] = [
    "SELECT id FROM app.tasks WHERE 1 / (CASE WHEN title LIKE '%%xylophone%%' THEN 0 ELSE 1 END) = 1",
    "SELECT id FROM app.tasks WHERE title::int = 1",
    "SELECT id FROM app.tasks WHERE (title || 'x')::uuid = %(none)s",
    "SELECT id FROM app.tasks WHERE ('{' || title || '}')::jsonb IS NULL",
    "SELECT id FROM app.tasks WHERE length(repeat(title, CASE WHEN title ~ 'secret' THEN 500000000 ELSE 1 END)) > 0",
    "SELECT id FROM app.tasks WHERE to_regclass(title) IS NOT NULL OR title::regclass IS NOT NULL",
    "SELECT id FROM app.tasks ORDER BY 1 / (CASE WHEN title LIKE '%%xylophone%%' THEN 0 ELSE 1 END)",
    "SELECT count(*) FILTER (WHERE 1 / (CASE WHEN title LIKE '%%xylophone%%' THEN 0 ELSE 1 END) = 1) FROM app.tasks",
    "SELECT id FROM app.tasks WHERE title ~ 'xylophone' AND set_config('app.seen', title, true) IS NOT NULL",
    "SELECT id FROM app.comments WHERE 1 / (CASE WHEN content LIKE '%%xylophone%%' THEN 0 ELSE 1 END) = 1",
    "SELECT id FROM app.projects WHERE 1 / (CASE WHEN name = 'secret' THEN 0 ELSE 1 END) = 1",
    "SELECT id FROM auth.users WHERE 1 / (CASE WHEN email LIKE 'anna%%' THEN 0 ELSE 1 END) = 1",
    "SELECT id FROM app.organizations WHERE 1 / (CASE WHEN slug = 'acme' THEN 0 ELSE 1 END) = 1",
    "UPDATE app.tasks SET title = title WHERE 1 / (CASE WHEN title LIKE '%%xylophone%%' THEN 0 ELSE 1 END) = 1",
    "DELETE FROM app.comments WHERE 1 / (CASE WHEN content LIKE '%%xylophone%%' THEN 0 ELSE 1 END) = 1",
    "SELECT t.id FROM app.tasks AS t JOIN (VALUES (0)) AS v (z)"
    " ON 1 / (CASE WHEN t.title ~ 'xylo' THEN v.z ELSE 1 END) = 1",
]


@pytest.mark.parametrize("query", _LEAKS)
def test_an_expression_that_fails_on_the_content_of_a_foreign_row(world: World, query: LiteralString) -> None:
    """What may fail or tell waits behind the policy: it meets the attacker's own rows, and only those."""
    said = world.says(world.mallory, query)

    if isinstance(said, No):
        assert not re.search("xylophone|secret|acme|anna", str(said))
        assert said.sqlstate in {"22P02", "42P01", "42602"}, "a cast of his own row's title, which is none of these"
    with world.inside(world.eve) as eve:
        assert not isinstance(eve.says(query), No)


def test_the_same_expression_does_fail_for_whoever_sees_the_row(world: World) -> None:
    assert world.refused(world.nina, _LEAKS[0]).short == ("22012", "division by zero")
    assert world.refused(world.nina, _LEAKS[9]).short == ("22012", "division by zero")


def test_a_function_that_tells_what_it_was_called_with_meets_own_rows_only(world: World) -> None:
    """The cheapest function there is, in a schema of the attacker's, were he given one."""
    with world.as_superuser() as root:
        root.rows("CREATE SCHEMA trap AUTHORIZATION platform_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        root.rows(
            "CREATE FUNCTION trap.tell(said text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE 'met %%', said; RETURN true; END $$"
        )
        heard: list[str] = []
        root.connection.add_notice_handler(lambda notice: heard.append(notice.message_primary or ""))
        root.become(world.mallory)
        root.rows("SELECT id FROM app.tasks WHERE trap.tell(title)")
        root.rows("SELECT id FROM app.projects WHERE trap.tell(name)")
        root.rows("SELECT id FROM auth.users WHERE trap.tell(email)")
        root.rows("SELECT * FROM app.search_tasks('xylophone') WHERE trap.tell(title)")
        root.rows("SELECT * FROM app.latest_tasks(%(acme)s) WHERE trap.tell(title)")
        root.rows("UPDATE app.tasks SET title = 'x' WHERE trap.tell(title)")

    assert sorted(set(heard)) == [
        "met dora@secret.example", "met lair", "met lair trombone", "met mallory@secret.example",
        "met milo@secret.example",
    ]  # fmt: skip


def test_marking_such_a_function_leakproof(world: World) -> None:
    with world.as_superuser() as root:
        root.rows("CREATE SCHEMA trap AUTHORIZATION platform_app")
        root.rows("SET LOCAL SESSION AUTHORIZATION platform_app")
        said = root.refused("CREATE FUNCTION trap.tell(text) RETURNS bool LANGUAGE sql LEAKPROOF AS 'SELECT true'")

    assert said.short == ("42501", "only superuser can define a leakproof function")


# Words as somebody types them who knows how the index is made: tenants' ids are words of it.
_HOSTILE_WORDS: list[str] = [
    "{acme}", '"{acme}"', "{acme} or xylophone", "xylophone or {acme}", "-nothing", "-{evil}", "-{evil} or xylophone",
    "'{acme}'", "{acme}:*", "xylophone:*", "x:*", ":*", "*", "' | '{acme}", "' || '{acme}' || '", "!'{evil}'",
    "xylophone <-> comment", "(xylophone | {acme})", "\\", "'", '"', "''", "%", "_", "", " ", "\t\n", "& | ! ( )",
    "xylophone'::tsquery || '", "a" * 3000, "xylophone " * 200, "\u202exylophone", "or", "or or -", "--",
]  # fmt: skip


@pytest.mark.parametrize("function", ["app.search_tasks", "app.search_comments", "app.search_projects",
                                      "auth.search_users", "app.search_organizations"])  # fmt: skip
def test_searching_with_words_that_are_meant_for_the_query_itself(world: World, function: LiteralString) -> None:
    query: LiteralString = "SELECT * FROM " + function + "(%(words)s)"
    with world.inside(world.mallory) as attacker:
        for words in _HOSTILE_WORDS:
            named = words.replace("{acme}", str(world.acme)).replace("{evil}", str(world.evil))
            found = attacker.rows(query, words=named)
            assert not re.search("xylophone|acme|anna|nina", str(found)), words
            assert {row[1] for row in found if function.startswith("app.search_t")} <= {world.evil}
        assert attacker.rows(query, words=None) == []


@pytest.mark.parametrize("rows", [-1, -2147483648, 0, 2147483647, None])
def test_asking_a_search_for_a_strange_number_of_rows(world: World, rows: int | None) -> None:
    for query in (
        "SELECT title FROM app.search_tasks('trombone', NULL, %(rows)s)",
        "SELECT title FROM app.latest_tasks(%(evil)s, %(rows)s)",
    ):
        said = world.says(world.mallory, query, rows=rows)
        assert said == ([] if rows is not None and rows <= 0 else [("lair trombone",)])
    assert world.says(world.mallory, "SELECT * FROM app.latest_tasks(%(acme)s, %(rows)s)", rows=rows) == []


def test_a_search_never_gives_more_than_a_hundred_rows_whoever_asks(busy: World) -> None:
    limits: tuple[tuple[LiteralString, int], ...] = (("NULL", 20), ("2147483647", 100), ("101", 100))
    for limit, given in limits:
        query: LiteralString = "SELECT id FROM app.search_tasks('kumquat', NULL, " + limit + ")"
        assert len(busy.ask(busy.anna, query)) == given


def test_naming_an_organisation_that_is_none_or_not_ones_own_in_a_search(world: World) -> None:
    for organization in (world.acme, world.ghost, NOBODY_HAS_IT):
        assert world.ask(world.mallory, "SELECT * FROM app.search_tasks('trombone', %(o)s)", o=organization) == []
    assert len(world.ask(world.mallory, "SELECT * FROM app.search_tasks('trombone', NULL)")) == 1
    assert len(world.ask(world.mallory, "SELECT * FROM app.search_tasks('trombone', %(evil)s)")) == 1
