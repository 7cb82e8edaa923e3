"""Rules about constraints: which of them look at every row, and under which lock."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.columns import written
from schema.lint.locks import scans_the_domain
from schema.lint.parse import Node, kind, qualified, words
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step


def unproven(step: Step, relation: str, column: str) -> bool:
    """Whether NOT NULL on a column makes the server look at every row."""
    known = step.facts.column(relation, column)
    return not (known and known.not_null) and not step.facts.proves_not_null(relation, column)


def _not_null(step: Step) -> Iterator[Hit]:
    columns = [(relation, str(command.name)) for relation, command in step.commands("AT_SetNotNull")]
    for relation, constraint in step.constraints("CONSTR_NOTNULL"):
        if not constraint.skip_validation:
            columns += [(relation, name) for name in words(constraint.keys)]
    for relation, constraint in step.constraints("CONSTR_PRIMARY"):
        if constraint.indexname:
            index = step.facts.indexes.get(f"{relation.rpartition('.')[0]}.{constraint.indexname}")
            columns += [(relation, name) for name in (index.columns if index else ())]
    for relation, column in columns:
        if unproven(step, relation, column):
            why = f"NOT NULL on {column} reads all of {step.facts.shown(relation)} while nobody else may read it"
            yield Hit(relation, why, _SAFE_18 if step.facts.major >= 18 else "")


_SAFE_18 = (
    "ADD CONSTRAINT … NOT NULL column NOT VALID, then VALIDATE CONSTRAINT in the next file (from 18 on), or the same "
    "with CHECK (column IS NOT NULL)"
)


def _foreign_key(step: Step) -> Iterator[Hit]:
    for relation, constraint in step.constraints("CONSTR_FOREIGN"):
        if not constraint.skip_validation:
            yield _scanned_key(step, relation, constraint)
    for relation, column in step.new_columns():
        found = written(column)
        # Without a default the new column is NULL in every row, and the server knows that.
        if "CONSTR_FOREIGN" in found.constraints and found.fills_itself:
            yield _scanned_key(step, relation, found.constraints["CONSTR_FOREIGN"])


def _scanned_key(step: Step, relation: str, constraint: Node) -> Hit:
    other = step.facts.name(constraint.pktable)
    why = f"writes to {step.facts.shown(relation)} and to {other} wait while every row is looked up"
    if step.facts.is_partitioned(relation) and step.facts.major < 18:
        return Hit(
            relation,
            why,
            "before 18 a partitioned table takes no NOT VALID: add the key NOT VALID to each partition, VALIDATE each, "
            "then add it to the parent, which finds them",
        )
    return Hit(relation, why)


def _check(step: Step) -> Iterator[Hit]:
    for relation, constraint in step.constraints("CONSTR_CHECK"):
        if not constraint.skip_validation:
            yield Hit(relation, f"the check reads all of {step.facts.shown(relation)} while nobody else may read it")
    for relation, column in step.new_columns():
        if "CONSTR_CHECK" in written(column).constraints:
            yield Hit(
                relation, f"the column's check reads all of {step.facts.shown(relation)}, unread by others so long"
            )


def _validate(step: Step) -> Iterator[Hit]:
    if not step.past.transactional:
        return
    for relation, command in step.commands("AT_ValidateConstraint"):
        if (relation, str(command.name)) in step.past.not_validated:
            why = f"{command.name} was added in this transaction: its lock is held while {relation} is read"
            yield Hit(relation, why)


def _unique(step: Step) -> Iterator[Hit]:
    for relation, constraint in step.constraints("CONSTR_UNIQUE", "CONSTR_PRIMARY"):
        if constraint.indexname:
            continue
        safe = ""
        if step.facts.is_partitioned(relation):
            safe = (
                "ADD the constraint ON ONLY the parent, build each partition's unique index CONCURRENTLY and make it a "
                "constraint USING INDEX, then ALTER INDEX … ATTACH PARTITION"
            )
        yield Hit(relation, f"the index is built while nobody else may read {step.facts.shown(relation)}", safe)
    for relation, column in step.new_columns():
        if written(column).constraints.keys() & {"CONSTR_UNIQUE", "CONSTR_PRIMARY"}:
            yield Hit(relation, f"the column's index is built while nobody else may read {step.facts.shown(relation)}")


def _exclusion(step: Step) -> Iterator[Hit]:
    for relation, _ in step.constraints("CONSTR_EXCLUSION"):
        yield Hit(relation, f"the index is built while nobody else may read {step.facts.shown(relation)}")


def _domain(step: Step) -> Iterator[Hit]:
    if kind(step.node) != "AlterDomainStmt" or not scans_the_domain(step.node):
        return
    name = qualified(words(step.node.type_name))
    users = [one for one in step.locks if step.exists(one)]
    if users:
        yield Hit(users[0], f"every table with a column of {name} is read while writes to it wait: {', '.join(users)}")


RULES = (
    Rule(
        "not-null-with-scan",
        "danger",
        "SET NOT NULL reads the whole table under ACCESS EXCLUSIVE, unless a valid CHECK already proves it.",
        "ADD CHECK (column IS NOT NULL) NOT VALID; VALIDATE in the next file; then SET NOT NULL, which does not read",
        ("ALTER TABLE app.tasks ALTER COLUMN points SET NOT NULL;",),
        (
            "ALTER TABLE app.tasks ADD CONSTRAINT points_there CHECK (points IS NOT NULL) NOT VALID;",
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT points_there;",
            "ALTER TABLE app.tasks ALTER COLUMN points SET NOT NULL;\n"
            "ALTER TABLE app.tasks DROP CONSTRAINT points_there;",
        ),
        _not_null,
    ),
    Rule(
        "foreign-key-without-not-valid",
        "danger",
        "A foreign key looks up every row while writes to both tables wait.",
        "ADD … NOT VALID after a LOCK TABLE that names both, and VALIDATE CONSTRAINT in the next file",
        ("ALTER TABLE app.tasks ADD CONSTRAINT tasks_project FOREIGN KEY (project_id) REFERENCES app.projects (id);",),
        (
            "LOCK TABLE app.projects, app.tasks IN SHARE ROW EXCLUSIVE MODE;\n"
            "ALTER TABLE app.tasks ADD CONSTRAINT tasks_project FOREIGN KEY (project_id)\n"
            "    REFERENCES app.projects (id) NOT VALID;",
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT tasks_project;",
        ),
        _foreign_key,
    ),
    Rule(
        "check-without-not-valid",
        "danger",
        "A CHECK is held against every row under ACCESS EXCLUSIVE.",
        "ADD CONSTRAINT … CHECK (…) NOT VALID, and VALIDATE CONSTRAINT in the next file",
        ("ALTER TABLE app.tasks ADD CONSTRAINT points_positive CHECK (points > 0);",),
        (
            "ALTER TABLE app.tasks ADD CONSTRAINT points_positive CHECK (points > 0) NOT VALID;",
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT points_positive;",
        ),
        _check,
    ),
    Rule(
        "validate-in-same-transaction",
        "danger",
        "VALIDATE is gentle only in a transaction that does not still hold the lock of the NOT VALID.",
        "VALIDATE CONSTRAINT in the next file",
        (
            "ALTER TABLE app.tasks ADD CONSTRAINT points_positive CHECK (points > 0) NOT VALID;\n"
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT points_positive;",
        ),
        (
            "ALTER TABLE app.tasks ADD CONSTRAINT points_positive CHECK (points > 0) NOT VALID;",
            "ALTER TABLE app.tasks VALIDATE CONSTRAINT points_positive;",
        ),
        _validate,
    ),
    Rule(
        "unique-constraint-without-index",
        "danger",
        "UNIQUE and PRIMARY KEY build their index under ACCESS EXCLUSIVE.",
        "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX",
        ("ALTER TABLE app.tasks ADD CONSTRAINT tasks_points_key UNIQUE (points);",),
        (
            "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY tasks_points_key ON app.tasks (points);",
            "ALTER TABLE app.tasks ADD CONSTRAINT tasks_points_key UNIQUE USING INDEX tasks_points_key;",
        ),
        _unique,
    ),
    Rule(
        "exclusion-constraint",
        "danger",
        "An exclusion constraint builds its index under ACCESS EXCLUSIVE, and no other way leads there.",
        "give it to a table while the table is new, or add it in a quiet hour",
        ("ALTER TABLE app.tasks ADD CONSTRAINT no_overlap EXCLUDE USING gist (due WITH &&);",),
        ("CREATE TABLE app.bookings (due tstzrange, CONSTRAINT no_overlap EXCLUDE USING gist (due WITH &&));",),
        _exclusion,
    ),
    Rule(
        "domain-constraint-scan",
        "danger",
        "A new limit of a domain is held against every table that uses it, at once, while writes wait.",
        "ADD CONSTRAINT … NOT VALID; the rows that are there need a check of their table's own",
        ("ALTER DOMAIN app.score ADD CONSTRAINT tiny CHECK (VALUE < 1000);",),
        ("ALTER DOMAIN app.score ADD CONSTRAINT tiny CHECK (VALUE < 1000) NOT VALID;",),
        _domain,
    ),
)
