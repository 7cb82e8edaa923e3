"""The network under the real engine: what a change of the way out does, and a network that is there already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pulumi import automation

from infra import addresses, endpoints
from infra.config import ExistingNetwork
from infra.containers import Account
from tests.e2e.estate.networked import CIDR, REGION, SETTINGS, ZONE, Clients, Program, changes, settled

HERE = Account("123456789012", REGION, "aws", "amazonaws.com")


def ways_out(aws: Clients, kind: str) -> dict[str, str | None]:
    """Name of each route table of this kind -> where it leads everything that it knows no better way for."""
    tables = aws("ec2").describe_route_tables()["RouteTables"]
    named = {next((tag["Value"] for tag in table["Tags"] if tag["Key"] == "Name"), ""): table for table in tables}
    return {
        name: next(
            (
                route.get("NatGatewayId") or route.get("GatewayId")
                for route in table["Routes"]
                if route.get("DestinationCidrBlock") == "0.0.0.0/0"
            ),
            None,
        )
        for name, table in sorted(named.items())
        if name.startswith(f"estate-test-{kind}")
    }


def subnets(aws: Clients) -> set[str]:
    found = aws("ec2").describe_subnets(Filters=[{"Name": "cidr-block", "Values": [*private_and_database()]}])
    return {subnet["SubnetId"] for subnet in found["Subnets"]}


def private_and_database() -> set[str]:
    return {cidr for row in addresses.subnets(CIDR, 2) for cidr in row}


def test_a_way_out_comes_and_goes_without_touching_what_stands_in_the_subnets(
    stack: automation.Stack, program: Program, aws: Clients
) -> None:
    stack.up()
    assert settled(stack)
    before = subnets(aws)
    assert len(before) == 4
    assert ways_out(aws, "private") == {"estate-test-private-1": None, "estate-test-private-2": None}
    assert aws("ec2").describe_internet_gateways()["InternetGateways"] == []

    program.network = replace(SETTINGS, nat="single")
    # Component, internet gateway, public table and its route; subnet, association, address, gateway; two routes.
    assert changes(stack.up()) == {"create": 10}
    assert settled(stack)
    [first] = aws("ec2").describe_nat_gateways()["NatGateways"]
    assert set(ways_out(aws, "private").values()) == {first["NatGatewayId"]}
    assert ways_out(aws, "database") == {"estate-test-database": None}

    program.network = replace(SETTINGS, nat="per_zone")
    assert changes(stack.up()) == {"create": 4, "update": 1}, "the second zone's own, and its route"
    assert settled(stack)
    gateways = {each["SubnetId"]: each["NatGatewayId"] for each in aws("ec2").describe_nat_gateways()["NatGateways"]}
    assert set(ways_out(aws, "private").values()) == set(gateways.values())
    assert gateways[first["SubnetId"]] == first["NatGatewayId"], "the first one keeps its place and its address"

    program.network = SETTINGS
    assert changes(stack.up()) == {"delete": 14}
    assert settled(stack)
    assert ways_out(aws, "private") == {"estate-test-private-1": None, "estate-test-private-2": None}
    assert aws("ec2").describe_addresses()["Addresses"] == []
    assert subnets(aws) == before


def test_what_the_endpoints_let_through_and_who_speaks_by_default(
    stack: automation.Stack, program: Program, aws: Clients
) -> None:
    stack.up()
    found = {each["ServiceName"].split(f"{REGION}.")[1]: each for each in live_endpoints(aws)}
    assert set(found) == {*endpoints.INTERFACES, "s3"}
    assert found.pop("s3")["PolicyDocument"] == endpoints.s3_policy(HERE)
    assert {each["PolicyDocument"] for each in found.values()} == {endpoints.interface_policy(HERE)}

    [default] = default_groups(aws)
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])
    # What somebody opens by hand is seen, and closed again.
    aws("ec2").authorize_security_group_ingress(
        GroupId=default["GroupId"],
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ],
    )
    assert changes(stack.refresh()) == {"update": 1}
    assert changes(stack.up()) == {"update": 1}
    [default] = default_groups(aws)
    assert default["IpPermissions"] == []
    assert settled(stack)


def live_endpoints(aws: Clients) -> list[Any]:
    return [each for each in aws("ec2").describe_vpc_endpoints()["VpcEndpoints"] if each["State"] == "available"]


def default_groups(aws: Clients) -> list[Any]:
    """The default groups of the VPCs that are not the account's own."""
    own = [vpc["VpcId"] for vpc in aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    filters = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": own}]
    return list(aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"])


def test_flow_logs_go_to_a_group_of_their_own(stack: automation.Stack, program: Program, aws: Clients) -> None:
    program.network = replace(SETTINGS, flow_log_days=30)
    stack.up()
    assert settled(stack)
    [log] = aws("ec2").describe_flow_logs()["FlowLogs"]
    [group] = aws("logs").describe_log_groups()["logGroups"]
    assert (log["DeliverLogsStatus"], log["FlowLogStatus"], log["TrafficType"]) == ("SUCCESS", "ACTIVE", "ALL")
    assert (log["LogGroupName"], group["retentionInDays"]) == (group["logGroupName"], 30)
    assert group["kmsKeyId"]

    program.network = SETTINGS
    assert changes(stack.up()) == {"delete": 5}
    assert aws("ec2").describe_flow_logs()["FlowLogs"] == []


@pytest.fixture
def existing(aws: Clients) -> Iterator[ExistingNetwork]:
    """A VPC that somebody else made: two zones, no endpoints that we could see."""
    client = aws("ec2")
    vpc = client.create_vpc(CidrBlock=CIDR)["Vpc"]["VpcId"]
    client.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = [
        client.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("cdcd")
    ]
    ids = [each["Subnet"]["SubnetId"] for each in made]
    group = client.create_security_group(GroupName="endpoints", Description="theirs", VpcId=vpc)["GroupId"]
    yield ExistingNetwork(vpc, (ids[0], ids[1]), (ids[2], ids[3]), group)
    client.delete_security_group(GroupId=group)
    for subnet in ids:
        client.delete_subnet(SubnetId=subnet)
    client.delete_vpc(VpcId=vpc)


def test_an_existing_network_is_used_as_it_is(
    existing: ExistingNetwork, stack: automation.Stack, program: Program, aws: Clients
) -> None:
    program.network = replace(SETTINGS, existing=existing, flow_log_days=7)
    outputs = stack.up().outputs
    assert settled(stack)
    assert outputs["privateSubnetIds"].value == list(existing.private_subnet_ids)
    assert outputs["databaseSubnetIds"].value == list(existing.database_subnet_ids)
    assert outputs["zones"].value == [f"{REGION}c", f"{REGION}d"]
    [lists] = [
        each["PrefixListId"]
        for each in aws("ec2").describe_prefix_lists()["PrefixLists"]
        if each["PrefixListName"] == f"com.amazonaws.{REGION}.s3"
    ]
    assert outputs["prefixList"].value == lists
    assert live_endpoints(aws) == []
    assert len([vpc for vpc in aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]) == 1
    [zone] = aws("route53").list_hosted_zones_by_vpc(VPCId=existing.vpc_id, VPCRegion=REGION)["HostedZoneSummaries"]
    assert zone["Name"] == f"{ZONE}."
    [log] = aws("ec2").describe_flow_logs()["FlowLogs"]
    assert log["ResourceId"] == existing.vpc_id
