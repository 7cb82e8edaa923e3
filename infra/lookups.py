"""What the program asks AWS before it builds: every invoke but the password's is here."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

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
