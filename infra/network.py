"""The VPC: private and database subnets over the zones, and endpoints instead of a way to the internet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import addresses, config, endpoints
from infra.containers import Account
from infra.flow_logs import FlowLogs, FlowLogsArgs
from infra.gateways import Gateways, GatewaysArgs
from infra.lookups import look_at, s3_prefix_list
from infra.options import child, options, tags

HTTPS = 443


@dataclass(frozen=True, slots=True)
class NetworkArgs:
    """What a network is made from, or which existing one is used."""

    stack: str
    network: config.Network
    account: pulumi.Output[Account]
    zones: tuple[pulumi.Output[str], ...]
    logs_key_arn: pulumi.Input[str]
    protected: bool


class Network(pulumi.ComponentResource):
    """The estate's VPC, made or existing.

    Of an existing one nothing is made but the flow logs: its subnets, routes and endpoints are its owner's. The
    rules that let the estate's tasks reach its interface endpoints are added to the group that the configuration names.
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    zones: tuple[pulumi.Output[str], ...]
    """The zones of the database subnets, in their order: where instances may stand."""
    private_subnet_ids: list[pulumi.Output[str]]
    database_subnet_ids: list[pulumi.Output[str]]
    s3_prefix_list_id: pulumi.Output[str]
    endpoint_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Network", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack)
        self.cidr = args.network.cidr
        if args.network.existing is None:
            self._make()
        else:
            self._use(args.network.existing)
        if args.network.flow_log_days:
            FlowLogs(
                f"{name}-flow-logs",
                FlowLogsArgs(args.stack, self.vpc_id, args.account, args.logs_key_arn, args.network.flow_log_days),
                child(self),
            )
        self.register_outputs({"vpcId": self.vpc_id, "privateSubnetIds": self.private_subnet_ids})

    def _use(self, existing: config.ExistingNetwork) -> None:
        # Every id comes out of the answer, so that nothing is put into a network that cannot hold it.
        found = look_at(existing, self.cidr)
        self.vpc_id = found.apply(lambda known: known.vpc.id)
        private = found.apply(lambda known: [subnet.id for subnet in known.private])
        database = found.apply(lambda known: [subnet.id for subnet in known.database])
        zones = found.apply(lambda known: [subnet.zone for subnet in known.database])
        databases = range(len(existing.database_subnet_ids))
        self.private_subnet_ids = [private[index] for index in range(len(existing.private_subnet_ids))]
        self.database_subnet_ids = [database[index] for index in databases]
        self.zones = tuple(zones[index] for index in databases)
        self.endpoint_group_id = found.apply(lambda _: existing.endpoints_security_group_id)
        self.s3_prefix_list_id = s3_prefix_list(self._args.account)

    def _make(self) -> None:
        args, name = self._args, self._name
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=self.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS names of the endpoints, and the private zone, need both
            tags=tags(args.stack, Name=f"estate-{args.stack}"),
            opts=options("vpc", args.protected, self),
        )
        self.vpc_id, self.zones = vpc.id, args.zones
        # AWS puts whatever names no group into this one, and lets it speak with the world: a group without rules.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, tags=self._tags, opts=child(self))
        plan = addresses.subnets(self.cidr, len(args.zones))
        # A table for each zone even where all say the same: when a way out is added, only routes change.
        numbers = range(1, len(args.zones) + 1)
        private_routes = [self._routes(f"private-{number}") for number in numbers]
        database_routes = self._routes("database")
        self.private_subnet_ids = self._subnets("private", [row[0] for row in plan], private_routes)
        self.database_subnet_ids = self._subnets("database", [row[1] for row in plan], [database_routes for _ in plan])
        self.s3_prefix_list_id = self._gateway(private_routes).prefix_list_id
        group = aws.ec2.SecurityGroup(
            f"{name}-endpoints",
            description="Interface endpoints: tasks reach AWS through them",
            vpc_id=vpc.id,
            tags=self._tags,
            opts=child(self),
        )
        self.endpoint_group_id = group.id
        # Their names lead to the endpoints for everybody in the VPC: who could not get in would be cut off from AWS.
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints-in",
            security_group_id=group.id,
            cidr_ipv4=self.cidr,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="Applications in the VPC",
            tags=self._tags,
            opts=child(self),
        )
        self._interfaces(group.id)
        self._way_out(private_routes)

    def _routes(self, kind: str) -> aws.ec2.RouteTable:
        """A route table with the local route only: nothing leads out."""
        return aws.ec2.RouteTable(
            f"{self._name}-{kind}",
            vpc_id=self.vpc_id,
            tags=tags(self._args.stack, Name=f"estate-{self._args.stack}-{kind}"),
            opts=child(self),
        )

    def _subnets(self, kind: str, cidrs: list[str], routes: list[aws.ec2.RouteTable]) -> list[pulumi.Output[str]]:
        ids = []
        rows = zip(self._args.zones, cidrs, routes, strict=True)
        for index, (zone, cidr, table) in enumerate(rows, start=1):
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
                route_table_id=table.id,
                opts=child(self),
            )
            ids.append(subnet.id)
        return ids

    def _gateway(self, routes: Sequence[aws.ec2.RouteTable]) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self.vpc_id,
            service_name=self._service(endpoints.GATEWAY),
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in routes],
            policy=self._args.account.apply(endpoints.s3_policy),
            tags=self._tags,
            opts=child(self),
        )

    def _interfaces(self, group: pulumi.Input[str]) -> None:
        for service in endpoints.INTERFACES:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service.replace('.', '-')}",
                vpc_id=self.vpc_id,
                service_name=self._service(service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=self.private_subnet_ids,
                security_group_ids=[group],
                policy=self._args.account.apply(endpoints.interface_policy),
                tags=self._tags,
                opts=child(self),
            )

    def _service(self, name: str) -> pulumi.Output[str]:
        return self._args.account.apply(lambda account: endpoints.service(name, account))

    def _way_out(self, private_routes: Sequence[aws.ec2.RouteTable]) -> None:
        args = self._args
        gateways = {"none": 0, "single": 1, "per_zone": len(args.zones)}[args.network.nat]
        if gateways:
            Gateways(
                f"{self._name}-nat",
                GatewaysArgs(
                    args.stack,
                    self.vpc_id,
                    args.zones,
                    addresses.public(self.cidr, len(args.zones))[:gateways],
                    [table.id for table in private_routes],
                ),
                child(self),
            )
