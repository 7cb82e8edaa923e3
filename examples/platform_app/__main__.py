"""`python -m examples.platform_app -s local`: run the story, print a row for each step."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from examples.platform_app import connections, endpoint, story
from examples.platform_app.errors import PlatformError
from examples.platform_app.stage import Row
from ops.errors import OperatorError

_COLUMNS = ("step", "as", "result")
_PIPE_WIDTH = 200
"""Characters of a line where no terminal sets the width: no cell is folded, so that a script can read the rows."""


def main(arguments: list[str]) -> int:
    """Run it; the exit code says whether every step went as the story has it."""
    parser = argparse.ArgumentParser(prog="python -m examples.platform_app", description=__doc__)
    parser.add_argument("-s", "--stack", help="a deployed stack, such as local; without it, the environment says where")
    stack = parser.parse_args(arguments).stack
    try:
        where = endpoint.from_stack(stack) if stack else endpoint.from_environment()
        with connections.open_pools(where) as pools:
            told = story.tell(pools)
    except (OperatorError, PlatformError) as error:
        print(error, file=sys.stderr)
        return 1
    _show(told)
    return 0 if all(row.as_told for row in told) else 1


def _show(rows: list[Row]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in _COLUMNS:
        grid.add_column(column, overflow="fold", header_style="dim")
    for row in rows:
        grid.add_row(row.step, row.whom, row.result, style="" if row.as_told else "red")
    console.print(grid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
