"""Previews the stack prod offline with the policy pack, in a copy of the repository; prints what was found, as JSON."""

from __future__ import annotations

import json
import sys

from pulumi import automation
from pulumi.automation import events

from ops import engine, targets
from ops.paths import REPOSITORY
from ops.policies import violations


def main() -> None:
    stack = sys.argv[1]
    seen: list[events.EngineEvent] = []
    failed = False
    with targets.target_of(stack, offline=True) as target:
        try:
            engine.open_stack(target).preview(on_event=seen.append, policy_packs=[str(REPOSITORY / "policy")])
        except automation.CommandError:
            failed = True
        ours = violations(seen, stack, target.estate.profile)
    theirs = [event.policy_event for event in seen if event.policy_event is not None]
    answer = {
        "failed": failed,
        "pack": sorted({(row.enforcement_level, row.policy_name, row.message.strip()) for row in theirs}),
        "dbctl": [(row.severity, row.policy, row.resource, row.message, row.mend) for row in ours],
    }
    json.dump(answer, sys.stdout)


main()
