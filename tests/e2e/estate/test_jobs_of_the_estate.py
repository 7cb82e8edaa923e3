"""Every job of both services, started by its own schedule in the whole local stack, on real databases."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from ops.local_tick import MEMORY
from tests.e2e.clone import Clone
from tests.unit.infra.test_jobs import SERVICES, jobs_of

EXPECTED = {f"estate-local-{service}-{name}" for service in SERVICES for name in (*jobs_of(service), "overdue")}


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the printed table by their task, without headings."""
    found = [re.split(r"  +", line.strip()) for line in text.splitlines() if line.startswith("estate-local-")]
    return {row[0]: row[1:] for row in found}


def test_every_job_runs_by_its_schedule_and_comes_to_a_good_end(clone: Clone) -> None:
    clone.dbctl("local", "up")

    # Nothing is due in a cloud that was made just now, unless a minute of a schedule passed meanwhile.
    clone.dbctl("local", "tick")
    upcoming = rows(clone.dbctl("local", "tick").out)
    assert set(upcoming) >= EXPECTED
    assert all(row[0].endswith("UTC") for row in upcoming.values())

    # As if the last tick was so long ago that even a month's job was due meanwhile.
    long_ago = datetime.now(UTC) - timedelta(days=32)
    (clone.path / ".local" / MEMORY).write_text(json.dumps({"last": long_ago.isoformat()}))
    ended = rows(clone.dbctl("local", "tick", timeout=600).out)

    assert {task: row[2] for task, row in ended.items() if task in EXPECTED} == dict.fromkeys(EXPECTED, "done")
    for service in SERVICES:
        query = "select job, outcome, actor from public._schema_jobs where outcome <> 'expected' order by 1, 2"
        known = clone.psql(service, query, "--role", "master", "--direct").splitlines()
        assert set(known) == {f"{name}|done|schedule {name}" for name in jobs_of(service)}


def test_the_tick_after_that_finds_nothing_due(clone: Clone) -> None:
    assert "nothing is due at" in clone.dbctl("local", "tick").out


def test_a_job_at_its_own_minute_runs_alone(clone: Clone) -> None:
    # A Sunday: `vacuum` of familytales and `log_statistics` of platform begin at this time, each on its own instance.
    ended = rows(clone.dbctl("local", "tick", "--at", "2026-12-06 06:10").out)
    assert {task: row[1] for task, row in ended.items()} == {
        "estate-local-familytales-vacuum": "done",
        "estate-local-platform-log_statistics": "done",
    }
