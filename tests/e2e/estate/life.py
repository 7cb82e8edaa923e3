"""A whole stack's life in the local cloud: the engine, the provider and the fake account, without databases behind it.

dev and prod cannot run with databases on one machine (PostgreSQL 15 with TLS, ten servers); the stack `local` does, in
the other tests. What AWS is asked for, and in which order, is the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml
from pulumi import automation as auto
from pulumi.automation import events

from ops import changes, deployment, engine, local_cloud
from ops.changes import Change
from ops.engine import Target, readable_failures
from ops.errors import OperatorError
from tests.e2e.small_program import close_loops

ESTATE = "postgres-estate:estate"
Configuration = dict[str, Any]
Changing = Callable[[Configuration], object]


@dataclass(frozen=True)
class Life:
    """One stack in an account of its own."""

    target: Target
    stack: auto.Stack
    original: Configuration

    def configuration(self, *changing: Changing) -> Configuration:
        """The estate's configuration as it is in the repository, with these changes and no others."""
        found: Configuration = copy.deepcopy(self.original["config"][ESTATE])
        for change in changing:
            change(found)
        return found

    def configure(self, *changing: Changing) -> None:
        """Gives the engine that configuration."""
        settings = copy.deepcopy(self.original)
        settings["config"][ESTATE] = self.configuration(*changing)
        path = self.target.work_dir / f"Pulumi.{self.target.stack}.yaml"
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    def preview(self) -> list[Change]:
        """What an update would do."""
        try:
            return deployment.preview(self.target, self.stack).changes
        except OperatorError:
            close_loops()
            raise

    def up(self) -> list[Change]:
        """Updates, and says what that did."""
        return deployment.update(self.target, self.stack).changes

    def refresh(self) -> list[str]:
        """Reads everything back from the account, and names what was not as the state remembers it."""
        seen: list[events.EngineEvent] = []
        with readable_failures(seen):
            self.stack.refresh(on_event=seen.append)
        steps = [event.res_outputs_event.metadata for event in seen if event.res_outputs_event is not None]
        return [step.urn.split("::")[-1] for step in steps if step.op is not events.OpType.SAME]

    def destroy(self) -> list[Change]:
        """Deletes everything."""
        seen: list[Any] = []
        with readable_failures(seen):
            self.stack.destroy(on_event=seen.append)
        return changes.from_events(seen)

    def resources(self) -> list[dict[str, Any]]:
        """The state as the engine keeps it."""
        with readable_failures():
            deployed: Any = self.stack.export_stack().deployment
        return list(deployed.get("resources", []))


@contextmanager
def of(stack: str) -> Iterator[Life]:
    """The stack of this name, not deployed yet."""
    with local_cloud.offline(stack) as target:
        opened = engine.open_stack(target)
        path = target.work_dir / f"Pulumi.{stack}.yaml"
        yield Life(target, opened, yaml.safe_load(path.read_text(encoding="utf-8")))


def service(configuration: Configuration, name: str) -> Configuration:
    """One service's block."""
    found: Configuration = next(item for item in configuration["services"] if item["name"] == name)
    return found
