"""Container definitions as deterministic JSON, and image references. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from infra import pgbouncer

POOLER, SCHEMA = "pooler", "schema"  # container names, and their log streams' prefixes
STOP_TIMEOUT = 120  # the most that Fargate allows: PgBouncer lets transactions end
# How a pooler task spends it after SIGTERM. A network load balancer sends new connections for up to two minutes after
# it was told to stop, so doors stay open as long as can be; whoever comes later is refused, and a connection that was
# not made yet can be tried again. A transaction cannot: it has nearly as long to end, close to the 60 s after which an
# idle one is ended anyway.
DRAIN_ACCEPT_SECONDS = 60
DRAIN_FINISH_SECONDS = 50
# What is left of it: PgBouncer's own end, its last lines of log, and a supervisor that is scheduled late.
DRAIN_SPARE_SECONDS = 10
# Who a container is: the images' own user, written as a number so that it holds whatever a file in the image says.
USER = "10001:10001"
# The only place where it may write, in memory: what is written there are configuration, the pooler's user list and its
# key, kilobytes, which never reach a disk. (Amazon ECS API Reference: Tmpfs)
TMPFS = {"containerPath": "/tmp", "size": 16, "mountOptions": ["nosuid", "nodev", "noexec"]}  # noqa: S108
# Whether the pooler's process is well; its database may be away meanwhile. Three misses: 45 s, and ECS replaces the
# task. The balancer stops sending clients after 20 s already.
POOLER_HEALTH: Mapping[str, object] = {
    "command": ["CMD", "pooler-health"],
    "interval": 15,
    "timeout": 10,
    "retries": 3,
    "startPeriod": 30,
}
# Descriptors beside clients and servers: log, epoll, DNS, configuration, and some to spare.
SPARE_DESCRIPTORS = 200
# A client and its server connection cost one descriptor each; Fargate's hard limit is 65535.
MOST_DESCRIPTORS = 65_535


@dataclass(frozen=True, slots=True)
class Account:
    """Where in AWS the program deploys."""

    id: str
    region: str
    partition: str
    dns_suffix: str


@dataclass(frozen=True, slots=True)
class Container:
    """What a task's only container is made of; secrets map a variable to where its value is."""

    name: str
    image: str
    command: tuple[str, ...]
    memory_mib: int
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    log_group: str
    region: str
    port: int | None = None
    descriptors: int | None = None
    health: Mapping[str, object] | None = None


def qualified(image: str, account: Account) -> str:
    """The image's full reference: a name without a registry is in this account's ECR, in this region.

    Whether the first part is a registry is decided as container engines do: it has a dot or a port, or is localhost.
    """
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"{registry(account)}/{image}"


def registry(account: Account) -> str:
    """The address of this account's ECR."""
    return f"{account.id}.dkr.ecr.{account.region}.{account.dns_suffix}"


def repository_arn(image: str, account: Account) -> str | None:
    """The ECR repository that the image is pulled from; None for an image from elsewhere."""
    host, _, rest = qualified(image, account).partition("/")
    if host != registry(account):
        return None
    name = rest.partition("@")[0].partition(":")[0]
    return f"arn:{account.partition}:ecr:{account.region}:{account.id}:repository/{name}"


def descriptors(max_client_connections: int, connections_per_task: int, servers: int) -> int:
    """The descriptors that PgBouncer may need: above the limit it refuses clients with nothing but a log line."""
    wanted = max_client_connections + connections_per_task * servers + SPARE_DESCRIPTORS
    return min(wanted, MOST_DESCRIPTORS)


def definitions(container: Container) -> str:
    """The task definition's containers as JSON: the same input gives the same text, so a preview shows no change."""
    row: dict[str, object] = {
        "name": container.name,
        "image": container.image,
        "essential": True,
        "command": list(container.command),
        "memory": container.memory_mib,
        "environment": _pairs("value", container.environment),
        "secrets": _pairs("valueFrom", container.secrets),
        "stopTimeout": STOP_TIMEOUT,
        "user": USER,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "tmpfs": [TMPFS]},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": container.log_group,
                "awslogs-region": container.region,
                "awslogs-stream-prefix": container.name,
            },
        },
    }
    if container.port is not None:
        row["portMappings"] = [{"containerPort": container.port, "hostPort": container.port, "protocol": "tcp"}]
    if container.health is not None:
        row["healthCheck"] = dict(container.health)
    if container.descriptors is not None:
        limit = container.descriptors
        row["ulimits"] = [{"name": "nofile", "softLimit": limit, "hardLimit": limit}]
    return json.dumps([row], sort_keys=True, separators=(",", ":"))


def _pairs(value: str, items: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, value: items[name]} for name in sorted(items)]


def pooler_secrets(roles: Mapping[str, str]) -> dict[str, str]:
    """The pooler's secret variables: the password alone, out of each role's secret."""
    return {f"POOLER_PASSWORD_{role}": f"{arn}:password::" for role, arn in roles.items()}


def pooler_environment(ini: str, stack: str, service: str) -> dict[str, str]:
    """The pooler's environment: its configuration, whose metrics it prints, and how it ends."""
    return {
        "DRAIN_ACCEPT_SECONDS": str(DRAIN_ACCEPT_SECONDS),
        "DRAIN_FINISH_SECONDS": str(DRAIN_FINISH_SECONDS),
        "ESTATE_SERVICE": service,
        "ESTATE_STACK": stack,
        "PGBOUNCER_INI": ini,
    }


def schema_secrets(master: str, roles: Mapping[str, str]) -> dict[str, str]:
    """The schema task's secret variables: whole secrets, user name and password."""
    return {"MASTER_SECRET": master, **{f"ROLE_SECRET_{role}": arn for role, arn in roles.items()}}


def schema_environment(service: str, stack: str, host: str, port: int, tls: bool) -> dict[str, str]:
    """The schema task's environment: straight to the instance, not through the pooler."""
    base = {
        "ESTATE_SERVICE": service,
        "ESTATE_STACK": stack,
        "PGDATABASE": service,
        "PGHOST": host,
        "PGPORT": str(port),
        "PGSSLMODE": "verify-full" if tls else "disable",
    }
    return {**base, "PGSSLROOTCERT": pgbouncer.CA_BUNDLE} if tls else base
