"""The jobs of both services, on every major."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tests.sql.databases import Database, Rows
from tests.sql.runner import Runner

# A table whose partitions the jobs make.
_PARENT = {"platform": "app.notifications", "familytales": "familytales.content_segments"}


@pytest.fixture
def runner(migrated: dict[str, Database], service_name: str) -> Runner:
    return Runner(migrated[service_name], service_name)


def _partitions(runner: Runner, parent: str) -> Rows:
    return runner.database.rows(
        "SELECT inhrelid::regclass::text, pg_get_expr(relpartbound, oid), relrowsecurity"
        "  FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass ORDER BY 1",
        parent,
    )


def _run(runner: Runner) -> None:
    done = runner.run("maintain")
    assert done.returncode == 0, done.stdout


def test_jobs_that_find_nothing_to_do_change_nothing(runner: Runner, service_name: str) -> None:
    parent = _PARENT[service_name]
    before = _partitions(runner, parent)

    _run(runner)

    assert _partitions(runner, parent) == before
    assert runner.run("verify").returncode == 0


def test_a_partition_that_is_missing_is_made_as_the_migrations_made_it(runner: Runner, service_name: str) -> None:
    parent = _PARENT[service_name]
    before = _partitions(runner, parent)
    *_, (last, _, _), _ = before  # the default partition sorts behind the numbers
    with psycopg.connect(runner.database.server.running.conninfo, dbname=runner.database.name) as master:
        master.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(*last.split("."))))

    _run(runner)

    assert _partitions(runner, parent) == before
    assert runner.run("verify").returncode == 0
