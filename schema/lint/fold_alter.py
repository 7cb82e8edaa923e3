"""What ALTER TABLE, RENAME and SET SCHEMA make of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from schema.lint.catalog import Catalog, Column, Constraint, Index, Relation
from schema.lint.columns import constraint, inline_constraints, with_column_renamed, written
from schema.lint.fold_drop import drop_column, drop_constraint
from schema.lint.parse import Node, definition, label, qualified, unwrap, words
from schema.lint.typenames import type_name


def with_column(catalog: Catalog, relation: str, column: Column) -> Catalog:
    """The catalog with a column added to a table it knows, and to the table's partitions."""
    relations = dict(catalog.relations)
    for name in (relation, *catalog.children(relation)):
        if known := relations.get(name):
            relations[name] = replace(known, columns={**known.columns, column.name: column})
    return replace(catalog, relations=relations)


def _change_column(catalog: Catalog, relation: str, name: str, change: Callable[[Column], Column]) -> Catalog:
    known = catalog.column(relation, name)
    return with_column(catalog, relation, change(known)) if known else catalog


def add_constraint(catalog: Catalog, relation: str, node: Node, column: str | None) -> Catalog:
    """The catalog with a constraint of a table, and the index or NOT NULL that comes with it."""
    made = catalog
    if label(node, "contype") == "CONSTR_NOTNULL":
        for name in words(node.keys) or ((column,) if column else ()):
            if not node.skip_validation:
                made = _change_column(made, relation, name, lambda known: replace(known, not_null=True))
        return made
    references = catalog.name(node.pktable) if node.HasField("pktable") else None
    schema = relation.rpartition(".")[0]
    taken = {name for owner, name in catalog.constraints if owner.rpartition(".")[0] == schema}
    new = constraint(node, relation, column, taken, references)
    if new is None:
        return made
    old = catalog.indexes.get(f"{schema}.{node.indexname}") if node.indexname else None
    if old:
        new = replace(new, columns=old.columns, name=str(node.conname) or str(node.indexname))
    made = _with_constraint(made, new)
    if new.type == "p":
        for name in new.columns:
            made = _change_column(made, relation, name, lambda known: replace(known, not_null=True))
    if new.type in ("p", "u", "x"):
        index = Index(f"{schema}.{new.name}", relation, new.type != "x", True, new.columns)
        kept = {name: one for name, one in made.indexes.items() if old is None or name != old.name}
        made = replace(made, indexes={**kept, index.name: index})
    for child in catalog.children(relation) if new.type in ("c", "f") else []:
        made = _with_constraint(made, replace(new, relation=child))
    return made


def _with_constraint(catalog: Catalog, new: Constraint) -> Catalog:
    return replace(catalog, constraints={**catalog.constraints, (new.relation, new.name): new})


def inherit_constraints(catalog: Catalog, parent: str, child: str) -> Catalog:
    """A partition has the checks and foreign keys of its parent."""
    made = catalog
    for one in list(catalog.constraints_of(parent, "c", "f")):
        made = _with_constraint(made, replace(one, relation=child))
    return made


def alter_table(catalog: Catalog, node: Node) -> Catalog:
    """Each of the subcommands, in order."""
    relation = catalog.name(node.relation)
    made = catalog
    for one in node.cmds:
        command = unwrap(one)
        if handler := _COMMANDS.get(label(command, "subtype")):
            made = handler(made, relation, command)
    return made


def _add_column(catalog: Catalog, relation: str, command: Node) -> Catalog:
    new = written(definition(command))
    if command.missing_ok and catalog.column(relation, new.column.name):
        return catalog
    made = with_column(catalog, relation, new.column)
    for one in inline_constraints(new):
        made = add_constraint(made, relation, one, new.column.name)
    return made


def _drop_column(catalog: Catalog, relation: str, command: Node) -> Catalog:
    return drop_column(catalog, relation, str(command.name))


def _retype(catalog: Catalog, relation: str, command: Node) -> Catalog:
    new = type_name(definition(command).type_name)
    return _change_column(catalog, relation, str(command.name), lambda known: replace(known, type=new))


def _set_not_null(catalog: Catalog, relation: str, command: Node) -> Catalog:
    return _change_column(catalog, relation, str(command.name), lambda known: replace(known, not_null=True))


def _drop_not_null(catalog: Catalog, relation: str, command: Node) -> Catalog:
    return _change_column(catalog, relation, str(command.name), lambda known: replace(known, not_null=False))


def _add_table_constraint(catalog: Catalog, relation: str, command: Node) -> Catalog:
    return add_constraint(catalog, relation, definition(command), None)


def _validate(catalog: Catalog, relation: str, command: Node) -> Catalog:
    made = catalog
    for owner in (relation, *catalog.children(relation)):
        if known := catalog.constraints.get((owner, str(command.name))):
            made = _with_constraint(made, replace(known, validated=True))
    return made


def _drop_constraint(catalog: Catalog, relation: str, command: Node) -> Catalog:
    return drop_constraint(catalog, relation, str(command.name))


def _attach(catalog: Catalog, relation: str, command: Node) -> Catalog:
    partition = definition(command)
    child = catalog.name(partition.name)
    known = catalog.relation(child)
    if known is None:
        return catalog
    attached = replace(known, parent=relation, default_partition=bool(partition.bound.is_default))
    made = replace(catalog, relations={**catalog.relations, child: attached})
    return inherit_constraints(made, relation, child)


def _detach(catalog: Catalog, relation: str, command: Node) -> Catalog:
    child = catalog.name(definition(command).name)
    known = catalog.relation(child)
    if known is None:
        return catalog
    alone = replace(known, parent=None, default_partition=False)
    return replace(catalog, relations={**catalog.relations, child: alone})


_COMMANDS: dict[str, Callable[[Catalog, str, Node], Catalog]] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_AlterColumnType": _retype,
    "AT_SetNotNull": _set_not_null,
    "AT_DropNotNull": _drop_not_null,
    "AT_AddConstraint": _add_table_constraint,
    "AT_ValidateConstraint": _validate,
    "AT_DropConstraint": _drop_constraint,
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_DetachPartitionFinalize": _detach,
}


def rename(catalog: Catalog, node: Node) -> Catalog:
    """RENAME of what the catalog knows: relations, columns, constraints."""
    if not node.HasField("relation"):
        return _rename_schema(catalog, node) if label(node, "rename_type") == "OBJECT_SCHEMA" else catalog
    old = catalog.name(node.relation)
    new = f"{old.rpartition('.')[0]}.{node.newname}"
    what = label(node, "rename_type")
    if what == "OBJECT_COLUMN":
        return _rename_column(catalog, old, str(node.subname), str(node.newname))
    if what == "OBJECT_TABCONSTRAINT":
        found = catalog.constraints.get((old, str(node.subname)))
        if found is None:
            return catalog
        rest = {key: one for key, one in catalog.constraints.items() if key != (old, found.name)}
        renamed = replace(found, name=str(node.newname))
        return replace(catalog, constraints={**rest, (old, renamed.name): renamed})
    return _renamed(catalog, {old: new})


def _rename_column(catalog: Catalog, relation: str, old: str, new: str) -> Catalog:
    known = catalog.column(relation, old)
    if known is None:
        return catalog
    made = with_column(drop_column(catalog, relation, old, with_constraints=False), relation, replace(known, name=new))
    touched = {relation, *catalog.children(relation)}

    def called(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if one == old else one for one in columns)

    constraints = {
        key: replace(one, columns=called(one.columns), definition=with_column_renamed(one.definition, old, new))
        if one.relation in touched and old in one.columns
        else one
        for key, one in made.constraints.items()
    }
    indexes = {
        key: replace(one, columns=called(one.columns)) if one.relation in touched else one
        for key, one in made.indexes.items()
    }
    views = {
        view: frozenset((name, new if name in touched and column == old else column) for name, column in read)
        for view, read in made.views.items()
    }
    return replace(made, constraints=constraints, indexes=indexes, views=views)


def _rename_schema(catalog: Catalog, node: Node) -> Catalog:
    prefix = f"{node.subname}."
    names = {*catalog.relations, *catalog.indexes}
    return _renamed(catalog, {one: f"{node.newname}.{one[len(prefix) :]}" for one in names if one.startswith(prefix)})


def move(catalog: Catalog, node: Node) -> Catalog:
    """SET SCHEMA of a relation, with its indexes."""
    if not node.HasField("relation"):
        return catalog
    old = catalog.name(node.relation)
    own = [old, *(index.name for index in catalog.indexes.values() if index.relation == old)]
    return _renamed(catalog, {one: qualified((str(node.newschema), one.rpartition(".")[2])) for one in own})


def _renamed(catalog: Catalog, names: Mapping[str, str]) -> Catalog:
    def new(name: str) -> str:
        return names.get(name, name)

    relations = [_renamed_relation(one, new) for one in catalog.relations.values()]
    constraints = [
        replace(one, relation=new(one.relation), references=new(one.references) if one.references else None)
        for one in catalog.constraints.values()
    ]
    indexes = [replace(one, name=new(one.name), relation=new(one.relation)) for one in catalog.indexes.values()]
    views = {new(view): frozenset((new(name), column) for name, column in read) for view, read in catalog.views.items()}
    return replace(
        catalog,
        relations={one.name: one for one in relations},
        constraints={(one.relation, one.name): one for one in constraints},
        indexes={one.name: one for one in indexes},
        views=views,
    )


def _renamed_relation(relation: Relation, new: Callable[[str], str]) -> Relation:
    parent = new(relation.parent) if relation.parent else None
    return replace(relation, name=new(relation.name), parent=parent)
