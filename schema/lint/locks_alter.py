"""The locks of ALTER TABLE: the strongest of its subcommands, on the table and on all that it reaches from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schema.lint.catalog import Catalog, Constraint
from schema.lint.modes import Mode
from schema.lint.parse import Node, definition, kind, label, unwrap, walk

Wanted = Iterator[tuple[str, Mode]]

# What is not here takes ACCESS EXCLUSIVE, as most do.
_WEAKER = {
    "AT_SetStatistics": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_SetOptions": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_ResetOptions": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_ClusterOn": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_DropCluster": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_ValidateConstraint": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_AttachPartition": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_DetachPartitionFinalize": Mode.SHARE_UPDATE_EXCLUSIVE,
    "AT_EnableTrig": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_EnableAlwaysTrig": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_EnableReplicaTrig": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_DisableTrig": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_EnableTrigAll": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_DisableTrigAll": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_EnableTrigUser": Mode.SHARE_ROW_EXCLUSIVE,
    "AT_DisableTrigUser": Mode.SHARE_ROW_EXCLUSIVE,
}
# Storage parameters that readers depend on; all others are of interest to VACUUM and to writers yet to come.
_STRONG_PARAMETERS = frozenset({"user_catalog_table", "security_barrier", "security_invoker", "check_option"})

# These go down to partitions and inheriting tables; the rest is the one table's own.
_RECURSING = frozenset(
    {
        "AT_AddColumn", "AT_DropColumn", "AT_AlterColumnType", "AT_ColumnDefault", "AT_SetNotNull", "AT_DropNotNull",
        "AT_SetStatistics", "AT_SetStorage", "AT_SetCompression", "AT_AddConstraint", "AT_DropConstraint",
        "AT_AlterConstraint", "AT_ValidateConstraint", "AT_DropExpression", "AT_SetExpression",
        "AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_DisableTrig", "AT_EnableTrigAll",
        "AT_DisableTrigAll", "AT_EnableTrigUser", "AT_DisableTrigUser", "AT_AddIdentity", "AT_SetIdentity",
        "AT_DropIdentity",
    }
)  # fmt: skip


def mode_of(command: Node) -> Mode:
    """The lock of one subcommand on its own table."""
    what = label(command, "subtype")
    if what in ("AT_SetRelOptions", "AT_ResetRelOptions"):
        named = {str(one.def_elem.defname) for one in definition(command).items}
        return Mode.ACCESS_EXCLUSIVE if named & _STRONG_PARAMETERS else Mode.SHARE_UPDATE_EXCLUSIVE
    if what == "AT_DetachPartition" and definition(command).concurrent:
        return Mode.SHARE_UPDATE_EXCLUSIVE
    if what == "AT_AddConstraint" and label(definition(command), "contype") == "CONSTR_FOREIGN":
        return Mode.SHARE_ROW_EXCLUSIVE
    return _WEAKER.get(what, Mode.ACCESS_EXCLUSIVE)


def recurses(command: Node, major: int) -> bool:
    """Whether the subcommand goes down to the partitions. Identity columns do from 17 on."""
    what = label(command, "subtype")
    return what in _RECURSING and (major >= 17 or not what.endswith("Identity"))


def _makes_index(command: Node) -> bool:
    unique = ("CONSTR_UNIQUE", "CONSTR_EXCLUSION", "CONSTR_PRIMARY")
    return label(command, "subtype") == "AT_AddConstraint" and label(definition(command), "contype") in unique


def alter_table(node: Node, catalog: Catalog) -> Wanted:
    """Every relation that the statement locks."""
    relation = catalog.name(node.relation)
    if label(node, "objtype") == "OBJECT_TYPE":
        return  # nobody waits for a type
    if label(node, "objtype") == "OBJECT_INDEX":
        yield from _alter_index(node, catalog, relation)
        return
    commands = [unwrap(one) for one in node.cmds]
    strongest = max(map(mode_of, commands))
    yield relation, strongest
    below = [command for command in commands if recurses(command, catalog.major)] if node.relation.inh else []
    if below:
        # Before 18 this does no more to a partition than CREATE INDEX does; 18 prepares it as any other subcommand.
        only_indexes = catalog.major < 18 and all(map(_makes_index, below))
        for child in catalog.children(relation):
            yield child, Mode.SHARE if only_indexes else strongest
    for command in commands:
        if beside := _BESIDE.get(label(command, "subtype")):
            yield from beside(command, relation, catalog)


def _alter_index(node: Node, catalog: Catalog, name: str) -> Wanted:
    """ALTER INDEX locks the index; only attaching one looks at the tables."""
    for one in node.cmds:
        command = unwrap(one)
        if label(command, "subtype") == "AT_AttachPartition":
            for index in (name, catalog.name(definition(command).name)):
                if known := catalog.indexes.get(index):
                    yield known.relation, Mode.ACCESS_SHARE


def referenced(node: Node, catalog: Catalog, mode: Mode = Mode.SHARE_ROW_EXCLUSIVE) -> Wanted:
    """The tables that the foreign keys in a definition point at, with their partitions."""
    for one in walk(node):
        if kind(one) == "Constraint" and label(one, "contype") == "CONSTR_FOREIGN":
            for name in catalog.family(catalog.name(one.pktable)):
                yield name, mode


def _of_definition(command: Node, relation: str, catalog: Catalog) -> Wanted:
    yield from referenced(definition(command), catalog)


def _validate(command: Node, relation: str, catalog: Catalog) -> Wanted:
    known = catalog.constraints.get((relation, str(command.name)))
    if known and known.references and not known.validated:
        yield known.references, Mode.ROW_SHARE


def _drop_constraint(command: Node, relation: str, catalog: Catalog) -> Wanted:
    known = catalog.constraints.get((relation, str(command.name)))
    if known is None:
        return
    yield from other_ends([known], catalog)
    if known.type in ("p", "u") and label(command, "behavior") == "DROP_CASCADE":
        for one in catalog.referring_to(relation):
            yield one.relation, Mode.ACCESS_EXCLUSIVE


def _drop_column(command: Node, relation: str, catalog: Catalog) -> Wanted:
    keys = [one for one in catalog.constraints_of(relation, "f") if command.name in one.columns]
    yield from other_ends(keys, catalog)
    if label(command, "behavior") == "DROP_CASCADE":
        for view in catalog.readers(relation, str(command.name)):
            yield view, Mode.ACCESS_EXCLUSIVE
        yield from _users_of_key(relation, str(command.name), catalog)


def _users_of_key(relation: str, column: str, catalog: Catalog) -> Wanted:
    """The tables whose foreign keys point at a table by a key that has the column."""
    if any(column in one.columns for one in catalog.constraints_of(relation, "p", "u")):
        for one in catalog.referring_to(relation):
            yield one.relation, Mode.ACCESS_EXCLUSIVE


def _retype(command: Node, relation: str, catalog: Catalog) -> Wanted:
    """A foreign key over the column is made anew, at either end."""
    own = [one for one in catalog.constraints_of(relation, "f") if command.name in one.columns]
    yield from other_ends(own, catalog)
    yield from _users_of_key(relation, str(command.name), catalog)


def other_ends(keys: list[Constraint], catalog: Catalog) -> Wanted:
    """Dropping a foreign key drops the triggers on the table that it points at."""
    for one in keys:
        if one.references:
            for name in catalog.family(one.references):
                yield name, Mode.ACCESS_EXCLUSIVE


def _attach(command: Node, relation: str, catalog: Catalog) -> Wanted:
    child = catalog.name(definition(command).name)
    for name in catalog.family(child):
        yield name, Mode.ACCESS_EXCLUSIVE
    yield from new_partition(relation, catalog)


def new_partition(parent: str, catalog: Catalog) -> Wanted:
    """A partition takes rows from the default one, and the parent's foreign keys."""
    if default := catalog.default_partition(parent):
        yield default.name, Mode.ACCESS_EXCLUSIVE
    for key in catalog.constraints_of(parent, "f"):
        if key.references:
            yield key.references, Mode.SHARE_ROW_EXCLUSIVE


def _detach(command: Node, relation: str, catalog: Catalog) -> Wanted:
    """Foreign keys of the parent become the partition's own."""
    partition = definition(command)
    for key in catalog.constraints_of(relation, "f"):
        if key.references:
            yield key.references, Mode.SHARE_ROW_EXCLUSIVE
    for name in catalog.family(catalog.name(partition.name)):
        yield name, Mode.ACCESS_EXCLUSIVE
    default = catalog.default_partition(relation)
    if default and not partition.concurrent:
        yield default.name, Mode.ACCESS_EXCLUSIVE


def _inherit(command: Node, relation: str, catalog: Catalog) -> Wanted:
    yield catalog.name(definition(command)), Mode.SHARE_UPDATE_EXCLUSIVE


_BESIDE: dict[str, Callable[[Node, str, Catalog], Wanted]] = {
    "AT_AddColumn": _of_definition,
    "AT_AddConstraint": _of_definition,
    "AT_ValidateConstraint": _validate,
    "AT_DropConstraint": _drop_constraint,
    "AT_DropColumn": _drop_column,
    "AT_AlterColumnType": _retype,
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_AddInherit": _inherit,
    "AT_DropInherit": _inherit,
}
