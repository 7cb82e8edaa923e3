"""Rules about building and dropping indexes."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.fold_drop import dropped_names
from schema.lint.locks_drop import table_of_index
from schema.lint.parse import is_on, kind, label, options, qualified
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step


def _index(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "IndexStmt" or node.concurrent:
        return
    relation = step.facts.name(node.relation)
    if step.exists(relation) and not step.facts.is_partitioned(relation):
        yield Hit(relation, f"building the index keeps every write to {step.facts.shown(relation)} waiting")


def _partitioned_index(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "IndexStmt" or not node.relation.inh:
        return
    relation = step.facts.name(node.relation)
    if not step.facts.is_partitioned(relation):
        return
    if node.concurrent:
        yield Hit(relation, f"{relation} is partitioned, and the server refuses CONCURRENTLY on it")
        return
    if step.exists(relation) and (partitions := step.partitions(relation)):
        yield Hit(relation, f"every write to {relation} waits until {partitions} are indexed")


def _drop(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "DropStmt" or label(node, "remove_type") != "OBJECT_INDEX" or node.concurrent:
        return
    for parts in dropped_names(node):
        relation = table_of_index(qualified(parts), step.facts)
        if not step.exists(relation):
            continue
        why = f"reads and writes of {step.facts.shown(relation)} wait behind it, and it behind the longest query"
        if step.facts.is_partitioned(relation):
            yield Hit(
                relation, why, "a partitioned index has no CONCURRENTLY: drop it in a quiet hour, alone in its file"
            )
        else:
            yield Hit(relation, why)


def _reindex(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "ReindexStmt" or is_on(options(node.params), "concurrently"):
        return
    for relation in step.locks:
        if step.exists(relation):
            yield Hit(relation, f"writes to {step.facts.shown(relation)} wait, and reads that use the index")


def _if_not_exists(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) != "IndexStmt" or not (node.concurrent and node.if_not_exists):
        return
    relation = step.facts.name(node.relation)
    known = step.facts.indexes.get(f"{relation.rpartition('.')[0]}.{node.idxname}")
    seen = " (and there is one)" if known and not known.valid else ""
    yield Hit(relation, f"an attempt that failed leaves an INVALID index{seen}, which IF NOT EXISTS takes for done")


RULES = (
    Rule(
        "index-without-concurrently",
        "danger",
        "CREATE INDEX holds SHARE on the table while it reads all of it: every write waits.",
        "CREATE INDEX CONCURRENTLY, alone in a `-- no-transaction` file",
        ("CREATE INDEX tasks_points_idx ON app.tasks (points);",),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY tasks_points_idx ON app.tasks (points);",),
        _index,
    ),
    Rule(
        "index-on-partitioned-parent",
        "danger",
        "On a partitioned table CREATE INDEX builds on every partition in one go, and knows no CONCURRENTLY.",
        "ON ONLY the parent, then CONCURRENTLY on each partition in a file of its own, then ALTER INDEX … ATTACH",
        ("CREATE INDEX events_user_idx ON app.events (user_id);",),
        (
            "CREATE INDEX events_user_idx ON ONLY app.events (user_id);",
            "-- no-transaction\nCREATE INDEX CONCURRENTLY events_2025_user_idx ON app.events_2025 (user_id);",
            "-- no-transaction\nCREATE INDEX CONCURRENTLY events_rest_user_idx ON app.events_rest (user_id);",
            "ALTER INDEX app.events_user_idx ATTACH PARTITION app.events_2025_user_idx;\n"
            "ALTER INDEX app.events_user_idx ATTACH PARTITION app.events_rest_user_idx;",
        ),
        _partitioned_index,
    ),
    Rule(
        "drop-index-without-concurrently",
        "danger",
        "DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every query there, and all later ones for it.",
        "DROP INDEX CONCURRENTLY, alone in a `-- no-transaction` file",
        ("DROP INDEX app.tasks_status_idx;",),
        ("-- no-transaction\nDROP INDEX CONCURRENTLY app.tasks_status_idx;",),
        _drop,
    ),
    Rule(
        "reindex-without-concurrently",
        "danger",
        "REINDEX keeps writes waiting, and every query that would use the index.",
        "REINDEX (…) CONCURRENTLY, alone in a `-- no-transaction` file",
        ("REINDEX TABLE app.tasks;",),
        ("-- no-transaction\nREINDEX TABLE CONCURRENTLY app.tasks;",),
        _reindex,
    ),
    Rule(
        "if-not-exists-hides-invalid-index",
        "warning",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS is content with the INVALID index that a failed attempt left behind.",
        "leave IF NOT EXISTS away; drop the invalid index CONCURRENTLY before the next attempt",
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS tasks_points_idx ON app.tasks (points);",),
        ("-- no-transaction\nCREATE INDEX CONCURRENTLY tasks_points_idx ON app.tasks (points);",),
        _if_not_exists,
    ),
)
