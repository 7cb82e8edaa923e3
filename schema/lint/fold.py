"""What a statement makes of the catalog: a pure fold, so that later statements know what earlier ones did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from schema.lint import fold_alter, fold_drop
from schema.lint.catalog import Catalog, Column, Function, Index, Relation
from schema.lint.columns import inline_constraints, written
from schema.lint.parse import (
    Node,
    column_of,
    constant,
    inner,
    kind,
    label,
    options,
    qualified,
    range_name,
    unwrap,
    words,
)  # fmt: skip
from schema.lint.typenames import type_name

C = TypeVar("C", bound=Catalog)
Fold = Callable[[Catalog, Node], Catalog]


def after(catalog: C, node: Node) -> C:
    """The catalog when the statement has been run; what it makes is new."""
    handler = _HANDLERS.get(kind(node))
    # Every handler ends in `replace`, which keeps the class.
    return handler(catalog, node) if handler else catalog  # type: ignore[return-value]


def _with_relation(catalog: Catalog, relation: Relation) -> Catalog:
    return replace(catalog, relations={**catalog.relations, relation.name: relation})


def _create_table(catalog: Catalog, node: Node) -> Catalog:
    name = range_name(node.relation)
    if name in catalog.relations and node.if_not_exists:
        return catalog
    parents = [catalog.name(unwrap(one)) for one in node.inh_relations]
    columns: dict[str, Column] = {}
    for parent in parents:
        known = catalog.relation(parent)
        columns |= known.columns if known else {}
    elements = [unwrap(one) for one in node.table_elts]
    for one in elements:
        if kind(one) == "TableLikeClause":
            source = catalog.relation(catalog.name(one.relation))
            columns |= source.columns if source else {}
    found = [written(one) for one in elements if kind(one) == "ColumnDef" and one.HasField("type_name")]
    columns |= {one.column.name: one.column for one in found}
    relation = Relation(
        name=name,
        kind="p" if node.HasField("partspec") else "r",
        columns=columns,
        rows=0,
        bytes=0,
        parent=parents[0] if parents else None,
        default_partition=node.HasField("partbound") and bool(node.partbound.is_default),
        key=tuple(str(one.partition_elem.name) for one in node.partspec.part_params) if node.partspec else (),
        new=True,
    )
    made = _with_relation(catalog, relation)
    for column in found:
        for one in inline_constraints(column):
            made = fold_alter.add_constraint(made, name, one, column.column.name)
    for one in [*elements, *(unwrap(one) for one in node.constraints)]:
        if kind(one) == "Constraint":
            made = fold_alter.add_constraint(made, name, one, None)
    if node.HasField("partbound") and parents:
        made = fold_alter.inherit_constraints(made, parents[0], name)
    return made


def _create_index(catalog: Catalog, node: Node) -> Catalog:
    relation = catalog.name(node.relation)
    columns = tuple(str(one.index_elem.name) for one in node.index_params)
    chosen = str(node.idxname) or "_".join([relation.rpartition(".")[2], *(one or "expr" for one in columns), "idx"])
    name = f"{relation.rpartition('.')[0]}.{chosen}"
    if name in catalog.indexes and node.if_not_exists:
        return catalog
    # ON ONLY a partitioned parent it is invalid until every partition's index is attached.
    valid = not (catalog.is_partitioned(relation) and not node.relation.inh)
    index = Index(name, relation, bool(node.unique), valid, columns)
    return replace(catalog, indexes={**catalog.indexes, name: index})


def _create_view(catalog: Catalog, node: Node) -> Catalog:
    return _define_view(catalog, range_name(node.view), "v", node.query)


def _create_table_as(catalog: Catalog, node: Node) -> Catalog:
    name = range_name(node.into.rel)
    if name in catalog.relations and node.if_not_exists:
        return catalog
    if label(node, "objtype") == "OBJECT_MATVIEW":
        return _define_view(catalog, name, "m", node.query)
    return _with_relation(catalog, Relation(name, "r", rows=None, new=True))


def _define_view(catalog: Catalog, name: str, letter: str, query: Node) -> Catalog:
    before = catalog.relation(name)
    made = _with_relation(catalog, Relation(name, letter, new=before.new if before else True))
    return replace(made, views={**made.views, name: _columns_read(catalog, query)})


def _columns_read(catalog: Catalog, query: Node) -> frozenset[tuple[str, str]]:
    """Columns that a query reads: those of its relations whose name it uses anywhere."""
    hidden = {str(one.ctename) for one in inner(query, "CommonTableExpr")}
    relations = {
        catalog.name(one) for one in inner(query, "RangeVar") if one.schemaname or str(one.relname) not in hidden
    }
    used = {column_of(one) for one in inner(query, "ColumnRef")}
    found: set[tuple[str, str]] = set()
    for name in relations:
        known = catalog.relation(name)
        columns = known.columns.keys() if known else set()
        read = set(columns) if None in used else {one for one in used if one in columns}
        found |= {(name, one) for one in read if one} or {(name, "")}
    return frozenset(found)


def _create_sequence(catalog: Catalog, node: Node) -> Catalog:
    return _with_relation(catalog, Relation(range_name(node.sequence), "S", new=True))


def _create_composite(catalog: Catalog, node: Node) -> Catalog:
    columns = {one.name: one for one in (written(unwrap(column)).column for column in node.coldeflist)}
    return _with_relation(catalog, Relation(range_name(node.typevar), "c", columns, new=True))


def _create_enum(catalog: Catalog, node: Node) -> Catalog:
    return replace(catalog, enums=catalog.enums | {qualified(words(node.type_name))})


def _create_domain(catalog: Catalog, node: Node) -> Catalog:
    limits = {label(unwrap(one), "contype") for one in node.constraints}
    limited = bool(limits & {"CONSTR_CHECK", "CONSTR_NOTNULL"})
    return replace(catalog, domains={**catalog.domains, qualified(words(node.domainname)): limited})


def _alter_domain(catalog: Catalog, node: Node) -> Catalog:
    if node.subtype not in ("C", "O"):  # ADD CONSTRAINT, SET NOT NULL
        return catalog
    return replace(catalog, domains={**catalog.domains, qualified(words(node.type_name)): True})


def result_of(node: Node) -> str:
    """What a function returns, as text to compare."""
    row = [
        f"{one.function_parameter.name} {type_name(one.function_parameter.arg_type)}"
        for one in node.parameters
        if label(one.function_parameter, "mode") in ("FUNC_PARAM_OUT", "FUNC_PARAM_INOUT", "FUNC_PARAM_TABLE")
    ]
    many = "SETOF " if node.return_type.setof else ""
    if row and label(unwrap(node.parameters[-1]), "mode") == "FUNC_PARAM_TABLE":
        return f"TABLE({', '.join(row)})"
    if len(row) > 1:
        return f"{many}record"
    return many + (type_name(node.return_type) if node.HasField("return_type") else "void")


def _create_function(catalog: Catalog, node: Node) -> Catalog:
    name = qualified(words(node.funcname))
    before = catalog.functions.get(name)
    said = options(node.options).get("volatility")
    letter = constant_word(said)[:1] if said is not None else "v"
    made = Function(
        results=(before.results if before else frozenset()) | {result_of(node)},
        volatilities=(before.volatilities if before and not node.replace else frozenset()) | {letter},
        new=before.new if before else True,
    )
    return replace(catalog, functions={**catalog.functions, name: made})


def constant_word(node: Node) -> str:
    """Text of an option's value, be it a word or a literal."""
    return str(node.sval) if kind(node) == "String" else constant(node) or ""


_HANDLERS: dict[str, Fold] = {
    "CreateStmt": _create_table,
    "IndexStmt": _create_index,
    "ViewStmt": _create_view,
    "CreateTableAsStmt": _create_table_as,
    "CreateSeqStmt": _create_sequence,
    "CreateEnumStmt": _create_enum,
    "CompositeTypeStmt": _create_composite,
    "CreateDomainStmt": _create_domain,
    "AlterDomainStmt": _alter_domain,
    "CreateFunctionStmt": _create_function,
    "AlterTableStmt": fold_alter.alter_table,
    "RenameStmt": fold_alter.rename,
    "AlterObjectSchemaStmt": fold_alter.move,
    "DropStmt": fold_drop.drop,
}
