"""Whether a statement can lose what is stored, asked the careful way round: only what is known to be harmless is.

The rules name the losses that they recognise. A revert must not depend on that: a DELETE inside a WITH, a DO block or a
function's name tell nothing.
"""

from __future__ import annotations

from schema.lint.parse import Node, Unreadable, kind, label, parse, unwrap

# They make something, describe it, or say who may use it.
_HARMLESS = frozenset(
    {
        "AlterDefaultPrivilegesStmt", "AlterFunctionStmt", "AlterObjectSchemaStmt", "AlterOwnerStmt", "AlterPolicyStmt",
        "CommentStmt", "CreateDomainStmt", "CreateEnumStmt", "CreateExtensionStmt", "CreateFunctionStmt",
        "CreatePolicyStmt", "CreateSchemaStmt", "CreateStmt", "CreateTrigStmt", "GrantRoleStmt", "GrantStmt",
        "IndexStmt", "LockStmt", "ReindexStmt", "RenameStmt", "VacuumStmt", "VariableSetStmt", "ViewStmt",
    }
)  # fmt: skip
# What can be made again from its definition, without a row.
_DROPPABLE = frozenset(
    {
        "OBJECT_VIEW", "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE", "OBJECT_INDEX",
        "OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE",
    }
)  # fmt: skip
_ALTERATIONS = frozenset(
    {
        "AT_AddColumn", "AT_AddConstraint", "AT_AddIndexConstraint", "AT_AttachPartition", "AT_ChangeOwner",
        "AT_ColumnDefault", "AT_DetachPartition", "AT_DetachPartitionFinalize", "AT_DisableTrig", "AT_DropConstraint",
        "AT_DropNotNull", "AT_EnableRowSecurity", "AT_EnableTrig", "AT_ForceRowSecurity", "AT_SetNotNull",
        "AT_SetRelOptions", "AT_ResetRelOptions", "AT_SetStatistics", "AT_ValidateConstraint",
    }
)  # fmt: skip


def may_lose(text: str) -> bool:
    """Whether a statement may change or remove rows, or what cannot be made again without them."""
    try:
        node = parse(text)
    except Unreadable:
        return True
    what = kind(node)
    if what == "DropStmt":
        return label(node, "remove_type") not in _DROPPABLE or label(node, "behavior") == "DROP_CASCADE"
    if what == "AlterTableStmt":
        return any(not _harmless(unwrap(one)) for one in node.cmds)
    return what not in _HARMLESS


def _harmless(command: Node) -> bool:
    return label(command, "subtype") in _ALTERATIONS and label(command, "behavior") != "DROP_CASCADE"
