"""What is known about a database: plain data, and the questions that rules ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.lint.parse import Node, column_of, conjuncts, expression, kind, label, range_name, unwrap

NEWEST_MAJOR = 18


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its type is written as format_type prints it, with the schema of what is not the catalog's."""

    name: str
    type: str
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table. Its type is the catalog's letter: c, f, p, u, x or n."""

    name: str
    relation: str
    type: str
    validated: bool
    definition: str
    columns: tuple[str, ...] = ()
    references: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a table."""

    name: str
    relation: str
    unique: bool
    valid: bool
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or sequence. Its kind is the catalog's letter; rows and bytes are estimates, None unknown."""

    name: str
    kind: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    rows: int | None = None
    bytes: int | None = None
    parent: str | None = None
    default_partition: bool = False
    key: tuple[str, ...] = ()
    """The columns by which it is partitioned."""
    new: bool = False
    """Made by the files that are looked at: nobody else knows it yet."""


@dataclass(frozen=True, slots=True)
class Function:
    """All functions of one name: what they return, and their volatilities (i, s or v)."""

    results: frozenset[str]
    volatilities: frozenset[str]
    new: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """The parts of the catalog that locks and rules depend on, all by qualified name."""

    major: int = NEWEST_MAJOR
    relations: Mapping[str, Relation] = field(default_factory=dict)
    constraints: Mapping[tuple[str, str], Constraint] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    views: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """View or materialized view -> the columns it reads; `*` when it reads the relation as a whole."""
    enums: frozenset[str] = frozenset()
    domains: Mapping[str, bool] = field(default_factory=dict)
    """Domain -> whether it has a constraint."""
    functions: Mapping[str, Function] = field(default_factory=dict)
    complete: bool = True
    """False when there may be partitions that are not listed: functions of earlier files make some."""

    def name(self, relation: Node) -> str:
        """The relation that a statement means: a temporary one is found before one of public."""
        name = range_name(relation)
        hidden = f"pg_temp.{relation.relname}"
        return hidden if not relation.schemaname and hidden in self.relations else name

    def relation(self, name: str) -> Relation | None:
        """What is known about a relation."""
        return self.relations.get(name)

    def is_new(self, name: str) -> bool:
        """Whether the pending files made it; what is unknown exists, to be on the safe side."""
        found = self.relations.get(name)
        return name.startswith("pg_temp.") or (found is not None and found.new)

    def is_partitioned(self, name: str) -> bool:
        """Whether it is known to be a partitioned table."""
        found = self.relations.get(name)
        return found is not None and found.kind == "p"

    def children(self, name: str) -> list[str]:
        """Its partitions and inheriting tables, theirs too."""
        below: dict[str, list[str]] = {}
        for relation in self.relations.values():
            if relation.parent:
                below.setdefault(relation.parent, []).append(relation.name)
        found: list[str] = []
        waiting = [name]
        while waiting:
            direct = below.get(waiting.pop(), [])
            found += direct
            waiting += direct
        return sorted(found)

    def family(self, name: str, below: bool = True) -> list[str]:
        """The relation, with its partitions unless it is meant alone."""
        return [name, *self.children(name)] if below else [name]

    def default_partition(self, parent: str) -> Relation | None:
        """The partition that takes what no other takes."""
        return next((one for one in self.relations.values() if one.parent == parent and one.default_partition), None)

    def column(self, relation: str, name: str) -> Column | None:
        """What is known about a column."""
        found = self.relations.get(relation)
        return found.columns.get(name) if found else None

    def constraints_of(self, relation: str, *types: str) -> Iterator[Constraint]:
        """The constraints of a table, of some types."""
        for constraint in self.constraints.values():
            if constraint.relation == relation and constraint.type in types:
                yield constraint

    def referring_to(self, relation: str) -> Iterator[Constraint]:
        """The foreign keys that point at a table."""
        for constraint in self.constraints.values():
            if constraint.references == relation:
                yield constraint

    def checks(self, relation: str) -> Iterator[Node]:
        """The expressions of a table's valid CHECK constraints."""
        for constraint in self.constraints_of(relation, "c"):
            text = constraint.definition.removesuffix(" NO INHERIT")
            if constraint.validated and (found := expression(text.removeprefix("CHECK "))) is not None:
                yield found

    def proves_not_null(self, relation: str, column: str) -> bool:
        """Whether a valid CHECK says what NOT NULL says, so that the server need not look at the rows."""
        return any(_is_not_null_test(part, column) for check in self.checks(relation) for part in conjuncts(check))

    def readers(self, relation: str, column: str) -> list[str]:
        """Views that read a column, directly."""
        wanted = {(relation, column), (relation, "*")}
        return sorted(view for view, read in self.views.items() if read & wanted)

    def base_tables(self, view: str) -> set[str]:
        """The tables that reading a view reads, other views looked through."""
        found: set[str] = set()
        waiting, seen = [view], {view}
        while waiting:
            for name, _ in self.views.get(waiting.pop(), ()):
                known = self.relations.get(name)
                if known and known.kind == "v" and name not in seen:
                    waiting.append(name)
                    seen.add(name)
                found.add(name)
        return found

    def shown(self, name: str) -> str:
        """A relation's name with its size, when that is known."""
        found = self.relations.get(name)
        if found is None or found.new or found.rows is None:
            return name
        return f"{name}, about {found.rows:,} row{'' if found.rows == 1 else 's'}"


def _is_not_null_test(node: Any, column: str) -> bool:
    return (
        kind(node) == "NullTest"
        and label(node, "nulltesttype") == "IS_NOT_NULL"
        and column_of(unwrap(node.arg)) == column
    )
