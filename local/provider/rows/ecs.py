"""Rows of ECS."""

from __future__ import annotations

from typing import Any

from local.provider.compare import document, filled, reference, unordered
from local.provider.rows.shared import lower_tag_list, parsed, tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Poll, Row, Template, words

TAGS = tag_setters(
    "tag_resource",
    "untag_resource",
    {"resourceArn": Out("arn")},
    tags="tags",
    keys="tagKeys",
    pair={"key": Item("key"), "value": Item("value")},
)

EXECUTE_COMMAND: Template = {
    "executeCommandConfiguration": Item(
        "executeCommandConfiguration",
        {
            "kmsKeyId": Item("kmsKeyId"),
            "logging": Item("logging"),
            "logConfiguration": Item(
                "logConfiguration",
                {
                    "cloudWatchEncryptionEnabled": Item("cloudWatchEncryptionEnabled"),
                    "cloudWatchLogGroupName": Item("cloudWatchLogGroupName"),
                    "s3BucketName": Item("s3BucketName"),
                    "s3KeyPrefix": Item("s3KeyPrefix"),
                    "s3EncryptionEnabled": Item("s3BucketEncryptionEnabled"),
                },
            ),
        },
    )
}
CLUSTER_SETTINGS: dict[str, Template] = {
    "settings": In("settings", {"name": Item("name"), "value": Item("value")}),
    "configuration": In("configuration", EXECUTE_COMMAND),
}

CLUSTER = Row(
    urn_type="aws:ecs/cluster:Cluster",
    service="ecs",
    create=(
        Call("create_cluster", {"clusterName": In("name"), "tags": In("tags", lower_tag_list), **CLUSTER_SETTINGS}),
    ),
    id="response.cluster.clusterArn",
    setters=(Call("update_cluster", {"cluster": Id(), **CLUSTER_SETTINGS}), *TAGS),
    read=(
        Look(
            "describe_clusters",
            {"clusters": [Id()], "include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]},
            "clusters[?status!='INACTIVE'] | [0]",
        ),
    ),
    delete=(Call("delete_cluster", {"cluster": Id()}),),
    outputs={"arn": "clusterArn", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "clusterName",
        "settings": "settings",
        "configuration": "configuration",
        "tags": "tag_map(tags)",
    },
    force_new=words("name"),
    sticky=words("settings configuration"),
    canonical={"settings": unordered},
    seen_as={"settings": filled, "configuration": filled},
    autoname=Autoname(),
)

TASK_DEFINITION = Row(
    urn_type="aws:ecs/taskDefinition:TaskDefinition",
    service="ecs",
    create=(
        Call(
            "register_task_definition",
            {
                "family": In("family"),
                "containerDefinitions": In("containerDefinitions", parsed),
                "cpu": In("cpu"),
                "memory": In("memory"),
                "networkMode": In("networkMode"),
                "requiresCompatibilities": In("requiresCompatibilities"),
                "executionRoleArn": In("executionRoleArn"),
                "taskRoleArn": In("taskRoleArn"),
                "ipcMode": In("ipcMode"),
                "pidMode": In("pidMode"),
                "enableFaultInjection": In("enableFaultInjection"),
                "ephemeralStorage": In("ephemeralStorage", {"sizeInGiB": Item("sizeInGib")}),
                "runtimePlatform": In(
                    "runtimePlatform",
                    {
                        "cpuArchitecture": Item("cpuArchitecture"),
                        "operatingSystemFamily": Item("operatingSystemFamily"),
                    },
                ),
                "placementConstraints": In(
                    "placementConstraints", {"type": Item("type"), "expression": Item("expression")}
                ),
                "volumes": In("volumes", {"name": Item("name"), "host": {"sourcePath": Item("hostPath")}}),
                "tags": In("tags", lower_tag_list),
            },
        ),
    ),
    id="response.taskDefinition.family",
    setters=TAGS,
    read=(
        Look(
            "describe_task_definition",
            # An import brings the ARN as the id, everything else has it in the state.
            {"taskDefinition": Out("arn", otherwise=Id()), "include": ["TAGS"]},
            "taskDefinition.status!='INACTIVE' && merge(taskDefinition, {tags: tags})",
            absent=words("ClientException"),  # ECS's word for an unknown family or revision
        ),
    ),
    read_id="family",
    delete=(Call("deregister_task_definition", {"taskDefinition": Out("arn")}),),
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": "before_last(taskDefinitionArn, ':')",
        "revision": "revision",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "family": "family",
        "containerDefinitions": "to_string(containerDefinitions)",
        "cpu": "cpu",
        "memory": "memory",
        "networkMode": "networkMode",
        "requiresCompatibilities": "requiresCompatibilities",
        "executionRoleArn": "executionRoleArn",
        "taskRoleArn": "taskRoleArn",
        "tags": "tag_map(tags)",
    },
    required=words("family containerDefinitions"),
    # A revision is never changed: everything about it makes the next one.
    force_new=words(
        "family containerDefinitions cpu memory networkMode requiresCompatibilities executionRoleArn taskRoleArn"
        " ipcMode pidMode enableFaultInjection ephemeralStorage runtimePlatform placementConstraints volumes"
    ),
    sticky=words("networkMode requiresCompatibilities"),
    client_side=words("skipDestroy trackLatest"),
    defaults={"skipDestroy": False, "trackLatest": False},
    canonical={"containerDefinitions": document, "requiresCompatibilities": unordered, "volumes": unordered},
    seen_as={"containerDefinitions": filled},
    kept_when="skipDestroy",
)


def enabled(value: Any) -> str:
    """ECS's words for yes and no."""
    return "ENABLED" if value else "DISABLED"


SERVICE_SETTINGS: dict[str, Template] = {
    "desiredCount": In("desiredCount"),
    "taskDefinition": In("taskDefinition"),
    "platformVersion": In("platformVersion"),
    "enableExecuteCommand": In("enableExecuteCommand"),
    "enableECSManagedTags": In("enableEcsManagedTags"),
    "propagateTags": In("propagateTags"),
    "healthCheckGracePeriodSeconds": In("healthCheckGracePeriodSeconds"),
    "availabilityZoneRebalancing": In("availabilityZoneRebalancing"),
    "capacityProviderStrategy": In(
        "capacityProviderStrategies",
        {"capacityProvider": Item("capacityProvider"), "base": Item("base"), "weight": Item("weight")},
    ),
    "networkConfiguration": {
        "awsvpcConfiguration": In(
            "networkConfiguration",
            {
                "subnets": Item("subnets"),
                "securityGroups": Item("securityGroups"),
                "assignPublicIp": Item("assignPublicIp", enabled, otherwise=False),
            },
        )
    },
    "deploymentConfiguration": {
        "maximumPercent": In("deploymentMaximumPercent"),
        "minimumHealthyPercent": In("deploymentMinimumHealthyPercent"),
        "deploymentCircuitBreaker": In(
            "deploymentCircuitBreaker", {"enable": Item("enable"), "rollback": Item("rollback")}
        ),
        "alarms": In(
            "alarms",
            {"alarmNames": Item("alarmNames"), "enable": Item("enable"), "rollback": Item("rollback")},
        ),
    },
    "loadBalancers": In(
        "loadBalancers",
        {
            "targetGroupArn": Item("targetGroupArn"),
            "loadBalancerName": Item("elbName"),
            "containerName": Item("containerName"),
            "containerPort": Item("containerPort"),
        },
    ),
    "serviceRegistries": In(
        "serviceRegistries",
        {
            "registryArn": Item("registryArn"),
            "port": Item("port"),
            "containerName": Item("containerName"),
            "containerPort": Item("containerPort"),
        },
    ),
}

# A service is known by its ARN, and its cluster's name is part of that.
OF_SERVICE: dict[str, Template] = {"cluster": Out("cluster", otherwise=Id("/", 1)), "services": [Id()]}

SERVICE = Row(
    urn_type="aws:ecs/service:Service",
    service="ecs",
    create=(
        Call(
            "create_service",
            {
                "serviceName": In("name"),
                "cluster": In("cluster"),
                "launchType": In("launchType"),
                "schedulingStrategy": In("schedulingStrategy"),
                "deploymentController": In("deploymentController", {"type": Item("type")}),
                "tags": In("tags", lower_tag_list),
                **SERVICE_SETTINGS,
            },
        ),
    ),
    id="response.service.serviceArn",
    setters=(
        Call(
            "update_service",
            {
                "cluster": Out("cluster", otherwise=Id("/", 1)),
                "service": Id(),
                "forceNewDeployment": In("forceNewDeployment", quiet=True),
                **SERVICE_SETTINGS,
            },
            # One object of AWS's: what is not said again falls back to its default.
            together=(
                words("deploymentMaximumPercent deploymentMinimumHealthyPercent deploymentCircuitBreaker alarms"),
            ),
        ),
        *TAGS,
    ),
    read=(Look("describe_services", {**OF_SERVICE, "include": ["TAGS"]}, "services[?status!='INACTIVE'] | [0]"),),
    delete=(
        Call(
            "update_service",
            {"cluster": Out("cluster"), "service": Id(), "desiredCount": 0},
            not_if={"schedulingStrategy": "DAEMON"},
        ),
        Call("delete_service", {"cluster": Out("cluster"), "service": Id(), "force": Out("forceDelete")}),
    ),
    outputs={"arn": "serviceArn", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "serviceName",
        "cluster": "clusterArn",
        "taskDefinition": "taskDefinition",
        "desiredCount": "desiredCount",
        "launchType": "launchType",
        "schedulingStrategy": "schedulingStrategy",
        "platformVersion": "platformVersion",
        "enableExecuteCommand": "enableExecuteCommand",
        "enableEcsManagedTags": "enableECSManagedTags",
        "propagateTags": "propagateTags",
        "loadBalancers": "loadBalancers",
        "networkConfiguration": "networkConfiguration.awsvpcConfiguration.{subnets: subnets,"
        " securityGroups: securityGroups, assignPublicIp: assignPublicIp=='ENABLED'}",
        "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
        "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
        "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
        "healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
        "availabilityZoneRebalancing": "availabilityZoneRebalancing",
        "tags": "tag_map(tags)",
    },
    force_new=words("name cluster launchType schedulingStrategy deploymentController"),
    sticky=words(
        "cluster launchType schedulingStrategy platformVersion propagateTags loadBalancers networkConfiguration"
        " deploymentMaximumPercent deploymentMinimumHealthyPercent deploymentCircuitBreaker"
        " healthCheckGracePeriodSeconds availabilityZoneRebalancing deploymentController"
    ),
    client_side=words("waitForSteadyState forceDelete sigintRollback"),
    defaults={
        "desiredCount": 0,
        "enableExecuteCommand": False,
        "enableEcsManagedTags": False,
        "waitForSteadyState": False,
    },
    seen_as={
        "cluster": reference,
        "taskDefinition": reference,
        "loadBalancers": filled,
        "networkConfiguration": filled,
        "deploymentCircuitBreaker": filled,
    },
    autoname=Autoname(),
    ready=Poll(
        Look(
            "describe_services",
            OF_SERVICE,
            "services[0] | runningCount==desiredCount && length(deployments || `[]`)==`1` && 'steady' || 'moving'",
        ),
        done=("steady",),
        only_if="waitForSteadyState",
    ),
    gone=Poll(
        Look("describe_services", OF_SERVICE, "services[?status!='INACTIVE'].status | [0]"),
        done=(None,),
    ),
)

ROWS = (CLUSTER, TASK_DEFINITION, SERVICE)
