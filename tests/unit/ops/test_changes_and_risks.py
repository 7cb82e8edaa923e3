"""A preview's events become rows, and each row says what it risks."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation import events

from ops import changes, risks
from ops.changes import Change, Detail
from ops.risks import Level

URN = "urn:pulumi:prod::postgres-estate::estate:Database$aws:rds/instance:Instance::platform-primary"
DATABASE = "aws:rds/instance:Instance"


def step(op: str, **fields: Any) -> events.EngineEvent:
    """One resource-pre event as the engine writes it to its event log."""
    metadata = {"op": op, "urn": URN, "type": DATABASE, "provider": "", **fields}
    return events.EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": metadata}})


def state(inputs: dict[str, Any], *, protect: bool = False) -> dict[str, Any]:
    return {"urn": URN, "type": DATABASE, "id": "db-1", "inputs": inputs, "protect": protect}


def change(type_: str = DATABASE, op: str = "update", *details: Detail, **fields: Any) -> Change:
    return Change(op=op, type=type_, name="platform-primary", urn=URN, details=details, **fields)


def test_an_unchanged_resource_is_not_a_row() -> None:
    assert changes.from_events([step("same")]) == []


def test_an_update_names_the_property_with_its_old_and_new_value() -> None:
    event = step(
        "update",
        old=state({"instanceClass": "db.r6g.large"}),
        new=state({"instanceClass": "db.r6g.xlarge"}),
        detailedDiff={"instanceClass": {"diffKind": "update", "inputDiff": True}},
    )
    (row,) = changes.from_events([event])
    assert (row.op, row.short_type, row.name) == ("update", "rds.Instance", "platform-primary")
    assert [str(detail) for detail in row.details] == ["instanceClass: db.r6g.large -> db.r6g.xlarge"]


def test_a_replacement_is_one_row_and_not_the_three_steps_it_takes() -> None:
    steps = [step("create-replacement"), step("replace", keys=["username"]), step("delete-replaced")]
    (row,) = changes.from_events(steps)
    assert (row.op, row.replace_keys) == ("replace", ("username",))


def test_parameters_are_compared_by_their_names() -> None:
    old = [{"name": "work_mem", "value": "8192"}, {"name": "jit", "value": "0"}]
    new = [{"name": "jit", "value": "0"}, {"name": "work_mem", "value": "16384"}]
    event = step("update", old=state({"parameters": old}), new=state({"parameters": new}), diffs=["parameters"])
    (row,) = changes.from_events([event])
    assert row.details == (Detail("parameters", "work_mem", "8192", "16384"),)


def test_a_long_value_is_named_and_not_shown() -> None:
    event = step("update", old=state({"policy": "x" * 61}), new=state({"policy": "y"}), diffs=["policy"])
    (row,) = changes.from_events([event])
    assert [str(detail) for detail in row.details] == ["policy"]


@pytest.mark.parametrize("op", ["delete", "replace"])
def test_deleting_or_replacing_a_database_loses_data(op: str) -> None:
    assert risks.of(change(DATABASE, op))[0].level is Level.LOSES_DATA


def test_a_protected_database_says_that_the_engine_will_refuse() -> None:
    texts = [risk.text for risk in risks.of(change(DATABASE, "replace", protected=True))]
    assert texts == [
        "the database instance is deleted with the data on it",
        "protected: the engine will refuse until it is unprotected",
    ]


@pytest.mark.parametrize(
    ("property_", "new", "level"),
    [
        ("instanceClass", "db.r6g.xlarge", Level.INTERRUPTS),
        ("engineVersion", "16", Level.INTERRUPTS),
        ("multiAz", "false", Level.NOTE),
        ("deletionProtection", "false", Level.NOTE),
    ],
)
def test_a_change_of_a_database_says_what_it_costs(property_: str, new: str, level: Level) -> None:
    gravest, *_ = risks.of(change(DATABASE, "update", Detail(property_, property_, "x", new)))
    assert gravest.level is level


def test_what_the_stack_only_lets_go_of_is_said_to_stay() -> None:
    kept = Change("delete", "aws:kms/key:Key", "keys-dumps", "urn", retained=True)
    (risk,) = risks.of(kept)
    assert (risk.level, risk.text) == (Level.NOTE, "stays in the account, and costs: the stack only lets go of it")
    assert risks.losses([kept]) == []


def test_switching_multi_az_on_costs_nothing() -> None:
    assert risks.of(change(DATABASE, "update", Detail("multiAz", "multiAz", "false", "true"))) == []


def test_a_static_parameter_waits_for_a_reboot_and_a_dynamic_one_does_not() -> None:
    group = "aws:rds/parameterGroup:ParameterGroup"
    static = risks.of(change(group, "update", Detail("parameters", "max_connections", "100", "120")))
    dynamic = risks.of(change(group, "update", Detail("parameters", "work_mem", "8192", "16384")))
    assert [risk.level for risk in (*static, *dynamic)] == [Level.INTERRUPTS, Level.NOTE]
    assert "pending until the instances are rebooted" in static[0].text


def test_a_dynamic_parameter_waits_for_a_reboot_on_its_way_to_rds_own_default() -> None:
    group = "aws:rds/parameterGroup:ParameterGroup"
    (there,) = risks.of(change(group, "update", Detail("parameters", "rds.force_ssl", "0", "1")))
    (back,) = risks.of(change(group, "update", Detail("parameters", "rds.force_ssl", "1", "0")))
    assert there.level is Level.INTERRUPTS
    assert there.text.startswith("rds.force_ssl is dynamic, but 1 is RDS's own default: pending until")
    assert (back.level, back.text) == (Level.NOTE, "rds.force_ssl is dynamic: in force at once")


def test_creating_and_updating_lose_nothing() -> None:
    assert risks.losses([change(DATABASE, "create"), change(DATABASE, "update")]) == []


def test_losses_are_listed_with_the_change_they_belong_to() -> None:
    gone = change("aws:kms/key:Key", "delete")
    assert [found for found, _ in risks.losses([change(), gone])] == [gone]


def test_a_replica_takes_no_data_with_it() -> None:
    gone = change(DATABASE, "delete", inputs=frozenset({"replicateSourceDb"}))
    assert [risk.level for risk in risks.of(gone)] == [Level.INTERRUPTS]
    assert risks.losses([gone]) == []


def test_a_key_that_stays_in_the_account_is_not_lost() -> None:
    key = "aws:kms/key:Key"
    assert risks.losses([change(key, "delete")])
    assert risks.losses([change(key, "delete", retained=True)]) == []
