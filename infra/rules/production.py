"""What the stack prod may not do without: the estate's own decisions, each with its reason. Pure.

`protected` is not among it: that is what an operator takes away, in a reviewed change, before a database may go.
"""

from __future__ import annotations

from infra import sources
from infra.rules.rule import Rule
from infra.sizing import INSTANCE_CLASSES

STACK = "prod"


RULES: tuple[Rule, ...] = (
    Rule(
        "prod keeps its backups",
        ("backup.keep_after_destroy", "@stack"),
        lambda kept, stack: stack != STACK or kept,
        "the backups of a database of the stack prod must outlive it",
        "set backup.keep_after_destroy: true",
        sources.OURS,
        "RDS deletes automated backups with the instance, unless it is told not to",
    ),
    Rule(
        "prod survives a zone",
        ("multi_az", "@stack"),
        lambda multi_az, stack: stack != STACK or multi_az,
        "a database of the stack prod must survive the loss of a zone",
        "set multi_az: true",
        sources.OURS,
        "without a standby a lost zone means a restore, and what was written since the last WAL segment is lost",
    ),
    Rule(
        "prod can be recovered",
        ("backup.retention_days", "@stack", "replicas.count"),
        lambda days, stack, count: stack != STACK or days >= 1 or count > 0,  # with replicas another rule speaks
        "a database of the stack prod must have point-in-time recovery",
        "set backup.retention_days to 1 or more",
        sources.OURS,
        "a mistake in SQL reaches standby and replicas within a second; only the past helps",
    ),
    Rule(
        "prod has no credits to run out of",
        ("instance_class", "@stack"),
        lambda name, stack: stack != STACK or not INSTANCE_CLASSES[name].burstable,
        "a burstable class of the stack prod slows down, or costs more, when its credits are used up",
        "choose a class such as db.r6g.large",
        sources.OURS,
        "the hour with the most work is the hour without credits",
    ),
    Rule(
        "prod has two poolers",
        ("pooler.tasks", "@stack"),
        lambda tasks, stack: stack != STACK or tasks >= 2,
        "one task cannot be replaced, nor its zone be lost, without its clients",
        "set pooler.tasks to 2 or more",
        sources.OURS,
        "Fargate retires tasks for its own maintenance",
    ),
    Rule(
        "prod is watched",
        ("monitoring.interval_seconds", "@stack"),
        lambda seconds, stack: stack != STACK or seconds > 0,
        "without Enhanced Monitoring nobody sees the operating system of a server of the stack prod",
        "set monitoring.interval_seconds to 60 or less",
        sources.OURS,
        "memory by process and real load are in no other metric",
    ),
)
