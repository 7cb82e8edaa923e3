"""The benchmark asks the same on both sides. What it measures is no test."""

from __future__ import annotations

from bench import platform
from tests.sql.queries.conftest import World


def test_with_policies_and_by_hand_the_answers_are_the_same(world: World) -> None:
    with world.superuser() as superuser:
        asking = platform.askers(superuser)
    with platform.both_sides(world.place) as sides:
        rows = platform.compare(sides, asking)

    assert len(asking) >= 50
    assert set(rows) == set(platform.QUERIES)
    assert all(any(counts) for counts in rows.values())


def test_there_are_times_for_every_query_way_and_side(world: World) -> None:
    measured = platform.measure(world.place, rounds=1)

    ways = (platform.PREPARED, platform.UNPREPARED, platform.EXECUTION)
    assert set(measured.seconds) == {(query, way, at) for query in platform.QUERIES for way in ways for at in (0, 1)}
    assert measured.table().count("\n") == len(platform.QUERIES) + 1
