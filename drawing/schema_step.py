"""Draw the schema step: `python -m drawing.schema_step > docs/schema_step.svg`."""

from __future__ import annotations

import sys

import typer

from drawing import graph
from drawing.flow import WIDTH, Arrow, Box, Frame, Picture, render
from drawing.graph import Graph
from drawing.palette import TONES

_BLUE, _GREEN, _ORANGE, _VIOLET, _, _TEAL, _GREY = TONES


def picture(estate: Graph) -> Picture:
    """Left what dbctl does, in the middle what AWS is asked, right what runs in the network. Ports are the graph's."""
    service = estate.components("Database")[-1]
    rules = estate.of("vpc/securityGroupIngressRule", f"{service}-schema")
    port = next(rule.inputs["fromPort"] for rule in rules if rule.name.endswith("-database-in"))
    outside = Frame(20, 50, 250, 452, "dbctl deploy", _GREY)
    inside = Frame(452, 50, 408, 452, "the private subnets of the stack", _BLUE)
    update = Box(36, 84, 218, "1. update", ("the resources, as previewed",), _BLUE)
    start = Box(36, 170, 218, "2. start the task", ("one for each service,", "at once"), _BLUE)
    watch = Box(36, 274, 218, "4. watch it", ("its log, line by line,", "its end, its exit code"), _BLUE)
    renew = Box(36, 402, 218, "5. renew the poolers", ("where a result's type", "is another one now"), _BLUE)
    task = Box(468, 84, 214, "the schema task", ("python -m schema apply", "with secrets of its own"), _GREEN)
    run = Box(
        468,
        196,
        214,
        "3. one lock, in order",
        ("roles and bootstrap", "each migration that is new", "the fingerprint"),
        _GREEN,
    )
    database = Box(724, 196, 120, "primary", (f"port {port}", "not through", "the pooler"), _ORANGE, run.height)
    ledger = Box(
        468,
        318,
        376,
        "the ledger, in the database",
        ("a migration and its row commit together, or neither",),
        _ORANGE,
    )
    poolers = Box(468, 411, 376, "pooler tasks", ("new ones first; the old end between transactions",), _TEAL)
    side = outside.x + outside.width + 14
    return Picture(
        "The schema step of a deployment",
        "dbctl updates the stack, starts each service's schema task in the private subnets, passes on its log, fails"
        " with it, and renews the pooler's connections where a result's type changed",
        WIDTH,
        522,
        (outside, inside),
        (update, start, watch, renew, task, run, database, ledger, poolers),
        (
            Arrow((update.bottom(), start.top())),
            Arrow(
                (start.right(0.3), (436, start.right(0.3)[1]), (436, task.left()[1]), task.left()),
                ("RunTask",),
                (side, start.right(0.3)[1] - 8),
            ),
            Arrow((task.bottom(), run.top())),
            Arrow((run.right(), database.left())),
            Arrow((database.bottom(), (database.bottom()[0], ledger.y))),
            Arrow((start.bottom(), watch.top())),
            Arrow(
                (run.left(0.8), (436, run.left(0.8)[1]), (436, watch.right(0.5)[1]), watch.right(0.5)),
                ("CloudWatch Logs,", "DescribeTasks"),
                (side, watch.right(0.5)[1] + 20),
            ),
            Arrow((watch.bottom(), renew.top()), ("ended with 0",), (watch.bottom()[0] + 10, 366)),
            Arrow((renew.right(), poolers.left()), ("UpdateService",), (side, renew.right()[1] - 8)),
        ),
    )


def main() -> None:
    """Write the picture, an SVG, to standard output."""
    sys.stdout.write(render(picture(graph.read("prod"))))


if __name__ == "__main__":
    typer.run(main)
