"""What the program makes of each stack's configuration for a service: every value as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

from infra.config import Estate, Service, parse
from tests.sql.index.page import Page
from tests.unit.infra.recorder import REGION, REPOSITORY, Recording, configuration, record_stack

STACKS = ("dev", "local", "prod")
SERVICE = "platform"  # unless a caller names another
REFERENCE = "a reference"
UNSET = "unset"

# Inputs that name another resource, a key, a secret or a zone: what they are is known in AWS alone.
_REFERENCES = {
    "availability_zone",
    "db_subnet_group_name",
    "kms_key_id",
    "monitoring_role_arn",
    "parameter_group_name",
    "password",
    "replicate_source_db",
    "vpc_security_group_ids",
}


@cache
def _estate(stack: str) -> Estate:
    return parse(configuration(stack), stack=stack, sql_root=REPOSITORY / "sql")


def _service(stack: str, name: str) -> Service:
    return next(service for service in _estate(stack).services if service.name == name)


@cache
def recording(stack: str) -> Recording:
    """The graph of a stack, made once."""
    return record_stack(configuration(stack), stack, REPOSITORY / "sql")


@cache
def _parameters(stack: str, of: str) -> dict[str, str]:
    made = recording(stack).one("aws:rds/parameterGroup:ParameterGroup", f"{of}-parameters")
    return {item["name"]: item["value"] for item in made.inputs["parameters"]}


@cache
def _ini(stack: str, of: str) -> dict[str, str]:
    text = resource(
        stack, f"ecs.TaskDefinition {of}-pooler containerDefinitions.pooler.environment.PGBOUNCER_INI.value"
    )
    assert text is not None
    known = re.sub(rf"estate-{stack}-{of}-?(\S*?)\.example\.{REGION}[\w.]*", lambda host: host[1] or "primary", text)
    pairs = (line.partition(" =") for line in known.splitlines() if " =" in line)
    return {key: value.strip() for key, _, value in pairs}


def parameter(stack: str, name: str, of: str = SERVICE) -> str | None:
    """A parameter of the instance, in the group's own unit."""
    return _parameters(stack, of).get(name)


def line(stack: str, name: str, of: str = SERVICE) -> str | None:
    """A line of pgbouncer.ini; the servers are called primary, replica-1 and so on."""
    return _ini(stack, of).get(name)


def setting(stack: str, name: str, of: str = SERVICE) -> str | None:
    """What the stack's configuration says of a service, by its path in the YAML."""
    return _words(reduce(getattr, name.split("."), _service(stack, of)))


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


def group(stack: str, name: str, of: str = SERVICE) -> str | None:
    """An input of the parameter group."""
    found = recording(stack).one("aws:rds/parameterGroup:ParameterGroup", f"{of}-parameters")
    return _input(found.inputs, name)


def primary(stack: str, name: str, of: str = SERVICE) -> str | None:
    """An input of the primary."""
    return _input(recording(stack).one("aws:rds/instance:Instance", f"{of}-primary").inputs, name)


def replica(stack: str, name: str, of: str = SERVICE) -> str | None:
    """An input of the first replica, how many there are, or how many the stack's output names."""
    instances = recording(stack).of("aws:rds/instance:Instance")
    if name == "count":
        return str(sum(key.startswith(f"{of}-replica-") for key in instances))
    if name == "output replicas":
        return str(len(recording(stack).stack_outputs["services"][of]["replicas"]))
    return _input(instances[f"{of}-replica-1"].inputs, name)


# By which of its inputs an element of a list is named: its place would say nothing to a reader.
_NAMES = ("name", "id", "ruleName")


def resource(stack: str, name: str, of: str = SERVICE) -> str | None:
    """An input of any resource: `backup.Plan platform-backups rules.weekly.lifecycle.deleteAfter`.

    The type as the program writes it, the resource's name, and the way to the input: a key, or of a list's elements
    the one of this name, or of this place where they have none. JSON in a text is passed through as what it says. The
    name says whose resource it is, so `of` does not matter; where the stack has no such resource or input it is None.
    """
    kind, called, way = name.split(" ")
    module, _, type_ = kind.partition(".")
    found = recording(stack).of(f"aws:{module}/{type_[0].lower()}{type_[1:]}:{type_}").get(called)
    value = found and reduce(_step, way.split("."), found.inputs)
    return None if value is None else _words(value)


def _step(value: Any, key: str) -> Any:
    if isinstance(value, str):
        value = json.loads(value)
    if isinstance(value, list) and key.isdecimal():
        return value[int(key)]
    if isinstance(value, list):
        named = [item for item in value if key in (item.get(name) for name in _NAMES)]
        assert len(named) <= 1, f"{key} is the name of several"
        return named[0] if named else None
    return None if value is None else value.get(key)


# Where a service's values stand, by the word for it.
SOURCES: dict[str, Callable[[str, str, str], str | None]] = {
    "parameter": parameter,
    "pooler": line,
    "primary": primary,
    "resource": resource,
    "setting": setting,
}


def told(index: Page) -> list[tuple[str, str, str]]:
    """Every value of a stack that an index states: the stack, where, and `name = value`."""
    return [
        (stack, source, item.text)
        for row in index.rows()
        for item in row.today
        for stack, _, source in [item.kind.partition(" ")]
        if stack in STACKS and source
    ]


def otherwise(index: Page, of: str, source: str) -> list[str]:
    """What an index states of this source, and the program makes otherwise."""
    wrong = []
    for stack, where, text in told(index):
        name, _, value = text.partition(" = ")
        if where == source and (made := SOURCES[source](stack, name, of)) != value:
            wrong.append(f"{stack} {source} {text}: {made}")
    return wrong
