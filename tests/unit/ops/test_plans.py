"""A saved plan is refused as a whole where an update would do anything that is not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops import plans
from ops.errors import BadInput

ROOT = "urn:pulumi:prod::postgres-estate::"
GROUP, SERVER = f"{ROOT}aws:rds/parameterGroup:ParameterGroup::group", f"{ROOT}aws:rds/instance:Instance::server"


def planned(*steps: str, **inputs: Any) -> dict[str, Any]:
    return {"steps": list(steps), "goal": {"inputDiff": {"updates": inputs}}}


def secret(ciphertext: str) -> dict[str, str]:
    return {plans.SECRET: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ciphertext}


def test_the_same_plan_has_no_difference() -> None:
    plan = {GROUP: planned("update", work_mem="8192"), SERVER: planned("same")}
    assert plans.differences(plan, plan) == []


def test_a_secret_that_was_encrypted_anew_is_no_difference() -> None:
    assert (
        plans.differences({SERVER: planned("update", p=secret("a"))}, {SERVER: planned("update", p=secret("b"))}) == []
    )


def test_the_end_of_a_made_up_name_is_no_difference_and_the_rest_of_it_is() -> None:
    saved = {SERVER: planned("create", group="/logs/server-1a2b3c4", text='{"name":"server-1a2b3c4"}')}
    drawn_anew = {SERVER: planned("create", group="/logs/server-9f8e7d6", text='{"name":"server-9f8e7d6"}')}
    another = {SERVER: planned("create", group="/logs/other-1a2b3c4", text='{"name":"server-1a2b3c4"}')}
    assert plans.differences(saved, drawn_anew) == []
    assert plans.differences(saved, another) == ["server: create in both, but to other values now"]


def test_what_was_done_meanwhile_is_no_difference() -> None:
    saved = {GROUP: planned("update", work_mem="8192"), SERVER: planned("create")}
    assert plans.differences(saved, {GROUP: planned("same"), SERVER: planned("create")}) == []


@pytest.mark.parametrize(
    ("saved", "now", "line"),
    [
        ({SERVER: planned("same")}, {SERVER: planned("update")}, "server: update now, no change in the plan"),
        ({}, {SERVER: planned("create")}, "server: create now, no change in the plan"),
        ({SERVER: planned("update")}, {SERVER: planned("delete")}, "server: delete now, update in the plan"),
        (
            {SERVER: planned("update", size="2")},
            {SERVER: planned("update", size="3")},
            "server: update in both, but to other values now",
        ),
        (
            {SERVER: planned("update", p=secret("a"))},
            {SERVER: planned("update", p="clear")},
            "server: update in both, but to other values now",
        ),
        (
            {SERVER: planned("update")},
            {SERVER: planned("create-replacement", "replace", "delete-replaced")},
            "server: create-replacement, replace, delete-replaced now, update in the plan",
        ),
    ],
)
def test_what_would_be_done_otherwise_is_named(saved: plans.Plan, now: plans.Plan, line: str) -> None:
    assert plans.differences(saved, now) == [line]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "No such file or directory"),
        ("no plan", "it is not JSON, hence no plan"),
        ("[]", "there is no plan in it"),
        ("{}", "there is no plan in it"),
        ('{"resourcePlans": {}}', "there is no plan in it"),
        (json.dumps({"resourcePlans": {SERVER.replace("prod", "dev"): {}}}), "it is of the stack dev, not of prod"),
        (
            json.dumps({"resourcePlans": {SERVER.replace("estate", "shop"): {}}}),
            "it is of the stack prod of postgres-shop, not of prod",
        ),
    ],
)
def test_a_file_that_is_no_plan_of_the_stack_is_refused_with_a_mend(
    tmp_path: Path, text: str | None, wrong: str
) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput) as bad:
        plans.read(path, "prod")
    assert str(bad.value) == f"--plan {path}: {wrong}; write one with `dbctl preview -s prod --save-plan {path}`"


def test_a_plan_of_the_stack_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"manifest": {}, "resourcePlans": {SERVER: planned("create")}}))
    assert plans.read(path, "prod") == {SERVER: planned("create")}
