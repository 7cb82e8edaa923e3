"""`dbctl schema …`: the runner's commands, each as a schema task in the VPC of the stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ops import console
from ops.targets import Service, Stack, services_of

app = typer.Typer(help="The schema of the databases, through the schema task in the VPC.", no_args_is_help=True)

OneService = Annotated[str | None, typer.Argument(help="Only this service.")]


def _run(stack: str, service: str | None, command: Sequence[str]) -> None:
    """Run a command of the runner for each service at once, and show the output of each together."""
    from ops import deployment

    with services_of(stack, service) as (target, services):
        lines: dict[str, list[str]] = {name: [] for name in services}
        try:
            deployment.run_schema(
                target, services, ["python", "-m", "schema", *command], lambda name, line: lines[name].append(line)
            )
        finally:
            for name, said in lines.items():
                console.out.print(name, style="bold")
                for line in said:
                    console.out.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def status(stack: Stack, service: OneService = None) -> None:
    """Which migrations each database has, and which are pending."""
    _run(stack, service, ["status"])


@app.command()
def plan(
    stack: Stack,
    service: OneService = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when any file holds a danger.")] = False,
) -> None:
    """What the deployed image would apply, which locks that takes, and what is dangerous about it.

    The files are in the image of the schema task. Those of a new image are judged by the deployment that brings it.
    """
    _run(stack, service, ["plan", *(["--strict"] if strict else [])])


@app.command()
def verify(
    stack: Stack,
    service: OneService = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take the differences for right from now on.")] = False,
) -> None:
    """Whether each database is as its migrations left it; every difference, object by object. Exit 4 when one is."""
    _run(stack, service, ["verify", *(["--accept"] if accept else [])])


@app.command()
def maintain(
    stack: Stack,
    service: OneService = None,
    job: Annotated[list[str] | None, typer.Option("--job", help="Only this job; may be repeated.")] = None,
) -> None:
    """Run the scheduled work now: partitions, refreshes, statistics."""
    _run(stack, service, ["maintain", *(job or [])])


@app.command()
def overdue(stack: Stack, service: OneService = None) -> None:
    """When each job last came to a good end; fails when one of them is late."""
    _run(stack, service, ["overdue"])


@app.command()
def revert(
    service: Service,
    stack: Stack,
    name: Annotated[
        str | None, typer.Argument(help="The migration in full, such as 0008_due_dates; required in prod.")
    ] = None,
) -> None:
    """Take back a service's last migration with its .down.sql; what would be lost is said first."""
    _run(stack, service, ["revert", *([name] if name else [])])


@app.command()
def baseline(
    service: Service,
    stack: Stack,
    to: Annotated[int, typer.Option("--to", min=1, help="The last migration that the database has had.")],
) -> None:
    """Take over a database that has its schema already: mark migrations as applied, run none."""
    _run(stack, service, ["baseline", "--to", str(to)])
