"""What the program asks AWS before it builds: every invoke but the password's is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import endpoints, existing_network
from infra.config import ExistingNetwork
from infra.containers import Account

OLD_ZONES = ("use1-az3",)  # offers neither Graviton instance classes nor whatever comes after them


@dataclass(frozen=True, slots=True)
class Lookups:
    """The account and region that the program deploys into, and the zones it spans."""

    account: pulumi.Output[Account]
    region: pulumi.Output[str]
    zones: tuple[pulumi.Output[str], ...]


def look_up(zones: int) -> Lookups:
    """Asks for account, region, partition and the names of the first `zones` availability zones."""
    identity = aws.get_caller_identity_output()
    region = aws.get_region_output()
    partition = aws.get_partition_output()
    # Local Zones and Wavelength Zones are zones too, but have to be opted into and offer no RDS. A zone in trouble
    # stays in the list: who is there already should not move.
    names = aws.get_availability_zones_output(
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}], exclude_zone_ids=[*OLD_ZONES]
    ).names
    account = pulumi.Output.all(identity.account_id, region.region, partition.partition, partition.dns_suffix).apply(
        lambda parts: Account(*parts)
    )
    return Lookups(account, region.region, tuple(_nth(names, index) for index in range(zones)))


def _nth(names: pulumi.Output[list[str]], index: int) -> pulumi.Output[str]:
    # Sorted: a subnet that changed its zone would have to be replaced with all that stands in it.
    return names.apply(lambda found: sorted(found)[index])


def look_at(existing: ExistingNetwork, cidr: str) -> pulumi.Output[existing_network.Found]:
    """Asks what an existing network is like; one error with all that stands against it, or what was found."""
    vpc = aws.ec2.get_vpc_output(id=existing.vpc_id).apply(
        lambda found: existing_network.Vpc(
            found.id,
            tuple(part.cidr_block for part in found.cidr_block_associations if part.state == "associated"),
            found.enable_dns_support,
            found.enable_dns_hostnames,
        )
    )
    found = pulumi.Output.all(
        vpc=vpc,
        private=[_subnet(each) for each in existing.private_subnet_ids],
        database=[_subnet(each) for each in existing.database_subnet_ids],
        endpoints=aws.ec2.get_security_group_output(id=existing.endpoints_security_group_id).vpc_id,
    )

    def judge(known: dict[str, Any]) -> existing_network.Found:
        told = existing_network.Found(
            known["vpc"], tuple(known["private"]), tuple(known["database"]), known["endpoints"]
        )
        against = existing_network.problems(told, cidr, existing.endpoints_security_group_id)
        if against:
            lines = "\n".join(f"- {problem}" for problem in against)
            raise pulumi.RunError(f"the existing network cannot hold the estate:\n{lines}")
        return told

    return found.apply(judge)


def _subnet(subnet_id: str) -> pulumi.Output[existing_network.Subnet]:
    return aws.ec2.get_subnet_output(id=subnet_id).apply(
        lambda found: existing_network.Subnet(found.id, found.vpc_id, found.availability_zone)
    )


def s3_prefix_list(account: pulumi.Output[Account]) -> pulumi.Output[str]:
    """The id of the list of S3's addresses in the region: what a security group names to let a task reach S3."""
    name = account.apply(lambda known: endpoints.service(endpoints.GATEWAY, known))
    return aws.ec2.get_prefix_list_output(name=name).id
