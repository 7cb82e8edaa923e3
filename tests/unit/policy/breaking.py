"""The ways in which one thing in a graph is broken: the words that the table of breakers is written in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policy.core import Graph
from tests.unit.policy.graphs import changed, replaced, resource, with_another, without

Found = tuple[str, str, str]
"""Policy, resource, message."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """A change of the graph, and all that is found in the changed one."""

    policy: str
    what: str
    change: Callable[[Graph], Graph]
    found: frozenset[Found]


def breaker(policy: str, what: str, change: Callable[[Graph], Graph], *found: tuple[str, ...]) -> Breaker:
    """Two words of what is found are the resource and the message; three name a companion first."""
    rows = frozenset((policy, *row) if len(row) == 2 else row for row in found)
    return Breaker(policy, what, change, rows)  # type: ignore[arg-type]


def put(inputs: Any, path: str, value: Any) -> None:
    """Set what stands at a path of keys and numbers; None takes it away."""
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for key in way:
        inputs = inputs[key]
    if value is None:
        del inputs[last]
    else:
        inputs[last] = value


def sets(policy: str, kind: str, name: str, path: str, value: Any, message: str, *companions: Found) -> Breaker:
    """One input of one resource set otherwise."""
    return breaker(
        policy,
        f"{name} {path}={value}",
        lambda graph: changed(graph, kind, name, lambda inputs: put(inputs, path, value)),
        (short(kind, name), message),
        *companions,
    )


MODULES: Mapping[str, str] = {
    "Instance": "rds",
    "LogGroup": "cloudwatch",
    "MetricAlarm": "cloudwatch",
    "CompositeAlarm": "cloudwatch",
    "Key": "kms",
    "Secret": "secretsmanager",
    "SecretVersion": "secretsmanager",
    "Bucket": "s3",
    "BucketPolicy": "s3",
    "Vault": "backup",
    "InstanceAutomatedBackupsReplication": "rds",
    "TaskDefinition": "ecs",
    "Service": "ecs",
    "Cluster": "ecs",
    "Topic": "sns",
    "TopicPolicy": "sns",
    "Queue": "sqs",
    "LoadBalancer": "lb",
    "SecurityGroup": "ec2",
    "DefaultSecurityGroup": "ec2",
    "SecurityGroupIngressRule": "vpc",
    "SecurityGroupEgressRule": "vpc",
    "Subnet": "ec2",
    "Vpc": "ec2",
    "VpcEndpoint": "ec2",
    "Schedule": "scheduler",
    "Role": "iam",
    "RolePolicy": "iam",
    "RolePolicyAttachment": "iam",
}


def short(kind: str, name: str) -> str:
    return f"{MODULES[kind]}.{kind} {name}"


def parameter(policy: str, name: str, value: str | None, *messages: str) -> Breaker:
    """One parameter of platform's group set otherwise: four instances share the group."""

    def change(inputs: dict[str, Any]) -> None:
        rows = [row for row in inputs["parameters"] if row["name"] != name]
        inputs["parameters"] = [*rows, *([{"name": name, "value": value}] if value is not None else [])]

    return breaker(
        policy,
        f"{name}={value}",
        lambda graph: changed(graph, "ParameterGroup", "platform-parameters", change),
        *(
            (short("Instance", f"platform-{instance}"), message)
            for instance in ("primary", "replica-1", "replica-2", "replica-3")
            for message in messages
        ),
    )


def container(
    policy: str, name: str, change: Callable[[dict[str, Any]], None], what: str, *messages: str, **also: str
) -> Breaker:
    """The one container of a task definition changed."""

    def edit(inputs: dict[str, Any]) -> None:
        rows = json.loads(inputs["containerDefinitions"])
        change(rows[0])
        inputs["containerDefinitions"] = json.dumps(rows)

    return breaker(
        policy,
        f"{name} {what}",
        lambda graph: changed(graph, "TaskDefinition", name, edit),
        *((short("TaskDefinition", name), message) for message in messages),
        *((other, short("TaskDefinition", name), message) for other, message in also.items()),
    )


def ini(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    """A line of the pooler's file otherwise."""

    def change(row: dict[str, Any]) -> None:
        for variable in row["environment"]:
            if variable["name"] == "PGBOUNCER_INI":
                assert old in variable["value"]
                variable["value"] = variable["value"].replace(old, new)

    return change


def variable(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    """An environment variable added, or set otherwise."""

    def change(row: dict[str, Any]) -> None:
        row["environment"] = [item for item in row["environment"] if item["name"] != name]
        row["environment"].append({"name": name, "value": value})

    return change


def document(kind: str, name: str, path: str, **statement: Any) -> Callable[[Graph], Graph]:
    """One statement more in a document."""

    def edit(inputs: dict[str, Any]) -> None:
        content = json.loads(inputs[path])
        content["Statement"].append({"Sid": "More", "Effect": "Allow", **statement})
        inputs[path] = json.dumps(content)

    return lambda graph: changed(graph, kind, name, edit)


def says(policy: str, kind: str, name: str, path: str, message: str, **statement: Any) -> Breaker:
    """One statement more, and what is said of it."""
    change = document(kind, name, path, **statement)
    return breaker(policy, f"{name} {statement}", change, (short(kind, name), message))


def gone(policy: str, kind: str, name: str, *found: tuple[str, ...]) -> Breaker:
    """One resource left out."""
    return breaker(policy, f"no {kind} {name}", lambda graph: without(graph, kind, name), *found)


def options(policy: str, kind: str, name: str, message: str, **fields: Any) -> Breaker:
    """Other options of a resource."""
    return breaker(
        policy,
        f"{name} {fields}",
        lambda graph: replaced(graph, resource(graph, kind, name), **fields),
        (short(kind, name), message),
    )


def rule(policy: str, name: str, message: str, like: str = "platform-direct-database-in", **inputs: Any) -> Breaker:
    """One rule of ingress more."""
    return breaker(
        policy,
        name,
        lambda graph: with_another(graph, "SecurityGroupIngressRule", like, **inputs),
        (short("SecurityGroupIngressRule", f"{like}-more"), message),
    )


def open_rule(kind: str, name: str, cidr: str, *companions: tuple[str, str, str]) -> Breaker:
    """A rule that names the internet."""
    return sets("no-open-ranges", kind, name, "cidrIpv4", cidr, f"it is open to {cidr}", *companions)
