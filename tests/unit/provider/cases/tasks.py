"""The cases of ECS, and of what starts its tasks."""

from __future__ import annotations

import json

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases, Inputs
from tests.unit.provider.conftest import World


def containers(port: int) -> str:
    return json.dumps(
        [
            {
                "name": "pooler",
                "image": "pooler:1",
                "memory": 512,
                "essential": True,
                "command": ["pooler-entrypoint"],
                "portMappings": [{"containerPort": port}],
                "environment": [{"name": "PGBOUNCER_INI", "value": "[pgbouncer]"}],
                "secrets": [{"name": "POOLER_PASSWORD", "valueFrom": "arn:aws:secretsmanager:x:y:secret:z"}],
            }
        ]
    )


def scaling(target: float, out_seconds: int) -> Inputs:
    return {
        "targetValue": target,
        "scaleOutCooldown": out_seconds,
        "scaleInCooldown": 1800,
        "customizedMetricSpecification": {
            "namespace": "PostgresEstate",
            "metricName": "PoolUsedPercent",
            "statistic": "Average",
            "dimensions": [{"name": "Service", "value": "platform"}, {"name": "Stack", "value": "test"}],
        },
    }


def queue_policy(sid: str) -> str:
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sqs:SendMessage", "Resource": "*"}  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def scheduled(w: World, actor: str, age: int) -> Inputs:
    overrides = {"containerOverrides": [{"name": "main", "environment": [{"name": "ESTATE_ACTOR", "value": actor}]}]}
    return {
        "arn": w.cluster(),
        "roleArn": w.role().state["arn"],
        "input": json.dumps(overrides),
        "deadLetterConfig": {"arn": w.queue().state["arn"]},
        "retryPolicy": {"maximumEventAgeInSeconds": age, "maximumRetryAttempts": 185},
        "ecsParameters": {
            "taskDefinitionArn": w.task(0),
            "taskCount": 1,
            "launchType": "FARGATE",
            "group": "estate-test-platform-partitions",
            "propagateTags": "TASK_DEFINITION",
            "networkConfiguration": {
                "subnets": [w.subnet(0), w.subnet(1)],
                "securityGroups": [w.group(0)],
                "assignPublicIp": False,
            },
        },
    }


CASES: Cases = {
    "aws:ecs/cluster:Cluster": lambda w: (
        {"settings": [{"name": "containerInsights", "value": "enabled"}], "tags": TAGS},
        {"settings": [{"name": "containerInsights", "value": "disabled"}], "tags": OTHER_TAGS},
    ),
    "aws:ecs/taskDefinition:TaskDefinition": lambda w: (
        {
            "family": "case-pooler",
            "containerDefinitions": containers(6432),
            "cpu": "256",
            "memory": "512",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": w.role().state["arn"],
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "tags": TAGS,
        },
        {"tags": OTHER_TAGS},
    ),
    "aws:ecs/service:Service": lambda w: (
        {
            "cluster": w.cluster(),
            "taskDefinition": w.task(0),
            "desiredCount": 0,
            "launchType": "FARGATE",
            "propagateTags": "SERVICE",
            "deploymentMaximumPercent": 200,
            "deploymentMinimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "availabilityZoneRebalancing": "DISABLED",
            "networkConfiguration": {
                "subnets": [w.subnet(0)],
                "securityGroups": [w.group(0)],
                "assignPublicIp": False,
            },
            "loadBalancers": [{"targetGroupArn": w.target_group(0), "containerName": "main", "containerPort": 6432}],
            "tags": TAGS,
        },
        {
            "taskDefinition": w.task(1),
            "deploymentMinimumHealthyPercent": 50,
            "availabilityZoneRebalancing": "ENABLED",
            "tags": OTHER_TAGS,
        },
    ),
    "aws:appautoscaling/target:Target": lambda w: (
        {
            "serviceNamespace": "ecs",
            "resourceId": w.service(0),
            "scalableDimension": "ecs:service:DesiredCount",
            "minCapacity": 2,
            "maxCapacity": 4,
            "tags": TAGS,
        },
        {"minCapacity": 1, "maxCapacity": 6, "tags": OTHER_TAGS},
    ),
    "aws:appautoscaling/policy:Policy": lambda w: (
        {
            "policyType": "TargetTrackingScaling",
            "serviceNamespace": "ecs",
            "resourceId": w.scaled(1),
            "scalableDimension": "ecs:service:DesiredCount",
            "targetTrackingScalingPolicyConfiguration": scaling(65, 120),
        },
        {"targetTrackingScalingPolicyConfiguration": scaling(32.5, 60)},
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": lambda w: ({"tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:scheduler/schedule:Schedule": lambda w: (
        {
            "groupName": w.schedule_group(),
            "name": "partitions",
            "description": "the job partitions",
            "scheduleExpression": "cron(10 1 * * ? *)",
            "scheduleExpressionTimezone": "UTC",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": scheduled(w, "cron", 3600),
        },
        {
            "scheduleExpression": "cron(25 * * * ? *)",
            "state": "DISABLED",
            "target": scheduled(w, "clock", 900),
        },
    ),
    "aws:cloudwatch/eventRule:EventRule": lambda w: (
        {
            "description": "tasks that failed",
            "eventPattern": json.dumps({"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"]}}),
            "tags": TAGS,
        },
        {"description": "tasks", "state": "DISABLED", "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": lambda w: (
        {
            "rule": w.event_rule(),
            "targetId": "alerts",
            "arn": "arn:aws:sns:us-east-1:123456789012:alerts",
            "inputTransformer": {"inputPaths": {"task": "$.detail.taskArn"}, "inputTemplate": '"<task> failed"'},
            "deadLetterConfig": {"arn": w.queue().state["arn"]},
        },
        {"inputTransformer": {"inputPaths": {"task": "$.detail.taskArn"}, "inputTemplate": '"<task> ended badly"'}},
    ),
    "aws:sqs/queue:Queue": lambda w: (
        {"messageRetentionSeconds": 1209600, "kmsMasterKeyId": w.key(0), "tags": TAGS},
        {"messageRetentionSeconds": 345600, "kmsMasterKeyId": w.key(1), "tags": OTHER_TAGS},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": lambda w: (
        {"queueUrl": w.queue().id, "policy": queue_policy("First")},
        {"policy": queue_policy("Second")},
    ),
}
