"""What the command says: states, documents, errors, and never a secret. One server is enough for that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.sql.databases import NEWEST
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")


def test_json_is_one_document(demo: Runner) -> None:
    done = demo.run("apply", "--json")

    document = json.loads(done.stdout)
    assert [row["version"] for row in document["applied"]] == [1, 2]
    assert document["ledger"] == {"version": 2, "migrations": 2}
    assert (document["service"], document["database"]) == ("demo", demo.database.name)


def test_json_of_a_failure_lists_the_problems(demo: Runner) -> None:
    demo.write("0003_bad.sql", "COMMIT;\n")

    done = demo.run("apply", "--json")

    assert done.returncode == 2
    assert [problem[:37] for problem in json.loads(done.stdout)["problems"]] == [
        "demo/migrations/0003_bad.sql:1: COMMI"
    ]


def test_status_tells_the_state_of_each_migration_and_changes_nothing(demo: Runner) -> None:
    fresh = demo.run("status")
    assert [line.split()[2] for line in fresh.stdout.splitlines()[1:]] == ["pending", "pending"]
    assert demo.database.rows("SELECT to_regclass('public._sqlx_migrations')") == [(None,)]

    demo.write("0003_more.sql", "SELECT 1;\n")
    demo.apply()
    demo.write("0002_things.sql", "SELECT 2;\n")
    (demo.sql / "demo/migrations/0003_more.sql").unlink()
    demo.write("0004_next.sql", "SELECT 4;\n")

    states = json.loads(demo.run("status", "--json").stdout)["migrations"]
    assert [(row["version"], row["state"]) for row in states] == [
        (1, "applied"),
        (2, "edited"),
        (3, "missing"),
        (4, "pending"),
    ]


def _without_secrets(done: subprocess.CompletedProcess[str], runner: Runner) -> bool:
    secrets = [
        runner.database.server.running.password,
        *(runner.passwords.get(r, f"s3cret'of {r}") for r in runner.roles),
    ]
    return not any(secret in done.stdout + done.stderr for secret in secrets)


def test_no_output_of_a_failing_run_holds_a_secret(demo: Runner) -> None:
    demo.write("0003_bad.sql", "SELECT wrong;\n")
    demo.write("0004_bad.sql", "ROLLBACK;\n")
    broken = demo.environment()["MASTER_SECRET"].replace("password", "pass")
    wrong = json.dumps({"username": "estate_admin", "password": "wr0ng-secret"})

    for done in (
        demo.run("apply"),
        demo.run("apply", MASTER_SECRET=broken),
        demo.run("apply", MASTER_SECRET=wrong),
        demo.run("apply", ROLE_SECRET_demo_app=demo.environment()["MASTER_SECRET"]),
    ):
        assert done.returncode != 0
        assert _without_secrets(done, demo)
        assert "wr0ng-secret" not in done.stdout + done.stderr


def test_an_unknown_service_is_refused_with_those_that_exist(demo: Runner, tmp_path: Path) -> None:
    done = demo.run("apply", ESTATE_SERVICE="nosuch")

    assert done.returncode == 2
    assert done.stderr == "error: ESTATE_SERVICE=nosuch: there is no nosuch/service.toml; known services: demo\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("apply", "--lock-wait", "-1"),
            "error: Invalid value for '--lock-wait': Input should be greater than or equal to 0",
        ),
        (("apply", "extra"), "error: Got unexpected extra argument(s) (extra)"),
        (("status", "--jsn"), "error: No such option: --jsn (Possible options: --json, --sql)"),
        (
            ("plan", "--from", "2"),
            "error: Invalid value: --from goes with --offline; with a database its ledger says what is pending",
        ),
        (
            ("plan", "--offline", "--from", "9"),
            "error: demo: --from 0009: there is no such migration; there are: 0001, 0002",
        ),
        (("verify", "--accept=yes"), "error: Option '--accept' does not take a value."),
        (("baseline",), "error: Missing option '--to'."),
        (
            ("baseline", "--to", "two"),
            "error: Invalid value for '--to': Input should be a valid integer, unable to parse string as an integer",
        ),
        (("revert", "a", "b"), "error: Got unexpected extra argument(s) (b)"),
        (("maintain", "nosuch"), "error: demo: there is no job nosuch; there are: none"),
        (("migrate",), "error: No such command 'migrate'."),
    ],
)
def test_a_wrong_command_line_is_one_clear_line(demo: Runner, words: tuple[str, ...], said: str) -> None:
    done = demo.run(*words)

    assert (done.returncode, done.stderr) == (2, f"{said}\n")
    assert demo.database.rows("SELECT to_regclass('public._sqlx_migrations')") == [(None,)]


@pytest.mark.parametrize("command", [("apply",), ("plan",), ("status",), ("verify",), ("revert",), ("maintain",)])
def test_a_wrong_environment_and_wrong_files_are_told_together(demo: Runner, command: tuple[str, ...]) -> None:
    demo.write("0003_bad.sql", "COMMIT;\n")

    done = demo.run(*command, PGPORT="none")

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: PGPORT='none' is no port; set it to a number from 1 to 65535",
        "error: demo/migrations/0003_bad.sql:1: COMMIT is transaction control, but a file is one transaction together "
        "with its ledger row; remove it",
    ]


def test_a_failed_migration_is_told_to_programs_with_all_its_parts(demo: Runner) -> None:
    demo.write("0003_bad.sql", "SELECT 1;\nSELECT wrong\n  FROM demo.things;\n")

    done = demo.run("apply", "--json")

    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert {key: document[key] for key in ("file", "line", "statement", "sqlstate", "message", "hint")} == {
        "file": "demo/migrations/0003_bad.sql",
        "line": 2,
        "statement": "SELECT wrong\n  FROM demo.things",
        "sqlstate": "42703",
        "message": 'column "wrong" does not exist',
        "hint": None,
    }


def test_the_history_tells_who_did_what_from_where_and_how_it_ended(demo: Runner) -> None:
    demo.write("0003_bad.sql", "SELECT wrong;\n")
    demo.run("apply", ESTATE_ACTOR="arn:aws:iam::123456789012:user/ada")

    rows = demo.database.rows(
        "SELECT action, version, name, outcome, actor, login::text, host <> '', address IS NOT NULL,"
        " runner_version, engine_version = current_setting('server_version'), error IS NULL"
        " FROM public._schema_history ORDER BY id"
    )
    who = ("arn:aws:iam::123456789012:user/ada", "estate_admin", True, True, "0.1.0", True)
    assert rows == [
        ("apply", 1, "0001_schema", "done", *who, True),
        ("apply", 2, "0002_things", "done", *who, True),
        ("apply", 3, "0003_bad", "failed", *who, False),
    ]
