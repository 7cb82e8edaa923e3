"""Rules about what is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.fold_drop import dropped_names
from schema.lint.parse import inner, kind, label, qualified, unwrap
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step, is_true


def _column(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_DropColumn"):
        yield Hit(
            relation,
            f"the values of {command.name} in {step.facts.shown(relation)} are gone, and so are those who read it",
        )


def _column_of_view(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_DropColumn"):
        views = step.facts.readers(relation, str(command.name))
        if not views:
            continue
        end = "CASCADE drops it too" if label(command, "behavior") == "DROP_CASCADE" else "the server refuses"
        yield Hit(relation, f"{', '.join(views)} reads {command.name}: {end}")


_TABLES = frozenset({"OBJECT_TABLE", "OBJECT_FOREIGN_TABLE"})


def _table(step: Step) -> Iterator[Hit]:
    if kind(step.node) != "DropStmt" or label(step.node, "remove_type") not in _TABLES:
        return
    for parts in dropped_names(step.node):
        relation = qualified(parts)
        if step.exists(relation):
            yield Hit(relation, f"{step.facts.shown(relation)}: its rows are gone")


def _schema(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) == "DropdbStmt":
        yield Hit(str(node.dbname), "the database and all in it is gone")
    if kind(node) != "DropStmt" or label(node, "remove_type") != "OBJECT_SCHEMA":
        return
    if label(node, "behavior") != "DROP_CASCADE":
        return  # an empty schema loses nothing, another is refused
    for name, *_ in dropped_names(node):
        inside = [one for one in step.facts.relations if one.startswith(f"{name}.")]
        if not inside or any(step.exists(one) for one in inside):
            yield Hit(name, f"every table of {name} is gone with its rows ({len(inside)} known relations)")


def _cascade(step: Step) -> Iterator[Hit]:
    node, what = step.node, kind(step.node)
    if what == "DropOwnedStmt":
        yield Hit("", "DROP OWNED takes everything that the role owns in this database")
    elif what == "DropStmt" and label(node, "behavior") == "DROP_CASCADE":
        if label(node, "remove_type") == "OBJECT_SCHEMA":
            return  # told as drop-schema
        names = [".".join(parts) for parts in dropped_names(node)]
        if not step.locks or any(step.exists(one) for one in step.locks):
            yield Hit(names[0], "CASCADE takes whatever depends on it, be it known to the author or not")
    elif what == "AlterTableStmt":
        for relation, command in step.commands("AT_DropColumn", "AT_DropConstraint"):
            if label(command, "behavior") == "DROP_CASCADE":
                yield Hit(relation, f"CASCADE takes whatever depends on {command.name}")


def _truncate(step: Step) -> Iterator[Hit]:
    if kind(step.node) != "TruncateStmt":
        return
    emptied = {step.root(name): None for name in step.locks if step.exists(name)}
    if emptied:
        shown = "; ".join(map(step.facts.shown, emptied))
        yield Hit(next(iter(emptied)), f"{shown}: the rows are gone, and nobody may read meanwhile")


# What is run at once. The body of a function, which is read too when it is written in SQL, is not.
_QUERIES = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


def _without_where(step: Step, statement: str) -> Iterator[Hit]:
    """A statement of the kind that takes every row, also one inside a WITH."""
    if kind(step.node) not in _QUERIES:
        return
    for node in inner(step.node, statement):
        condition = unwrap(node.where_clause) if node.HasField("where_clause") else None
        relation = step.facts.name(node.relation)
        if step.exists(relation) and (condition is None or is_true(condition)):
            yield Hit(relation, f"no WHERE: every row of {step.facts.shown(relation)}, in one transaction")


def _delete(step: Step) -> Iterator[Hit]:
    return _without_where(step, "DeleteStmt")


def _update(step: Step) -> Iterator[Hit]:
    if step.past.transactional:
        yield from _without_where(step, "UpdateStmt")


RULES = (
    Rule(
        "drop-column",
        "danger",
        "A dropped column's values are gone, and releases that still name it fail.",
        "drop it one release after the last that reads or writes it, and allow it with that reason",
        ("ALTER TABLE app.tasks DROP COLUMN points;",),
        ("-- lint: allow drop-column: no release has read it since 2.4\nALTER TABLE app.tasks DROP COLUMN points;",),
        _column,
        loses_data=True,
    ),
    Rule(
        "drop-column-in-use-by-view",
        "danger",
        "A view that reads the column stands in the way, and CASCADE would drop it with all its grants.",
        "make the view anew without the column first",
        ("ALTER TABLE app.tasks DROP COLUMN title CASCADE;",),
        (
            "DROP VIEW app.open_tasks;\nCREATE VIEW app.open_tasks AS SELECT id FROM app.tasks WHERE status <> 'done';",
            "-- lint: allow drop-column: no release has read it since 2.4\nALTER TABLE app.tasks DROP COLUMN title;",
        ),
        _column_of_view,
    ),
    Rule(
        "drop-table",
        "danger",
        "A dropped table's rows are gone.",
        "rename it first and drop it when nobody has missed it; allow it with that reason",
        ("DROP TABLE app.archive;",),
        (
            "LOCK TABLE app.tasks, app.archive IN ACCESS EXCLUSIVE MODE;\n"
            "-- lint: allow drop-table: exported, nothing has read it for a quarter\nDROP TABLE app.archive;",
        ),
        _table,
        loses_data=True,
    ),
    Rule(
        "drop-schema",
        "danger",
        "DROP SCHEMA … CASCADE loses every table in it.",
        "drop what is in it by name, then DROP SCHEMA without CASCADE",
        ("DROP SCHEMA app CASCADE;",),
        ("CREATE SCHEMA old;\nDROP SCHEMA old;",),
        _schema,
        loses_data=True,
    ),
    Rule(
        "drop-cascade",
        "danger",
        "CASCADE drops what the file does not name.",
        "drop what depends on it by name",
        ("DROP FUNCTION app.touch() CASCADE;",),
        ("DROP TRIGGER touch ON app.tasks;", "DROP TRIGGER touch ON app.events;", "DROP FUNCTION app.touch();"),
        _cascade,
        loses_data=True,
    ),
    Rule(
        "truncate",
        "danger",
        "TRUNCATE loses every row, under ACCESS EXCLUSIVE.",
        "DELETE in batches; or allow it with the reason why nobody needs the rows",
        ("TRUNCATE app.archive;",),
        ("DELETE FROM app.archive WHERE id < 1000;",),
        _truncate,
        loses_data=True,
    ),
    Rule(
        "delete-of-all-rows",
        "danger",
        "DELETE without WHERE loses every row.",
        "a WHERE that takes a batch; or allow it with the reason why nobody needs the rows",
        ("DELETE FROM app.archive;",),
        ("DELETE FROM app.archive WHERE id BETWEEN 1 AND 1000;",),
        _delete,
        loses_data=True,
    ),
    Rule(
        "update-of-all-rows",
        "danger",
        "UPDATE of a whole table locks every row until the transaction ends, and doubles the table.",
        "batches by key, each a transaction of its own",
        ("UPDATE app.tasks SET points = 0;",),
        ("UPDATE app.tasks SET points = 0 WHERE id BETWEEN 1 AND 1000;",),
        _update,
    ),
)
