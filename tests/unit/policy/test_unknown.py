"""What is not known yet is neither wrong nor right: it is said to be unknown, once for each policy."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from typing import Any

import pytest

from policy.catalogue import POLICIES
from policy.core import SECRET, UNKNOWN, Finding, Graph, Policy, Resource, Weights, run
from tests.unit.policy.breaking import put
from tests.unit.policy.graphs import changed, replaced

WATCHED = ("rds", "s3", "kms", "backup", "ecs", "iam", "sns", "sqs", "vpc", "lb", "secretsmanager", "appautoscaling")
SAMPLES = 250


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all that stands in a value, the inner nodes too."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*way, key)
        yield from places(item, (*way, key))


def hidden(value: Any, way: tuple[Any, ...], mark: object) -> Any:
    """A copy of a value with a mark in one place."""
    if not way:
        return mark
    if isinstance(value, dict):
        return {key: hidden(item, way[1:], mark) if key == way[0] else item for key, item in value.items()}
    return [hidden(item, way[1:], mark) if number == way[0] else item for number, item in enumerate(value)]


def one_of_each_type(graph: Graph) -> list[Resource]:
    found: dict[str, Resource] = {}
    for item in sorted(graph.resources, key=lambda item: item.name, reverse=True):
        if item.type.split(":")[1].split("/")[0] in WATCHED:
            found.setdefault(item.type, item)
    return list(found.values())


@pytest.mark.parametrize("mark", [UNKNOWN, SECRET], ids=["unknown", "secret"])
def test_a_value_that_is_not_known_is_never_called_wrong(mark: object, prod: Graph) -> None:
    targets = [(item, way) for item in one_of_each_type(prod) for way in places(dict(item.inputs))]
    targets.sort(key=lambda target: (target[0].type, str(target[1])))
    chosen = random.Random(8).sample(targets, SAMPLES)
    for item, way in chosen:
        graph = replaced(prod, item, inputs=hidden(dict(item.inputs), way, mark))
        wrong = [row for row in run(graph, POLICIES, "production") if row.severity != "unknown"]
        if mark is SECRET and way == ("containerDefinitions",):
            assert [row.policy for row in wrong] == ["no-secret-in-clear"]
            continue
        assert wrong == [], (item.short, way)


@pytest.mark.parametrize(
    ("kind", "name", "path", "policies"),
    [
        ("Instance", "platform-primary", "publiclyAccessible", {"database-private"}),
        ("Instance", "platform-primary", "storageEncrypted", {"database-encrypted"}),
        ("Instance", "platform-primary", "password", {"no-secret-in-clear"}),
        ("Instance", "platform-primary", "vpcSecurityGroupIds", {"network-chain"}),
        ("ParameterGroup", "platform-parameters", "parameters",
         {"tls-forced", "passwords-scram", "statements-logged", "pooler-ceiling"}),
        ("Target", "platform-pooler", "maxCapacity", {"pooler-ceiling"}),
        ("BucketPolicy", "dumps", "policy",
         {"bucket-tls", "documents-readable", "no-wildcard-principals", "no-wildcard-actions"}),
        ("RolePolicy", "platform-schema-execution", "policy",
         {"documents-readable", "no-wildcard-actions", "resources-named"}),
        ("VpcEndpoint", "network-s3", "policy", {"endpoints-restricted", "documents-readable"}),
        ("TaskDefinition", "platform-pooler", "containerDefinitions",
         {"tls-verified", "tasks-unprivileged", "tasks-read-only", "tasks-logged", "images-by-digest",
          "pooler-ceiling", "no-secret-in-clear"}),
        ("SecurityGroupIngressRule", "platform-pooler-clients-in", "cidrIpv4", {"no-open-ranges"}),
        ("SecurityGroupIngressRule", "platform-pooler-clients-in", "securityGroupId", {"network-chain"}),
        ("BucketVersioning", "dumps", "versioningConfiguration.status", {"bucket-versioned"}),
        ("Selection", "platform-backups", "resources", {"snapshots-kept"}),
        ("Plan", "platform-backups", "rules", {"snapshots-kept"}),
        ("InstanceAutomatedBackupsReplication", "platform-backups-replicated", "sourceDbInstanceArn",
         {"backups-elsewhere"}),
        ("CompositeAlarm", "platform-monitoring-page", "alarmRule", {"alarms-heard"}),
    ],
)  # fmt: skip
def test_what_matters_and_is_not_known_is_said_to_be_unknown(
    kind: str, name: str, path: str, policies: set[str], prod: Graph
) -> None:
    graph = changed(prod, kind, name, lambda inputs: put(inputs, path, UNKNOWN))
    found = run(graph, POLICIES, "production")
    assert {row.severity for row in found} == {"unknown"}
    assert {row.policy for row in found} == policies


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("Instance", "platform-primary", "kmsKeyId"),
        ("LogGroup", "platform-pooler-log", "kmsKeyId"),
        ("Vault", "vault", "kmsKeyArn"),
        ("Topic", "alerts", "kmsMasterKeyId"),
    ],
)
def test_a_key_that_is_still_to_be_made_is_a_key(kind: str, name: str, path: str, prod: Graph) -> None:
    assert run(changed(prod, kind, name, lambda inputs: put(inputs, path, UNKNOWN)), POLICIES, "production") == []


@pytest.mark.parametrize(
    ("kind", "name", "link"),
    [
        ("BucketVersioning", "dumps", "bucket"),  # the same name in the same component
        ("FlowLog", "network-flow-logs", "vpcId"),  # the only VPC there is
        ("TopicSubscription", "alerts-on-call-at-example-com", "topic"),
        ("Instance", "platform-primary", "parameterGroupName"),  # the only group of the component
    ],
)
def test_a_link_that_is_not_known_is_followed_where_it_can_lead_to_one_resource_only(
    kind: str, name: str, link: str, prod: Graph
) -> None:
    assert run(changed(prod, kind, name, lambda inputs: put(inputs, link, UNKNOWN)), POLICIES, "production") == []


def test_whoever_is_not_told_what_is_retained_says_so(prod: Graph) -> None:
    graph = Graph(dataclasses.replace(item, retain=None) for item in prod.resources)
    (row,) = run(graph, POLICIES, "production")
    assert (row.severity, row.policy) == ("unknown", "backups-outlive-the-stack")


def _judging(*unknown: bool) -> Policy:
    key = Resource("aws:kms/key:Key", "one", {})
    other = Resource("aws:kms/key:Key", "other", {})
    return Policy("p", "reason", "mend it", weights=Weights(development="advisory", local="allowed"), whole=lambda _: [
        Finding(item, f"message {number}", unknown=flag)
        for number, (item, flag) in enumerate(zip((key, other), unknown, strict=False))
    ])  # fmt: skip


def test_rows_come_by_gravity_and_what_is_unknown_is_one_row_for_each_policy() -> None:
    graph = Graph([])
    (row,) = run(graph, [_judging(True, True)], "production")
    assert (row.severity, row.resource) == ("unknown", "2 resources, one among them")
    assert row.message == "known after the update: message 0, message 1"
    assert row.mend == "preview again after the update"
    mixed = run(graph, [_judging(True), _judging(False)], "production")
    assert [(row.severity, row.resource) for row in mixed] == [("mandatory", "kms.Key one"), ("unknown", "one")]


def test_a_level_weighs_a_policy() -> None:
    policies = [_judging(False)]
    assert [row.severity for row in run(Graph([]), policies, "production")] == ["mandatory"]
    assert [row.severity for row in run(Graph([]), policies, "development")] == ["advisory"]
    assert run(Graph([]), policies, "local") == []
