"""How long the engine takes to preview a stack: python -m bench.preview [STACK ...]

The goal is 10 seconds for 150 resources and more on two cores. What is timed is the operation alone, as
`dbctl preview` runs it, against the control plane of the local cloud: an empty account first, then one in which
everything is there, where each resource is compared. Both are given beside the engine's own share: a preview of an
empty program.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import pulumi
from pulumi import automation as auto

from ops import console, deployment, engine, local_cloud
from ops.engine import Target
from ops.stack_file import PROJECT

RUNS = 3
GOAL_SECONDS = 10.0


def timed(operation: Callable[[], object]) -> float:
    """The median of a few runs, in seconds."""
    seconds = []
    for _ in range(RUNS):
        started = time.monotonic()
        operation()
        seconds.append(time.monotonic() - started)
    return median(seconds)


def empty(target: Target) -> float:
    """What the engine, its process and an empty program take."""
    stack = auto.create_or_select_stack(
        stack_name="empty",
        project_name=PROJECT,
        program=lambda: pulumi.export("nothing", 0),
        opts=engine.options(target),
    )
    return timed(stack.preview)


def measure(name: str) -> tuple[str, ...]:
    """One stack's row: resources, seconds in an empty account, in a full one, and how that compares."""
    with local_cloud.offline(name) as target:
        stack = engine.open_stack(target)
        alone = empty(target)
        planned = deployment.preview(target, stack).changes
        new = timed(lambda: deployment.preview(target, stack))
        deployment.update(target, stack)
        full = timed(lambda: deployment.preview(target, stack))
    worst = max(new, full)
    met = "yes" if worst <= GOAL_SECONDS else "no"
    return (name, str(len(planned)), f"{alone:.1f}", f"{new:.1f}", f"{full:.1f}", f"{worst / alone:.1f}", met)


def main() -> None:
    """Prints a table."""
    columns = ("stack", "resources", "empty program, s", "new, s", "unchanged, s", "times an empty one", "within 10 s")
    console.table("Preview", columns, [measure(name) for name in sys.argv[1:] or ["dev", "prod"]])


if __name__ == "__main__":
    main()
