"""The engine itself refuses to delete or replace a protected database.

prod is deployed for real, by the real engine, into a fake account that makes nothing real: the protection is the
engine's, and does not depend on what is behind it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest
from pulumi import automation as auto
from pulumi.automation import events

from ops import deployment, destruction, engine, local_cloud
from ops.engine import Target, readable_failures
from ops.errors import OperatorError, Refused


@pytest.fixture(scope="module", autouse=True)
def unclosed_loops() -> Iterator[None]:
    """The Automation API leaves the event loop of a program that failed open; here one fails on purpose."""
    yield
    for thing in gc.get_objects():
        if isinstance(thing, asyncio.BaseEventLoop) and not thing.is_running():
            thing.close()


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, auto.Stack]]:
    """The stack prod, deployed into an empty fake account by the plan of its preview, as the workflow does it."""
    plan = tmp_path_factory.mktemp("plan") / "plan.json"
    with local_cloud.offline("prod") as target:
        stack = engine.open_stack(target)
        deployment.preview(target, stack, save_plan=plan)
        deployment.update(target, stack, plan=plan)
        yield target, stack


def test_prod_can_be_deployed_and_a_second_preview_changes_nothing(prod: tuple[Target, auto.Stack]) -> None:
    target, stack = prod
    seen = deployment.preview(target, stack)
    assert seen.changes == []
    # Now that every value is known, every policy could judge; what is advised is said, and nothing else is.
    assert {row.policy for row in seen.violations if row.severity != "advisory"} == set()


def test_the_engine_refuses_to_destroy_prod(prod: tuple[Target, auto.Stack]) -> None:
    _, stack = prod
    seen: list[events.EngineEvent] = []
    with pytest.raises(OperatorError) as error, readable_failures(seen):
        stack.preview_destroy(on_event=seen.append)
    (line,) = [line for line in error.value.lines if line.startswith("platform-primary: ")]
    assert 'resource "platform-primary" cannot be deleted because it is protected' in line


def test_dbctl_refuses_before_the_engine_and_says_what_would_be_lost(prod: tuple[Target, auto.Stack]) -> None:
    target, _ = prod
    with pytest.raises(Refused) as error:
        destruction.destroy(target, confirm="prod")
    lines = error.value.lines
    assert lines[0] == "prod holds protected resources; nothing was deleted. It would lose:"
    assert any(line.startswith("protected are: ") and "platform-primary" in line for line in lines)
    assert "  estate-prod-platform: database platform and everything in it" in lines
    assert "set `protected: false`" in lines[-1]


def test_the_engine_refuses_to_replace_the_database(
    prod: tuple[Target, auto.Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another name for the master user is one of the few things that RDS cannot change in place.
    from infra import database

    target, stack = prod
    monkeypatch.setattr(database, "MASTER_USER", "another_admin")
    with pytest.raises(OperatorError) as error:
        deployment.preview(target, stack)
    (line,) = [line for line in error.value.lines if line.startswith("platform-primary: ")]
    assert "protect" in line
