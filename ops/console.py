"""How `dbctl` speaks: tables and lines for people on a terminal, plain lines for logs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

out = Console(highlight=False)
"""Results."""

err = Console(stderr=True, highlight=False)
"""Progress, warnings and errors: what is redirected to a file stays clean."""

PIPE_WIDTH = 320
"""Characters a line may have where no terminal sets the width: a name, a change and the sentence about its risk stand
on one line each, so that they can be searched for."""

NOTHING = "-"
"""What stands in a cell that has nothing to say."""

if not out.is_terminal:
    out.width = PIPE_WIDTH
if not err.is_terminal:
    err.width = PIPE_WIDTH


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their headings; long cells fold instead of being cut, columns that say nothing are left out."""
    rows = [tuple(row) for row in rows]
    kept = [place for place in range(len(columns)) if any(row[place] != NOTHING for row in rows)]
    columns, rows = [columns[place] for place in kept], [tuple(row[place] for place in kept) for row in rows]
    grid = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        grid.add_column(column, overflow="fold", header_style="dim")
    for row in rows:
        grid.add_row(*row)
    out.print(grid)


def step(text: str) -> None:
    """Say what is being done now."""
    err.print(f"[bold]==>[/bold] {text}", soft_wrap=True)


def note(text: str) -> None:
    """Say something worth knowing."""
    err.print(f"    {text}", soft_wrap=True, markup=False)


def problem(lines: Iterable[str]) -> None:
    """Say what is wrong, one line each, without markup: values may hold brackets."""
    for line in lines:
        err.print(line, style="red", markup=False, soft_wrap=True)
