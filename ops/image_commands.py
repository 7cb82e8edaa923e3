"""`dbctl images`: which images the stacks deploy."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import console, image_pins
from ops.paths import REPOSITORY

app = typer.Typer(help="Which container images the stacks deploy.", no_args_is_help=True)

Stacks = Annotated[list[str], typer.Option("--stack", "-s", help="A stack; once for each that is to have the images.")]


@app.callback()
def images() -> None:
    """Which container images the stacks deploy."""


@app.command("pin")
def pin(
    stack: Stacks,
    pooler: Annotated[str | None, typer.Option("--pooler", help="The pooler's image, as NAME@sha256:DIGEST.")] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="The schema runner's image, as NAME@sha256:DIGEST.")
    ] = None,
) -> None:
    """Write images by digest into the stacks' files, all of them or none, and show the difference.

    Comments and layout stay. Nothing is deployed: the next preview shows what it would mean.
    """
    found = image_pins.pin(stack, {"pooler": pooler, "schema": schema}, REPOSITORY)
    for one in found:
        if difference := one.diff():
            console.out.print(difference, markup=False, highlight=False, soft_wrap=True)
        else:
            console.out.print(f"{one.path.name}: has these images already", markup=False, highlight=False)
