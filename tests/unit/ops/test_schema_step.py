"""The schema step tells apart each way in which a task can fail to do its work.

The client is written here, since moto's tasks always end with exit code 0 and are never refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import schema_step
from ops.aws import Account
from ops.errors import BadInput, OperatorError, Refused
from ops.outputs import Instance, Pooler, SchemaStep, Service
from ops.schema_step import SchemaTask

SERVICE = Service(
    name="platform",
    database="platform",
    engine_version="15",
    primary=Instance("estate-dev-platform", "db.example", 5432),
    replicas=(),
    pooler=Pooler("pooler.example", 6432, "platform", "platform_ro", "cluster", "platform-pooler"),
    master_secret="arn:master",
    role_secrets={"platform_app": "arn:app"},
    schema_step=SchemaStep("cluster", "schema:1", "schema", ("subnet-1",), ("sg-1",), "/estate/schema", "schema"),
)
RUNNING = {"lastStatus": "RUNNING", "containers": [{"name": "schema"}]}


def stopped(exit_code: int | None, **fields: Any) -> dict[str, Any]:
    container = {"name": "schema"} if exit_code is None else {"name": "schema", "exitCode": exit_code}
    return {"lastStatus": "STOPPED", "containers": [container], **fields}


class FakeEcs:
    """ECS with one task, whose states are given in order; the last one stays."""

    def __init__(self, states: list[dict[str, Any]], answer: dict[str, Any] | None = None) -> None:
        self.states = states
        self.answer = answer or {"tasks": [{"taskArn": "arn:task/cluster/abc"}], "failures": []}
        self.asked: list[dict[str, Any]] = []
        self.stops: list[dict[str, Any]] = []

    def run_task(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return self.answer

    def describe_tasks(self, **request: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if "error" in state:
            raise state["error"]
        return {"tasks": [state] if state else []}

    def stop_task(self, **request: Any) -> None:
        self.stops.append(request)


class FakeLogs:
    """One stream that is missing at first and then holds the lines."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.calls = 0

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        assert request["logStreamName"] == "schema/schema/abc"
        self.calls += 1
        if self.calls == 1:
            raise self.exceptions.ResourceNotFoundException
        events, self.lines = [{"message": line} for line in self.lines], []
        return {"events": events, "nextForwardToken": f"t{self.calls}"}


class FakeSts:
    """Says who asks."""

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": "arn:aws:iam::123456789012:user/ada"}


Make = Callable[..., tuple[SchemaTask, FakeEcs, list[str]]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """A schema task over the fakes, with no waiting."""

    def build(states: list[dict[str, Any]], answer: dict[str, Any] | None = None, timeout: float = 60) -> Any:
        ecs, logs, said = FakeEcs(states, answer), FakeLogs(["applied 0001", "done"]), list[str]()
        clients = {"ecs": ecs, "logs": logs, "sts": FakeSts()}
        monkeypatch.setattr(Account, "client", lambda self, name: clients[name])
        pace = schema_step.Pace(poll=0.01, log_lag=0.05, visible=0.2)
        monkeypatch.setattr(schema_step.Pace, "of", classmethod(lambda cls, account: pace))
        return SchemaTask(Account("us-east-1"), SERVICE, lambda name, line: said.append(line), timeout), ecs, said

    return build


def test_a_task_that_ends_with_zero_passes_on_its_whole_log(make: Make) -> None:
    task, ecs, said = make([RUNNING, RUNNING, stopped(0)])
    task.run()
    assert said == ["applied 0001", "done"]
    network = ecs.asked[0]["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}


def test_another_command_is_an_override_of_the_same_container(make: Make) -> None:
    task, ecs, _ = make([stopped(0)])
    task.run(["python", "-m", "schema", "status"])
    override = {"name": "schema", "command": ["python", "-m", "schema", "status"]}
    assert ecs.asked[0]["overrides"] == {"containerOverrides": [override]}


def test_the_task_is_told_on_whose_behalf_it_runs(make: Make) -> None:
    _, ecs, _ = make([stopped(0)])
    schema_step.run_all(Account("us-east-1"), [SERVICE], lambda name, line: None)
    environment = [{"name": "ESTATE_ACTOR", "value": "arn:aws:iam::123456789012:user/ada"}]
    assert ecs.asked[0]["overrides"] == {"containerOverrides": [{"name": "schema", "environment": environment}]}


def test_a_task_that_is_not_accepted_gives_the_reasons(make: Make) -> None:
    task, _, _ = make([RUNNING], {"tasks": [], "failures": [{"reason": "RESOURCE:FARGATE", "detail": "no capacity"}]})
    with pytest.raises(OperatorError, match="did not accept the schema task: RESOURCE:FARGATE no capacity"):
        task.run()


def test_a_task_that_never_started_has_no_exit_code_but_reasons(make: Make) -> None:
    task, _, _ = make([stopped(None, stoppedReason="CannotPullContainerError: pull image manifest has been retried")])
    with pytest.raises(OperatorError, match="never ran: CannotPullContainerError"):
        task.run()


def test_a_failed_task_names_its_exit_code_and_where_its_log_is(make: Make) -> None:
    task, _, said = make([RUNNING, stopped(1)])
    with pytest.raises(OperatorError, match=r"exit code 1; .*/estate/schema, stream schema/schema/abc"):
        task.run()
    assert said == ["applied 0001", "done"]


@pytest.mark.parametrize(
    ("code", "kind", "mend"),
    [
        (2, BadInput, "nothing was changed in the database; correct what the log names"),
        (3, Refused, "nothing was changed in the database; the log says what consent it takes"),
        (75, OperatorError, "the job runs elsewhere already; nothing was done"),
    ],
)
def test_the_runners_exit_codes_keep_their_meaning(make: Make, code: int, kind: type[OperatorError], mend: str) -> None:
    make([stopped(code)])
    with pytest.raises(OperatorError) as error:
        schema_step.run_all(Account("us-east-1"), [SERVICE], lambda name, line: None)
    assert type(error.value) is kind
    assert error.value.lines[1] == mend


def test_a_task_that_takes_too_long_is_stopped(make: Make) -> None:
    task, ecs, _ = make([RUNNING], timeout=0.05)
    with pytest.raises(OperatorError, match="longer than 0 s"):
        task.run()
    assert ecs.stops == [{"cluster": "cluster", "task": "arn:task/cluster/abc", "reason": "longer than 0 s"}]


def test_a_task_that_is_not_visible_yet_is_waited_for(make: Make) -> None:
    task, _, said = make([{}, {}, RUNNING, stopped(0)])
    task.run()
    assert said == ["applied 0001", "done"]


def test_a_task_that_never_becomes_visible_is_told(make: Make) -> None:
    task, _, _ = make([{}])
    with pytest.raises(OperatorError, match="ECS does not know the schema task arn:task/cluster/abc"):
        task.run()


def test_a_task_that_cannot_be_watched_is_not_left_alone(make: Make) -> None:
    expired = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "DescribeTasks")
    task, ecs, _ = make([RUNNING, {"error": expired}])
    with pytest.raises(OperatorError, match=r"could not be watched and was stopped: .*expired"):
        task.run()
    assert [stop["reason"] for stop in ecs.stops] == ["nobody watches it any more"]


def test_a_task_that_can_neither_be_watched_nor_stopped_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    expired = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "StopTask")
    task, ecs, _ = make([{"error": expired}])

    def refuse(**request: Any) -> None:
        raise expired

    monkeypatch.setattr(ecs, "stop_task", refuse)
    with pytest.raises(OperatorError, match="may still be running: arn:task/cluster/abc"):
        task.run()


def test_an_interrupted_wait_stops_the_task(make: Make) -> None:
    task, ecs, _ = make([RUNNING])
    task.stop("interrupted by the operator")  # while run_task is still under way: there is no task to stop yet
    assert ecs.stops == []
    with pytest.raises(OperatorError, match="was stopped"):
        task.run()
    assert ecs.stops[0]["reason"] == "interrupted by the operator"


def test_the_failures_of_all_services_are_reported_together(make: Make) -> None:
    make([stopped(1)])
    with pytest.raises(OperatorError) as error:
        schema_step.run_all(Account("us-east-1"), [SERVICE, SERVICE], lambda name, line: None)
    assert str(error.value).count("exit code 1") == 2
