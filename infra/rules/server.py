"""What an instance, its replicas and its parameters demand of each other. Pure."""

from __future__ import annotations

from infra import names, sizing, sources
from infra.rules.rule import Rule
from infra.sizing import INSTANCE_CLASSES

# Advanced mode wants fifteen months at least, paid or not.
ADVANCED_DAYS = 465
# Two base backups may run beside the replicas: one of a replica that is being made, one of an operator's.
SPARE_WAL_SENDERS = 2
# Base name, "-replica-" and two digits; RDS takes 63 characters.
LONGEST_IDENTIFIER = 63
# The estate's own; a test holds it to the table of parameters.
AUTOVACUUM_WORKERS = 4


def _smallest_memory_kib(instance_class: str, count: int, replica: str | None) -> int:
    classes = [INSTANCE_CLASSES[instance_class]]
    if count and replica:
        classes.append(INSTANCE_CLASSES[replica])
    return min(row.memory_kib for row in classes)


def _fits(connections: int, instance_class: str) -> bool:
    return connections <= sizing.rds_default_max_connections(INSTANCE_CLASSES[instance_class])


def _primary_fits(connections: str, instance_class: str) -> bool:
    return _fits(int(connections), instance_class)


def _replica_fits(replica: str | None, count: int, connections: int, instance_class: str) -> bool:
    if replica is None or count == 0 or not _fits(connections, instance_class):
        return True  # another rule speaks
    return _fits(connections, replica)


def _work_mem_fits(work_mem: str, connections: int, instance_class: str, count: int, replica: str | None) -> bool:
    share = _smallest_memory_kib(instance_class, count, replica) * sizing.QUERY_SHARE
    return int(work_mem) * connections <= share


def _maintenance_fits(maintenance: str, overrides: dict[str, str], instance_class: str) -> bool:
    workers = int(overrides.get("autovacuum_max_workers", AUTOVACUUM_WORKERS)) + 1
    memory = INSTANCE_CLASSES[instance_class].memory_kib
    return int(maintenance) * workers <= memory * (1 - sizing.SHARED_BUFFERS_SHARE) / 2


def _slot_fits(kept: str, allocated: int) -> bool:
    return int(kept) < 0 or int(kept) <= allocated * 1024 // 2


def _identifier(name: str, stack: str) -> bool:
    return len(f"estate-{stack}-{name}-replica-15") <= LONGEST_IDENTIFIER


RULES: tuple[Rule, ...] = (
    Rule(
        "a database's name is no key word",
        ("name",),
        lambda name: name not in names.KEY_WORDS,
        "the service's name is its database's, and PostgreSQL reserves this word",
        "choose another name, such as {name}s",
        sources.CREATE_INSTANCE,
    ),
    Rule(
        "identifier of 63 characters",
        ("name", "@stack"),
        _identifier,
        f"the identifier estate-{{at_stack}}-{{name}}-replica-15 has more than {LONGEST_IDENTIFIER} characters",
        "shorten the service's name or the stack's",
        sources.CREATE_INSTANCE,
    ),
    Rule(
        "replicas need backups",
        ("replicas.count", "backup.retention_days"),
        lambda count, days: count == 0 or days >= 1,
        "RDS replicates only a source with backups, and backup.retention_days is {backup_retention_days}",
        "set backup.retention_days to 1 or more, or count to 0",
        sources.REPLICAS,
    ),
    Rule(
        "a class for no replica",
        ("replicas.instance_class", "replicas.count"),
        lambda replica, count: replica is None or count > 0,
        "count is 0, so no replica would have it",
        "set replicas.count to 1 or more, or remove instance_class",
        sources.OURS,
        "a class that is read but has no effect is taken for one that has",
    ),
    Rule(
        "connections fit the memory",
        ("parameters.max_connections", "instance_class"),
        _primary_fits,
        "more than RDS's own default for {instance_class}, which is what its memory is meant for",
        "lower it, or choose a larger instance_class",
        sources.LIMITS,
    ),
    Rule(
        "a replica holds the primary's connections",
        ("replicas.instance_class", "replicas.count", "@connections", "instance_class"),
        _replica_fits,
        "a replica allows as many connections as its primary, {at_connections}, and its memory is meant for fewer",
        "choose a larger class, or lower parameters.max_connections",
        sources.HOT_STANDBY,
    ),
    Rule(
        "work_mem fits the memory",
        ("parameters.work_mem", "@connections", "instance_class", "replicas.count", "replicas.instance_class"),
        _work_mem_fits,
        "work_mem x max_connections {at_connections} exceeds half the memory of the smallest server: one sort in each"
        " connection would end in the kernel's out-of-memory killer",
        "lower it; a role that needs more sets it for itself (ALTER ROLE ... SET work_mem)",
        sources.MEMORY,
    ),
    Rule(
        "maintenance_work_mem fits the memory",
        ("parameters.maintenance_work_mem", "@overrides", "instance_class"),
        _maintenance_fits,
        "maintenance_work_mem x (autovacuum_max_workers + 1) exceeds what shared_buffers and half the page cache leave",
        "lower it, or autovacuum_max_workers",
        sources.MEMORY,
    ),
    Rule(
        "WAL senders for every replica",
        ("parameters.max_wal_senders", "replicas.count"),
        lambda senders, count: int(senders) >= count + SPARE_WAL_SENDERS,
        f"max_wal_senders must serve {{replicas_count}} replicas and {SPARE_WAL_SENDERS} base backups",
        "raise it, or remove it",
        sources.WAL_SENDERS,
    ),
    Rule(
        "parallel workers exist",
        ("parameters.max_parallel_workers_per_gather", "parameters.max_worker_processes"),
        lambda gather, workers: int(gather) <= int(workers),
        "parallel workers are taken from the max_worker_processes, of which there are"
        " {parameters_max_worker_processes}",
        "lower it, or raise max_worker_processes",
        sources.PARALLEL_WORKERS,
    ),
    Rule(
        "slots leave room on the volume",
        ("parameters.max_slot_wal_keep_size", "storage.allocated_gib"),
        _slot_fits,
        "a lost slot may fill more than half of the {storage_allocated_gib} GiB volume",
        "lower it, or raise storage.allocated_gib",
        sources.OURS,
        "a full volume stops the database, and growing it takes hours",
    ),
    Rule(
        "advanced insights keep fifteen months",
        ("monitoring.insights_days", "monitoring.insights"),
        lambda days, mode: mode != "advanced" or days >= ADVANCED_DAYS,
        f"the advanced mode of Database Insights keeps {ADVANCED_DAYS} days or more",
        f"set insights_days to {ADVANCED_DAYS}, or insights to standard",
        sources.DATABASE_INSIGHTS,
    ),
)
