"""Taking over a database that somebody else gave its schema."""

from __future__ import annotations

import pytest

from tests.sql.databases import NEWEST
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")


@pytest.fixture
def existing(demo: Runner) -> Runner:
    """What 0001 and 0002 make is there already, made by hand; 0003 is not."""
    demo.database.run("CREATE SCHEMA demo")
    demo.database.run("CREATE TABLE demo.things (id integer PRIMARY KEY)")
    demo.database.run("INSERT INTO demo.things VALUES (1)")
    demo.write("0003_more.sql", "CREATE TABLE public.more ();\n")
    return demo


def test_migrations_are_marked_as_applied_and_none_is_run(existing: Runner) -> None:
    done = existing.run("baseline", "--to", "2")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ("demo: marked 2 migrations as applied, nothing was run, ledger now at 0002")
    assert existing.database.rows("SELECT id FROM demo.things") == [(1,)]
    assert [(row[0], row[1], row[3], row[5]) for row in existing.ledger()] == [
        (1, "schema", True, 0),
        (2, "things", True, 0),
    ]
    assert existing.database.rows("SELECT action, version FROM public._schema_history ORDER BY id") == [
        ("baseline", 1),
        ("baseline", 2),
    ]
    assert existing.apply() == "demo: applied 1 migration (0003), ledger now at 0003"
    assert existing.run("verify").returncode == 0


def test_a_database_with_a_ledger_is_refused(demo: Runner) -> None:
    demo.apply()

    done = demo.run("baseline", "--to", "1")

    assert done.returncode == 2
    assert done.stderr == (
        "error: demo: the ledger holds 2 migrations already (up to 0002); a baseline is for a database that has none: "
        "use apply\n"
    )


def test_an_empty_database_is_refused(demo: Runner) -> None:
    done = demo.run("baseline", "--to", "2")

    assert done.returncode == 2
    assert done.stderr == (
        f"error: demo: the database {demo.database.name} is empty, so no migration was applied to it; use apply\n"
    )
    assert demo.database.rows("SELECT to_regclass('public._sqlx_migrations')") == [(None,)]


def test_a_number_without_a_file_is_refused(existing: Runner) -> None:
    done = existing.run("baseline", "--to", "7")

    assert done.returncode == 2
    assert done.stderr == "error: demo: --to 0007: there is no such migration; there are: 0001, 0002, 0003\n"
