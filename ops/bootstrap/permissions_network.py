"""What the resource types of the network take: VPC, load balancers, names. Pure."""

from __future__ import annotations

from ops.bootstrap.permission_rows import row
from ops.bootstrap.scopes import (
    DEFAULT_GROUP,
    GROUP_IN_VPC,
    LINKED,
    MAKE,
    MAKE_ZONES,
    OURS,
    PASS,
    READ,
    RECORDS,
    TAG_BALANCERS,
    TAG_EC2,
    ZONES,
)

_TAGS = "CreateTags DeleteTags"

# EC2 asks for each thing that a call touches: for what is made (the tag in the request) and for what it is made in,
# the VPC or the table (the tag on it). Such actions stand in both scopes.
NETWORK = (
    row(
        "aws:ec2/vpc:Vpc",
        ec2={
            READ: "DescribeVpcs DescribeVpcAttribute DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups",
            MAKE: "CreateVpc",
            TAG_EC2: "CreateTags",
            OURS: f"DeleteVpc ModifyVpcAttribute {_TAGS}",
        },
    ),
    row(
        "aws:ec2/subnet:Subnet",
        ec2={
            READ: "DescribeSubnets DescribeNetworkInterfaces",
            MAKE: "CreateSubnet",
            TAG_EC2: "CreateTags",
            OURS: f"CreateSubnet DeleteSubnet ModifySubnetAttribute {_TAGS}",
        },
    ),
    row(
        "aws:ec2/routeTable:RouteTable",
        ec2={
            READ: "DescribeRouteTables",
            MAKE: "CreateRouteTable",
            TAG_EC2: "CreateTags",
            OURS: f"CreateRouteTable DeleteRouteTable DisassociateRouteTable {_TAGS}",
        },
    ),
    row(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        ec2={
            READ: "DescribeRouteTables DescribeSubnets",
            OURS: "AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation",
        },
    ),
    row("aws:ec2/route:Route", ec2={READ: "DescribeRouteTables", OURS: "CreateRoute DeleteRoute ReplaceRoute"}),
    row(
        "aws:ec2/internetGateway:InternetGateway",
        ec2={
            READ: "DescribeInternetGateways",
            MAKE: "CreateInternetGateway",
            TAG_EC2: "CreateTags",
            OURS: f"AttachInternetGateway DeleteInternetGateway DetachInternetGateway {_TAGS}",
        },
    ),
    row(
        "aws:ec2/eip:Eip",
        ec2={
            READ: "DescribeAddresses DescribeAddressesAttribute",
            MAKE: "AllocateAddress",
            TAG_EC2: "CreateTags",
            OURS: f"DisassociateAddress ReleaseAddress {_TAGS}",
        },
    ),
    row(
        "aws:ec2/natGateway:NatGateway",
        ec2={
            READ: "DescribeNatGateways",
            MAKE: "CreateNatGateway",
            TAG_EC2: "CreateTags",
            OURS: f"CreateNatGateway DeleteNatGateway {_TAGS}",
        },
    ),
    row(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        ec2={
            READ: "DescribePrefixLists DescribeSecurityGroups DescribeSubnets DescribeVpcEndpoints DescribeVpcs",
            MAKE: "CreateVpcEndpoint",
            TAG_EC2: "CreateTags",
            OURS: f"CreateVpcEndpoint DeleteVpcEndpoints ModifyVpcEndpoint {_TAGS}",
        },
        # Its private DNS is a hosted zone that AWS associates in the caller's name.
        route53={ZONES: "AssociateVPCWithHostedZone"},
    ),
    row(
        "aws:ec2/flowLog:FlowLog",
        ec2={
            READ: "DescribeFlowLogs",
            MAKE: "CreateFlowLogs",
            TAG_EC2: "CreateTags",
            OURS: f"CreateFlowLogs DeleteFlowLogs {_TAGS}",
        },
        iam={PASS: "PassRole"},
    ),
    row(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        ec2={
            READ: "DescribeSecurityGroupRules DescribeSecurityGroups",
            DEFAULT_GROUP: "CreateTags",
            OURS: "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress RevokeSecurityGroupEgress"
            f" RevokeSecurityGroupIngress {_TAGS}",
        },
    ),
    row(
        "aws:ec2/securityGroup:SecurityGroup",
        ec2={
            READ: "DescribeNetworkInterfaces DescribeSecurityGroups DescribeSecurityGroupRules",
            MAKE: "CreateSecurityGroup",
            TAG_EC2: "CreateTags",
            GROUP_IN_VPC: "CreateSecurityGroup",
            # A new group allows everything out; the provider takes that rule away first.
            OURS: f"DeleteSecurityGroup RevokeSecurityGroupEgress RevokeSecurityGroupIngress {_TAGS}",
        },
    ),
    row(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ec2={
            READ: "DescribeSecurityGroupRules",
            MAKE: "AuthorizeSecurityGroupIngress",
            TAG_EC2: "CreateTags",
            OURS: f"AuthorizeSecurityGroupIngress ModifySecurityGroupRules RevokeSecurityGroupIngress {_TAGS}",
        },
    ),
    row(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ec2={
            READ: "DescribeSecurityGroupRules",
            MAKE: "AuthorizeSecurityGroupEgress",
            TAG_EC2: "CreateTags",
            OURS: f"AuthorizeSecurityGroupEgress ModifySecurityGroupRules RevokeSecurityGroupEgress {_TAGS}",
        },
    ),
    row(
        "aws:lb/loadBalancer:LoadBalancer",
        # The load balancer's interfaces are waited for when it is gone: they hold subnets and security groups.
        # GetSecurityGroupsForVpc: AWS's own policy has it, and application load balancers with security groups were
        # refused without it; the user guide's list of permissions lacks it. (AWS Managed Policy Reference:
        # ElasticLoadBalancingFullAccess; kubernetes-sigs/aws-load-balancer-controller#3917)
        ec2={
            READ: "DescribeAccountAttributes DescribeAvailabilityZones DescribeInternetGateways"
            " DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs GetSecurityGroupsForVpc"
        },
        elasticloadbalancing={
            READ: "DescribeCapacityReservation DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeTags",
            MAKE: "CreateLoadBalancer",
            TAG_BALANCERS: "AddTags",
            OURS: "AddTags DeleteLoadBalancer ModifyLoadBalancerAttributes RemoveTags SetIpAddressType"
            " SetSecurityGroups SetSubnets",
        },
        iam={LINKED: "CreateServiceLinkedRole"},
    ),
    row(
        "aws:lb/targetGroup:TargetGroup",
        elasticloadbalancing={
            READ: "DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth",
            MAKE: "CreateTargetGroup",
            TAG_BALANCERS: "AddTags",
            OURS: "AddTags DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes RemoveTags",
        },
    ),
    row(
        "aws:lb/listener:Listener",
        elasticloadbalancing={
            READ: "DescribeListenerAttributes DescribeListeners DescribeTags",
            MAKE: "CreateListener",
            TAG_BALANCERS: "AddTags",
            OURS: "AddTags CreateListener DeleteListener ModifyListener ModifyListenerAttributes RemoveTags",
        },
    ),
    row(
        "aws:route53/zone:Zone",
        ec2={READ: "DescribeVpcs"},
        route53={
            READ: "GetChange GetDNSSEC GetHostedZone ListTagsForResource",
            MAKE_ZONES: "CreateHostedZone",
            ZONES: "AssociateVPCWithHostedZone ChangeTagsForResource DeleteHostedZone DisassociateVPCFromHostedZone"
            " UpdateHostedZoneComment",
        },
    ),
    row(
        "aws:route53/record:Record",
        route53={READ: "GetChange GetHostedZone ListResourceRecordSets", RECORDS: "ChangeResourceRecordSets"},
    ),
    row(
        "aws:route53/healthCheck:HealthCheck",
        cloudwatch={READ: "DescribeAlarms"},  # it follows an alarm, which Route 53 looks up in the caller's name
        route53={
            READ: "GetHealthCheck ListTagsForResource",
            MAKE_ZONES: "CreateHealthCheck",
            ZONES: "ChangeTagsForResource DeleteHealthCheck UpdateHealthCheck",
        },
    ),
)
