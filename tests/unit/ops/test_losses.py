"""One option names what may be lost: resources for the engine, migrations for the schema step."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops import deployment, engine, outputs, renewal, schema_step
from ops.aws import Account
from ops.changes import Change
from ops.deployment import Outcome
from ops.engine import Target
from ops.errors import BadInput, Refused
from ops.losses import Accepted, told_apart

SERVICES = ("platform", "familytales")
LOG_GROUP = Change("delete", "aws:cloudwatch/logGroup:LogGroup", "platform-logs", "urn")


def test_resources_and_migrations_are_told_apart() -> None:
    names = ["platform-primary", "platform/0031_goes", "familytales/0028", "platform-primary"]
    assert told_apart(names, "prod", SERVICES) == Accepted(
        ("platform-primary",), ("platform/0031_goes", "familytales/0028")
    )


def test_a_stack_of_one_service_needs_no_service_in_the_name() -> None:
    assert told_apart(["0031", "0032_x"], "prod", ["platform"]).migrations == ("platform/0031", "platform/0032_x")


def test_every_name_that_cannot_be_meant_is_told() -> None:
    with pytest.raises(BadInput) as error:
        told_apart(["0031_goes", "other/0031", "platform/31", "fine"], "prod", SERVICES)
    assert error.value.lines == (
        "--accept-loss 0031_goes: of which service? write platform/0031_goes or familytales/0031_goes",
        "--accept-loss other/0031: prod has no service other: its services are platform, familytales",
        "--accept-loss platform/31: a migration is named SERVICE/0031_what_it_does, or SERVICE/0031",
    )


def test_without_a_migration_the_task_keeps_its_own_command() -> None:
    assert Accepted(("platform-primary",)).command() is None


class Steps:
    """A deployment whose preview and tasks are written here; what was done is kept."""

    def __init__(self, patch: pytest.MonkeyPatch, changes: list[Change]) -> None:
        self.done: list[Any] = []
        estate = SimpleNamespace(services=[SimpleNamespace(name=name) for name in SERVICES], profile="development")
        self.target = Target("dev", estate, Account("us-east-1"), Path(), {})  # type: ignore[arg-type]
        patch.setattr(engine, "open_stack", lambda target: None)
        patch.setattr(engine, "outputs", lambda target: {})
        patch.setattr(outputs, "services", lambda found: {})
        patch.setattr(deployment, "preview", lambda target, stack, **how: Outcome(changes, []))
        patch.setattr(deployment, "update", self._update)
        patch.setattr(schema_step, "run_all", self._run_all)
        patch.setattr(renewal, "renew", lambda account, services, changed: None)

    def _update(self, target: Target, stack: object, **how: object) -> Outcome:
        self.done.append("update")
        return Outcome([], [])

    def _run_all(self, account: Account, services: object, say: object, command: object) -> None:
        self.done.append(command)

    def deploy(self, *accept_loss: str) -> None:
        deployment.deploy(self.target, yes=True, accept_loss=accept_loss)


def test_migrations_reach_the_schema_task_and_resources_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, [LOG_GROUP])
    steps.deploy("platform-logs", "platform/0031_goes", "familytales/0028")
    given = "--accept-loss platform/0031_goes --accept-loss familytales/0028"
    assert steps.done == ["update", f"python -m schema apply {given}".split()]


def test_a_migrations_name_accepts_no_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, [LOG_GROUP])
    with pytest.raises(Refused, match="delete platform-logs"):
        steps.deploy("platform/0031_goes")
    assert steps.done == []


@pytest.mark.parametrize(
    ("changes", "lost"),
    [([], "no resource"), ([LOG_GROUP], "platform-logs"), ([Change("update", LOG_GROUP.type, "nothing", "urn")], None)],
)
def test_a_name_by_which_nothing_would_be_lost_stops_before_the_update(
    monkeypatch: pytest.MonkeyPatch, changes: list[Change], lost: str | None
) -> None:
    steps = Steps(monkeypatch, changes)
    with pytest.raises(BadInput) as error:
        steps.deploy("platform-logs" if lost == "platform-logs" else "nothing", "nothing")
    assert error.value.lines == (
        "--accept-loss nothing: no resource of that name would be lost in dev",
        f"nothing was changed; would be lost: {lost or 'no resource'}; a migration is named SERVICE/0031_what_it_does",
    )
    assert steps.done == []


def test_a_deployment_without_names_leaves_the_judgement_to_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, [])
    steps.deploy()
    assert steps.done == [None]
