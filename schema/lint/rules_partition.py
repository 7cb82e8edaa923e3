"""Rules about partitioned tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from schema.lint.catalog import Catalog
from schema.lint.locks_alter import recurses
from schema.lint.modes import Mode
from schema.lint.parse import Node, columns_in, constant, definition, inner, kind, unwrap
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step


def _parent(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) == "CreateStmt" and node.HasField("partbound"):
        parent = step.facts.name(unwrap(node.inh_relations[0]))
        if step.exists(parent):
            yield Hit(
                parent,
                f"PARTITION OF takes ACCESS EXCLUSIVE on {step.facts.shown(parent)}: reads and writes of all wait",
                "CREATE TABLE (LIKE parent INCLUDING ALL, CHECK of its bounds), then ALTER TABLE … ATTACH PARTITION",
            )
    elif kind(node) == "AlterTableStmt" and node.relation.inh:
        relation = step.facts.name(node.relation)
        partitions = step.partitions(relation)
        strong = step.locks.get(relation, Mode.ACCESS_SHARE) >= Mode.SHARE_ROW_EXCLUSIVE
        reaching = any(recurses(unwrap(one), step.facts.major) for one in node.cmds)
        if step.facts.is_partitioned(relation) and step.exists(relation) and partitions and strong and reaching:
            mode = step.locks[relation].words
            yield Hit(relation, f"{mode} is taken on {relation} and on {partitions}")


def _bounds(bound: Node) -> list[str]:
    literals = [*bound.lowerdatums, *bound.upperdatums, *bound.listdatums]
    return [text for one in literals if (text := constant(one)) is not None]


def _checked(facts: Catalog, relation: str, key: tuple[str, ...], bounds: list[str]) -> bool:
    """Whether a valid CHECK speaks of the key and of the bounds; that it says the same only the server sees."""
    for check in facts.checks(relation):
        used = columns_in(check)
        said = [text for one in inner(check, "A_Const") if (text := constant(one)) is not None]
        if used.issuperset(one for one in key if one) and all(_said(bound, said) for bound in bounds):
            return True
    return False


def _said(bound: str, said: list[str]) -> bool:
    """Whether a bound is among the literals. A catalog prints a time in full, and in the session's own zone."""
    return bound in said or any(_same_time(_time(bound), _time(one)) for one in said)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _same_time(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return False
    if one.tzinfo is None or other.tzinfo is None:
        # Written without a zone it is in the session's, and so is what the catalog prints.
        return one.replace(tzinfo=None) == other.replace(tzinfo=None)
    return one == other


def _attach(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_AttachPartition"):
        partition = definition(command)
        child = step.facts.name(partition.name)
        parent = step.facts.relation(relation)
        key = parent.key if parent else ()
        bounds = _bounds(partition.bound)
        # No CHECK that anybody writes says what a hash says.
        proven = partition.bound.strategy != "h" and _checked(step.facts, child, key, bounds)
        if step.exists(child) and not partition.bound.is_default and not proven:
            yield Hit(child, f"{step.facts.shown(child)} is read for rows out of bounds while nobody else may read it")
        default = step.facts.default_partition(relation)
        if default and step.exists(default.name) and not _checked(step.facts, default.name, key, bounds):
            yield Hit(
                default.name,
                f"the default partition {step.facts.shown(default.name)} is read while nobody else may read it",
                "first a CHECK … NOT VALID on the default partition that keeps the bounds out, and VALIDATE",
            )


def _detach(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands("AT_DetachPartition"):
        if definition(command).concurrent:
            continue
        why = f"DETACH takes ACCESS EXCLUSIVE on {step.facts.shown(relation)}: reads and writes of all partitions wait"
        if step.facts.default_partition(relation):
            yield Hit(relation, why, "with a default partition there is no CONCURRENTLY: detach in a quiet hour")
        else:
            yield Hit(relation, why)


_NEXT = "FOR VALUES FROM ('2027-01-01 00:00+00') TO ('2028-01-01 00:00+00')"
_CHECK = "CHECK (at IS NOT NULL AND at >= '2027-01-01 00:00+00' AND at < '2028-01-01 00:00+00')"

RULES = (
    Rule(
        "lock-on-partitioned-parent",
        "warning",
        "What is done to a partitioned table locks all of its partitions, one after the other.",
        "alone in its file, in a quiet hour; the runner's lock_timeout gives up before traffic piles up",
        (f"CREATE TABLE app.plain_next PARTITION OF app.plain {_NEXT};",),
        (
            f"CREATE TABLE app.plain_next (LIKE app.plain INCLUDING ALL, {_CHECK});\n"
            f"ALTER TABLE app.plain ATTACH PARTITION app.plain_next {_NEXT};",
        ),
        _parent,
    ),
    Rule(
        "attach-without-check",
        "danger",
        "ATTACH PARTITION reads the table, and the default partition, under ACCESS EXCLUSIVE, "
        "unless a valid CHECK spares it that.",
        "ADD CHECK of the bounds NOT VALID, VALIDATE in the next file, then ATTACH",
        (f"ALTER TABLE app.plain ATTACH PARTITION app.plain_2027 {_NEXT};",),
        (
            f"ALTER TABLE app.plain_2027 ADD CONSTRAINT in_2027 {_CHECK} NOT VALID;",
            "ALTER TABLE app.plain_2027 VALIDATE CONSTRAINT in_2027;",
            f"ALTER TABLE app.plain ATTACH PARTITION app.plain_2027 {_NEXT};",
        ),
        _attach,
    ),
    Rule(
        "detach-without-concurrently",
        "danger",
        "DETACH PARTITION takes ACCESS EXCLUSIVE on the partitioned table.",
        "DETACH PARTITION … CONCURRENTLY, alone in a `-- no-transaction` file",
        ("ALTER TABLE app.plain DETACH PARTITION app.plain_2025;",),
        ("-- no-transaction\nALTER TABLE app.plain DETACH PARTITION app.plain_2025 CONCURRENTLY;",),
        _detach,
    ),
)
