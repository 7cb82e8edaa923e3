"""The job `partitions`, as the runner runs it, and the procedures that do the same by hand."""

from __future__ import annotations

import json

import pytest

from tests.sql.databases import Database
from tests.sql.partitions.world import World, month
from tests.sql.runner import Runner


@pytest.fixture
def runner(committed: World, database: Database) -> Runner:
    assert committed.owner.bounds("app.tasks")
    return Runner(database, "platform")


def test_the_job_drains_makes_and_removes_and_the_next_one_finds_nothing_to_do(
    committed: World, runner: Runner
) -> None:
    owner = committed.owner
    late, stays = committed.task("2030-05-05"), committed.task(month(0), "todo")
    committed.old_partition(-30)
    committed.task(month(-30))
    for gap in (3, 6):
        owner.connection.execute(f"DROP TABLE part.tasks_{month(gap):%Y_%m}")

    done = runner.run("maintain", "partitions", "--json")

    assert done.returncode == 0, done.stdout
    (job,) = json.loads(done.stdout)["jobs"]
    # Five queries; one drained, two made, one portion purged, one dropped.
    assert (job["outcome"], job["statements"]) == ("done", 5 + 5)
    assert {task for (task,) in owner.rows("SELECT id FROM app.tasks")} == {late, stays}
    assert f"part.tasks_{month(-30):%Y_%m}" not in owner.bounds("app.tasks")
    assert {f"part.tasks_{month(gap):%Y_%m}" for gap in (3, 6)} <= owner.bounds("app.tasks").keys()
    assert committed.counts() == {"app.tasks": 2, "app.task_ids": 2, "app.comments": 2, "app.attachments": 2}

    again = json.loads(runner.run("maintain", "partitions", "--json").stdout)["jobs"][0]
    assert (again["outcome"], again["statements"]) == ("done", 5)
    drift = runner.run("verify", "--json")
    assert json.loads(drift.stdout)["drift"] == []


def test_what_is_in_the_way_of_one_partition_fails_the_job_after_everything_else_is_done(
    committed: World, runner: Runner
) -> None:
    owner = committed.owner
    in_the_way, gap = f"tasks_{month(12):%Y_%m}", f"part.notifications_{month(6):%Y_%m}"
    owner.connection.execute(f"DROP TABLE part.{in_the_way}; CREATE TABLE part.{in_the_way} (); DROP TABLE {gap}")

    done = runner.run("maintain", "partitions", "--json")

    assert done.returncode == 1
    failure = json.loads(done.stdout)["jobs"][0]["failure"]
    assert failure["sqlstate"] == "55000"
    assert failure["message"].endswith(
        f"would be called part.{in_the_way}, but that is something else, and no partition"
    )
    assert failure["hint"] == f"ALTER TABLE part.{in_the_way} RENAME TO a name of its own."
    assert gap in owner.bounds("app.notifications")


def test_a_purge_that_ended_half_way_is_finished_by_the_next_run(committed: World, runner: Runner) -> None:
    owner = committed.owner
    leaf = committed.old_partition(-30)
    committed.tasks(7000, month(-30))
    # What a run that was killed after its first portion leaves.
    assert owner.one("SELECT ops.purge_partition(%s)", leaf) == 5000
    assert committed.counts() == {"app.tasks": 2000, "app.task_ids": 2000, "app.comments": 2000, "app.attachments": 0}

    done = runner.run("maintain", "partitions")

    assert done.returncode == 0, done.stdout
    assert committed.counts() == {"app.tasks": 0, "app.task_ids": 0, "app.comments": 0, "app.attachments": 0}
    assert leaf not in owner.bounds("app.tasks")


def test_by_hand_each_step_commits_and_a_dry_run_only_tells(committed: World) -> None:
    owner = committed.owner
    old, gap = committed.old_partition(-30), f"tasks_{month(3):%Y_%m}"
    owner.connection.execute(f"DROP TABLE part.{gap}")
    before = owner.bounds("app.tasks")
    steps = [
        f"SELECT ops.create_partition('app.tasks', '{gap}', '{month(3):%Y-%m-%d}', '{month(4):%Y-%m-%d}')",
        f"SELECT ops.expire_partition('{old}')",
    ]

    owner.do("CALL ops.maintain_partitions(dry_run => true)")
    assert owner.told == steps
    assert owner.bounds("app.tasks") == before

    # A table of that name keeps the check at the end from succeeding; what came before is committed.
    owner.connection.execute(f"DROP TABLE part.tasks_{month(12):%Y_%m}; CREATE TABLE part.tasks_{month(12):%Y_%m} ()")
    assert owner.refused_outside("CALL ops.maintain_partitions()").sqlstate == "55000"
    after = owner.bounds("app.tasks")
    assert f"part.{gap}" in after
    assert old not in after


def test_the_names_of_the_first_design_read_the_policy(committed: World) -> None:
    owner = committed.owner
    leaves = [committed.old_partition(distance) for distance in (-30, -28, -25)]

    owner.do("CALL ops.create_monthly_partitions('app', 'tasks', 14)")
    assert {f"part.tasks_{month(ahead):%Y_%m}" for ahead in (13, 14)} <= owner.bounds("app.tasks").keys()

    # Longer than the policy keeps it, as long as it is told; never shorter.
    owner.do("CALL ops.drop_old_partitions('app', 'tasks', 28)")
    assert [leaf in owner.bounds("app.tasks") for leaf in leaves] == [False, True, True]
    owner.do("CALL ops.drop_old_partitions('app', 'tasks', 1)")
    assert [leaf in owner.bounds("app.tasks") for leaf in leaves] == [False, False, False]
    assert f"part.tasks_{month(-1):%Y_%m}" in owner.bounds("app.tasks")

    said = owner.refused_outside("CALL ops.create_monthly_partitions('app', 'projects')")
    assert said.message_primary == "app.projects has no policy, or belongs to somebody else than platform_owner"
