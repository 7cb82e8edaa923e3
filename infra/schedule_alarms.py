"""The alarms on a service's schedules: what was not started, not told, or not asked after. Pure.

CloudWatch looks back seven days at most, and a job may run once a month: whether each job was run is therefore asked by
`python -m schema overdue` each day, and here is watched that this was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from infra import jobs

Subject = Literal["group", "queue", "rule", "log"]

# Where CloudWatch keeps the metrics of a subject, and by which dimension. What is counted in a log has none.
NAMESPACES: Mapping[Subject, str] = {
    "group": "AWS/Scheduler",
    "queue": "AWS/SQS",
    "rule": "AWS/Events",
    "log": "PostgresEstate",
}
DIMENSIONS: Mapping[Subject, str] = {"group": "ScheduleGroup", "queue": "QueueName", "rule": "RuleName"}

FIVE_MINUTES, HOUR = 300, 3600


@dataclass(frozen=True, slots=True)
class Alarm:
    """One row: `periods` times `period` seconds in a row in which the sum is beyond the threshold."""

    name: str
    subject: Subject
    metric: str
    comparison: Literal[">=", "<"]
    threshold: int
    period: int
    periods: int
    means: str
    first: str
    missing: Literal["breaching", "notBreaching"] = "notBreaching"
    statistic: Literal["Sum", "Maximum"] = "Sum"

    @property
    def description(self) -> str:
        """What the mail says: how urgent, what it means, what to do first."""
        return f"TICKET: {self.means}. First: {self.first}."


# EventBridge Scheduler User Guide: Monitoring with Amazon CloudWatch (metrics are delivered on a best-effort basis, so
# that the queue is watched, too). Amazon SQS Developer Guide: Available CloudWatch metrics. EventBridge User Guide:
# Monitoring Amazon EventBridge.
TABLE: tuple[Alarm, ...] = (
    Alarm("schedule-dropped", "group", "InvocationDroppedCount", ">=", 1, FIVE_MINUTES, 1,
          "a scheduled task was given up: for an hour it could not be started",
          "read the message in the queue of failed schedules, which says what ECS answered"),
    # One error is tried again and usually passes; three in an hour are no passing trouble.
    Alarm("schedule-errors", "group", "TargetErrorCount", ">=", 3, HOUR, 1,
          "ECS refuses to start scheduled tasks",
          "look for RunTask in CloudTrail: a missing permission, a deleted definition, no capacity"),
    Alarm("schedule-letters-lost", "group", "InvocationsFailedToBeSentToDeadLetterCount", ">=", 1, FIVE_MINUTES, 1,
          "a scheduled task was given up, and its dead letter could not be written",
          "compare the scheduler's role with the queue and its key"),
    Alarm("schedule-letters", "queue", "ApproximateNumberOfMessagesVisible", ">=", 1, FIVE_MINUTES, 1,
          "the queue holds what could not be started, or a failure that could not be told",
          "read the messages, run what was missed with `dbctl schema maintain`, then delete them",
          statistic="Maximum"),
    Alarm("schedule-untold", "rule", "FailedInvocations", ">=", 1, FIVE_MINUTES, 1,
          "a scheduled task failed, and the message of it was not delivered",
          "read the queue of failed schedules; compare the topic's policy and its key's with the rule"),
    # As late as a daily job may be. Counted by the hour, so that no run falls between two days.
    Alarm("schedule-unchecked", "log", "JobsChecked", "<", 1, HOUR, jobs.LATE["day"] // timedelta(hours=1),
          "for more than a day nobody has asked whether each job was run, as every morning (a new stack begins so)",
          "look at the schedule `overdue` and at the log of its task",
          missing="breaching"),
)  # fmt: skip


def metric_name(row: Alarm, stack: str, service: str) -> str:
    """A metric's name: what comes from logs has no dimensions, so its name tells the service."""
    return f"{stack}-{service}-{row.metric}" if row.subject == "log" else row.metric


UNCHECKED = next(row for row in TABLE if row.subject == "log")
