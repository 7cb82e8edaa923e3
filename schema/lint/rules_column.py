"""Rules about columns: what writes the table anew, and what cannot work."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.columns import Written, stored, written
from schema.lint.parse import definition, kind, unwrap
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step
from schema.lint.typenames import is_only_the_column, is_serial, keeps_the_bytes, type_name
from schema.lint.volatility import volatile_calls


def _retype(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_AlterColumnType"):
        wanted = definition(command)
        column, new = str(command.name), type_name(wanted.type_name)
        known = step.facts.column(relation, column)
        using = unwrap(wanted.raw_default) if wanted.HasField("raw_default") else None
        plain = using is None or is_only_the_column(using, column)
        if known is None:
            why = f"the old type of {column} is not known; unless {new} has the same bytes, {relation} is written anew"
            yield Hit(relation, why)
            continue
        if not plain or wanted.HasField("coll_clause") or not keeps_the_bytes(known.type, new):
            yield Hit(relation, f"{known.type} to {new} writes {step.facts.shown(relation)} anew, its indexes too")


def _retype_under_view(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_AlterColumnType"):
        if views := step.facts.readers(relation, str(command.name)):
            yield Hit(
                relation, f"{', '.join(views)} reads {command.name}, and the server refuses to change it under it"
            )


def _columns(step: Step) -> Iterator[tuple[str, Written]]:
    for relation, node in step.new_columns():
        yield relation, written(node)


def _volatile(step: Step) -> Iterator[Hit]:
    for relation, column in _columns(step):
        anew = f"writes {step.facts.shown(relation)} anew while nobody else may read it"
        if is_serial(column.node.type_name):
            yield Hit(relation, f"a serial column numbers every row, which {anew}")
        elif "CONSTR_IDENTITY" in column.constraints:
            yield Hit(relation, f"an identity column numbers every row, which {anew}")
        elif calls := _calls(column, step):
            yield Hit(relation, f"{calls[0]}() may give each row another value, which {anew}")


def _calls(column: Written, step: Step) -> list[str]:
    default = column.constraints.get("CONSTR_DEFAULT")
    return volatile_calls(unwrap(default.raw_expr), step.facts) if default is not None else []


def _generated(step: Step) -> Iterator[Hit]:
    for relation, column in _columns(step):
        found = column.constraints.get("CONSTR_GENERATED")
        if found is not None and stored(found):
            safe = "GENERATED ALWAYS AS (…) VIRTUAL, which is computed on reading" if step.facts.major >= 18 else ""
            yield Hit(relation, f"the stored column writes {step.facts.shown(relation)} anew, unread by others", safe)


def _not_null(step: Step) -> Iterator[Hit]:
    for relation, column in _columns(step):
        if column.column.not_null and not column.fills_itself:
            yield Hit(relation, f"{column.column.name} is NULL in every row of {step.facts.shown(relation)}: it fails")


def _limited_domain(step: Step) -> Iterator[Hit]:
    for relation, column in _columns(step):
        if step.facts.domains.get(column.column.type):
            yield Hit(relation, f"{column.column.type} has limits, so {step.facts.shown(relation)} is written anew")


def _narrow_key(step: Step) -> Iterator[Hit]:
    if kind(step.node) != "CreateStmt":
        return
    for one in step.node.table_elts:
        if not one.HasField("column_def"):
            continue
        column = written(one.column_def)
        counted = is_serial(column.node.type_name) or "CONSTR_IDENTITY" in column.constraints
        if counted and column.column.type in ("integer", "smallint"):
            relation = step.facts.name(step.node.relation)
            yield Hit(
                relation, f"{column.column.name} is {column.column.type}: its numbers end, and then every INSERT fails"
            )


RULES = (
    Rule(
        "type-change-rewrites",
        "danger",
        "A new type with other bytes writes the table and its indexes anew under ACCESS EXCLUSIVE.",
        "add a column of the new type, fill it in batches, and let the application change over",
        ("ALTER TABLE app.tasks ALTER COLUMN points TYPE bigint;",),
        ("ALTER TABLE app.tasks ADD COLUMN points_wide bigint;",),
        _retype,
    ),
    Rule(
        "type-change-under-view",
        "danger",
        "The server refuses to change the type of a column that a view reads.",
        "DROP VIEW, change the type, CREATE VIEW again, all in one file",
        ("ALTER TABLE app.tasks ALTER COLUMN title TYPE text;",),
        (
            "DROP VIEW app.open_tasks;\nALTER TABLE app.tasks ALTER COLUMN title TYPE text;\n"
            "CREATE VIEW app.open_tasks AS SELECT id, title FROM app.tasks WHERE status <> 'done';",
        ),
        _retype_under_view,
        fails=True,
    ),
    Rule(
        "volatile-default",
        "danger",
        "A default that differs from row to row is written into every row under ACCESS EXCLUSIVE; "
        "constants and now() are not.",
        "ADD COLUMN without default, SET DEFAULT for new rows in the next file, fill old rows in batches",
        ("ALTER TABLE app.tasks ADD COLUMN token uuid DEFAULT gen_random_uuid();",),
        (
            "ALTER TABLE app.tasks ADD COLUMN token uuid;",
            "ALTER TABLE app.tasks ALTER COLUMN token SET DEFAULT gen_random_uuid();",
        ),
        _volatile,
    ),
    Rule(
        "generated-column-rewrites",
        "danger",
        "A stored generated column is computed for every row under ACCESS EXCLUSIVE.",
        "an ordinary column that a trigger keeps and a batch fills, or a view",
        ("ALTER TABLE app.tasks ADD COLUMN doubled bigint GENERATED ALWAYS AS (points * 2) STORED;",),
        ("ALTER TABLE app.tasks ADD COLUMN doubled bigint;",),
        _generated,
    ),
    Rule(
        "added-not-null-without-default",
        "danger",
        "A NOT NULL column without a value for the rows that are there fails as soon as there is one.",
        "ADD COLUMN … NOT NULL DEFAULT a constant",
        ("ALTER TABLE app.tasks ADD COLUMN level integer NOT NULL;",),
        ("ALTER TABLE app.tasks ADD COLUMN level integer NOT NULL DEFAULT 0;",),
        _not_null,
    ),
    Rule(
        "limited-domain-rewrites",
        "danger",
        "A column of a domain with constraints is written into every row under ACCESS EXCLUSIVE, NULL though it is.",
        "a column of the domain's base type with a CHECK … NOT VALID, validated in the next file",
        ("ALTER TABLE app.tasks ADD COLUMN level app.positive;",),
        (
            "ALTER TABLE app.tasks ADD COLUMN level integer;\n"
            "ALTER TABLE app.tasks ADD CONSTRAINT level_positive CHECK (level > 0) NOT VALID;",
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT level_positive;",
        ),
        _limited_domain,
    ),
    Rule(
        "narrow-key",
        "warning",
        "A counted key of 32 bits is used up one day, and widening it writes the table anew.",
        "bigint",
        ("CREATE TABLE app.notes (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",),
        ("CREATE TABLE app.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",),
        _narrow_key,
    ),
)
