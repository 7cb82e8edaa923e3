"""Topic, alarms, events and dashboard under the real engine: a whole life, and what an incident says to whom."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from moto.sns.models import sns_backends
from pulumi import automation

from infra import alarm_rules, alarms, log_metrics
from infra.alerts import Alerts, AlertsArgs
from infra.config import Service, parse
from infra.containers import Account
from infra.monitoring import Monitoring, MonitoringArgs
from infra.sizing import INSTANCE_CLASSES
from tests.e2e import small_program
from tests.e2e.small_program import changes
from tests.unit.infra.recorder import REPOSITORY, configuration

with warnings.catch_warnings():
    # The generated SDK announces its own deprecations while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import cloudwatch, kms

REGION, ACCOUNT = "us-east-1", "123456789012"
HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")


def production() -> Service:
    """The second service of prod: a primary and a replica."""
    estate = parse(configuration("prod"), stack="prod", sql_root=REPOSITORY / "sql")
    return next(service for service in estate.services if service.name == "familytales")


class Program:
    """One topic and the watch over one service."""

    def __init__(self) -> None:
        self.service = production()
        self.emails: tuple[str, ...] = ("on-call@example.com",)

    def __call__(self) -> None:
        service, count = self.service, self.service.replicas.count
        key = kms.Key("alerts")
        alerts = Alerts("alerts", AlertsArgs("test", pulumi.Output.from_input(HERE), self.emails, key.arn))
        groups = [cloudwatch.LogGroup(f"log-{number}") for number in range(count + 1)]
        watch = Monitoring(
            f"{service.name}-monitoring",
            MonitoringArgs(
                stack="test",
                service=service,
                region=REGION,
                topic_arn=alerts.topic_arn,
                primary="estate-test-familytales",
                replicas=[f"estate-test-familytales-replica-{number}" for number in range(1, count + 1)],
                primary_log_group=groups[0].name,
                replica_log_groups=[group.name for group in groups[1:]],
                parameter_group="familytales-parameters",
                cluster_name="tasks",
                pooler_service="familytales-pooler",
                load_balancer_suffix="net/pooler/1234",
                target_group_suffix="targetgroup/pooler/5678",
                schedule_group="familytales-jobs",
            ),
        )
        pulumi.export("topic", alerts.topic_arn)
        pulumi.export("page", watch.page_alarm_arn)
        pulumi.export("lag", watch.replica_lag_alarm_names)

    @property
    def planned(self) -> tuple[alarms.Planned, ...]:
        return alarms.plan(alarm_rules.facts("test", self.service))


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def stack(program: Program, endpoint: str, tmp_path: Path) -> Iterator[automation.Stack]:
    """Not destroyed at the end: the tests do that themselves."""
    with small_program.stack_of(program, endpoint, tmp_path) as made:
        yield made


def filters(replicas: int) -> int:
    """How many filters a service of so many replicas has."""
    return len(list(log_metrics.of("primary"))) + replicas * len(list(log_metrics.of("replica")))


def test_the_watch_lives_its_whole_life(stack: automation.Stack, program: Program, aws: Callable[[str], Any]) -> None:
    cloud, logs, topics = aws("cloudwatch"), aws("logs"), aws("sns")
    planned = program.planned
    # stack and two components; key, two log groups; topic, policy, mail, snapshots; composite, dashboard, two events
    everything = 3 + 3 + 4 + 4 + len(planned) + filters(1)
    first = stack.up()
    assert changes(first) == {"create": everything}
    assert changes(stack.up()) == {}, "a second update of the same program does nothing"
    assert changes(stack.refresh()) == {}, "AWS reports what it was given"

    metric = cloud.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"]).build_full_result()
    assert {item["AlarmName"] for item in metric["MetricAlarms"]} == {item.name for item in planned}
    [page] = cloud.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert page["AlarmArn"] == first.outputs["page"].value
    assert first.outputs["lag"].value == {"replica-1": "estate-test-familytales-replica-1-replica-lag"}
    [topic] = topics.list_topics()["Topics"]
    attributes = topics.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert attributes["KmsMasterKeyId"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    assert "events.rds.amazonaws.com" in attributes["Policy"]
    [subscription] = topics.list_subscriptions()["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "on-call@example.com")
    [dashboard] = cloud.list_dashboards()["DashboardEntries"]
    assert dashboard["DashboardName"] == "estate-test-familytales"

    # A larger class moves thresholds, in the alarms and on the dashboard; alarms keep their names, and with them their
    # history. One alarm goes: this link is never slower than the volume.
    program.service = replace(program.service, instance_class=INSTANCE_CLASSES["db.r6g.2xlarge"])
    before = {item.name: item.threshold for item in planned}
    after = {item.name: item.threshold for item in program.planned}
    assert set(before) - set(after) == {"estate-test-familytales-primary-ebs-io-balance"}
    moved = sum(1 for name, threshold in after.items() if threshold != before[name])
    assert changes(stack.up()) == {"update": moved + 1, "delete": 1}
    assert changes(stack.up()) == {}

    # A filter that somebody took away by hand is seen and put back.
    [one, *_] = logs.describe_metric_filters()["metricFilters"]
    logs.delete_metric_filter(logGroupName=one["logGroupName"], filterName=one["filterName"])
    assert changes(stack.refresh()) == {"delete": 1}
    assert changes(stack.up()) == {"create": 1}

    program.emails = ("on-call@example.com", "second@example.com")
    assert changes(stack.up()) == {"create": 1}, "a further reader moves no other"

    stack.destroy()
    assert cloud.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"] == []
    assert cloud.list_dashboards()["DashboardEntries"] == []
    assert logs.describe_metric_filters()["metricFilters"] == []
    assert topics.list_topics()["Topics"] == []
    assert topics.list_subscriptions()["Subscriptions"] == []
    assert aws("rds").describe_event_subscriptions()["EventSubscriptionsList"] == []


def test_an_incident_pages_once_however_many_alarms_go_off(
    stack: automation.Stack, program: Program, aws: Callable[[str], Any]
) -> None:
    cloud = aws("cloudwatch")
    topic = stack.up().outputs["topic"].value

    def told() -> list[tuple[str, str]]:
        """Alarm and state of every message so far."""
        sent = sns_backends[ACCOUNT][REGION].topics[topic].sent_notifications
        messages = [json.loads(message) for _, message, *_ in sent]
        return [(message["AlarmName"], message["NewStateValue"]) for message in messages]

    def turn(key: str, state: str) -> None:
        cloud.set_alarm_state(AlarmName=f"estate-test-familytales-{key}", StateValue=state, StateReason="a test")

    turn("primary-silent", "ALARM")
    turn("healthy-hosts", "ALARM")
    turn("pooler-wait", "ALARM")
    assert told() == [("estate-test-familytales-page", "ALARM")]

    turn("primary-silent", "OK")
    turn("healthy-hosts", "OK")
    assert len(told()) == 1, "somebody still waits"
    turn("pooler-wait", "OK")
    assert told()[1:] == [("estate-test-familytales-page", "OK")]

    # A replica that is gone is a ticket, which tells itself, and pages nobody.
    turn("replica-1-silent", "ALARM")
    assert told()[2:] == [("estate-test-familytales-replica-1-silent", "ALARM")]
    turn("replica-1-silent", "OK")
    assert len(told()) == 3
