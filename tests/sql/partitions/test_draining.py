"""Rows for which there was no partition are moved into one as soon as it is made, and nobody notices."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.sql.partitions.world import Owner, World, month

_IN_DEFAULT = "SELECT count(*) FROM part.tasks_default"
_TRIGGERS = "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'part.tasks_default'::regclass ORDER BY 1, 2"


def test_tasks_and_what_hangs_on_them_are_the_same_before_and_after(world: World) -> None:
    owner = world.owner
    first = world.task("2030-01-31 23:59:59.999999+00")
    world.task("2030-02-01 00:00:00+00", "todo", parent=first)
    world.task(month(-6))
    before = world.everything()
    assert owner.one(_IN_DEFAULT) == 3

    done = owner.follow("partitions_to_drain()")

    assert [run.split("'")[3] for run in done] == [f"tasks_{month(-6):%Y_%m}", "tasks_2030_01", "tasks_2030_02"]
    assert owner.one(_IN_DEFAULT) == 0
    assert owner.rows("SELECT tableoid::regclass::text, count(*) FROM app.tasks GROUP BY 1 ORDER BY 1") == [
        (f"part.tasks_{month(-6):%Y_%m}", 1),
        ("part.tasks_2030_01", 1),
        ("part.tasks_2030_02", 1),
    ]
    # updated_at, which a trigger keeps, and sub-tasks among them.
    assert world.everything() == before
    assert owner.maintain() == []
    owner.do("SELECT ops.check_partitions()")


def test_triggers_are_on_or_off_afterwards_as_they_were_before(world: World) -> None:
    owner = world.owner
    owner.connection.execute(
        "ALTER TABLE part.tasks_default DISABLE TRIGGER register;"
        "ALTER TABLE part.tasks_default ENABLE ALWAYS TRIGGER unregister;"
        "ALTER TABLE part.tasks_default ENABLE REPLICA TRIGGER set_timestamp"
    )
    before = owner.rows(_TRIGGERS)
    owner.do("ALTER TABLE part.tasks_default ENABLE TRIGGER register")
    world.task("2030-01-01")
    owner.do("SET CONSTRAINTS ALL IMMEDIATE")
    owner.do("ALTER TABLE part.tasks_default DISABLE TRIGGER register")

    owner.maintain()

    assert owner.rows(_TRIGGERS) == before
    assert {state for _, state in before} == {"A", "D", "O", "R"}
    assert world.counts() == {"app.tasks": 1, "app.task_ids": 1, "app.comments": 1, "app.attachments": 1}


def test_in_the_new_partition_triggers_and_foreign_keys_hold(world: World) -> None:
    owner = world.owner
    deleted, taken = world.task("2030-01-01"), world.task("2030-01-02")
    owner.maintain()

    keys = (
        "SELECT conname, confrelid, convalidated FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f' ORDER BY 1"
    )
    assert owner.rows(keys, "part.tasks_2030_01") == owner.rows(keys, "app.tasks")
    assert all(valid for _, _, valid in owner.rows(keys, "app.tasks"))
    with pytest.raises(errors.ForeignKeyViolation), owner.connection.transaction():
        owner.do("UPDATE part.tasks_2030_01 SET reporter_id = gen_random_uuid()")
    owner.do("DELETE FROM app.tasks WHERE id = %s", deleted)
    owner.do("DELETE FROM app.task_ids WHERE id = %s", taken)

    assert world.counts() == {"app.tasks": 0, "app.task_ids": 0, "app.comments": 0, "app.attachments": 0}


def test_at_most_two_dozen_intervals_are_drained_at_once_the_oldest_first(world: World) -> None:
    for ahead in range(20, 50):
        world.task(month(ahead))

    assert [len(world.owner.follow("partitions_to_drain()")) for _ in range(3)] == [24, 6, 0]
    assert world.owner.one(_IN_DEFAULT) == 0


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "12000-01-01", "0044-03-15 BC"])
def test_a_row_beyond_all_calendars_stays_and_is_told(world: World, moment: str) -> None:
    world.task(moment)

    assert world.owner.maintain() == []

    said = world.owner.refused("SELECT ops.check_partitions()")
    assert said.message_primary == "part.tasks_default holds rows that have no partition: 1"
    assert said.sqlstate == "55000"


def test_rows_that_cannot_be_drained_are_told_with_what_is_in_the_way(world: World) -> None:
    world.owner.do("CREATE TABLE part.tasks_2030_01 ()")
    world.task("2030-01-01")
    world.task("2030-02-01")

    assert [run.split("'")[3] for run in world.owner.maintain()] == ["tasks_2030_02"]

    assert world.owner.refused("SELECT ops.check_partitions()").message_primary == (
        "part.tasks_default holds rows that have no partition: 1; the partition of app.tasks from 2030-01-01 to "
        "2030-02-01 would be called part.tasks_2030_01, but that is something else, and no partition"
    )


def test_how_many_rows_have_no_partition_is_told_for_each_table(owner: Owner) -> None:
    World(owner).task("2030-01-01")
    assert owner.rows(
        "SELECT parent::text, partition::text, held FROM ops.default_partition_rows()"
        " WHERE parent IN ('app.tasks'::regclass, 'app.notifications'::regclass)"
    ) == [("app.notifications", "part.notifications_default", 0), ("app.tasks", "part.tasks_default", 1)]
