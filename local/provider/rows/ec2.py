"""Rows of EC2: the network; who may speak in it is in a module of its own."""

from __future__ import annotations

from local.provider.compare import document, filled, unordered
from local.provider.rows.ec2_tags import TAGS, arn, tagged
from local.provider.table import (
    Added,
    Call,
    Id,
    In,
    Item,
    Look,
    Out,
    Poll,
    Removed,
    Row,
    Template,
    words,
)


def of_vpc(*more: Template) -> Template:
    """A filter to one VPC."""
    return [{"Name": "vpc-id", "Values": [Id()]}, *more]


VPC = Row(
    urn_type="aws:ec2/vpc:Vpc",
    service="ec2",
    create=(
        Call(
            "create_vpc",
            {
                "CidrBlock": In("cidrBlock"),
                "InstanceTenancy": In("instanceTenancy"),
                "AmazonProvidedIpv6CidrBlock": In("assignGeneratedIpv6CidrBlock"),
                "TagSpecifications": tagged("vpc"),
            },
        ),
    ),
    id="response.Vpc.VpcId",
    setters=(
        Call("modify_vpc_attribute", {"VpcId": Id(), "EnableDnsSupport": {"Value": In("enableDnsSupport")}}),
        Call("modify_vpc_attribute", {"VpcId": Id(), "EnableDnsHostnames": {"Value": In("enableDnsHostnames")}}),
        *TAGS,
    ),
    read=(
        Look("describe_vpcs", {"VpcIds": [Id()]}, "Vpcs[0]"),
        Look(
            "describe_vpc_attribute",
            {"VpcId": Id(), "Attribute": "enableDnsSupport"},
            "EnableDnsSupport.Value",
            into="dns_support",
        ),
        Look(
            "describe_vpc_attribute",
            {"VpcId": Id(), "Attribute": "enableDnsHostnames"},
            "EnableDnsHostnames.Value",
            into="dns_hostnames",
        ),
        Look(
            "describe_route_tables",
            {"Filters": of_vpc({"Name": "association.main", "Values": ["true"]})},
            "RouteTables[0].RouteTableId",
            into="main_route_table",
        ),
        Look(
            "describe_security_groups",
            {"Filters": of_vpc({"Name": "group-name", "Values": ["default"]})},
            "SecurityGroups[0].GroupId",
            into="default_security_group",
        ),
        Look(
            "describe_network_acls",
            {"Filters": of_vpc({"Name": "default", "Values": ["true"]})},
            "NetworkAcls[0].NetworkAclId",
            into="default_network_acl",
        ),
    ),
    delete=(Call("delete_vpc", {"VpcId": Id()}),),
    outputs={
        "arn": arn("vpc", "VpcId"),
        "ownerId": "OwnerId",
        "dhcpOptionsId": "DhcpOptionsId",
        "mainRouteTableId": "main_route_table",
        "defaultRouteTableId": "main_route_table",
        "defaultSecurityGroupId": "default_security_group",
        "defaultNetworkAclId": "default_network_acl",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "cidrBlock": "CidrBlock",
        "instanceTenancy": "InstanceTenancy",
        "enableDnsSupport": "dns_support",
        "enableDnsHostnames": "dns_hostnames",
        "tags": "tag_map(Tags)",
    },
    required=words("cidrBlock"),
    force_new=words("cidrBlock instanceTenancy assignGeneratedIpv6CidrBlock"),
    sticky=words("enableDnsHostnames"),
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
)

SUBNET = Row(
    urn_type="aws:ec2/subnet:Subnet",
    service="ec2",
    create=(
        Call(
            "create_subnet",
            {
                "VpcId": In("vpcId"),
                "CidrBlock": In("cidrBlock"),
                "AvailabilityZone": In("availabilityZone"),
                "AvailabilityZoneId": In("availabilityZoneId"),
                "TagSpecifications": tagged("subnet"),
            },
        ),
    ),
    id="response.Subnet.SubnetId",
    setters=(
        Call(
            "modify_subnet_attribute",
            {"SubnetId": Id(), "MapPublicIpOnLaunch": {"Value": In("mapPublicIpOnLaunch")}},
        ),
        Call(
            "modify_subnet_attribute",
            {"SubnetId": Id(), "AssignIpv6AddressOnCreation": {"Value": In("assignIpv6AddressOnCreation")}},
        ),
        *TAGS,
    ),
    read=(Look("describe_subnets", {"SubnetIds": [Id()]}, "Subnets[0]"),),
    delete=(Call("delete_subnet", {"SubnetId": Id()}),),
    outputs={"arn": "SubnetArn", "ownerId": "OwnerId", "tagsAll": "tag_map(Tags)"},
    observed={
        "vpcId": "VpcId",
        "cidrBlock": "CidrBlock",
        "availabilityZone": "AvailabilityZone",
        "availabilityZoneId": "AvailabilityZoneId",
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
        "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
        "tags": "tag_map(Tags)",
    },
    required=words("vpcId"),
    force_new=words("vpcId cidrBlock availabilityZone availabilityZoneId"),
    sticky=words("availabilityZone availabilityZoneId"),
    defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
)

# Where a route may lead: our name -> AWS's.
ROUTE_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
ROUTE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_ROUTE_FIELDS = ", ".join(f"{ours}: {theirs}" for ours, theirs in {**ROUTE_DESTINATIONS, **ROUTE_TARGETS}.items())

ROUTE_TABLE = Row(
    urn_type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    create=(Call("create_route_table", {"VpcId": In("vpcId"), "TagSpecifications": tagged("route-table")}),),
    id="response.RouteTable.RouteTableId",
    setters=(
        Call(
            "delete_route",
            {"RouteTableId": Id(), **{theirs: Item(ours) for ours, theirs in ROUTE_DESTINATIONS.items()}},
            each=Removed("routes"),
            tolerate=words("InvalidRoute.NotFound"),
        ),
        Call(
            "create_route",
            {
                "RouteTableId": Id(),
                **{theirs: Item(ours) for ours, theirs in {**ROUTE_DESTINATIONS, **ROUTE_TARGETS}.items()},
            },
            each=Added("routes"),
        ),
        *TAGS,
    ),
    read=(Look("describe_route_tables", {"RouteTableIds": [Id()]}, "RouteTables[0]"),),
    delete=(Call("delete_route_table", {"RouteTableId": Id()}),),
    outputs={"arn": arn("route-table", "RouteTableId"), "ownerId": "OwnerId", "tagsAll": "tag_map(Tags)"},
    observed={
        "vpcId": "VpcId",
        # The route inside the VPC is AWS's own, and gateway endpoints add theirs.
        "routes": f"Routes[?GatewayId!='local' && !starts_with(GatewayId || '', 'vpce-')].{{{_ROUTE_FIELDS}}}",
        "tags": "tag_map(Tags)",
    },
    required=words("vpcId"),
    force_new=words("vpcId"),
    sticky=words("routes"),
    canonical={"routes": unordered},
)

ROUTE_TABLE_ASSOCIATION = Row(
    urn_type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    create=(
        Call(
            "associate_route_table",
            {"RouteTableId": In("routeTableId"), "SubnetId": In("subnetId"), "GatewayId": In("gatewayId")},
        ),
    ),
    id="response.AssociationId",
    read=(
        Look(
            "describe_route_tables",
            {"Filters": [{"Name": "association.route-table-association-id", "Values": [Id()]}]},
            "RouteTables[].Associations[] | [?RouteTableAssociationId==$id] | [0]",
            where={"id": Id()},
        ),
    ),
    delete=(Call("disassociate_route_table", {"AssociationId": Id()}),),
    observed={"routeTableId": "RouteTableId", "subnetId": "SubnetId", "gatewayId": "GatewayId"},
    required=words("routeTableId"),
    # Another route table means another association id, and a subnet has one association at a time.
    force_new=words("routeTableId subnetId gatewayId"),
    exclusive=True,
)


ENDPOINT_LOOK = Look("describe_vpc_endpoints", {"VpcEndpointIds": [Id()]}, "VpcEndpoints[?State!='deleted'] | [0]")

VPC_ENDPOINT = Row(
    urn_type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    create=(
        Call(
            "create_vpc_endpoint",
            {
                "VpcId": In("vpcId"),
                "ServiceName": In("serviceName"),
                "VpcEndpointType": In("vpcEndpointType"),
                "PolicyDocument": In("policy"),
                "PrivateDnsEnabled": In("privateDnsEnabled"),
                "RouteTableIds": In("routeTableIds"),
                "SubnetIds": In("subnetIds"),
                "SecurityGroupIds": In("securityGroupIds"),
                "TagSpecifications": tagged("vpc-endpoint"),
            },
        ),
    ),
    id="response.VpcEndpoint.VpcEndpointId",
    setters=(
        Call(
            "modify_vpc_endpoint",
            {
                "VpcEndpointId": Id(),
                "PolicyDocument": In("policy"),
                "PrivateDnsEnabled": In("privateDnsEnabled"),
                "AddRouteTableIds": Added("routeTableIds"),
                "RemoveRouteTableIds": Removed("routeTableIds"),
                "AddSubnetIds": Added("subnetIds"),
                "RemoveSubnetIds": Removed("subnetIds"),
                "AddSecurityGroupIds": Added("securityGroupIds"),
                "RemoveSecurityGroupIds": Removed("securityGroupIds"),
            },
        ),
        *TAGS,
    ),
    read=(
        ENDPOINT_LOOK,
        Look(
            "describe_prefix_lists",
            {"Filters": [{"Name": "prefix-list-name", "Values": [Out("serviceName")]}]},
            "PrefixLists[?PrefixListName==$service] | [0]",
            into="prefix_list",
            where={"service": Out("serviceName")},
        ),
    ),
    delete=(Call("delete_vpc_endpoints", {"VpcEndpointIds": [Id()]}),),
    outputs={
        "arn": arn("vpc-endpoint", "VpcEndpointId"),
        "state": "State",
        "ownerId": "OwnerId",
        "requesterManaged": "RequesterManaged || `false`",
        "networkInterfaceIds": "NetworkInterfaceIds",
        "dnsEntries": "DnsEntries[].{dnsName: DnsName, hostedZoneId: HostedZoneId}",
        "prefixListId": "prefix_list.PrefixListId",
        "cidrBlocks": "prefix_list.Cidrs",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "vpcId": "VpcId",
        "serviceName": "ServiceName",
        "vpcEndpointType": "VpcEndpointType",
        "policy": "PolicyDocument",
        "privateDnsEnabled": "PrivateDnsEnabled",
        "routeTableIds": "RouteTableIds",
        "subnetIds": "SubnetIds",
        "securityGroupIds": "Groups[].GroupId",
        "tags": "tag_map(Tags)",
    },
    required=words("vpcId serviceName"),
    force_new=words("vpcId serviceName vpcEndpointType"),
    sticky=words("policy privateDnsEnabled routeTableIds subnetIds securityGroupIds"),
    client_side=words("autoAccept"),
    defaults={"vpcEndpointType": "Gateway"},
    canonical={
        "policy": document,
        "routeTableIds": unordered,
        "subnetIds": unordered,
        "securityGroupIds": unordered,
    },
    seen_as={"policy": filled},
    ready=Poll(
        Look("describe_vpc_endpoints", {"VpcEndpointIds": [Id()]}, "VpcEndpoints[0].State"),
        done=("available",),
        failed=("failed", "rejected", "expired"),
    ),
    gone=Poll(
        Look(
            "describe_vpc_endpoints",
            {"VpcEndpointIds": [Id()]},
            "VpcEndpoints[?State!='deleted'].State | [0]",
        ),
        done=(None,),
    ),
)

ROWS = (
    VPC,
    SUBNET,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    VPC_ENDPOINT,
)
