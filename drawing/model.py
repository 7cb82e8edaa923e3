"""What is drawn, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unique(Enum):
    """How far a column is unique."""

    NO = 0
    PARTLY = 1
    """Together with other columns, under a condition, or as part of an expression."""
    ALONE = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or materialized view."""

    name: str
    type: str
    required: bool = False
    primary: bool = False
    unique: Unique = Unique.NO
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key."""

    name: str
    columns: tuple[str, ...]
    target: str
    referenced: tuple[str, ...] = ()
    """The target's columns, in the same order."""
    one_to_one: bool = False
    """The referencing columns are unique: at most one row points at each."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, a partitioned table with its partitions folded in, or a materialized view."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    materialized: bool = False
    partitions: str = ""
    """How it is partitioned, as a reader says it: `by month`."""
    row_security: bool = False
    reads: tuple[str, ...] = ()
    """What a materialized view is made from."""

    @property
    def full_name(self) -> str:
        """The name that keys refer to."""
        return f"{self.schema}.{self.name}"
