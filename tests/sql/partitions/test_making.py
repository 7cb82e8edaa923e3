"""Partitions are made as the policy wants them, whatever is there already."""

from __future__ import annotations

import pytest

from tests.sql.partitions.world import Owner, World, month

_LOGS = """
CREATE TABLE app.logs (
    number bigint      GENERATED ALWAYS AS IDENTITY,
    at     timestamptz NOT NULL,
    body   text        NOT NULL,
    words  tsvector    GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED,
    PRIMARY KEY (number, at)
) PARTITION BY RANGE (at);
CREATE INDEX logs_words ON app.logs USING gin (words);
SELECT ops.create_default_partition('app.logs', 'logs_default');
INSERT INTO ops.partition_policy (parent, every, premake, keep, prefix)
VALUES ('app.logs', '1 day', 3, '10 days', 'logs');
"""


def _shape(owner: Owner, leaf: str) -> object:
    """What a partition is like, without its name and bounds."""
    return owner.rows(
        "SELECT relrowsecurity, reloptions,"
        " (SELECT array_agg(entry::text ORDER BY entry::text) FROM unnest(relacl) AS entry), relowner::regrole::text,"
        " (SELECT count(*) FROM pg_policy WHERE polrelid = leaf.oid),"
        " (SELECT array_agg((contype, convalidated, coninhcount, conislocal)::text ORDER BY contype, coninhcount,"
        "  conislocal) FROM pg_constraint WHERE conrelid = leaf.oid),"
        " (SELECT array_agg(inhparent::regclass::text ORDER BY inhparent) FROM pg_index JOIN pg_inherits"
        "  ON inhrelid = indexrelid WHERE indrelid = leaf.oid),"
        " (SELECT array_agg((tgname, tgenabled, tgparentid <> 0)::text ORDER BY tgname) FROM pg_trigger"
        "  WHERE tgrelid = leaf.oid AND NOT tgisinternal)"
        " FROM pg_class AS leaf WHERE oid = %s::regclass",
        leaf,
    )


def test_after_the_migrations_there_is_nothing_to_do(owner: Owner) -> None:
    assert owner.maintain() == []
    owner.do("SELECT ops.check_partitions()")
    assert owner.told == []


def test_making_a_partition_twice_is_making_it_once(world: World) -> None:
    before = world.owner.bounds("app.tasks")
    for _ in range(2):
        world.old_partition(-30)

    assert world.owner.bounds("app.tasks").keys() - before.keys() == {f"part.tasks_{month(-30):%Y_%m}"}


def test_gaps_are_filled_and_nothing_else_is_made(owner: Owner) -> None:
    before = owner.bounds("app.tasks")
    gaps = [f"tasks_{month(distance):%Y_%m}" for distance in (2, 5)]
    like = _shape(owner, f"part.tasks_{month(3):%Y_%m}")
    for gap in gaps:
        owner.connection.execute(f"DROP TABLE part.{gap}")

    assert owner.maintain() == [
        f"SELECT ops.create_partition('app.tasks', '{gap}', '{month(at):%Y-%m-%d}', '{month(at + 1):%Y-%m-%d}')"
        for gap, at in zip(gaps, (2, 5), strict=True)
    ]

    assert owner.bounds("app.tasks") == before
    # The first ones were made by migrations.
    assert [_shape(owner, f"part.{gap}") for gap in gaps] == [like, like]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "Pacific/Kiritimati"])
def test_bounds_are_utc_whatever_the_sessions_time_zone(owner: Owner, zone: str) -> None:
    before = owner.bounds("app.notifications")
    owner.do("UPDATE ops.partition_policy SET premake = 8 WHERE prefix = 'notifications'")
    owner.do("SELECT set_config('timezone', %s, true), set_config('datestyle', 'German', true)", zone)

    owner.maintain()

    after = owner.bounds("app.notifications")
    assert {name: after[name] for name in after.keys() - before.keys()} == {
        f"part.notifications_{month(ahead):%Y_%m}": f"FOR VALUES FROM ('{month(ahead):%Y-%m-%d} 00:00:00+00') TO "
        f"('{month(ahead + 1):%Y-%m-%d} 00:00:00+00')"
        for ahead in (7, 8)
    }
    assert owner.maintain() == []


def test_identity_and_generated_columns_are_as_in_the_table(owner: Owner) -> None:
    owner.connection.execute(_LOGS)
    insert = "INSERT INTO app.logs (at, body) SELECT now() + day * interval '1 day', 'day ' || day"
    owner.connection.execute(f"{insert} FROM generate_series(-2, 2) AS day")
    before = owner.rows("SELECT number, at, body, words FROM app.logs ORDER BY number")
    assert owner.one("SELECT count(*) FROM part.logs_default") == 5

    done = owner.maintain()

    assert len(done) == 6  # five days with rows, and the one of the next three that has none
    assert owner.rows("SELECT number, at, body, words FROM app.logs ORDER BY number") == before
    assert owner.rows("SELECT held FROM ops.default_partition_rows() WHERE parent = 'app.logs'::regclass") == [(0,)]
    owner.connection.execute(f"{insert} FROM generate_series(3, 3) AS day")
    assert owner.rows("SELECT number, words FROM app.logs WHERE at > now() + interval '60 hours'") == [
        (6, "'3':2 'day':1")
    ]


def test_a_table_of_that_name_is_left_alone_and_told_with_the_mend(owner: Owner) -> None:
    name = f"tasks_{month(4):%Y_%m}"
    owner.connection.execute(f"DROP TABLE part.{name}; CREATE TABLE part.{name} (mine text)")
    # One of another table does not stand in the way of this one's.
    owner.connection.execute(f"DROP TABLE part.notifications_{month(4):%Y_%m}")
    before = owner.bounds("app.tasks")
    problem = (
        f"the partition of app.tasks from {month(4):%Y-%m-%d} to {month(5):%Y-%m-%d} would be called part.{name}, "
        "but that is something else, and no partition"
    )

    assert [run.split("'")[1] for run in owner.maintain()] == ["app.notifications"]

    said = owner.refused("SELECT ops.check_partitions()")
    assert (said.message_primary, said.sqlstate) == (problem, "55000")
    assert said.message_hint == f"ALTER TABLE part.{name} RENAME TO a name of its own."
    said = owner.refused("SELECT ops.create_partition('app.tasks', %s, %s, %s)", name, month(4).date(), month(5).date())
    assert (said.message_primary, said.sqlstate) == (problem, "42P07")
    assert owner.bounds("app.tasks") == before
    assert owner.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", f"part.{name}"
    ) == [("mine",)]


def test_a_partition_of_that_name_with_other_bounds_is_told(owner: Owner) -> None:
    name = f"tasks_{month(12):%Y_%m}"
    owner.connection.execute(
        f"DROP TABLE part.{name}; CREATE TABLE part.{name} PARTITION OF app.tasks"
        " FOR VALUES FROM ('2031-01-01 00:00:00+00') TO ('2032-01-01 00:00:00+00')"
    )

    assert owner.maintain() == []

    assert owner.refused("SELECT ops.check_partitions()").message_primary == (
        f"the partition of app.tasks from {month(12):%Y-%m-%d} to {month(13):%Y-%m-%d} would be called part.{name}, "
        "but that is a partition of app.tasks from 2031-01-01 to 2032-01-01"
    )


def test_a_partition_that_overlaps_is_told(owner: Owner) -> None:
    owner.connection.execute(
        f"DROP TABLE part.tasks_{month(12):%Y_%m}; CREATE TABLE part.half_a_month PARTITION OF app.tasks"
        f" FOR VALUES FROM ('{month(12):%Y-%m}-10 00:00:00+00') TO ('{month(12):%Y-%m}-20 12:00:00+00')"
    )

    assert owner.maintain() == []

    said = owner.refused("SELECT ops.check_partitions()")
    assert said.message_primary == (
        f"the partition of app.tasks from {month(12):%Y-%m-%d} to {month(13):%Y-%m-%d} would overlap "
        f"part.half_a_month, which is from {month(12):%Y-%m}-10 to {month(12):%Y-%m}-20 12:00:00+00"
    )
    assert said.message_hint == (
        "ALTER TABLE app.tasks DETACH PARTITION part.half_a_month, insert its rows into app.tasks, and drop it."
    )


def test_what_larger_partitions_cover_is_not_wanted(owner: Owner) -> None:
    for ahead in (11, 12):
        owner.connection.execute(f"DROP TABLE part.tasks_{month(ahead):%Y_%m}")
    owner.connection.execute(
        "CREATE TABLE part.two_months PARTITION OF app.tasks"
        f" FOR VALUES FROM ('{month(11):%Y-%m-%d} 00:00:00+00') TO ('{month(13):%Y-%m-%d} 00:00:00+00')"
    )

    assert owner.maintain() == []
    owner.do("SELECT ops.check_partitions()")


def test_without_the_next_partition_the_check_fails(owner: Owner) -> None:
    owner.connection.execute(f"DROP TABLE part.tasks_{month(1):%Y_%m}; DROP TABLE part.tasks_{month(7):%Y_%m}")

    said = owner.refused("SELECT ops.check_partitions()")

    # One that is further ahead is made with the next run, in good time.
    assert said.message_primary == f"app.tasks has no partition from {month(1):%Y-%m-%d} to {month(2):%Y-%m-%d}"


def test_policies_that_open_the_whole_table_open_its_partitions(owner: Owner) -> None:
    owner.connection.execute(
        "CREATE POLICY open_to_some ON app.tasks FOR SELECT TO platform_app, platform_auth USING (true);"
        "CREATE POLICY part_of_it ON app.tasks FOR SELECT TO platform_auth USING (title = 'a');"
        "CREATE POLICY and_writing ON app.tasks TO platform_auth USING (true)"
    )
    copies = (
        "SELECT polname, polcmd::text, polpermissive, polroles = (SELECT polroles FROM pg_policy"
        "  WHERE polrelid = 'app.tasks'::regclass AND polname = 'open_to_some'),"
        " pg_get_expr(polqual, polrelid), count(*)"
        "  FROM pg_policy WHERE polrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'app.tasks'::regclass)"
        " AND polname IN ('open_to_some', 'part_of_it', 'and_writing') GROUP BY 1, 2, 3, 4, 5"
    )
    for _ in range(2):
        owner.do("SELECT ops.copy_open_policies('app.tasks')")
    assert owner.rows(copies) == [("open_to_some", "r", True, True, "true", 15)]

    owner.do("UPDATE ops.partition_policy SET premake = 13 WHERE prefix = 'tasks'")
    owner.maintain()
    assert owner.rows(copies) == [("open_to_some", "r", True, True, "true", 16)]

    owner.do("CREATE POLICY not_all ON app.tasks AS RESTRICTIVE FOR SELECT USING (deleted_at IS NULL)")
    owner.do("SELECT ops.copy_open_policies('app.tasks')")
    assert owner.rows(copies) == []
