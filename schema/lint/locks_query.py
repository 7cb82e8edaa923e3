"""The locks of queries: what is written, what is read, what is locked row by row."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.catalog import Catalog
from schema.lint.modes import Mode
from schema.lint.parse import Node, kind, unwrap, walk

Wanted = Iterator[tuple[str, Mode]]

_WRITES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


def of_query(node: Node, catalog: Catalog, executed: bool = True) -> Wanted:
    """The tables of a query. One that is only stored, such as a view's, does not reach their partitions.

    What functions, triggers and foreign keys do while it runs is not in its text, and so not here.
    """
    for name, mode, below in sorted(_named(node, catalog)):
        known = catalog.relation(name)
        yield name, mode
        if not executed:
            continue
        for table in sorted(catalog.base_tables(name)) if known and known.kind == "v" else ():
            yield table, Mode.ACCESS_SHARE
        # An INSERT finds the partition of each row when it has the row.
        for child in catalog.children(name) if below else ():
            yield child, mode


def _named(node: Node, catalog: Catalog) -> set[tuple[str, Mode, bool]]:
    found: set[tuple[str, Mode, bool]] = set()
    hidden: set[str] = set()
    made: list[Node] = []
    for one in walk(node):
        what = kind(one)
        if what == "CommonTableExpr":
            hidden.add(str(one.ctename))
        elif what == "IntoClause":
            made.append(one.rel)
        elif what in _WRITES:
            # What a writing statement names with a CTE of the same name is still the table.
            found.add((catalog.name(one.relation), Mode.ROW_EXCLUSIVE, what != "InsertStmt" and bool(one.relation.inh)))
            made.append(one.relation)
        elif what == "SelectStmt" and one.locking_clause:
            found |= _locked_rows(one, catalog)
    for one in walk(node):
        if kind(one) != "RangeVar" or any(one == other for other in made):
            continue
        name = catalog.name(one)
        if (one.schemaname or str(one.relname) not in hidden) and not _is_catalog(name):
            found.add((name, Mode.ACCESS_SHARE, bool(one.inh)))
    return found


def _locked_rows(select: Node, catalog: Catalog) -> set[tuple[str, Mode, bool]]:
    wanted: set[str] = set()
    for one in select.locking_clause:
        wanted |= {str(unwrap(name).relname) for name in unwrap(one).locked_rels}
    return {
        (catalog.name(one), Mode.ROW_SHARE, bool(one.inh))
        for part in select.from_clause
        for one in walk(unwrap(part))
        if kind(one) == "RangeVar" and (not wanted or wanted & {str(one.relname), str(one.alias.aliasname)})
    }


def _is_catalog(name: str) -> bool:
    return name.startswith(("pg_catalog.", "information_schema."))
