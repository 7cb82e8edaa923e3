"""An engine's events become the graph that there will be, without any secret in it."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation import events

from ops.policies import graph_of, mandatory, violations
from policy.core import SECRET, UNKNOWN
from policy.levels import level_of
from policy.values import SECRET_SIGNATURE, SIGNATURE, ids_of, plain

TYPE = "aws:rds/instance:Instance"
URN = f"urn:pulumi:prod::postgres-estate::postgres-estate:infra:Database${TYPE}::one"
PARENT = "urn:pulumi:prod::postgres-estate::postgres-estate:infra:Database::one"
OPEN = {"storageEncrypted": True, "kmsKeyId": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "publiclyAccessible": True}


def step(op: str, urn: str = URN, **states: Any) -> events.EngineEvent:
    kind = urn.split("::")[-2].split("$")[-1]
    metadata = {"op": op, "urn": urn, "type": kind, "provider": "", **states}
    return events.EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}})


def state(inputs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"urn": URN, "type": TYPE, "id": "db-1", "parent": PARENT, "inputs": inputs, **fields}


@pytest.mark.parametrize("op", ["same", "create", "update", "replace", "create-replacement", "import", "read"])
def test_every_step_that_leaves_a_resource_is_judged(op: str) -> None:
    stream = [step(op, new=state(OPEN, protect=True, retainOnDelete=True, outputs={"arn": "arn:aws:rds:x"}))]
    (resource,) = graph_of(stream).resources
    assert (resource.type, resource.name, resource.protect, resource.retain) == (TYPE, "one", True, True)
    assert (resource.parent, resource.ids) == (PARENT, frozenset({"db-1", "arn:aws:rds:x"}))
    assert resource.inputs == {"storageEncrypted": True, "kmsKeyId": UNKNOWN, "publiclyAccessible": True}
    assert "database-private" in {row.policy for row in mandatory(violations(stream, "prod", "production"))}


@pytest.mark.parametrize("op", ["delete", "delete-replaced", "discard-replaced"])
def test_what_goes_is_not_judged(op: str) -> None:
    assert graph_of([step(op, old=state(OPEN))]).resources == ()


def test_the_new_state_of_a_replacement_counts() -> None:
    closed = {**OPEN, "publiclyAccessible": False}
    stream = [
        step("create-replacement", old=state(OPEN), new=state(closed)),
        step("replace", old=state(OPEN), new=state(closed)),
        step("delete-replaced", old=state(OPEN)),
    ]
    (resource,) = graph_of(stream).resources
    assert resource.get("publiclyAccessible") is False


def made(urn: str, **states: Any) -> events.EngineEvent:
    kind = urn.split("::")[-2].split("$")[-1]
    metadata = {"op": "create", "urn": urn, "type": kind, "provider": "", **states}
    return events.EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}})


VPC = "urn:pulumi:prod::postgres-estate::aws:ec2/vpc:Vpc::network-vpc"
FLOW_LOG = "urn:pulumi:prod::postgres-estate::aws:ec2/flowLog:FlowLog::network-flow-logs"
LOGGED = {"trafficType": "ALL", "vpcId": "vpc-0abc"}


@pytest.mark.parametrize(
    "vpc",
    [
        [step("create", VPC, new=state({}, id="")), made(VPC, new=state({}, id="vpc-0abc"))],
        [step("same", VPC, new=state({}, id=""), old=state({}, id="vpc-0abc"))],
        [step("update", VPC, new=state({}, id="vpc-0abc"), old=state({}, id="vpc-0abc"))],
    ],
    ids=["made", "unchanged", "changed"],
)
def test_a_resource_is_found_by_the_name_that_aws_gave_it(vpc: list[events.EngineEvent]) -> None:
    found = violations([*vpc, step("create", FLOW_LOG, new=state(LOGGED))], "prod", None)
    assert "flow-logs" not in {row.policy for row in found}


def test_a_replaced_resource_is_not_found_by_the_name_that_it_had() -> None:
    vpc = step("create-replacement", VPC, new=state({}, id=""), old=state({}, id="vpc-0abc"))
    found = violations([vpc, step("same", FLOW_LOG, new=state(LOGGED))], "prod", None)
    assert ("mandatory", "flow-logs") in {(row.severity, row.policy) for row in found}


def test_the_order_of_the_events_does_not_matter() -> None:
    steps = [step("create", f"{URN}-{name}", new=state(OPEN)) for name in "bca"]
    assert [item.name for item in graph_of(steps).resources] == ["one-a", "one-b", "one-c"]
    assert violations(steps, "prod", None) == violations(steps[::-1], "prod", None)


def test_providers_and_the_stack_itself_are_no_resources_of_the_estate() -> None:
    stack = "urn:pulumi:prod::postgres-estate::pulumi:pulumi:Stack::postgres-estate-prod"
    provider = "urn:pulumi:prod::postgres-estate::pulumi:providers:aws::default"
    assert graph_of([step("create", stack, new=state({})), step("same", provider, new=state({}))]).resources == ()
    assert graph_of([events.EngineEvent.from_json({"sequence": 1, "timestamp": 1})]).resources == ()


@pytest.mark.parametrize(
    "value",
    [
        {SIGNATURE: SECRET_SIGNATURE, "value": "hunter2"},
        {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "[secret]"},
        "[secret]",
    ],
)
def test_a_secret_is_a_mark_and_its_value_is_gone(value: Any) -> None:
    (resource,) = graph_of([step("create", new=state({"password": value, "username": "postgres"}))]).resources
    assert resource.get("password") is SECRET
    found = violations([step("create", new=state({"password": value, "username": "postgres"}))], "prod", None)
    assert "hunter2" not in str(found) + repr(resource)
    assert {row.policy for row in found} > {"admin-name"}
    assert "no-secret-in-clear" not in {row.policy for row in found}


def test_a_password_in_clear_is_found_and_not_printed() -> None:
    found = violations([step("create", new=state({"password": "hunter2"}))], "prod", None)
    assert [row.message for row in found if row.policy == "no-secret-in-clear"] == [
        "password stands in the state in clear"
    ]
    assert "hunter2" not in str(found)


def test_values_become_plain() -> None:
    assert plain({"a": [1.0, 1.5, "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"], "b": None, "c": True}) == {
        "a": [1, 1.5, UNKNOWN],
        "b": None,
        "c": True,
    }
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert ids_of("x", {"arn": "arn:1", "name": unknown}, None, {"other": "y", "bucket": ""}) == {"x", "arn:1"}


@pytest.mark.parametrize(
    ("stack", "profile", "level"),
    [
        ("prod", "production", "production"),
        ("prod", "development", "production"),
        ("dev", "development", "development"),
        ("stage", "production", "production"),
        ("stage", None, "production"),
        ("local", "production", "local"),
        ("", "unheard of", "production"),
    ],
)
def test_a_stack_that_nobody_knows_is_judged_strictly(stack: str, profile: str | None, level: str) -> None:
    assert level_of(stack, profile) == level
