"""Drift, and what a run may make of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schema.catalog import Drift, Key, Objects, carried_over, compare

# Few names and few states, so that three descriptions agree and differ in every way.
_OBJECTS = st.dictionaries(
    st.sampled_from([("table", name) for name in "abcdef"]), st.sampled_from(["one", "two", "three"])
).map(Objects)


@given(_OBJECTS)
def test_a_description_does_not_drift_from_itself(objects: Objects) -> None:
    assert compare(objects, Objects(dict(objects))) == ()


@given(_OBJECTS, _OBJECTS)
def test_every_difference_is_told_once_and_in_order(stored: Objects, current: Objects) -> None:
    drifts = compare(stored, current)
    assert [(drift.kind, drift.identity) for drift in drifts] == sorted(
        key for key in stored.keys() | current.keys() if stored.get(key) != current.get(key)
    )
    for drift in drifts:
        key = (drift.kind, drift.identity)
        assert (drift.stored, drift.current) == (stored.get(key), current.get(key))
        assert drift.change == ("added" if key not in stored else "removed" if key not in current else "changed")


@given(_OBJECTS, _OBJECTS, _OBJECTS)
def test_drift_that_the_run_did_not_touch_stays_drift(stored: Objects, before: Objects, after: Objects) -> None:
    kept = carried_over(stored, before, after)
    for drift in compare(stored, before):
        key = (drift.kind, drift.identity)
        if before.get(key) == after.get(key):
            assert kept.get(key) == stored.get(key)


@given(_OBJECTS, _OBJECTS, _OBJECTS)
def test_what_the_run_touched_is_as_the_run_left_it(stored: Objects, before: Objects, after: Objects) -> None:
    kept = carried_over(stored, before, after)
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            assert kept.get(key) == after.get(key)


@given(_OBJECTS, _OBJECTS, _OBJECTS)
def test_after_a_run_there_is_the_drift_from_before_and_no_other(
    stored: Objects, before: Objects, after: Objects
) -> None:
    old = {(drift.kind, drift.identity): drift for drift in compare(stored, before)}
    for drift in compare(carried_over(stored, before, after), after):
        assert old[drift.kind, drift.identity] == drift


@given(_OBJECTS, _OBJECTS)
def test_without_drift_it_is_what_the_run_made(stored: Objects, after: Objects) -> None:
    assert carried_over(stored, stored, after) == after


_CLOSED, _OPEN = ("partition", "of app.a (1)"), ("partition", "of app.a (2)")
_SHAPES = {_CLOSED: "row level security enabled", _OPEN: "row level security disabled"}


def _partitions(**shapes: Key) -> Objects:
    """Partitions by name, each with its shape."""
    leaves = {key: tuple(name for name in sorted(shapes) if shapes[name] == key) for key in set(shapes.values())}
    return Objects({key: _SHAPES[key] for key in leaves}, leaves)


def _told(stored: Objects, current: Objects) -> list[Drift]:
    return list(compare(stored, current))


def test_partitions_of_a_known_shape_come_and_go() -> None:
    stored = _partitions(jan=_CLOSED, feb=_CLOSED)
    assert _told(stored, _partitions(feb=_CLOSED, mar=_CLOSED)) == []
    assert _told(stored, _partitions()) == []


def test_a_partition_of_another_shape_is_told_by_its_name() -> None:
    stored = Objects({_CLOSED: _SHAPES[_CLOSED]})
    assert _told(stored, _partitions(jan=_CLOSED, feb=_OPEN)) == [
        Drift("partition", "feb", "changed", _SHAPES[_CLOSED], _SHAPES[_OPEN])
    ]


def test_the_first_partitions_of_a_table_are_new() -> None:
    assert [(drift.change, drift.identity) for drift in compare(Objects({}), _partitions(jan=_OPEN, feb=_OPEN))] == [
        ("added", "feb"),
        ("added", "jan"),
    ]


def test_a_run_that_leaves_a_strange_partition_alone_does_not_make_its_shape_known() -> None:
    stored, before = _partitions(jan=_CLOSED), _partitions(jan=_CLOSED, feb=_OPEN)
    assert carried_over(stored, before, _partitions(jan=_CLOSED, feb=_OPEN, mar=_CLOSED)) == stored


def test_a_run_that_gives_partitions_a_shape_makes_it_known_though_a_strange_one_had_it() -> None:
    stored, before = _partitions(jan=_CLOSED), _partitions(jan=_CLOSED, feb=_OPEN)
    after = _partitions(jan=_OPEN, feb=_OPEN)
    assert carried_over(stored, before, after) == after


def test_a_right_that_is_withheld_reads_as_one_that_is_missing() -> None:
    key = ("grant", "app.a: TRUNCATE to app_owner")
    assert _told(Objects({}), Objects({key: "withheld"})) == [Drift(*key, "removed", "by default", None)]
    assert _told(Objects({key: "withheld"}), Objects({})) == [Drift(*key, "added", None, "by default")]
