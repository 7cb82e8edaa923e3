"""What an interrupted command leaves, and how to go on from there."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from ops.errors import Interrupted

GO_ON = {
    "deploy": "schema tasks that ran were stopped, what is done stays: the same command goes on from there;"
    " `dbctl schema status` says what is applied",
    "destroy": "what is deleted is gone: the same command goes on from there",
    "schema": "tasks that ran were stopped: `dbctl schema status` says what is applied, `dbctl deploy` goes on from it",
    "check": "a task that asked was stopped; nothing was changed",
    "reboot": "an instance that was told to reboot does so all the same: see `dbctl check` before you go on",
    "bootstrap": "what is made stays: the same command goes on from there",
    "images": "what is written stays: look with `git diff`, then run the same command again",
    "local": "tasks that ran were stopped, the cloud stays as it is: `dbctl local status` shows it;"
    " the same command can be run again",
}
"""By the command's first word. The others only look."""


class Commands(TyperGroup):
    """The commands. By itself Typer makes an exit code of an interruption, and says nothing."""

    def invoke(self, ctx: Any) -> Any:
        """Run one; Interrupted where it was ended before it was done."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as how:
            left = [str(how)] if str(how) else []
            go_on = GO_ON.get(ctx.invoked_subcommand, "nothing was changed")
            raise Interrupted("interrupted", *left, go_on) from None
