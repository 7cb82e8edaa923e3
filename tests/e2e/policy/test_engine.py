"""`pulumi preview --policy-pack policy`, by the real engine, says what `dbctl` says of the same preview."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.clone import Clone


def preview(clone: Clone, starter: Path, stack: str) -> dict[str, Any]:
    """What pack and `dbctl` found in one offline preview."""
    environment = {**clone.environment, "PATH": f"{starter}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.policy.preview", stack],
        cwd=clone.path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def of(rows: list[list[str]], severity: str) -> list[list[str]]:
    return [row for row in rows if row[0] == severity]


def test_the_engine_stops_at_what_is_mandatory_and_dbctl_names_the_same(clone: Clone, starter: Path) -> None:
    def break_it(estate: dict[str, Any]) -> None:
        estate["services"][1]["parameters"] = {"log_min_duration_statement": "-1"}  # over the whole graph
        estate["services"][1]["monitoring"] = {"log_days": 60}  # resource by resource

    whole = preview(clone, starter, "prod")
    assert (whole["failed"], of(whole["pack"], "mandatory"), of(whole["dbctl"], "mandatory")) == (False, [], [])

    clone.configure("prod", break_it)
    broken = preview(clone, starter, "prod")
    assert broken["failed"]
    logs = [f"familytales-{task}-log" for task in ("dump", "pooler", "schema")]
    for server in ("primary", "replica-1"):
        logs += [f"familytales-{server}-{log}-log" for log in ("postgresql", "upgrade")]
    assert {(row[1], row[2]) for row in of(broken["dbctl"], "mandatory")} == {
        *(("statements-logged", f"rds.Instance familytales-{server}") for server in ("primary", "replica-1")),
        *(("logs-for-a-quarter", f"cloudwatch.LogGroup {log}") for log in logs),
    }
    ours = {
        (policy, f"{resource.split()[-1]}: {message}; {mend}")
        for _, policy, resource, message, mend in of(broken["dbctl"], "mandatory")
    }
    theirs = {(policy, message.split("\n")[-1]) for _, policy, message in of(broken["pack"], "mandatory")}
    assert theirs == ours
    # What one of them cannot judge yet, the other cannot either; a pack is not told what is retained.
    later = {row[1] for row in of(whole["dbctl"], "unknown")}
    unjudged = {row[1] for row in of(whole["pack"], "advisory")}
    assert unjudged == later | {"backups-outlive-the-stack"}
