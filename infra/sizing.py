"""Instance classes, and the numbers that follow from memory and vCPU. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024**3

# A transaction that waits for its client keeps its server connection, so more backends than cores are useful,
# but each further one costs memory and snapshot time. 25 per vCPU leaves about 10 per vCPU in daily work: the
# pooler may use 90 %, and half of that is kept for the second set of tasks while a deployment runs.
CONNECTIONS_PER_VCPU = 25
# PostgreSQL's own default is 100; half of it is what two burstable vCPUs can serve.
FEWEST_CONNECTIONS = 50
# RDS's default is LEAST(memory / 9531392, 5000). The engine sees about 8 % less memory than the class names
# (a db.m7g.large reports 832 connections, not 901).
RDS_BYTES_PER_CONNECTION = 9_531_392
RDS_MOST_CONNECTIONS = 5000
MEMORY_SEEN_BY_ENGINE = 0.92

# How the memory of an instance is divided; what remains is the kernel's page cache.
SHARED_BUFFERS_SHARE = 0.25
QUERY_SHARE = 0.5
# hash_mem_multiplier is 2 since PostgreSQL 15: a hash node may take twice work_mem.
HASH_MEM_MULTIPLIER = 2
# A busy plan here joins three relations, and every connection may run one at the same time.
NODES_PER_QUERY = 3
# Above 8 MiB a role that needs more says so itself (ALTER ROLE ... SET work_mem): one default for all must
# suit the many small queries.
MOST_WORK_MEM_KIB = 8 * 1024
LEAST_WORK_MEM_KIB = 1024
# Four autovacuum workers and an index build at 1/32 each stay below a sixth of memory. 2 GiB is the most an
# index build profits from.
MAINTENANCE_DIVISOR = 32
MOST_MAINTENANCE_KIB = 2 * 1024 * 1024

# Connections that the pooler may never take, each with its owner.
RESERVED_CONNECTIONS = {
    "superuser_reserved_connections (PostgreSQL's default)": 3,
    "rds.rds_superuser_reserved_connections (RDS's default)": 2,
    "the schema task: its lock, its work, its role checks": 3,
    "an operator looking at an incident": 2,
}
RESERVED = sum(RESERVED_CONNECTIONS.values())
# A tenth stays free for whatever nobody planned (a client that goes round the pooler, monitoring).
POOLER_PERCENT = 90
# minimum 100 % and maximum 200 %: a deployment runs the old tasks and the new ones side by side.
DEPLOYMENT_FACTOR = 2


@dataclass(frozen=True, slots=True)
class InstanceClass:
    """One RDS instance class: what it offers."""

    name: str
    vcpu: int
    memory_gib: int
    burstable: bool

    @property
    def memory_kib(self) -> int:
        """The nominal memory in KiB."""
        return self.memory_gib * 1024 * 1024


# vCPU by size, the same in the m and r families.
_SIZES = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
}
# GiB per vCPU by family: Graviton, general purpose and memory optimised.
_FAMILIES = {"m6g": 4, "m7g": 4, "r6g": 8, "r7g": 8}
# size -> (vCPU, GiB): the burstable family follows no ratio.
_BURSTABLE = {
    "micro": (2, 1),
    "small": (2, 2),
    "medium": (2, 4),
    "large": (2, 8),
    "xlarge": (4, 16),
    "2xlarge": (8, 32),
}

INSTANCE_CLASSES: dict[str, InstanceClass] = {
    row.name: row
    for row in (
        *(InstanceClass(f"db.t4g.{size}", cpu, gib, True) for size, (cpu, gib) in _BURSTABLE.items()),
        *(
            InstanceClass(f"db.{family}.{size}", cpu, cpu * per_cpu, False)
            for family, per_cpu in _FAMILIES.items()
            for size, cpu in _SIZES.items()
        ),
    )
}


def rds_default_max_connections(instance: InstanceClass) -> int:
    """What RDS would set by itself: the most that this class's memory is meant for."""
    seen = instance.memory_gib * GIB * MEMORY_SEEN_BY_ENGINE
    return min(int(seen // RDS_BYTES_PER_CONNECTION), RDS_MOST_CONNECTIONS)


def max_connections(instance: InstanceClass) -> int:
    """The estate's max_connections for a primary of this class."""
    wanted = max(FEWEST_CONNECTIONS, CONNECTIONS_PER_VCPU * instance.vcpu)
    return min(wanted, rds_default_max_connections(instance))


def pooler_budget(connections: int) -> int:
    """The server connections all pooler tasks together may hold to one server."""
    return connections * POOLER_PERCENT // 100 - RESERVED


def pooler_demand(tasks: int, connections_per_task: int) -> int:
    """The most server connections the pooler opens to one server: during a deployment."""
    return DEPLOYMENT_FACTOR * tasks * connections_per_task


def work_mem_kib(instance: InstanceClass, connections: int) -> int:
    """A work_mem with which every connection may run a busy plan at once, as a power of two in KiB."""
    nodes = connections * HASH_MEM_MULTIPLIER * NODES_PER_QUERY
    fair = int(instance.memory_kib * QUERY_SHARE) // nodes
    power = 1 << max(fair, 1).bit_length() - 1
    return max(LEAST_WORK_MEM_KIB, min(power, MOST_WORK_MEM_KIB))


def maintenance_work_mem_kib(instance: InstanceClass) -> int:
    """maintenance_work_mem for this class in KiB."""
    return min(instance.memory_kib // MAINTENANCE_DIVISOR, MOST_MAINTENANCE_KIB)
