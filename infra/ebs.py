"""What storage gives: the volume's own limits, and those of an instance class's link to it. Pure.

A volume may be faster than the link. Small classes then live on a balance of credits that is refilled below the
link's baseline; an alarm on what is always full, or on a limit that can never be reached, is no alarm.

Source: Amazon EC2 User Guide, "Amazon EBS-optimized instance types"; an RDS class has the link of its EC2 namesake.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.sizing import InstanceClass

# gp3 below the size at which RDS stripes; "Amazon RDS DB instance storage" in the RDS User Guide.
PLAIN_IOPS, PLAIN_MIBPS = 3000, 125
MIB = 1024**2
_MEGABIT = 1_000_000 / 8  # bytes


@dataclass(frozen=True, slots=True)
class Link:
    """An instance class's way to its volume: what it gives for ever, and for half an hour a day at least."""

    mbps: int
    iops: int
    burst_mbps: int
    burst_iops: int

    @property
    def bytes_per_second(self) -> float:
        """The baseline of throughput."""
        return self.mbps * _MEGABIT


def _steady(mbps: int, iops: int) -> Link:
    return Link(mbps, iops, mbps, iops)


_GRAVITON_2 = {
    "large": Link(630, 3600, 4750, 20_000),
    "xlarge": Link(1188, 6000, 4750, 20_000),
    "2xlarge": Link(2375, 12_000, 4750, 20_000),
    "4xlarge": _steady(4750, 20_000),
    "8xlarge": _steady(9500, 40_000),
    "12xlarge": _steady(14_250, 50_000),
    "16xlarge": _steady(19_000, 80_000),
}
_GRAVITON_3 = {
    "large": Link(630, 3600, 10_000, 40_000),
    "xlarge": Link(1250, 6000, 10_000, 40_000),
    "2xlarge": Link(2500, 12_000, 10_000, 40_000),
    "4xlarge": Link(5000, 20_000, 10_000, 40_000),
    "8xlarge": _steady(10_000, 40_000),
    "12xlarge": _steady(15_000, 60_000),
    "16xlarge": _steady(20_000, 80_000),
}
_LINKS: dict[str, dict[str, Link]] = {
    "t4g": {
        "micro": Link(87, 500, 2085, 11_800),
        "small": Link(174, 1000, 2085, 11_800),
        "medium": Link(347, 2000, 2085, 11_800),
        "large": Link(695, 4000, 2780, 15_700),
        "xlarge": Link(695, 4000, 2780, 15_700),
        "2xlarge": Link(695, 4000, 2780, 15_700),
    },
    "m6g": _GRAVITON_2,
    "r6g": _GRAVITON_2,
    "m7g": _GRAVITON_3,
    "r7g": _GRAVITON_3,
}


def link(instance: InstanceClass) -> Link:
    """The link of this class."""
    _, family, size = instance.name.split(".")
    return _LINKS[family][size]


def sustained_iops(instance: InstanceClass, volume_iops: int) -> int:
    """I/O operations per second that this class can do on such a volume all day."""
    return min(volume_iops, link(instance).iops)


def sustained_bytes(instance: InstanceClass, volume_mibps: int) -> float:
    """Bytes per second that this class can move to and from such a volume all day."""
    return min(volume_mibps * MIB, link(instance).bytes_per_second)


def spends_io_credits(instance: InstanceClass, volume_iops: int) -> bool:
    """Whether the volume can ask for more operations than the baseline of a link that bursts."""
    row = link(instance)
    return row.burst_iops > row.iops and volume_iops > row.iops


def spends_byte_credits(instance: InstanceClass, volume_mibps: int) -> bool:
    """Whether the volume can move more bytes than the baseline of a link that bursts."""
    row = link(instance)
    return row.burst_mbps > row.mbps and volume_mibps * MIB > row.bytes_per_second
