"""What a preview says, as plain rows: one change a resource, with the properties that change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.automation import events

SHOWN = {
    events.OpType.CREATE: "create",
    events.OpType.UPDATE: "update",
    events.OpType.REPLACE: "replace",
    events.OpType.DELETE: "delete",
    events.OpType.READ: "read",
    events.OpType.IMPORT: "import",
}
"""The steps an operator counts. A replacement is one change, not the three steps it takes."""

VALUE_WIDTH = 60
"""Characters of a value in a table cell; longer ones (policies, container definitions) are only named."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that changes: the input it belongs to, its name, the old and the new value.

    The name is the input's own, or a parameter's within `parameters`. Values are None when unknown or too long to show.
    """

    property: str
    path: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        if self.old is None and self.new is None:
            return self.path
        return f"{self.path}: {self.old or '(none)'} -> {self.new or '(none)'}"


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one resource.

    `inputs` are the names of the inputs it has now; a `retained` one is left where it is when the stack lets go of it.
    """

    op: str
    type: str
    name: str
    urn: str
    protected: bool = False
    details: tuple[Detail, ...] = ()
    replace_keys: tuple[str, ...] = ()
    inputs: frozenset[str] = frozenset()
    retained: bool = False

    @property
    def short_type(self) -> str:
        """`aws:rds/instance:Instance` -> `rds.Instance`."""
        parts = self.type.split(":")
        return f"{parts[1].split('/')[0]}.{parts[2]}" if len(parts) == 3 and parts[0] == "aws" else self.type


def from_events(stream: Iterable[events.EngineEvent]) -> list[Change]:
    """The changes of a preview or an update, in the engine's order; unchanged resources are left out."""
    changes: dict[str, Change] = {}
    for event in stream:
        if event.resource_pre_event is None:
            continue
        step = event.resource_pre_event.metadata
        if step.op in SHOWN and step.type != "pulumi:pulumi:Stack":
            changes[step.urn] = _change(step)
    return list(changes.values())


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes of each kind, in the order create, update, replace, delete."""
    found = [change.op for change in changes]
    return {op: found.count(op) for op in SHOWN.values() if op in found}


def _change(step: events.StepEventMetadata) -> Change:
    old = dict(step.old.inputs or {}) if step.old else {}
    new = dict(step.new.inputs or {}) if step.new else {}
    paths = sorted(step.detailed_diff or {}) or sorted(step.diffs or [])
    details: list[Detail] = []
    if step.op in (events.OpType.UPDATE, events.OpType.REPLACE):
        names = dict.fromkeys(path.split(".")[0].split("[")[0] for path in paths)
        for name in names:
            details += _details(name, old.get(name), new.get(name))
    state = step.old or step.new
    return Change(
        op=SHOWN[step.op],
        type=step.type,
        name=step.urn.split("::")[-1],
        urn=step.urn,
        protected=bool(state and state.protect),
        details=tuple(details),
        replace_keys=tuple(sorted(step.keys or ())) if step.op is events.OpType.REPLACE else (),
        inputs=frozenset(old),
        retained=bool(step.old and step.old.retain_on_delete),
    )


def _details(name: str, old: Any, new: Any) -> list[Detail]:
    if name == "parameters" and (_named(old) or _named(new)):
        before, after = _by_name(old), _by_name(new)
        changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        return [Detail(name, key, before.get(key), after.get(key)) for key in changed]
    before_text, after_text = _text(old), _text(new)
    if max(len(before_text or ""), len(after_text or "")) > VALUE_WIDTH:
        return [Detail(name, name)]
    return [Detail(name, name, before_text, after_text)]


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) and "name" in row for row in value)


def _by_name(value: Any) -> dict[str, str]:
    return {row["name"]: str(row.get("value")) for row in value} if _named(value) else {}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)
