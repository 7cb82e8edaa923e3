"""How the VPC's address range is divided. Pure."""

from __future__ import annotations

import ipaddress

# 16 equal blocks: the first eight for tasks, endpoints and load balancers, the others for databases, so that a
# fourth zone or a third kind of subnet fits without moving anything.
EXTRA_BITS = 4
DATABASE_OFFSET = 8


def subnets(cidr: str, zones: int) -> tuple[tuple[str, str], ...]:
    """For each zone, the private subnet's range and the database subnet's."""
    if not 1 <= zones <= DATABASE_OFFSET:
        raise ValueError(f"{zones} zones: the address plan has room for {DATABASE_OFFSET}")
    blocks = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=EXTRA_BITS))
    return tuple((str(blocks[zone]), str(blocks[DATABASE_OFFSET + zone])) for zone in range(zones))
