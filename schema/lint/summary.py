"""A statement in a few words, such as `ALTER TABLE app.tasks ADD COLUMN`."""

from __future__ import annotations

import re

from schema.lint.fold_drop import dropped_names
from schema.lint.parse import Node, kind, label, range_name, unwrap
from schema.sqltext import Statement

# The words with which statements begin. The first that is none of them is a name or a detail.
_VERBS = frozenset(
    {
        "AGGREGATE", "ALTER", "ANALYZE", "AS", "CALL", "CAST", "CLUSTER", "COLLATION", "COLUMN", "COMMENT",
        "CONCURRENTLY", "CONSTRAINT", "COPY", "CREATE", "DATABASE", "DEFAULT", "DELETE", "DO", "DOMAIN", "DROP",
        "EVENT", "EXPLAIN", "EXTENSION", "FOREIGN", "FROM", "FUNCTION", "GLOBAL", "GRANT", "IMPORT", "INDEX",
        "INSERT", "INTO", "LOCAL", "LOCK", "MATERIALIZED", "MERGE", "OPERATOR", "OR", "OWNED", "POLICY", "PRIVILEGES",
        "PROCEDURE", "PUBLICATION", "REASSIGN", "RECURSIVE", "REFRESH", "REINDEX", "REPLACE", "RESET", "REVOKE",
        "ROLE", "ROUTINE", "RULE", "SCHEMA", "SECURITY", "SELECT", "SEQUENCE", "SERVER", "SET", "STATISTICS",
        "SUBSCRIPTION", "SYSTEM", "TABLE", "TEMP", "TEMPORARY", "TRIGGER", "TRUNCATE", "TYPE", "UNIQUE", "UNLOGGED",
        "UPDATE", "VACUUM", "VALUES", "VIEW", "WITH",
    }
)  # fmt: skip
_SILENT = frozenset({"IF", "NOT", "EXISTS", "ONLY"})
# Where a statement's tree keeps the relation that it is about, and what stands before the relation's name.
_TARGETS = {
    "IndexStmt": "ON ", "CreateTrigStmt": "ON ", "CreatePolicyStmt": "ON ", "AlterPolicyStmt": "ON ", "RuleStmt": "TO ",
}  # fmt: skip
_FIELDS = ("relation", "table", "view", "sequence")
_WORD = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")
# Subcommands whose name in the parser is not what one writes.
_COMMANDS = {
    "AT_ColumnDefault": "ALTER COLUMN DEFAULT",
    "AT_AlterColumnType": "ALTER COLUMN TYPE",
    "AT_SetRelOptions": "SET",
    "AT_ResetRelOptions": "RESET",
    "AT_ChangeOwner": "OWNER TO",
    "AT_SetUnLogged": "SET UNLOGGED",
    "AT_AddInherit": "INHERIT",
    "AT_DropInherit": "NO INHERIT",
    "AT_EnableRowSecurity": "ENABLE ROW LEVEL SECURITY",
    "AT_DisableRowSecurity": "DISABLE ROW LEVEL SECURITY",
    "AT_ForceRowSecurity": "FORCE ROW LEVEL SECURITY",
    "AT_NoForceRowSecurity": "NO FORCE ROW LEVEL SECURITY",
}


def verb(statement: Statement) -> str:
    """The words with which the statement begins."""
    said: list[str] = []
    for word in statement.words:
        if word in _SILENT:
            continue
        if word not in _VERBS:
            break
        said.append(word)
    return " ".join(said) or " ".join(statement.words[:1])


def summary(statement: Statement, node: Node) -> str:
    """What the statement does, and to what."""
    said = [verb(statement), *_target(node)]
    if kind(node) == "AlterTableStmt":
        said.append(", ".join(dict.fromkeys(_command(label(unwrap(one), "subtype")) for one in node.cmds)))
    elif kind(node) == "RenameStmt":
        said.append(f"RENAME TO {node.newname}")
    elif kind(node) == "AlterObjectSchemaStmt":
        said.append(f"SET SCHEMA {node.newschema}")
    return " ".join(said)


def _target(node: Node) -> list[str]:
    if kind(node) == "DropStmt":
        return [", ".join(".".join(parts) for parts in dropped_names(node))]
    fields = node.DESCRIPTOR.fields_by_name
    for field in _FIELDS:
        if field in fields and node.HasField(field) and kind(getattr(node, field)) == "RangeVar":
            return [_TARGETS.get(kind(node), "") + range_name(getattr(node, field))]
    if "into" in fields and node.HasField("into"):
        return [range_name(node.into.rel)]
    if kind(node) in ("LockStmt", "TruncateStmt"):
        return [", ".join(range_name(unwrap(one)) for one in node.relations)]
    return []


def _command(subtype: str) -> str:
    said = " ".join(_WORD.findall(subtype.removeprefix("AT_"))).upper()
    return _COMMANDS.get(subtype, said.replace("TRIG", "TRIGGER"))
