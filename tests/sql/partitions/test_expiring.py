"""What has expired goes, with what hangs on it; what is open stays; and nothing else is touched."""

from __future__ import annotations

from tests.sql.partitions.world import Owner, World, month

_LOOK_ALIKE = (
    "tasks2",
    '"tasksArchive"',
    "tasks_2023_q4_board_report",
    "tasks_1_import_mapping",
    "tasks_2019_01",
    "events1",
    "notifications_2019_01",
)


def _bystanders(owner: Owner) -> int:
    return int(
        owner.one(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND NOT relispartition"
            " AND relnamespace IN ('app'::regnamespace, 'part'::regnamespace, 'audit'::regnamespace)"
            " AND quote_ident(relname) = ANY (%s)",
            list(_LOOK_ALIKE),
        )
    )


def test_bounds_decide_and_names_do_not(world: World) -> None:
    owner = world.owner
    for schema in ("app", "part", "audit"):
        for name in _LOOK_ALIKE:
            owner.connection.execute(f"CREATE TABLE {schema}.{name} (kept text)")
    # Old by its name and young by its bounds, and the other way round.
    young, old = f"{month(-3):%Y-%m-%d}", f"{month(-40):%Y-%m-%d}"
    owner.connection.execute(
        f"CREATE TABLE part.tasks_2001_01 PARTITION OF app.tasks FOR VALUES FROM ('{young} 00:00:00+00') TO"
        f" ('{month(-2):%Y-%m-%d} 00:00:00+00');"
        f"CREATE TABLE part.tasks_2999_01 PARTITION OF app.tasks FOR VALUES FROM ('{old} 00:00:00+00') TO"
        f" ('{month(-39):%Y-%m-%d} 00:00:00+00')"
    )
    last_kept, first_gone = world.old_partition(-24), world.old_partition(-25)
    before = owner.bounds("app.tasks")

    done = owner.maintain()

    assert done == ["SELECT ops.expire_partition('part.tasks_2999_01')", f"SELECT ops.expire_partition('{first_gone}')"]
    assert before.keys() - owner.bounds("app.tasks").keys() == {"part.tasks_2999_01", first_gone}
    assert {last_kept, "part.tasks_2001_01"} <= owner.bounds("app.tasks").keys()
    assert _bystanders(owner) == 3 * len(_LOOK_ALIKE)


def test_notifications_go_with_their_partition(world: World) -> None:
    owner = world.owner
    for created in (month(-6), month(-7), month(-8)):
        owner.do(
            "INSERT INTO app.notifications (user_id, type, title, created_at) VALUES (%s, 'a', 'a', %s)",
            world.user, created,
        )  # fmt: skip

    done = owner.maintain()

    # Late rows get a partition first, and it goes by the same rule.
    assert [run for run in done if "expire" in run or "purge" in run] == [
        f"SELECT ops.expire_partition('part.notifications_{month(distance):%Y_%m}')" for distance in (-8, -7)
    ]
    assert owner.rows("SELECT created_at FROM app.notifications") == [(month(-6),)]


def test_a_partition_with_an_open_task_is_kept_and_told(world: World) -> None:
    owner = world.owner
    leaf = world.old_partition(-30)
    world.task(month(-30))
    still = [world.task(month(-30), status) for status in ("todo", "blocked")]
    before = world.everything()

    assert owner.maintain() == []
    owner.do("SELECT ops.check_partitions()")

    assert owner.told == [f"{leaf} has expired but is kept, because it has 2 open rows"]
    assert owner.rows("SELECT partition::text, held_because FROM ops.partition_report WHERE expired") == [
        (leaf, "2 open rows")
    ]
    assert world.everything() == before

    # By hand it is no different.
    owner.told.clear()
    owner.do("SELECT ops.expire_partition(%s)", leaf)
    assert owner.told == [f"{leaf} has expired but is kept, because it has 2 open rows"]
    assert world.everything() == before

    owner.do("UPDATE app.tasks SET status = 'done', updated_at = '2001-01-02' WHERE id = %s", still[0])
    owner.do("UPDATE app.tasks SET deleted_at = now(), updated_at = '2001-01-02' WHERE id = %s", still[1])
    assert owner.maintain() == [f"SELECT ops.purge_partition('{leaf}')", f"SELECT ops.expire_partition('{leaf}')"]
    assert leaf not in owner.bounds("app.tasks")


def test_an_old_task_that_is_finished_today_or_commented_on_is_there_tomorrow(world: World) -> None:
    owner = world.owner
    leaf = world.old_partition(-30)
    finished, discussed = world.task(month(-30), "todo"), world.task(month(-30))
    owner.do("UPDATE app.tasks SET status = 'done' WHERE id = %s", finished)
    owner.do(
        "INSERT INTO app.comments (organization_id, task_id, content) VALUES (%s, %s, 'why?')",
        world.organization, discussed,
    )  # fmt: skip
    before = world.everything()

    assert owner.maintain() == []
    assert owner.rows("SELECT held_because FROM ops.partition_report WHERE expired") == [("2 open rows",)]
    assert world.everything() == before

    owner.do("UPDATE app.tasks SET updated_at = now() - interval '91 days' WHERE id = %s", finished)
    owner.do("UPDATE app.comments SET created_at = now() - interval '91 days'")
    assert owner.maintain() == [f"SELECT ops.purge_partition('{leaf}')", f"SELECT ops.expire_partition('{leaf}')"]


def test_what_hangs_on_a_task_goes_with_it_and_sub_tasks_elsewhere_stay(world: World) -> None:
    owner = world.owner
    world.old_partition(-30)
    gone = world.task(month(-30))
    child = world.task(month(0), "todo", parent=gone)

    owner.maintain()

    assert owner.rows("SELECT id, parent_task_id FROM app.tasks") == [(child, None)]
    assert world.counts() == {"app.tasks": 1, "app.task_ids": 1, "app.comments": 1, "app.attachments": 1}


def test_many_tasks_go_in_portions(world: World) -> None:
    owner = world.owner
    leaf = world.old_partition(-30)
    world.tasks(5001, month(-30))

    statements = owner.rows("SELECT run FROM ops.partitions_to_purge()")

    assert statements == [(f"SELECT ops.purge_partition('{leaf}')",)] * 2
    assert owner.one("SELECT ops.purge_partition(%s)", leaf) == 5000
    assert world.counts() == {"app.tasks": 1, "app.task_ids": 1, "app.comments": 1, "app.attachments": 0}
    # The partition does not go while it has rows that others hang on.
    owner.do("SELECT ops.expire_partition(%s)", leaf)
    assert owner.told == [f"{leaf} has expired but is kept, because it has rows that are not purged yet"]
    assert owner.one("SELECT ops.purge_partition(%s)", leaf) == 1
    owner.do("SELECT ops.expire_partition(%s)", leaf)
    assert leaf not in owner.bounds("app.tasks")


def test_a_task_that_is_opened_again_while_others_go_stays(world: World) -> None:
    owner = world.owner
    leaf = world.old_partition(-30)
    stays = world.task(month(-30))
    world.task(month(-30))
    statements = owner.rows("SELECT run FROM ops.partitions_to_purge()")
    owner.do("UPDATE app.tasks SET status = 'todo' WHERE id = %s", stays)

    for (statement,) in statements:
        owner.connection.execute(statement)

    assert owner.maintain() == []
    assert owner.rows("SELECT id FROM app.tasks") == [(stays,)]
    assert world.counts() == {"app.tasks": 1, "app.task_ids": 1, "app.comments": 1, "app.attachments": 1}
    assert leaf in owner.bounds("app.tasks")


def test_a_partition_that_has_not_expired_is_not_removed_by_hand_either(world: World) -> None:
    leaf = world.old_partition(-24)
    for function in ("expire_partition", "purge_partition"):
        said = world.owner.refused(f"SELECT ops.{function}(%s)", leaf)
        assert said.message_primary is not None
        assert said.message_primary.startswith(f"{leaf} is no partition that ")
    said = world.owner.refused("SELECT ops.expire_partition('part.tasks_default')")
    assert said.message_primary == "part.tasks_default is no partition that has expired"


def test_how_long_something_is_kept_is_changed_in_its_row(world: World) -> None:
    owner = world.owner
    leaves = [world.old_partition(distance) for distance in (-15, -14, -13)]
    assert owner.maintain() == []

    owner.do("UPDATE ops.partition_policy SET keep = NULL WHERE prefix = 'tasks'")
    assert owner.maintain() == []
    owner.do("UPDATE ops.partition_policy SET keep = '13 months' WHERE prefix = 'tasks'")
    assert owner.maintain() == [f"SELECT ops.expire_partition('{leaf}')" for leaf in leaves[:2]]
