"""Whether an estate keeps what AWS, PostgreSQL and Fargate demand: written from their documentation, not from ours.

Each check is another way to the answer than the program's: minutes are counted one by one, tables are written out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import chain

from infra.config import Estate, Job, Service

IDENTIFIER = re.compile(r"[a-z](-?[a-z0-9]){0,62}")
LOG_DAYS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
MINUTES_A_DAY = 1440
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# GiB of memory, as the pages of the classes give it.
MEMORY = {
    "db.t4g.micro": 1, "db.t4g.small": 2, "db.t4g.medium": 4, "db.t4g.large": 8, "db.m6g.large": 8, "db.m7g.xlarge": 16,
    "db.r6g.large": 16, "db.r6g.2xlarge": 64, "db.r7g.4xlarge": 128, "db.r7g.16xlarge": 512,
}  # fmt: skip
# least and most of PostgreSQL's own, from its documentation; -1 where it means off.
RANGES = {
    "work_mem": (64, 2147483647), "maintenance_work_mem": (64, 2147483647), "max_connections": (1, 262143),
    "max_wal_senders": (0, 262143), "max_worker_processes": (0, 262143), "max_parallel_workers_per_gather": (0, 1024),
    "max_slot_wal_keep_size": (-1, 2147483647), "autovacuum_max_workers": (1, 262143), "jit": (0, 1),
    "transaction_timeout": (0, 2147483647), "statement_timeout": (0, 2147483647), "random_page_cost": (0, 1e300),
}  # fmt: skip


def fargate(cpu: int, memory: int) -> bool:
    """Whether Fargate has a size of so many CPU units and MiB."""
    if cpu == 256:
        return memory in (512, 1024, 2048)
    steps = {
        512: (1, 4, 1),
        1024: (2, 8, 1),
        2048: (4, 16, 1),
        4096: (8, 30, 1),
        8192: (16, 60, 4),
        16384: (32, 120, 8),
    }
    if cpu not in steps or memory % 1024:
        return False
    least, most, step = steps[cpu]
    gib = memory // 1024
    return least <= gib <= most and gib % step == 0


def day_minutes(window: str) -> set[int]:
    """The minutes of the day that a backup window covers."""
    begin, end = (int(text[:2]) * 60 + int(text[3:]) for text in window.split("-"))
    found, minute = set(), begin
    while minute != end:
        found.add(minute)
        minute = (minute + 1) % MINUTES_A_DAY
    return found


def week_minutes(window: str) -> set[int]:
    """The minutes of the week that a maintenance window covers."""
    begin, end = (
        WEEK.index(text[:3]) * MINUTES_A_DAY + int(text[4:6]) * 60 + int(text[7:]) for text in window.split("-")
    )
    found, minute = set(), begin
    while minute != end:
        found.add(minute)
        minute = (minute + 1) % (7 * MINUTES_A_DAY)
    return found


def faults(estate: Estate, region: str) -> list[str]:
    """What AWS, PostgreSQL or the estate's promises would be broken by; nothing for a sound one."""
    return [*_stack(estate, region), *chain.from_iterable(_service(estate, service) for service in estate.services)]


def _stack(estate: Estate, region: str) -> Iterator[str]:
    for image in (estate.images.pooler, estate.images.schema):
        first = image.split("/")[0] if "/" in image else ""
        if (":" in first or "." in first) and not first.endswith(f".dkr.ecr.{region}.amazonaws.com"):
            yield "an image that no task can pull"
    network = estate.network
    cidr = ipaddress.IPv4Network(network.cidr)
    if not 16 <= cidr.prefixlen <= 28:
        yield "a VPC has a /16 to a /28"
    if not (cidr.is_private or cidr.subnet_of(ipaddress.IPv4Network("100.64.0.0/10"))):
        yield "a range of somebody else's"
    if network.flow_log_days and network.flow_log_days not in LOG_DAYS:
        yield "CloudWatch Logs keeps no such days"
    names = [service.name for service in estate.services]
    if len(set(names)) != len(names):
        yield "two services of one name"
    if estate.stack == "prod" and (
        estate.profile != "production" or not estate.alerts.emails or not estate.tls_required
    ):
        yield "prod without what it must have"
    if not estate.tls_required and estate.stack != "local":
        yield "passwords in clear"
    if estate.recovery and (estate.recovery.region == region or estate.recovery.region.startswith(("cn-", "us-gov-"))):
        yield "no region to recover in"
    if network.existing:
        subnets = (*network.existing.private_subnet_ids, *network.existing.database_subnet_ids)
        if len(set(subnets)) != 2 * network.availability_zones or network.nat != "none":
            yield "an existing network that is not as it should be"
    else:
        room = 2 ** (32 - cidr.prefixlen - 4) - 5
        tasks = sum(2 * service.pooler.most_tasks for service in estate.services)
        servers = sum(1 + service.multi_az + service.replicas.count for service in estate.services)
        if room < 1 or max(tasks, servers) > (network.availability_zones - 1) * room:
            yield "subnets without room"


def _service(estate: Estate, service: Service) -> Iterator[str]:
    for number in range(1, 16):
        if not IDENTIFIER.fullmatch(f"estate-{estate.stack}-{service.name}-replica-{number}"):
            yield "no identifier of an instance"
    if service.engine_version not in ("15", "16", "17", "18"):
        yield "no such engine"
    yield from _storage(service)
    yield from _backup(service)
    yield from _pooler(service)
    yield from _parameters(service)
    if service.replicas.count > 15 or (service.replicas.count and not service.backup.retention_days):
        yield "replicas that RDS refuses"
    monitoring = service.monitoring
    if monitoring.interval_seconds not in (0, 1, 5, 10, 15, 30, 60) or monitoring.log_days not in LOG_DAYS:
        yield "no such interval"
    days = monitoring.insights_days
    if days not in (7, 731) and (days % 31 or not 1 <= days // 31 <= 23):
        yield "Performance Insights keeps no such days"
    if monitoring.insights == "advanced" and days < 465:
        yield "the advanced mode keeps fifteen months"
    if estate.stack == "prod":
        kept = service.backup.keep_after_destroy and service.multi_az and service.backup.retention_days
        if (
            not kept
            or service.pooler.tasks < 2
            or ".t" in service.instance_class.name
            or not monitoring.interval_seconds
        ):
            yield "a service of prod without what it must have"
    for role in service.login_roles:
        if role.name.startswith(("pg_", "rds")) or role.name in ("estate_admin", "public", "none"):
            yield "a role of somebody else's"


def _storage(service: Service) -> Iterator[str]:
    storage = service.storage
    allocated, iops, throughput = storage.allocated_gib, storage.provisioned_iops, storage.provisioned_mibps
    if storage.type != "gp3" or not 20 <= allocated <= 65536:
        yield "no volume"
    if allocated < 400:
        if (iops, throughput, storage.iops, storage.throughput_mibps) != (None, None, None, None):
            yield "a number for a small volume"
    elif iops is None or throughput is None:
        yield "a large volume without numbers"
    else:
        if not 12000 <= iops <= 64000 or not allocated <= 2 * iops <= 100 * allocated:
            yield "IOPS that RDS refuses"
        if not 500 <= throughput <= 4000 or 4 * throughput > iops:
            yield "throughput that RDS refuses"
    most = storage.max_allocated_gib
    if most is not None and (10 * most < 11 * allocated or most > 65536):
        yield "a ceiling of autoscaling that RDS refuses"


def _backup(service: Service) -> Iterator[str]:
    backup = service.backup
    daily, weekly = day_minutes(backup.window), week_minutes(service.maintenance_window)
    if min(len(daily), len(weekly)) < 30 or len(weekly) > MINUTES_A_DAY or not 0 <= backup.retention_days <= 35:
        yield "a window or a retention that RDS refuses"
    if {minute % MINUTES_A_DAY for minute in weekly} & daily:
        yield "windows that meet"
    if backup.dump_at is not None:
        at = int(backup.dump_at[:2]) * 60 + int(backup.dump_at[3:])
        if at in daily or at in {minute % MINUTES_A_DAY for minute in weekly}:
            yield "a dump in a window"
        if 31 * backup.dump_monthly_months <= backup.dump_cold_after_days:
            yield "S3 refuses to delete what has not moved yet"
    if not backup.snapshots and (backup.vault_lock or backup.restore_test):
        yield "nothing to lock or to test"
    for job in service.jobs:
        if _begins(job) & (weekly | {day * MINUTES_A_DAY + minute for day in range(7) for minute in daily}):
            yield f"job {job.name} begins in a window"


def _begins(job: Job) -> set[int]:
    """The minutes of the week that a job may begin at; none for an hour's, which is not held to windows."""
    if job.every == "hour":
        return set()
    at = int(job.at[-5:-3]) * 60 + int(job.at[-2:])
    days = [WEEK.index(job.at[:3])] if job.every == "week" else range(7)
    return {day * MINUTES_A_DAY + at for day in days}


def _pooler(service: Service) -> Iterator[str]:
    pooler = service.pooler
    if not fargate(pooler.cpu, pooler.memory_mib):
        yield "no size of Fargate's"
    if not 1 <= pooler.tasks <= pooler.most_tasks:
        yield "fewer tasks in a rush"
    if 2 * pooler.most_tasks * pooler.connections_per_task > 0.9 * service.max_connections - 10:
        yield "connections above the ceiling"
    if pooler.max_client_connections + pooler.connections_per_task * (1 + service.replicas.count) > 65535:
        yield "more clients than descriptors"


def _parameters(service: Service) -> Iterator[str]:
    values = dict(service.parameters)
    for name, value in values.items():
        if name == "shared_preload_libraries":
            continue
        least, most = RANGES[name]
        if not least <= float(value) <= most:
            yield f"{name} that PostgreSQL refuses"
    if "transaction_timeout" in values and int(service.engine_version) < 17:
        yield "a parameter that this major does not know"
    if service.replicas.count > int(values.get("max_wal_senders", "20")):
        yield "replicas without WAL senders"
    servers = {service.instance_class.name, *({service.replicas.instance_class.name} if service.replicas.count else ())}
    for name in servers:
        if service.max_connections > min(5000, MEMORY[name] * 2**30 // 9531392):
            yield "more connections than memory"
