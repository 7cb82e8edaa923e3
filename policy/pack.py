"""The policies as objects of Pulumi's policy SDK: thin, since a policy judges plain data. Only the engine needs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policy import core
from policy.access import MUST_BE_SECRET
from policy.core import SECRET, UNKNOWN, Finding, Graph, Level, Resource
from policy.levels import level_of
from policy.values import ids_of, plain

ESTATE_KEY = "postgres-estate:estate"

Validate = Callable[[Any, ReportViolation], None]


def level_from(environment: Mapping[str, str]) -> Level:
    """How strict to be with the stack whose name and configuration the engine hands a pack in its environment."""
    try:
        profile = json.loads(json.loads(environment["PULUMI_CONFIG"])[ESTATE_KEY]).get("profile", "development")
    except (KeyError, ValueError, AttributeError):
        profile = None
    return level_of(environment.get("PULUMI_STACK", ""), profile)


def policies(level: Level, ours: Iterable[core.Policy]) -> list[Policy]:
    """Each policy for the engine; those that the level allows to be broken are left out.

    One that judges a resource by itself stops the engine before that resource is made; one over the whole graph can
    judge only when all resources are known, at the end of a preview.
    """
    return [_adapted(policy, level) for policy in ours if policy.weights.at(level) != "allowed"]


def _adapted(policy: core.Policy, level: Level) -> Policy:
    enforcement = EnforcementLevel(policy.weights.at(level))
    kind = StackValidationPolicy if policy.whole else ResourceValidationPolicy
    validate = _whole(policy) if policy.whole else _each(policy)
    return kind(policy.name, policy.reason, validate, enforcement, remediation_steps=policy.mend)


def _each(policy: core.Policy) -> Validate:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = resource_of(args.resource_type, args.name, args.props, args.opts)
        if resource.type in policy.types and policy.each is not None:
            _tell(policy, policy.each(resource), lambda message, _: report(message))

    return validate


def _whole(policy: core.Policy) -> Validate:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        graph, urns = graph_of(args)
        _tell(policy, policy.check(graph), lambda message, resource: report(message, urns[id(resource)]))

    return validate


def _tell(policy: core.Policy, findings: Iterable[Finding], say: Callable[[str, Resource], None]) -> None:
    """Report what is wrong; then say what could not be judged, in the way that Pulumi's packs do."""
    unknown: list[str] = []
    for finding in findings:
        if finding.unknown:
            unknown.append(finding.message)
        else:
            say(f"{finding.resource.name}: {finding.message}; {policy.mend}", finding.resource)
    if unknown:
        raise UnknownValueError(UNKNOWN_STRING_VALUE, [unknown[0]])


def graph_of(args: StackValidationArgs) -> tuple[Graph, dict[int, str]]:
    """The stack's resources as a graph, and the URN of each."""
    resources = [
        resource_of(item.resource_type, item.name, item.props, item.opts)
        for item in args.resources
        if not item.resource_type.startswith("pulumi:")
    ]
    urns = [item.urn for item in args.resources if not item.resource_type.startswith("pulumi:")]
    return Graph(resources), {id(resource): urn for resource, urn in zip(resources, urns, strict=True)}


def resource_of(kind: str, name: str, props: Any, opts: Any) -> Resource:
    """A resource as the SDK hands it over.

    The engine does not tell a pack whether a resource is retained, and the SDK takes secrets out of their wrappers, so
    what must be one is taken for one here. `dbctl` is told both, and judges both.
    """
    values = {key: plain(value) for key, value in bare(props).items()}
    for of, path in MUST_BE_SECRET:
        if kind == of and path in values:
            values[path] = SECRET
    return Resource(
        type=kind,
        name=name,
        inputs=values,
        protect=bool(opts.protect),
        retain=None,
        parent=opts.parent or "",
        ids=ids_of(None, values),
    )


def bare(value: Any) -> Any:
    """A value out of the SDK's wrapper, which raises where something unknown is read."""
    if isinstance(value, Mapping):
        return {key: _read(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_read(value, number) for number in range(len(value))]
    return value


def _read(container: Any, key: Any) -> Any:
    try:
        return bare(container[key])
    except UnknownValueError:
        return UNKNOWN
