"""Schedules through their whole life under the real engine: made, made again without a change, changed, gone."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation

from infra.config import Job
from infra.containers import Account
from infra.schedules import Scheduled, Schedules, SchedulesArgs, scheduled_jobs
from local import schedules
from tests.e2e import small_program
from tests.e2e.small_program import changes

with warnings.catch_warnings():
    # The generated SDK announces its own deprecations while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import cloudwatch, ec2, ecs, iam, kms, sns

REGION, ACCOUNT = "us-east-1", "123456789012"


class Program:
    """A service's schedules and what they need, without a database."""

    def __init__(self) -> None:
        self.jobs = [Job("partitions", "day", "01:10"), Job("refresh", "hour", ":25")]
        self.image = "schema:1"

    def __call__(self) -> None:
        account = pulumi.Output.from_input(Account(ACCOUNT, REGION, "aws", "amazonaws.com"))
        vpc = ec2.Vpc("network", cidr_block="10.3.0.0/16")
        subnet = ec2.Subnet("tasks", vpc_id=vpc.id, cidr_block="10.3.1.0/24", availability_zone=f"{REGION}a")
        group = ec2.SecurityGroup("tasks", vpc_id=vpc.id, description="tasks")
        key = kms.Key("alerts", enable_key_rotation=True, deletion_window_in_days=7)
        topic = sns.Topic("alerts", kms_master_key_id=key.arn)
        cluster = ecs.Cluster("estate")
        log = cloudwatch.LogGroup("schema", retention_in_days=7)
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        role = iam.Role("execution", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        definition = ecs.TaskDefinition(
            "schema",
            family="estate-test-platform-schema",
            container_definitions=json.dumps([{"name": "schema", "image": self.image, "memory": 64}]),
            execution_role_arn=role.arn,
        )
        dump = Scheduled("dump", "cron(40 4 * * ? *)", definition.arn, "dump", None, group.id, [role.arn], log.name)
        made = Schedules(
            "platform-schedules",
            SchedulesArgs(
                "test",
                "platform",
                account,
                cluster.arn,
                [subnet.id],
                topic.arn,
                key.arn,
                [
                    *scheduled_jobs(
                        self.jobs,
                        task_definition_arn=definition.arn,
                        security_group_id=group.id,
                        role_arns=[role.arn],
                        log_group_name=log.name,
                    ),
                    dump,
                ],
            ),
        )
        pulumi.export("group", made.group_name)
        pulumi.export("definition", definition.arn)


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def stack(program: Program, endpoint: str, tmp_path: Path) -> Iterator[automation.Stack]:
    """Not destroyed at the end: the tests do that themselves."""
    with small_program.stack_of(program, endpoint, tmp_path) as made:
        yield made


def of(group: str, aws: Callable[[str], Any]) -> list[schedules.Schedule]:
    """The schedules of one group."""
    return [one for one in schedules.read(aws("scheduler")) if one.group == group]


def test_schedules_live_their_whole_life(stack: automation.Stack, program: Program, aws: Callable[[str], Any]) -> None:
    first = stack.up()
    assert set(changes(first)) == {"create"}
    assert changes(stack.up()) == {}, "a second update of the same program does nothing"
    assert changes(stack.refresh()) == {}, "AWS has what it was told"
    assert changes(stack.up()) == {}

    group = first.outputs["group"].value
    made = {one.name: one for one in of(group, aws)}
    assert set(made) == {"partitions", "refresh", "overdue", "dump"}
    assert len(left(aws)) == 12  # group, two rules, queue, role, seven alarms
    request = made["partitions"].request()
    assert request["taskDefinition"] == first.outputs["definition"].value
    assert request["overrides"]["containerOverrides"][0]["command"][-2:] == ["maintain", "partitions"]

    # Another time: one schedule is changed where it stands.
    program.jobs[0] = Job("partitions", "day", "01:40")
    assert changes(stack.up()) == {"update": 1}
    assert aws("scheduler").get_schedule(GroupName=group, Name="partitions")["ScheduleExpression"] == (
        "cron(40 1 * * ? *)"
    )

    # Another image is another revision, which every schedule then names; the role may run any revision of the family.
    program.image = "schema:2"
    second = stack.up()
    assert changes(second) == {"replace": 1, "update": 4}
    named = {one.request()["taskDefinition"] for one in of(group, aws)}
    assert named == {second.outputs["definition"].value}
    assert named != {first.outputs["definition"].value}

    # A job that is gone takes its schedule with it, and one that is new brings one; the rule follows both.
    program.jobs = [Job("partitions", "day", "01:40"), Job("vacuum", "week", "sun 06:10")]
    assert changes(stack.up()) == {"create": 1, "delete": 1, "update": 1}
    assert {one.name for one in of(group, aws)} == {"partitions", "vacuum", "overdue", "dump"}

    # What somebody changed by hand is seen and put right.
    scheduler = aws("scheduler")
    by_hand = scheduler.get_schedule(GroupName=group, Name="vacuum")
    scheduler.update_schedule(
        GroupName=group,
        Name="vacuum",
        State="DISABLED",
        ScheduleExpression=by_hand["ScheduleExpression"],
        FlexibleTimeWindow=by_hand["FlexibleTimeWindow"],
        Target=by_hand["Target"],
    )
    assert changes(stack.refresh()) == {"update": 1}
    assert changes(stack.up()) == {"update": 1}
    assert scheduler.get_schedule(GroupName=group, Name="vacuum")["State"] == "ENABLED"

    assert set(changes(stack.destroy())) == {"delete"}
    assert left(aws) == []


def left(aws: Callable[[str], Any]) -> list[str]:
    """The names of what the component made that are still there; other tests share the fake account."""
    found = [
        *(row["Name"] for row in aws("scheduler").list_schedule_groups()["ScheduleGroups"]),
        *(row["Name"] for row in aws("events").list_rules()["Rules"]),
        *(url.rpartition("/")[2] for url in aws("sqs").list_queues().get("QueueUrls", [])),
        *(row["RoleName"] for row in aws("iam").list_roles()["Roles"]),
    ]
    alarms = [row["AlarmName"] for row in aws("cloudwatch").describe_alarms()["MetricAlarms"]]
    return [name for name in found if name.startswith("platform-schedules")] + [
        name for name in alarms if name.startswith("estate-test-platform-schedule")
    ]
