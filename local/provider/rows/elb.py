"""Rows of Elastic Load Balancing."""

from __future__ import annotations

from typing import Any

from local.provider.compare import filled, unordered
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Poll, Row, Template, Whole, words

LONGEST_NAME = 32

TAGS = tag_setters("add_tags", "remove_tags", {"ResourceArns": [Id()]})
TAGS_LOOK = Look("describe_tags", {"ResourceArns": [Id()]}, "TagDescriptions[0].Tags", into="tags")


def text(value: Any) -> str:
    """Attributes are texts, whatever they mean."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def attributes(names: dict[str, str]) -> Template:
    """Inputs as the attributes they are to AWS: those that are given."""
    return [Whole({"Key": key, "Value": In(name, text)}) for name, key in names.items()]


def seen_attributes(names: dict[str, str]) -> dict[str, str]:
    """The same attributes as they are read."""
    return {name: f"value_of(attributes, '{key}')" for name, key in names.items() if "." not in name}


BALANCER_ATTRIBUTES = {
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "clientKeepAlive": "client_keep_alive.seconds",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "accessLogs.enabled": "access_logs.s3.enabled",
    "accessLogs.bucket": "access_logs.s3.bucket",
    "accessLogs.prefix": "access_logs.s3.prefix",
}
SUBNET_MAPPINGS = In(
    "subnetMappings",
    {
        "SubnetId": Item("subnetId"),
        "AllocationId": Item("allocationId"),
        "PrivateIPv4Address": Item("privateIpv4Address"),
    },
)

LOAD_BALANCER = Row(
    urn_type="aws:lb/loadBalancer:LoadBalancer",
    service="elbv2",
    create=(
        Call(
            "create_load_balancer",
            {
                "Name": In("name"),
                "Type": In("loadBalancerType"),
                "Scheme": In("internal", lambda internal: "internal" if internal else "internet-facing"),
                "IpAddressType": In("ipAddressType"),
                "Subnets": In("subnets"),
                "SubnetMappings": SUBNET_MAPPINGS,
                "SecurityGroups": In("securityGroups"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.LoadBalancers[0].LoadBalancerArn",
    setters=(
        Call("set_subnets", {"LoadBalancerArn": Id(), "Subnets": In("subnets")}),
        Call("set_subnets", {"LoadBalancerArn": Id(), "SubnetMappings": SUBNET_MAPPINGS}),
        Call("set_security_groups", {"LoadBalancerArn": Id(), "SecurityGroups": In("securityGroups")}),
        Call("set_ip_address_type", {"LoadBalancerArn": Id(), "IpAddressType": In("ipAddressType")}),
        Call(
            "modify_load_balancer_attributes",
            {"LoadBalancerArn": Id(), "Attributes": attributes(BALANCER_ATTRIBUTES)},
        ),
        *TAGS,
    ),
    read=(
        Look("describe_load_balancers", {"LoadBalancerArns": [Id()]}, "LoadBalancers[0]"),
        Look("describe_load_balancer_attributes", {"LoadBalancerArn": Id()}, "Attributes", into="attributes"),
        TAGS_LOOK,
    ),
    delete=(Call("delete_load_balancer", {"LoadBalancerArn": Id()}),),
    outputs={
        "arn": "LoadBalancerArn",
        "arnSuffix": "after(LoadBalancerArn, ':loadbalancer/')",
        "dnsName": "DNSName",
        "zoneId": "CanonicalHostedZoneId",
        "vpcId": "VpcId",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "name": "LoadBalancerName",
        "loadBalancerType": "Type",
        "internal": "Scheme=='internal'",
        "ipAddressType": "IpAddressType",
        "subnets": "AvailabilityZones[].SubnetId",
        "securityGroups": "SecurityGroups",
        **seen_attributes(BALANCER_ATTRIBUTES),
        "tags": "tag_map(tags)",
    },
    force_new=words("name internal loadBalancerType"),
    sticky=words(
        "internal subnets subnetMappings ipAddressType securityGroups dnsRecordClientRoutingPolicy idleTimeout"
        " clientKeepAlive enableHttp2 dropInvalidHeaderFields enableCrossZoneLoadBalancing accessLogs"
    ),
    excludes={"subnetMappings": words("subnets")},
    defaults={"loadBalancerType": "application", "enableDeletionProtection": False},
    canonical={"subnets": unordered, "securityGroups": unordered, "subnetMappings": unordered},
    autoname=Autoname(longest=LONGEST_NAME),
    ready=Poll(
        Look("describe_load_balancers", {"LoadBalancerArns": [Id()]}, "LoadBalancers[0].State.Code"),
        done=("active", "active_impaired"),
        failed=("failed",),
    ),
)

GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "slowStart": "slow_start.duration_seconds",
    "stickiness.enabled": "stickiness.enabled",
    "stickiness.type": "stickiness.type",
    "stickiness.cookieDuration": "stickiness.lb_cookie.duration_seconds",
}
HEALTH_CHECK: dict[str, Template] = {
    "HealthCheckEnabled": In("healthCheck.enabled"),
    "HealthCheckProtocol": In("healthCheck.protocol"),
    "HealthCheckPort": In("healthCheck.port"),
    "HealthCheckPath": In("healthCheck.path"),
    "HealthCheckIntervalSeconds": In("healthCheck.interval"),
    "HealthCheckTimeoutSeconds": In("healthCheck.timeout"),
    "HealthyThresholdCount": In("healthCheck.healthyThreshold"),
    "UnhealthyThresholdCount": In("healthCheck.unhealthyThreshold"),
    "Matcher": {"HttpCode": In("healthCheck.matcher")},
}

TARGET_GROUP = Row(
    urn_type="aws:lb/targetGroup:TargetGroup",
    service="elbv2",
    create=(
        Call(
            "create_target_group",
            {
                "Name": In("name"),
                "Protocol": In("protocol"),
                "ProtocolVersion": In("protocolVersion"),
                "Port": In("port"),
                "VpcId": In("vpcId"),
                "TargetType": In("targetType"),
                "IpAddressType": In("ipAddressType"),
                "Tags": In("tags", tag_list),
                **HEALTH_CHECK,
            },
        ),
    ),
    id="response.TargetGroups[0].TargetGroupArn",
    setters=(
        Call("modify_target_group", {"TargetGroupArn": Id(), **HEALTH_CHECK}),
        Call(
            "modify_target_group_attributes",
            {"TargetGroupArn": Id(), "Attributes": attributes(GROUP_ATTRIBUTES)},
        ),
        *TAGS,
    ),
    read=(
        Look("describe_target_groups", {"TargetGroupArns": [Id()]}, "TargetGroups[0]"),
        Look("describe_target_group_attributes", {"TargetGroupArn": Id()}, "Attributes", into="attributes"),
        TAGS_LOOK,
    ),
    delete=(Call("delete_target_group", {"TargetGroupArn": Id()}),),
    outputs={
        "arn": "TargetGroupArn",
        "arnSuffix": "resource(TargetGroupArn)",
        "loadBalancerArns": "LoadBalancerArns",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "name": "TargetGroupName",
        "protocol": "Protocol",
        "protocolVersion": "ProtocolVersion",
        "port": "Port",
        "vpcId": "VpcId",
        "targetType": "TargetType",
        "ipAddressType": "IpAddressType",
        "healthCheck": "{enabled: HealthCheckEnabled, protocol: HealthCheckProtocol, port: HealthCheckPort,"
        " path: HealthCheckPath, interval: HealthCheckIntervalSeconds, timeout: HealthCheckTimeoutSeconds,"
        " healthyThreshold: HealthyThresholdCount, unhealthyThreshold: UnhealthyThresholdCount,"
        " matcher: Matcher.HttpCode}",
        **seen_attributes(GROUP_ATTRIBUTES),
        "tags": "tag_map(tags)",
    },
    force_new=words("name port protocol protocolVersion vpcId targetType ipAddressType"),
    sticky=words(
        "protocolVersion ipAddressType healthCheck deregistrationDelay preserveClientIp slowStart stickiness"
        " loadBalancingCrossZoneEnabled connectionTermination proxyProtocolV2"
    ),
    defaults={"targetType": "instance"},
    seen_as={"healthCheck": filled},
    autoname=Autoname(longest=LONGEST_NAME),
)

ACTION: Template = {
    "Type": Item("type"),
    "TargetGroupArn": Item("targetGroupArn"),
    "Order": Item("order"),
    "ForwardConfig": Item(
        "forward",
        {"TargetGroups": Item("targetGroups", {"TargetGroupArn": Item("arn"), "Weight": Item("weight")})},
    ),
    "FixedResponseConfig": Item(
        "fixedResponse",
        {"ContentType": Item("contentType"), "MessageBody": Item("messageBody"), "StatusCode": Item("statusCode")},
    ),
    "RedirectConfig": Item(
        "redirect",
        {
            "Protocol": Item("protocol"),
            "Port": Item("port"),
            "Host": Item("host"),
            "Path": Item("path"),
            "Query": Item("query"),
            "StatusCode": Item("statusCode"),
        },
    ),
}
LISTENER_SETTINGS: dict[str, Template] = {
    "Port": In("port"),
    "Protocol": In("protocol"),
    "SslPolicy": In("sslPolicy"),
    "Certificates": In("certificateArn", lambda arn: [{"CertificateArn": arn}]),
    "AlpnPolicy": In("alpnPolicy", lambda policy: [policy]),
    "DefaultActions": In("defaultActions", ACTION),
}
LISTENER_ATTRIBUTES = {"tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds"}

LISTENER = Row(
    urn_type="aws:lb/listener:Listener",
    service="elbv2",
    create=(
        Call(
            "create_listener",
            {"LoadBalancerArn": In("loadBalancerArn"), "Tags": In("tags", tag_list), **LISTENER_SETTINGS},
        ),
    ),
    id="response.Listeners[0].ListenerArn",
    setters=(
        Call("modify_listener", {"ListenerArn": Id(), **LISTENER_SETTINGS}),
        Call(
            "modify_listener_attributes",
            {"ListenerArn": Id(), "Attributes": attributes(LISTENER_ATTRIBUTES)},
        ),
        *TAGS,
    ),
    read=(
        Look("describe_listeners", {"ListenerArns": [Id()]}, "Listeners[0]"),
        Look("describe_listener_attributes", {"ListenerArn": Id()}, "Attributes", into="attributes"),
        TAGS_LOOK,
    ),
    delete=(Call("delete_listener", {"ListenerArn": Id()}),),
    outputs={"arn": "ListenerArn", "tagsAll": "tag_map(tags)"},
    observed={
        "loadBalancerArn": "LoadBalancerArn",
        "port": "Port",
        "protocol": "Protocol",
        "sslPolicy": "SslPolicy",
        "certificateArn": "Certificates[0].CertificateArn",
        "alpnPolicy": "AlpnPolicy[0]",
        "defaultActions": "DefaultActions[].{type: Type, targetGroupArn: TargetGroupArn, order: Order,"
        " forward: ForwardConfig.{targetGroups: TargetGroups[].{arn: TargetGroupArn, weight: Weight}},"
        " fixedResponse: FixedResponseConfig.{contentType: ContentType, messageBody: MessageBody,"
        " statusCode: StatusCode}, redirect: RedirectConfig.{protocol: Protocol, port: Port, host: Host,"
        " path: Path, query: Query, statusCode: StatusCode}}",
        **seen_attributes(LISTENER_ATTRIBUTES),
        "tags": "tag_map(tags)",
    },
    required=words("loadBalancerArn defaultActions"),
    force_new=words("loadBalancerArn"),
    sticky=words("protocol sslPolicy tcpIdleTimeoutSeconds"),
    seen_as={"defaultActions": filled},
)

ROWS = (LOAD_BALANCER, TARGET_GROUP, LISTENER)
