"""EventBridge and its scheduler in the fake AWS, where moto alone would say something else than AWS does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import moto_gaps
from tests.unit.provider.conftest import World

TARGET = {"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/x", "RoleArn": "arn:aws:iam::123456789012:role/x"}
OFF = {"Mode": "OFF"}
DAILY = "cron(10 1 * * ? *)"


@pytest.fixture
def group(aws: Any) -> Any:
    scheduler = aws("scheduler")
    scheduler.create_schedule_group(Name="corrected")
    yield scheduler
    scheduler.delete_schedule_group(Name="corrected")


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_a_group_of_schedules_exists_once_and_the_default_one_stays(group: Any) -> None:
    with pytest.raises(ClientError) as refused:
        group.create_schedule_group(Name="corrected")
    assert code(refused) == "ConflictException"
    with pytest.raises(ClientError) as refused:
        group.delete_schedule_group(Name="default")
    assert code(refused) == "ValidationException"
    with pytest.raises(ClientError) as refused:
        group.delete_schedule_group(Name="never-made")
    assert code(refused) == "ResourceNotFoundException"


def test_a_schedule_needs_its_group_and_a_time_that_can_be_fired(group: Any) -> None:
    def make(name: str, where: str, expression: str) -> None:
        group.create_schedule(
            Name=name, GroupName=where, ScheduleExpression=expression, FlexibleTimeWindow=OFF, Target=TARGET
        )

    with pytest.raises(ClientError) as refused:
        make("lost", "never-made", DAILY)
    assert code(refused) == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="does not understand"):
        make("often", "corrected", "rate(5 minutes)")
    make("daily", "corrected", DAILY)
    with pytest.raises(ClientError) as refused:
        make("daily", "corrected", DAILY)
    assert code(refused) == "ConflictException"


def test_what_an_update_does_not_say_falls_back_to_its_default(group: Any) -> None:
    settings = {"Name": "off", "GroupName": "corrected", "FlexibleTimeWindow": OFF, "Target": TARGET}
    group.create_schedule(**settings, ScheduleExpression=DAILY, State="DISABLED")
    group.update_schedule(**settings, ScheduleExpression=DAILY)
    assert group.get_schedule(Name="off", GroupName="corrected")["State"] == "ENABLED"


def test_the_end_of_a_task_is_told_once_to_a_topic_by_a_rule_that_wants_it(aws: Any, world: World) -> None:
    moto_gaps.apply(None)  # once more than the fixture did: a test run corrects moto as often as it has fake accounts
    ecs, events, sns, sqs = aws("ecs"), aws("events"), aws("sns"), aws("sqs")
    topic = sns.create_topic(Name="corrected")["TopicArn"]
    box = sqs.create_queue(QueueName="corrected")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=box, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def rule(name: str, state: str, **detail: Any) -> None:
        pattern = {"source": ["aws.ecs"], "detail": {"group": ["corrected"], **detail}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
        transformer = {
            "InputPathsMap": {"group": "$.detail.group", "code": "$.detail.containers[0].exitCode"},
            "InputTemplate": f'"{name}: <group> stopped"\n"code <code>, <unknown>"',
        }
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": topic, "InputTransformer": transformer}])

    rule("wanted", "ENABLED", lastStatus=["STOPPED"], containers={"name": ["main"]})
    rule("other-container", "ENABLED", containers={"name": ["sidecar"]})
    rule("off", "DISABLED")
    network = {"awsvpcConfiguration": {"subnets": [world.subnet(0)], "securityGroups": [world.group(0)]}}
    ran = ecs.run_task(
        cluster=world.cluster(),
        taskDefinition=world.task(0),
        launchType="FARGATE",
        group="corrected",
        networkConfiguration=network,
    )
    for task in ran["tasks"]:
        ecs.stop_task(cluster=world.cluster(), task=task["taskArn"])

    told = sqs.receive_message(QueueUrl=box, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["Message"] for message in told] == [
        '"wanted: corrected stopped"\n"code , <unknown>"'
    ]
    for name in ("wanted", "other-container", "off"):
        events.remove_targets(Rule=name, Ids=["1"])
        events.delete_rule(Name=name)
    sqs.delete_queue(QueueUrl=box)
    sns.delete_topic(TopicArn=topic)
