"""Partitions, which maintenance makes and drops: what is kept of them is the shapes they have, not their names.

A shape is what a partition says for itself: owner, row level security, options, rights, policies, and of columns,
indexes, constraints and triggers those that are not just its parent's. So hundreds of partitions have one shape of a
few lines, and a new column of the parent is a change of the parent only. The bounds are no part of it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from schema.catalog.objects import Fact, Key, Leaf, Objects

KIND = "partition"

# What a partition has because its parent has it, unless somebody made a difference.
_INHERITED = {"column", "constraint", "index", "trigger"}

# Stands for the name of the partition, and for that of its parent: `REFERENCES app.tasks` is the same in both.
_ITSELF = "<partition>"

# Enough that two shapes of one table never meet, short enough to read aloud.
_DIGITS = 10


def described(facts: Iterable[Fact], leaves: Mapping[int, Leaf]) -> Objects:
    """Every fact under its own key, but those of partitions as shapes."""
    roots = {leaf.root: leaf.root_name for leaf in leaves.values()}
    definitions: dict[Key, str] = {}
    of_relation: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.relation is not None and (fact.relation in leaves or fact.relation in roots):
            of_relation[fact.relation].append(fact)
        if fact.relation not in leaves:
            definitions[fact.kind, fact.identity] = fact.definition
    inherited = {root: _inheritance(name, of_relation[root]) for root, name in roots.items()}
    having: dict[Key, list[str]] = defaultdict(list)
    for leaf in leaves.values():
        if not leaf.exists:
            continue
        shape = _shape(leaf, of_relation[leaf.relation], inherited[leaf.root])
        key = (KIND, f"of {leaf.root_name} ({_digest(shape)})")
        definitions[key] = shape
        having[key].append(leaf.name)
    return Objects(definitions, {key: tuple(sorted(names)) for key, names in having.items()})


def is_shape(key: Key) -> bool:
    """Whether the key is of a shape rather than of an object."""
    return key[0] == KIND


def strays(stored: Objects, current: Objects) -> Iterable[tuple[str, str | None, str]]:
    """Each partition whose shape is not stored: its name, the nearest shape that is, and its own."""
    known: dict[str, list[str]] = defaultdict(list)
    for key, shape in sorted(stored.items()):
        if is_shape(key):
            known[_family(key)].append(shape)
    for key, shape in current.items():
        if is_shape(key) and key not in stored:
            nearest = _nearest(shape, known[_family(key)])
            for name in current.leaves.get(key, (key[1],)):
                yield name, nearest, shape


def _inheritance(root_name: str, of_root: Iterable[Fact]) -> Counter[str]:
    """What partitions have from their parent, and how often: a second index just like the first is a difference."""
    name = _pattern(root_name)
    return Counter(_same(fact, name) for fact in of_root if fact.kind in _INHERITED)


def _shape(leaf: Leaf, own: Iterable[Fact], inherited: Counter[str]) -> str:
    name = _pattern(leaf.name, leaf.root_name)
    left = inherited.copy()
    of_itself: list[str] = []
    extra: list[str] = []
    for fact in own:
        same = _same(fact, name)
        if not fact.label:
            of_itself += fact.definition.splitlines()
        elif left[same] > 0:
            left[same] -= 1
        else:
            extra.append(_line(fact, name))
    return "\n".join([*of_itself, *sorted(extra)])


def _line(fact: Fact, name: re.Pattern[str]) -> str:
    return f"{fact.label}: {name.sub(_ITSELF, ', '.join(fact.definition.splitlines()))}"


def _same(fact: Fact, name: re.Pattern[str]) -> str:
    """What a fact of the partition and one of its parent have in common when the one comes from the other."""
    # Only whether it is enabled can be altered in a copy of a trigger, and PostgreSQL words the rest in another way.
    return f"{fact.label}: {fact.definition.splitlines()[0]}" if fact.kind == "trigger" else _line(fact, name)


def _pattern(*names: str) -> re.Pattern[str]:
    # What PostgreSQL derives from a name (`tasks_2026_01_id_seq`) begins with it, so an underscore may follow.
    either = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![\w\"])(?:{either})(?![^\W_])")


def _family(key: Key) -> str:
    return key[1].rpartition(" (")[0]


def _nearest(shape: str, shapes: Iterable[str]) -> str | None:
    lines = shape.splitlines()
    return max(shapes, key=lambda other: SequenceMatcher(None, other.splitlines(), lines).ratio(), default=None)


def _digest(shape: str) -> str:
    return hashlib.sha256(shape.encode()).hexdigest()[:_DIGITS]
