"""What the smoke check makes of AWS's answers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import schema_step, smoke
from ops.errors import OperatorError
from ops.outputs import Instance
from ops.smoke_judge import NOTE, OK, WRONG, Finding, judge_instance, judge_targets, judge_tasks, ringing, settling
from tests.unit.ops.test_schema_step import SERVICE

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/estate-dev-platform-pooler"
INSTANCE = {"DBInstanceStatus": "available", "EngineVersion": "15.14"}
TASKS = {
    "runningCount": 2,
    "desiredCount": 2,
    "taskDefinition": f"{ARN}:7",
    "deployments": [{"rolloutState": "COMPLETED"}],
    "loadBalancers": [{"targetGroupArn": "targets"}],
}


def instance(**fields: Any) -> Finding:
    return judge_instance(SERVICE, "estate-dev-platform", {**INSTANCE, **fields})


def tasks(newest: str | None = f"{ARN}:7", **fields: Any) -> Finding:
    return judge_tasks(SERVICE, {**TASKS, **fields}, newest)


def targets(*states: str, wanted: int = 2) -> Finding:
    return judge_targets(SERVICE, [{"TargetHealth": {"State": state}} for state in states], wanted)


def parameters(*states: str) -> dict[str, Any]:
    return {"DBParameterGroups": [{"ParameterApplyStatus": state} for state in states]}


def test_an_available_instance_of_the_right_major_is_well() -> None:
    assert instance(**parameters("in-sync")) == Finding("platform", "estate-dev-platform", OK, "PostgreSQL 15.14")


@pytest.mark.parametrize(
    ("fields", "state", "detail"),
    [
        ({"DBInstanceStatus": "storage-full"}, WRONG, "its status is storage-full"),
        ({"DBInstanceStatus": "backing-up"}, NOTE, "its status is backing-up"),
        ({"EngineVersion": "16.3"}, WRONG, "PostgreSQL 16.3, the configuration says 15"),
        (
            {"DBInstanceStatus": "modifying", "EngineVersion": "16.3"},
            WRONG,
            "its status is modifying; PostgreSQL 16.3, the configuration says 15",
        ),
        (
            {"StatusInfos": [{"StatusType": "read replication", "Normal": False, "Status": "error", "Message": "WAL"}]},
            WRONG,
            "read replication: error WAL",
        ),
        (
            {"StatusInfos": [{"StatusType": "read replication", "Normal": True, "Status": "replicating"}]},
            OK,
            "PostgreSQL 15.14",
        ),
        (parameters("pending-reboot"), NOTE, "static parameters wait for a reboot (dbctl reboot)"),
        (parameters("applying"), NOTE, "parameters are being applied"),
        (
            parameters("failed-to-apply"),
            WRONG,
            "its parameters could not be applied: look at the instance's events",
        ),
    ],
)
def test_an_instance_is_told_by_all_that_is_to_say_of_it(fields: dict[str, Any], state: str, detail: str) -> None:
    found = instance(**fields)
    assert (found.state, found.detail) == (state, detail)


def test_a_pooler_that_runs_its_newest_definition_is_well() -> None:
    assert tasks() == Finding("platform", "pooler tasks", OK, "2 of 2 run")


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"runningCount": 1}, "1 of 2 run, deployments: COMPLETED"),
        (
            {"deployments": [{"rolloutState": "IN_PROGRESS"}, {"rolloutState": "COMPLETED"}]},
            "2 of 2 run, deployments: IN_PROGRESS, COMPLETED",
        ),
        ({"deployments": [{"rolloutState": "FAILED"}]}, "2 of 2 run, deployments: FAILED"),
        (
            {"newest": f"{ARN}:8"},
            "estate-dev-platform-pooler:7 runs and not estate-dev-platform-pooler:8: ECS went back to it,"
            " see its events",
        ),
        (
            {"runningCount": 0, "desiredCount": 0},
            "no task is wanted: somebody set the service to 0, and nobody can connect",
        ),
        (
            {"runningCount": 0, "desiredCount": 0, "status": "INACTIVE", "deployments": []},
            "the ECS service is INACTIVE",
        ),
    ],
)
def test_a_pooler_that_is_not_all_there_is_wrong(fields: dict[str, Any], detail: str) -> None:
    found = tasks(**fields)
    assert (found.state, found.detail) == (WRONG, detail)


@pytest.mark.parametrize(
    ("fields", "settles"),
    [
        ({}, False),
        ({"runningCount": 2, "desiredCount": 3}, True),
        ({"runningCount": 3, "desiredCount": 2}, True),
        ({"deployments": [{"rolloutState": "IN_PROGRESS"}]}, True),
        ({"deployments": [{"rolloutState": "FAILED"}]}, False),
    ],
)
def test_what_is_on_its_way_is_waited_for(fields: dict[str, Any], settles: bool) -> None:
    assert settling({**TASKS, **fields}) is settles


def test_targets_on_their_way_out_do_not_count() -> None:
    well = targets("healthy", "healthy", "draining")
    assert well == Finding("platform", "load balancer", OK, "2 targets are healthy")
    found = targets("healthy", "draining", "unhealthy")
    assert (found.state, found.detail) == (
        WRONG,
        "1 of 2 targets are healthy (targets: draining 1, healthy 1, unhealthy 1)",
    )
    assert targets().detail == "0 of 2 targets are healthy (targets: none)"
    assert targets(wanted=0).state == WRONG


def test_an_alarm_is_told_while_it_rings() -> None:
    alarms = [{"AlarmName": name, "StateValue": name} for name in ("OK", "ALARM", "INSUFFICIENT_DATA")]
    assert ringing(alarms) == [Finding("-", "alarm ALARM", NOTE, "it rings")]


def test_the_question_names_address_roles_and_replicas_and_no_secret() -> None:
    service = replace(SERVICE, replicas=(Instance("estate-dev-platform-replica-1", "replica.example", 5432),))
    command = " ".join(smoke.reach_command(service, ["platform_app", "platform_auth"]))
    assert command == (
        "python -m schema reach pooler.example --port 6432 --replicas 1 --role platform_app --role platform_auth"
    )


class Aws:
    """As much of AWS as the check asks: an instance, a pooler whose states are given in order, no alarm."""

    def __init__(self, *poolers: dict[str, Any], instance: dict[str, Any] | None = INSTANCE) -> None:
        self.poolers, self.instance = list(poolers), instance

    def client(self, service: str) -> Any:
        return self

    def describe_db_instances(self, **_: Any) -> Any:
        if self.instance is None:
            raise ClientError({"Error": {"Code": "DBInstanceNotFound"}}, "DescribeDBInstances")
        return {"DBInstances": [self.instance]}

    def describe_services(self, **_: Any) -> Any:
        return {"services": [self.poolers.pop(0)] if len(self.poolers) > 1 else self.poolers}

    def list_task_definitions(self, **_: Any) -> Any:
        return {"taskDefinitionArns": [f"{ARN}:7"]}

    def describe_target_health(self, **_: Any) -> Any:
        return {"TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}] * 2}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [{"MetricAlarms": []}])


def check(aws: Aws, monkeypatch: pytest.MonkeyPatch, fails: str = "", patience: float = 60) -> None:
    """The whole check, with a task that answers, or fails with a line in its log."""

    def run_all(account: Any, services: Any, say: Any, command: Any) -> None:
        if fails:
            say("platform", f"error: {fails}")
            raise OperatorError("the schema task ended with exit code 1")

    monkeypatch.setattr(schema_step, "run_all", run_all)
    role = SimpleNamespace(name="platform_app", pooled=True)
    estate = SimpleNamespace(services=(SimpleNamespace(name="platform", login_roles=(role,)),))
    target: Any = SimpleNamespace(account=aws, stack="dev", estate=estate)
    smoke.check(target, {"platform": SERVICE}, patience=patience, poll=0)


def test_a_check_of_what_works_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    check(Aws(TASKS), monkeypatch)


def test_a_check_waits_for_a_task_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    check(Aws({**TASKS, "runningCount": 1}, {**TASKS, "runningCount": 1}, TASKS), monkeypatch)


def test_a_check_names_all_that_is_wrong_and_goes_on_where_something_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError) as failed:
        check(Aws(instance=None), monkeypatch, "platform_app at platform of pooler.example:6432: Connection refused")
    assert failed.value.code == 1
    assert failed.value.lines == (
        "platform: estate-dev-platform: RDS does not know it: it was deleted by hand",
        "platform: pooler tasks: ECS does not know the service platform-pooler",
        "platform: a query through the pooler: platform_app at platform of pooler.example:6432: Connection refused",
    )


def test_a_check_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError, match="1 of 2 run, deployments: COMPLETED"):
        check(Aws({**TASKS, "runningCount": 1}), monkeypatch, patience=0)
