"""Policies over the network: nothing public, and one way to a database. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from policy.core import ADVISED_IN_DEVELOPMENT, Finding, Graph, Policy, Resource
from policy.judge import (
    INSTANCE,
    LOAD_BALANCER,
    SCHEDULE,
    SERVICE,
    VPC,
    completed_by,
    is_false,
    is_true,
    known,
    over,
    refers,
    setting,
    vague,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
SUBNET = "aws:ec2/subnet:Subnet"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"

POSTGRESQL = 5432
PAST_THE_DOOR = "the pooler's tasks are reached past their load balancer"


def _public(cidr: Any) -> bool:
    """Whether a range holds an address of the internet."""
    try:
        network = ipaddress.ip_network(str(cidr))
    except ValueError:
        return True  # EC2 would refuse it; nothing that cannot be read is called private
    return not network.is_private


def _ranges(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _open(resource: Resource) -> Iterator[Finding]:
    """Ranges of the internet in a rule, or in the rules that stand inside a group."""
    blocks = [(resource.inputs, "")]
    for side in ("ingress", "egress"):
        rows = resource.get(side, [])
        blocks += [(row, f"{side}: ") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    for block, where in blocks:
        for path in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks"):
            for cidr in _ranges(block.get(path)):
                if not known(cidr):
                    yield Finding(resource, path, unknown=True)
                elif _public(cidr):
                    yield Finding(resource, f"{where}it is open to {cidr}")


def _default_group(group: Resource) -> Iterator[Finding]:
    for side in ("ingress", "egress"):
        if group.get(side):
            yield Finding(group, f"it has a rule of {side}: whatever is made without a group of its own gets it")


def _tasks_private(resource: Resource) -> Iterator[Finding]:
    path = "networkConfiguration.assignPublicIp"
    if resource.type == SCHEDULE:
        path = f"target.ecsParameters.{path}"
    yield from setting(path, is_false, "its tasks have public addresses", False)(resource)


def _groups_of(graph: Graph, kind: str, path: str) -> tuple[set[str], bool]:
    """The security groups that resources of a kind stand behind, and whether all are known."""
    found, certain = set[str](), True
    for resource in graph.of(kind):
        values = resource.get(path, [])
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                found.add(value)
            else:
                certain = False
    return found, certain


def _chain(graph: Graph) -> Iterator[Finding]:
    """Clients -> load balancer -> pooler -> database, with no shorter way.

    Into a database's group come only groups that take nothing from a range of addresses; into the tasks of a pooler
    only the group of a load balancer. Ranges end at load balancers and at interface endpoints.
    """
    databases, sure = _groups_of(graph, INSTANCE, "vpcSecurityGroupIds")
    tasks, sure_of_tasks = _groups_of(graph, SERVICE, "networkConfiguration.securityGroups")
    doors, sure_of_doors = _groups_of(graph, LOAD_BALANCER, "securityGroups")
    rules = list(graph.of(INGRESS))
    if not (sure and sure_of_tasks and sure_of_doors) or any(not known(rule.get("securityGroupId")) for rule in rules):
        if rules:
            yield Finding(rules[0], "which rule belongs to which group", unknown=True)
        return
    by_range = {rule.get("securityGroupId") for rule in rules if _by_range(rule)}
    ports = {instance.get("port", POSTGRESQL) for instance in graph.of(INSTANCE)}
    for rule in rules:
        source, ends = rule.get("referencedSecurityGroupId"), [rule.get("fromPort"), rule.get("toPort")]
        into = rule.get("securityGroupId")
        if into not in databases and into not in tasks:
            continue
        if _by_range(rule):
            past = "a range of addresses reaches a database past its pooler" if into in databases else PAST_THE_DOOR
            yield Finding(rule, past)
        elif not known(source):
            yield Finding(rule, "referencedSecurityGroupId", unknown=True)
        elif into in databases and source in by_range:
            yield Finding(rule, "a group that takes a range of addresses reaches a database past its pooler")
        elif into in tasks and source not in doors:
            yield Finding(rule, PAST_THE_DOOR)
        if into in databases and (ends[0] != ends[1] or ends[0] not in ports):
            unsure = vague(ends) or vague(list(ports))
            yield Finding(rule, "its ports" if unsure else "it opens more of a database than its port", unknown=unsure)


def _by_range(rule: Resource) -> bool:
    return any(rule.get(path) is not None for path in ("cidrIpv4", "cidrIpv6", "prefixListId"))


def _in_groups(graph: Graph) -> Iterator[Finding]:
    """An instance without a group of the estate's stands in the VPC's default group."""
    for instance in graph.of(INSTANCE):
        groups = instance.get("vpcSecurityGroupIds")
        if not groups:
            yield Finding(instance, "it has no security group of its own")
        elif isinstance(groups, list):
            for default in graph.of(DEFAULT_GROUP):
                if any(refers(group, default) for group in groups):
                    yield Finding(instance, "it stands in the VPC's default security group")


POLICIES: tuple[Policy, ...] = (
    Policy(
        "no-open-ranges",
        "a rule that names the internet is found by everybody who looks for one",
        "name a security group, or a range of the VPC",
        ("CKV_AWS_24", "CKV_AWS_260", "CKV_AWS_277", "CKV_AWS_382", "EC2.18", "vpc-sg-open-only-to-authorized-ports"),
        types=(INGRESS, EGRESS, OLD_RULE, GROUP),
        each=_open,
    ),
    Policy(
        "network-chain",
        "clients -> load balancer -> pooler -> database is the one way that counts connections and checks passwords",
        "let databases take only the groups of tasks and direct clients, and poolers only their load balancer",
        ("network-chain",),
        whole=_chain,
    ),
    Policy(
        "default-group-closed",
        "what is made without a security group gets the VPC's default one",
        "leave the default group without rules, and name a group for each instance",
        ("CKV2_AWS_12", "EC2.2", "vpc-default-security-group-closed"),
        whole=lambda graph: [
            *(finding for group in graph.of(DEFAULT_GROUP) for finding in _default_group(group)),
            *_in_groups(graph),
        ],
    ),
    Policy(
        "subnets-private",
        "a subnet that hands out public addresses makes public whatever is put in it",
        "set map_public_ip_on_launch: False",
        ("CKV_AWS_130", "EC2.15", "subnet-auto-assign-public-ip-disabled"),
        types=(SUBNET,),
        each=setting("mapPublicIpOnLaunch", is_false, "what is made in it gets a public address", False),
    ),
    Policy(
        "tasks-private",
        "a task reaches AWS through the VPC's endpoints, and nobody has to reach it",
        "set assign_public_ip: False",
        ("CKV_AWS_333", "ECS.2", "ecs-service-assign-public-ip-disabled"),
        types=(SERVICE, SCHEDULE),
        each=_tasks_private,
    ),
    Policy(
        "pooler-internal",
        "the pooler is a door to the database, for those in the VPC",
        "set internal: True",
        ("internal-load-balancer",),
        types=(LOAD_BALANCER,),
        each=setting("internal", is_true, "it answers the internet", False),
    ),
    Policy(
        "flow-logs",
        "who talked to whom is asked after an incident, and then it is too late to begin writing it down",
        "set network.flow_log_days to 14 or more",
        ("CKV2_AWS_11", "EC2.6", "vpc-flow-logs-enabled"),
        ADVISED_IN_DEVELOPMENT,
        whole=over(
            VPC,
            completed_by(
                FLOW_LOG,
                "vpcId",
                "trafficType",
                lambda value: value in ("ALL", "REJECT"),
                "what is refused in it is not written down",
            ),
        ),
    ),
)
