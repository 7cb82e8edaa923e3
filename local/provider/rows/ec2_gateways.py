"""Rows of EC2: ways out of a VPC, and the routes that lead to them."""

from __future__ import annotations

from local.provider.rows.ec2_tags import TAGS, arn, tagged
from local.provider.table import Call, Id, In, Look, Out, Poll, Row, words

INTERNET_GATEWAY = Row(
    urn_type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    create=(Call("create_internet_gateway", {"TagSpecifications": tagged("internet-gateway")}),),
    id="response.InternetGateway.InternetGatewayId",
    setters=(Call("attach_internet_gateway", {"InternetGatewayId": Id(), "VpcId": In("vpcId")}), *TAGS),
    read=(Look("describe_internet_gateways", {"InternetGatewayIds": [Id()]}, "InternetGateways[0]"),),
    delete=(
        Call("detach_internet_gateway", {"InternetGatewayId": Id(), "VpcId": Out("vpcId")}),
        Call("delete_internet_gateway", {"InternetGatewayId": Id()}),
    ),
    outputs={
        "arn": arn("internet-gateway", "InternetGatewayId"),
        "ownerId": "OwnerId",
        "tagsAll": "tag_map(Tags)",
    },
    observed={"vpcId": "Attachments[0].VpcId", "tags": "tag_map(Tags)"},
    required=words("vpcId"),
    # The real provider moves it to another VPC in place; here that is a new gateway, as everything in a VPC is.
    force_new=words("vpcId"),
)

EIP = Row(
    urn_type="aws:ec2/eip:Eip",
    service="ec2",
    create=(Call("allocate_address", {"Domain": In("domain"), "TagSpecifications": tagged("elastic-ip")}),),
    id="response.AllocationId",
    setters=TAGS,
    read=(
        Look("describe_addresses", {"AllocationIds": [Id()]}, "Addresses[0]"),
        Look("get_caller_identity", {}, "Account", into="account", service="sts"),
    ),
    delete=(Call("release_address", {"AllocationId": Id()}),),
    outputs={
        "arn": "glue(['arn:aws:ec2:', _region, ':', account, ':elastic-ip/', AllocationId])",
        "allocationId": "AllocationId",
        "publicIp": "PublicIp",
        "tagsAll": "tag_map(Tags)",
    },
    observed={"domain": "Domain", "tags": "tag_map(Tags)"},
    required=words("domain"),
    force_new=words("domain"),
)

NAT_STATE = "NatGateways[?State!='deleted'].State | [0]"

NAT_GATEWAY = Row(
    urn_type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    create=(
        Call(
            "create_nat_gateway",
            {
                "SubnetId": In("subnetId"),
                "AllocationId": In("allocationId"),
                "ConnectivityType": In("connectivityType"),
                "TagSpecifications": tagged("natgateway"),
            },
        ),
    ),
    id="response.NatGateway.NatGatewayId",
    setters=TAGS,
    # AWS shows one for an hour after it is gone.
    read=(Look("describe_nat_gateways", {"NatGatewayIds": [Id()]}, "NatGateways[?State!='deleted'] | [0]"),),
    delete=(Call("delete_nat_gateway", {"NatGatewayId": Id()}),),
    outputs={
        "associationId": "NatGatewayAddresses[0].AssociationId",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "publicIp": "NatGatewayAddresses[0].PublicIp",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "subnetId": "SubnetId",
        "allocationId": "NatGatewayAddresses[0].AllocationId",
        "connectivityType": "ConnectivityType",
        "tags": "tag_map(Tags)",
    },
    required=words("subnetId"),
    force_new=words("subnetId allocationId connectivityType"),
    defaults={"connectivityType": "public"},
    ready=Poll(
        Look("describe_nat_gateways", {"NatGatewayIds": [Id()]}, NAT_STATE), done=("available",), failed=("failed",)
    ),
    gone=Poll(Look("describe_nat_gateways", {"NatGatewayIds": [Id()]}, NAT_STATE), done=(None,)),
)

TARGETS = {"GatewayId": In("gatewayId"), "NatGatewayId": In("natGatewayId")}

ROUTE = Row(
    urn_type="aws:ec2/route:Route",
    service="ec2",
    create=(
        Call(
            "create_route",
            {
                "RouteTableId": In("routeTableId"),
                "DestinationCidrBlock": In("destinationCidrBlock"),
                **TARGETS,
            },
        ),
    ),
    # As an import is asked for it; the real provider's own id is a hash of the two.
    id="glue([inputs.routeTableId, '_', inputs.destinationCidrBlock])",
    setters=(
        Call(
            "replace_route",
            {
                "RouteTableId": Id("_", 0),
                "DestinationCidrBlock": Id("_", 1),
                **TARGETS,
            },
            whole=True,
        ),
    ),
    read=(
        Look(
            "describe_route_tables",
            {"RouteTableIds": [Id("_", 0)]},
            "RouteTables[0].Routes[?DestinationCidrBlock==$cidr] | [0]",
            where={"cidr": Id("_", 1)},
        ),
    ),
    delete=(Call("delete_route", {"RouteTableId": Id("_", 0), "DestinationCidrBlock": Id("_", 1)}),),
    outputs={"origin": "Origin", "state": "State"},
    observed={
        "routeTableId": "before_last(_id, '_')",
        "destinationCidrBlock": "DestinationCidrBlock",
        "gatewayId": "GatewayId",
        "natGatewayId": "NatGatewayId",
    },
    required=words("routeTableId destinationCidrBlock"),
    force_new=words("routeTableId destinationCidrBlock"),
    excludes={"gatewayId": words("natGatewayId")},
)

ROWS = (INTERNET_GATEWAY, EIP, NAT_GATEWAY, ROUTE)
