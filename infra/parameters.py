"""The parameter table of every server: name, value, static or dynamic, why. Pure.

Static parameters take effect at a reboot, and RDS refuses to apply them at once: the apply method is derived
from the table and never typed. Values are strings in the engine's base unit, because RDS gives other spellings
back changed and every preview would then show a difference.

A value that is RDS's own default stays RDS's: it answers `pending-reboot` whatever was asked for, so that is what
is asked for. The column `rds_default` has those that the table meets; other defaults of RDS are not known here. One
that is met shows as the same difference in every preview, `pending-reboot` to `immediate` and the value unchanged:
write the value into that column of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from infra import sizing
from infra.domains import Choice, Domain, Libraries, Real, Switch, Whole
from infra.sizing import InstanceClass

Apply = Literal["static", "dynamic"]


@dataclass(frozen=True, slots=True)
class Server:
    """What a parameter's value may depend on. One group serves a primary and its replicas."""

    primary: InstanceClass
    smallest: InstanceClass  # the smallest of the primary and its replicas
    connections: int
    replicas: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table."""

    name: str
    value: str | Callable[[Server], str] | None  # None: RDS's default, unless a stack overrides it
    apply: Apply
    unit: str
    domain: Domain
    why: str
    since: int = 0  # the first major that knows it, where not all do
    rds_default: str | None = None  # RDS's own value, where it is known


@dataclass(frozen=True, slots=True)
class Setting:
    """One parameter as the parameter group takes it."""

    name: str
    value: str
    apply_method: Literal["immediate", "pending-reboot"]


def _connections(server: Server) -> str:
    return str(server.connections)


def _work_mem(server: Server) -> str:
    return str(sizing.work_mem_kib(server.smallest, server.connections))


def _maintenance(server: Server) -> str:
    return str(sizing.maintenance_work_mem_kib(server.primary))


def _wal_senders(server: Server) -> str:
    # The seed's 10 serve 8 replicas and two base backups at once; RDS's default of 20 serves the most, 15.
    return "10" if server.replicas <= 8 else "20"


def _worker_processes(server: Server) -> str:
    return str(max(8, 2 * server.primary.vcpu))


def _force_ssl(server: Server) -> str:
    return "1" if server.tls else "0"


KIB, PAGES, MS, SECONDS, MIB, NONE = "KiB", "8 KiB pages", "ms", "s", "MiB", ""

# That RDS keeps its own defaults: the provider's documentation of aws_db_parameter_group, "Problematic Configuration".
# What they are, in `rds_default`:
#   rds.force_ssl: 1 since PostgreSQL 15 (RDS User Guide, "Requiring an SSL connection to a PostgreSQL DB instance");
#     hashicorp/terraform-provider-aws#39252 shows the difference that never ends, with postgres16.
#   log_autovacuum_min_duration: RDS User Guide, "Logging autovacuum and vacuum activities", which names 11 to 14.
#   checkpoint_completion_target, and once more the one before: a listing of the parameters of an RDS group, each with
#     its apply method (utrains/rds_migration, module/db_params.tfvars); 0.9 is PostgreSQL's own since 14, too.
TABLE: tuple[Parameter, ...] = (
    # Connections and memory
    Parameter("max_connections", _connections, "static", NONE, Whole(20, 5000),
              "25 for each vCPU of the primary: the pooler shares few connections among many clients. Replicas "
              "get the primary's value, which hot standby demands"),
    Parameter("shared_buffers", "{DBInstanceClassMemory/32768}", "static", PAGES, Whole(16, 1 << 30),
              "a quarter of memory: bytes / 8192 / 4. Division by 4096 would be 200 % of memory, and the server "
              "would not start"),
    Parameter("effective_cache_size", "{DBInstanceClassMemory*3/32768}", "dynamic", PAGES, Whole(1, 1 << 30),
              "three quarters of memory: buffers and page cache together, what the planner may hope to find cached"),
    Parameter("work_mem", _work_mem, "dynamic", KIB, Whole(64, 1 << 21),
              "half the memory of the smallest server, divided by max_connections x 3 nodes x hash_mem_multiplier 2; "
              "8 MiB at most, roles that need more set it themselves"),
    Parameter("maintenance_work_mem", _maintenance, "dynamic", KIB, Whole(1024, 1 << 21),
              "1/32 of memory, 2 GiB at most: four autovacuum workers and an index build may run together"),
    # Write-ahead log
    Parameter("wal_buffers", "2048", "static", PAGES, Whole(8, 1 << 18),
              "16 MiB, one WAL segment; the unit is pages, so 16384 would be 128 MiB"),
    Parameter("checkpoint_timeout", "900", "dynamic", SECONDS, Whole(30, 86400),
              "15 minutes: fewer full-page images, and a crash recovery that still ends within minutes"),
    Parameter("checkpoint_completion_target", "0.9", "dynamic", NONE, Real(0, 1),
              "spreads a checkpoint's writes over nearly all of its interval", rds_default="0.9"),
    # Planner
    Parameter("random_page_cost", "1.1", "dynamic", NONE, Real(0, 1000),
              "gp3 is flash: a random page costs hardly more than the next one"),
    Parameter("effective_io_concurrency", "200", "dynamic", NONE, Whole(0, 1000),
              "gp3 serves many requests in parallel; bitmap scans prefetch that far"),
    # Logging
    Parameter("log_min_duration_statement", "1000", "dynamic", MS, Whole(-1, 2147483647),
              "statements above one second are worth a line"),
    Parameter("log_connections", "1", "dynamic", NONE, Switch(),
              "behind the pooler connections are few and long, so each is worth a line"),
    Parameter("log_disconnections", "1", "dynamic", NONE, Switch(), "says how long a session lasted"),
    Parameter("log_lock_waits", "1", "dynamic", NONE, Switch(),
              "names who waited for whom once deadlock_timeout has passed"),
    Parameter("log_temp_files", "10240", "dynamic", KIB, Whole(-1, 2147483647),
              "a sort that spills more than 10 MiB asks for an index or for more work_mem"),
    Parameter("log_autovacuum_min_duration", "10000", "dynamic", MS, Whole(-1, 2147483647),
              "a vacuum above ten seconds explains a slow minute", rds_default="10000"),
    # Autovacuum
    Parameter("autovacuum_max_workers", "4", "static", NONE, Whole(1, 64),
              "partitioned tables keep more than the default three busy"),
    Parameter("autovacuum_naptime", "30", "dynamic", SECONDS, Whole(1, 86400),
              "looks twice as often as PostgreSQL's own default: hot tables stay small"),
    # Replication
    Parameter("max_wal_senders", _wal_senders, "static", NONE, Whole(5, 100),
              "one for each replica, and room for base backups"),
    Parameter("max_worker_processes", _worker_processes, "static", NONE, Whole(8, 256),
              "two for each vCPU of the primary, eight at least: RDS's default, but as a number, since RDS computes it "
              "from each instance's own class, and a smaller replica would refuse to start below its primary's"),
    Parameter("wal_keep_size", "1024", "dynamic", MIB, Whole(0, 1 << 20),
              "a replica that was away for some minutes catches up from the primary, not from the archive"),
    # Timeouts: the last resort; roles set stricter ones, and migrations set their own
    Parameter("statement_timeout", "300000", "dynamic", MS, Whole(0, 2147483647),
              "five minutes: no forgotten query runs for a day; each role sets a stricter one"),
    Parameter("idle_in_transaction_session_timeout", "60000", "dynamic", MS, Whole(0, 2147483647),
              "a client that went away must not hold locks and dead rows"),
    Parameter("lock_timeout", "10000", "dynamic", MS, Whole(0, 2147483647),
              "whoever waits ten seconds for a lock makes others wait behind it"),
    # Insight
    Parameter("shared_preload_libraries", "pg_stat_statements", "static", NONE,
              Libraries(("auto_explain", "pg_cron", "pg_stat_statements", "pgaudit"), ("pg_stat_statements",)),
              "query statistics must be loaded at start; the group exists before the instance, so no reboot follows"),
    Parameter("pg_stat_statements.max", "10000", "static", NONE, Whole(100, 100000),
              "twice the default: two services' worth of statements without evictions"),
    Parameter("pg_stat_statements.track", "top", "dynamic", NONE, Choice(("none", "top", "all")),
              "what clients sent, without the statements inside functions"),
    Parameter("track_io_timing", "1", "dynamic", NONE, Switch(),
              "tells reading from computing in EXPLAIN and in the statistics; the clock is cheap on Graviton"),
    Parameter("track_activity_query_size", "4096", "static", "bytes", Whole(100, 1 << 20),
              "generated SQL is longer than the default 1024"),
    # Security
    Parameter("rds.force_ssl", _force_ssl, "dynamic", NONE, Switch(),
              "refuses a connection without TLS, where the stack requires TLS", rds_default="1"),
    Parameter("password_encryption", "scram-sha-256", "dynamic", NONE, Choice(("scram-sha-256",)),
              "md5 verifiers can be used as passwords; PgBouncer authenticates with SCRAM"),
    # RDS's default suits; a stack may override these
    Parameter("hot_standby_feedback", None, "dynamic", NONE, Switch(),
              "long queries on a replica survive vacuum, at the price of bloat on the primary"),
    Parameter("max_standby_streaming_delay", None, "dynamic", MS, Whole(-1, 2147483647),
              "how long a replica's replay may wait for its queries"),
    Parameter("max_wal_size", None, "dynamic", MIB, Whole(128, 1 << 20), "write peaks: fewer forced checkpoints"),
    Parameter("max_slot_wal_keep_size", None, "dynamic", MIB, Whole(-1, 1 << 30),
              "bounds the WAL that a lost slot keeps"),
    Parameter("max_parallel_workers_per_gather", None, "dynamic", NONE, Whole(0, 64),
              "analytical queries want more, transactional ones zero"),
    Parameter("default_statistics_target", None, "dynamic", NONE, Whole(1, 10000), "skewed columns"),
    Parameter("autovacuum_vacuum_scale_factor", None, "dynamic", NONE, Real(0, 1), "very large tables"),
    Parameter("autovacuum_analyze_scale_factor", None, "dynamic", NONE, Real(0, 1), "very large tables"),
    Parameter("autovacuum_vacuum_cost_limit", None, "dynamic", NONE, Whole(1, 10000), "lets vacuum keep up on gp3"),
    Parameter("idle_session_timeout", None, "dynamic", MS, Whole(0, 2147483647),
              "only where nobody pools: the pooler keeps idle sessions on purpose"),
    Parameter("transaction_timeout", None, "dynamic", MS, Whole(0, 2147483647),
              "ends a transaction however busy it is, where statement_timeout and idle_in_transaction_session_timeout "
              "each begin anew with every statement", since=17),
    Parameter("jit", None, "dynamic", NONE, Switch(), "short queries lose more to compilation than they gain"),
)  # fmt: skip

BY_NAME: dict[str, Parameter] = {row.name: row for row in TABLE}

# Parameters that a stack may never set, each with the reason.
FORBIDDEN: dict[str, str] = {
    "shared_buffers": "it is a formula of the instance's memory; choose another instance_class",
    "effective_cache_size": "it is a formula of the instance's memory; choose another instance_class",
    "rds.force_ssl": "the estate's tls decides it; set estate.tls",
    "password_encryption": "PgBouncer and every role use SCRAM; there is no other choice",
    "log_statement": "it writes the text of ALTER ROLE ... PASSWORD into the log; use pgaudit",
    "fsync": "a crash would lose the database",
    "full_page_writes": "a crash would tear pages",
    "synchronous_commit": "a commit must be on disk; a role that can lose rows sets it for itself",
    "wal_level": "RDS sets it; logical replication is rds.logical_replication",
    "archive_mode": "RDS archives for point-in-time recovery",
    "archive_command": "RDS archives for point-in-time recovery",
    "hot_standby": "RDS sets it on replicas",
    "listen_addresses": "RDS sets it; security groups decide who may connect",
    "port": "it is 5432 everywhere",
    "ssl": "RDS always offers TLS; estate.tls decides whether it is required",
}


def server(
    primary: InstanceClass,
    replica: InstanceClass | None,
    replicas: int,
    tls: bool,
    overrides: Mapping[str, str],
) -> Server:
    """The facts that values depend on; an override of max_connections counts."""
    classes = [primary] if replica is None or replicas == 0 else [primary, replica]
    smallest = min(classes, key=lambda row: row.memory_gib)
    connections = int(overrides.get("max_connections", sizing.max_connections(primary)))
    return Server(primary, smallest, connections, replicas, tls)


def render(facts: Server, overrides: Mapping[str, str]) -> tuple[Setting, ...]:
    """The parameter group's content, sorted by name."""
    values: dict[str, str] = {}
    for row in TABLE:
        if row.value is not None:
            values[row.name] = row.value if isinstance(row.value, str) else row.value(facts)
    values.update(overrides)
    return tuple(
        Setting(name, values[name], "pending-reboot" if waits_for_reboot(name, values[name]) else "immediate")
        for name in sorted(values)
    )


def is_static(name: str) -> bool:
    """Whether every change waits for a reboot; a parameter that left the table counts as one, the cautious guess."""
    return name not in BY_NAME or BY_NAME[name].apply == "static"


def waits_for_reboot(name: str, value: str | None) -> bool:
    """Whether a change to this value waits: of a static parameter each, of a dynamic one that to RDS's own default.

    No value is a parameter that is set no more: a dynamic one is RDS's again at once.
    """
    return is_static(name) or (value is not None and value == BY_NAME[name].rds_default)
