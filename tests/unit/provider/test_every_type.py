"""Every type through its whole life against the fake AWS."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider.compare import plain, seen
from local.provider.rows import ROWS
from tests.unit.provider.cases import CASES
from tests.unit.provider.conftest import World
from tests.unit.provider.engine import Engine


def test_every_row_has_a_case() -> None:
    assert set(CASES) == set(ROWS)


@pytest.mark.parametrize("token", sorted(CASES))
def test_a_resource_is_created_read_changed_and_deleted(token: str, engine: Engine, world: World) -> None:
    row = ROWS[token]
    inputs, change = CASES[token](world)

    thing = engine.create(token, "case", inputs)
    assert thing.id
    for name, value in thing.inputs.items():
        assert thing.state[name] == value
    missing = {name for name in row.outputs if name not in thing.state}
    assert missing <= OPTIONAL.get(token, set())

    created = dict(thing.inputs)
    assert engine.read(thing)
    assert thing.inputs == created, "a refresh right after creation sees drift"
    assert engine.diff(thing, inputs).changed == set(), "a second plan of the same program is not empty"

    changed = {**inputs, **change}
    difference = engine.diff(thing, changed)
    assert difference.changed == set(change)
    assert difference.replaces == set()
    if change:
        engine.update(thing, changed)
        updated = dict(thing.inputs)
        assert engine.read(thing)
        assert thing.inputs == updated, "a refresh right after the update sees drift"
        assert engine.diff(thing, changed).changed == set()

    adopted = engine.adopt(token, "case", thing.state[KNOWN_AS[token]] if token in KNOWN_AS else thing.id)
    assert adopted.id == thing.id
    for name in set(row.observed) & set(thing.inputs):
        found: Any = adopted.inputs.get(name)
        assert seen(row, name, thing.inputs[name], found) or plain(thing.inputs[name]) is None, name

    engine.delete(thing)
    assert token in STAYS or not engine.read(thing)
    engine.delete(thing)


# Outputs that only some settings bring.
OPTIONAL = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"dnsEntries", "prefixListId", "cidrBlocks", "networkInterfaceIds"},
    "aws:rds/instance:Instance": {"latestRestorableTime", "hostedZoneId"},
}
# What an import is given where it is not the id, as with the real provider.
KNOWN_AS = {"aws:ecs/taskDefinition:TaskDefinition": "arn", "aws:rds/instance:Instance": "identifier"}
STAYS = {
    "aws:secretsmanager/secretVersion:SecretVersion",  # it goes with its secret
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",  # and this one with its VPC
    "aws:sns/topicPolicy:TopicPolicy",  # a topic always has one
}
