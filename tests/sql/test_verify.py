"""`verify` finds what others changed, names it, and keeps on naming it until somebody accepts or undoes it."""

from __future__ import annotations

import datetime as dt
import json
from typing import LiteralString

import pytest

from tests.sql.runner import Runner

_TABLE = """
CREATE TABLE demo.tasks (
    id    integer PRIMARY KEY,
    title text NOT NULL
);
CREATE INDEX tasks_title_idx ON demo.tasks (title);
ALTER TABLE demo.tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON demo.tasks FOR SELECT USING (id > 0);
CREATE FUNCTION demo.answer() RETURNS integer LANGUAGE sql AS 'SELECT 42';
"""


@pytest.fixture
def tasks(demo: Runner) -> Runner:
    """A table with everything that somebody could change by hand."""
    demo.write("0003_tasks.sql", _TABLE)
    demo.apply()
    return demo


def test_a_database_that_nobody_touched_is_as_it_should_be(tasks: Runner) -> None:
    done = tasks.run("verify")

    assert (done.returncode, done.stdout) == (0, "demo: as its files and its fingerprint say, ledger at 0003\n")


@pytest.mark.parametrize(
    ("change", "kind", "identity", "how"),
    [
        ("DROP INDEX demo.tasks_title_idx", "index", "demo.tasks_title_idx", "removed"),
        ("ALTER TABLE demo.tasks ALTER title TYPE varchar(200)", "column", "demo.tasks.title", "changed"),
        ("ALTER TABLE demo.tasks DISABLE ROW LEVEL SECURITY", "table", "demo.tasks", "changed"),
        ("DROP POLICY readers ON demo.tasks", "policy", "demo.tasks.readers", "removed"),
        ("ALTER POLICY readers ON demo.tasks USING (true)", "policy", "demo.tasks.readers", "changed"),
        (
            "CREATE OR REPLACE FUNCTION demo.answer() RETURNS integer LANGUAGE sql AS 'SELECT 43'",
            "function",
            "demo.answer()",
            "changed",
        ),
        ("GRANT SELECT ON demo.tasks TO demo_app", "grant", "demo.tasks: SELECT to demo_app", "added"),
    ],
)
def test_each_change_made_by_hand_is_found_and_nothing_else(
    tasks: Runner, change: LiteralString, kind: str, identity: str, how: str
) -> None:
    tasks.database.run(change)

    done = tasks.run("verify", "--json")

    assert done.returncode == 4
    found = [(row["kind"], row["identity"], row["change"]) for row in json.loads(done.stdout)["drift"]]
    assert found == [(kind, identity, how)]


def test_an_edited_and_a_missing_file_are_found(tasks: Runner) -> None:
    tasks.write("0002_things.sql", "CREATE TABLE demo.things (id bigint PRIMARY KEY);\n")
    (tasks.sql / "demo/migrations/0003_tasks.sql").unlink()

    done = tasks.run("verify")

    assert done.returncode == 4
    assert "demo/migrations/0002_things.sql:1: the file was edited after it was applied on" in done.stderr
    assert "demo: 0003 (tasks) is applied but its file is missing" in done.stderr


def test_drift_is_shown_object_by_object(tasks: Runner) -> None:
    tasks.database.run("ALTER TABLE demo.tasks ALTER title DROP NOT NULL")

    done = tasks.run("verify")

    assert done.stderr.splitlines() == [
        f"error: demo: 1 object not as the run of {dt.datetime.now(dt.UTC):%Y-%m-%d} left them:",
        "  change   kind    object",
        "  changed  column  demo.tasks.title: not null → -",
    ]


def test_applying_something_else_does_not_hide_drift(tasks: Runner) -> None:
    tasks.database.run("DROP INDEX demo.tasks_title_idx")
    tasks.write("0004_more.sql", "CREATE TABLE demo.more ();\n")

    done = tasks.run("apply")

    assert "demo: warning: 1 object changed by others since the last run; `verify` lists them" in done.stdout
    assert tasks.run("verify").returncode == 4
    tasks.database.run("CREATE INDEX tasks_title_idx ON demo.tasks (title)")
    tasks.database.run("ALTER INDEX demo.tasks_title_idx OWNER TO demo_owner")
    assert tasks.run("verify").returncode == 0


def test_drift_that_is_accepted_is_drift_no_more_and_stands_in_the_history(tasks: Runner) -> None:
    tasks.database.run("DROP INDEX demo.tasks_title_idx")

    done = tasks.run("verify", "--accept")

    assert done.returncode == 0
    assert "demo: accepted 1 changed object" in done.stdout
    assert tasks.run("verify").returncode == 0
    assert tasks.database.rows("SELECT action, name FROM public._schema_history ORDER BY id DESC LIMIT 1") == [
        ("accept", "removed index demo.tasks_title_idx")
    ]


def test_a_ledger_that_another_tool_moved_is_told_from_drift(tasks: Runner) -> None:
    tasks.write("0004_more.sql", "CREATE TABLE demo.more ();\n")
    with tasks.session_of_sqlx() as connection:
        connection.execute("CREATE TABLE demo.more ()")
        connection.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)"
            " VALUES (4, 'more', true, %s, 1)",
            (tasks.checksum("0004_more.sql"),),
        )

    done = tasks.run("verify")
    assert done.returncode == 4
    assert "demo: the fingerprint cannot be compared: it is older than the ledger" in done.stderr

    assert tasks.apply() == "demo: nothing to apply, ledger at 0004 (4 migrations)"
    assert tasks.run("verify").returncode == 0


def test_a_database_without_a_fingerprint_says_so(demo: Runner) -> None:
    done = demo.run("verify")
    assert done.returncode == 4
    assert done.stderr == "error: demo: there is no fingerprint to compare with; `apply` takes one\n"

    accepting = demo.run("verify", "--accept")
    assert accepting.returncode == 2
    assert accepting.stderr == (
        "error: demo: there is no fingerprint to compare with; `apply` takes one, so there is nothing to accept yet\n"
    )


def test_pending_files_are_no_difference_and_an_interrupted_one_is(tasks: Runner) -> None:
    tasks.write("0004_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY tasks_i ON demo.tasks (title);\n")
    assert tasks.run("verify").stdout == "demo: as its files and its fingerprint say, ledger at 0003\n"

    tasks.database.run(
        "INSERT INTO public._sqlx_migrations (version, description, success, checksum, execution_time)"
        " VALUES (4, 'index', false, %s, -1)",
        tasks.checksum("0004_index.sql"),
    )
    done = tasks.run("verify")
    assert done.returncode == 4
    assert done.stderr == "error: demo: 0004 (index) was interrupted; `apply` finishes it\n"


def test_a_member_who_joins_the_owner_is_found(tasks: Runner) -> None:
    with tasks.database.superuser() as superuser:
        superuser.execute("GRANT demo_owner TO demo_app")
        done = tasks.run("verify", "--json")
        superuser.execute("REVOKE demo_owner FROM demo_app")

    assert [(row["kind"], row["identity"]) for row in json.loads(done.stdout)["drift"]] == [
        ("membership", "demo_app in demo_owner")
    ]
