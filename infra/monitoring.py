"""Everything that watches one service: filters on its logs, its alarms, its events, its dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import alarms, dashboard, log_metrics
from infra.alarm_rules import NAMESPACES, facts
from infra.alarms import Planned
from infra.config import Service
from infra.options import child, tags

Composite = aws.cloudwatch.CompositeAlarm

COMPARISONS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}
# What RDS is asked to tell of. Left out: backup, two mails a day that all is well (others took it out again: opg-lpa
# #1243, aws_native_chef_server #32); creation and restoration, which are this program's own. An account has 20
# subscriptions in a region by default: each service takes two, the stack one.
# RDS User Guide, "Amazon RDS event categories and event messages".
INSTANCE_EVENTS = (
    "availability",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "read replica",
    "recovery",
    "security",
    "security patching",
)
PARAMETER_EVENTS = ("configuration change",)


@dataclass(frozen=True, slots=True)
class MonitoringArgs:
    """What a service's monitoring is made from; names as CloudWatch has them in its dimensions."""

    stack: str
    service: Service
    region: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    primary: pulumi.Input[str]
    """The primary's identifier, as are the replicas'."""
    replicas: Sequence[pulumi.Input[str]]
    primary_log_group: pulumi.Input[str]
    """The name of the group that the primary's `postgresql` log goes to."""
    replica_log_groups: Sequence[pulumi.Input[str]]
    parameter_group: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    pooler_service: pulumi.Input[str]
    load_balancer_suffix: pulumi.Input[str]
    """The end of the load balancer's ARN: net/<name>/<id>."""
    target_group_suffix: pulumi.Input[str]
    """The end of the target group's ARN: targetgroup/<name>/<id>."""
    schedule_group: pulumi.Input[str] | None = None
    """The name of the group of the service's schedules, for the dashboard."""


class Monitoring(pulumi.ComponentResource):
    """The watch over one service."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Monitoring", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service.name)
        self._facts = facts(args.stack, args.service)
        self._values: dict[str, pulumi.Input[str]] = {
            "primary": args.primary,
            **{f"replica-{number}": identifier for number, identifier in enumerate(args.replicas, start=1)},
            "Stack": args.stack,
            "Service": args.service.name,
            "ClusterName": args.cluster_name,
            "ServiceName": args.pooler_service,
            "LoadBalancer": args.load_balancer_suffix,
            "TargetGroup": args.target_group_suffix,
            **({} if args.schedule_group is None else {"ScheduleGroup": args.schedule_group}),
        }
        self._filters()
        planned = alarms.plan(self._facts)
        made = {item.key: self._alarm(item) for item in planned}
        page = self._page(planned, made)
        self._events()
        self._dashboard(made, page)
        self.page_alarm_arn: pulumi.Output[str] = page.arn
        # replica-1, replica-2 ... as the configuration counts them -> the name of the alarm on its lag.
        self.replica_lag_alarm_names: dict[str, pulumi.Output[str]] = {
            item.target: made[item.key].name for item in planned if item.row.name == "replica-lag"
        }
        # What those alarms say, for whoever copies it: Route 53 never looks again by itself.
        terms = {
            f"{item.row.comparison} {item.threshold:g} {item.row.period}x{item.row.periods}"
            for item in planned
            if item.row.name == "replica-lag"
        }
        self.replica_lag_terms = " ".join(sorted(terms))
        self.register_outputs({"page_alarm": page.arn, "replica_lag_alarms": self.replica_lag_alarm_names})

    def _filters(self) -> None:
        """The counters of log lines; those of all servers count in one metric."""
        args = self._args
        groups: Mapping[str, pulumi.Input[str]] = {
            "primary": args.primary_log_group,
            **{f"replica-{number}": group for number, group in enumerate(args.replica_log_groups, start=1)},
        }
        for target, group in groups.items():
            for row in log_metrics.of("primary" if target == "primary" else "replica"):
                aws.cloudwatch.LogMetricFilter(
                    f"{self._name}-{target}-{row.metric}",
                    log_group_name=group,
                    pattern=row.pattern,
                    metric_transformation={
                        "name": alarms.metric_name("logs", row.metric, self._facts),
                        "namespace": log_metrics.NAMESPACE,
                        "value": "1",
                        # Without it the metric has no points while nothing matches, and a graph has holes.
                        "default_value": "0",
                        "unit": "Count",
                    },
                    opts=child(self),
                )

    def _alarm(self, item: Planned) -> aws.cloudwatch.MetricAlarm:
        row = item.row
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{item.key}",
            name=item.name,
            alarm_description=item.description,
            **self._watched(item),
            comparison_operator=COMPARISONS[row.comparison],
            threshold=item.threshold,
            evaluation_periods=row.periods,
            datapoints_to_alarm=row.datapoints or row.periods,
            treat_missing_data=row.missing,
            # A page is told by the composite alarm. A ticket tells itself, and is closed by whoever took it.
            alarm_actions=[self._args.topic_arn] if item.severity == "ticket" else None,
            tags={**self._tags, "Severity": item.severity},
            opts=child(self),
        )

    def _watched(self, item: Planned) -> dict[str, Any]:
        """The inputs that say what is watched: a metric, or the sum of several."""
        row = item.row
        namespace, dimensions = NAMESPACES[row.scope], alarms.dimensions(row.scope, item.target, self._values)
        names = [alarms.metric_name(row.scope, metric, self._facts) for metric in row.metrics]
        if len(names) == 1:
            return {
                "namespace": namespace,
                "metric_name": names[0],
                "statistic": row.statistic,
                "period": row.period,
                "dimensions": dimensions or None,
            }
        parts = [
            {
                "id": f"m{number}",
                "metric": {
                    "namespace": namespace,
                    "metric_name": metric,
                    "stat": row.statistic,
                    "period": row.period,
                    "dimensions": dimensions,
                },
                "return_data": False,
            }
            for number, metric in enumerate(names)
        ]
        together = " + ".join(f"m{number}" for number in range(len(names)))
        whole = {"id": "total", "expression": together, "label": " + ".join(names), "return_data": True}
        return {"metric_queries": [whole, *parts]}

    def _page(self, planned: Sequence[Planned], made: Mapping[str, aws.cloudwatch.MetricAlarm]) -> Composite:
        """One alarm for all that wakes somebody: it tells once, and once more when all of it is over."""
        awake = alarms.pages(planned)
        return Composite(
            f"{self._name}-page",
            alarm_name=f"{alarms.prefix(self._facts)}-page",
            alarm_description="PAGE: users are affected or soon will be. First: the service's dashboard, top row; it "
            "names the alarms behind this one, and each says what to do.",
            # Out of the alarms' own names, so that they exist before it does and outlive it.
            alarm_rule=pulumi.Output.all(*(made[item.key].name for item in awake)).apply(alarms.page_rule),
            alarm_actions=[self._args.topic_arn],
            ok_actions=[self._args.topic_arn],
            tags={**self._tags, "Severity": "page"},
            opts=child(self),
        )

    def _events(self) -> None:
        """What RDS tells by itself: what no metric shows."""
        args = self._args
        sources: dict[str, tuple[str, Sequence[pulumi.Input[str]], tuple[str, ...]]] = {
            "instances": ("db-instance", [args.primary, *args.replicas], INSTANCE_EVENTS),
            "parameters": ("db-parameter-group", [args.parameter_group], PARAMETER_EVENTS),
        }
        for suffix, (kind, identifiers, categories) in sources.items():
            aws.rds.EventSubscription(
                f"{self._name}-{suffix}",
                sns_topic=args.topic_arn,
                source_type=kind,
                source_ids=list(identifiers),
                event_categories=list(categories),
                tags=self._tags,
                opts=child(self),
            )

    def _dashboard(self, made: Mapping[str, aws.cloudwatch.MetricAlarm], page: Composite) -> None:
        args = self._args
        names = pulumi.Output.all(
            region=args.region,
            values=self._values,
            page_arn=page.arn,
            alarm_arns={key: alarm.arn for key, alarm in made.items()},
            log_group=args.primary_log_group,
        ).apply(lambda known: dashboard.Names(**known))
        aws.cloudwatch.Dashboard(
            f"{self._name}-dashboard",
            # People look for it by this name.
            dashboard_name=alarms.prefix(self._facts),
            dashboard_body=names.apply(lambda known: dashboard.body(self._facts, known)),
            opts=child(self),
        )
