"""Our runner and sqlx's own command on one ledger, in both directions. Needs sqlx-cli: `make test-sqlx`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.sql.databases import NEWEST
from tests.sql.runner import Runner, finish
from tests.sql.sqlx_command import Sqlx

pytestmark = [pytest.mark.sqlx, pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")]


@pytest.fixture
def other(demo: Runner) -> Sqlx:
    """The service has a migrator, as both real ones have; its third migration is a pair."""
    path: Path = demo.sql / "demo/service.toml"
    path.write_text(
        path.read_text() + '\n[[login_roles]]\nname = "demo_migrator"\npurpose = "sqlx"\npooled = false\n'
        'member_of = ["demo_owner"]\nsettings = { role = "demo_owner" }\n'
    )
    demo.write("0003_pair.up.sql", "CREATE VIEW demo.names AS SELECT id FROM demo.things;\n")
    demo.write("0003_pair.down.sql", "DROP VIEW demo.names;\n")
    return Sqlx(demo)


def _states(runner: Runner) -> list[str]:
    return [line.split()[2] for line in runner.run("status").stdout.splitlines()[1:]]


def test_sqlx_goes_on_where_we_stopped_and_we_where_it_stopped(other: Sqlx) -> None:
    runner = other.runner
    runner.apply()
    runner.write("0004_more.sql", "CREATE TABLE demo.more ();\n")
    runner.write("0005_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")

    assert [line.split("(")[0] for line in other.run("run").splitlines()] == [
        "Applied 4/migrate more ",
        "Applied 5/migrate index ",
    ]

    runner.write("0006_last.sql", "CREATE TABLE demo.last ();\n")
    assert _states(runner) == [*["applied"] * 5, "pending"]
    assert runner.apply() == "demo: applied 1 migration (0006), ledger now at 0006"
    assert other.run("run") == ""
    assert runner.run("verify").returncode == 0


def test_info_shows_what_our_status_shows(other: Sqlx) -> None:
    runner = other.runner
    runner.apply()
    runner.write("0004_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")
    runner.apply()
    runner.write("0005_more.sql", "CREATE TABLE demo.more ();\n")

    shown = [re.match(r"(\d+)/(\w+) ", line) for line in other.run("info").splitlines()]

    assert [(match[1], match[2]) for match in shown if match] == [
        ("1", "installed"), ("2", "installed"), ("3", "installed"), ("4", "installed"), ("5", "pending"),
    ]  # fmt: skip
    assert _states(runner) == [*["applied"] * 4, "pending"]


def test_a_link_to_a_shared_file_is_a_file_for_both(other: Sqlx) -> None:
    runner = other.runner
    runner.apply()
    (runner.sql / "shared.sql").write_text("CREATE TABLE demo.shared ();\n")
    for number in (4, 5):
        link = runner.sql / f"demo/migrations/000{number}_shared.sql"
        link.symlink_to("../../shared.sql")
        if number == 4:
            assert [line.split("(")[0] for line in other.run("run").splitlines()] == ["Applied 4/migrate shared "]
            runner.database.run("ALTER TABLE demo.shared RENAME TO other")

    assert runner.apply() == "demo: applied 1 migration (0005), ledger now at 0005"
    assert other.run("run") == ""
    assert {row[:1] + row[3:5] for row in runner.ledger() if row[0] > 3} == {
        (number, True, runner.checksum(f"000{number}_shared.sql")) for number in (4, 5)
    }


def test_an_edited_file_is_one_for_both(other: Sqlx) -> None:
    runner = other.runner
    runner.apply()
    runner.write("0002_things.sql", "CREATE TABLE demo.things (id bigint PRIMARY KEY);\n")

    assert "different checksum" in other.run("info")
    assert _states(runner) == ["applied", "edited", "applied"]
    assert finish(other.start("run")).returncode != 0
    assert runner.run("apply").returncode == 2


def test_a_pair_is_reverted_from_both_sides(other: Sqlx) -> None:
    runner = other.runner
    runner.apply()

    assert "3/revert pair" in other.run("revert")
    assert runner.versions() == [1, 2]
    assert runner.database.rows("SELECT to_regclass('demo.names')") == [(None,)]

    assert "3/migrate pair" in other.run("run")
    assert runner.run("revert").returncode == 0
    assert runner.versions() == [1, 2]
    assert runner.database.rows("SELECT to_regclass('demo.names')") == [(None,)]
    assert runner.apply() == "demo: applied 1 migration (0003), ledger now at 0003"


def test_an_interrupted_file_stops_sqlx_until_we_have_finished_it(other: Sqlx) -> None:
    runner = other.runner
    runner.write("0004_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")
    runner.apply()
    runner.database.run("UPDATE public._sqlx_migrations SET success = false WHERE version = 4")

    stopped = finish(other.start("run"))
    assert stopped.returncode != 0
    assert "4 is partially applied" in stopped.stdout

    runner.apply()
    assert other.run("run") == ""


@pytest.mark.parametrize("ours_first", [True, False])
@pytest.mark.parametrize("round_", range(5))
def test_both_started_together_leave_each_migration_applied_once(other: Sqlx, ours_first: bool, round_: int) -> None:
    """sqlx's command takes no lock: whoever comes second at a file fails at it, and nothing of its attempt stays."""
    runner = other.runner
    runner.apply()
    names = [f"{number:04}_t{number}" for number in range(4, 14)]
    for name in names:
        text = f"CREATE TABLE demo.{name[5:]} (id int);\nINSERT INTO demo.things VALUES ({int(name[:4])});\n"
        runner.write(f"{name}.sql", text + "SELECT pg_sleep(0.02);\n")
    runner.write("0014_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY things_id ON demo.things (id);\n")

    processes: dict[str, subprocess.Popen[str]] = {}
    for whose in ("ours", "theirs") if ours_first else ("theirs", "ours"):
        processes[whose] = runner.start("apply") if whose == "ours" else other.start("run")
    ours, theirs = finish(processes["ours"]), finish(processes["theirs"])

    assert ours.returncode == 0, ours.stdout + ours.stderr
    assert theirs.returncode in (0, 1)
    assert runner.versions() == list(range(1, 15))
    assert all(row[3] for row in runner.ledger())
    assert runner.database.rows("SELECT count(*) FROM demo.things") == [(10,)]
    assert other.run("run") == ""
    # What sqlx applied is in the fingerprint after our next run.
    assert runner.apply() == "demo: nothing to apply, ledger at 0014 (14 migrations)"
    assert runner.run("verify").returncode == 0
