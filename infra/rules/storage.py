"""What RDS for PostgreSQL accepts of a gp3 volume. Pure."""

from __future__ import annotations

from collections.abc import Callable

from infra import sources
from infra.rules.rule import Rule

# Below this, RDS for PostgreSQL gives gp3 its fixed 3000 IOPS and 125 MiB/s and refuses any number; from here on
# it stripes four volumes, whose baseline is 12000 and 500, and refuses less.
STRIPED_GIB = 400
STRIPED_IOPS, STRIPED_MIBPS = 12000, 500
# IOPS per GiB of storage, for PostgreSQL.
LEAST_IOPS_PER_GIB, MOST_IOPS_PER_GIB = 0.5, 50
# MiB/s per IOPS, for gp3.
MOST_MIBPS_PER_IOPS = 0.25
# Autoscaling's ceiling must be so much above the volume; RDS itself grows by a tenth, 10 GiB at least.
ROOM_PERCENT = 10


def _striped_or_absent(value: int | None, allocated: int) -> bool:
    return value is None or allocated >= STRIPED_GIB


def _baseline(least: int) -> Callable[[int | None, int], bool]:
    return lambda value, allocated: value is None or allocated < STRIPED_GIB or value >= least


def _iops_ratio(iops: int | None, allocated: int) -> bool:
    asked = STRIPED_IOPS if iops is None else iops
    if allocated < STRIPED_GIB or asked < STRIPED_IOPS:
        return True  # another rule speaks
    return LEAST_IOPS_PER_GIB * allocated <= asked <= MOST_IOPS_PER_GIB * allocated


def _throughput_ratio(throughput: int | None, iops: int | None, allocated: int) -> bool:
    if throughput is None or allocated < STRIPED_GIB:
        return True
    return throughput <= (iops or STRIPED_IOPS) * MOST_MIBPS_PER_IOPS


def _room(most: int | None, allocated: int) -> bool:
    return most is None or most * 100 >= allocated * (100 + ROOM_PERCENT)


def _iops_at_ceiling(most: int | None, iops: int | None, allocated: int) -> bool:
    asked = STRIPED_IOPS if iops is None else iops
    if most is None or not _room(most, allocated) or not _iops_ratio(iops, allocated):
        return True  # another rule speaks
    return asked >= LEAST_IOPS_PER_GIB * most or asked < STRIPED_IOPS


RULES: tuple[Rule, ...] = (
    Rule(
        "iops below striping",
        ("storage.iops", "storage.allocated_gib"),
        _striped_or_absent,
        f"gp3 below {STRIPED_GIB} GiB takes no iops",
        f"remove iops, or set allocated_gib to {STRIPED_GIB} or more",
        sources.STORAGE,
    ),
    Rule(
        "throughput below striping",
        ("storage.throughput_mibps", "storage.allocated_gib"),
        _striped_or_absent,
        f"gp3 below {STRIPED_GIB} GiB takes no throughput",
        f"remove throughput_mibps, or set allocated_gib to {STRIPED_GIB} or more",
        sources.STORAGE,
    ),
    Rule(
        "iops below the baseline",
        ("storage.iops", "storage.allocated_gib"),
        _baseline(STRIPED_IOPS),
        f"gp3 from {STRIPED_GIB} GiB on has {STRIPED_IOPS} IOPS and takes no fewer",
        f"remove iops, or set {STRIPED_IOPS} or more",
        sources.STORAGE,
    ),
    Rule(
        "throughput below the baseline",
        ("storage.throughput_mibps", "storage.allocated_gib"),
        _baseline(STRIPED_MIBPS),
        f"gp3 from {STRIPED_GIB} GiB on has {STRIPED_MIBPS} MiB/s and takes no less",
        f"remove throughput_mibps, or set {STRIPED_MIBPS} or more",
        sources.STORAGE,
    ),
    Rule(
        "iops for each GiB",
        ("storage.iops", "storage.allocated_gib"),
        _iops_ratio,
        f"RDS takes {LEAST_IOPS_PER_GIB} to {MOST_IOPS_PER_GIB} IOPS per GiB, and {{storage_allocated_gib}} GiB are"
        f" allocated; without iops it is {STRIPED_IOPS}",
        "bring iops and allocated_gib together",
        sources.CREATE_INSTANCE,
    ),
    Rule(
        "throughput for each IOPS",
        ("storage.throughput_mibps", "storage.iops", "storage.allocated_gib"),
        _throughput_ratio,
        f"gp3 gives {MOST_MIBPS_PER_IOPS} MiB/s at most for each IOPS",
        f"raise iops to four times throughput_mibps, or lower throughput_mibps; without iops it has {STRIPED_IOPS}",
        sources.GP3,
    ),
    Rule(
        "room for autoscaling",
        ("storage.max_allocated_gib", "storage.allocated_gib"),
        _room,
        f"RDS wants room for a step of {ROOM_PERCENT} % at least above allocated_gib, which is"
        " {storage_allocated_gib}",
        "raise it, or remove it to switch autoscaling off",
        sources.AUTOSCALING,
    ),
    Rule(
        "IOPS for the volume that autoscaling may reach",
        ("storage.max_allocated_gib", "storage.iops", "storage.allocated_gib"),
        _iops_at_ceiling,
        f"RDS takes no fewer than {LEAST_IOPS_PER_GIB} IOPS per GiB, so the volume could not grow so far;"
        f" without iops it has {STRIPED_IOPS}",
        "lower it, or raise iops to half of it",
        sources.OURS,
        "RDS documents this ratio for Provisioned IOPS storage; a gp3 volume is held to the one of CreateDBInstance,"
        " which autoscaling would leave",
    ),
)
