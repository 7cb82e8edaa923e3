"""What differs between two descriptions of a database, and what a run may say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schema.catalog import partitions
from schema.catalog.objects import Key, Objects

Change = Literal["added", "removed", "changed"]

# What the queries for rights say of one that PostgreSQL gives by itself and somebody took away. Only its absence is in
# the catalog, so the object there is the gap, and the right has come or gone the other way round.
WITHHELD = "withheld"
_BY_DEFAULT = "by default"


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One object that is not as it was stored."""

    kind: str
    identity: str
    change: Change
    stored: str | None
    current: str | None


def compare(stored: Objects, current: Objects) -> tuple[Drift, ...]:
    """Every object that differs, by kind and name; a partition that is gone, or new and like the others, does not."""
    drifts = [
        _drift(key, stored.get(key), current.get(key))
        for key in stored.keys() | current.keys()
        if not partitions.is_shape(key) and stored.get(key) != current.get(key)
    ]
    drifts += [_drift((partitions.KIND, name), *states) for name, *states in partitions.strays(stored, current)]
    return tuple(sorted(drifts, key=lambda drift: (drift.kind, drift.identity)))


def carried_over(stored: Objects, before: Objects, after: Objects) -> Objects:
    """What to store after a run: `after`, except for what had drifted before the run and the run did not touch.

    Without that, applying some other migration would make drift the new rule.
    """
    kept: dict[Key, str] = {}
    for key in stored.keys() | before.keys() | after.keys():
        old_drift = stored.get(key) != before.get(key) and not _touched(key, before, after)
        state = stored.get(key) if old_drift else after.get(key)
        if state is not None:
            kept[key] = state
    return Objects(kept, after.leaves)


def _touched(key: Key, before: Objects, after: Objects) -> bool:
    # A shape is the run's own as soon as the run brought a partition into it, though others had it already.
    joined = set(after.leaves.get(key, ())) - set(before.leaves.get(key, ()))
    return before.get(key) != after.get(key) or bool(joined)


def _drift(key: Key, stored: str | None, current: str | None) -> Drift:
    if WITHHELD in (stored, current):
        stored, current = _given(stored), _given(current)
    change: Change = "added" if stored is None else "removed" if current is None else "changed"
    return Drift(*key, change, stored, current)


def _given(state: str | None) -> str | None:
    return None if state == WITHHELD else state or _BY_DEFAULT
