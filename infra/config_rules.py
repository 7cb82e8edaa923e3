"""The rules between values of a configuration: a flat table. Pure.

A rule is judged when every value it needs is well-formed; its words may name those values in braces, dots
written as underscores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra import sizing, windows
from infra.config_shape import Problem, View, show

# Below this, RDS for PostgreSQL gives gp3 its fixed 3000 IOPS and 125 MiB/s and refuses any number; from here on
# it stripes four volumes, whose baseline is 12000 and 500, and refuses less.
STRIPED_GIB = 400
STRIPED_IOPS, STRIPED_MIBPS = 12000, 500
# RDS: IOPS per GiB of storage, for PostgreSQL.
LEAST_IOPS_PER_GIB, MOST_IOPS_PER_GIB = 0.5, 50
# Fargate: CPU units -> memory in MiB, least, most and step.
FARGATE = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between some values, and what to say when it does not; the first need is the key at fault."""

    needs: tuple[str, ...]
    holds: Callable[..., bool]
    allowed: str
    mend: str


def _striped_or_absent(value: int | None, allocated: int) -> bool:
    return value is None or allocated >= STRIPED_GIB


def _baseline(least: int) -> Callable[[int | None, int], bool]:
    return lambda value, allocated: value is None or allocated < STRIPED_GIB or value >= least


def _iops_ratio(iops: int | None, allocated: int) -> bool:
    if iops is None or allocated < STRIPED_GIB:
        return True
    return LEAST_IOPS_PER_GIB * allocated <= iops <= MOST_IOPS_PER_GIB * allocated


def _fargate(memory: int, cpu: int) -> bool:
    if cpu not in FARGATE:
        return True  # the rule about cpu says so
    least, most, step = FARGATE[cpu]
    return least <= memory <= most and memory % step == 0


def _within_budget(per_task: int, tasks: int, connections: int) -> bool:
    return sizing.pooler_demand(tasks, per_task) <= sizing.pooler_budget(connections)


SERVICE_RULES: tuple[Rule, ...] = (
    Rule(
        ("storage.iops", "storage.allocated_gib"),
        _striped_or_absent,
        f"gp3 below {STRIPED_GIB} GiB takes no iops",
        f"remove iops, or set allocated_gib to {STRIPED_GIB} or more",
    ),
    Rule(
        ("storage.throughput_mibps", "storage.allocated_gib"),
        _striped_or_absent,
        f"gp3 below {STRIPED_GIB} GiB takes no throughput",
        f"remove throughput_mibps, or set allocated_gib to {STRIPED_GIB} or more",
    ),
    Rule(
        ("storage.iops", "storage.allocated_gib"),
        _baseline(STRIPED_IOPS),
        f"gp3 from {STRIPED_GIB} GiB on has {STRIPED_IOPS} IOPS and takes no fewer",
        f"remove iops, or set {STRIPED_IOPS} or more",
    ),
    Rule(
        ("storage.throughput_mibps", "storage.allocated_gib"),
        _baseline(STRIPED_MIBPS),
        f"gp3 from {STRIPED_GIB} GiB on has {STRIPED_MIBPS} MiB/s and takes no less",
        f"remove throughput_mibps, or set {STRIPED_MIBPS} or more",
    ),
    Rule(
        ("storage.iops", "storage.allocated_gib"),
        _iops_ratio,
        f"RDS takes {LEAST_IOPS_PER_GIB} to {MOST_IOPS_PER_GIB} IOPS per GiB, and {{storage_allocated_gib}} GiB are"
        " allocated",
        "bring iops and allocated_gib together",
    ),
    Rule(
        ("storage.max_allocated_gib", "storage.allocated_gib"),
        lambda most, allocated: most is None or most * 10 >= allocated * 11,
        "RDS wants room for a step of 10 % at least above allocated_gib, which is {storage_allocated_gib}",
        "raise it, or remove it to switch autoscaling off",
    ),
    Rule(
        ("replicas.count", "backup.retention_days"),
        lambda count, days: count == 0 or days >= 1,
        "RDS replicates only a source with backups, and backup.retention_days is {backup_retention_days}",
        "set backup.retention_days to 1 or more, or count to 0",
    ),
    Rule(
        ("pooler.connections_per_task", "pooler.tasks", "@connections"),
        _within_budget,
        f"{sizing.DEPLOYMENT_FACTOR} (old and new tasks during a deployment) x {{pooler_tasks}} tasks x"
        f" {{pooler_connections_per_task}} exceed {sizing.POOLER_PERCENT} % of max_connections"
        f" {{at_connections}} less {sizing.RESERVED} reserved",
        "lower tasks or connections_per_task, or choose a larger instance_class",
    ),
    Rule(
        ("pooler.cpu",),
        lambda cpu: cpu in FARGATE,
        f"Fargate takes {', '.join(map(str, FARGATE))} CPU units",
        "write one of these",
    ),
    Rule(
        ("pooler.memory_mib", "pooler.cpu"),
        _fargate,
        "Fargate does not offer this much memory with {pooler_cpu} CPU units",
        "256 CPU units take 512, 1024 or 2048 MiB; see FARGATE in infra/config_rules.py for the others",
    ),
    Rule(
        ("maintenance_window", "backup.window"),
        lambda weekly, daily: not windows.overlap(daily, weekly),
        "RDS refuses a maintenance window that meets the backup window {backup_window}",
        "move one of the two",
    ),
    Rule(
        # Not `protected`: that is what an operator takes away, in a reviewed change, before a database may go.
        ("backup.keep_after_destroy", "@stack"),
        lambda kept, stack: stack != "prod" or kept,
        "the backups of a database of the stack prod must outlive it",
        "set backup.keep_after_destroy: true",
    ),
    Rule(
        ("multi_az", "@stack"),
        lambda multi_az, stack: stack != "prod" or multi_az,
        "a database of the stack prod must survive the loss of a zone",
        "set multi_az: true",
    ),
    Rule(
        ("backup.retention_days", "@stack", "replicas.count"),
        lambda days, stack, count: stack != "prod" or days >= 1 or count > 0,  # with replicas the rule above speaks
        "a database of the stack prod must have point-in-time recovery",
        "set backup.retention_days to 1 or more",
    ),
)

ESTATE_RULES: tuple[Rule, ...] = (
    Rule(
        ("tls", "@stack"),
        lambda tls, stack: tls == "required" or stack == "local",
        "only the stack local may disable TLS: its embedded PostgreSQL has none, and this stack is {at_stack}",
        "set tls: required, or remove the key",
    ),
)


def judge(rules: tuple[Rule, ...], view: View, at: str) -> Iterator[Problem]:
    """A problem for each rule that does not hold; rules whose values are not well-formed are left out."""
    for rule in rules:
        if any(name not in view for name in rule.needs):
            continue
        values = [view[name] for name in rule.needs]
        if rule.holds(*values):
            continue
        words = {
            name.replace("@", "at_").replace(".", "_"): value if isinstance(value, str) else show(value)
            for name, value in zip(rule.needs, values, strict=True)
        }
        yield Problem(f"{at}.{rule.needs[0]}", values[0], rule.allowed.format(**words), rule.mend)
