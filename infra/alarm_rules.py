"""What an alarm is, what its threshold may depend on, and how thresholds are computed. Pure.

The table itself is infra/alarms.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from infra import ebs
from infra.config import Service
from infra.sizing import GIB, InstanceClass

# server: the primary and each replica; the others are one of a kind, or what their names say.
Scope = Literal["server", "primary", "replica", "logs", "pooler", "balancer", "tasks", "running"]
Severity = Literal["page", "ticket"]
Statistic = Literal["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]

# Where CloudWatch keeps the metrics of a scope, and by which dimensions.
NAMESPACES: dict[Scope, str] = {
    "server": "AWS/RDS",
    "primary": "AWS/RDS",
    "replica": "AWS/RDS",
    "logs": "PostgresEstate",
    "pooler": "PostgresEstate",
    "balancer": "AWS/NetworkELB",
    "tasks": "AWS/ECS",
    "running": "ECS/ContainerInsights",
}
DIMENSIONS: dict[Scope, tuple[str, ...]] = {
    "server": ("DBInstanceIdentifier",),
    "primary": ("DBInstanceIdentifier",),
    "replica": ("DBInstanceIdentifier",),
    "logs": (),  # a filter on plain text cannot give dimensions: the metric's name says stack and service
    "pooler": ("Stack", "Service"),
    "balancer": ("LoadBalancer", "TargetGroup"),
    "tasks": ("ClusterName", "ServiceName"),
    "running": ("ClusterName", "ServiceName"),
}

# Volume and autoscaling: RDS grows a volume when less than a tenth is free, at most once in six hours.
# Source: RDS User Guide, "Managing capacity automatically with Amazon RDS storage autoscaling".
AUTOSCALING_SHARE = 0.10
AUTOSCALING_LATE_SHARE = 0.07  # so far below a tenth, the growth did not come
FULL_SHARE = 0.03
LEAST_LOW_GIB, LEAST_FULL_GIB = 2, 1  # a sort or a burst of WAL takes a gigabyte within minutes
# "Single-digit millisecond latency" is what gp3 promises; twice the most of it is trouble, not noise.
SLOW_SECONDS = 0.020
SMALL_GIB = 2  # below it system and PostgreSQL themselves take most of the memory
# CPU credits per hour (EC2 User Guide, "Key concepts for burstable performance instances"); a day's worth is kept.
CREDITS_PER_HOUR = {"micro": 12, "small": 24, "medium": 24, "large": 36, "xlarge": 96, "2xlarge": 192}
CREDIT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Facts:
    """What thresholds of one service depend on."""

    stack: str
    service: str
    primary: InstanceClass
    replica: InstanceClass
    replicas: int
    connections: int
    allocated_gib: int
    autoscaling: bool
    iops: int
    mibps: int
    tasks: int
    clients_per_task: int

    @property
    def allocated_bytes(self) -> int:
        """The volume as it begins; autoscaling makes it larger, so that what is a share of it stays cautious."""
        return self.allocated_gib * GIB


def facts(stack: str, service: Service) -> Facts:
    """The facts of a configured service."""
    storage = service.storage
    return Facts(
        stack=stack,
        service=service.name,
        primary=service.instance_class,
        replica=service.replicas.instance_class,
        replicas=service.replicas.count,
        connections=service.max_connections,
        allocated_gib=storage.allocated_gib,
        autoscaling=bool(storage.max_allocated_gib and storage.max_allocated_gib > storage.allocated_gib),
        iops=storage.provisioned_iops or ebs.PLAIN_IOPS,
        mibps=storage.provisioned_mibps or ebs.PLAIN_MIBPS,
        tasks=service.pooler.tasks,
        clients_per_task=service.pooler.max_client_connections,
    )


# None: this alarm would say nothing here, so there is none.
Threshold = Callable[[Facts, InstanceClass], float | None]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One row: what is watched, from when on, for how long, and what it means to the person who reads it.

    Several metrics are added up. `periods` of `period` seconds are looked at, and `datapoints` of them (None: all)
    must be beyond the threshold.
    """

    name: str
    scope: Scope
    metrics: tuple[str, ...]
    statistic: Statistic
    comparison: Literal[">", ">=", "<", "<="]
    threshold: Threshold
    period: int
    periods: int
    severity: Severity
    means: str
    first: str
    why: str
    datapoints: int | None = None
    missing: Missing = "notBreaching"


def always(value: float) -> Threshold:
    """The same threshold everywhere."""
    return lambda _facts, _instance: value


def storage_low(row: Facts, _instance: InstanceClass) -> float:
    """Bytes: a tenth of the volume, or with autoscaling what says that the growth did not come."""
    share = AUTOSCALING_LATE_SHARE if row.autoscaling else AUTOSCALING_SHARE
    return max(LEAST_LOW_GIB * GIB, share * row.allocated_bytes)


def storage_full(row: Facts, _instance: InstanceClass) -> float:
    """Bytes: below this an instance may stop within the hour, and a full one accepts no connection."""
    return max(LEAST_FULL_GIB * GIB, FULL_SHARE * row.allocated_bytes)


def wal_on_disk(row: Facts, _instance: InstanceClass) -> float:
    """Bytes: a sixth of the volume, 6 GiB at least: wal_keep_size and max_wal_size keep some gigabytes anyway."""
    return max(6 * GIB, row.allocated_bytes / 6)


def slot_lag(row: Facts, _instance: InstanceClass) -> float:
    """Bytes: a tenth of the volume, 4 GiB at least, is kept for a consumer that does not come."""
    return max(4 * GIB, row.allocated_bytes / 10)


def free_memory(_row: Facts, instance: InstanceClass) -> float:
    """Bytes: a tenth of memory, 4 GiB at most: as much as two maintenance_work_mem take.

    Of the smallest classes it is less: a healthy server of 1 GiB shows little more than a tenth (106 MiB over a week,
    RoboFinSystems #1086, whose alarm never ended).
    """
    share = 0.06 if instance.memory_gib <= SMALL_GIB else 0.10
    return min(share * instance.memory_gib * GIB, 4 * GIB)


def connections(percent: int) -> Threshold:
    """This share of max_connections, which replicas share with their primary."""
    return lambda row, _instance: float(row.connections * percent // 100)


def vcpus(_row: Facts, instance: InstanceClass) -> float:
    """One active session for each core."""
    return float(instance.vcpu)


def queue(row: Facts, instance: InstanceClass) -> float:
    """Little's law: as many requests as wait when all the IOPS there are take SLOW_SECONDS each (60 at 3000)."""
    return ebs.sustained_iops(instance, row.iops) * SLOW_SECONDS


def iops(row: Facts, instance: InstanceClass) -> float:
    """Four fifths of what volume and link both do all day."""
    return 0.8 * ebs.sustained_iops(instance, row.iops)


def throughput(row: Facts, instance: InstanceClass) -> float:
    """Bytes per second: four fifths of what volume and link both move all day."""
    return 0.8 * ebs.sustained_bytes(instance, row.mibps)


def io_balance(row: Facts, instance: InstanceClass) -> float | None:
    """Half of the credits, where the volume can spend any."""
    return 50.0 if ebs.spends_io_credits(instance, row.iops) else None


def byte_balance(row: Facts, instance: InstanceClass) -> float | None:
    """Half of the credits, where the volume can spend any."""
    return 50.0 if ebs.spends_byte_credits(instance, row.mibps) else None


def credit_balance(_row: Facts, instance: InstanceClass) -> float | None:
    """A tenth of the CPU credits that a burstable class can keep."""
    size = instance.name.rpartition(".")[2]
    return CREDITS_PER_HOUR[size] * CREDIT_HOURS * 0.10 if instance.burstable else None


def surplus_credits(_row: Facts, instance: InstanceClass) -> float | None:
    """Any: RDS runs burstable classes in unlimited mode, and what is spent beyond a day's credits is billed."""
    return 0.0 if instance.burstable else None


def all_tasks(row: Facts, _instance: InstanceClass) -> float | None:
    """The tasks that should be there; with one, none is the only fewer, and that is another alarm's."""
    return float(row.tasks) if row.tasks > 1 else None


def task_clients(row: Facts, _instance: InstanceClass) -> float:
    """Four fifths of the clients that one task accepts."""
    return 0.8 * row.clients_per_task
