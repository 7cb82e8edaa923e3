"""The benchmark asks the same on all sides. What it measures is no test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import familytales_inserts, familytales_partitions, familytales_queries, familytales_size
from bench.familytales_asking import QUERIES, both_sides
from bench.familytales_database import OldPoolerError, release
from bench.familytales_load import Load
from tests.sql.familytales_bench.conftest import World


def test_askers_are_of_all_roles_and_of_the_largest_family_and_thread(world: World) -> None:
    (family,), *_ = world.database.rows(
        "SELECT family_id FROM familytales.memory_books GROUP BY 1 ORDER BY sum(segment_count) DESC LIMIT 1"
    )
    (thread,), *_ = world.database.rows("SELECT id FROM familytales.threads ORDER BY segment_count DESC LIMIT 1")

    assert len(world.asking) == 40
    assert {one.role for one in world.asking} == {"owner", "admin", "editor", "member", "viewer"}
    assert {one.role for one in world.asking if one.family == family} == {one.role for one in world.asking}
    assert thread in {one.thread for one in world.asking}
    assert {len(one.tags) for one in world.asking} == {1, 2}


def test_with_policies_and_by_hand_the_answers_are_the_same(world: World) -> None:
    with both_sides(world.place, None) as sides:
        rows = familytales_queries.compare(sides, world.asking)

    assert set(rows) == set(QUERIES)
    assert all(any(counts) for counts in rows.values())
    assert all(rows["thread_with_content"]), "a thread that its asker may read has segments"


def test_by_hand_a_stranger_sees_as_little_as_with_policies(world: World) -> None:
    strangers = [
        replace(
            one,
            user=world.database.rows(
                """SELECT user_id FROM familytales.family_members GROUP BY user_id
                    HAVING count(*) FILTER (WHERE family_id = %s) = 0 ORDER BY user_id LIMIT 1""",
                one.family,
            )[0][0],
        )
        for one in world.asking
    ]

    with both_sides(world.place, None) as sides:
        rows = familytales_queries.compare(sides, strangers)

    assert rows == {query: [0] * len(strangers) for query in QUERIES}


def test_there_are_times_for_every_query_way_and_side(world: World) -> None:
    with both_sides(world.place, None) as sides:
        measured = familytales_queries.measure(sides, world.asking[:5], rounds=1)

    assert set(measured.seconds) == {
        (query, way, at) for query in QUERIES for way in familytales_queries.WAYS for at in (0, 1)
    }
    assert measured.times().count("\n") == len(familytales_queries.TARGETS) + 1
    assert measured.ratios().count("\n") == len(familytales_queries.LABELS) + 1


def test_a_dashboard_takes_as_long_as_its_queries_together() -> None:
    measured = familytales_queries.Measured()
    measured.seconds["family_storage", "prepared", 0] = [1.0, 2.0]
    measured.seconds["active_members", "prepared", 0] = [0.5, 0.25]

    assert measured.all_of("dashboard", "prepared", 0) == [1.5, 2.25]


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (95, 95), (100, 100), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: int, expected: int) -> None:
    assert familytales_queries.percentile(range(100, 0, -1), percent) == expected


def test_in_every_layout_the_answers_are_the_same(world: World) -> None:
    with world.place.superuser() as superuser:
        familytales_partitions.copy(superuser)
        leaves = dict(
            superuser.execute("""
            SELECT parent.relnamespace::regnamespace::text, count(inhrelid)
              FROM pg_class AS parent LEFT JOIN pg_inherits ON inhparent = parent.oid
             WHERE parent.relname = 'content_segments' GROUP BY 1""").fetchall()
        )
        held = superuser.execute("""
            SELECT (SELECT count(*) FROM flat.content_segments), (SELECT count(*) FROM monthly.content_segments),
                   (SELECT count(*) FROM monthly.content_segments_default),
                   (SELECT count(*) FROM familytales.content_segments)""").fetchone()
    with familytales_partitions.layouts(world.place) as sides:
        measured = familytales_queries.measure(sides, world.asking[:5], rounds=1, ways=("prepared", "unprepared"))

    assert leaves["flat"] == 0
    assert leaves["monthly"] > 7 * 12
    assert held is not None and held[0] == held[1] == held[3] and held[2] == 0
    assert familytales_partitions.table(measured).count("\n") == len(familytales_queries.LABELS) + 1


def test_sizes_are_those_of_the_server(world: World) -> None:
    with world.place.superuser() as superuser:
        relations = {one.name: one for one in familytales_size.sizes(superuser)}
        row = superuser.execute("""
            SELECT sum(pg_indexes_size(inhrelid))::bigint FROM pg_inherits
             WHERE inhparent = 'familytales.content_segments'::regclass""").fetchone()

    assert row == (relations["familytales.content_segments"].indexes,)
    assert "| content_segments |" in familytales_size.table(list(relations.values()))


def test_nothing_that_is_inserted_stays(world: World) -> None:
    before = world.database.rows("SELECT count(*), max(created_at) FROM familytales.content_segments")

    assert familytales_inserts.measure(world.place, 5).as_application > 0
    assert world.database.rows("SELECT count(*), max(created_at) FROM familytales.content_segments") == before
    assert world.database.rows("SELECT * FROM ops.counter_differences()") == []


def test_a_load_counts_what_serves_without_what_asks() -> None:
    load = Load(seconds=10, latencies={"one": [0.01] * 100}, clients_cpu=5, pooler_cpu=1, server_cpu=4)

    # 10 a second, by half a core: 20 for each core, and 50 cores for a thousand.
    assert load.per_second == 10
    assert load.table("all").endswith("| 20 | 50.0 |")


def test_a_pooler_that_forgets_prepared_statements_is_refused(tmp_path: Path) -> None:
    for version, name in (("1.20.1", "old"), ("1.25.2", "new")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho PgBouncer {version}\necho libevent 2.1.12\n")
        (tmp_path / name).chmod(0o755)

    assert release(str(tmp_path / "new")) == "1.25.2"
    with pytest.raises(
        OldPoolerError, match=r"PgBouncer 1\.20\.1, and prepared statements go through one from 1\.21 on"
    ):
        release(str(tmp_path / "old"))
