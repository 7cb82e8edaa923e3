"""The VPC: private and database subnets over the zones, and endpoints instead of a way to the internet."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import addresses
from infra.options import child, options, tags

# What a task needs to start without internet: image, log, secrets. Layers come from S3 by the gateway endpoint.
INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
HTTPS = 443


@dataclass(frozen=True, slots=True)
class NetworkArgs:
    """What a network is made from."""

    stack: str
    cidr: str
    region: pulumi.Input[str]
    zones: tuple[pulumi.Input[str], ...]


class Network(pulumi.ComponentResource):
    """The estate's VPC."""

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    database_subnet_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Network", name, None, opts)
        self._name, self._args = name, args
        self.tags = tags(args.stack)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS names of the endpoints need both
            tags=tags(args.stack, Name=f"estate-{args.stack}"),
            opts=child(self),
        )
        self.vpc_id = vpc.id
        self.cidr = args.cidr
        plan = addresses.subnets(args.cidr, len(args.zones))
        private_routes = self._routes("private")
        self.private_subnet_ids = self._subnets("private", [row[0] for row in plan], private_routes)
        self.database_subnet_ids = self._subnets("database", [row[1] for row in plan], self._routes("database"))
        self.s3_prefix_list_id = self._gateway(private_routes).prefix_list_id
        endpoints = aws.ec2.SecurityGroup(
            f"{name}-endpoints",
            description="Interface endpoints: tasks reach AWS through them",
            vpc_id=vpc.id,
            tags=self.tags,
            opts=child(self),
        )
        self.endpoint_group_id = endpoints.id
        self._interfaces(endpoints.id)
        self.register_outputs({"vpcId": vpc.id, "privateSubnetIds": self.private_subnet_ids})

    def _routes(self, kind: str) -> aws.ec2.RouteTable:
        """A route table with the local route only: nothing leads out."""
        return aws.ec2.RouteTable(
            f"{self._name}-{kind}",
            vpc_id=self.vpc_id,
            tags=tags(self._args.stack, Name=f"estate-{self._args.stack}-{kind}"),
            opts=child(self),
        )

    def _subnets(self, kind: str, cidrs: list[str], routes: aws.ec2.RouteTable) -> list[pulumi.Output[str]]:
        ids = []
        for index, (zone, cidr) in enumerate(zip(self._args.zones, cidrs, strict=True), start=1):
            subnet = aws.ec2.Subnet(
                f"{self._name}-{kind}-{index}",
                vpc_id=self.vpc_id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags=tags(self._args.stack, Name=f"estate-{self._args.stack}-{kind}-{index}"),
                opts=options("subnet", False, self),
            )
            aws.ec2.RouteTableAssociation(
                f"{self._name}-{kind}-{index}",
                subnet_id=subnet.id,
                route_table_id=routes.id,
                opts=child(self),
            )
            ids.append(subnet.id)
        return ids

    def _gateway(self, routes: aws.ec2.RouteTable) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self.vpc_id,
            service_name=pulumi.Output.format("com.amazonaws.{0}.s3", self._args.region),
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            tags=self.tags,
            opts=child(self),
        )

    def _interfaces(self, group: pulumi.Input[str]) -> None:
        for service in INTERFACE_ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service.replace('.', '-')}",
                vpc_id=self.vpc_id,
                service_name=pulumi.Output.format("com.amazonaws.{0}.{1}", self._args.region, service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group],
                tags=self.tags,
                opts=child(self),
            )
