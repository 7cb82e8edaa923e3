"""The words in which a database is described: plain data, no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]
"""Kind and identity of an object: `("column", "app.tasks.title")`."""

NO_LEAVES: Mapping[Key, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Objects(Mapping[Key, str]):
    """The definition of every object, a property a line, by its key.

    Partitions come and go, so they have no keys of their own; their shapes have (see `schema.catalog.partitions`).
    Which partitions have a shape is known while the database is at hand. It is not stored, and makes no difference.
    """

    definitions: Mapping[Key, str]
    leaves: Mapping[Key, tuple[str, ...]] = field(default_factory=lambda: NO_LEAVES, compare=False)

    def __getitem__(self, key: Key) -> str:
        return self.definitions[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.definitions)

    def __len__(self) -> int:
        return len(self.definitions)


@dataclass(frozen=True, slots=True)
class Fact:
    """One object as a query finds it."""

    kind: str
    identity: str
    definition: str
    relation: int | None = None
    """The relation it belongs to, for then it may be a fact of a partition."""
    label: str = ""
    """What it is called inside its relation: without a name where PostgreSQL makes up the names."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One partition, and the table that it is in the end a part of."""

    relation: int
    name: str
    root: int
    root_name: str
    exists: bool
    """False when it was dropped while it was read; what was found of it is in pieces then."""
