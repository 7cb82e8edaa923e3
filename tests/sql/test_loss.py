"""What loses data is applied when it is named, or allowed in the file; else nothing is applied at all."""

from __future__ import annotations

import json

import pytest

from tests.sql.databases import NEWEST
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

_WHERE = "demo/migrations/0005_goes.sql:2"


@pytest.fixture
def losing(things: Runner) -> Runner:
    """A table of two rows, a pending migration that is harmless, and one after it that drops the table."""
    things.write("0004_more.sql", "CREATE TABLE demo.more (id integer);\n")
    things.write("0005_goes.sql", "-- Nobody needs it.\nDROP TABLE demo.things;\n")
    return things


def _there(runner: Runner, name: str) -> bool:
    return runner.database.rows("SELECT to_regclass(%s) IS NOT NULL", name) == [(True,)]


def _state(runner: Runner) -> tuple[object, ...]:
    """Ledger, history, and which of the tables there are."""
    history = runner.database.rows("SELECT * FROM public._schema_history ORDER BY id")
    return runner.ledger(), history, _there(runner, "demo.things"), _there(runner, "demo.more")


def test_nothing_is_applied_while_a_pending_migration_loses_data(losing: Runner) -> None:
    before = _state(losing)

    done = losing.run("apply")

    assert done.returncode == 3
    first, lost, mend = done.stderr.splitlines()
    assert first == "error: demo: nothing was applied: 1 pending migration would lose data"
    assert lost.startswith(f"  {_WHERE}: DROP TABLE demo.things: demo.things")
    assert lost.endswith("its rows are gone")
    assert mend == "  to apply it all the same, accept each loss by name: --accept-loss demo/0005_goes"
    assert done.stdout == ""
    assert _state(losing) == before
    assert losing.versions() == [1, 2, 3]


@pytest.mark.parametrize("name", ["0005", "0005_goes", "demo/0005", "demo/0005_goes"])
def test_it_is_applied_when_it_is_named(losing: Runner, name: str) -> None:
    done = losing.run("apply", "--accept-loss", name)

    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith(f"demo: accepted: {_WHERE}: DROP TABLE demo.things: demo.things")
    assert said[-1] == "demo: applied 2 migrations (0004..0005), ledger now at 0005"
    assert not _there(losing, "demo.things")
    assert losing.run("verify").returncode == 0


@pytest.mark.parametrize("other", ["0004", "0004_more", "other/0005", "other/0005_goes"])
def test_the_name_of_another_migration_or_service_does_not_accept_it(losing: Runner, other: str) -> None:
    before = _state(losing)

    assert losing.run("apply", "--accept-loss", other).returncode == 3
    assert _state(losing) == before


def test_each_loss_is_accepted_by_its_own_name(losing: Runner) -> None:
    losing.database.run("CREATE TABLE demo.kept (id integer)")
    losing.database.run("ALTER TABLE demo.kept OWNER TO demo_owner")
    losing.write("0006_end.sql", "SELECT 1;\nDROP SCHEMA demo CASCADE;\n")

    done = losing.run("apply", "--accept-loss", "0005_goes")

    assert done.returncode == 3
    assert "0005_goes" not in done.stderr
    assert "  demo/migrations/0006_end.sql:2: DROP SCHEMA demo: every table of demo is gone" in done.stderr
    assert losing.versions() == [1, 2, 3]
    assert losing.apply("--accept-loss", "0005_goes", "--accept-loss", "0006") == (
        "demo: applied 3 migrations (0004..0006), ledger now at 0006"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("0006", "no pending migration has that name; pending: 0004_more, 0005_goes"),
        ("0005_gone", "no pending migration has that name; pending: 0004_more, 0005_goes"),
        ("0002_things", "is applied already, so there is nothing to accept; leave it out"),
        ("5", "not the name of a migration; write its number, or number and name, such as 0031_goes"),
    ],
)
def test_a_name_that_no_pending_migration_has_is_an_error(losing: Runner, name: str, why: str) -> None:
    before = _state(losing)

    done = losing.run("apply", "--accept-loss", "0005_goes", "--accept-loss", name)

    assert (done.returncode, done.stderr) == (2, f"error: --accept-loss {name}: {why}\n")
    assert _state(losing) == before


def test_what_the_file_allows_with_a_reason_needs_no_name(losing: Runner) -> None:
    losing.write("0005_goes.sql", "-- lint: allow drop-table: exported last year\nDROP TABLE demo.things;\n")

    assert losing.apply() == "demo: applied 2 migrations (0004..0005), ledger now at 0005"


@pytest.mark.parametrize("line", ["-- lint: allow drop-table", "-- lint: allow truncate: exported last year"])
def test_without_a_reason_or_for_another_rule_the_file_allows_nothing(losing: Runner, line: str) -> None:
    losing.write("0005_goes.sql", f"{line}\nDROP TABLE demo.things;\n")

    assert losing.run("apply").returncode == 3
    assert losing.versions() == [1, 2, 3]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE demo.things DROP COLUMN name",
        "TRUNCATE demo.things",
        "DELETE FROM demo.things",
        "DROP TABLE demo.things",
        "DROP SCHEMA demo CASCADE",
        "DROP OWNED BY demo_app",
    ],
)
def test_each_form_that_a_rule_knows_is_refused(things: Runner, statement: str) -> None:
    things.write("0004_loses.sql", f"{statement};\n")

    assert things.run("apply").returncode == 3
    assert things.versions() == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE demo.made (id integer, two integer);\nALTER TABLE demo.made DROP COLUMN two;\n"
        "TRUNCATE demo.made;\nDROP TABLE demo.made;\n",
        "CREATE VIEW demo.names AS SELECT name FROM demo.things;\nDROP VIEW demo.names;\n",
        "DELETE FROM demo.things WHERE id = 1;\n",
        "ALTER TABLE demo.things ALTER COLUMN name SET NOT NULL;\n",
    ],
)
def test_what_loses_nothing_that_was_there_before_needs_no_name(things: Runner, text: str) -> None:
    things.write("0004_keeps.sql", text)

    assert things.apply() == "demo: applied 1 migration (0004), ledger now at 0004"


def test_a_fresh_database_has_nothing_to_lose(demo: Runner) -> None:
    demo.write("0003_goes.sql", "DROP TABLE demo.things;\n")

    assert demo.apply() == "demo: applied 3 migrations (0001..0003), ledger now at 0003"


def test_a_database_without_a_ledger_has_its_tables_to_lose(demo: Runner) -> None:
    demo.database.run("CREATE TABLE public.found (id integer)")
    demo.write("0003_goes.sql", "DROP TABLE public.found;\n")

    assert demo.run("apply").returncode == 3
    # Not even roles and bootstrap, which come first.
    assert demo.database.rows("SELECT to_regclass('public._sqlx_migrations')") == [(None,)]
    assert demo.database.rows("SELECT to_regclass('public.found') IS NOT NULL") == [(True,)]


def test_the_plan_says_what_apply_refuses(losing: Runner) -> None:
    lines = losing.run("plan").stdout.splitlines()

    assert "        apply refuses it unless its loss is accepted: --accept-loss demo/0005_goes" in lines
    assert not any("--accept-loss demo/0004" in line for line in lines)


def test_json_tells_what_would_be_lost(losing: Runner) -> None:
    done = losing.run("apply", "--json")

    (one,) = json.loads(done.stdout)["would_lose"]
    assert (one["version"], one["name"]) == (5, "0005_goes")
    assert [(row["rule"], row["line"], row["loses_data"]) for row in one["findings"]] == [("drop-table", 2, True)]
