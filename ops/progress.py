"""An update as it goes: what the engine is doing, how much is done, how long it has taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pulumi.automation import events
from rich.status import Status

from ops import console
from ops.changes import SHOWN

EVERY = 10.0
"""Seconds between two lines where there is no terminal to redraw: a log stays readable, and shows life."""

SLOW_TYPES = frozenset({"aws:rds/instance:Instance", "aws:ecs/service:Service", "aws:lb/loadBalancer:LoadBalancer"})
"""What takes minutes in AWS; each of them is announced by name."""


class Progress:
    """Counts the steps of one update from the engine's events."""

    def __init__(self, status: Status | None) -> None:
        self.status = status
        self.started = time.monotonic()
        self.said = self.started
        self.done = 0
        self.same = 0
        self.running: dict[str, str] = {}
        self.seen: list[events.EngineEvent] = []

    def __call__(self, event: events.EngineEvent) -> None:
        """Take one event of the engine; keeps it for the summary."""
        self.seen.append(event)
        if event.resource_pre_event is not None:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._end(event.res_outputs_event.metadata)

    def _begin(self, step: events.StepEventMetadata) -> None:
        if step.op is events.OpType.SAME:
            self.same += 1
        elif step.op in SHOWN:
            name = step.urn.split("::")[-1]
            self.running[step.urn] = f"{SHOWN[step.op]} {name}"
            if step.type in SLOW_TYPES and self.status is None:
                console.note(f"{self._clock()} {SHOWN[step.op]} {name}")
        self._show()

    def _end(self, step: events.StepEventMetadata) -> None:
        if self.running.pop(step.urn, None) is not None:
            self.done += 1
        self._show()

    def _clock(self) -> str:
        return f"{time.monotonic() - self.started:4.0f} s"

    def _show(self) -> None:
        running = list(self.running.values())
        text = f"{self._clock()}  {self.done} done, {self.same} unchanged"
        if running:
            text += f", now: {', '.join(running[:3])}" + (" ..." if len(running) > 3 else "")
        if self.status is not None:
            self.status.update(text)
        elif time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            console.note(text)


@contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Show an operation's progress: a live line on a terminal, a line now and then elsewhere."""
    console.step(title)
    if console.err.is_terminal:
        with console.err.status("starting the engine") as status:
            yield Progress(status)
    else:
        yield Progress(None)
