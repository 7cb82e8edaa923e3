"""The pooler's one ceiling, and what Fargate offers. Pure."""

from __future__ import annotations

from infra import containers, sizing, sources
from infra.rules.rule import Rule

# Fargate: CPU units -> memory in MiB, all sizes offered with them. A quarter of a vCPU comes with 0.5, 1 or 2 GB.
FARGATE: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
CPU_UNITS = tuple(FARGATE)


def memory_sizes(cpu: int) -> str:
    """The memory that Fargate offers with so many CPU units, in words."""
    sizes = FARGATE[cpu]
    if len(sizes) <= 4:
        return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]} MiB"
    return f"{sizes[0]} to {sizes[-1]} MiB in steps of {sizes[1] - sizes[0]}"


def _within_budget(per_task: int, most_tasks: int, connections: int) -> bool:
    return sizing.pooler_demand(most_tasks, per_task) <= sizing.pooler_budget(connections)


def _descriptors(clients: int, per_task: int, replicas: int) -> bool:
    return clients + per_task * (1 + replicas) + containers.SPARE_DESCRIPTORS <= containers.MOST_DESCRIPTORS


RULES: tuple[Rule, ...] = (
    Rule(
        "the ceiling of connections",
        ("pooler.connections_per_task", "pooler.most_tasks", "@connections"),
        _within_budget,
        f"{sizing.DEPLOYMENT_FACTOR} sets of tasks during a deployment x most_tasks {{pooler_most_tasks}} x"
        f" {{pooler_connections_per_task}} exceed {sizing.POOLER_PERCENT} % of max_connections"
        f" {{at_connections}} less {sizing.RESERVED} reserved",
        "lower most_tasks or connections_per_task, or choose a larger instance_class",
        sources.CONNECTIONS,
    ),
    Rule(
        "most tasks are no fewer",
        ("pooler.most_tasks", "pooler.tasks"),
        lambda most, tasks: most >= tasks,
        "there are {pooler_tasks} tasks when nothing happens",
        "raise most_tasks, or lower tasks",
        sources.SCALABLE_TARGET,
    ),
    Rule(
        "Fargate's memory sizes",
        ("pooler.memory_mib", "pooler.cpu", "@memory"),
        lambda memory, cpu, _: memory in FARGATE[cpu],
        "Fargate does not offer this much memory with {pooler_cpu} CPU units",
        "{pooler_cpu} CPU units take {at_memory}",
        sources.FARGATE,
    ),
    Rule(
        "descriptors for every client",
        ("pooler.max_client_connections", "pooler.connections_per_task", "replicas.count"),
        _descriptors,
        f"clients, servers and {containers.SPARE_DESCRIPTORS} others need more than the"
        f" {containers.MOST_DESCRIPTORS} descriptors that Fargate grants",
        "lower max_client_connections, and raise tasks",
        sources.FARGATE,
    ),
)
