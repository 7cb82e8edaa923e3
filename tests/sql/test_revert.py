"""Taking the last migration back: what is reverted, what is refused, and what is said to be lost."""

from __future__ import annotations

import json

import pytest

from tests.sql.databases import NEWEST
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")


@pytest.fixture
def pair(demo: Runner) -> Runner:
    """The last migration is a pair that loses nothing when it is taken back."""
    demo.write("0003_names.up.sql", "CREATE VIEW demo.names AS SELECT id AS name FROM demo.things;\n")
    demo.write("0003_names.down.sql", "DROP VIEW demo.names;\n")
    demo.apply()
    return demo


def _exists(runner: Runner, name: str) -> bool:
    return runner.database.rows("SELECT to_regclass(%s) IS NOT NULL", name) == [(True,)]


def test_the_last_migration_is_taken_back_and_can_be_applied_again(pair: Runner) -> None:
    done = pair.run("revert")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("demo: reverted 0003_names (")
    assert done.stdout.endswith("ledger now at 0002\n")
    assert not _exists(pair, "demo.names")
    assert pair.versions() == [1, 2]
    assert pair.run("verify").returncode == 0
    assert pair.apply() == "demo: applied 1 migration (0003), ledger now at 0003"
    assert pair.database.rows(
        "SELECT action, outcome FROM public._schema_history WHERE version = 3 ORDER BY id"
    ) == [("apply", "done"), ("revert", "done"), ("apply", "done")]  # fmt: skip


@pytest.mark.parametrize("stack", ["prod", "staging", ""])
def test_outside_local_and_dev_it_has_to_be_named_in_full(pair: Runner, stack: str) -> None:
    done = pair.run("revert", ESTATE_STACK=stack)

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f"error: demo: 0003_names was not reverted: the stack is {stack or 'not named by ESTATE_STACK'}",
        "  to revert it all the same, name it in full: revert 0003_names",
    ]
    assert pair.versions() == [1, 2, 3]

    assert pair.run("revert", "0003_names", ESTATE_STACK=stack).returncode == 0
    assert pair.versions() == [1, 2]


def test_what_loses_data_has_to_be_named_everywhere_and_is_said(demo: Runner) -> None:
    demo.write("0003_more.up.sql", "CREATE TABLE demo.more (id int);\nINSERT INTO demo.more VALUES (1);\n")
    demo.write("0003_more.down.sql", "DROP TABLE demo.more;\n")
    demo.apply()

    done = demo.run("revert", ESTATE_STACK="dev")

    assert done.returncode == 3
    assert "demo: 0003_more was not reverted: it loses data" in done.stderr
    assert "demo/migrations/0003_more.down.sql:1: demo.more: " in done.stderr
    assert _exists(demo, "demo.more")

    assert demo.run("revert", "0003_more", ESTATE_STACK="dev").returncode == 0
    assert not _exists(demo, "demo.more")


def test_only_the_last_one_and_only_a_pair_can_be_reverted(pair: Runner) -> None:
    other = pair.run("revert", "0002_things")
    assert other.returncode == 2
    assert other.stderr == (
        "error: demo: 0002_things is not the last applied migration; only that can be reverted: 0003_names\n"
    )

    pair.run("revert")
    alone = pair.run("revert")
    assert alone.returncode == 2
    assert alone.stderr == (
        "error: demo/migrations/0002_things.sql: has no .down.sql that takes it back; write a new migration that does\n"
    )


def test_nothing_to_revert_is_said(demo: Runner) -> None:
    done = demo.run("revert")

    assert (done.returncode, done.stderr) == (2, "error: demo: nothing is applied, so there is nothing to revert\n")


def test_a_failing_down_file_changes_nothing(demo: Runner) -> None:
    demo.write("0003_a.up.sql", "CREATE VIEW demo.a AS SELECT 1 AS one;\n")
    demo.write("0003_a.down.sql", "DROP VIEW demo.a;\nSELECT 1 / 0;\n")
    demo.apply()

    done = demo.run("revert", "0003_a")

    assert done.returncode == 1
    assert "demo/migrations/0003_a.down.sql:2: division by zero (SQLSTATE 22012)" in done.stderr
    assert _exists(demo, "demo.a")
    assert demo.versions() == [1, 2, 3]
    assert demo.run("verify").returncode == 0


def test_a_pair_without_transactions_is_reverted_and_a_killed_revert_is_finished(demo: Runner) -> None:
    demo.write("0003_index.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")
    demo.write("0003_index.down.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY demo.things_id;\n")
    demo.apply()
    # As a runner leaves it that was killed while it took the index away.
    demo.database.run("UPDATE public._sqlx_migrations SET success = false WHERE version = 3")

    done = demo.run("revert", "0003_index")

    assert done.returncode == 0, done.stderr
    assert not _exists(demo, "demo.things_id")
    assert demo.versions() == [1, 2]


def test_a_database_that_only_sqlx_has_migrated_can_be_reverted(pair: Runner) -> None:
    pair.database.run("DROP TABLE public._schema_history, public._schema_jobs, public._schema_fingerprint")

    done = pair.run("revert")

    assert done.returncode == 0, done.stderr
    assert pair.versions() == [1, 2]
    assert pair.database.rows("SELECT action, outcome FROM public._schema_history") == [("revert", "done")]


def test_an_edited_file_stops_a_revert(pair: Runner) -> None:
    pair.write("0003_names.up.sql", "SELECT 1;\n")

    done = pair.run("revert")

    assert done.returncode == 2
    assert "demo/migrations/0003_names.up.sql:1: the file was edited after it was applied" in done.stderr


def test_json_tells_what_was_reverted(pair: Runner) -> None:
    document = json.loads(pair.run("revert", "--json").stdout)

    assert (document["reverted"]["version"], document["ledger"]) == (3, {"version": 2})
    assert document["renews"] == ["demo.names"]


@pytest.mark.parametrize(
    "statement",
    [
        "WITH gone AS (DELETE FROM demo.things RETURNING 1) SELECT count(*) FROM gone",
        "DO $$ BEGIN EXECUTE 'TRUNCATE demo.things'; END $$",
        "DELETE FROM demo.things WHERE id > 0",
        "UPDATE demo.things SET id = id + 1",
        "ALTER TABLE demo.things ALTER COLUMN id TYPE smallint",
        "SELECT demo.wipe()",
    ],
)
def test_whatever_might_lose_something_has_to_be_named(demo: Runner, statement: str) -> None:
    demo.write("0003_a.up.sql", "CREATE VIEW demo.a AS SELECT 1 AS one;\n")
    demo.write("0003_a.down.sql", f"DROP VIEW demo.a;\n{statement};\n")
    demo.apply()

    done = demo.run("revert")

    assert done.returncode == 3
    assert "demo: 0003_a was not reverted: it loses data" in done.stderr
    assert "demo/migrations/0003_a.down.sql:2: " in done.stderr
    assert _exists(demo, "demo.a")


def test_a_failed_drop_leaves_the_ledgers_row_as_it_was(demo: Runner) -> None:
    demo.write("0003_index.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")
    demo.write("0003_index.down.sql", "-- no-transaction\nDROP INDEX CONCURRENTLY demo.nosuch, demo.other;\n")
    demo.apply()
    before = demo.ledger()

    done = demo.run("revert", "0003_index")

    assert done.returncode == 1
    assert demo.ledger() == before
