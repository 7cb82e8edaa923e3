"""The example program as a newcomer starts it after `make up`: through the real pooler, against a real replica."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.clone import Clone
from tests.e2e.example_steps import STEPS

DIRECT = ("--role", "master", "--direct")


@pytest.fixture(scope="module")
def running(clone: Clone) -> Clone:
    """A running cloud with this service alone: the other one would only cost time."""

    def only_platform(estate: dict[str, Any]) -> None:
        estate["services"] = [service for service in estate["services"] if service["name"] == "platform"]

    clone.configure("local", only_platform)
    clone.dbctl("local", "up")
    return clone


def example(clone: Clone) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.platform_app", "-s", "local"],
        cwd=clone.path,
        env=clone.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_without_a_running_cloud_it_says_how_to_start_one(clone: Clone) -> None:
    done = example(clone)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the local cloud is not running: start it with `make up` (or `dbctl local up`)\n"


def test_it_prints_a_row_for_each_step_and_no_secret(running: Clone) -> None:
    done = example(running)

    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == ["step", "as", "result"]
    assert [tuple(re.split(r" {2,}", line.rstrip())) for line in lines] == STEPS
    # A token has 43 characters, a digest 64.
    assert not re.search(r"[A-Za-z0-9_-]{22,}", done.stdout)


def test_it_runs_again_in_the_same_database(running: Clone) -> None:
    assert example(running).returncode == 0


def test_it_went_through_the_pooler_in_transaction_mode_and_prepared_nothing(running: Clone) -> None:
    # Server connections stay open for a while after their clients are gone.
    query = (
        "select json_agg(distinct usename) from pg_stat_activity"
        " where usename like 'platform\\_%' and client_addr is not null"
    )
    assert set(json.loads(running.psql("platform", query, *DIRECT))) >= {"platform_app", "platform_auth"}
    assert running.psql("platform", "select count(*) from pg_prepared_statements") == "0"


def test_the_log_of_the_server_knows_the_requests(running: Clone) -> None:
    query = "select count(distinct request_id) from audit.audit_log where table_name = 'projects' and action = 'INSERT'"
    as_staff = ("--role", "platform_support", "--direct")
    assert running.psql("platform", query, *as_staff) == "6"
