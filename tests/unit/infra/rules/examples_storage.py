"""Examples of rules about a service's volume."""

from __future__ import annotations

from tests.unit.infra.rules.example import ONE, Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "services[].storage.type",
        {"one/storage/type": "gp2"},
        f"{ONE}.storage.type = 'gp2': takes gp3 (cheaper and faster than gp2, which RDS would choose by "
        "itself); did you mean gp3?",
        {"one/storage/type": "gp3"},
    ),
    Example(
        "services[].storage.allocated_gib",
        {"one/storage/allocated_gib": 19},
        f"{ONE}.storage.allocated_gib = 19: takes a whole number from 20 to 65536 (GiB, the range of gp3); "
        "give a number from 20 to 65536, without quotes",
        {"one/storage/allocated_gib": 20},
    ),
    Example(
        "services[].storage.max_allocated_gib",
        {"one/storage/max_allocated_gib": 65537},
        f"{ONE}.storage.max_allocated_gib = 65537: takes a whole number from 21 to 65536 (GiB, where "
        "autoscaling ends), or null; give a number from 21 to 65536, without quotes",
        {"one/storage/max_allocated_gib": 65536},
        beside={"one/storage/iops": 32768, "one/storage/allocated_gib": 2000},
    ),
    Example(
        "services[].storage.iops",
        {"one/storage/iops": 64001},
        f"{ONE}.storage.iops = 64001: takes a whole number from 1 to 64000 (the most that gp3 offers), or "
        "null; give a number from 1 to 64000, without quotes",
        {"one/storage/iops": 64000},
        beside={"one/storage/allocated_gib": 2000},
    ),
    Example(
        "services[].storage.throughput_mibps",
        {"one/storage/throughput_mibps": 4001},
        f"{ONE}.storage.throughput_mibps = 4001: takes a whole number from 1 to 4000 (MiB/s, the most that "
        "gp3 offers), or null; give a number from 1 to 4000, without quotes",
        {"one/storage/throughput_mibps": 4000},
        beside={"one/storage/iops": 16000},
    ),
    Example(
        "iops below striping",
        {"one/storage/allocated_gib": 399},
        f"{ONE}.storage.iops = 12000: gp3 below 400 GiB takes no iops; remove iops, or set allocated_gib "
        "to 400 or more",
        {"one/storage/allocated_gib": 400},
        beside={"one/storage/iops": 12000},
    ),
    Example(
        "throughput below striping",
        {"one/storage/allocated_gib": 399},
        f"{ONE}.storage.throughput_mibps = 500: gp3 below 400 GiB takes no throughput; remove "
        "throughput_mibps, or set allocated_gib to 400 or more",
        {"one/storage/allocated_gib": 400},
        beside={"one/storage/throughput_mibps": 500},
    ),
    Example(
        "iops below the baseline",
        {"one/storage/iops": 11999},
        f"{ONE}.storage.iops = 11999: gp3 from 400 GiB on has 12000 IOPS and takes no fewer; remove iops, "
        "or set 12000 or more",
        {"one/storage/iops": 12000},
    ),
    Example(
        "throughput below the baseline",
        {"one/storage/throughput_mibps": 499},
        f"{ONE}.storage.throughput_mibps = 499: gp3 from 400 GiB on has 500 MiB/s and takes no less; "
        "remove throughput_mibps, or set 500 or more",
        {"one/storage/throughput_mibps": 500},
    ),
    Example(
        "iops for each GiB",
        {"one/storage/iops": 20001},
        f"{ONE}.storage.iops = 20001: RDS takes 0.5 to 50 IOPS per GiB, and 400 GiB are allocated; without "
        "iops it is 12000; bring iops and allocated_gib together",
        {"one/storage/iops": 20000},
    ),
    Example(
        "iops for each GiB",
        {"one/storage/allocated_gib": 24001},
        f"{ONE}.storage.iops = None: RDS takes 0.5 to 50 IOPS per GiB, and 24001 GiB are allocated; "
        "without iops it is 12000; bring iops and allocated_gib together",
        {"one/storage/allocated_gib": 24000},
    ),
    Example(
        "throughput for each IOPS",
        {"one/storage/throughput_mibps": 3001},
        f"{ONE}.storage.throughput_mibps = 3001: gp3 gives 0.25 MiB/s at most for each IOPS; raise iops to "
        "four times throughput_mibps, or lower throughput_mibps; without iops it has 12000",
        {"one/storage/throughput_mibps": 3000},
    ),
    Example(
        "room for autoscaling",
        {"one/storage/max_allocated_gib": 439},
        f"{ONE}.storage.max_allocated_gib = 439: RDS wants room for a step of 10 % at least above "
        "allocated_gib, which is 400; raise it, or remove it to switch autoscaling off",
        {"one/storage/max_allocated_gib": 440},
    ),
    Example(
        "IOPS for the volume that autoscaling may reach",
        {"one/storage/max_allocated_gib": 24001},
        f"{ONE}.storage.max_allocated_gib = 24001: RDS takes no fewer than 0.5 IOPS per GiB, so the volume "
        "could not grow so far; without iops it has 12000; lower it, or raise iops to half of it",
        {"one/storage/max_allocated_gib": 24000},
    ),
)
