"""Autoscaling of a service's pooler tasks: from `tasks` up to `most_tasks`, quickly, and slowly back."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import pooler_metrics, scaling_rules
from infra.config import Service
from infra.options import child


def scale(
    parent: pulumi.Resource,
    name: str,
    cluster_arn: pulumi.Input[str],
    service_name: pulumi.Input[str],
    stack: str,
    service: Service,
    labels: dict[str, pulumi.Input[str]],
) -> None:
    """Makes the scalable target and one policy for each of its rules; the one that wants most tasks wins."""
    target = aws.appautoscaling.Target(
        name,
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=pulumi.Output.all(cluster_arn, service_name).apply(
            lambda known: scaling_rules.resource_id(known[0], known[1])
        ),
        min_capacity=service.pooler.tasks,
        max_capacity=service.pooler.most_tasks,
        tags=labels,
        opts=child(parent),
    )
    for rule in scaling_rules.rules(service.pooler.cpu):
        metric: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict
        if rule.predefined is not None:
            metric = {"target_value": rule.target, "predefined_metric_specification": {
                "predefined_metric_type": rule.predefined}}  # fmt: skip
        else:
            dimensions = pooler_metrics.dimensions_of(stack, service.name)
            metric = {
                "target_value": rule.target,
                "customized_metric_specification": {
                    "namespace": pooler_metrics.NAMESPACE,
                    "metric_name": rule.name,
                    "statistic": "Average",
                    "dimensions": [{"name": key, "value": dimensions[key]} for key in sorted(dimensions)],
                },
            }
        aws.appautoscaling.Policy(
            f"{name}-{rule.suffix}",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                **metric,
                "scale_out_cooldown": scaling_rules.OUT_SECONDS,
                "scale_in_cooldown": scaling_rules.IN_SECONDS,
            },
            opts=child(parent),
        )
