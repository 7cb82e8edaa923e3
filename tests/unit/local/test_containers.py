"""What a container is started with."""

from __future__ import annotations

from typing import Any

from local.reconciler import containers

DEFINITION: dict[str, Any] = {
    "name": "schema",
    "entryPoint": ["python"],
    "command": ["-m", "schema", "apply"],
    "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "secrets": [{"name": "S", "valueFrom": "arn"}],
}


def test_entry_point_and_command_make_the_arguments() -> None:
    plan = containers.plan(DEFINITION, {})
    assert plan.argv == ("python", "-m", "schema", "apply")
    assert plan.environment == {"A": "1", "B": "2"}
    assert plan.secrets == {"S": "arn"}
    assert plan.essential
    assert plan.stop_timeout == 30


def test_an_override_of_this_container_wins() -> None:
    override = {
        "containerOverrides": [
            {"name": "other", "command": ["no"]},
            {"name": "schema", "command": ["-m", "schema", "status"], "environment": [{"name": "B", "value": "3"}]},
        ]
    }
    plan = containers.plan(DEFINITION, override)
    assert plan.argv == ("python", "-m", "schema", "status")
    assert plan.environment == {"A": "1", "B": "3"}


def test_a_stop_timeout_has_the_maximum_that_fargate_has() -> None:
    assert containers.plan({**DEFINITION, "stopTimeout": 500, "essential": False}, {}).stop_timeout == 120
