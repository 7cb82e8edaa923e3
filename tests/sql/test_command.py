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
