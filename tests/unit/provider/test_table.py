"""The table against the two things it stands between: pulumi_aws and botocore's service models."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import jmespath
import pytest

from local.provider.rows import ROWS
from local.provider.table import Call, In, Item, Look, Poll, Row, When, Whole, placeholders, root, triggers

TOKENS = sorted(ROWS)

GRAPHS = Path(__file__).resolve().parents[1] / "infra" / "graphs"  # what each stack asks for
# What no stack file asks for, but a key of the configuration: network.nat.
BESIDE = {"ec2:Eip", "ec2:InternetGateway", "ec2:NatGateway", "ec2:Route"}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def sdk(token: str) -> Any:
    module, name = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", token).groups()  # type: ignore[union-attr]
    with warnings.catch_warnings():
        # The generated module announces its own deprecations while it is imported.
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(f"pulumi_aws.{module}"), name)


def sdk_names(token: str) -> tuple[set[str], set[str]]:
    """The inputs and the outputs of a type in pulumi_aws, in the engine's spelling."""
    resource = sdk(token)
    inputs = {camel(name) for name in inspect.signature(resource._internal_init).parameters}
    outputs = {camel(name) for name, value in vars(resource).items() if isinstance(value, property)}
    return inputs, outputs


def calls(row: Row) -> Iterator[Call]:
    yield from (*row.create, *row.finish, *row.setters, *row.delete)
    if row.inside is not None:
        yield row.inside.call


def looks(row: Row) -> Iterator[Look]:
    yield from row.read
    if row.inside is not None:
        yield row.inside.look
    yield from (poll.look for poll in (row.ready, row.gone) if isinstance(poll, Poll))


def test_every_type_of_the_estate_has_a_row_and_no_row_is_for_nothing() -> None:
    named = {re.sub(r"aws:(\w+)/\w+:(\w+)", r"\1:\2", token) for token in TOKENS}
    texts = [path.read_text(encoding="utf-8") for path in GRAPHS.glob("*.txt")]
    asked = {":".join(found) for text in texts for found in re.findall(r"^aws:(\w+)/\w+:(\w+) ", text, re.MULTILINE)}
    assert len(asked) > 50
    assert named == asked | BESIDE


@pytest.mark.parametrize("token", TOKENS)
def test_inputs_and_outputs_are_spelled_as_in_the_sdk(token: str) -> None:
    row = ROWS[token]
    inputs, outputs = sdk_names(token)
    assert set(row.inputs) <= inputs
    assert set(row.outputs) <= outputs
    assert set(row.observed) <= inputs | outputs
    computed_only = outputs - inputs - {"id", "urn", "pulumiResourceName", "pulumiResourceType"}
    assert computed_only - set(row.outputs) <= UNREPORTED.get(token, set())


# Computed outputs that belong to features the estate does not use (IPv6, replicated key stores, ...).
UNREPORTED = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"namePrefix"},
    "aws:ec2/eip:Eip": {
        "associationId",
        "carrierIp",
        "customerOwnedIp",
        "privateDns",
        "privateIp",
        "ptrRecord",
        "publicDns",
    },
    "aws:ec2/natGateway:NatGateway": {
        "autoProvisionZones",
        "autoScalingIps",
        "regionalNatGatewayAddresses",
        "regionalNatGatewayAutoMode",
        "routeTableId",
    },
    "aws:ec2/route:Route": {"instanceId", "instanceOwnerId"},
    "aws:route53/zone:Zone": {"nameServers", "primaryNameServer"},  # of a private zone nobody asks them
    "aws:sns/topic:Topic": {"beginningArchiveTime"},
    "aws:sns/topicSubscription:TopicSubscription": {"confirmationWasAuthenticated"},
    "aws:ec2/vpc:Vpc": {"ipv6AssociationId"},
    "aws:ec2/subnet:Subnet": {"ipv6CidrBlockAssociationId"},
    "aws:rds/instance:Instance": {"listenerEndpoints", "upgradeRolloutOrder"},
    "aws:s3/bucket:Bucket": {"hostedZoneId", "websiteDomain", "websiteEndpoint"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"hasSecretStringWo"},
}


@pytest.mark.parametrize("token", TOKENS)
def test_every_name_in_a_row_is_an_input_that_its_templates_use(token: str) -> None:
    row = ROWS[token]
    for names in (
        row.required,
        row.force_new,
        row.force_new_value,
        row.secret,
        set(row.canonical),
        set(row.seen_as),
        set(row.moves),
        set(row.excludes),
        {row.autoname.input} if row.autoname else set(),
        {row.kept_when} if row.kept_when else set(),
    ):
        assert set(names) <= set(row.inputs)


@pytest.mark.parametrize("token", TOKENS)
def test_no_input_is_without_effect_when_it_changes(token: str) -> None:
    row = ROWS[token]
    quiet = {root(p.name) for call in calls(row) for p in placeholders(call.request) if isinstance(p, In) and p.quiet}
    reacts = row.force_new | row.force_new_value | row.client_side | quiet | {"region"}
    for setter in row.setters:
        reacts |= triggers(setter)
    assert set(row.inputs) <= reacts


@pytest.mark.parametrize("token", TOKENS)
def test_every_request_is_one_that_the_service_knows(token: str) -> None:
    row = ROWS[token]
    asked: list[Call | Look] = [*calls(row), *looks(row)]
    for call in asked:
        service = (call.service if isinstance(call, Look) else "") or row.service
        client = make_client(service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[call.operation])
        assert strangers(call.request, model.input_shape) == [], call.operation


@pytest.mark.parametrize("token", TOKENS)
def test_every_path_compiles(token: str) -> None:
    row = ROWS[token]
    for path in (row.id, *row.outputs.values(), *row.observed.values(), *(look.path for look in looks(row))):
        jmespath.compile(re.sub(r"\$\w+", "'x'", path))


def make_client(service: str) -> Any:
    if service not in CLIENTS:
        make: Any = boto3.client
        CLIENTS[service] = make(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    return CLIENTS[service]


CLIENTS: dict[str, Any] = {}


def strangers(template: Any, shape: Any, path: str = "") -> list[str]:
    """Keys of a template that the service model does not have."""
    if isinstance(template, When):
        return strangers(template.template, shape, path)
    if isinstance(template, Whole):
        return strangers(template.parts, shape, path)
    if isinstance(template, In | Item):
        inner = shape.member if shape.type_name == "list" else shape
        return strangers(template.shape, inner, path) if isinstance(template.shape, Mapping) else []
    if isinstance(template, Mapping) and shape.type_name == "structure":
        found = [f"{path}.{key}" for key in template if key not in shape.members]
        for key, part in template.items():
            if key in shape.members:
                found += strangers(part, shape.members[key], f"{path}.{key}")
        return found
    if isinstance(template, list):
        return [stranger for part in template for stranger in strangers(part, shape.member, path)]
    return []
