"""Security group rules between two groups: both ends of each way are opened, and named."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network import HTTPS, Network
from infra.options import child


@dataclass(frozen=True, slots=True)
class Way:
    """One permitted way: its name, what it is for, and the port at its end."""

    name: str
    description: str
    port: int


def connect(
    parent: pulumi.Resource,
    way: Way,
    source: pulumi.Input[str],
    target: pulumi.Input[str],
    labels: dict[str, pulumi.Input[str]],
) -> None:
    """Opens the way from one security group to another: out of the first, into the second."""
    aws.vpc.SecurityGroupEgressRule(
        f"{way.name}-out",
        security_group_id=source,
        referenced_security_group_id=target,
        ip_protocol="tcp",
        from_port=way.port,
        to_port=way.port,
        description=way.description,
        tags=labels,
        opts=child(parent),
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{way.name}-in",
        security_group_id=target,
        referenced_security_group_id=source,
        ip_protocol="tcp",
        from_port=way.port,
        to_port=way.port,
        description=way.description,
        tags=labels,
        opts=child(parent),
    )


def reach_aws(
    parent: pulumi.Resource,
    name: str,
    source: pulumi.Input[str],
    network: Network,
    labels: dict[str, pulumi.Input[str]],
) -> None:
    """Opens what a task needs to start: the interface endpoints, and S3 for its image's layers."""
    way = Way(f"{name}-endpoints", "Image, log and secrets", HTTPS)
    connect(parent, way, source, network.endpoint_group_id, labels)
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-s3",
        security_group_id=source,
        prefix_list_id=network.s3_prefix_list_id,
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        description="Image layers",
        tags=labels,
        opts=child(parent),
    )
