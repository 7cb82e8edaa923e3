"""What a stack's configuration comes to, as frozen dataclasses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra import sizing
from infra.profiles import Profile
from infra.rules.storage import STRIPED_GIB, STRIPED_IOPS, STRIPED_MIBPS
from infra.sizing import InstanceClass


@dataclass(frozen=True, slots=True)
class ExistingNetwork:
    """A VPC that is there already: its owner answers for routes and endpoints."""

    vpc_id: str
    private_subnet_ids: tuple[str, ...]
    database_subnet_ids: tuple[str, ...]
    endpoints_security_group_id: str


@dataclass(frozen=True, slots=True)
class Network:
    """The address range, how many zones it spans, and its ways out."""

    cidr: str
    availability_zones: int
    nat: Literal["none", "single", "per_zone"]
    flow_log_days: int
    domain: str
    existing: ExistingNetwork | None


@dataclass(frozen=True, slots=True)
class Images:
    """The two container images; a reference without a registry means this account's ECR."""

    pooler: str
    schema: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """Who is told."""

    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where backups are copied to."""

    region: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A database's volume."""

    type: str
    allocated_gib: int
    max_allocated_gib: int | None
    iops: int | None
    throughput_mibps: int | None

    @property
    def provisioned_iops(self) -> int | None:
        """IOPS to ask for. From 400 GiB on always a number: RDS would keep the one it had below, and refuse it."""
        return (self.iops or STRIPED_IOPS) if self.allocated_gib >= STRIPED_GIB else None

    @property
    def provisioned_mibps(self) -> int | None:
        """Throughput to ask for in MiB/s, likewise."""
        return (self.throughput_mibps or STRIPED_MIBPS) if self.allocated_gib >= STRIPED_GIB else None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many read replicas, and how large."""

    count: int
    instance_class: InstanceClass


@dataclass(frozen=True, slots=True)
class Backup:
    """Point-in-time recovery, snapshots, dumps, and what is kept of a database that is destroyed."""

    retention_days: int
    window: str
    keep_after_destroy: bool
    final_snapshot_generation: int
    weekly_weeks: int
    monthly_months: int
    vault_lock: bool
    copy_to_recovery: bool
    restore_test: bool
    dump_at: str | None
    dump_daily_days: int
    dump_monthly_months: int
    dump_cold_after_days: int

    @property
    def snapshots(self) -> bool:
        """Whether AWS Backup takes any."""
        return self.weekly_weeks > 0 or self.monthly_months > 0


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How closely the servers are watched, and how long that is kept."""

    interval_seconds: int
    insights: Literal["standard", "advanced"]
    insights_days: int
    log_days: int


@dataclass(frozen=True, slots=True)
class Pooler:
    """PgBouncer's tasks; `connections_per_task` counts one task's connections to one server, all doors together."""

    tasks: int
    most_tasks: int
    connections_per_task: int
    max_client_connections: int
    cpu: int
    memory_mib: int
    version: str


@dataclass(frozen=True, slots=True)
class LoginRole:
    """A PostgreSQL role that logs in, so it has a secret; what it may do is the schema runner's affair."""

    name: str
    purpose: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A file of jobs/ and when it runs, in UTC."""

    name: str
    every: Literal["hour", "day", "week", "month"]
    at: str


@dataclass(frozen=True, slots=True)
class Service:
    """One database service."""

    name: str
    engine_version: str
    instance_class: InstanceClass
    multi_az: bool
    iam_authentication: bool
    apply_immediately: bool
    storage: Storage
    replicas: Replicas
    backup: Backup
    maintenance_window: str
    protected: bool
    parameters: tuple[tuple[str, str], ...]
    monitoring: Monitoring
    pooler: Pooler
    login_roles: tuple[LoginRole, ...]
    jobs: tuple[Job, ...]

    @property
    def max_connections(self) -> int:
        """What the primary and its replicas allow."""
        return int(dict(self.parameters).get("max_connections", sizing.max_connections(self.instance_class)))


@dataclass(frozen=True, slots=True)
class Estate:
    """All that a stack deploys."""

    stack: str
    profile: Profile
    network: Network
    images: Images
    tls_required: bool
    alerts: Alerts
    recovery: Recovery | None
    services: tuple[Service, ...]

    @property
    def protected(self) -> bool:
        """Whether any of its databases is protected, so that what they share must be too."""
        return any(service.protected for service in self.services)

    @property
    def kept(self) -> bool:
        """Whether backups of any database outlive it, so that the key they need must too."""
        return any(service.backup.keep_after_destroy for service in self.services)

    @property
    def vault_locked(self) -> bool:
        """Whether the vault, which all services share, is locked: one that asks for it is enough."""
        return any(service.backup.vault_lock for service in self.services)
