"""The ECS cluster that all tasks of the estate share."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.options import child, tags


@dataclass(frozen=True, slots=True)
class ClusterArgs:
    """What the cluster is made from."""

    stack: str


class Cluster(pulumi.ComponentResource):
    """A Fargate cluster: it costs nothing by itself."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Cluster", name, None, opts)
        cluster = aws.ecs.Cluster(
            f"{name}-tasks",
            settings=[{"name": "containerInsights", "value": "enabled"}],
            tags=tags(args.stack),
            opts=child(self),
        )
        self.arn, self.name = cluster.arn, cluster.name
        self.register_outputs({"arn": cluster.arn})
