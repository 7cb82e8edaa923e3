"""The locks of DROP: on what goes, and on what hung on it."""

from __future__ import annotations

from collections.abc import Callable

from schema.lint.catalog import Catalog
from schema.lint.fold_drop import dropped_names
from schema.lint.locks_alter import Wanted, other_ends
from schema.lint.modes import Mode
from schema.lint.parse import Node, label, qualified


def table_of_index(name: str, catalog: Catalog) -> str:
    """The table of an index; the index itself when nothing is known about it."""
    known = catalog.indexes.get(name)
    return known.relation if known else name


def drop(node: Node, catalog: Catalog) -> Wanted:
    """Every relation that a DROP locks: what goes, and what hung on it."""
    what = label(node, "remove_type")
    for parts in dropped_names(node):
        if what in _DROPS:
            yield from _DROPS[what](node, parts, catalog)


def _drop_table(node: Node, parts: tuple[str, ...], catalog: Catalog) -> Wanted:
    for name in catalog.family(qualified(parts)):
        yield from _gone(name, catalog, label(node, "behavior") == "DROP_CASCADE")


def _gone(name: str, catalog: Catalog, cascade: bool) -> Wanted:
    yield name, Mode.ACCESS_EXCLUSIVE
    known = catalog.relation(name)
    if known and known.parent:
        yield known.parent, Mode.ACCESS_EXCLUSIVE
        if default := catalog.default_partition(known.parent):
            yield default.name, Mode.ACCESS_EXCLUSIVE
    # The triggers of a partition's inherited foreign key are its parent's.
    above = catalog.constraints_of(known.parent, "f") if known and known.parent else ()
    inherited = {(key.columns, key.references) for key in above}
    own = [key for key in catalog.constraints_of(name, "f") if (key.columns, key.references) not in inherited]
    yield from other_ends(own, catalog)
    if cascade:
        for key in catalog.referring_to(name):
            yield key.relation, Mode.ACCESS_EXCLUSIVE
        for view, read in catalog.views.items():
            if any(relation == name for relation, _ in read):
                yield view, Mode.ACCESS_EXCLUSIVE


def _drop_schema(node: Node, parts: tuple[str, ...], catalog: Catalog) -> Wanted:
    for name in catalog.relations:
        if name.startswith(f"{parts[0]}."):
            yield from _gone(name, catalog, cascade=True)


def _drop_type(node: Node, parts: tuple[str, ...], catalog: Catalog) -> Wanted:
    """CASCADE drops the columns of that type."""
    if label(node, "behavior") == "DROP_CASCADE":
        gone = {qualified(parts), f"{qualified(parts)}[]"}
        for relation in catalog.relations.values():
            if any(column.type in gone for column in relation.columns.values()):
                yield relation.name, Mode.ACCESS_EXCLUSIVE


def _drop_index(node: Node, parts: tuple[str, ...], catalog: Catalog) -> Wanted:
    mode = Mode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else Mode.ACCESS_EXCLUSIVE
    for name in catalog.family(table_of_index(qualified(parts), catalog)):
        yield name, mode


def _drop_of_table(node: Node, parts: tuple[str, ...], catalog: Catalog) -> Wanted:
    """A trigger, rule or policy: the last part is its own name."""
    below = label(node, "remove_type") == "OBJECT_TRIGGER"
    for name in catalog.family(qualified(parts[:-1]), below):
        yield name, Mode.ACCESS_EXCLUSIVE


_DROPS: dict[str, Callable[[Node, tuple[str, ...], Catalog], Wanted]] = {
    "OBJECT_TABLE": _drop_table,
    "OBJECT_FOREIGN_TABLE": _drop_table,
    "OBJECT_VIEW": _drop_table,
    "OBJECT_MATVIEW": _drop_table,
    "OBJECT_SEQUENCE": _drop_table,
    "OBJECT_SCHEMA": _drop_schema,
    "OBJECT_TYPE": _drop_type,
    "OBJECT_DOMAIN": _drop_type,
    "OBJECT_INDEX": _drop_index,
    "OBJECT_TRIGGER": _drop_of_table,
    "OBJECT_RULE": _drop_of_table,
    "OBJECT_POLICY": _drop_of_table,
}
