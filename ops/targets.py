"""The words that every command takes, and the way from a stack's name to where it lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import BadInput, OperatorError

if TYPE_CHECKING:
    from ops import outputs
    from ops.engine import Target

Stack = Annotated[str, typer.Option("--stack", "-s", help="Which stack: local, dev or prod.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; what loses data is refused all the same.")]
AcceptLoss = Annotated[
    list[str],
    typer.Option(
        "--accept-loss",
        help="Resource or migration (SERVICE/0031_what_it_does) whose loss of data is meant; may be repeated.",
    ),
]
Service = Annotated[str, typer.Argument(help="A database service of the stack, such as platform.")]


@contextmanager
def target_of(stack: str, *, offline: bool = False) -> Iterator[Target]:
    """Where the stack lives. The engine is imported here: `--help` and `psql --help` should not wait for it."""
    from ops import engine, local_cloud, stack_file

    if offline:
        stack_file.load_estate(stack)
        with local_cloud.offline(stack) as target:
            yield target
    elif stack == local_cloud.STACK:
        stack_file.load_estate(stack)
        yield local_cloud.running_target()
    else:
        yield engine.real_target(stack)


@contextmanager
def services_of(stack: str, only: str | None = None) -> Iterator[tuple[Target, dict[str, outputs.Service]]]:
    """The stack's target and its deployed services, all or the one named."""
    from ops import engine, outputs

    with target_of(stack) as target:
        services = outputs.services(engine.outputs(target))
        if not services:
            raise OperatorError(f"nothing is deployed in {stack}: run `dbctl deploy -s {stack}`")
        if only is not None and only not in services:
            raise BadInput(f"{stack} has no service {only!r}: its services are {', '.join(services)}")
        yield target, {only: services[only]} if only else services
