"""`plan`: what would run, whom it would block, and what is dangerous about it. It changes nothing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.sql.databases import NEWEST, Database
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

_INDEX = "CREATE INDEX things_id ON demo.things (id);\n"


def test_each_pending_file_is_shown_with_its_locks_and_its_dangers(demo: Runner) -> None:
    demo.apply()
    demo.database.run("INSERT INTO demo.things SELECT generate_series(1, 2000)")
    demo.database.run("ANALYZE demo.things")
    demo.write("0003_index.sql", _INDEX)
    demo.write("0004_more.sql", "CREATE TABLE demo.more ();\n")
    demo.write("0005_safe.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_safe ON demo.things (id);\n")

    done = demo.run("plan")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "demo/migrations/0003_index.sql  (one transaction)"
    assert lines[1] == "     1  CREATE INDEX ON demo.things"
    assert lines[2] == "        locks demo.things: SHARE, blocks writes"
    assert lines[3] == (
        "     1  danger: index-without-concurrently: building the index keeps every write to demo.things, about 2,000 "
        "rows waiting"
    )
    assert lines[4].startswith("        safe: ")
    assert lines[5:7] == [
        "demo/migrations/0004_more.sql  (one transaction)",
        "        1 statement, no lock that anybody could wait for",
    ]
    assert lines[7] == "demo/migrations/0005_safe.sql  (CREATE INDEX CONCURRENTLY, outside a transaction)"
    assert lines[-1] == "demo: 3 migrations to apply (0003..0005), 1 danger, 0 warnings"
    assert demo.versions() == [1, 2]


def test_strict_refuses_a_danger_and_nothing_else(demo: Runner) -> None:
    demo.apply()
    demo.write("0003_index.sql", _INDEX)
    assert demo.run("plan").returncode == 0

    strict = demo.run("plan", "--strict")
    assert strict.returncode == 1
    assert strict.stderr == (
        "error: demo: 1 migration to apply (0003), 1 danger, 0 warnings: refused, for --strict allows no danger\n"
    )

    demo.write(
        "0003_index.sql", f"-- lint: allow index-without-concurrently: the table is empty until release\n{_INDEX}"
    )
    allowed = demo.run("plan", "--strict")
    assert allowed.returncode == 0
    assert "danger:" not in allowed.stdout


def test_offline_needs_no_database_and_takes_earlier_files_for_applied(demo: Runner) -> None:
    demo.write("0003_index.sql", _INDEX)
    nowhere = {"PGHOST": "", "MASTER_SECRET": ""}

    # From an empty database nobody can wait for anything.
    whole = demo.run("plan", "--offline", "--strict", **nowhere)
    assert whole.returncode == 0
    assert whole.stdout.splitlines()[-1] == "demo: 3 migrations to apply (0001..0003), 0 dangers, 0 warnings"

    later = demo.run("plan", "--offline", "--from", "3", **nowhere)
    assert "danger: index-without-concurrently" in later.stdout
    assert later.stdout.splitlines()[-1] == "demo: 1 migration to apply (0003), 1 danger, 0 warnings"


def test_offline_a_partitioned_table_is_taken_to_have_partitions_that_functions_made(
    migrated: dict[str, Database], tmp_path: Path
) -> None:
    runner = Runner(migrated["platform"], "platform", tmp_path)
    shutil.copytree(Path("sql/platform"), tmp_path / "platform")
    runner.write("0998_index.sql", "CREATE INDEX tasks_new_idx ON app.tasks (created_at);\n")
    runner.write("0999_column.sql", "ALTER TABLE app.tasks ADD COLUMN due_on date;\n")

    offline = runner.run("plan", "--offline", "--from", "998").stdout
    assert "danger: index-on-partitioned-parent: every write to app.tasks waits until all of its partitions" in offline
    assert "warning: lock-on-partitioned-parent: ACCESS EXCLUSIVE is taken on app.tasks and on all of its" in offline

    connected = runner.run("plan").stdout
    assert re.search(r"index-on-partitioned-parent: .* until all \d+ of its partitions are indexed", connected)


def test_a_database_that_has_everything_has_nothing_to_apply(demo: Runner) -> None:
    demo.apply()

    assert demo.run("plan").stdout == "demo: nothing to apply\n"


def test_json_holds_every_lock_and_finding(demo: Runner) -> None:
    demo.apply()
    demo.write("0003_column.sql", "ALTER TABLE demo.things DROP COLUMN id;\n")

    (one,) = json.loads(demo.run("plan", "--json").stdout)["pending"]

    assert (one["version"], one["transaction"]) == (3, True)
    (statement,) = one["statements"]
    assert statement["locks"] == [
        {"relation": "demo.things", "mode": "ACCESS EXCLUSIVE", "blocks": "reads and writes", "new": False}
    ]
    assert statement["renews"] == ["demo.things"]
    assert [finding["rule"] for finding in one["findings"]] == ["drop-column"]


def test_the_services_from_nothing_hold_no_danger(migrated: dict[str, Database], service_name: str) -> None:
    done = Runner(migrated[service_name], service_name).run("plan", "--offline", "--strict")

    assert done.returncode == 0, done.stdout
