"""When pooler tasks are added and taken away. Pure.

Source: Application Auto Scaling User Guide, "Target tracking scaling policies for Application Auto Scaling": out after
three minutes above the target, in after fifteen below 90 % of it, never on missing data.
"""

from __future__ import annotations

from dataclasses import dataclass

# A task takes a minute to start and 20 s to be found healthy; a further one before its effect is seen would be one too
# many.
OUT_SECONDS = 120
# Taking a task away disconnects its clients, who log in elsewhere: at most one task in half an hour, so that a lull
# over lunch costs no reconnects.
IN_SECONDS = 1800

# Fargate's units of one vCPU. PgBouncer has one thread, so it never uses more than that, whatever the task was given.
VCPU_UNITS = 1024
# Two thirds of what the one thread can: above it, queueing in PgBouncer itself is felt.
CPU_PERCENT = 65.0
# Of the busiest door's ceiling. A task's ceiling is its share of the database; new tasks bring their own share along.
# Below the 75 % at which the alarm speaks, since autoscaling is what should keep it silent.
POOL_PERCENT = 65.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One target tracking policy: a metric of ECS's own, or one of the pooler's, and the value to hold it at."""

    suffix: str
    name: str
    target: float
    why: str
    predefined: str | None = None


def rules(cpu_units: int) -> tuple[Rule, ...]:
    """The policies of a service whose tasks have these CPU units."""
    return (
        Rule("cpu", "CPUUtilization", cpu_target(cpu_units),
             "TLS, SCRAM and many small statements cost the one thread of PgBouncer",
             predefined="ECSServiceAverageCPUUtilization"),
        Rule("pool", "PoolUsedPercent", POOL_PERCENT, "clients would queue although the database has room"),
    )  # fmt: skip


def cpu_target(cpu_units: int) -> float:
    """The CPU percentage at which one thread is two thirds busy, in a task of this size."""
    return round(CPU_PERCENT * min(1.0, VCPU_UNITS / cpu_units), 1)


def resource_id(cluster_arn: str, service_name: str) -> str:
    """What Application Auto Scaling calls an ECS service; a cluster's ARN ends with its name."""
    return f"service/{cluster_arn.rpartition('/')[2]}/{service_name}"
