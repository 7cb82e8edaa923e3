"""Rows of EC2: security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.provider.compare import unordered
from local.provider.rows.ec2_tags import TAGS, arn, tagged
from local.provider.rows.shared import MANAGED
from local.provider.table import Added, Autoname, Call, Id, In, Item, Look, Out, Removed, Row, Template, When, words


def ip_permission(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A rule written inside a security group, as EC2 wants it."""
    said = {"Description": rule["description"]} if rule.get("description") else {}
    permission: dict[str, Any] = {
        "IpProtocol": rule["protocol"],
        "FromPort": rule["fromPort"],
        "ToPort": rule["toPort"],
        "IpRanges": [{"CidrIp": cidr, **said} for cidr in rule.get("cidrBlocks", [])],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **said} for cidr in rule.get("ipv6CidrBlocks", [])],
        "PrefixListIds": [{"PrefixListId": prefix, **said} for prefix in rule.get("prefixListIds", [])],
        "UserIdGroupPairs": [{"GroupId": group, **said} for group in rule.get("securityGroups", [])],
    }
    return [{key: value for key, value in permission.items() if value != []}]


def inline_rules(name: str, direction: str) -> tuple[Call, Call]:
    """The calls for rules written inside a security group."""
    rules: Mapping[str, Template] = {"GroupId": Id(), "IpPermissions": Item(shape=ip_permission)}
    return (
        Call(
            f"revoke_security_group_{direction}",
            rules,
            each=Removed(name),
            tolerate=words("InvalidPermission.NotFound"),
        ),
        Call(f"authorize_security_group_{direction}", rules, each=Added(name)),
    )


SECURITY_GROUP = Row(
    urn_type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    create=(
        Call(
            "create_security_group",
            {
                "GroupName": In("name"),
                "Description": In("description"),
                "VpcId": In("vpcId"),
                "TagSpecifications": tagged("security-group"),
            },
        ),
    ),
    id="response.GroupId",
    # AWS lets a new group talk to everyone; the real provider takes that away, so that rules are all there is.
    finish=(
        Call(
            "revoke_security_group_egress",
            {"GroupId": Id(), "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
            tolerate=words("InvalidPermission.NotFound"),
        ),
    ),
    setters=(*inline_rules("ingress", "ingress"), *inline_rules("egress", "egress"), *TAGS),
    read=(Look("describe_security_groups", {"GroupIds": [Id()]}, "SecurityGroups[0]"),),
    delete=(Call("delete_security_group", {"GroupId": Id()}),),
    outputs={
        "arn": arn("security-group", "GroupId"),
        "ownerId": "OwnerId",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "name": "GroupName",
        "description": "Description",
        "vpcId": "VpcId",
        "tags": "tag_map(Tags)",
    },
    force_new=words("name description vpcId"),
    sticky=words("vpcId"),
    client_side=words("revokeRulesOnDelete"),
    defaults={"description": MANAGED},
    canonical={"ingress": unordered, "egress": unordered},
    autoname=Autoname(),
)


def seen_rules(permissions: str) -> str:
    """JMESPath to the rules of a group as they would be written inside it."""
    lists = {
        "cidrBlocks": "IpRanges[].CidrIp",
        "ipv6CidrBlocks": "Ipv6Ranges[].CidrIpv6",
        "prefixListIds": "PrefixListIds[].PrefixListId",
        "securityGroups": "UserIdGroupPairs[].GroupId",
    }
    peers = ", ".join(f"{ours}: {theirs}" for ours, theirs in lists.items())
    ports = "fromPort: not_null(FromPort, `0`), toPort: not_null(ToPort, `0`)"
    return f"{permissions}[].{{protocol: IpProtocol, {ports}, {peers}}}"


EVERYTHING = {"IpProtocol": "-1"}

DEFAULT_SECURITY_GROUP = Row(
    urn_type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    # It comes with its VPC: to create it is to find it, and to take away the rules that AWS gave it.
    create=(
        Call(
            "describe_security_groups",
            {
                "Filters": [
                    {"Name": "vpc-id", "Values": [In("vpcId")]},
                    {"Name": "group-name", "Values": ["default"]},
                ]
            },
        ),
    ),
    id="response.SecurityGroups[0].GroupId",
    finish=(
        Call(
            "revoke_security_group_ingress",
            {"GroupId": Id(), "IpPermissions": [{**EVERYTHING, "UserIdGroupPairs": [{"GroupId": Id()}]}]},
            tolerate=words("InvalidPermission.NotFound"),
        ),
        Call(
            "revoke_security_group_egress",
            {"GroupId": Id(), "IpPermissions": [{**EVERYTHING, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
            tolerate=words("InvalidPermission.NotFound"),
        ),
    ),
    setters=(*inline_rules("ingress", "ingress"), *inline_rules("egress", "egress"), *TAGS),
    read=(Look("describe_security_groups", {"GroupIds": [Id()]}, "SecurityGroups[0]"),),
    delete=(),  # it goes with its VPC
    outputs={
        "arn": arn("security-group", "GroupId"),
        "ownerId": "OwnerId",
        "name": "GroupName",
        "description": "Description",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "vpcId": "VpcId",
        # Rules that nobody gave are drift: this group is meant to have none.
        "ingress": seen_rules("IpPermissions"),
        "egress": seen_rules("IpPermissionsEgress"),
        "tags": "tag_map(Tags)",
    },
    required=words("vpcId"),
    force_new=words("vpcId"),
    canonical={"ingress": unordered, "egress": unordered},
)


def rule(urn_type: str, direction: str) -> Row:
    """A rule of a security group as a resource of its own."""
    said = {"Description": In("description")}
    return Row(
        urn_type=urn_type,
        service="ec2",
        create=(
            Call(
                f"authorize_security_group_{direction}",
                {
                    "GroupId": In("securityGroupId"),
                    "IpPermissions": [
                        {
                            "IpProtocol": In("ipProtocol"),
                            "FromPort": In("fromPort"),
                            "ToPort": In("toPort"),
                            "IpRanges": [When("cidrIpv4", {"CidrIp": In("cidrIpv4"), **said})],
                            "Ipv6Ranges": [When("cidrIpv6", {"CidrIpv6": In("cidrIpv6"), **said})],
                            "PrefixListIds": [When("prefixListId", {"PrefixListId": In("prefixListId"), **said})],
                            "UserIdGroupPairs": [
                                When(
                                    "referencedSecurityGroupId",
                                    {"GroupId": In("referencedSecurityGroupId"), **said},
                                )
                            ],
                        }
                    ],
                    "TagSpecifications": tagged("security-group-rule"),
                },
            ),
        ),
        id="response.SecurityGroupRules[0].SecurityGroupRuleId",
        setters=(
            Call(
                "modify_security_group_rules",
                {
                    "GroupId": Out("securityGroupId"),
                    "SecurityGroupRules": [
                        {
                            "SecurityGroupRuleId": Id(),
                            "SecurityGroupRule": {
                                "IpProtocol": In("ipProtocol"),
                                "FromPort": In("fromPort"),
                                "ToPort": In("toPort"),
                                "CidrIpv4": In("cidrIpv4"),
                                "CidrIpv6": In("cidrIpv6"),
                                "PrefixListId": In("prefixListId"),
                                "ReferencedGroupId": In("referencedSecurityGroupId"),
                                "Description": In("description"),
                            },
                        }
                    ],
                },
                whole=True,
            ),
            *TAGS,
        ),
        read=(
            Look("describe_security_group_rules", {"SecurityGroupRuleIds": [Id()]}, "SecurityGroupRules[0]"),
            Look("get_caller_identity", {}, "Account", into="account", service="sts"),
        ),
        delete=(
            Call(
                f"revoke_security_group_{direction}",
                {"GroupId": Out("securityGroupId"), "SecurityGroupRuleIds": [Id()]},
            ),
        ),
        outputs={
            "arn": "glue(['arn:aws:ec2:', _region, ':', account, ':security-group-rule/', SecurityGroupRuleId])",
            "securityGroupRuleId": "SecurityGroupRuleId",
            "tagsAll": "tag_map(Tags)",
        },
        observed={
            "securityGroupId": "GroupId",
            "ipProtocol": "IpProtocol",
            "fromPort": "FromPort",
            "toPort": "ToPort",
            "cidrIpv4": "CidrIpv4",
            "cidrIpv6": "CidrIpv6",
            "prefixListId": "PrefixListId",
            "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
            "description": "Description",
            "tags": "tag_map(Tags)",
        },
        required=words("securityGroupId ipProtocol"),
        force_new=words("securityGroupId"),
        sticky=words("fromPort toPort"),
    )


ROWS = (
    SECURITY_GROUP,
    DEFAULT_SECURITY_GROUP,
    rule("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingress"),
    rule("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "egress"),
)
