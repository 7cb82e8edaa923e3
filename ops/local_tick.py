"""`dbctl local tick`: starts in the local cloud what EventBridge Scheduler would have started, and says how it ended.

Time does not pass by itself in the local cloud: a laptop sleeps, and a test has no night to wait for. A tick runs what
came due since the last one, or what is due at a given minute.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local import schedules
from local.schedules import Due
from ops import console
from ops.aws import Account
from ops.errors import OperatorError

TIMEOUT = 6 * 3600.0
"""Seconds until a task is stopped: as long as a job may take at most (statement-timeout in sql/*/jobs)."""

POLL = 0.1
"""Seconds between two looks: the local cloud has no request limits."""

LOG_LINES = 8
"""How much of a failed task's log is shown: an error and what led to it."""

MEMORY = "tick.json"
"""The file in the cloud's folder that remembers the last tick; it outlives a restart, as the databases do."""

RUNS_ELSEWHERE = 75


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one schedule that was due."""

    due: Due
    outcome: str
    failed: bool
    seconds: float
    log: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """The row of a table."""
        times = str(self.due.times) if self.due.times > 1 else console.NOTHING
        return (self.due.schedule.task, _shown(self.due.moment), times, self.outcome, f"{self.seconds:.1f} s")


def tick(account: Account, root: Path, *, at: datetime | None = None, now: datetime | None = None) -> None:
    """Run what is due and show it; OperatorError when any of it failed.

    With `at`, what is due in that minute, and the next tick does not know of it.
    """
    memory = root / MEMORY
    until = (at or now or datetime.now(UTC)).replace(second=0, microsecond=0)
    since = until - timedelta(minutes=1) if at else _last(memory)
    known = schedules.read(account.client("scheduler"))
    found = schedules.due(known, since, until)
    if not at:
        memory.write_text(json.dumps({"last": until.isoformat()}), encoding="utf-8")
    if not found:
        _show_nothing(known, until)
        return
    ended = [row for _, rows in groupby(found, key=lambda row: row.moment) for row in _run(account, list(rows))]
    console.table("Scheduled tasks", ("task", "due", "times", "ended", "took"), [row.cells() for row in ended])
    failed = [row for row in ended if row.failed]
    if failed:
        raise OperatorError(*(line for row in failed for line in _told(row)))


def _last(memory: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(memory.read_text(encoding="utf-8"))["last"])
    except FileNotFoundError:
        return None


def _show_nothing(known: Sequence[schedules.Schedule], until: datetime) -> None:
    if not known:
        raise OperatorError("there are no schedules in the local cloud: run `dbctl local up`")
    console.out.print(f"nothing is due at {_shown(until)}")
    cells = [(row.schedule.task, _shown(row.moment)) for row in schedules.upcoming(known, until)]
    console.table("Next", ("task", "due"), cells)


def _run(account: Account, rows: Sequence[Due]) -> Iterator[Ended]:
    """Start what is due at one moment together, as AWS does, and wait for all of it; Ctrl-C stops it."""
    ecs = account.client("ecs")
    started = time.monotonic()
    waiting: dict[str, Due] = {}
    try:
        for row in rows:
            console.step(f"{row.schedule.task}, due at {_shown(row.moment)}")
            reason = _start(ecs, row, waiting)
            if reason:
                yield Ended(row, f"could not be started: {reason}", True, 0.0)
        while waiting:
            for arn, task in _stopped(ecs, waiting):
                yield _ended(account, waiting.pop(arn), task, time.monotonic() - started)
            if waiting and time.monotonic() - started > TIMEOUT:
                raise OperatorError(f"not ended within {TIMEOUT:.0f} s and stopped: {_names(waiting.values())}")
            time.sleep(POLL)
    finally:
        for arn, row in waiting.items():
            ecs.stop_task(cluster=row.schedule.target["Arn"], task=arn, reason="the tick was ended")


def _start(ecs: Any, row: Due, waiting: dict[str, Due]) -> str:
    """Start one task; why it could not be, or nothing."""
    try:
        answer = ecs.run_task(**row.schedule.request())
    except ClientError as error:
        return str(error)
    for task in answer["tasks"]:
        waiting[task["taskArn"]] = row
    return "; ".join(str(failure.get("reason")) for failure in answer.get("failures", []))


def _stopped(ecs: Any, waiting: dict[str, Due]) -> Iterator[tuple[str, dict[str, Any]]]:
    for arn, row in list(waiting.items()):
        for task in ecs.describe_tasks(cluster=row.schedule.target["Arn"], tasks=[arn])["tasks"]:
            if task["lastStatus"] == "STOPPED":
                yield arn, task


def _ended(account: Account, row: Due, task: dict[str, Any], seconds: float) -> Ended:
    (container,) = task["containers"]
    code = container.get("exitCode")
    if code is None:
        return Ended(row, f"could not start: {task.get('stoppedReason', 'no reason given')}", True, seconds)
    outcome = {0: "done", RUNS_ELSEWHERE: "runs elsewhere"}.get(code, f"failed with exit code {code}")
    failed = code not in (0, RUNS_ELSEWHERE)
    return Ended(row, outcome, failed, seconds, _log(account, task, container["name"]) if failed else ())


def _log(account: Account, task: dict[str, Any], container: str) -> tuple[str, ...]:
    """The end of the task's log."""
    found = account.client("ecs").describe_task_definition(taskDefinition=task["taskDefinitionArn"])
    (definition,) = [row for row in found["taskDefinition"]["containerDefinitions"] if row["name"] == container]
    options = definition.get("logConfiguration", {}).get("options")
    if options is None:
        return ()
    stream = f"{options['awslogs-stream-prefix']}/{container}/{task['taskArn'].rsplit('/', 1)[-1]}"
    logs = account.client("logs")
    events = logs.get_log_events(logGroupName=options["awslogs-group"], logStreamName=stream, startFromHead=False)
    return tuple(event["message"].rstrip() for event in events["events"][-LOG_LINES:])


def _told(row: Ended) -> Iterator[str]:
    yield f"{row.due.schedule.task} {row.outcome}"
    yield from (f"    {line}" for line in row.log)


def _names(rows: Any) -> str:
    return ", ".join(row.schedule.task for row in rows)


def _shown(moment: datetime) -> str:
    return f"{moment:%a %Y-%m-%d %H:%M} UTC"
