"""Every alarm of a service: one table, and what it comes to for one service. Pure.

A page is what users feel, or what ends in an outage within the hour; everything else is a ticket. Pages do not notify
by themselves: one composite alarm for each service does, so that one incident pages once, however many of its alarms
go off. A replica's alarms are tickets: the primary has its data, and others read in its place.

Thresholds of most rows were read in the alarm modules of the Ministry of Justice (ap-terraform-aws-rds-alarm), Cloud
Posse (rds-cloudwatch-sns-alarms), ol-infrastructure and CloudNativePG; where they are other ones, the row says why.
What a metric means is in the RDS User Guide, "Amazon CloudWatch metrics for Amazon RDS".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from infra import alarm_rules as rules
from infra.alarm_rules import DIMENSIONS, Alarm, Facts, Scope, always
from infra.sizing import InstanceClass

T = TypeVar("T")
MINUTE, FIVE_MINUTES, HOUR = 60, 300, 3600

TABLE: tuple[Alarm, ...] = (
    # Is it there
    Alarm("silent", "server", ("CPUUtilization",), "SampleCount", "<", always(1), MINUTE, 5, "page",
          "RDS has published nothing about this server for five minutes: it is stopped, hangs or is gone",
          "look at its state and its events in RDS; a failover to the standby should have ended long ago",
          "a failover of a Multi-AZ instance takes one to two minutes, a reboot less than that", missing="breaching"),
    Alarm("crashes", "logs", ("Crashes",), "Sum", ">", always(0), MINUTE, 1, "page",
          "a server process died and PostgreSQL ended every session to recover, or it met what it cannot go on after",
          "read the log around it; out of memory is the usual reason: lower work_mem or take a larger class",
          "each one ends all sessions: there is no harmless number of them"),
    # CPU and memory
    Alarm("cpu", "server", ("CPUUtilization",), "Average", ">", always(80), FIVE_MINUTES, 3, "ticket",
          "CPU above 80 % for a quarter of an hour",
          "find the statements with the most time in Database Insights; then an index, a cache or a larger class",
          "beyond 80 % waiting times grow faster than the load does (Cloud Posse's reason)"),
    Alarm("load", "server", ("DBLoad",), "Average", ">", rules.vcpus, FIVE_MINUTES, 3, "ticket",
          "more sessions are active than there are cores, for a quarter of an hour: some of them wait",
          "look in Database Insights what they wait for: CPU, I/O or locks",
          "the line that Database Insights itself draws at the number of vCPUs"),
    Alarm("memory", "server", ("FreeableMemory",), "Average", "<", rules.free_memory, FIVE_MINUTES, 3, "ticket",
          "little memory can be freed: less than a tenth (on the smallest classes 6 %, on large ones 4 GiB)",
          "look for many or large sessions: connections, work_mem, temporary files; then a larger class",
          "MoJ's tenth; of 512 GiB it would be 51 GiB, which is no shortage, so it ends at 4 GiB"),
    Alarm("swap", "server", ("SwapUsage",), "Average", ">", always(256 * 1024**2), FIVE_MINUTES, 3, "ticket",
          "more than 256 MiB are swapped out",
          "see whether it grows; if so, memory is short: sessions, work_mem, class",
          "idle pages are swapped on healthy servers too, but hardly so many (MoJ, ol-infrastructure)"),
    Alarm("cpu-credits", "server", ("CPUCreditBalance",), "Average", "<", rules.credit_balance, HOUR, 4, "ticket",
          "a tenth of a day's CPU credits is left: the load is above what this burstable class does all day",
          "take a class that is not burstable, or live with the bill for surplus credits",
          "four hours, because a new instance begins with none and earns a tenth in two and a half"),
    Alarm("surplus-credits", "server", ("CPUSurplusCreditsCharged",), "Maximum", ">", rules.surplus_credits, HOUR, 1,
          "ticket", "CPU credits beyond a day's are being billed", "take a class that is not burstable",
          "RDS runs burstable classes in unlimited mode: nothing gets slow, only dearer, so that nobody would notice"),
    # Storage
    Alarm("storage-low", "server", ("FreeStorageSpace",), "Minimum", "<", rules.storage_low, FIVE_MINUTES, 3, "ticket",
          "less than a tenth of the volume is free, or with autoscaling so much less that it did not grow",
          "find what grows (tables, WAL of a slot, temporary files), and raise max_allocated_gib in time",
          "autoscaling begins below a tenth and acts once in six hours; a plain tenth would go off at each growth"),
    Alarm("storage-full", "server", ("FreeStorageSpace",), "Minimum", "<", rules.storage_full, MINUTE, 5, "page",
          "the volume is nearly full; a full one stops the instance",
          "raise allocated_gib with apply_immediately: true; then look for a slot that keeps WAL, or temporary files",
          "3 %, 1 GiB at least: growing a volume takes minutes, filling a gigabyte too"),
    Alarm("wal-disk", "primary", ("TransactionLogsDiskUsage",), "Maximum", ">", rules.wal_on_disk, FIVE_MINUTES, 3,
          "ticket", "WAL takes more than a sixth of the volume",
          "look for a replication slot without a consumer and for a replica that does not follow",
          "wal_keep_size and max_wal_size keep some gigabytes; more is kept for somebody"),
    Alarm("slot-lag", "primary", ("OldestReplicationSlotLag",), "Maximum", ">", rules.slot_lag, FIVE_MINUTES, 3,
          "ticket", "a replication slot keeps WAL for a consumer that is far behind or gone",
          "find it in pg_replication_slots; drop it if nobody will come back for it",
          "a forgotten slot fills the volume; without slots there is no such metric"),
    # Connections
    Alarm("connections", "server", ("DatabaseConnections",), "Average", ">", rules.connections(80), FIVE_MINUTES, 3,
          "ticket", "four fifths of max_connections are in use",
          "see in pg_stat_activity who: the pooler alone stays below half, outside of its deployments",
          "MoJ's and ol-infrastructure's share; the pooler's budget of 90 % is for deployments only"),
    Alarm("connections-full", "server", ("DatabaseConnections",), "Maximum", ">=", rules.connections(95), MINUTE, 3,
          "page", "nearly all of max_connections are in use; soon nobody gets in",
          "end idle sessions that go round the pooler; look whether two sets of pooler tasks run",
          "an operator needs the last connections to look at it"),
    Alarm("connections-refused", "logs", ("ConnectionSlotsExhausted",), "Sum", ">", always(0), MINUTE, 2, "page",
          "PostgreSQL refuses connections because all slots are taken",
          "as with connections-full: end idle sessions outside of the pooler",
          "seen from the other side: the metric is sampled once a minute and misses short peaks"),
    # I/O
    Alarm("disk-queue", "server", ("DiskQueueDepth",), "Average", ">", rules.queue, FIVE_MINUTES, 3, "ticket",
          "more requests wait for the volume than it serves in 20 ms at its full rate",
          "compare IOPS and throughput with their limits on the dashboard; then the statements that read most",
          "MoJ's 64 fits 3000 IOPS; a fixed number woke people for nothing on faster volumes (CMSgov bfd #120)"),
    Alarm("read-latency", "server", ("ReadLatency",), "Average", ">", always(rules.SLOW_SECONDS), FIVE_MINUTES, 3,
          "ticket", "a read takes more than 20 ms on average",
          "see whether IOPS, throughput or the credits of the link are used up",
          "gp3 promises single-digit milliseconds; twice as much for a quarter of an hour is no noise"),
    Alarm("write-latency", "server", ("WriteLatency",), "Average", ">", always(rules.SLOW_SECONDS), FIVE_MINUTES, 3,
          "ticket", "a write takes more than 20 ms on average, and every commit waits for one",
          "see whether IOPS, throughput or the credits of the link are used up",
          "as for reads; with a standby a write crosses zones, which adds a millisecond or two"),
    Alarm("iops", "server", ("ReadIOPS", "WriteIOPS"), "Average", ">", rules.iops, FIVE_MINUTES, 3, "ticket",
          "four fifths of the operations per second that volume and instance class both sustain",
          "find what reads so much (missing index, cold cache); then more IOPS or a larger class",
          "the smaller of both limits: on a small class the link is slower than its volume"),
    Alarm("throughput", "server", ("ReadThroughput", "WriteThroughput"), "Average", ">", rules.throughput, FIVE_MINUTES,
          3, "ticket", "four fifths of the bytes per second that volume and instance class both sustain",
          "look for sequential scans, index builds and exports; then more throughput or a larger class",
          "the smaller of both limits, as for IOPS"),
    Alarm("ebs-io-balance", "server", ("EBSIOBalance%",), "Average", "<", rules.io_balance, FIVE_MINUTES, 3, "ticket",
          "half of the link's credits for operations are spent",
          "spread the load, or take a larger class before they are gone and the link falls to its baseline",
          "only where the volume can spend any: elsewhere it stands at 99 for ever (ol-infrastructure #5599)"),
    Alarm("ebs-byte-balance", "server", ("EBSByteBalance%",), "Average", "<", rules.byte_balance, FIVE_MINUTES, 3,
          "ticket", "half of the link's credits for bytes are spent",
          "spread the load, or take a larger class before they are gone and the link falls to its baseline",
          "only where the volume can spend any, as for operations"),
    # Replication and transaction ids. Route 53 follows replica-lag, and can follow only a plain alarm: one metric, a
    # simple statistic, every datapoint (Route 53 Developer Guide, "Monitoring a CloudWatch alarm").
    Alarm("replica-lag", "replica", ("ReplicaLag",), "Minimum", ">", always(300), MINUTE, 10, "ticket",
          "the replica is more than five minutes behind, or silent for ten; `readers` leaves it out, pools do not",
          "look for a long query on it that holds back replay, then for its I/O and CPU",
          "an idle source shows up to five minutes of lag that is none, from zero again and again, so that the least "
          "of a minute never stays above 300 for ten in a row (RDS User Guide, read replicas)", missing="breaching"),
    Alarm("transaction-ids", "primary", ("MaximumUsedTransactionIDs",), "Maximum", ">", always(500_000_000), HOUR, 1,
          "ticket", "vacuum does not keep up with freezing: 500 million transaction ids are in use",
          "find the oldest table and what holds vacuum back: long transactions, slots, prepared transactions",
          "autovacuum begins to freeze at 200 million, so that it has failed for a while"),
    Alarm("transaction-ids-spent", "primary", ("MaximumUsedTransactionIDs",), "Maximum", ">", always(1_000_000_000),
          FIVE_MINUTES, 1, "page", "a thousand million transaction ids are in use; at two PostgreSQL stops writing",
          "end what holds vacuum back, then VACUUM FREEZE the oldest tables by hand",
          "AWS's own alarm for it (Database Blog, early warning of transaction id wraparound)"),
    # What the log says
    Alarm("deadlocks", "logs", ("Deadlocks",), "Sum", ">", always(5), FIVE_MINUTES, 3, "ticket",
          "several deadlocks in each of three times five minutes",
          "the log names both statements; let all code take locks in the same order",
          "RDS has no such metric for PostgreSQL; one now and then is retried by the client"),
    Alarm("lock-waits", "logs", ("LockWaits",), "Sum", ">", always(20), FIVE_MINUTES, 3, "ticket",
          "many sessions have waited for a lock longer than a second",
          "find the one that holds it in pg_blocking_pids(), usually an idle transaction or a migration",
          "each line is one session that waited for deadlock_timeout"),
    Alarm("errors", "logs", ("Errors",), "Sum", ">", always(300), FIVE_MINUTES, 3, "ticket",
          "more than one error a second for a quarter of an hour",
          "group the log by message: a new release that sends wrong statements is the usual reason",
          "single errors are a program's daily life: conflicts that it expects and tries again"),
    Alarm("authentication", "logs", ("AuthenticationFailures",), "Sum", ">", always(10), FIVE_MINUTES, 1, "ticket",
          "ten logins failed within five minutes",
          "the log says from where and as whom: a rotated password, or somebody who tries",
          "a pool with an old password tries at least once a minute; a person does not try ten times"),
    Alarm("checkpoints", "logs", ("FrequentCheckpoints",), "Sum", ">", always(3), HOUR, 1, "ticket",
          "WAL fills so fast that checkpoints are forced, several times an hour",
          "raise max_wal_size, or spread the bulk load",
          "each forced checkpoint writes full pages again and slows everybody"),
    # The pooler. Metrics are each task's own, so that Maximum is the worst task.
    Alarm("pooler-wait", "pooler", ("MaxWaitSeconds",), "Maximum", ">", always(5), MINUTE, 10, "page",
          "for ten minutes some client has waited more than five seconds for a server connection",
          "see whether the database is slow (load, locks) or the pool too small, and who holds connections",
          "ol-infrastructure's alarm after 88 minutes of saturation that nobody was told of"),
    Alarm("pooler-waiting", "pooler", ("ClientsWaiting",), "Maximum", ">", always(0), MINUTE, 10, "ticket",
          "in eight of ten minutes some client had to wait for a server connection",
          "as with pooler-wait; it is the earlier sign",
          "one minute with a queue is a peak; one without does not end a shortage", datapoints=8),
    Alarm("pooler-pool", "pooler", ("PoolUsedPercent",), "Maximum", ">=", always(75), FIVE_MINUTES, 3, "ticket",
          "three quarters of a pool are in use",
          "raise connections_per_task as far as the rule of max_connections lets you, or shorten transactions",
          "ol-infrastructure's headroom: a pool that is full makes clients wait at the next peak"),
    Alarm("pooler-clients", "pooler", ("ClientConnections",), "Maximum", ">", rules.task_clients, FIVE_MINUTES, 3,
          "ticket", "a task serves four fifths of the clients that it accepts",
          "add tasks or raise max_client_connections; look for an application that leaks connections",
          "beyond it PgBouncer refuses clients"),
    Alarm("pooler-silent", "pooler", ("Heartbeat",), "Sum", "<", always(1), MINUTE, 5, "ticket",
          "nothing has been heard of the pooler's metrics for five minutes: its other alarms are blind",
          "look at the pooler's tasks and at their log; healthy-hosts says whether clients are served",
          "an alarm on a metric that does not come is always green", missing="breaching"),
    Alarm("healthy-hosts", "balancer", ("HealthyHostCount",), "Maximum", "<", always(1), MINUTE, 3, "page",
          "no pooler task accepts connections: nobody reaches the database",
          "look at the service's events and stopped tasks in ECS, then at the tasks' log",
          "each zone's node reports for itself, so that the guide of Network Load Balancers says Maximum",
          missing="breaching"),
    Alarm("hosts-missing", "balancer", ("HealthyHostCount",), "Maximum", "<", rules.all_tasks, FIVE_MINUTES, 3,
          "ticket", "fewer healthy pooler tasks than wanted for a quarter of an hour",
          "look at the service's events in ECS: no capacity, a failing image, a failing health check",
          "a replaced task is back within minutes"),
    Alarm("unhealthy-hosts", "balancer", ("UnHealthyHostCount",), "Minimum", ">", always(0), MINUTE, 10, "ticket",
          "a pooler task has failed its health check for ten minutes, and ECS did not replace it",
          "stop the task; if the next one fails too, read its log",
          "a task that starts or drains is unhealthy for some seconds each time"),
    Alarm("tasks-running", "running", ("RunningTaskCount",), "Minimum", "<", rules.all_tasks, FIVE_MINUTES, 3, "ticket",
          "ECS runs fewer pooler tasks than wanted", "read the service's events and the reason of stopped tasks",
          "Container Insights' own count, where the load balancer may still be satisfied"),
    Alarm("tasks-cpu", "tasks", ("CPUUtilization",), "Average", ">", always(80), FIVE_MINUTES, 3, "ticket",
          "the pooler's tasks use four fifths of their CPU",
          "give a task more cpu up to one core, then add tasks: PgBouncer has one thread",
          "TLS handshakes of a reconnecting application need the rest"),
    Alarm("tasks-memory", "tasks", ("MemoryUtilization",), "Maximum", ">", always(80), FIVE_MINUTES, 3, "ticket",
          "a pooler task uses four fifths of its memory; at all of it ECS kills it with its clients",
          "raise memory_mib, or lower max_client_connections", "a client costs some kilobytes, TLS some dozens"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """One alarm of one service: a row, what it is about, and its threshold there."""

    row: Alarm
    target: str
    """primary, replica-1 ..., or empty for what a service has one of."""
    threshold: float
    severity: rules.Severity
    name: str
    """The alarm's name, which is what a mail's subject shows: fixed, and readable at night."""

    @property
    def key(self) -> str:
        """What tells it from the service's other alarms."""
        return f"{self.target}-{self.row.name}" if self.target else self.row.name

    @property
    def description(self) -> str:
        """What the mail says: how urgent, what it means, what to do first."""
        return f"{self.severity.upper()}: {self.row.means}. First: {self.row.first}."


def plan(facts: Facts) -> tuple[Planned, ...]:
    """Every alarm of a service, in the table's order."""
    return tuple(alarm for row in TABLE for alarm in _planned(row, facts))


def _planned(row: Alarm, facts: Facts) -> Iterable[Planned]:
    for target, instance in targets(row.scope, facts):
        threshold = row.threshold(facts, instance)
        if threshold is None:
            continue
        severity: rules.Severity = "ticket" if target.startswith("replica") else row.severity
        key = f"{target}-{row.name}" if target else row.name
        # Shares of bytes are no whole numbers, and a text that ends in .000004 helps nobody.
        yield Planned(row, target, float(round(threshold, 3)), severity, f"{prefix(facts)}-{key}")


def prefix(facts: Facts) -> str:
    """How the names of a service's alarms begin."""
    return f"estate-{facts.stack}-{facts.service}"


def targets(scope: Scope, facts: Facts) -> tuple[tuple[str, InstanceClass], ...]:
    """What a row of this scope is about, with the instance class that counts."""
    primary = (("primary", facts.primary),)
    replicas = tuple((f"replica-{number}", facts.replica) for number in range(1, facts.replicas + 1))
    if scope == "server":
        return primary + replicas
    return {"primary": primary, "replica": replicas}.get(scope, (("", facts.primary),))


def metric_name(scope: Scope, metric: str, facts: Facts) -> str:
    """A metric's name in CloudWatch: what comes from logs has no dimensions, so its name tells the service."""
    return f"{facts.stack}-{facts.service}-{metric}" if scope == "logs" else metric


def dimensions(scope: Scope, target: str, values: Mapping[str, T]) -> dict[str, T]:
    """The dimensions of a metric; `values` holds each by its name, an instance's by its target."""
    return {name: values[target] if name == "DBInstanceIdentifier" else values[name] for name in DIMENSIONS[scope]}


def pages(alarms: Iterable[Planned]) -> tuple[Planned, ...]:
    """The alarms that wake somebody."""
    return tuple(alarm for alarm in alarms if alarm.severity == "page")


def page_rule(names: Iterable[str]) -> str:
    """A composite alarm's rule: any of these alarms. One may have 100 of them, in 10240 characters."""
    return " OR ".join(f'ALARM("{name}")' for name in names)
