"""Pooler tasks are replaced after a migration, and what can go wrong on the way is told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops import renewal
from ops.aws import Account
from ops.errors import OperatorError
from tests.unit.ops.test_schema_step import SERVICE

NEW, OLD = {"id": "new", "status": "PRIMARY"}, {"id": "old", "status": "ACTIVE"}


class FakeEcs:
    """An ECS service whose deployments are given in order; the last ones stay."""

    def __init__(self, states: list[list[dict[str, Any]]]) -> None:
        self.states = states
        self.asked: list[dict[str, Any]] = []

    def update_service(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return {"service": {"deployments": [NEW, OLD]}}

    def describe_services(self, **request: Any) -> dict[str, Any]:
        assert request == {"cluster": "cluster", "services": ["platform-pooler"]}
        return {"services": [{"deployments": self.states.pop(0) if len(self.states) > 1 else self.states[0]}]}


Make = Callable[[list[list[dict[str, Any]]]], FakeEcs]
CHANGED = {"platform": "auth.users"}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def build(states: list[list[dict[str, Any]]]) -> FakeEcs:
        ecs = FakeEcs(states)
        monkeypatch.setattr(Account, "client", lambda self, name: {"ecs": ecs}[name])
        monkeypatch.setattr("ops.renewal.time.sleep", lambda seconds: None)
        return ecs

    return build


def test_the_tasks_are_replaced_and_the_end_of_it_is_waited_for(make: Make) -> None:
    going = {**NEW, "rolloutState": "IN_PROGRESS"}
    done = {**NEW, "rolloutState": "COMPLETED"}
    ecs = make([[OLD], [going, OLD], [done, OLD], [done]])  # at first the new one is not visible

    renewal.renew(Account("us-east-1"), [SERVICE], CHANGED)

    assert ecs.asked == [{"cluster": "cluster", "service": "platform-pooler", "forceNewDeployment": True}]
    assert ecs.states == [[done]]


def test_a_service_in_which_nothing_changed_is_left_alone(make: Make) -> None:
    ecs = make([[NEW]])

    renewal.renew(Account("us-east-1"), [SERVICE], {"familytales": "familytales.users"})

    assert ecs.asked == []


@pytest.mark.parametrize("after", [[{**NEW, "rolloutState": "FAILED"}, OLD], [OLD]], ids=["failed", "rolled back"])
def test_new_tasks_that_do_not_start_are_told_with_what_is_left(make: Make, after: list[dict[str, Any]]) -> None:
    make([[{**NEW, "rolloutState": "IN_PROGRESS"}, OLD], after])

    with pytest.raises(OperatorError) as error:
        renewal.renew(Account("us-east-1"), [SERVICE], CHANGED)

    first, mend = error.value.lines
    assert first == "platform: the new pooler tasks did not start and ECS went back"
    assert "the migrations are applied" in mend
    assert "the events of the ECS service platform-pooler" in mend


def test_a_replacement_without_an_end_is_given_up(make: Make) -> None:
    make([[{**NEW, "rolloutState": "IN_PROGRESS"}, OLD]])

    with pytest.raises(OperatorError, match="platform: the pooler tasks are not replaced yet"):
        renewal.renew(Account("us-east-1"), [SERVICE], CHANGED, timeout=0.05)
