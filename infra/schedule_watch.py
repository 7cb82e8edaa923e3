"""What tells that a scheduled task failed, could not be started, or was not asked after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import jobs, schedule_alarms, schedule_policies
from infra.options import child, tags

TARGET = "alerts"  # the only target of a rule
COMPARISONS = {">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}


@dataclass(frozen=True, slots=True)
class Watched:
    """One scheduled task, and where it writes."""

    name: str
    container: str
    log_group_name: pulumi.Input[str]


@dataclass(frozen=True, slots=True)
class WatchArgs:
    """What the watch over a group of schedules is made from; the queue takes what nobody could be told."""

    stack: str
    service: str
    cluster_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    group_name: pulumi.Input[str]
    queue: aws.sqs.Queue
    tasks: Sequence[Watched]


class ScheduleWatch(pulumi.ComponentResource):
    """Rules that send failures to the topic, the count of daily checks, and the alarms."""

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:ScheduleWatch", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service)
        # Each kind of container has a log of its own, and a message names it.
        self._kinds = {item.container: item for item in args.tasks}
        rules = {container: self._rule(container) for container in self._kinds}
        self._tell(rules)
        self._count_checks()
        self._alarms(rules)
        self.register_outputs({"rules": [rule.arn for rule in rules.values()]})

    def _rule(self, container: str) -> aws.cloudwatch.EventRule:
        args = self._args
        groups = [
            schedule_policies.task_group(args.stack, args.service, item.name)
            for item in args.tasks
            if item.container == container
        ]
        return aws.cloudwatch.EventRule(
            f"{self._name}-{container}-failed",
            description=f"Scheduled tasks of {args.service} that failed or could not start",
            event_pattern=pulumi.Output.from_input(args.cluster_arn).apply(
                lambda arn: schedule_policies.ended_badly(arn, groups, container)
            ),
            tags=self._tags,
            opts=child(self),
        )

    def _tell(self, rules: Mapping[str, aws.cloudwatch.EventRule]) -> None:
        args = self._args
        letters = aws.sqs.QueuePolicy(
            f"{self._name}-failed",
            queue_url=args.queue.url,
            policy=pulumi.Output.all(args.queue.arn, *(rule.arn for rule in rules.values())).apply(
                lambda known: schedule_policies.dead_letters(known[0], known[1:])
            ),
            opts=child(self),
        )
        for container, rule in rules.items():
            aws.cloudwatch.EventTarget(
                f"{self._name}-{container}-failed",
                rule=rule.name,
                target_id=TARGET,
                arn=args.topic_arn,
                input_transformer={
                    "input_paths": dict(schedule_policies.PATHS),
                    "input_template": self._message(container),
                },
                dead_letter_config={"arn": args.queue.arn},
                opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=[letters])),
            )

    def _message(self, container: str) -> pulumi.Output[str]:
        group = pulumi.Output.from_input(self._kinds[container].log_group_name)
        return group.apply(lambda name: schedule_policies.message(name, container))

    def _count_checks(self) -> None:
        args = self._args
        overdue = next(item for item in args.tasks if item.name == jobs.OVERDUE_NAME)
        aws.cloudwatch.LogMetricFilter(
            f"{self._name}-checked",
            log_group_name=overdue.log_group_name,
            pattern=schedule_policies.CHECKED_PATTERN,
            metric_transformation={
                "name": schedule_alarms.metric_name(schedule_alarms.UNCHECKED, args.stack, args.service),
                "namespace": schedule_alarms.NAMESPACES["log"],
                "value": "1",
                "unit": "Count",
            },
            opts=child(self),
        )

    def _alarms(self, rules: Mapping[str, aws.cloudwatch.EventRule]) -> None:
        subjects: Mapping[schedule_alarms.Subject, Mapping[str, pulumi.Input[str]]] = {
            "group": {"": self._args.group_name},
            "queue": {"": self._args.queue.name},
            "rule": {f"-{container}": rule.name for container, rule in rules.items()},
            "log": {"": ""},
        }
        for row in schedule_alarms.TABLE:
            for suffix, subject in subjects[row.subject].items():
                self._alarm(row, suffix, subject)

    def _alarm(self, row: schedule_alarms.Alarm, suffix: str, subject: pulumi.Input[str]) -> None:
        args = self._args
        dimension = schedule_alarms.DIMENSIONS.get(row.subject)
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{row.name}{suffix}",
            # As the other alarms of the service: it is what a mail's subject shows.
            name=f"estate-{args.stack}-{args.service}-{row.name}{suffix}",
            alarm_description=row.description,
            namespace=schedule_alarms.NAMESPACES[row.subject],
            metric_name=schedule_alarms.metric_name(row, args.stack, args.service),
            dimensions={dimension: subject} if dimension else None,
            statistic=row.statistic,
            comparison_operator=COMPARISONS[row.comparison],
            threshold=row.threshold,
            period=row.period,
            evaluation_periods=row.periods,
            treat_missing_data=row.missing,
            alarm_actions=[args.topic_arn],
            tags={**self._tags, "Severity": "ticket"},
            opts=child(self),
        )
