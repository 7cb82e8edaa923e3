"""CloudWatch's alarms and filters and RDS's event subscriptions, where moto has none of its own or other ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.moto_gaps import alarm_rule
from local.moto_gaps.alarm_rule import BadRule, holds
from tests.unit.provider.engine import REGION

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('ALARM("down")', True),
        ("ALARM(down)", True),
        ('OK("down")', False),
        ('ALARM("arn:aws:cloudwatch:eu-west-1:1:alarm:down")', True),
        ('INSUFFICIENT_DATA("unknown")', True),
        ('ALARM("fine") OR ALARM("down")', True),
        ('ALARM("fine") AND ALARM("down")', False),
        ('ALARM("down") OR ALARM("fine") AND ALARM("fine")', True),
        ('(ALARM("down") OR ALARM("fine")) AND ALARM("fine")', False),
        ('NOT ALARM("fine") AND ALARM("down")', True),
        ("TRUE OR FALSE", True),
    ],
)
def test_a_rule_is_read_as_cloudwatch_reads_it(rule: str, expected: bool) -> None:
    assert holds(rule, {"down": "ALARM", "fine": "OK", "unknown": "INSUFFICIENT_DATA"}) is expected


@pytest.mark.parametrize(
    "rule", ["", "ALARM()", 'ALARM("a"', 'ALARM("a") ALARM("b")', 'RED("a")', "OR", 'ALARM("a") AND']
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(BadRule):
        alarm_rule.alarms(rule)


@pytest.fixture
def cloud(aws: Any) -> Iterator[Any]:
    """CloudWatch with two alarms, and nothing of it afterwards."""
    client = aws("cloudwatch")
    for name in ("gap-one", "gap-two"):
        put(client, name)
    yield client
    client.delete_alarms(AlarmNames=["gap-page", "gap-one", "gap-two"])


def put(client: Any, name: str, **more: Any) -> None:
    client.put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1.0,
        Namespace="Gap",
        MetricName="Gap",
        Period=60,
        Statistic="Sum",
        **more,
    )


def page(client: Any, rule: str = 'ALARM("gap-one") OR ALARM("gap-two")', **more: Any) -> None:
    client.put_composite_alarm(AlarmName="gap-page", AlarmRule=rule, **more)


def states(client: Any) -> dict[str, str]:
    found = client.describe_alarms(AlarmNamePrefix="gap-", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {each["AlarmName"]: each["StateValue"] for each in (*found["MetricAlarms"], *found["CompositeAlarms"])}


def turn(client: Any, name: str, state: str) -> None:
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")


def test_a_composite_alarm_follows_its_alarms(cloud: Any) -> None:
    page(cloud)
    assert states(cloud) == {"gap-one": "INSUFFICIENT_DATA", "gap-two": "INSUFFICIENT_DATA", "gap-page": "OK"}
    turn(cloud, "gap-two", "ALARM")
    assert states(cloud)["gap-page"] == "ALARM"
    turn(cloud, "gap-two", "OK")
    assert states(cloud)["gap-page"] == "OK"


def test_an_alarm_that_is_put_again_keeps_its_state_and_its_tags(cloud: Any) -> None:
    turn(cloud, "gap-one", "ALARM")
    put(cloud, "gap-one", Tags=[{"Key": "Stack", "Value": "late"}])
    assert states(cloud)["gap-one"] == "ALARM"
    [one] = cloud.describe_alarms(AlarmNames=["gap-one"])["MetricAlarms"]
    assert cloud.list_tags_for_resource(ResourceARN=one["AlarmArn"])["Tags"] == []


def test_composite_alarms_are_shown_to_who_asks_for_them(cloud: Any) -> None:
    page(cloud)
    assert cloud.describe_alarms(AlarmNames=["gap-page"])["CompositeAlarms"] == []
    [found] = cloud.describe_alarms(AlarmNames=["gap-page"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert found["AlarmRule"] == 'ALARM("gap-one") OR ALARM("gap-two")'


def test_a_rule_needs_its_alarms_and_they_stay_with_it(cloud: Any) -> None:
    with pytest.raises(ClientError, match=r"gap-three.* do not exist"):
        page(cloud, 'ALARM("gap-three")')
    with pytest.raises(ClientError, match="AlarmRule is invalid"):
        page(cloud, 'ALARM("gap-one"')
    page(cloud)
    with pytest.raises(ClientError, match="composite alarm"):
        cloud.delete_alarms(AlarmNames=["gap-one"])
    assert "gap-one" in states(cloud)


def test_a_filter_is_put_in_the_place_of_its_namesake_and_goes_with_its_group(aws: Any) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="gap")

    def filter_(pattern: str) -> None:
        logs.put_metric_filter(
            logGroupName="gap",
            filterName="errors",
            filterPattern=pattern,
            metricTransformations=[{"metricName": "Errors", "metricNamespace": "Gap", "metricValue": "1"}],
        )

    filter_("one")
    filter_("two")
    [found] = logs.describe_metric_filters(logGroupName="gap")["metricFilters"]
    assert found["filterPattern"] == "two"
    logs.delete_log_group(logGroupName="gap")
    assert logs.describe_metric_filters(filterNamePrefix="errors")["metricFilters"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        filter_("three")


def test_an_event_subscription_takes_what_rds_takes(aws: Any) -> None:
    client, topic = aws("rds"), aws("sns").create_topic(Name="gap-events")["TopicArn"]

    def subscribe(name: str, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = client.create_event_subscription(SubscriptionName=name, **{"SnsTopicArn": topic, **more})
        return made["EventSubscription"]  # type: ignore[no-any-return]

    with pytest.raises(ClientError, match="SNSTopicArnNotFound"):
        subscribe("gap", SnsTopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:nowhere")
    with pytest.raises(ClientError, match="need a source type"):
        subscribe("gap", SourceIds=["one"])
    with pytest.raises(ClientError, match="no event category low memory"):
        subscribe("gap", SourceType="db-instance", EventCategories=["failover", "low memory"])
    made = subscribe("gap", SourceType="db-instance", SourceIds=["one"], EventCategories=["failover"])
    assert (made["Enabled"], made["Status"], made["CustomerAwsId"]) == (True, "active", ACCOUNT)
    with pytest.raises(ClientError, match="SourceNotFound"):
        client.remove_source_identifier_from_subscription(SubscriptionName="gap", SourceIdentifier="two")
    client.delete_event_subscription(SubscriptionName="gap")
    aws("sns").delete_topic(TopicArn=topic)


def test_an_alarm_tells_its_topic_when_its_state_changes_and_only_then(cloud: Any, aws: Any) -> None:
    queue = aws("sqs").create_queue(QueueName="gap-alarms")["QueueUrl"]
    topic = aws("sns").create_topic(Name="gap-alarms")["TopicArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:gap-alarms")
    put(cloud, "gap-one", AlarmActions=[topic])
    turn(cloud, "gap-one", "ALARM")
    turn(cloud, "gap-one", "ALARM")
    turn(cloud, "gap-one", "OK")
    heard = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    [told] = [json.loads(json.loads(each["Body"])["Message"]) for each in heard]
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == (
        "gap-one",
        "INSUFFICIENT_DATA",
        "ALARM",
    )
    aws("sns").delete_topic(TopicArn=topic)
    aws("sqs").delete_queue(QueueUrl=queue)
