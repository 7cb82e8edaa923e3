"""What is no longer in the catalog after a DROP."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from schema.lint.catalog import Catalog
from schema.lint.parse import Node, kind, label, qualified, unwrap, words

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_FOREIGN_TABLE"})
_ROUTINES = frozenset({"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"})


def dropped_names(node: Node) -> list[tuple[str, ...]]:
    """The names after DROP, as they are written."""
    found: list[tuple[str, ...]] = []
    for one in node.objects:
        thing = unwrap(one)
        if kind(thing) == "List":
            found.append(words(thing.items))
        elif kind(thing) == "TypeName":
            found.append(words(thing.names))
        elif kind(thing) == "ObjectWithArgs":
            found.append(words(thing.objname))
        elif kind(thing) == "String":
            found.append((str(thing.sval),))
    return found


def drop(catalog: Catalog, node: Node) -> Catalog:
    """Relations, schemas, indexes, types and functions; the rest is not in the catalog."""
    what = label(node, "remove_type")
    names = {qualified(one) for one in dropped_names(node)}
    if what in _RELATIONS:
        return _without(catalog, {child for name in names for child in (name, *catalog.children(name))})
    if what == "OBJECT_SCHEMA":
        schemas = {one[0] for one in dropped_names(node)}
        return _without(catalog, {name for name in catalog.relations if name.partition(".")[0] in schemas})
    if what == "OBJECT_INDEX":
        return replace(catalog, indexes={name: one for name, one in catalog.indexes.items() if name not in names})
    if what in _ROUTINES:
        return replace(catalog, functions={name: one for name, one in catalog.functions.items() if name not in names})
    if what in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        domains = {name: one for name, one in catalog.domains.items() if name not in names}
        return replace(catalog, enums=catalog.enums - names, domains=domains)
    return catalog


def _without(catalog: Catalog, gone: Collection[str]) -> Catalog:
    constraints = {
        key: one for key, one in catalog.constraints.items() if one.relation not in gone and one.references not in gone
    }
    return replace(
        catalog,
        relations={name: one for name, one in catalog.relations.items() if name not in gone},
        constraints=constraints,
        indexes={name: one for name, one in catalog.indexes.items() if one.relation not in gone},
        views={name: one for name, one in catalog.views.items() if name not in gone},
    )


def drop_column(catalog: Catalog, relation: str, column: str, with_constraints: bool = True) -> Catalog:
    """The catalog without a column, and without what cannot be without it."""
    relations = dict(catalog.relations)
    for name in (relation, *catalog.children(relation)):
        if known := relations.get(name):
            columns = {key: one for key, one in known.columns.items() if key != column}
            relations[name] = replace(known, columns=columns)
    made = replace(catalog, relations=relations)
    if not with_constraints:
        return made
    touched = {relation, *catalog.children(relation)}
    return replace(
        made,
        constraints={
            key: one
            for key, one in made.constraints.items()
            if one.relation not in touched or column not in one.columns
        },
        indexes={
            key: one for key, one in made.indexes.items() if one.relation not in touched or column not in one.columns
        },
    )


def drop_constraint(catalog: Catalog, relation: str, name: str) -> Catalog:
    """The catalog without a constraint, its index and its copies on the partitions."""
    touched = {relation, *catalog.children(relation)}
    index = f"{relation.rpartition('.')[0]}.{name}"
    return replace(
        catalog,
        constraints={
            key: one for key, one in catalog.constraints.items() if one.relation not in touched or one.name != name
        },
        indexes={key: one for key, one in catalog.indexes.items() if key != index or one.relation != relation},
    )
