"""The stack's outputs as plain data: what the program tells the operator's command. No secret is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Instance:
    """A database instance and where it listens."""

    identifier: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Pooler:
    """The load balancer before the PgBouncer tasks, its two databases, and the ECS service of the tasks."""

    address: str
    port: int
    read_write: str
    read_only: str
    cluster: str
    service: str


@dataclass(frozen=True, slots=True)
class SchemaStep:
    """What it takes to start the schema task inside the VPC."""

    cluster: str
    task_definition: str
    container: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    log_group: str
    stream_prefix: str


@dataclass(frozen=True, slots=True)
class Service:
    """One database service of the estate."""

    name: str
    database: str
    engine_version: str
    primary: Instance
    replicas: tuple[Instance, ...]
    pooler: Pooler
    master_secret: str
    role_secrets: Mapping[str, str]
    schema_step: SchemaStep

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The primary and its replicas."""
        return (self.primary, *self.replicas)


def services(outputs: Mapping[str, Any]) -> dict[str, Service]:
    """The stack's `services` output by name; empty for a stack that was never deployed."""
    return {name: _service(name, raw) for name, raw in (outputs.get("services") or {}).items()}


def _instance(raw: Mapping[str, Any]) -> Instance:
    return Instance(raw["identifier"], raw["address"], int(raw["port"]))


def _service(name: str, raw: Mapping[str, Any]) -> Service:
    step = raw["schema_step"]
    return Service(
        name=name,
        database=raw["database"],
        engine_version=str(raw["engine_version"]),
        primary=_instance(raw["primary"]),
        replicas=tuple(_instance(replica) for replica in raw["replicas"]),
        pooler=Pooler(
            address=raw["pooler"]["address"],
            port=int(raw["pooler"]["port"]),
            read_write=raw["pooler"]["read_write"],
            read_only=raw["pooler"]["read_only"],
            cluster=raw["pooler"]["cluster"],
            service=raw["pooler"]["service"],
        ),
        master_secret=raw["secrets"]["master"],
        role_secrets=dict(raw["secrets"]["roles"]),
        schema_step=SchemaStep(
            cluster=step["cluster"],
            task_definition=step["task_definition"],
            container=step["container"],
            subnets=tuple(step["subnets"]),
            security_groups=tuple(step["security_groups"]),
            log_group=step["log_group"],
            stream_prefix=step["stream_prefix"],
        ),
    )
