"""The shape of a stack's configuration and of a service's folder: every key, its values, its default. Pure."""

from __future__ import annotations

import ipaddress
import re

from infra import windows
from infra.config_shape import Field, Spec, flag, one_of, text, whole
from infra.sizing import INSTANCE_CLASSES

# Majors in standard support on RDS in 2026; 14 ends in February 2027.
ENGINE_MAJORS = ("15", "16", "17", "18")
# PgBouncer releases that the settings table of pgbouncer.py knows; 1.18 is Debian 12's.
POOLER_VERSIONS = ("1.18", "1.19", "1.20", "1.21", "1.22", "1.23", "1.24", "1.25")
MOST_REPLICAS = 15  # RDS for PostgreSQL, for one source
TLS = ("required", "disabled")

# A service's name becomes a database, part of an RDS identifier and of a target group's name, which ends at 32
# characters and carries "-pooler-" and 7 random ones.
_NAME = re.compile(r"[a-z][a-z0-9]{1,15}", re.ASCII)
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_SETTING = re.compile(r"[a-z][a-z0-9_.]{0,62}", re.ASCII)
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{1,254}", re.ASCII)
# Names with a meaning to PostgreSQL, RDS or PgBouncer, and the logical names of the estate's own parts.
RESERVED_NAMES = frozenset(
    {
        "postgres",
        "rdsadmin",
        "template0",
        "template1",
        "pgbouncer",
        "db",
        "network",
        "keys",
        "cluster",
        "local",
    }
)
MASTER_USER = "estate_admin"


def _is_network(value: str) -> bool:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return False
    # 16 blocks are cut from it; the smallest still holds a /26 of tasks, endpoints and load balancer.
    return network.is_private and 16 <= network.prefixlen <= 22


def _is_parameters(value: object) -> bool:
    return isinstance(value, dict)


def _is_settings(value: object) -> bool:
    return isinstance(value, dict) and all(
        _SETTING.fullmatch(key) and isinstance(item, str | int | float | list) for key, item in value.items()
    )


def is_role_name(value: object) -> bool:
    """Whether this may be a PostgreSQL role name of the estate."""
    return isinstance(value, str) and _ROLE.fullmatch(value) is not None


_CLASSES = tuple(INSTANCE_CLASSES)


def _instance_class(default: object = ...) -> Field:
    field = Field(
        f"takes an RDS instance class that infra/sizing.py knows, from {_CLASSES[0]} to {_CLASSES[-1]}",
        lambda value: isinstance(value, str) and value in INSTANCE_CLASSES,
        "choose one, or add a row to infra/sizing.py",
        known=_CLASSES,
    )
    if default is ...:
        return field
    return Field(field.allowed, field.accepts, field.mend, default, field.known)


ESTATE: Spec = {
    "network": {
        "cidr": text(
            "takes a private IPv4 network from /16 to /22",
            _is_network,
            "write one such as 10.20.0.0/16, host bits zero",
            "10.20.0.0/16",
        ),
        "availability_zones": whole(2, 3, "an RDS subnet group needs 2, three survive one loss", default=3),
    },
    "images": {
        name: text(
            "takes an image reference such as postgres-estate/pooler:1.25",
            lambda value: _IMAGE.fullmatch(value) is not None,
            "a reference without a registry is looked for in this account's ECR",
            default,
        )
        for name, default in (
            ("pooler", "postgres-estate/pooler:1.25"),
            ("schema", "postgres-estate/schema:1"),
        )
    },
    "tls": one_of(TLS, "whether connections must be encrypted", "required"),
    "services": Field(
        "takes a list of at least one service",
        lambda value: isinstance(value, list) and len(value) > 0,
        "begin with `- name: platform`",
    ),
}

SERVICE: Spec = {
    "name": text(
        "takes 2 to 16 lower-case letters and digits that PostgreSQL and the estate do not use themselves",
        lambda value: _NAME.fullmatch(value) is not None and value not in RESERVED_NAMES,
        "write a name such as platform",
    ),
    "engine_version": one_of(
        ENGINE_MAJORS,
        "PostgreSQL's major only: RDS chooses the minor",
        mend=f"write one of {', '.join(ENGINE_MAJORS)}, in quotes",
    ),
    "instance_class": _instance_class(),
    "multi_az": flag("a standby in another zone", False),
    "storage": {
        "type": one_of(("gp3",), "RDS would choose gp2 by itself", "gp3"),
        "allocated_gib": whole(20, 65536, "GiB, the range of gp3"),
        "max_allocated_gib": whole(21, 65536, "GiB, where autoscaling ends", default=None),
        "iops": whole(1, 64000, "the most that gp3 offers", default=None),
        "throughput_mibps": whole(1, 4000, "MiB/s, the most that gp3 offers", default=None),
    },
    "replicas": {
        "count": whole(0, MOST_REPLICAS, "RDS replicates one source 15 times", default=0),
        "instance_class": _instance_class(None),
    },
    "backup": {
        "retention_days": whole(0, 35, "days that RDS keeps point-in-time recovery", default=7),
        "window": text(
            "takes HH:MM-HH:MM in UTC, 30 minutes or more",
            lambda value: windows.daily(value) is not None,
            "write a window such as 03:00-04:00",
            "03:00-04:00",
        ),
        "keep_after_destroy": flag("whether final snapshot, backups and their key outlive the instance", False),
        "final_snapshot_generation": whole(
            1, 999, "part of the final snapshot's name", "raise it after a destroy: the name is taken then", 1
        ),
    },
    "maintenance_window": text(
        "takes ddd:HH:MM-ddd:HH:MM in UTC, from 30 minutes to a day",
        lambda value: windows.weekly(value) is not None,
        "write a window such as sun:04:00-sun:05:00",
        "sun:04:00-sun:05:00",
    ),
    "protected": flag("whether deleting is refused", False),
    "parameters": Field("takes a mapping of parameter names to strings", _is_parameters, "write name: 'value'", {}),
    "pooler": {
        "tasks": whole(1, 20, "PgBouncer tasks, spread over the zones", default=2),
        "connections_per_task": whole(
            2, 1000, "server connections of one task to one server; two doors share them", default=10
        ),
        # A client costs a descriptor, and Fargate grants 65535 of them.
        "max_client_connections": whole(10, 50000, "clients of one task; each costs a file descriptor", default=1000),
        "cpu": whole(256, 4096, "Fargate's CPU units", default=256),
        "memory_mib": whole(512, 30720, "MiB", default=512),
        "version": one_of(POOLER_VERSIONS, "PgBouncer's release in the image", "1.25", "write one in quotes"),
    },
}

# sql/<service>/service.toml
FOLDER: Spec = {
    "service": {"description": text("takes a sentence", bool, "say what the service is for")},
    "login_roles": Field(
        "takes at least one [[login_roles]] table",
        lambda value: isinstance(value, list) and len(value) > 0,
        "add [[login_roles]] with name and purpose",
    ),
}

# The schema runner gives member_of and settings their effect, and judges them further.
LOGIN_ROLE: Spec = {
    "name": text(
        f"takes a PostgreSQL role name in lower case, not {MASTER_USER}",
        lambda value: is_role_name(value) and value != MASTER_USER and not value.startswith(("pg_", "rds")),
        "write a name such as platform_app",
    ),
    "purpose": text("takes a sentence", bool, "say who logs in with it"),
    "pooled": flag("whether it is reachable through PgBouncer", False),
    "member_of": Field(
        "takes a list of role names",
        lambda value: isinstance(value, list) and all(map(is_role_name, value)),
        "write a list such as ['platform_owner']",
        [],
    ),
    "settings": Field(
        "takes a table of setting names to values", _is_settings, "write { statement_timeout = '15s' }", {}
    ),
}
