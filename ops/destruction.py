"""`dbctl destroy`: says what would be lost, refuses what is protected, and only then lets the engine go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops import console, engine, progress
from ops.engine import Target, readable_failures
from ops.errors import Refused
from ops.risks import DATABASE, SOURCE


def destroy(target: Target, *, confirm: str) -> None:
    """Delete all resources of the stack; Refused while one of them is protected or the name was not given.

    The engine would refuse what is protected too, but only after it has deleted what is not: so it is looked for first,
    in the state as it is, not as the configuration would have it.
    """
    stack = engine.open_stack(target)
    with readable_failures():
        resources = list(stack.export_stack().deployment.get("resources", []))  # type: ignore[union-attr]
    lost = [f"  {name}" for name in databases(resources)] or ["  every resource of the stack"]
    protected = [row["urn"].split("::")[-1] for row in resources if row.get("protect")]
    if protected:
        raise Refused(
            f"{target.stack} holds protected resources; nothing was deleted. It would lose:",
            *lost,
            f"protected are: {', '.join(protected)}",
            f"to go on: set `protected: false` for its services in Pulumi.{target.stack}.yaml, deploy, then destroy",
        )
    if confirm != target.stack:
        raise Refused(
            f"destroying {target.stack} would lose:",
            *lost,
            f"nothing was deleted; to go on: dbctl destroy -s {target.stack} --confirm {target.stack}",
        )
    with progress.shown(f"destroying {target.stack}") as watch, readable_failures(watch.seen):
        stack.destroy(on_event=watch, show_secrets=False)
    console.note(f"{watch.done} deleted")
    for row in resources:
        if row.get("retainOnDelete"):
            console.note(f"stays in the account: {row['urn'].split('::')[-1]} ({row.get('id', '')})")
    console.note(
        "RDS writes its last lines late, and makes the log groups of its instances again for them: before the stack is"
        f" made anew, look for log groups that begin with /aws/rds/instance/estate-{target.stack}- and delete them"
    )


def databases(resources: Sequence[Mapping[str, Any]]) -> list[str]:
    """The databases in a state, each with what is in it."""
    instances = [row for row in resources if row["type"] == DATABASE]
    return [
        f"{row['inputs']['identifier']}: "
        + ("a replica" if SOURCE in row["inputs"] else f"database {row['inputs']['dbName']} and everything in it")
        for row in instances
    ]
