"""The cases of VPCs, names and load balancers."""

from __future__ import annotations

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases, policy

CASES: Cases = {
    "aws:ec2/vpc:Vpc": lambda w: (
        {"cidrBlock": "10.7.0.0/16", "enableDnsHostnames": True, "enableDnsSupport": True, "tags": TAGS},
        {"enableDnsHostnames": False, "tags": OTHER_TAGS},
    ),
    "aws:ec2/subnet:Subnet": lambda w: (
        {
            "vpcId": w.vpc,
            "cidrBlock": "10.9.200.0/24",
            "availabilityZone": "us-east-1a",
            "mapPublicIpOnLaunch": False,
            "tags": TAGS,
        },
        {"mapPublicIpOnLaunch": True, "tags": OTHER_TAGS},
    ),
    "aws:ec2/routeTable:RouteTable": lambda w: ({"vpcId": w.vpc, "tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": lambda w: (
        {"routeTableId": w.route_table(0), "subnetId": w.subnet(5)},
        {},
    ),
    "aws:ec2/securityGroup:SecurityGroup": lambda w: (
        {"vpcId": w.vpc, "description": "the pooler", "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda w: (
        {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [w.route_table(0)],
            "tags": TAGS,
        },
        {"policy": policy("s3:GetObject"), "tags": OTHER_TAGS},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": lambda w: (
        {"vpcId": w.vpc, "tags": TAGS},
        {
            "ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.9.0.0/16"]}],
            "tags": OTHER_TAGS,
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": lambda w: (
        {"vpcId": w.other_vpc, "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/eip:Eip": lambda w: ({"domain": "vpc", "tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:ec2/natGateway:NatGateway": lambda w: (
        {"subnetId": w.public_subnet(), "allocationId": w.address(0), "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:ec2/route:Route": lambda w: (
        {
            "routeTableId": w.route_table(1),
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": w.nat_gateway(1),
        },
        {"natGatewayId": w.nat_gateway(2)},
    ),
    "aws:ec2/flowLog:FlowLog": lambda w: (
        {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestinationType": "cloud-watch-logs",
            "logDestination": w.log_group(),
            "iamRoleArn": w.role().state["arn"],
            "maxAggregationInterval": 600,
            "tags": TAGS,
        },
        {"tags": OTHER_TAGS},
    ),
    "aws:route53/zone:Zone": lambda w: (
        {
            "name": "case.estate.internal",
            "comment": "databases",
            "vpcs": [{"vpcId": w.vpc, "vpcRegion": "us-east-1"}],
            "forceDestroy": False,
            "tags": TAGS,
        },
        {"comment": "all databases", "vpcs": [{"vpcId": w.other_vpc, "vpcRegion": "us-east-1"}], "tags": OTHER_TAGS},
    ),
    "aws:route53/record:Record": lambda w: (
        {
            "zoneId": w.zone(),
            "name": "readers.platform.world.estate.internal",
            "type": "CNAME",
            "ttl": 5,
            "records": ["replica-1.example.com"],
            "setIdentifier": "replica-1",
            "weightedRoutingPolicies": [{"weight": 1}],
            "healthCheckId": w.health_check(),
        },
        {"ttl": 60, "weightedRoutingPolicies": [{"weight": 2}], "records": ["replica-2.example.com"]},
    ),
    "aws:route53/healthCheck:HealthCheck": lambda w: (
        {
            "type": "CLOUDWATCH_METRIC",
            "cloudwatchAlarmName": w.alarm(),
            "cloudwatchAlarmRegion": "us-east-1",
            "insufficientDataHealthStatus": "Unhealthy",
            "triggers": {"terms": "300"},
            "tags": TAGS,
        },
        {"insufficientDataHealthStatus": "Healthy", "triggers": {"terms": "600"}, "tags": OTHER_TAGS},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda w: (
        {
            "securityGroupId": w.group(0),
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": w.group(1),
            "description": "PostgreSQL from the pooler",
            "tags": TAGS,
        },
        {"fromPort": 5433, "toPort": 5433, "tags": OTHER_TAGS},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda w: (
        {
            "securityGroupId": w.group(0),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.9.0.0/16",
            "description": "AWS APIs",
        },
        {"cidrIpv4": "10.9.0.0/17", "description": "some AWS APIs"},
    ),
    "aws:lb/loadBalancer:LoadBalancer": lambda w: (
        {
            "loadBalancerType": "network",
            "internal": True,
            "subnets": [w.subnet(0), w.subnet(1)],
            "securityGroups": [w.group(0)],
            "enableCrossZoneLoadBalancing": True,
            "enableDeletionProtection": True,
            "tags": TAGS,
        },
        {"enableDeletionProtection": False, "securityGroups": [w.group(1)], "tags": OTHER_TAGS},
    ),
    "aws:lb/targetGroup:TargetGroup": lambda w: (
        {
            "port": 6432,
            "protocol": "TCP",
            "targetType": "ip",
            "vpcId": w.vpc,
            "deregistrationDelay": 60,
            "healthCheck": {"protocol": "TCP", "interval": 10, "healthyThreshold": 2},
            "tags": TAGS,
        },
        {
            "deregistrationDelay": 30,
            "healthCheck": {"protocol": "TCP", "interval": 30, "healthyThreshold": 2},
            "tags": OTHER_TAGS,
        },
    ),
    "aws:lb/listener:Listener": lambda w: (
        {
            "loadBalancerArn": w.balancer(),
            "port": 6432,
            "protocol": "TCP",
            "tcpIdleTimeoutSeconds": 6000,
            "defaultActions": [{"type": "forward", "targetGroupArn": w.target_group(1)}],
            "tags": TAGS,
        },
        {"defaultActions": [{"type": "forward", "targetGroupArn": w.target_group(2)}], "tags": OTHER_TAGS},
    ),
}
