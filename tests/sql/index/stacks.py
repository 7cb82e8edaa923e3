"""What the program makes of each stack's configuration for the service `platform`: every value as text."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from infra import parameters, pgbouncer
from infra.config import Estate, Service, parse
from tests.unit.infra.recorder import REPOSITORY, Recording, configuration, record_stack

STACKS = ("dev", "local", "prod")
SERVICE = "platform"
REFERENCE = "a reference"
UNSET = "unset"

# Inputs that name another resource, a key, a secret or a zone: what they are is known in AWS alone.
_REFERENCES = {
    "availability_zone",
    "db_subnet_group_name",
    "kms_key_id",
    "parameter_group_name",
    "password",
    "replicate_source_db",
    "vpc_security_group_ids",
}


@cache
def _estate(stack: str) -> Estate:
    return parse(configuration(stack), stack=stack, sql_root=REPOSITORY / "sql")


def _service(stack: str) -> Service:
    return next(service for service in _estate(stack).services if service.name == SERVICE)


@cache
def _recording(stack: str) -> Recording:
    return record_stack(configuration(stack), stack, REPOSITORY / "sql")


@cache
def _parameters(stack: str) -> dict[str, str]:
    service = _service(stack)
    overrides = dict(service.parameters)
    facts = parameters.server(
        service.instance_class,
        service.replicas.instance_class,
        service.replicas.count,
        _estate(stack).tls_required,
        overrides,
    )
    return {setting.name: setting.value for setting in parameters.render(facts, overrides)}


@cache
def _ini(stack: str) -> dict[str, str]:
    service = _service(stack)
    size = service.pooler
    replicas = tuple(
        pgbouncer.Server(f"replica-{number}", pgbouncer.POSTGRES_PORT)
        for number in range(1, service.replicas.count + 1)
    )
    text = pgbouncer.ini(
        pgbouncer.doors(
            service.name, pgbouncer.Server("primary", pgbouncer.POSTGRES_PORT), replicas, size.connections_per_task
        ),
        service.name,
        size.version,
        _estate(stack).tls_required,
        size.max_client_connections,
        size.connections_per_task,
    )
    pairs = (line.partition(" =") for line in text.splitlines() if " =" in line)
    return {key: value.strip() for key, _, value in pairs}


def parameter(stack: str, name: str) -> str | None:
    """A parameter of the instance, in the group's own unit."""
    return _parameters(stack).get(name)


def line(stack: str, name: str) -> str | None:
    """A line of pgbouncer.ini; the servers are called primary, replica-1 and so on."""
    return _ini(stack).get(name)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _input(inputs: dict[str, Any], name: str) -> str | None:
    """An input of a resource by the name that Terraform gives it."""
    if name.startswith("tags."):
        value = inputs["tags"].get(name.removeprefix("tags."))
    else:
        value = inputs.get(re.sub(r"_(\w)", lambda letter: letter[1].upper(), name))
    if value is None:
        return None
    return REFERENCE if name in _REFERENCES else _words(value)


def group(stack: str, name: str) -> str | None:
    """An input of the parameter group."""
    found = _recording(stack).one("aws:rds/parameterGroup:ParameterGroup", f"{SERVICE}-parameters")
    return _input(found.inputs, name)


def primary(stack: str, name: str) -> str | None:
    """An input of the primary."""
    return _input(_recording(stack).one("aws:rds/instance:Instance", f"{SERVICE}-primary").inputs, name)


def replica(stack: str, name: str) -> str | None:
    """An input of the first replica, how many there are, or how many the stack's output names."""
    instances = _recording(stack).of("aws:rds/instance:Instance")
    if name == "count":
        return str(sum(key.startswith(f"{SERVICE}-replica-") for key in instances))
    if name == "output replicas":
        return str(len(_recording(stack).stack_outputs["services"][SERVICE]["replicas"]))
    return _input(instances[f"{SERVICE}-replica-1"].inputs, name)
