"""Rules about locks that are held together or too long."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.modes import Mode
from schema.lint.parse import Node, is_on, kind, label, options
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step


def _order(step: Step) -> Iterator[Hit]:
    if not step.past.transactional or step.past.order_told:
        return
    now = step.meeting_traffic()
    if not now or (kind(step.node) == "LockStmt" and not step.past.held):
        return
    missing = sorted(name for name, mode in now.items() if step.past.announced.get(name, 0) < mode)
    together = step.past.tables | {step.root(name) for name in now}
    if len(together) > 1 and missing:
        names = ", ".join(sorted(together))
        why = f"the file locks {names} one after the other; traffic that uses them in another order deadlocks with it"
        yield Hit(missing[0], why)


def _work(step: Step) -> Iterator[Hit]:
    held = step.past.exclusive() if step.past.transactional else []
    said = _slow(step) if held else None
    if said:
        yield Hit(held[0], f"{said} while nobody else may read {', '.join(held)}, which an earlier statement locked")


def _slow(step: Step) -> str | None:
    """What about a statement takes as long as there are rows, or waits for those who use them."""
    node, what = step.node, kind(step.node)
    existing = [name for name in step.locks if step.exists(name)]
    if what in ("UpdateStmt", "DeleteStmt", "MergeStmt"):
        return f"{what.removesuffix('Stmt').upper()} works" if existing else None
    if what in ("SelectStmt", "InsertStmt", "CreateTableAsStmt"):
        reads = sorted({step.root(name) for name in existing} - {_target(step)})
        return f"{', '.join(reads)} is read" if reads else None
    if what == "IndexStmt":
        relation = step.facts.name(node.relation)
        only_parent = step.facts.is_partitioned(relation) and not node.relation.inh
        return f"an index of {relation} is built" if step.exists(relation) and not only_parent else None
    if what in ("RefreshMatViewStmt", "ReindexStmt"):
        return f"{existing[0]} is built anew" if existing else None
    for relation, command in step.commands("AT_ValidateConstraint"):
        return f"{command.name} of {relation} is validated"
    return None


def _target(step: Step) -> str | None:
    return step.facts.name(step.node.relation) if kind(step.node) == "InsertStmt" else None


_REWRITING = {
    "AT_SetLogged": "SET LOGGED", "AT_SetUnLogged": "SET UNLOGGED", "AT_SetAccessMethod": "SET ACCESS METHOD",
    "AT_SetTableSpace": "SET TABLESPACE",
}  # fmt: skip


def _rewrite(step: Step) -> Iterator[Hit]:
    node, what = step.node, kind(step.node)
    if what == "ClusterStmt" or (what == "VacuumStmt" and is_on(options(node.options), "full")):
        for relation in step.locks or {"every table": Mode.ACCESS_EXCLUSIVE}:
            if step.exists(relation):
                yield Hit(relation, f"{step.facts.shown(relation)} is written anew while nobody else may read it")
    for relation, command in step.commands(*_REWRITING):
        said = _REWRITING[label(command, "subtype")]
        yield Hit(relation, f"{said} writes {step.facts.shown(relation)} anew while nobody else may read it")


def _refresh(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) == "RefreshMatViewStmt" and not node.concurrent and not node.skip_data:
        view = step.facts.name(node.relation)
        if step.exists(view):
            yield Hit(view, f"nobody may read {step.facts.shown(view)} until it is made anew")


def _trigger(step: Step) -> Iterator[Hit]:
    if kind(step.node) == "CreateTrigStmt":
        relation = step.facts.name(step.node.relation)
        if step.exists(relation) and step.is_table(relation):
            yield Hit(
                relation, f"SHARE ROW EXCLUSIVE on {step.facts.shown(relation)}: writes wait, and run it ever after"
            )


def unlogged(node: Node) -> bool:
    """Whether a table is made that a crash empties."""
    relation = node.relation if kind(node) == "CreateStmt" else node.into.rel
    return bool(relation.relpersistence == "u")


def _unlogged(step: Step) -> Iterator[Hit]:
    if kind(step.node) in ("CreateStmt", "CreateTableAsStmt") and unlogged(step.node):
        relation = step.facts.name(step.node.relation if kind(step.node) == "CreateStmt" else step.node.into.rel)
        yield Hit(relation, f"{relation} is empty after a crash, and on every replica always")


_ADD = "ALTER TABLE app.tasks ADD COLUMN level integer;"

RULES = (
    Rule(
        "missing-lock-order",
        "warning",
        "Tables that are locked one by one are locked in another order by somebody else: a deadlock.",
        "begin the file with one LOCK TABLE that names them all, with the strongest mode that is needed",
        (f"{_ADD}\nALTER TABLE app.users ADD COLUMN level integer;",),
        (
            "LOCK TABLE app.users, app.tasks IN ACCESS EXCLUSIVE MODE;\n"
            f"{_ADD}\nALTER TABLE app.users ADD COLUMN level integer;",
        ),
        _order,
    ),
    Rule(
        "work-under-exclusive-lock",
        "danger",
        "A lock is held until its transaction ends: work after ACCESS EXCLUSIVE is done while everybody waits.",
        "put the work into the next file",
        (f"{_ADD}\nUPDATE app.tasks SET level = 1 WHERE id = 1;",),
        (_ADD, "UPDATE app.tasks SET level = 1 WHERE id = 1;"),
        _work,
    ),
    Rule(
        "rewrite-in-place",
        "danger",
        "VACUUM FULL, CLUSTER, SET LOGGED, SET ACCESS METHOD and SET TABLESPACE copy the table under ACCESS EXCLUSIVE.",
        "VACUUM without FULL; REINDEX CONCURRENTLY; a new table that is filled in batches",
        ("CLUSTER app.tasks USING tasks_pkey;",),
        ("-- no-transaction\nVACUUM app.tasks;",),
        _rewrite,
    ),
    Rule(
        "refresh-without-concurrently",
        "danger",
        "REFRESH MATERIALIZED VIEW keeps readers out until it is done.",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index",
        ("REFRESH MATERIALIZED VIEW app.totals;",),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY app.totals;",),
        _refresh,
    ),
    Rule(
        "trigger-on-existing-table",
        "warning",
        "CREATE TRIGGER waits for every write to the table, and all later writes for it.",
        "alone in its file; then allow it with that reason",
        ("CREATE TRIGGER check_it BEFORE INSERT ON app.tasks FOR EACH ROW EXECUTE FUNCTION app.touch();",),
        (
            "-- lint: allow trigger-on-existing-table: alone in its file, so held for a moment\n"
            "CREATE TRIGGER check_it BEFORE INSERT ON app.tasks FOR EACH ROW EXECUTE FUNCTION app.touch();",
        ),
        _trigger,
    ),
    Rule(
        "unlogged-table",
        "warning",
        "An unlogged table is empty after a crash, and never on a replica.",
        "an ordinary table",
        ("CREATE UNLOGGED TABLE app.scratch (id bigint);",),
        ("CREATE TABLE app.scratch (id bigint);",),
        _unlogged,
    ),
)
