"""What EventBridge Scheduler would start, read from the fake AWS: moto keeps schedules and fires none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local import cron

# ECS cuts `startedBy` of a task that the scheduler started off here.
_STARTED_BY = 36


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule that is on and starts an ECS task."""

    group: str
    name: str
    times: cron.Cron
    created: datetime
    target: Mapping[str, Any]

    @property
    def task(self) -> str:
        """What it starts, in one word: the task's group where it has one."""
        return str(self.target["EcsParameters"].get("Group") or f"{self.group}/{self.name}")

    def request(self) -> dict[str, Any]:
        """The RunTask request that the scheduler would make.

        Its own words are the API's with a capital letter, but for the overrides, which are the target's input.
        """
        ecs = self.target["EcsParameters"]
        found = {
            "cluster": self.target["Arn"],
            "taskDefinition": ecs["TaskDefinitionArn"],
            "count": ecs.get("TaskCount", 1),
            "launchType": ecs.get("LaunchType"),
            "platformVersion": ecs.get("PlatformVersion"),
            "group": ecs.get("Group"),
            "propagateTags": ecs.get("PropagateTags"),
            "startedBy": f"chronos-schedule/{self.name}"[:_STARTED_BY],
            "networkConfiguration": _network(ecs.get("NetworkConfiguration")),
            "overrides": json.loads(self.target["Input"]) if self.target.get("Input") else None,
        }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule that is to be fired: at its last time, however many there were."""

    schedule: Schedule
    moment: datetime
    times: int


def read(scheduler: Any) -> tuple[Schedule, ...]:
    """The schedules of all groups that are on and start ECS tasks, by group and name."""
    found = []
    for page in scheduler.get_paginator("list_schedules").paginate():
        for short in page["Schedules"]:
            whole = scheduler.get_schedule(GroupName=short["GroupName"], Name=short["Name"])
            if whole["State"] == "ENABLED" and "EcsParameters" in whole["Target"]:
                found.append(_schedule(whole))
    return tuple(sorted(found, key=lambda one: (one.group, one.name)))


def due(schedules: Iterable[Schedule], since: datetime | None, until: datetime) -> tuple[Due, ...]:
    """What is due after `since` and up to `until`, in the order of time.

    Without a `since`, each schedule counts from when it was made. A schedule that was due more than once is fired once:
    whoever stopped the local cloud for a week does not want a job seven times.
    """
    found = []
    for one in schedules:
        moments = list(one.times.between(since or one.created, until))
        if moments:
            found.append(Due(one, moments[-1], len(moments)))
    return tuple(sorted(found, key=lambda row: (row.moment, row.schedule.group, row.schedule.name)))


def upcoming(schedules: Sequence[Schedule], after: datetime) -> tuple[Due, ...]:
    """The next time of each schedule, in the order of time."""
    # The rarest fires on the last days of a month, which two months in a row do not both lack.
    rows = [Due(one, next(one.times.between(after, after + timedelta(days=62))), 1) for one in schedules]
    return tuple(sorted(rows, key=lambda row: (row.moment, row.schedule.group, row.schedule.name)))


def _schedule(whole: Mapping[str, Any]) -> Schedule:
    created = whole["CreationDate"].astimezone(UTC)
    return Schedule(
        whole["GroupName"], whole["Name"], cron.parse(whole["ScheduleExpression"]), created, whole["Target"]
    )


def _network(raw: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    inner = raw["awsvpcConfiguration"]
    return {"awsvpcConfiguration": {name[0].lower() + name[1:]: value for name, value in inner.items()}}
