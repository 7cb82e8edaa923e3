"""What the fake AWS refuses and keeps of networks and names, as AWS does; asked without the provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.provider.engine import REGION


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws("ec2")


@pytest.fixture
def route53(aws: Any) -> Any:
    return aws("route53")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24")["Subnet"]["SubnetId"])


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=code)


# Gateways and endpoints -----------------------------------------------------------------------------------------------


def test_a_nat_gateway_without_an_internet_gateway_fails_and_keeps_nothing(ec2: Any, vpc: str, subnet: str) -> None:
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    [found] = ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"]
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    assert vpc in found["FailureMessage"]
    ec2.release_address(AllocationId=address)


def test_nothing_that_a_nat_gateway_needs_goes_before_it(ec2: Any, vpc: str, subnet: str) -> None:
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address)
    with refused("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.delete_nat_gateway(NatGatewayId=made)
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=internet)
    with refused("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0")


def test_routes_of_a_gateway_endpoint_come_and_go_with_its_tables(ec2: Any, vpc: str) -> None:
    one, other = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[one])
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]

    def led() -> set[str]:
        tables = ec2.describe_route_tables(RouteTableIds=[one, other])["RouteTables"]
        return {
            table["RouteTableId"]
            for table in tables
            if any(route.get("GatewayId") == endpoint for route in table["Routes"])
        }

    assert led() == {one}
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[other], RemoveRouteTableIds=[one])
    assert led() == {other}
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert led() == set()


def test_an_interface_endpoint_changes_its_name_and_its_subnets(ec2: Any, vpc: str, subnet: str) -> None:
    second = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.1.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        PrivateDnsEnabled=False,
        SubnetIds=[subnet],
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PrivateDnsEnabled=True, AddSubnetIds=[second])
    [found] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["PrivateDnsEnabled"] is True
    interfaces = ec2.describe_network_interfaces(NetworkInterfaceIds=found["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert {each["SubnetId"] for each in interfaces} == {subnet, second}


def test_a_rule_that_names_a_prefix_list_keeps_its_description(ec2: Any, vpc: str) -> None:
    group = ec2.create_security_group(GroupName="prefix", Description="x", VpcId=vpc)["GroupId"]
    [prefix] = [
        each["PrefixListId"]
        for each in ec2.describe_prefix_lists()["PrefixLists"]
        if each["PrefixListName"] == f"com.amazonaws.{REGION}.s3"
    ]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    peer = {"PrefixListId": prefix, "Description": "Image layers"}
    [rule] = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[{**https, "PrefixListIds": [peer]}])[
        "SecurityGroupRules"
    ]
    asked = {"SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]}
    [found] = ec2.describe_security_group_rules(**asked)["SecurityGroupRules"]
    assert (found["PrefixListId"], found["Description"]) == (prefix, "Image layers")
    change = {**https, "PrefixListId": prefix, "Description": "Layers"}
    ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": change}],
    )
    [found] = ec2.describe_security_group_rules(**asked)["SecurityGroupRules"]
    assert found["Description"] == "Layers"


def test_a_flow_log_to_a_log_group_that_is_not_there_says_so(ec2: Any, vpc: str) -> None:
    arn = f"arn:aws:logs:{REGION}:123456789012:log-group:nowhere"
    made = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestination=arn,
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flow",
    )["FlowLogIds"]
    [found] = ec2.describe_flow_logs(FlowLogIds=made)["FlowLogs"]
    assert (found["LogGroupName"], found["DeliverLogsStatus"]) == ("nowhere", "FAILED")


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def zone(route53: Any, vpc: str) -> Iterator[str]:
    """A private zone, empty again afterwards."""
    made = route53.create_hosted_zone(
        Name="corrections.internal", CallerReference=vpc, VPC={"VPCId": vpc, "VPCRegion": REGION}
    )["HostedZone"]["Id"].removeprefix("/hostedzone/")
    yield str(made)
    for row in records(route53, made):
        change(route53, made, ("DELETE", row))
    route53.delete_hosted_zone(Id=made)


def change(route53: Any, zone: str, *changes: tuple[str, Any]) -> None:
    batch = [{"Action": action, "ResourceRecordSet": row} for action, row in changes]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})


def records(route53: Any, zone: str) -> list[Any]:
    rows = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [row for row in rows if row["Type"] not in ("NS", "SOA")]


def record(name: str, value: str = "a.example.com", **more: Any) -> dict[str, Any]:
    return {
        "Name": f"{name}.corrections.internal",
        "Type": "CNAME",
        "TTL": 5,
        "ResourceRecords": [{"Value": value}],
        **more,
    }


def weighted(name: str, identifier: str, value: str = "a.example.com") -> dict[str, Any]:
    return record(name, value, SetIdentifier=identifier, Weight=1)


def test_a_zone_with_a_vpc_is_private_and_knows_it(route53: Any, zone: str, vpc: str) -> None:
    found = route53.get_hosted_zone(Id=zone)
    assert found["HostedZone"]["Config"]["PrivateZone"] is True
    assert found["VPCs"] == [{"VPCRegion": REGION, "VPCId": vpc}]


def test_a_record_is_deleted_by_its_name_type_and_identifier(route53: Any, zone: str) -> None:
    rows = [weighted("one", "1"), weighted("one", "2"), weighted("two", "1")]
    change(route53, zone, *(("CREATE", row) for row in rows))
    change(route53, zone, ("DELETE", rows[0]))
    assert {(row["Name"], row["SetIdentifier"]) for row in records(route53, zone)} == {
        ("one.corrections.internal.", "2"),
        ("two.corrections.internal.", "1"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        ("CREATE", record("there", "b.example.com")),  # it exists
        ("CREATE", weighted("there", "1")),  # a simple record of the name exists
        ("CREATE", record("there", "10.0.0.1", Type="A")),  # beside a CNAME stands nothing
        ("DELETE", record("there", "b.example.com")),  # other values than it has
        ("DELETE", record("not-there")),
        ("CREATE", {**record("new"), "Name": "new.example.com"}),  # another zone's
        ("CREATE", record("new", Weight=1)),  # no identifier
        ("CREATE", record("new", HealthCheckId="00000000-0000-0000-0000-000000000000")),
        ("CREATE", {key: value for key, value in record("new").items() if key != "TTL"}),
    ],
)
def test_a_batch_with_one_wrong_change_does_nothing(route53: Any, zone: str, wrong: tuple[str, Any]) -> None:
    change(route53, zone, ("CREATE", record("there")))
    with refused("InvalidChangeBatch"):
        change(route53, zone, ("CREATE", record("beside")), wrong)
    assert [row["Name"] for row in records(route53, zone)] == ["there.corrections.internal."]


def test_a_weighted_record_is_replaced_within_one_batch(route53: Any, zone: str) -> None:
    change(route53, zone, ("CREATE", weighted("readers", "primary")))
    change(route53, zone, ("CREATE", weighted("readers", "1")), ("DELETE", weighted("readers", "primary")))
    assert [row["SetIdentifier"] for row in records(route53, zone)] == ["1"]


# Health checks --------------------------------------------------------------------------------------------------------


def follow(route53: Any, alarm: str) -> Any:
    return route53.create_health_check(
        CallerReference=alarm,
        HealthCheckConfig={"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": REGION, "Name": alarm}},
    )["HealthCheck"]


def put_alarm(aws: Any, name: str, threshold: float, **more: Any) -> None:
    metric = {"Namespace": "AWS/RDS", "MetricName": "ReplicaLag", "Period": 60, "Statistic": "Average", **more}
    aws("cloudwatch").put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=5,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        **{key: value for key, value in metric.items() if value is not None},
    )


def test_a_check_copies_its_alarm_and_sees_a_change_only_when_it_is_told(aws: Any, route53: Any) -> None:
    put_alarm(aws, "copied", 600)
    made = follow(route53, "copied")
    assert made["HealthCheckConfig"] == {
        "Type": "CLOUDWATCH_METRIC",
        "Inverted": False,
        "Disabled": False,
        "AlarmIdentifier": {"Region": REGION, "Name": "copied"},
        "InsufficientDataHealthStatus": "LastKnownStatus",
    }
    put_alarm(aws, "copied", 900)

    def threshold() -> float:
        check = route53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
        return float(check["CloudWatchAlarmConfiguration"]["Threshold"])

    assert threshold() == 600
    route53.update_health_check(HealthCheckId=made["Id"], AlarmIdentifier={"Region": REGION, "Name": "copied"})
    assert threshold() == 900
    route53.delete_health_check(HealthCheckId=made["Id"])


def test_a_check_follows_one_plain_statistic_of_an_alarm_that_exists(aws: Any, route53: Any) -> None:
    with refused("there is no alarm missing"):
        follow(route53, "missing")
    put_alarm(aws, "percentile", 600, Statistic=None, ExtendedStatistic="p99")
    with refused("not of one metric and a plain statistic"):
        follow(route53, "percentile")


def test_a_check_of_an_address_is_as_it_was(route53: Any) -> None:
    config = {"Type": "TCP", "IPAddress": "10.0.0.1", "Port": 5432}
    made = route53.create_health_check(CallerReference="tcp", HealthCheckConfig=config)["HealthCheck"]
    assert made["HealthCheckConfig"]["Port"] == 5432
    route53.delete_health_check(HealthCheckId=made["Id"])
