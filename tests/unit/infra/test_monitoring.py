"""What a stack asks of AWS so that somebody is told: topic, filters, alarms, events, dashboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi_aws import rds

from infra import alarm_rules, alarms, log_metrics
from infra.alarms import Planned
from infra.alerts import Alerts, AlertsArgs
from infra.config import Service, parse
from infra.containers import Account
from infra.monitoring import INSTANCE_EVENTS, Monitoring, MonitoringArgs
from infra.monitoring_policies import topic_policy
from local.moto_gaps import alarm_rule
from local.moto_gaps.rds_events import CATEGORIES
from tests.unit.infra.recorder import ACCOUNT, REGION, REPOSITORY, Recording, Registered, configuration, record

HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
ALARM, COMPOSITE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
EVENTS = "aws:rds/eventSubscription:EventSubscription"


@pytest.fixture(scope="module")
def service() -> Service:
    estate = parse(configuration("prod"), stack="prod", sql_root=REPOSITORY / "sql")
    return next(row for row in estate.services if row.name == "platform")


def watch(service: Service) -> Recording:
    count = service.replicas.count

    def program() -> None:
        made = Monitoring(
            "platform-monitoring",
            MonitoringArgs(
                stack="prod",
                service=service,
                region=REGION,
                topic_arn=TOPIC,
                primary="estate-prod-platform",
                replicas=[f"estate-prod-platform-replica-{number}" for number in range(1, count + 1)],
                primary_log_group="/aws/rds/instance/estate-prod-platform/postgresql",
                replica_log_groups=[
                    f"/aws/rds/instance/estate-prod-platform-replica-{n + 1}/postgresql" for n in range(count)
                ],
                parameter_group="platform-parameters",
                cluster_name="tasks",
                pooler_service="platform-pooler",
                load_balancer_suffix="net/pooler/1",
                target_group_suffix="targetgroup/pooler/2",
            ),
        )
        pulumi.export("page", made.page_alarm_arn)
        pulumi.export("lag", made.replica_lag_alarm_names)

    return record(program, "prod")


@pytest.fixture(scope="module")
def watched(service: Service) -> Recording:
    return watch(service)


@pytest.fixture(scope="module")
def planned(service: Service) -> tuple[Planned, ...]:
    return alarms.plan(alarm_rules.facts("prod", service))


@pytest.fixture(scope="module")
def alerts() -> Recording:
    def program() -> None:
        emails = ("on-call@example.com", "Second.Reader@example.com")
        made = Alerts("alerts", AlertsArgs("prod", pulumi.Output.from_input(HERE), emails, "arn:key"))
        pulumi.export("topic", made.topic_arn)

    return record(program, "prod")


def alarm(watched: Recording, key: str) -> dict[str, Any]:
    return watched.one(ALARM, f"platform-monitoring-{key}").inputs


def test_every_planned_alarm_is_asked_for_and_no_other(watched: Recording, planned: tuple[Planned, ...]) -> None:
    made = watched.of(ALARM)
    assert set(made) == {f"platform-monitoring-{item.key}" for item in planned}
    for item in planned:
        inputs = made[f"platform-monitoring-{item.key}"].inputs
        assert inputs["name"] == item.name
        assert inputs["threshold"] == item.threshold
        assert inputs["evaluationPeriods"] == item.row.periods
        assert inputs["treatMissingData"] == item.row.missing
        assert inputs["alarmDescription"] == item.description
        assert inputs["tags"]["Severity"] == item.severity
        assert inputs["tags"]["Service"] == "platform"


def test_an_alarm_names_what_it_watches(watched: Recording) -> None:
    cpu = alarm(watched, "replica-2-cpu")
    assert (cpu["namespace"], cpu["metricName"], cpu["statistic"], cpu["period"]) == (
        "AWS/RDS",
        "CPUUtilization",
        "Average",
        300,
    )
    assert cpu["dimensions"] == {"DBInstanceIdentifier": "estate-prod-platform-replica-2"}
    assert (cpu["comparisonOperator"], cpu["threshold"]) == ("GreaterThanThreshold", 80)
    assert alarm(watched, "pooler-wait")["dimensions"] == {"Stack": "prod", "Service": "platform"}
    assert alarm(watched, "healthy-hosts")["dimensions"] == {
        "LoadBalancer": "net/pooler/1",
        "TargetGroup": "targetgroup/pooler/2",
    }
    assert alarm(watched, "tasks-cpu")["dimensions"] == {"ClusterName": "tasks", "ServiceName": "platform-pooler"}
    refused = alarm(watched, "connections-refused")
    assert (refused["namespace"], refused["metricName"]) == ("PostgresEstate", "prod-platform-ConnectionSlotsExhausted")
    assert "dimensions" not in refused


def test_several_metrics_are_added_up(watched: Recording) -> None:
    inputs = alarm(watched, "primary-iops")
    whole, *parts = inputs["metricQueries"]
    assert whole == {"id": "total", "expression": "m0 + m1", "label": "ReadIOPS + WriteIOPS", "returnData": True}
    assert [part["metric"]["metricName"] for part in parts] == ["ReadIOPS", "WriteIOPS"]
    assert all(part["returnData"] is False for part in parts)
    assert {"metricName", "namespace", "statistic", "period", "dimensions"} & set(inputs) == set()


def test_a_page_is_told_by_one_alarm_and_a_ticket_by_itself(watched: Recording, planned: tuple[Planned, ...]) -> None:
    for item in planned:
        inputs = alarm(watched, item.key)
        assert inputs.get("alarmActions", []) == ([TOPIC] if item.severity == "ticket" else []), item.key
        assert "okActions" not in inputs
    [page] = watched.of(COMPOSITE).values()
    assert page.inputs["alarmName"] == "estate-prod-platform-page"
    assert page.inputs["alarmActions"] == page.inputs["okActions"] == [TOPIC]
    assert set(alarm_rule.alarms(page.inputs["alarmRule"])) == {item.name for item in alarms.pages(planned)}
    # Deleted before its children and made after them: CloudWatch refuses the other order.
    assert {f"{ALARM} platform-monitoring-{item.key}" for item in alarms.pages(planned)} <= page.dependencies


def test_dns_is_told_the_alarm_on_each_replicas_lag(watched: Recording) -> None:
    assert watched.stack_outputs["lag"] == {
        f"replica-{number}": f"estate-prod-platform-replica-{number}-replica-lag" for number in (1, 2, 3)
    }
    for number in (1, 2, 3):
        inputs = alarm(watched, f"replica-{number}-replica-lag")
        assert "metricQueries" not in inputs
        assert inputs["datapointsToAlarm"] == inputs["evaluationPeriods"] == 10
        assert (inputs["statistic"], inputs["threshold"]) == ("Minimum", 300)


def test_every_log_is_counted_and_counts_even_nothing(watched: Recording) -> None:
    filters = watched.of("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    groups: dict[str, list[Registered]] = {}
    for item in filters.values():
        groups.setdefault(item.inputs["logGroupName"], []).append(item)
    assert len(groups) == 4
    for group, rows in groups.items():
        role = "replica" if "-replica-" in group else "primary"
        wanted = {row.pattern for row in log_metrics.of("replica" if role == "replica" else "primary")}
        assert {row.inputs["pattern"] for row in rows} == wanted
        for row in rows:
            transformation = row.inputs["metricTransformation"]
            assert transformation["namespace"] == "PostgresEstate"
            assert transformation["name"].startswith("prod-platform-")
            assert (transformation["value"], transformation["defaultValue"]) == ("1", "0")
            assert "dimensions" not in transformation, "CloudWatch takes none beside a default value"


def test_rds_tells_of_the_servers_and_their_parameters(watched: Recording) -> None:
    found = watched.of(EVENTS)
    instances = found["platform-monitoring-instances"].inputs
    assert instances["sourceType"] == "db-instance"
    assert instances["sourceIds"] == [
        "estate-prod-platform",
        *(f"estate-prod-platform-replica-{number}" for number in (1, 2, 3)),
    ]
    assert {"failover", "failure", "low storage", "maintenance", "deletion"} <= set(instances["eventCategories"])
    assert "backup" not in instances["eventCategories"], "two mails a day that all is well"
    parameters = found["platform-monitoring-parameters"].inputs
    assert (parameters["sourceType"], parameters["sourceIds"]) == ("db-parameter-group", ["platform-parameters"])
    assert set(found) == {"platform-monitoring-instances", "platform-monitoring-parameters"}
    assert set(INSTANCE_EVENTS) <= CATEGORIES["db-instance"]


def test_the_dashboard_shows_the_alarms_that_are_made(watched: Recording, planned: tuple[Planned, ...]) -> None:
    [board] = watched.of("aws:cloudwatch/dashboard:Dashboard").values()
    assert board.inputs["dashboardName"] == "estate-prod-platform"
    widgets = json.loads(board.inputs["dashboardBody"])["widgets"]
    shown = {arn for each in widgets if each["type"] == "alarm" for arn in each["properties"]["alarms"]}
    made = {f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:platform-monitoring-{key}" for key in (i.key for i in planned)}
    assert shown == {*made, f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:platform-monitoring-page"}
    assert {each["properties"]["region"] for each in widgets if each["type"] == "metric"} == {REGION}


def test_a_service_without_replicas_is_watched_too(service: Service) -> None:
    alone = watch(replace(service, replicas=replace(service.replicas, count=0)))
    assert alone.stack_outputs["lag"] == {}
    assert not any("replica" in name for name in alone.of(ALARM))


def test_everything_belongs_to_its_component_and_has_tags(watched: Recording, alerts: Recording) -> None:
    untaggable = {"logMetricFilter", "dashboard", "topicPolicy", "topicSubscription"}
    for made in (watched, alerts):
        for item in made.resources:
            if not item.type.startswith("aws:"):
                continue
            assert item.request.parent.split("::")[2].endswith((":Monitoring", ":Alerts")), item.name
            kind = item.type.split(":")[1].split("/")[1]
            assert (kind in untaggable) == ("tags" not in item.inputs), item.name


def test_the_topic_is_encrypted_and_its_readers_keep_their_names(alerts: Recording) -> None:
    [topic] = alerts.of("aws:sns/topic:Topic").values()
    assert topic.inputs["kmsMasterKeyId"] == "arn:key"
    readers = alerts.of("aws:sns/topicSubscription:TopicSubscription")
    assert {name: item.inputs["endpoint"] for name, item in readers.items()} == {
        "alerts-on-call-at-example-com": "on-call@example.com",
        "alerts-second-reader-at-example-com": "Second.Reader@example.com",
    }
    assert {item.inputs["protocol"] for item in readers.values()} == {"email"}
    [snapshots] = alerts.of(EVENTS).values()
    assert snapshots.inputs["sourceType"] == "db-snapshot"
    assert set(snapshots.inputs["eventCategories"]) <= CATEGORIES["db-snapshot"]
    assert "aws:sns/topicPolicy:TopicPolicy alerts" in snapshots.dependencies


def test_whoever_is_given_the_topic_waits_for_its_policy() -> None:
    def program() -> None:
        made = Alerts("alerts", AlertsArgs("prod", pulumi.Output.from_input(HERE), (), "arn:key"))
        rds.EventSubscription("events", sns_topic=made.topic_arn)

    subscription = record(program, "prod").one(EVENTS, "events")
    assert subscription.dependencies >= {"aws:sns/topicPolicy:TopicPolicy alerts"}


def test_only_aws_may_publish_and_only_for_this_account() -> None:
    policy = json.loads(topic_policy(TOPIC, HERE))
    statements = {row["Sid"]: row for row in policy["Statement"]}
    assert {sid: row["Principal"] for sid, row in statements.items() if row["Effect"] == "Allow"} == {
        "PublishByCloudWatch": {"Service": "cloudwatch.amazonaws.com"},
        "PublishByRds": {"Service": "events.rds.amazonaws.com"},
        "PublishByEventBridge": {"Service": "events.amazonaws.com"},
    }
    for sid in ("PublishByCloudWatch", "PublishByRds"):
        assert statements[sid]["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert statements["PublishByCloudWatch"]["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
    }
    assert "Condition" not in statements["PublishByEventBridge"], "SNS is told none, so that every event would be lost"
    assert statements["OnlyOverTls"]["Effect"] == "Deny"
    assert statements["OnlyOverTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {(row["Action"], row["Resource"]) for row in statements.values()} == {("sns:Publish", TOPIC)}


@pytest.mark.parametrize("stack", ["prod", "dev", "local"])
def test_in_a_whole_stack_every_alarm_knows_what_it_watches(recorded: Callable[[str], Recording], stack: str) -> None:
    whole = recorded(stack)
    made = whole.of(ALARM)
    assert len({item.inputs["name"] for item in made.values()}) == len(made)
    for item in made.values():
        parts = [item.inputs, *(part["metric"] for part in item.inputs.get("metricQueries", ()) if "metric" in part)]
        for part in parts:
            assert all(part.get("dimensions", {}).values()), item.name
    services = whole.stack_outputs["services"]
    assert len(whole.of(COMPOSITE)) == len(whole.of("aws:cloudwatch/dashboard:Dashboard")) == len(services)
    assert list(whole.of("aws:sns/topic:Topic")) == ["alerts"], "one topic for the stack"
    # RDS's quota: 20 event subscriptions in an account and region.
    assert len(whole.of(EVENTS)) == 1 + 2 * len(services) <= 20
