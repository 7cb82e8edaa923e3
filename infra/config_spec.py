"""The shape of a stack's configuration: every key, its values, its default. Pure.

A default that depends on the profile stands in profiles.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from infra import containers, names, sources, windows
from infra.config_shape import Field, Maybe, Spec, flag, listed, number_of, one_of, optional, text, whole, with_default
from infra.profiles import DEFAULTS, PROFILES, Profile
from infra.rules.pooler import CPU_UNITS, FARGATE
from infra.sizing import INSTANCE_CLASSES

# Majors in standard support on RDS in 2026; 14 ends in February 2027.
ENGINE_MAJORS = ("15", "16", "17", "18")
# PgBouncer releases that the settings table of pgbouncer.py knows; 1.18 is Debian 12's.
POOLER_VERSIONS = ("1.18", "1.19", "1.20", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26")
MOST_REPLICAS = 15  # RDS for PostgreSQL, for one source
TLS = ("required", "disabled")
NAT = ("none", "single", "per_zone")
# Seconds between two samples of Enhanced Monitoring; 0 switches it off.
MONITORING_INTERVALS = (0, 1, 5, 10, 15, 30, 60)
INSIGHTS = ("standard", "advanced")
# Days that CloudWatch Logs can keep a log. "For ever" is not offered: nobody decides that, it is forgotten.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
# Days that Performance Insights keeps: free, then whole months, then two years.
INSIGHTS_DAYS = (7, *(31 * months for months in range(1, 24)), 731)

_CLASSES = tuple(INSTANCE_CLASSES)

# For editors; windows.py judges lengths too.
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = f"({'|'.join(windows.DAYS)})"
_DAILY, _WEEKLY = f"^{_TIME}-{_TIME}$", f"^{_DAY}:{_TIME}-{_DAY}:{_TIME}$"


def _instance_class() -> Field:
    return Field(
        f"takes an RDS instance class that infra/sizing.py knows, from {_CLASSES[0]} to {_CLASSES[-1]}",
        lambda value: isinstance(value, str) and value in INSTANCE_CLASSES,
        "choose one, or add a row to infra/sizing.py",
        known=_CLASSES,
        source=sources.CLASSES,
        schema={"type": "string", "enum": list(_CLASSES)},
    )


def _subnets(what: str) -> Field:
    return listed(
        f"takes a list of the ids of {what}, each in another zone",
        names.is_subnet_id,
        "write ids such as subnet-0123456789abcdef0, each once",
        source=sources.RESOURCE_IDS,
        pattern=names.SUBNET_ID,
    )


ESTATE: Spec = {
    "profile": one_of(PROFILES, "what a service gets without asking for it", "development"),
    "network": {
        "cidr": text(
            f"takes an IPv4 network from /{names.WIDEST_VPC} to /{names.NARROWEST_VPC}, host bits zero",
            names.is_network,
            "write one such as 10.20.0.0/16",
            "10.20.0.0/16",
            sources.VPC_CIDR,
            names.CIDR,
        ),
        "availability_zones": whole(
            2,
            3,
            "an RDS subnet group needs two; three survive the loss of one, and a fourth not every region has",
            default=3,
            source=sources.CREATE_SUBNET_GROUP,
        ),
        "nat": one_of(NAT, "how tasks reach the internet, which none of ours needs", "none"),
        "flow_log_days": number_of(
            (0, *LOG_DAYS), "days that flow logs are kept; 0 keeps none", 14, sources.LOG_RETENTION
        ),
        "domain": text(
            "takes a domain name of two labels or more in lower case",
            names.is_domain,
            "write one that nobody else answers for, such as estate.internal",
            "estate.internal",
            sources.PRIVATE_ZONES,
            names.DOMAIN,
        ),
        "existing": Maybe(
            {
                "vpc_id": text(
                    "takes the id of a VPC",
                    names.is_vpc_id,
                    "write one such as vpc-0123456789abcdef0",
                    source=sources.RESOURCE_IDS,
                    pattern=names.VPC_ID,
                ),
                "private_subnet_ids": _subnets("private subnets, for tasks and load balancers"),
                "database_subnet_ids": _subnets("database subnets"),
                "endpoints_security_group_id": text(
                    "takes the id of the security group before the VPC's interface endpoints",
                    names.is_security_group_id,
                    "write one such as sg-0123456789abcdef0",
                    source=sources.RESOURCE_IDS,
                    pattern=names.GROUP_ID,
                ),
            }
        ),
    },
    "images": {
        name: text(
            "takes an image reference such as postgres-estate/pooler:1.26",
            names.is_image,
            "a reference without a registry is looked for in this account's ECR",
            default,
            sources.IMAGES,
            names.IMAGE,
        )
        for name, default in (
            ("pooler", "postgres-estate/pooler:1.26"),
            ("schema", "postgres-estate/schema:1"),
        )
    },
    "alerts": {
        "emails": listed(
            "takes a list of e-mail addresses, each once",
            names.is_email,
            "write addresses such as on-call@example.com; each is asked to confirm",
            [],
            sources.SNS_EMAIL,
            names.EMAIL,
        )
    },
    "recovery": Maybe(
        {
            "region": text(
                "takes an AWS region's code",
                names.is_region,
                "write one such as us-west-2",
                source=sources.REGIONS,
                pattern=names.REGION,
            )
        }
    ),
    "tls": one_of(TLS, "whether connections must be encrypted", "required", source=sources.TLS),
    "services": Field(
        "takes a list of at least one service",
        lambda value: isinstance(value, list) and len(value) > 0,
        "begin with `- name: platform`",
        schema={"type": "array", "minItems": 1},
    ),
}

_SERVICE: Spec = {
    "name": text(
        "takes 2 to 16 lower-case letters and digits that PostgreSQL and the estate do not use themselves",
        names.is_service_name,
        "write a name such as platform",
        source=sources.CREATE_INSTANCE,
        pattern=names.SERVICE,
    ),
    "engine_version": one_of(
        ENGINE_MAJORS,
        "PostgreSQL's major only: RDS chooses the minor",
        mend="write one of these, in quotes",
        source=sources.VERSIONS,
    ),
    "instance_class": _instance_class(),
    "multi_az": flag("a standby in another zone", source=sources.MULTI_AZ),
    "iam_authentication": flag(
        "whether roles may log in with a token of IAM's instead of a password", True, sources.IAM_AUTHENTICATION
    ),
    "apply_immediately": flag(
        "whether a change of an instance is made at once, and with it what waits for the maintenance window",
        source=sources.MODIFY_INSTANCE,
    ),
    "storage": {
        "type": one_of(("gp3",), "cheaper and faster than gp2, which RDS would choose by itself", "gp3"),
        "allocated_gib": whole(20, 65536, "GiB, the range of gp3", source=sources.STORAGE),
        "max_allocated_gib": optional(whole(21, 65536, "GiB, where autoscaling ends", source=sources.AUTOSCALING)),
        "iops": optional(whole(1, 64000, "the most that gp3 offers", source=sources.STORAGE)),
        "throughput_mibps": optional(whole(1, 4000, "MiB/s, the most that gp3 offers", source=sources.STORAGE)),
    },
    "replicas": {
        "count": whole(0, MOST_REPLICAS, "RDS replicates one source 15 times", default=0, source=sources.REPLICAS),
        "instance_class": optional(_instance_class()),
    },
    "backup": {
        "retention_days": whole(
            0, 35, "days that RDS keeps point-in-time recovery", source=sources.BACKUP_RETENTION
        ),
        "window": text(
            "takes HH:MM-HH:MM in UTC, 30 minutes or more",
            lambda value: windows.daily(value) is not None,
            "write a window such as 03:00-04:00",
            "03:00-04:00",
            sources.BACKUP_WINDOW,
            _DAILY,
        ),
        "keep_after_destroy": flag(
            "whether final snapshot, backups and their key outlive the instance", source=sources.CREATE_INSTANCE
        ),
        "final_snapshot_generation": whole(
            1, 999, "part of the final snapshot's name", "raise it after a destroy: the name is taken then", 1
        ),
        "weekly_weeks": whole(0, 520, "weeks that weekly snapshots are kept, ten years at most; 0 takes none"),
        "monthly_months": whole(0, 120, "months that monthly snapshots are kept, ten years at most; 0 takes none"),
        "vault_lock": flag("whether the vault refuses to delete a snapshot before its time", source=sources.VAULT_LOCK),
        "copy_to_recovery": flag(
            "whether backups are copied to the recovery region, if there is one", source=sources.REPLICATED_BACKUPS
        ),
        "restore_test": flag("whether AWS Backup restores a snapshot every week", source=sources.RESTORE_TESTING),
        "dump_at": optional(
            text(
                "takes HH:MM in UTC",
                lambda value: windows.moment(value) is not None,
                "write a time such as 22:30",
                source=sources.SCHEDULES,
                pattern=f"^{_TIME}$",
            )
        ),
        "dump_daily_days": whole(1, 3650, "days that daily dumps are kept, ten years at most", default=30),
        "dump_monthly_months": whole(
            1, 120, "months that the first dump of a month is kept, ten years at most", default=12
        ),
        "dump_cold_after_days": whole(
            1, 3650, "days after which a monthly dump moves to Glacier", default=30
        ),
    },
    "maintenance_window": text(
        "takes ddd:HH:MM-ddd:HH:MM in UTC, from 30 minutes to a day",
        lambda value: windows.weekly(value) is not None,
        "write a window such as sun:04:00-sun:05:00",
        "sun:04:00-sun:05:00",
        sources.MAINTENANCE,
        _WEEKLY,
    ),
    "protected": flag("whether deleting is refused", source=sources.CREATE_INSTANCE),
    "parameters": Field(
        "takes a mapping of parameter names to strings",
        lambda value: isinstance(value, dict),
        "write name: 'value'",
        {},
        source=sources.PARAMETERS,
        schema={"type": "object"},
    ),
    "monitoring": {
        "interval_seconds": number_of(
            MONITORING_INTERVALS,
            "seconds between two samples of Enhanced Monitoring; 0 switches it off",
            source=sources.ENHANCED_MONITORING,
        ),
        "insights": one_of(
            INSIGHTS, "the mode of CloudWatch Database Insights", "standard", source=sources.DATABASE_INSIGHTS
        ),
        "insights_days": number_of(
            INSIGHTS_DAYS, "days that statements and waits are kept; 7 are free", 7, sources.INSIGHTS_RETENTION
        ),
        "log_days": number_of(LOG_DAYS, "days that logs of servers and tasks are kept", source=sources.LOG_RETENTION),
    },
    "pooler": {
        # A task is one process on one core; where twenty do not suffice, the database does not either.
        "tasks": whole(1, 20, "PgBouncer tasks, spread over the zones"),
        "most_tasks": whole(1, 20, "tasks when there is a rush; no fewer than tasks"),
        "connections_per_task": whole(
            2, 1000, "server connections of one task to one server; two doors share them", default=8
        ),
        "max_client_connections": whole(
            10,
            containers.MOST_DESCRIPTORS - containers.SPARE_DESCRIPTORS,
            "clients of one task; each costs a file descriptor, of which Fargate grants 65535",
            default=1000,
            source=sources.FARGATE,
        ),
        "cpu": number_of(CPU_UNITS, "Fargate's CPU units", 256, sources.FARGATE),
        "memory_mib": whole(
            min(min(sizes) for sizes in FARGATE.values()),
            max(max(sizes) for sizes in FARGATE.values()),
            "MiB; which sizes there are depends on cpu",
            default=512,
            source=sources.FARGATE,
        ),
        "version": one_of(
            POOLER_VERSIONS, "PgBouncer's release in the image, whose settings pgbouncer.py knows", "1.26",
            "write one in quotes",
        ),
    },
}  # fmt: skip


@lru_cache
def service(profile: Profile) -> Spec:
    """The shape of one service's block, with the defaults of a profile."""
    return _with_defaults(_SERVICE, "", profile)


def _with_defaults(spec: Spec, prefix: str, profile: Profile) -> Spec:
    filled: dict[str, Field | Maybe | Spec] = {}
    for key, part in spec.items():
        name = f"{prefix}{key}"
        if isinstance(part, Field):
            filled[key] = with_default(part, DEFAULTS[name].of(profile)) if name in DEFAULTS else part
        else:
            filled[key] = _with_defaults(part, f"{name}.", profile) if isinstance(part, Mapping) else part
    return filled
