"""Rows of Application Auto Scaling."""

from __future__ import annotations

from typing import Any

from local.provider.compare import filled
from local.provider.rows.shared import pairs_to_map, tag_setters, without_empty
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, Template, words

TAGS = tag_setters(
    "tag_resource",
    "untag_resource",
    {"ResourceARN": Out("arn")},
    pair=pairs_to_map,
)

# What a target is, and what its policies hang on. An import gives no more than the resource: the estate scales ECS.
OF_TARGET: dict[str, Template] = {
    "ServiceNamespace": Out("serviceNamespace", otherwise="ecs"),
    "ScalableDimension": Out("scalableDimension", otherwise="ecs:service:DesiredCount"),
}
PLACE: dict[str, Template] = {
    "ServiceNamespace": In("serviceNamespace"),
    "ResourceId": In("resourceId"),
    "ScalableDimension": In("scalableDimension"),
}
CAPACITY: dict[str, Template] = {
    "MinCapacity": In("minCapacity"),
    "MaxCapacity": In("maxCapacity"),
    "RoleARN": In("roleArn"),
    "SuspendedState": In(
        "suspendedState",
        {
            "DynamicScalingInSuspended": Item("dynamicScalingInSuspended"),
            "DynamicScalingOutSuspended": Item("dynamicScalingOutSuspended"),
            "ScheduledScalingSuspended": Item("scheduledScalingSuspended"),
        },
    ),
}

TARGET = Row(
    urn_type="aws:appautoscaling/target:Target",
    service="application-autoscaling",
    create=(Call("register_scalable_target", {**PLACE, **CAPACITY, "Tags": In("tags", without_empty)}),),
    id="inputs.resourceId",
    setters=(Call("register_scalable_target", {**OF_TARGET, "ResourceId": Id(), **CAPACITY}), *TAGS),
    read=(
        Look("describe_scalable_targets", {**OF_TARGET, "ResourceIds": [Id()]}, "ScalableTargets[0]"),
        Look("list_tags_for_resource", {"ResourceARN": Out("arn")}, "Tags", into="tags"),
    ),
    delete=(Call("deregister_scalable_target", {**OF_TARGET, "ResourceId": Id()}),),
    outputs={"arn": "ScalableTargetARN", "tagsAll": "tags"},
    observed={
        "serviceNamespace": "ServiceNamespace",
        "resourceId": "ResourceId",
        "scalableDimension": "ScalableDimension",
        "minCapacity": "MinCapacity",
        "maxCapacity": "MaxCapacity",
        "roleArn": "RoleARN",
        "tags": "tags",
    },
    required=words("serviceNamespace resourceId scalableDimension minCapacity maxCapacity"),
    force_new=words("serviceNamespace resourceId scalableDimension"),
    sticky=words("roleArn suspendedState"),
)


def number(value: Any) -> float:
    """A target value is a double to AWS."""
    return float(value)


TRACKING: Template = {
    "TargetValue": Item("targetValue", number),
    "PredefinedMetricSpecification": Item(
        "predefinedMetricSpecification",
        {"PredefinedMetricType": Item("predefinedMetricType"), "ResourceLabel": Item("resourceLabel")},
    ),
    "CustomizedMetricSpecification": Item(
        "customizedMetricSpecification",
        {
            "MetricName": Item("metricName"),
            "Namespace": Item("namespace"),
            "Dimensions": Item("dimensions", {"Name": Item("name"), "Value": Item("value")}),
            "Statistic": Item("statistic"),
            "Unit": Item("unit"),
        },
    ),
    "ScaleOutCooldown": Item("scaleOutCooldown"),
    "ScaleInCooldown": Item("scaleInCooldown"),
    "DisableScaleIn": Item("disableScaleIn"),
}
POLICY_SETTINGS: dict[str, Template] = {
    "PolicyType": In("policyType"),
    "TargetTrackingScalingPolicyConfiguration": In("targetTrackingScalingPolicyConfiguration", TRACKING),
}
OF_POLICY: dict[str, Template] = {**OF_TARGET, "ResourceId": Out("resourceId")}

POLICY = Row(
    urn_type="aws:appautoscaling/policy:Policy",
    service="application-autoscaling",
    create=(Call("put_scaling_policy", {**PLACE, "PolicyName": In("name"), **POLICY_SETTINGS}),),
    id="inputs.name",
    setters=(Call("put_scaling_policy", {**OF_POLICY, "PolicyName": Id(), **POLICY_SETTINGS}, whole=True),),
    read=(
        Look(
            "describe_scaling_policies",
            {**OF_POLICY, "PolicyNames": [Id()]},
            "ScalingPolicies[?PolicyName==$name] | [0]",
            where={"name": Id()},
        ),
    ),
    delete=(Call("delete_scaling_policy", {**OF_POLICY, "PolicyName": Id()}),),
    outputs={"arn": "PolicyARN", "alarmArns": "Alarms[].AlarmARN"},
    observed={
        "name": "PolicyName",
        "policyType": "PolicyType",
        "serviceNamespace": "ServiceNamespace",
        "resourceId": "ResourceId",
        "scalableDimension": "ScalableDimension",
        "targetTrackingScalingPolicyConfiguration": "TargetTrackingScalingPolicyConfiguration.{"
        "targetValue: TargetValue, scaleOutCooldown: ScaleOutCooldown, scaleInCooldown: ScaleInCooldown,"
        " disableScaleIn: DisableScaleIn,"
        " predefinedMetricSpecification: PredefinedMetricSpecification.{predefinedMetricType: PredefinedMetricType,"
        " resourceLabel: ResourceLabel},"
        " customizedMetricSpecification: CustomizedMetricSpecification.{metricName: MetricName, namespace: Namespace,"
        " statistic: Statistic, unit: Unit, dimensions: Dimensions[].{name: Name, value: Value}}}",
    },
    required=words("serviceNamespace resourceId scalableDimension"),
    force_new=words("name serviceNamespace resourceId scalableDimension"),
    defaults={"policyType": "StepScaling"},
    seen_as={"targetTrackingScalingPolicyConfiguration": filled},
    autoname=Autoname(),
)

ROWS = (TARGET, POLICY)
