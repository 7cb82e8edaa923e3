"""Each resource type with the inputs of an ordinary program, and a change that is made in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.unit.provider import backup_cases
from tests.unit.provider.conftest import World, trust

Inputs = dict[str, Any]
TAGS = {"Service": "platform", "Stack": "test"}
OTHER_TAGS = {"Service": "platform", "Owner": "ops"}


def policy(*actions: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
    )


def topic_policy(topic: str, publisher: str) -> str:
    statement = {"Sid": "Publish", "Effect": "Allow", "Principal": {"Service": publisher}, "Action": "sns:Publish"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]})


def key_policy(sid: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid,
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


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


def instance(w: World) -> Inputs:
    return {
        "identifier": "estate-case-primary",
        "engine": "postgres",
        "engineVersion": "16",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 100,
        "maxAllocatedStorage": 200,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": w.key(0),
        "dbName": "platform",
        "username": "estate_admin",
        "password": "correct-horse",
        "port": 5432,
        "multiAz": False,
        "dbSubnetGroupName": w.subnet_group(),
        "vpcSecurityGroupIds": [w.group(0)],
        "publiclyAccessible": False,
        "parameterGroupName": w.parameter_group(),
        "backupRetentionPeriod": 7,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "autoMinorVersionUpgrade": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        "tags": TAGS,
    }


# token -> (inputs, what changes in place)
CASES: dict[str, Callable[[World], tuple[Inputs, Inputs]]] = {
    **backup_cases.CASES,
    "aws:ec2/vpc:Vpc": lambda w: (
        {"cidrBlock": "10.7.0.0/16", "enableDnsHostnames": True, "enableDnsSupport": True, "tags": TAGS},
        {"enableDnsHostnames": False, "tags": OTHER_TAGS},
    ),
    "aws:ec2/subnet:Subnet": lambda w: (
        {
            "vpcId": w.vpc,
            "cidrBlock": "10.9.200.0/24",
            "availabilityZone": "us-east-1a",
            "mapPublicIpOnLaunch": False,
            "tags": TAGS,
        },
        {"mapPublicIpOnLaunch": True, "tags": OTHER_TAGS},
    ),
    "aws:ec2/routeTable:RouteTable": lambda w: ({"vpcId": w.vpc, "tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": lambda w: (
        {"routeTableId": w.route_table(0), "subnetId": w.subnet(5)},
        {},
    ),
    "aws:ec2/securityGroup:SecurityGroup": lambda w: (
        {"vpcId": w.vpc, "description": "the pooler", "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda w: (
        {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [w.route_table(0)],
            "tags": TAGS,
        },
        {"policy": policy("s3:GetObject"), "tags": OTHER_TAGS},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": lambda w: (
        {"vpcId": w.vpc, "tags": TAGS},
        {
            "ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.9.0.0/16"]}],
            "tags": OTHER_TAGS,
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": lambda w: (
        {"vpcId": w.other_vpc, "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/eip:Eip": lambda w: ({"domain": "vpc", "tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:ec2/natGateway:NatGateway": lambda w: (
        {"subnetId": w.public_subnet(), "allocationId": w.address(0), "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/route:Route": lambda w: (
        {
            "routeTableId": w.route_table(1),
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": w.nat_gateway(1),
        },
        {"natGatewayId": w.nat_gateway(2)},
    ),
    "aws:ec2/flowLog:FlowLog": lambda w: (
        {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": w.log_group(),
            "iamRoleArn": w.role().state["arn"],
            "maxAggregationInterval": 600,
            "tags": TAGS,
        },
        {"tags": OTHER_TAGS},
    ),
    "aws:route53/zone:Zone": lambda w: (
        {
            "name": "case.estate.internal",
            "comment": "databases",
            "vpcs": [{"vpcId": w.vpc, "vpcRegion": "us-east-1"}],
            "forceDestroy": False,
            "tags": TAGS,
        },
        {"comment": "all databases", "vpcs": [{"vpcId": w.other_vpc, "vpcRegion": "us-east-1"}], "tags": OTHER_TAGS},
    ),
    "aws:route53/record:Record": lambda w: (
        {
            "zoneId": w.zone(),
            "name": "readers.platform.world.estate.internal",
            "type": "CNAME",
            "ttl": 5,
            "records": ["replica-1.example.com"],
            "setIdentifier": "replica-1",
            "weightedRoutingPolicies": [{"weight": 1}],
            "healthCheckId": w.health_check(),
        },
        {"ttl": 60, "weightedRoutingPolicies": [{"weight": 2}], "records": ["replica-2.example.com"]},
    ),
    "aws:route53/healthCheck:HealthCheck": lambda w: (
        {
            "type": "CLOUDWATCH_METRIC",
            "cloudwatchAlarmName": w.alarm(),
            "cloudwatchAlarmRegion": "us-east-1",
            "insufficientDataHealthStatus": "Unhealthy",
            "triggers": {"terms": "300"},
            "tags": TAGS,
        },
        {"insufficientDataHealthStatus": "Healthy", "triggers": {"terms": "600"}, "tags": OTHER_TAGS},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda w: (
        {
            "securityGroupId": w.group(0),
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": w.group(1),
            "description": "PostgreSQL from the pooler",
            "tags": TAGS,
        },
        {"fromPort": 5433, "toPort": 5433, "tags": OTHER_TAGS},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda w: (
        {
            "securityGroupId": w.group(0),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.9.0.0/16",
            "description": "AWS APIs",
        },
        {"cidrIpv4": "10.9.0.0/17", "description": "some AWS APIs"},
    ),
    "aws:kms/key:Key": lambda w: (
        {
            "description": "databases",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": key_policy("Admin"),
            "tags": TAGS,
        },
        {"description": "all databases", "enableKeyRotation": False, "policy": key_policy("Root"), "tags": {}},
    ),
    "aws:kms/alias:Alias": lambda w: (
        {"name": "alias/estate-case", "targetKeyId": w.key(0)},
        {"targetKeyId": w.key(1)},
    ),
    "aws:secretsmanager/secret:Secret": lambda w: (
        {"description": "the master user", "kmsKeyId": w.key(0), "recoveryWindowInDays": 7, "tags": TAGS},
        {"description": "the owner", "recoveryWindowInDays": 0, "tags": OTHER_TAGS},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": lambda w: (
        {"secretId": w.secret(), "secretString": '{"username": "a", "password": "battery-staple"}'},
        {},
    ),
    "aws:rds/subnetGroup:SubnetGroup": lambda w: (
        {"subnetIds": [w.subnet(0), w.subnet(1)], "description": "databases", "tags": TAGS},
        {"subnetIds": [w.subnet(0), w.subnet(1), w.subnet(2)], "tags": OTHER_TAGS},
    ),
    "aws:rds/parameterGroup:ParameterGroup": lambda w: (
        {
            "family": "postgres16",
            "description": "platform",
            "parameters": [
                {"name": "work_mem", "value": "8192"},
                {"name": "max_connections", "value": "200", "applyMethod": "pending-reboot"},
            ],
            "tags": TAGS,
        },
        {"parameters": [{"name": "work_mem", "value": "4096"}], "tags": OTHER_TAGS},
    ),
    "aws:rds/instance:Instance": lambda w: (
        instance(w),
        {
            "instanceClass": "db.t4g.large",
            "backupRetentionPeriod": 14,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "password": "wrong-donkey",
            "tags": OTHER_TAGS,
        },
    ),
    "aws:iam/role:Role": lambda w: (
        {
            "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"),
            "description": "the schema step",
            "maxSessionDuration": 7200,
            "inlinePolicies": [{"name": "read", "policy": policy("s3:GetObject")}],
            "tags": TAGS,
        },
        {
            "assumeRolePolicy": trust("backup.amazonaws.com"),
            "description": "backups",
            "inlinePolicies": [],
            "tags": OTHER_TAGS,
        },
    ),
    "aws:iam/rolePolicy:RolePolicy": lambda w: (
        {"role": w.role().id, "policy": policy("kms:Decrypt", "secretsmanager:GetSecretValue")},
        {"policy": policy("kms:Decrypt")},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda w: (
        {"role": w.role().id, "policyArn": w.policy()},
        {},
    ),
    "aws:cloudwatch/logGroup:LogGroup": lambda w: (
        {"retentionInDays": 30, "tags": TAGS},
        {"retentionInDays": 0, "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": lambda w: (
        {
            "logGroupName": w.log_group().rpartition(":")[2],
            "pattern": '"]:ERROR:  "',
            "metricTransformation": {
                "name": "test-platform-Errors",
                "namespace": "PostgresEstate",
                "value": "1",
                "defaultValue": "0",
                "unit": "Count",
            },
        },
        {"pattern": '"]:ERROR:  " -"[admin]"'},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda w: (
        {
            "name": "estate-case-iops",
            "alarmDescription": "TICKET: busy",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 2400,
            "evaluationPeriods": 3,
            "datapointsToAlarm": 3,
            "treatMissingData": "notBreaching",
            "metricQueries": [
                {"id": "total", "expression": "m0 + m1", "label": "IOPS", "returnData": True},
                *(
                    {
                        "id": f"m{number}",
                        "returnData": False,
                        "metric": {
                            "namespace": "AWS/RDS",
                            "metricName": name,
                            "stat": "Average",
                            "period": 300,
                            "dimensions": {"DBInstanceIdentifier": "estate-case"},
                        },
                    }
                    for number, name in enumerate(("ReadIOPS", "WriteIOPS"))
                ),
            ],
            "alarmActions": [w.topic()],
            "tags": TAGS,
        },
        {"threshold": 4800.5, "alarmActions": [], "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda w: (
        {
            "alarmName": "estate-case-page",
            "alarmDescription": "PAGE: down",
            "alarmRule": f'ALARM("{w.metric_alarm(0)}") OR ALARM("{w.metric_alarm(1)}")',
            "alarmActions": [w.topic()],
            "okActions": [w.topic()],
            "tags": TAGS,
        },
        {"alarmRule": f'ALARM("{w.metric_alarm(1)}")', "okActions": [], "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/dashboard:Dashboard": lambda w: (
        {"dashboardName": "estate-case", "dashboardBody": json.dumps({"widgets": []})},
        {"dashboardBody": json.dumps({"start": "-PT3H", "widgets": []})},
    ),
    "aws:sns/topic:Topic": lambda w: (
        {"displayName": "PostgreSQL estate", "kmsMasterKeyId": w.key(0), "tags": TAGS},
        {"displayName": "the estate", "kmsMasterKeyId": w.key(1), "tags": OTHER_TAGS},
    ),
    "aws:sns/topicPolicy:TopicPolicy": lambda w: (
        {"arn": w.topic(), "policy": topic_policy(w.topic(), "cloudwatch.amazonaws.com")},
        {"policy": topic_policy(w.topic(), "events.rds.amazonaws.com")},
    ),
    "aws:sns/topicSubscription:TopicSubscription": lambda w: (
        {"topic": w.topic(), "protocol": "email", "endpoint": "on-call@example.com"},
        {},
    ),
    "aws:rds/eventSubscription:EventSubscription": lambda w: (
        {
            "snsTopic": w.topic(),
            "sourceType": "db-instance",
            "sourceIds": ["estate-case", "estate-case-replica-1"],
            "eventCategories": ["failover", "low storage"],
            "tags": TAGS,
        },
        {
            "sourceIds": ["estate-case", "estate-case-replica-2"],
            "eventCategories": ["failover", "failure"],
            "enabled": False,
            "tags": OTHER_TAGS,
        },
    ),
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
            "networkConfiguration": {
                "subnets": [w.subnet(0)],
                "securityGroups": [w.group(0)],
                "assignPublicIp": False,
            },
            "loadBalancers": [{"targetGroupArn": w.target_group(0), "containerName": "main", "containerPort": 6432}],
            "tags": TAGS,
        },
        {"taskDefinition": w.task(1), "deploymentMinimumHealthyPercent": 50, "tags": OTHER_TAGS},
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
    "aws:lb/loadBalancer:LoadBalancer": lambda w: (
        {
            "loadBalancerType": "network",
            "internal": True,
            "subnets": [w.subnet(0), w.subnet(1)],
            "securityGroups": [w.group(0)],
            "enableCrossZoneLoadBalancing": True,
            "enableDeletionProtection": True,
            "tags": TAGS,
        },
        {"enableDeletionProtection": False, "securityGroups": [w.group(1)], "tags": OTHER_TAGS},
    ),
    "aws:lb/targetGroup:TargetGroup": lambda w: (
        {
            "port": 6432,
            "protocol": "TCP",
            "targetType": "ip",
            "vpcId": w.vpc,
            "deregistrationDelay": 60,
            "healthCheck": {"protocol": "TCP", "interval": 10, "healthyThreshold": 2},
            "tags": TAGS,
        },
        {
            "deregistrationDelay": 30,
            "healthCheck": {"protocol": "TCP", "interval": 30, "healthyThreshold": 2},
            "tags": OTHER_TAGS,
        },
    ),
    "aws:lb/listener:Listener": lambda w: (
        {
            "loadBalancerArn": w.balancer(),
            "port": 6432,
            "protocol": "TCP",
            "tcpIdleTimeoutSeconds": 6000,
            "defaultActions": [{"type": "forward", "targetGroupArn": w.target_group(1)}],
            "tags": TAGS,
        },
        {"defaultActions": [{"type": "forward", "targetGroupArn": w.target_group(2)}], "tags": OTHER_TAGS},
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
