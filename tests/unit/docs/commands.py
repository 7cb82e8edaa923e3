"""dbctl's commands in a page, given to the parser that dbctl has, which then does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer.main
from typer.core import TyperGroup, TyperOption
from typer.exceptions import Exit, TyperException

from ops.cli import app
from tests.unit.docs import pages

NAMES = ("dbctl", ".venv/bin/dbctl")
HELP = "--help"
ANY = "…"
"""`dbctl schema …`: all commands of a group."""


def dbctl_lines(shell: str) -> Iterator[list[str]]:
    """What follows `dbctl` in each of its commands."""
    for command in pages.commands(shell):
        words = pages.without_settings(command)
        if words and words[0] in NAMES:
            yield words[1:]


def refused(arguments: Sequence[str]) -> str | None:
    """What the parser says against a whole command line; None when it takes it. Nothing is run."""
    command, words = _found(arguments)
    if isinstance(command, TyperGroup):
        # A group alone answers with its help, as does one that is asked for it.
        return None if not words or words == [HELP] else f"there is no command {words[0]!r}"
    try:
        command.make_context(command.name, words)
    except Exit:
        return None  # --help
    except TyperException as error:
        return error.format_message()
    return None


def unknown(arguments: Sequence[str]) -> str | None:
    """What of a command in passing, such as `dbctl deploy --plan`, does not exist; what it needs may be missing."""
    command, words = _found(arguments)
    if isinstance(command, TyperGroup) and words and not words[0].startswith("-") and words[0] != ANY:
        return f"there is no command {words[0]!r}"
    known = {name for item in command.params if isinstance(item, TyperOption) for name in item.opts} | {HELP}
    for word in words:
        name = word.partition("=")[0]
        if name == "--":
            break
        if name.startswith("-") and name not in known:
            return f"{command.name} has no option {name!r}"
    return None


def _found(arguments: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words after them."""
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    while words and isinstance(command, TyperGroup) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    return command, words
