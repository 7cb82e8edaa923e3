"""What starts one service's tasks by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import jobs, roles, schedule_policies
from infra.config import Job
from infra.containers import SCHEMA, Account
from infra.options import child, tags
from infra.schedule_watch import ScheduleWatch, WatchArgs, Watched

# Passing trouble (no capacity, throttling) is over within the hour; what starts later than that would run into the
# backup window or beside the next job. The age ends the retries: 185 is the most of them, and AWS's default.
RETRY_SECONDS, RETRIES = 3600, 185
LETTERS_SECONDS = 14 * 24 * 3600  # the longest that SQS keeps a message: a holiday


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One task and when it runs; `command` replaces the definition's own."""

    name: str
    cron: str
    task_definition_arn: pulumi.Input[str]
    container: str
    command: tuple[str, ...] | None
    security_group_id: pulumi.Input[str]
    role_arns: Sequence[pulumi.Input[str]]
    """The roles that the definition names, execution and task: who runs the task hands them over."""
    log_group_name: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class SchedulesArgs:
    """What a service's schedules are made from. One of the tasks has to be `overdue`; `scheduled_jobs` adds it."""

    stack: str
    service: str
    account: pulumi.Output[Account]
    cluster_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]] | pulumi.Output[Sequence[str]]
    topic_arn: pulumi.Input[str]
    alerts_key_arn: pulumi.Input[str]
    tasks: Sequence[Scheduled]


def scheduled_jobs(
    found: Sequence[Job],
    *,
    task_definition_arn: pulumi.Input[str],
    security_group_id: pulumi.Input[str],
    role_arns: Sequence[pulumi.Input[str]],
    log_group_name: pulumi.Input[str],
) -> tuple[Scheduled, ...]:
    """A service's jobs, and the daily question whether each was run, all with its schema task's definition."""
    runs = [(job.name, _cron(job), jobs.command(job.name)) for job in found]
    runs.append((jobs.OVERDUE_NAME, jobs.OVERDUE.cron, jobs.OVERDUE_COMMAND))
    return tuple(
        Scheduled(name, cron, task_definition_arn, SCHEMA, command, security_group_id, role_arns, log_group_name)
        for name, cron, command in runs
    )


def _cron(job: Job) -> str:
    schedule = jobs.parse(job.every, job.at)
    if schedule is None:
        raise ValueError(f"job {job.name}: {job.every} {job.at} is no schedule; the configuration lets none such in")
    return schedule.cron


class Schedules(pulumi.ComponentResource):
    """A group of schedules, one for each task; the role that starts them; and what watches over both."""

    def __init__(self, name: str, args: SchedulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Schedules", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service)
        self._group = aws.scheduler.ScheduleGroup(name, tags=self._tags, opts=child(self))
        self._queue = aws.sqs.Queue(
            f"{name}-failed",
            message_retention_seconds=LETTERS_SECONDS,
            kms_master_key_id=args.alerts_key_arn,
            tags=self._tags,
            opts=child(self),
        )
        self._role, policy = self._permission()
        for item in args.tasks:
            self._schedule(item, policy)
        ScheduleWatch(
            name,
            WatchArgs(
                args.stack,
                args.service,
                args.cluster_arn,
                args.topic_arn,
                self._group.name,
                self._queue,
                [Watched(item.name, item.container, item.log_group_name) for item in args.tasks],
            ),
            child(self),
        )
        self.group_name = self._group.name
        self.queue_url = self._queue.url
        self.register_outputs({"group": self.group_name, "queue": self.queue_url})

    def _permission(self) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        args = self._args
        role = roles.define(
            self,
            f"{self._name}-start",
            args.account,
            f"Starts scheduled tasks of {args.service}",
            pulumi.Output.all(args.account, self._group.arn).apply(
                lambda known: schedule_policies.trust_scheduler(*known)
            ),
            self._tags,
        )
        known = pulumi.Output.all(
            account=args.account,
            cluster_arn=args.cluster_arn,
            definition_arns=[item.task_definition_arn for item in args.tasks],
            role_arns=[arn for item in args.tasks for arn in item.role_arns],
            queue_arn=self._queue.arn,
            key_arn=args.alerts_key_arn,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-start",
            role=role.name,
            policy=known.apply(lambda known: schedule_policies.run_tasks(**known)),
            opts=child(self),
        )
        return role, policy

    def _schedule(self, item: Scheduled, policy: aws.iam.RolePolicy) -> None:
        args = self._args
        aws.scheduler.Schedule(
            f"{self._name}-{item.name}",
            name=item.name,  # in a group of its own; a task that it started says so in `startedBy`
            group_name=self._group.name,
            description=f"{args.service}: {item.name}",
            schedule_expression=item.cron,
            schedule_expression_timezone="UTC",
            # Jobs are apart by minutes that were chosen.
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": args.cluster_arn,
                "role_arn": self._role.arn,
                "input": schedule_policies.target_input(item.container, item.command, f"schedule {item.name}"),
                "dead_letter_config": {"arn": self._queue.arn},
                "retry_policy": {
                    "maximum_event_age_in_seconds": RETRY_SECONDS,
                    "maximum_retry_attempts": RETRIES,
                },
                "ecs_parameters": {
                    # This revision, not the latest: what was deployed is what runs.
                    "task_definition_arn": item.task_definition_arn,
                    "task_count": 1,
                    "launch_type": "FARGATE",
                    "group": schedule_policies.task_group(args.stack, args.service, item.name),
                    "propagate_tags": "TASK_DEFINITION",
                    "network_configuration": {
                        "subnets": args.subnet_ids,
                        "security_groups": [item.security_group_id],
                        "assign_public_ip": False,
                    },
                },
            },
            # The first start may be a minute away.
            opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=[policy])),
        )
