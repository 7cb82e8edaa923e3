"""Draw the tables of a service: `python -m drawing platform > docs/platform.svg`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from drawing.database import NotMigrated, migrated, services
from drawing.picture import draw
from drawing.reading import read


def main(service: Annotated[str, typer.Argument(help="A folder under sql/.")]) -> None:
    """Migrate a throw-away database and write its picture, an SVG, to standard output."""
    if service not in services():
        raise typer.BadParameter(f"there is no service {service!r}; expected one of: {', '.join(services())}")
    try:
        with migrated(service) as connection:
            tables = read(connection)
    except NotMigrated as error:
        typer.echo(f"{error}. Nothing was drawn.", err=True)
        raise typer.Exit(1) from error
    sys.stdout.write(draw(service, tables))


if __name__ == "__main__":
    typer.run(main)
