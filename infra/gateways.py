"""The way out of the private subnets, where one is wanted: public subnets with NAT gateways in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.options import child, options, tags

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class GatewaysArgs:
    """What gateways are made from: a NAT gateway for each public range, in the zone at the same place."""

    stack: str
    vpc_id: pulumi.Input[str]
    zones: tuple[pulumi.Output[str], ...]
    public_cidrs: tuple[str, ...]
    private_route_table_ids: Sequence[pulumi.Input[str]]


class Gateways(pulumi.ComponentResource):
    """An internet gateway, NAT gateways, and a route out for each private route table.

    The estate's own tasks need none of it, and their security groups would not let them through: it is for what else
    is put into the private subnets. Database subnets never get such a route.

    What a change of `nat` does. From none to single to per_zone, gateways are added in zone order and keep their
    addresses; the other zones' routes move to a gateway of their own, and connections that went through the first one
    break at that moment. Subnets, route tables and everything that stands in them stay. The way back takes routes away
    or moves them before the gateways they led to go.
    """

    def __init__(self, name: str, args: GatewaysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Gateways", name, None, opts)
        self._name, self._args = name, args
        self._labels = tags(args.stack)
        internet = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=args.vpc_id, tags=self._labels, opts=child(self))
        table, way_out = self._public_routes(internet)
        gateways = [self._nat(number, table, way_out) for number in range(1, len(args.public_cidrs) + 1)]
        for index, private in enumerate(args.private_route_table_ids):
            aws.ec2.Route(
                f"{name}-private-{index + 1}",
                route_table_id=private,
                destination_cidr_block=ANYWHERE,
                # With a gateway for each zone its own, so that a zone's failure stays in it; else the only one.
                nat_gateway_id=gateways[min(index, len(gateways) - 1)].id,
                opts=child(self),
            )
        self.addresses = [gateway.public_ip for gateway in gateways]
        self.register_outputs({"addresses": self.addresses})

    def _public_routes(self, internet: aws.ec2.InternetGateway) -> tuple[aws.ec2.RouteTable, aws.ec2.Route]:
        table = aws.ec2.RouteTable(
            f"{self._name}-public",
            vpc_id=self._args.vpc_id,
            tags=tags(self._args.stack, Name=f"estate-{self._args.stack}-public"),
            opts=child(self),
        )
        route = aws.ec2.Route(
            f"{self._name}-public",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=internet.id,
            opts=child(self),
        )
        return table, route

    def _nat(self, number: int, table: aws.ec2.RouteTable, way_out: aws.ec2.Route) -> aws.ec2.NatGateway:
        """The gateway of one zone, in a public subnet that holds nothing else."""
        args, logical = self._args, f"{self._name}-{number}"
        labels = tags(args.stack, Name=f"estate-{args.stack}-public-{number}")
        subnet = aws.ec2.Subnet(
            logical,
            vpc_id=args.vpc_id,
            availability_zone=args.zones[number - 1],
            cidr_block=args.public_cidrs[number - 1],
            map_public_ip_on_launch=False,
            tags=labels,
            opts=options("subnet", False, self),
        )
        led_out = aws.ec2.RouteTableAssociation(logical, subnet_id=subnet.id, route_table_id=table.id, opts=child(self))
        address = aws.ec2.Eip(logical, domain="vpc", tags=labels, opts=child(self))
        return aws.ec2.NatGateway(
            logical,
            subnet_id=subnet.id,
            allocation_id=address.id,
            tags=labels,
            # AWS refuses one in a VPC without an internet gateway, and lets none be detached while one is left.
            opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=[led_out, way_out])),
        )
