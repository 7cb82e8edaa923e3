"""Which statement takes which lock on which relation, as the manual and the server's source have it.

Only what follows from the text and the catalog: what functions, DO blocks and triggers lock is not seen.
"""

from __future__ import annotations

from collections.abc import Callable

from schema.lint.catalog import Catalog
from schema.lint.locks_alter import Wanted, alter_table, new_partition, referenced
from schema.lint.locks_drop import drop, table_of_index
from schema.lint.locks_query import of_query
from schema.lint.modes import Mode
from schema.lint.parse import Node, inner, is_on, kind, label, options, qualified, unwrap, words


def locks_of(node: Node, catalog: Catalog) -> dict[str, Mode]:
    """The strongest mode for each relation, indexes and the server's own catalog left out."""
    found: dict[str, Mode] = {}
    handler = _HANDLERS.get(kind(node))
    for name, mode in handler(node, catalog) if handler else ():
        if mode > found.get(name, 0) and not name.startswith(("pg_catalog.", "information_schema.")):
            found[name] = mode
    return found


def _create_table(node: Node, catalog: Catalog) -> Wanted:
    for parent in node.inh_relations:
        name = catalog.name(unwrap(parent))
        if node.HasField("partbound"):
            yield name, Mode.ACCESS_EXCLUSIVE
            yield from new_partition(name, catalog)
        else:
            yield name, Mode.SHARE_UPDATE_EXCLUSIVE
    for like in inner(node, "TableLikeClause"):
        yield catalog.name(like.relation), Mode.ACCESS_SHARE
    own = catalog.name(node.relation)
    yield from ((name, mode) for name, mode in referenced(node, catalog) if name != own)


def _create_index(node: Node, catalog: Catalog) -> Wanted:
    mode = Mode.SHARE_UPDATE_EXCLUSIVE if node.concurrent else Mode.SHARE
    for name in catalog.family(catalog.name(node.relation), bool(node.relation.inh)):
        yield name, mode


def _rename(node: Node, catalog: Catalog) -> Wanted:
    what = label(node, "rename_type")
    if what == "OBJECT_SCHEMA" or not node.HasField("relation"):
        return
    name = catalog.name(node.relation)
    if what == "OBJECT_INDEX" or name in catalog.indexes:
        return  # the index alone is locked
    below = what in ("OBJECT_COLUMN", "OBJECT_TRIGGER")
    if what == "OBJECT_TABCONSTRAINT":
        known = catalog.constraints.get((name, str(node.subname)))
        below = known is not None and known.type == "c"
    for one in catalog.family(name, below):
        yield one, Mode.ACCESS_EXCLUSIVE


def _move(node: Node, catalog: Catalog) -> Wanted:
    if node.HasField("relation"):
        yield catalog.name(node.relation), Mode.ACCESS_EXCLUSIVE


def _lock(node: Node, catalog: Catalog) -> Wanted:
    for one in node.relations:
        relation = unwrap(one)
        name = catalog.name(relation)
        for locked in {*catalog.family(name, bool(relation.inh)), *catalog.base_tables(name)}:
            yield locked, Mode(node.mode)


def _truncate(node: Node, catalog: Catalog) -> Wanted:
    waiting = [name for one in node.relations for name in catalog.family(catalog.name(unwrap(one)))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name, Mode.ACCESS_EXCLUSIVE
        if label(node, "behavior") == "DROP_CASCADE":
            waiting += [one for key in catalog.referring_to(name) for one in catalog.family(key.relation)]


def _reindex(node: Node, catalog: Catalog) -> Wanted:
    mode = Mode.SHARE_UPDATE_EXCLUSIVE if is_on(options(node.params), "concurrently") else Mode.SHARE
    what = label(node, "kind")
    if what == "REINDEX_OBJECT_SCHEMA":
        tables = [one.name for one in catalog.relations.values() if one.name.startswith(f"{node.name}.")]
    elif what in ("REINDEX_OBJECT_DATABASE", "REINDEX_OBJECT_SYSTEM"):
        tables = list(catalog.relations)
    elif what == "REINDEX_OBJECT_INDEX":
        tables = catalog.family(table_of_index(catalog.name(node.relation), catalog))
    else:
        tables = catalog.family(catalog.name(node.relation))
    for name in tables:
        known = catalog.relation(name)
        if known is None or known.kind in ("r", "p", "m"):
            yield name, mode


def _vacuum(node: Node, catalog: Catalog) -> Wanted:
    full = is_on(options(node.options), "full")
    for one in node.rels:
        for name in catalog.family(catalog.name(one.vacuum_relation.relation)):
            yield name, Mode.ACCESS_EXCLUSIVE if full else Mode.SHARE_UPDATE_EXCLUSIVE


def _cluster(node: Node, catalog: Catalog) -> Wanted:
    if node.HasField("relation"):
        yield catalog.name(node.relation), Mode.ACCESS_EXCLUSIVE


def _refresh(node: Node, catalog: Catalog) -> Wanted:
    name = catalog.name(node.relation)
    yield name, Mode.EXCLUSIVE if node.concurrent else Mode.ACCESS_EXCLUSIVE
    for table in catalog.base_tables(name):
        for one in catalog.family(table):
            yield one, Mode.ACCESS_SHARE


def _create_trigger(node: Node, catalog: Catalog) -> Wanted:
    for name in catalog.family(catalog.name(node.relation), bool(node.row)):
        yield name, Mode.SHARE_ROW_EXCLUSIVE
    if node.HasField("constrrel"):
        yield catalog.name(node.constrrel), Mode.ACCESS_SHARE


def _policy(node: Node, catalog: Catalog) -> Wanted:
    yield catalog.name(node.table), Mode.ACCESS_EXCLUSIVE
    for part in (node.qual, node.with_check):
        yield from of_query(unwrap(part), catalog, executed=False)


def _rule(node: Node, catalog: Catalog) -> Wanted:
    yield catalog.name(node.relation), Mode.ACCESS_EXCLUSIVE
    for action in node.actions:
        for name, mode in of_query(unwrap(action), catalog, executed=False):
            if name.rpartition(".")[2] not in ("old", "new"):
                yield name, mode


def _comment(node: Node, catalog: Catalog) -> Wanted:
    what = label(node, "objtype")
    if what in ("OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_VIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE"):
        yield qualified(words(unwrap(node.object).items)), Mode.SHARE_UPDATE_EXCLUSIVE
    elif what == "OBJECT_COLUMN":
        yield qualified(words(unwrap(node.object).items)[:-1]), Mode.SHARE_UPDATE_EXCLUSIVE
    elif what in ("OBJECT_TABCONSTRAINT", "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"):
        yield qualified(words(unwrap(node.object).items)[:-1]), Mode.ACCESS_SHARE


def _statistics(node: Node, catalog: Catalog) -> Wanted:
    for one in node.relations:
        yield catalog.name(unwrap(one)), Mode.SHARE_UPDATE_EXCLUSIVE


def _publication(node: Node, catalog: Catalog) -> Wanted:
    for one in inner(node, "PublicationTable"):
        yield catalog.name(one.relation), Mode.SHARE_UPDATE_EXCLUSIVE


def _copy(node: Node, catalog: Catalog) -> Wanted:
    if node.HasField("query"):
        yield from of_query(node, catalog)
    elif node.HasField("relation"):
        yield catalog.name(node.relation), Mode.ROW_EXCLUSIVE if node.is_from else Mode.ACCESS_SHARE


def _view(node: Node, catalog: Catalog) -> Wanted:
    name = catalog.name(node.view)
    if name in catalog.relations:
        yield name, Mode.ACCESS_EXCLUSIVE
    yield from of_query(unwrap(node.query), catalog, executed=False)


def _domain(node: Node, catalog: Catalog) -> Wanted:
    """A new limit is held against every table that uses the domain."""
    if not scans_the_domain(node):
        return
    name = qualified(words(node.type_name))
    for relation in catalog.relations.values():
        if relation.kind in ("r", "m") and any(one.type == name for one in relation.columns.values()):
            yield relation.name, Mode.SHARE


def scans_the_domain(node: Node) -> bool:
    """Whether ALTER DOMAIN looks at all values that are there: ADD CONSTRAINT, VALIDATE, SET NOT NULL."""
    if node.subtype == "C":
        return not getattr(node, "def").constraint.skip_validation
    return node.subtype in ("V", "O")


def _sequence(node: Node, catalog: Catalog) -> Wanted:
    if kind(node) == "AlterSeqStmt":
        yield catalog.name(node.sequence), Mode.SHARE_ROW_EXCLUSIVE
    owner = options(node.options).get("owned_by")
    parts = words(owner.items) if owner is not None else ()
    if len(parts) > 1:
        yield qualified(parts[:-1]), Mode.ACCESS_SHARE


def _grant(node: Node, catalog: Catalog) -> Wanted:
    """Rights on a table: 18 holds the table while it changes them."""
    if (
        catalog.major >= 18
        and label(node, "targtype") == "ACL_TARGET_OBJECT"
        and label(node, "objtype") == "OBJECT_TABLE"
    ):
        for one in node.objects:
            yield catalog.name(unwrap(one)), Mode.ACCESS_SHARE


def _function(node: Node, catalog: Catalog) -> Wanted:
    """A body in BEGIN ATOMIC is understood at once, a quoted one not."""
    if node.HasField("sql_body"):
        yield from of_query(unwrap(node.sql_body), catalog, executed=False)


_HANDLERS: dict[str, Callable[[Node, Catalog], Wanted]] = {
    "AlterTableStmt": alter_table,
    "CreateStmt": _create_table,
    "IndexStmt": _create_index,
    "DropStmt": drop,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _move,
    "LockStmt": _lock,
    "TruncateStmt": _truncate,
    "ReindexStmt": _reindex,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "RefreshMatViewStmt": _refresh,
    "CreateTrigStmt": _create_trigger,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _policy,
    "RuleStmt": _rule,
    "CommentStmt": _comment,
    "CreateStatsStmt": _statistics,
    "CreatePublicationStmt": _publication,
    "AlterPublicationStmt": _publication,
    "CopyStmt": _copy,
    "ViewStmt": _view,
    "AlterDomainStmt": _domain,
    "CreateSeqStmt": _sequence,
    "AlterSeqStmt": _sequence,
    "CreateFunctionStmt": _function,
    "GrantStmt": _grant,
    "CreateTableAsStmt": of_query,
    "SelectStmt": of_query,
    "InsertStmt": of_query,
    "UpdateStmt": of_query,
    "DeleteStmt": of_query,
    "MergeStmt": of_query,
    "ExplainStmt": of_query,
}
