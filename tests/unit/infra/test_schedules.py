"""The schedules of a service: what they start, what may start it, and who hears of what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi
import pytest
from moto.events.models import EventPattern

from infra import jobs, schedule_alarms, schedule_policies
from infra.config import Job
from infra.containers import Account
from infra.schedules import Scheduled, Schedules, SchedulesArgs, scheduled_jobs
from local import moto_gaps
from local.moto_gaps.events import message
from tests.unit.infra.recorder import ACCOUNT, REGION, Recording, record

HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/estate"
SCHEMA_TASK = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/estate-test-platform-schema:7"
DUMP_TASK = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/estate-test-platform-dump:3"
EXECUTION, DUMPER = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("execution", "dumper"))
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
JOBS = (Job("partitions", "day", "01:10"), Job("refresh", "hour", ":25"), Job("vacuum", "week", "sun 06:10"))
NAMES = {"partitions", "refresh", "vacuum", "overdue", "dump"}


def program() -> None:
    tasks = scheduled_jobs(
        JOBS,
        task_definition_arn=SCHEMA_TASK,
        security_group_id="sg-schema",
        role_arns=[EXECUTION],
        log_group_name="schema-log",
    )
    dump = Scheduled("dump", "cron(40 4 * * ? *)", DUMP_TASK, "dump", None, "sg-dump", [EXECUTION, DUMPER], "dump-log")
    args = SchedulesArgs(
        "test",
        "platform",
        pulumi.Output.from_input(HERE),
        CLUSTER,
        ["subnet-1", "subnet-2"],
        TOPIC,
        KEY,
        [*tasks, dump],
    )
    Schedules("platform-schedules", args)


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return record(program)


def schedules(recorded: Recording) -> dict[str, dict[str, Any]]:
    found = recorded.of("aws:scheduler/schedule:Schedule").values()
    return {item.inputs["name"]: item.inputs for item in found}


def test_each_job_and_the_question_after_them_has_a_schedule_in_the_services_group(recorded: Recording) -> None:
    found = schedules(recorded)
    assert {name: row["scheduleExpression"] for name, row in found.items()} == {
        "partitions": "cron(10 1 * * ? *)",
        "refresh": "cron(25 * * * ? *)",
        "vacuum": "cron(10 6 ? * SUN *)",
        "overdue": "cron(10 8 * * ? *)",
        "dump": "cron(40 4 * * ? *)",
    }
    [group] = recorded.of("aws:scheduler/scheduleGroup:ScheduleGroup").values()
    assert group.inputs["tags"]["Service"] == "platform"
    assert {row["groupName"] for row in found.values()} == {f"{group.name}-1a2b3c4"}
    assert {row["scheduleExpressionTimezone"] for row in found.values()} == {"UTC"}
    assert all(row["flexibleTimeWindow"] == {"mode": "OFF"} for row in found.values())


def test_a_schedule_runs_the_deployed_revision_on_fargate_without_a_public_address(recorded: Recording) -> None:
    target = schedules(recorded)["partitions"]["target"]
    assert target["arn"] == CLUSTER
    assert target["ecsParameters"] == {
        "taskDefinitionArn": SCHEMA_TASK,
        "taskCount": 1,
        "launchType": "FARGATE",
        "group": "estate-test-platform-partitions",
        "propagateTags": "TASK_DEFINITION",
        "networkConfiguration": {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-schema"],
            "assignPublicIp": False,
        },
    }
    assert schedules(recorded)["dump"]["target"]["ecsParameters"]["taskDefinitionArn"] == DUMP_TASK


def test_the_command_replaces_the_definitions_and_the_actor_is_named(recorded: Recording) -> None:
    handed = {name: json.loads(row["target"]["input"]) for name, row in schedules(recorded).items()}
    assert handed["refresh"] == {
        "containerOverrides": [
            {
                "name": "schema",
                "command": ["python", "-m", "schema", "maintain", "refresh"],
                "environment": [{"name": "ESTATE_ACTOR", "value": "schedule refresh"}],
            }
        ]
    }
    assert handed["overdue"]["containerOverrides"][0]["command"] == ["python", "-m", "schema", "overdue"]
    assert "command" not in handed["dump"]["containerOverrides"][0]


def test_what_cannot_be_started_is_tried_for_an_hour_and_then_put_down(recorded: Recording) -> None:
    [queue] = recorded.of("aws:sqs/queue:Queue").values()
    for row in schedules(recorded).values():
        assert row["target"]["retryPolicy"] == {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 185}
        assert row["target"]["deadLetterConfig"] == {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.name}"}
    assert queue.inputs["kmsMasterKeyId"] == KEY
    assert queue.inputs["messageRetentionSeconds"] == 14 * 86400


def test_no_schedule_fires_before_its_role_may_start_anything(recorded: Recording) -> None:
    for item in recorded.of("aws:scheduler/schedule:Schedule").values():
        assert "aws:iam/rolePolicy:RolePolicy platform-schedules-start" in item.dependencies


def test_the_role_is_the_schedulers_for_this_group_of_this_account_alone(recorded: Recording) -> None:
    trust = json.loads(recorded.one("aws:iam/role:Role", "platform-schedules-start").inputs["assumeRolePolicy"])
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": ACCOUNT,
            "aws:SourceArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:platform-schedules",
        }
    }


def statements(recorded: Recording) -> dict[str, Mapping[str, Any]]:
    policy = recorded.one("aws:iam/rolePolicy:RolePolicy", "platform-schedules-start").inputs["policy"]
    return {row["Sid"]: row for row in json.loads(policy)["Statement"]}


def test_the_role_may_run_these_families_in_this_cluster_with_these_roles_and_nothing_else(
    recorded: Recording,
) -> None:
    found = statements(recorded)
    families = [SCHEMA_TASK, DUMP_TASK]
    assert found["RunTasks"] == {
        "Sid": "RunTasks",
        "Effect": "Allow",
        "Action": "ecs:RunTask",
        "Resource": sorted(f"{arn.rpartition(':')[0]}:*" for arn in families),
        "Condition": {"ArnEquals": {"ecs:cluster": CLUSTER}},
    }
    assert found["PassRoles"]["Resource"] == sorted([EXECUTION, DUMPER])
    assert found["PassRoles"]["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert found["TagTasks"]["Resource"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/estate/*"
    assert found["TagTasks"]["Condition"] == {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    assert found["PutDownWhatFailed"]["Action"] == "sqs:SendMessage"
    assert found["EncryptWhatFailed"]["Resource"] == KEY
    assert set(found) == {"RunTasks", "TagTasks", "PassRoles", "PutDownWhatFailed", "EncryptWhatFailed"}
    assert not any(row["Resource"] == "*" for row in found.values())


# What ECS says of a task's end (Amazon ECS Developer Guide: task state change events), shortened.


@cache
def corrected() -> None:
    moto_gaps.apply(None)


def event(**detail: Any) -> dict[str, Any]:
    ended = {
        "clusterArn": CLUSTER,
        "group": "estate-test-platform-partitions",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "taskArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/estate/0123",
        "containers": [{"name": "schema", "exitCode": 1, "lastStatus": "STOPPED"}],
    }
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "time": "2026-11-29T01:11:00Z",
        "detail": {name: value for name, value in {**ended, **detail}.items() if value is not None},
    }


def heard(recorded: Recording, told: dict[str, Any], rule: str = "schema") -> bool:
    """Whether the rule takes the event. The matching is moto's, with our correction: it stands for EventBridge's."""
    corrected()
    pattern = recorded.one("aws:cloudwatch/eventRule:EventRule", f"platform-schedules-{rule}-failed")
    return bool(EventPattern.load(pattern.inputs["eventPattern"]).matches_event(told))  # type: ignore[arg-type]


def exited(code: int) -> list[dict[str, Any]]:
    return [{"name": "schema", "exitCode": code}]


@pytest.mark.parametrize(
    "bad",
    [
        {"containers": exited(1)},
        {"containers": exited(2)},
        {"containers": exited(137)},
        {"containers": [{"name": "aws-guardduty-agent", "exitCode": 0}, *exited(1)]},
        {"containers": exited(143), "stopCode": "UserInitiated"},
        {"containers": [{"name": "schema"}], "stopCode": "TaskFailedToStart"},
        {"containers": [{"name": "schema"}], "stopCode": "UserInitiated"},
        {"containers": [{"name": "schema"}], "stopCode": "TerminationNotice"},
    ],
)
def test_a_scheduled_task_that_ended_badly_is_heard(recorded: Recording, bad: dict[str, Any]) -> None:
    assert heard(recorded, event(**bad))


@pytest.mark.parametrize(
    "fine",
    [
        {"containers": exited(0)},
        {"containers": exited(75)},  # at work elsewhere already
        {"containers": [{"name": "aws-guardduty-agent", "exitCode": 137}, *exited(0)]},
        {"lastStatus": "RUNNING", "containers": [{"name": "schema"}], "stopCode": None},
        {"group": "family:estate-test-platform-schema"},  # dbctl's own
        {"group": "estate-test-familytales-partitions"},
        {"group": "estate-test-platform-partition"},
        {"clusterArn": CLUSTER + "2"},
    ],
)
def test_what_is_no_failure_or_not_of_these_tasks_is_not(recorded: Recording, fine: dict[str, Any]) -> None:
    assert not heard(recorded, event(**fine))


def test_each_kind_of_container_has_its_rule_for_its_tasks(recorded: Recording) -> None:
    rules = recorded.of("aws:cloudwatch/eventRule:EventRule")
    groups = {name: json.loads(item.inputs["eventPattern"])["detail"]["group"] for name, item in rules.items()}
    assert groups == {
        "platform-schedules-schema-failed": [
            f"estate-test-platform-{name}" for name in ("overdue", "partitions", "refresh", "vacuum")
        ],
        "platform-schedules-dump-failed": ["estate-test-platform-dump"],
    }
    # AWS takes 2048 characters; the estate's longest service has nine jobs.
    assert all(len(item.inputs["eventPattern"]) < 1024 for item in rules.values())


def test_the_message_says_which_task_when_why_and_where_to_read_on(recorded: Recording) -> None:
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget", "platform-schedules-schema-failed").inputs
    assert target["arn"] == TOPIC
    template, paths = target["inputTransformer"]["inputTemplate"], target["inputTransformer"]["inputPaths"]
    assert message(template, paths, event()).splitlines() == [
        '"The scheduled task estate-test-platform-partitions failed at 2026-11-29T01:11:00Z."',
        '"Exit code: 1. EssentialContainerExited: Essential container in task exited "',
        f'"Its log: group schema-log, stream schema/schema/ and the last part of arn:aws:ecs:{REGION}:{ACCOUNT}:task/'
        'estate/0123"',
        '"What to do: docs/schema.md, Jobs."',
    ]
    never = event(containers=[{"name": "schema"}], stopCode="TaskFailedToStart", stoppedReason="no capacity")
    assert message(template, paths, never).splitlines()[1] == '"Exit code: . TaskFailedToStart: no capacity "'
    assert set(paths.values()) == set(schedule_policies.PATHS.values())
    assert len(template) < 8192


def test_a_message_that_was_not_delivered_goes_into_the_same_queue_from_these_rules_alone(recorded: Recording) -> None:
    [policy] = recorded.of("aws:sqs/queuePolicy:QueuePolicy").values()
    [statement] = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    rules = sorted(recorded.of("aws:cloudwatch/eventRule:EventRule"))
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:{name}" for name in rules]}
    }
    for target in recorded.of("aws:cloudwatch/eventTarget:EventTarget").values():
        assert target.inputs["deadLetterConfig"] == {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:platform-schedules-failed"}
        assert "aws:sqs/queuePolicy:QueuePolicy platform-schedules-failed" in target.dependencies


def test_every_row_of_the_table_is_an_alarm_that_tells_the_topic(recorded: Recording) -> None:
    alarms = {
        item.inputs["name"]: item.inputs for item in recorded.of("aws:cloudwatch/metricAlarm:MetricAlarm").values()
    }
    assert {name: (row["namespace"], row["metricName"], row["threshold"]) for name, row in alarms.items()} == {
        "estate-test-platform-schedule-dropped": ("AWS/Scheduler", "InvocationDroppedCount", 1),
        "estate-test-platform-schedule-errors": ("AWS/Scheduler", "TargetErrorCount", 3),
        "estate-test-platform-schedule-letters-lost": (
            "AWS/Scheduler",
            "InvocationsFailedToBeSentToDeadLetterCount",
            1,
        ),
        "estate-test-platform-schedule-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1),
        "estate-test-platform-schedule-untold-schema": ("AWS/Events", "FailedInvocations", 1),
        "estate-test-platform-schedule-untold-dump": ("AWS/Events", "FailedInvocations", 1),
        "estate-test-platform-schedule-unchecked": ("PostgresEstate", "test-platform-JobsChecked", 1),
    }
    for row in alarms.values():
        assert row["alarmActions"] == [TOPIC]
        assert row["alarmDescription"].startswith("TICKET: ")
        assert len(row["alarmDescription"]) <= 1024
    dimensions = {name.removeprefix("estate-test-platform-"): row.get("dimensions") for name, row in alarms.items()}
    assert dimensions["schedule-dropped"] == {"ScheduleGroup": "platform-schedules-1a2b3c4"}
    assert dimensions["schedule-letters"] == {"QueueName": "platform-schedules-failed-1a2b3c4"}
    assert dimensions["schedule-untold-dump"] == {"RuleName": "platform-schedules-dump-failed-1a2b3c4"}
    assert dimensions["schedule-unchecked"] is None


def test_that_nobody_asks_after_the_jobs_is_an_alarm_a_day_later(recorded: Recording) -> None:
    alarm = recorded.one("aws:cloudwatch/metricAlarm:MetricAlarm", "platform-schedules-schedule-unchecked").inputs
    assert (alarm["comparisonOperator"], alarm["treatMissingData"]) == ("LessThanThreshold", "breaching")
    assert (alarm["period"], alarm["evaluationPeriods"]) == (3600, 27)
    # CloudWatch looks back seven days at most, and with periods below an hour one.
    assert alarm["period"] * alarm["evaluationPeriods"] <= 7 * 86400
    [counted] = recorded.of("aws:cloudwatch/logMetricFilter:LogMetricFilter").values()
    assert counted.inputs["logGroupName"] == "schema-log"
    assert counted.inputs["pattern"] == '"jobs checked:"'
    assert counted.inputs["metricTransformation"]["name"] == alarm["metricName"]
    assert counted.inputs["metricTransformation"]["namespace"] == alarm["namespace"]
    # An hour without the line has no value, rather than a 0 that only comes while something else is logged.
    assert "defaultValue" not in counted.inputs["metricTransformation"]


def test_other_alarms_take_silence_for_health(recorded: Recording) -> None:
    for row in schedule_alarms.TABLE:
        assert row.missing == ("breaching" if row is schedule_alarms.UNCHECKED else "notBreaching")
        assert row.period * row.periods <= 86400 or row.period >= 3600


def test_everything_that_takes_tags_has_them(recorded: Recording) -> None:
    untagged = {
        "aws:scheduler/schedule:Schedule",  # AWS tags groups, not schedules
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
    for item in recorded.resources:
        if item.type.startswith("aws:") and item.type not in untagged:
            assert item.inputs["tags"]["Stack"] == "test", item.name
            assert item.inputs["tags"]["Service"] == "platform"


def test_a_job_whose_time_was_let_in_by_mistake_stops_the_program() -> None:
    with pytest.raises(ValueError, match="job odd: day 25:00 is no schedule"):
        scheduled_jobs(
            [Job("odd", "day", "25:00")],
            task_definition_arn=SCHEMA_TASK,
            security_group_id="sg",
            role_arns=[],
            log_group_name="log",
        )


def test_a_task_group_is_told_from_every_other_services() -> None:
    assert schedule_policies.task_group("test", "platform", "refresh") == "estate-test-platform-refresh"
    assert schedule_policies.family_arn(SCHEMA_TASK) == SCHEMA_TASK.removesuffix(":7")
    assert jobs.OVERDUE.every == "day"
