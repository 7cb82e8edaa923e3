"""What may give prepared statements another result type: `cached plan must not change result type`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schema.lint.catalog import Catalog
from schema.lint.fold import result_of
from schema.lint.fold_drop import dropped_names
from schema.lint.parse import Node, kind, label, qualified, unwrap, words

_COLUMNS = frozenset({"AT_AddColumn", "AT_DropColumn", "AT_AlterColumnType", "AT_AddColumnToView"})
_TABLES = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"})
_ROUTINES = frozenset({"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"})


def renewed(node: Node, catalog: Catalog) -> tuple[str, ...]:
    """Relations, types and functions by name, of those that were there before."""
    handler = _HANDLERS.get(kind(node))
    found = handler(node, catalog) if handler else iter(())
    return tuple(sorted({name for name in found if not _is_new(name, catalog)}))


def _is_new(name: str, catalog: Catalog) -> bool:
    function = catalog.functions.get(name)
    return catalog.is_new(name) or (function is not None and function.new and name not in catalog.relations)


def _alter(node: Node, catalog: Catalog) -> Iterator[str]:
    if any(label(unwrap(one), "subtype") in _COLUMNS for one in node.cmds):
        name = catalog.name(node.relation)
        yield from _with_rows_of(name, catalog)


def _with_rows_of(name: str, catalog: Catalog) -> Iterator[str]:
    """A table, its partitions, and the functions that return its rows."""
    yield name
    yield from catalog.children(name)
    for function, known in catalog.functions.items():
        if known.results & {name, f"SETOF {name}"}:
            yield function


def _rename(node: Node, catalog: Catalog) -> Iterator[str]:
    what = label(node, "rename_type")
    if what == "OBJECT_SCHEMA":
        yield from (name for name in catalog.relations if name.startswith(f"{node.subname}."))
    elif what == "OBJECT_ATTRIBUTE":
        yield catalog.name(node.relation)
    elif what == "OBJECT_COLUMN" or what in _TABLES:
        name = catalog.name(node.relation)
        if name not in catalog.indexes:
            yield from _with_rows_of(name, catalog) if what == "OBJECT_COLUMN" else (name,)


def _move(node: Node, catalog: Catalog) -> Iterator[str]:
    if label(node, "object_type") in _TABLES:
        yield catalog.name(node.relation)


def _drop(node: Node, catalog: Catalog) -> Iterator[str]:
    what = label(node, "remove_type")
    if what == "OBJECT_SCHEMA":
        schemas = {one[0] for one in dropped_names(node)}
        yield from (name for name in catalog.relations if name.partition(".")[0] in schemas)
    elif what in _TABLES or what in _ROUTINES:
        for parts in dropped_names(node):
            yield qualified(parts)


def _view(node: Node, catalog: Catalog) -> Iterator[str]:
    name = catalog.name(node.view)
    if name in catalog.relations:
        yield name


def _function(node: Node, catalog: Catalog) -> Iterator[str]:
    """The server lets nobody replace a function by one with another result; one with other arguments may have it."""
    name = qualified(words(node.funcname))
    known = catalog.functions.get(name)
    if known and result_of(node) not in known.results:
        yield name


_HANDLERS: dict[str, Callable[[Node, Catalog], Iterator[str]]] = {
    "AlterTableStmt": _alter,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "DropStmt": _drop,
    "ViewStmt": _view,
    "CreateFunctionStmt": _function,
}
