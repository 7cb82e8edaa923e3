"""The network: its plan, its ways out, what its endpoints let through, and what an existing one must be like."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import addresses, endpoints, flow_log_policies
from infra.config import Network as Settings
from infra.containers import Account
from infra.network import Network, NetworkArgs
from tests.unit.infra.recorder import ACCOUNT, REGION, Recording, record

HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
SETTINGS = Settings("10.20.0.0/16", 3, "none", 0, "estate.internal", None)
ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")

ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SUBNET = "aws:ec2/subnet:Subnet"
NAT = "aws:ec2/natGateway:NatGateway"


def network(settings: Settings, protected: bool = False) -> Recording:
    """What a network of these settings asks AWS for."""

    def program() -> None:
        zones = tuple(pulumi.Output.from_input(zone) for zone in ZONES[: settings.availability_zones])
        account = pulumi.Output.from_input(HERE)
        Network("network", NetworkArgs("test", settings, account, zones, "arn:of:the:key", protected))

    return record(program)


def statements(document: str) -> dict[str, Any]:
    """The statements of a policy by their ids."""
    return {row["Sid"]: row for row in json.loads(document)["Statement"]}


# The plan -------------------------------------------------------------------------------------------------------------


@given(prefix=st.integers(16, 22), zones=st.integers(1, addresses.MOST_ZONES))
def test_no_two_subnets_overlap_and_aws_takes_each(prefix: int, zones: int) -> None:
    cidr = f"10.0.0.0/{prefix}"
    cut = [cidr_ for row in addresses.subnets(cidr, zones) for cidr_ in row] + [*addresses.public(cidr, zones)]
    blocks = [ipaddress.IPv4Network(each) for each in cut]
    assert len(blocks) == 3 * zones
    for index, block in enumerate(blocks):
        assert block.subnet_of(ipaddress.IPv4Network(cidr))
        assert 16 <= block.prefixlen <= 28  # AWS's limits
        assert not any(block.overlaps(other) for other in blocks[index + 1 :])


def test_public_subnets_came_into_the_plan_without_moving_the_others() -> None:
    assert addresses.subnets("10.20.0.0/16", 3) == (
        ("10.20.0.0/20", "10.20.128.0/20"),
        ("10.20.16.0/20", "10.20.144.0/20"),
        ("10.20.32.0/20", "10.20.160.0/20"),
    )
    assert addresses.public("10.20.0.0/16", 3) == ("10.20.112.0/22", "10.20.116.0/22", "10.20.120.0/22")


def test_the_plan_says_how_many_zones_it_has_room_for() -> None:
    with pytest.raises(ValueError, match="5 zones: the address plan has room for 4"):
        addresses.public("10.20.0.0/16", 5)


# Ways out -------------------------------------------------------------------------------------------------------------


def test_nothing_leads_out_unless_it_is_asked_for() -> None:
    recording = network(SETTINGS)
    assert not {ROUTE, NAT, "aws:ec2/internetGateway:InternetGateway", "aws:ec2/eip:Eip"} & {
        item.type for item in recording.resources
    }
    assert set(recording.of(ROUTE_TABLE)) == {f"network-{kind}" for kind in ("private-1", "private-2", "private-3",
                                                                             "database")}  # fmt: skip


@pytest.mark.parametrize(("nat", "gateways"), [("single", [1, 1, 1]), ("per_zone", [1, 2, 3])])
def test_private_subnets_alone_are_led_out(nat: Any, gateways: list[int]) -> None:
    recording = network(replace(SETTINGS, nat=nat))
    routes = {name: item.inputs for name, item in recording.of(ROUTE).items()}
    assert routes.pop("network-nat-public") == {
        "routeTableId": "network-nat-public-id",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "network-nat-internet-id",
    }
    assert routes == {
        f"network-nat-private-{zone}": {
            "routeTableId": f"network-private-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": f"network-nat-{gateway}-id",
        }
        for zone, gateway in enumerate(gateways, start=1)
    }
    for zone in (1, 2, 3):
        table = recording.one(ASSOCIATION, f"network-database-{zone}").inputs["routeTableId"]
        assert table == "network-database-id"
    assert set(recording.of(NAT)) == {f"network-nat-{gateway}" for gateway in set(gateways)}


def test_a_nat_gateway_waits_for_its_subnets_way_out() -> None:
    """AWS refuses one before the internet gateway is there, and lets that not go before the other went."""
    recording = network(replace(SETTINGS, nat="single"))
    assert {f"{ROUTE} network-nat-public", f"{ASSOCIATION} network-nat-1"} <= recording.one(
        NAT, "network-nat-1"
    ).dependencies
    subnet = recording.one(SUBNET, "network-nat-1").inputs
    assert (subnet["cidrBlock"], subnet["availabilityZone"]) == ("10.20.112.0/22", "eu-west-1a")
    assert subnet["mapPublicIpOnLaunch"] is False


def test_what_is_there_without_a_way_out_is_the_same_with_one() -> None:
    """Else a change of `nat` would replace subnets and what stands in them."""
    without = {(item.type, item.name): item.inputs for item in network(SETTINGS).resources}
    for nat in ("single", "per_zone"):
        having = {(item.type, item.name): item.inputs for item in network(replace(SETTINGS, nat=nat)).resources}
        assert without.items() <= having.items()


# Endpoints and groups -------------------------------------------------------------------------------------------------


def test_the_endpoint_of_s3_leads_to_own_buckets_and_to_the_layers_of_images() -> None:
    rows = statements(network(SETTINGS).one("aws:ec2/vpcEndpoint:VpcEndpoint", "network-s3").inputs["policy"])
    assert rows == {
        "ImageLayers": {
            "Sid": "ImageLayers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::prod-{REGION}-starport-layer-bucket/*",
        },
        "OwnIdentitiesToOwnResources": {
            "Sid": "OwnIdentitiesToOwnResources",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}},
        },
    }
    # A condition on who asks would refuse what is asked with a signed address.
    assert "Condition" not in rows["ImageLayers"]


def test_every_interface_endpoint_serves_this_account_only() -> None:
    recording = network(SETTINGS)
    found = {
        item.inputs["serviceName"].removeprefix(f"com.amazonaws.{REGION}."): item.inputs
        for item in recording.of("aws:ec2/vpcEndpoint:VpcEndpoint").values()
        if item.inputs["vpcEndpointType"] == "Interface"
    }
    assert set(found) == set(endpoints.INTERFACES)
    for row in found.values():
        assert row["privateDnsEnabled"] is True
        assert row["securityGroupIds"] == ["network-endpoints-id"]
        (statement,) = json.loads(row["policy"])["Statement"]
        assert statement["Condition"] == {
            "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
        }


def test_all_private_tables_lead_to_s3_and_the_databases_does_not() -> None:
    tables = network(SETTINGS).one("aws:ec2/vpcEndpoint:VpcEndpoint", "network-s3").inputs["routeTableIds"]
    assert tables == [f"network-private-{zone}-id" for zone in (1, 2, 3)]


def test_the_group_for_what_names_none_has_no_rules() -> None:
    default = network(SETTINGS).one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default").inputs
    assert default["vpcId"] == "network-vpc-id"
    assert not {"ingress", "egress"} & set(default)


# Flow logs ------------------------------------------------------------------------------------------------------------


def test_flow_logs_are_off_at_zero_days_and_else_kept_as_long_as_said() -> None:
    assert not network(SETTINGS).of("aws:ec2/flowLog:FlowLog")
    recording = network(replace(SETTINGS, flow_log_days=30))
    group = recording.one("aws:cloudwatch/logGroup:LogGroup", "network-flow-logs").inputs
    assert (group["retentionInDays"], group["kmsKeyId"]) == (30, "arn:of:the:key")
    log = recording.one("aws:ec2/flowLog:FlowLog", "network-flow-logs")
    assert {
        key: log.inputs[key] for key in ("vpcId", "trafficType", "logDestinationType", "maxAggregationInterval")
    } == {
        "vpcId": "network-vpc-id",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "maxAggregationInterval": 600,
    }
    assert "aws:iam/rolePolicy:RolePolicy network-flow-logs" in log.dependencies


def test_only_this_accounts_flow_logs_assume_the_role_and_it_writes_into_one_group() -> None:
    (row,) = json.loads(flow_log_policies.trust(HERE))["Statement"]
    assert row["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert row["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
    }
    rows = statements(flow_log_policies.delivery("arn:of:the:group", HERE))
    assert rows["Write"]["Resource"] == ["arn:of:the:group", "arn:of:the:group:*"]
    assert rows["Write"]["Action"] == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    assert rows["FindGroup"]["Action"] == "logs:DescribeLogGroups"


def test_a_protected_estate_protects_its_vpc() -> None:
    for protected in (False, True):
        recording = network(SETTINGS, protected)
        assert recording.one("aws:ec2/vpc:Vpc", "network-vpc").request.protect is protected
