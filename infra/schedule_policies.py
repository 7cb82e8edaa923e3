"""What scheduled tasks need as JSON: IAM documents, the event of one that ended badly, what is said of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from infra.containers import Account
from infra.policies import Statement, document

# Exit codes of the runner that are no failure: 0, and 75 for a job that is at work elsewhere already. EventBridge
# Scheduler delivers at least once, so the same job may be started twice; what goes on for too long, `overdue` tells.
HARMLESS = (0, 75)

# What the last line of `python -m schema overdue` says, overdue or not; a test holds it to the runner's own words.
CHECKED = "jobs checked:"
CHECKED_PATTERN = f'"{CHECKED}"'


def trust_scheduler(account: Account, group_arn: str) -> str:
    """Lets EventBridge Scheduler assume a role for the schedules of one group.

    aws:SourceArn has to be the group's: with a schedule's, creation fails. (EventBridge Scheduler User Guide: Confused
    deputy prevention)
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.id, "aws:SourceArn": group_arn}},
        }
    )


def run_tasks(
    account: Account,
    cluster_arn: str,
    definition_arns: Sequence[str],
    role_arns: Sequence[str],
    queue_arn: str,
    key_arn: str,
) -> str:
    """What the scheduler's role may do: run these families in this cluster with these roles, and put down what failed.

    (EventBridge Scheduler User Guide: Using templated targets; Configuring a dead-letter queue)
    """
    statements: list[Statement] = [
        {
            "Sid": "RunTasks",
            "Effect": "Allow",
            "Action": "ecs:RunTask",
            # Every revision: the role's policy and the schedule change in two steps, and either may be the first.
            "Resource": sorted({f"{family_arn(arn)}:*" for arn in definition_arns}),
            "Condition": {"ArnEquals": {"ecs:cluster": cluster_arn}},
        },
        {
            "Sid": "TagTasks",
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": f"{cluster_arn.replace(':cluster/', ':task/')}/*",
            # Tags of the definition, while the task is made, and nothing else at any other time.
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            "Sid": "PassRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": sorted(set(role_arns)),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {"Sid": "PutDownWhatFailed", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn},
        {
            "Sid": "EncryptWhatFailed",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"sqs.{account.region}.{account.dns_suffix}"}},
        },
    ]
    return document(*statements)


def dead_letters(queue_arn: str, rule_arns: Sequence[str]) -> str:
    """Lets EventBridge put down what these rules could not deliver; the scheduler comes with its role instead.

    (EventBridge User Guide: Using dead-letter queues to process undelivered events)
    """
    return document(
        {
            "Sid": "PutDownWhatWasNotDelivered",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": sorted(rule_arns)}},
        }
    )


def family_arn(definition_arn: str) -> str:
    """A task definition's ARN without its revision."""
    return definition_arn.rpartition(":")[0]


def task_group(stack: str, service: str, name: str) -> str:
    """The ECS task group of one scheduled task. It comes back in each of the task's events, where it tells these tasks
    from those that `dbctl` starts with the same definition.
    """
    return f"estate-{stack}-{service}-{name}"


def target_input(container: str, command: Sequence[str] | None, actor: str) -> str:
    """What a schedule hands to RunTask: the command, if not the definition's own, and in whose name it runs."""
    override: dict[str, object] = {"name": container, "environment": [{"name": "ESTATE_ACTOR", "value": actor}]}
    if command is not None:
        override["command"] = list(command)
    return json.dumps({"containerOverrides": [override]}, sort_keys=True, separators=(",", ":"))


def ended_badly(cluster_arn: str, groups: Sequence[str], container: str) -> str:
    """The events of these tasks that ended with a failure, were killed, or never began.

    The exit code is that of our container: an account may have others put into each task, such as GuardDuty's agent.
    A task that could not be started has no exit code but a stop code, and so may one that somebody stopped.
    (Amazon ECS Developer Guide: Amazon ECS task state change events; API reference: Task, stopCode)
    """
    return json.dumps(
        {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {
                "clusterArn": [cluster_arn],
                "group": sorted(groups),
                "lastStatus": ["STOPPED"],
                "$or": [
                    {"containers": {"name": [container], "exitCode": [{"anything-but": list(HARMLESS)}]}},
                    {"stopCode": [{"anything-but": ["EssentialContainerExited"]}]},
                ],
            },
        },
        sort_keys=True,
    )


# What a message says of such an event; a field that the event lacks is left empty.
PATHS: Mapping[str, str] = {
    "group": "$.detail.group",
    "time": "$.time",
    "code": "$.detail.containers[0].exitCode",
    "stop": "$.detail.stopCode",
    "reason": "$.detail.stoppedReason",
    "detail": "$.detail.containers[0].reason",
    "task": "$.detail.taskArn",
}


def message(log_group: str, container: str) -> str:
    """The message as an input template: one quoted line for each line, and the mail has the quotes, too.

    A template of text has no other form, and JSON would be worse to read. A stream's prefix is its container's name.
    (EventBridge User Guide: Amazon EventBridge input transformation)
    """
    lines = (
        "The scheduled task <group> failed at <time>.",
        "Exit code: <code>. <stop>: <reason> <detail>",
        f"Its log: group {log_group}, stream {container}/{container}/ and the last part of <task>",
        "What to do: docs/schema.md, Jobs.",
    )
    return "\n".join(json.dumps(line) for line in lines)
