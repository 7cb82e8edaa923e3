"""How the VPC's address range is divided. Pure."""

from __future__ import annotations

import ipaddress

# 16 equal blocks: the first eight for tasks, endpoints and load balancers, the others for databases, so that a
# fourth zone or a third kind of subnet fits without moving anything.
EXTRA_BITS = 4
DATABASE_OFFSET = 8

# The third kind: public subnets, quarters of the last block before the databases'. Nothing but a NAT gateway stands in
# one, which takes one address; AWS cuts no subnet smaller than a /28, which is the quarter of the smallest VPC's block.
PUBLIC_BLOCK = DATABASE_OFFSET - 1
PUBLIC_BITS = 2
MOST_ZONES = 2**PUBLIC_BITS


def subnets(cidr: str, zones: int) -> tuple[tuple[str, str], ...]:
    """For each zone, the private subnet's range and the database subnet's."""
    blocks = _blocks(cidr, zones)
    return tuple((str(blocks[zone]), str(blocks[DATABASE_OFFSET + zone])) for zone in range(zones))


def public(cidr: str, zones: int) -> tuple[str, ...]:
    """For each zone, the public subnet's range."""
    quarters = _blocks(cidr, zones)[PUBLIC_BLOCK].subnets(prefixlen_diff=PUBLIC_BITS)
    return tuple(str(block) for _, block in zip(range(zones), quarters, strict=False))


def _blocks(cidr: str, zones: int) -> list[ipaddress.IPv4Network]:
    if not 1 <= zones <= MOST_ZONES:
        raise ValueError(f"{zones} zones: the address plan has room for {MOST_ZONES}")
    return list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=EXTRA_BITS))
