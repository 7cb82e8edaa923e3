"""Rows of EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

from local.provider.compare import document, filled, unordered
from local.provider.rows.ecs import enabled
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, Template, words

GROUP = Row(
    urn_type="aws:scheduler/scheduleGroup:ScheduleGroup",
    service="scheduler",
    create=(Call("create_schedule_group", {"Name": In("name"), "Tags": In("tags", tag_list)}),),
    id="inputs.name",
    setters=tag_setters("tag_resource", "untag_resource", {"ResourceArn": Out("arn")}),
    read=(
        Look("get_schedule_group", {"Name": Id()}, "State!='DELETING' && @"),
        Look("list_tags_for_resource", {"ResourceArn": Out("arn")}, "Tags", into="tags"),
    ),
    delete=(Call("delete_schedule_group", {"Name": Id()}),),
    outputs={
        "arn": "Arn",
        "state": "State",
        "creationDate": "to_string(CreationDate)",
        "lastModificationDate": "to_string(LastModificationDate)",
        "tagsAll": "tag_map(tags)",
    },
    observed={"name": "Name", "tags": "tag_map(tags)"},
    force_new=words("name"),
    autoname=Autoname(longest=64),
)

TARGET: Template = {
    "Arn": Item("arn"),
    "RoleArn": Item("roleArn"),
    "Input": Item("input"),
    "DeadLetterConfig": Item("deadLetterConfig", {"Arn": Item("arn")}),
    "RetryPolicy": Item(
        "retryPolicy",
        {
            "MaximumEventAgeInSeconds": Item("maximumEventAgeInSeconds"),
            "MaximumRetryAttempts": Item("maximumRetryAttempts"),
        },
    ),
    "EcsParameters": Item(
        "ecsParameters",
        {
            "TaskDefinitionArn": Item("taskDefinitionArn"),
            "TaskCount": Item("taskCount"),
            "LaunchType": Item("launchType"),
            "PlatformVersion": Item("platformVersion"),
            "Group": Item("group"),
            "PropagateTags": Item("propagateTags"),
            "EnableECSManagedTags": Item("enableEcsManagedTags"),
            "EnableExecuteCommand": Item("enableExecuteCommand"),
            "NetworkConfiguration": Item(
                "networkConfiguration",
                {
                    "awsvpcConfiguration": {
                        "Subnets": Item("subnets"),
                        "SecurityGroups": Item("securityGroups"),
                        "AssignPublicIp": Item("assignPublicIp", enabled, otherwise=False),
                    }
                },
            ),
        },
    ),
}
SETTINGS: dict[str, Template] = {
    "Name": In("name"),
    "GroupName": In("groupName"),
    "Description": In("description"),
    "ScheduleExpression": In("scheduleExpression"),
    "ScheduleExpressionTimezone": In("scheduleExpressionTimezone"),
    "FlexibleTimeWindow": In(
        "flexibleTimeWindow", {"Mode": Item("mode"), "MaximumWindowInMinutes": Item("maximumWindowInMinutes")}
    ),
    "KmsKeyArn": In("kmsKeyArn"),
    "State": In("state"),
    "Target": In("target", TARGET),
}
OF_SCHEDULE: dict[str, Template] = {"GroupName": Id("/", 0), "Name": Id("/", 1)}

# What is seen of a target, in the words in which it is given.
SEEN_TARGET = (
    "Target.{arn: Arn, roleArn: RoleArn, input: Input, deadLetterConfig: DeadLetterConfig && {arn:"
    " DeadLetterConfig.Arn}, retryPolicy: {maximumEventAgeInSeconds: RetryPolicy.MaximumEventAgeInSeconds,"
    " maximumRetryAttempts: RetryPolicy.MaximumRetryAttempts}, ecsParameters: EcsParameters && {taskDefinitionArn:"
    " EcsParameters.TaskDefinitionArn, taskCount: EcsParameters.TaskCount, launchType: EcsParameters.LaunchType,"
    " platformVersion: EcsParameters.PlatformVersion, group: EcsParameters.Group, propagateTags:"
    " EcsParameters.PropagateTags, enableEcsManagedTags: EcsParameters.EnableECSManagedTags, enableExecuteCommand:"
    " EcsParameters.EnableExecuteCommand, networkConfiguration:"
    " EcsParameters.NetworkConfiguration.awsvpcConfiguration && {subnets:"
    " EcsParameters.NetworkConfiguration.awsvpcConfiguration.Subnets, securityGroups:"
    " EcsParameters.NetworkConfiguration.awsvpcConfiguration.SecurityGroups, assignPublicIp:"
    " EcsParameters.NetworkConfiguration.awsvpcConfiguration.AssignPublicIp=='ENABLED'}}}"
)


def by_meaning(target: Any) -> Any:
    """A target by its meaning: its input is JSON, its subnets are a set."""
    if not isinstance(target, dict):
        return target
    result = {**target, "input": document(target.get("input"))}
    parameters = target.get("ecsParameters")
    if isinstance(parameters, dict):
        network = parameters.get("networkConfiguration") or {}
        result["ecsParameters"] = {
            **parameters,
            "networkConfiguration": {name: unordered(value) for name, value in network.items()},
        }
    return result


SCHEDULE = Row(
    urn_type="aws:scheduler/schedule:Schedule",
    service="scheduler",
    create=(Call("create_schedule", SETTINGS),),
    id="join('/', [inputs.groupName, inputs.name])",
    # UpdateSchedule takes everything anew: what it is not told, it forgets.
    setters=(Call("update_schedule", SETTINGS, whole=True),),
    read=(Look("get_schedule", OF_SCHEDULE, "@"),),
    delete=(Call("delete_schedule", OF_SCHEDULE),),
    outputs={"arn": "Arn"},
    observed={
        "name": "Name",
        "groupName": "GroupName",
        "description": "Description",
        "scheduleExpression": "ScheduleExpression",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "flexibleTimeWindow": "FlexibleTimeWindow.{mode: Mode, maximumWindowInMinutes: MaximumWindowInMinutes}",
        "kmsKeyArn": "KmsKeyArn",
        "state": "State",
        "target": SEEN_TARGET,
    },
    required=words("scheduleExpression flexibleTimeWindow target"),
    force_new=words("name groupName"),
    defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    canonical={"target": by_meaning},
    seen_as={"target": filled},
    autoname=Autoname(longest=64),
)

ROWS = (GROUP, SCHEDULE)
