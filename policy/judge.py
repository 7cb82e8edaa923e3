"""Shapes that many policies have: a setting that must hold, and what belongs to what. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from policy.core import Finding, Graph, Resource, ResourceCheck, Secret, Unknown

INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
KEY = "aws:kms/key:Key"
SECRET_TYPE = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type's name)
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105
BUCKET = "aws:s3/bucket:Bucket"
VAULT = "aws:backup/vault:Vault"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
SCHEDULE = "aws:scheduler/schedule:Schedule"
TOPIC = "aws:sns/topic:Topic"
QUEUE = "aws:sqs/queue:Queue"
VPC = "aws:ec2/vpc:Vpc"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"

Test = Callable[[Any], bool]


def known(value: Any) -> bool:
    """Whether a value can be judged."""
    return not isinstance(value, (Unknown, Secret))


def vague(value: Any) -> bool:
    """Whether anything in a value is not known."""
    if isinstance(value, Mapping):
        return any(map(vague, value.values()))
    return any(map(vague, value)) if isinstance(value, list) else not known(value)


def setting(path: str, holds: Test, wrong: str, default: Any = None) -> ResourceCheck:
    """A check of one value. `wrong` may name it as `{value}`; an unknown value is not judged.

    `default` is what AWS takes where the program says nothing.
    """

    def check(resource: Resource) -> Iterator[Finding]:
        value = resource.get(path, default)
        if known(value) and holds(value):
            return
        unsure = vague(value)
        yield Finding(resource, path if unsure else wrong.format(value=value), unknown=unsure)

    return check


def given(path: str, wrong: str) -> ResourceCheck:
    """A check that a value is there at all; one that is known only after the update will be."""

    def check(resource: Resource) -> Iterator[Finding]:
        if resource.get(path) in (None, "", []):
            yield Finding(resource, wrong)

    return check


def both(*checks: ResourceCheck) -> ResourceCheck:
    """Each of these checks."""

    def check(resource: Resource) -> Iterator[Finding]:
        for one in checks:
            yield from one(resource)

    return check


def only(condition: Callable[[Resource], bool], check: ResourceCheck) -> ResourceCheck:
    """A check of those resources alone that the condition holds for."""

    def checked(resource: Resource) -> Iterable[Finding]:
        return check(resource) if condition(resource) else ()

    return checked


def is_true(value: Any) -> bool:
    """Whether a flag is set."""
    return value is True


def is_false(value: Any) -> bool:
    """Whether a flag is not set."""
    return value is False


def is_primary(instance: Resource) -> bool:
    """Whether an instance holds data of its own: it replicates no other."""
    return instance.get("replicateSourceDb") in (None, "")


def primaries(graph: Graph) -> Iterator[Resource]:
    """The instances that hold data of their own."""
    return (instance for instance in graph.of(INSTANCE) if is_primary(instance))


def refers(value: Any, resource: Resource) -> bool:
    """Whether a value names this resource."""
    return isinstance(value, str) and value in resource.ids


def linked(graph: Graph, resource: Resource, kind: str, link: str) -> tuple[list[Resource], bool]:
    """The resources of a kind whose `link` names this one; and whether there can be no others.

    A link that is not known yet leads to something that this update makes. It leads here where this is the only one of
    its type, or where the two are children of one component under one name.
    """
    found, certain = [], True
    alone = len(list(graph.of(resource.type))) == 1
    for other in graph.of(kind):
        value = other.get(link)
        if known(value):
            if refers(value, resource):
                found.append(other)
        elif alone or (other.parent == resource.parent and other.name == resource.name):
            found.append(other)
        else:
            certain = False
    return found, certain


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The rows of a list that can be looked at: those that are known, if the list is."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def siblings(graph: Graph, resource: Resource, kind: str) -> Iterator[Resource]:
    """The resources of a kind in the same component."""
    return (other for other in graph.of(kind) if other.parent == resource.parent)


def completed_by(
    kind: str, link: str, path: str, holds: Test, wrong: str
) -> Callable[[Graph, Resource], list[Finding]]:
    """A check that another resource names this one and has a setting: a bucket's versioning is one of its own."""

    def check(graph: Graph, resource: Resource) -> list[Finding]:
        others, certain = linked(graph, resource, kind, link)
        if not others:
            return [Finding(resource, wrong if certain else link, unknown=not certain)]
        values = [other.get(path) for other in others]
        if any(known(value) and holds(value) for value in values):
            return []
        unsure = vague(values)
        return [Finding(resource, path if unsure else wrong, unknown=unsure)]

    return check


def over(kind: str, check: Callable[[Graph, Resource], Iterable[Finding]]) -> Callable[[Graph], Iterator[Finding]]:
    """A check of the graph that looks at each resource of a kind together with others."""

    def checked(graph: Graph) -> Iterator[Finding]:
        for resource in graph.of(kind):
            yield from check(graph, resource)

    return checked
