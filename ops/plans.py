"""A saved plan, held against what an update would do now, before anything is done.

The engine holds an update to a plan step by step: what comes before the first step that does not fit is carried out
all the same. So the plan is compared as a whole first, and an update follows the plan that was compared, not the saved
one: what that held and was done since, by an update that failed half-way, is no difference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.errors import BadInput
from ops.stack_file import PROJECT

SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the engine's mark of an encrypted value
NOTHING = frozenset({"same", "refresh", "read"})
"""Steps that change nothing in the account."""

DRAWN = re.compile(r"-[0-9a-f]{7}(?![0-9a-z])")
"""The end of a name that Pulumi makes up (its documentation: resource names, autonaming)."""

Plan = Mapping[str, Mapping[str, Any]]
"""What is planned for each resource, by its URN."""


def read(path: Path, stack: str) -> Plan:
    """The plan in a file; BadInput when there is none, or it is another stack's."""
    again = f"write one with `dbctl preview -s {stack} --save-plan {path}`"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"--plan {path}: {error.strerror}; {again}") from None
    except ValueError:
        raise BadInput(f"--plan {path}: it is not JSON, hence no plan; {again}") from None
    plans = found.get("resourcePlans") if isinstance(found, dict) else None
    if not isinstance(plans, dict) or not plans or not all(isinstance(plan, dict) for plan in plans.values()):
        raise BadInput(f"--plan {path}: there is no plan in it; {again}")
    ours = f"urn:pulumi:{stack}::{PROJECT}::"
    if other := next((urn for urn in plans if not urn.startswith(ours)), None):
        _, _, whose, _, project, *_ = other.split(":")
        known = f"the stack {whose} of {project}" if project != PROJECT else f"the stack {whose}"
        raise BadInput(f"--plan {path}: it is of {known}, not of {stack}; {again}")
    return plans


def differences(saved: Plan, now: Plan) -> list[str]:
    """What would be done now and is not in the saved plan, or is there otherwise; one line for each resource."""
    lines = []
    for urn, plan in now.items():
        steps = _steps(plan)
        if not steps:
            continue
        name = urn.split("::")[-1]
        reviewed = _steps(saved.get(urn, {}))
        if steps != reviewed:
            lines.append(f"{name}: {_words(steps)} now, {_words(reviewed)} in the plan")
        elif _change(plan) != _change(saved[urn]):
            lines.append(f"{name}: {_words(steps)} in both, but to other values now")
    return lines


def _steps(plan: Mapping[str, Any]) -> list[str]:
    return [step for step in plan.get("steps") or [] if step not in NOTHING]


def _words(steps: list[str]) -> str:
    return ", ".join(steps) or "no change"


def _change(plan: Mapping[str, Any]) -> Any:
    """Which inputs change, and to what.

    Each preview encrypts secrets anew, and draws anew the end of the name of what is still to be made: neither counts.
    """
    goal = plan.get("goal") or {}
    return _masked(goal.get("inputDiff") or {})


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return SECRET if SECRET in value else {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return DRAWN.sub("-(drawn)", value) if isinstance(value, str) else value
