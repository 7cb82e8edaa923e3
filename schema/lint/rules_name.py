"""Rules about names: what is called otherwise afterwards, or is not yet known."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.parse import constant, inner, kind, label
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step

_RELATIONS = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE"})


def _column(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) == "RenameStmt" and label(node, "rename_type") == "OBJECT_COLUMN":
        relation = step.facts.name(node.relation)
        if step.exists(relation):
            yield Hit(relation, f"a release that says {node.subname} fails from this moment on")


def _table(step: Step) -> Iterator[Hit]:
    node, what = step.node, kind(step.node)
    renamed = what == "RenameStmt" and label(node, "rename_type") in _RELATIONS
    moved = what == "AlterObjectSchemaStmt" and label(node, "object_type") in _RELATIONS
    if not (renamed or moved):
        return
    relation = step.facts.name(node.relation)
    if relation not in step.facts.indexes and step.exists(relation):
        yield Hit(relation, f"a release that says {relation} fails from this moment on")


def _schema(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "RenameStmt" or label(node, "rename_type") != "OBJECT_SCHEMA":
        return
    inside = [one for one in step.facts.relations if one.startswith(f"{node.subname}.")]
    if not inside or any(step.exists(one) for one in inside):
        yield Hit(str(node.subname), f"a release that names anything in {node.subname} fails from this moment on")


def _enum(step: Step) -> Iterator[Hit]:
    if not step.past.transactional or not step.past.enum_values or kind(step.node) == "AlterEnumStmt":
        return
    said = {constant(one) for one in inner(step.node, "A_Const")}
    for name, value in step.past.enum_values:
        if value in said:
            yield Hit(
                name, f"'{value}' was added to {name} in this transaction: the server refuses its use until commit"
            )


RULES = (
    Rule(
        "rename-column",
        "danger",
        "The running release knows the old name, the next one the new: one of them fails.",
        "add a column with the new name, keep both the same for a release, then drop the old one",
        ("ALTER TABLE app.tasks RENAME COLUMN points TO marks;",),
        ("ALTER TABLE app.tasks ADD COLUMN marks integer;",),
        _column,
    ),
    Rule(
        "rename-table",
        "danger",
        "The running release knows the old name, the next one the new: one of them fails.",
        "a view with the new name for a release; or rename, leave a view with the old one, and allow it",
        ("ALTER TABLE app.tasks RENAME TO jobs;",),
        ("CREATE VIEW app.jobs AS SELECT * FROM app.tasks;",),
        _table,
    ),
    Rule(
        "rename-schema",
        "danger",
        "Every name in the schema changes at once.",
        "a new schema, into which things move one release at a time",
        ("ALTER SCHEMA app RENAME TO core;",),
        ("CREATE SCHEMA core;",),
        _schema,
    ),
    Rule(
        "enum-value-used-in-same-transaction",
        "danger",
        "A new value of an enum may be used only after the transaction that adds it.",
        "ADD VALUE in a file of its own, before the file that uses it",
        ("ALTER TYPE app.mood ADD VALUE 'so so';\nINSERT INTO app.users (id, mood) VALUES (1, 'so so');",),
        ("ALTER TYPE app.mood ADD VALUE 'so so';", "INSERT INTO app.users (id, mood) VALUES (1, 'so so');"),
        _enum,
        fails=True,
    ),
)
