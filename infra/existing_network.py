"""Whether a network that somebody else made can hold the estate. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# A DB subnet group and a network load balancer both want two zones.
LEAST_ZONES = 2


@dataclass(frozen=True, slots=True)
class Vpc:
    """What AWS says of the VPC."""

    id: str
    cidrs: tuple[str, ...]
    dns_support: bool
    dns_hostnames: bool


@dataclass(frozen=True, slots=True)
class Subnet:
    """What AWS says of a subnet."""

    id: str
    vpc_id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Found:
    """What AWS says of all that the configuration names."""

    vpc: Vpc
    private: tuple[Subnet, ...]
    database: tuple[Subnet, ...]
    endpoints_group_vpc_id: str


def problems(found: Found, cidr: str, endpoints_group_id: str) -> list[str]:
    """Everything that stands against using it, a sentence each; nothing when all is well."""
    vpc = found.vpc
    told = []
    if cidr not in vpc.cidrs:
        told.append(
            f"network.cidr is {cidr}, and {vpc.id} has {', '.join(vpc.cidrs)}: give one of its ranges, since clients"
            " are let in from there"
        )
    if not (vpc.dns_support and vpc.dns_hostnames):
        told.append(
            f"{vpc.id} has DNS support {_word(vpc.dns_support)} and DNS hostnames {_word(vpc.dns_hostnames)}: turn both"
            " on, or neither the endpoints' names nor the private zone's resolve in it"
        )
    kinds: Mapping[str, tuple[Subnet, ...]] = {"private": found.private, "database": found.database}
    for kind, subnets in kinds.items():
        told += [
            f"{kind} subnet {subnet.id} is in {subnet.vpc_id}, not in {vpc.id}"
            for subnet in subnets
            if subnet.vpc_id != vpc.id
        ]
        zones = sorted({subnet.zone for subnet in subnets})
        if len(zones) < LEAST_ZONES:
            told.append(
                f"the {kind} subnets span {', '.join(zones) or 'no zone'}: name subnets in {LEAST_ZONES} zones at least"
            )
    if found.endpoints_group_vpc_id != vpc.id:
        told.append(f"security group {endpoints_group_id} is in {found.endpoints_group_vpc_id}, not in {vpc.id}")
    return told


def _word(on: bool) -> str:
    return "on" if on else "off"
