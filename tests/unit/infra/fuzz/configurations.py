"""Configurations at random, the same ones for the same seed: plausible ones, and those that something happened to.

Plausible ones are written by what an operator knows, not by asking the rules: many are accepted, and the others break
a rule somewhere at its edge.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any, Final

SERVICES: Final = ("ledger", "orders", "a1", "stock", "abcdefghijklmnop")  # the last as long as a name may be
STACKS: Final = ("dev", "dev", "dev-eu", "staging", "prod", "local")
CLASSES: Final = (
    "db.t4g.micro", "db.t4g.small", "db.t4g.medium", "db.t4g.large", "db.m6g.large", "db.m7g.xlarge", "db.r6g.large",
    "db.r6g.2xlarge", "db.r7g.4xlarge", "db.r7g.16xlarge",
)  # fmt: skip
SUBNETS: Final = [f"subnet-{index:017x}" for index in range(6)]
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Values that suit every server, and values at the edge of what suits some.
PARAMETERS: Final = {
    "work_mem": (("64", "1024"), ("8192", "1000000", "2097152")),
    "maintenance_work_mem": (("1024", "16384"), ("65536", "1000000")),
    "max_connections": (("60", "100"), ("20", "400", "5000")),
    "max_wal_senders": (("20", "100"), ("5", "10")),
    "max_worker_processes": (("8", "16"), ("4",)),
    "max_parallel_workers_per_gather": (("0", "2"), ("16", "65")),
    "max_slot_wal_keep_size": (("-1", "1024"), ("100000",)),
    "autovacuum_max_workers": (("1", "4"), ("64", "0")),
    "transaction_timeout": (("0",), ("600000",)),
    "jit": (("0", "1"), ("on",)),
    "random_page_cost": (("1", "1.1"), ("-1",)),
    "shared_preload_libraries": (("pg_stat_statements", "pgaudit,pg_stat_statements"), ("pgaudit",)),
    "statement_timeout": (("0", "60000"), ("60s",)),
}
WRONG_PARAMETERS: Final = {"log_statement": "all", "work_memory": "1", "fsync": "0"}

JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**40, 10**5000, 0.5, -0.0, float("nan"), float("inf"), "", " ", "0",
    "-1", "true", "null", "ключ", "\u0661\u0662", "a\nb", "\x00", "\ud800", "x" * 5000, "${secret}", "{braces}", "%s",
    [], [[]],
    [None], ["a", "a"], [{"a": 1}], {}, {"": ""}, {1: 2}, {None: None}, {"a\nb": {"c": []}}, {("t",): 1}, b"bytes",
    {"name": {"name": {"name": {"name": {"name": {}}}}}}, "03:00-03:00", "24:00-25:00", "sun:04:00", "db.t4g",
)  # fmt: skip
STRANGE_KEYS: Final[tuple[Any, ...]] = (
    "storrage",
    "",
    "storage.iops",
    "ключ",
    "a b",
    "x" * 300,
    7,
    None,
    True,
    "@stack",
)


# How often a value comes from the edge: with some thirty values in a configuration, one of two has such a one.
EDGE: Final = 0.03


def pick(dice: random.Random, safe: Sequence[Any], edge: Sequence[Any]) -> Any:
    """A value that suits, or now and then one from the edge."""
    return dice.choice(edge if dice.random() < EDGE else safe)


def plausible(dice: random.Random) -> tuple[dict[str, Any], str]:
    """A configuration that an operator might write, and its stack's name."""
    stack = dice.choice(STACKS)
    production = stack == "prod" or dice.random() < 0.2
    names = dice.sample(SERVICES, dice.choice((1, 1, 1, 2, 3)))
    raw: dict[str, Any] = {"services": [_service(dice, name, production) for name in names]}
    if production and pick(dice, (True,), (False,)):
        raw["profile"] = "production"
    if stack == "prod" or dice.random() < 0.3:
        raw["alerts"] = {"emails": [f"team{index}@example.com" for index in range(pick(dice, (1, 2), (0,)))]}
    raw["network"] = _network(dice)
    if dice.random() < 0.3:
        raw["recovery"] = {
            "region": pick(dice, ("us-west-2", "eu-west-2", "eu-central-1"), ("eu-west-1", "cn-north-1"))
        }
    if dice.random() < 0.2:
        raw["tls"] = "disabled" if stack == "local" else pick(dice, ("required",), ("disabled",))
    if dice.random() < 0.1:
        near = ("estate/pooler:1", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/estate/pooler:1")
        raw["images"] = {"pooler": pick(dice, near, ("ghcr.io/estate/pooler:1", "localhost:5000/pooler"))}
    return raw, stack


def _network(dice: random.Random) -> dict[str, Any]:
    zones = dice.choice((2, 3))
    network: dict[str, Any] = {"availability_zones": zones}
    if dice.random() < 0.7:
        prefix = pick(dice, (16, 16, 18, 20), (15, 22, 24, 28))
        network["cidr"] = f"{pick(dice, ('10.20', '172.16', '192.168', '100.64'), ('52.20', '127.0'))}.0.0/{prefix}"
    if dice.random() < 0.15:
        network["existing"] = {
            "vpc_id": "vpc-0123456789abcdef0",
            "private_subnet_ids": SUBNETS[:zones],
            "database_subnet_ids": SUBNETS[3 - pick(dice, (0,), (1,)) : 3 + zones + pick(dice, (0,), (1,))],
            "endpoints_security_group_id": "sg-0123456789abcdef0",
        }
        if dice.random() < 0.1:
            network["nat"] = pick(dice, ("none",), ("single",))
    elif dice.random() < 0.3:
        network["nat"] = dice.choice(("none", "single", "per_zone"))
    if dice.random() < 0.3:
        network["flow_log_days"] = pick(dice, (0, 1, 14, 3653), (2, 4000))
    if dice.random() < 0.2:
        network["domain"] = pick(dice, ("estate.internal", "db.example.com", "a.b"), ("internal", "x.amazonaws.com"))
    return network


def _service(dice: random.Random, name: str, production: bool) -> dict[str, Any]:
    classes = CLASSES[4:] if production else CLASSES
    block: dict[str, Any] = {
        "name": name,
        "engine_version": pick(dice, ("15", "16", "17", "18"), ("14", "17.4", 17)),
        "instance_class": pick(dice, classes, CLASSES),
        "storage": _storage(dice),
        "pooler": _pooler(dice, production),
    }
    if dice.random() < 0.5:
        block["replicas"] = {"count": pick(dice, (0, 1, 1, 2, 3), (15, 16))}
        if block["replicas"]["count"] and dice.random() < 0.4:
            block["replicas"]["instance_class"] = pick(dice, (block["instance_class"],), classes)
    if dice.random() < 0.6:
        block["backup"] = _backup(dice)
    if dice.random() < 0.4:
        day, hour, long = dice.choice(DAYS), pick(dice, (12, 20), (1, 2, 5)), pick(dice, (1, 2), (0,))
        block["maintenance_window"] = f"{day}:{hour:02}:00-{day}:{hour + long:02}:00"
    if dice.random() < 0.3:
        block["monitoring"] = pick(
            dice,
            (
                {"interval_seconds": 1},
                {"interval_seconds": 60, "log_days": 365},
                {"insights_days": 31},
                {"insights_days": 731},
                {"insights": "advanced", "insights_days": 465},
            ),
            ({"insights": "advanced"}, {"interval_seconds": 0}, {"insights_days": 30}, {"log_days": 2}),
        )
    if dice.random() < 0.3:
        known = dice.sample(sorted(PARAMETERS), dice.randint(1, 3))
        block["parameters"] = {key: pick(dice, *PARAMETERS[key]) for key in known}
        block["parameters"].update(pick(dice, ({},), [{key: value} for key, value in WRONG_PARAMETERS.items()]))
        if block["engine_version"] in ("15", "16") and pick(dice, (True,), (False,)):
            block["parameters"].pop("transaction_timeout", None)
    for key in ("multi_az", "protected", "iam_authentication", "apply_immediately"):
        if dice.random() < 0.1:
            block[key] = pick(dice, (True,), (False, "yes"))
    return block


def _storage(dice: random.Random) -> dict[str, Any]:
    allocated = pick(dice, (20, 21, 50, 100, 399, 400, 401, 1000, 5000, 24000), (19, 24001, 65536, 65537))
    storage: dict[str, Any] = {"allocated_gib": allocated}
    large = allocated >= pick(dice, (400,), (0,))
    iops = None
    if large and dice.random() < 0.5:
        fit = [iops for iops in (12000, 16000, 20000, 32768, 64000) if iops <= 50 * allocated]
        iops = storage["iops"] = pick(dice, fit or [12000], (3000, 11999, 64000, 64001))
    if large and dice.random() < 0.4:
        fit = [mibps for mibps in (500, 1000, 3000, 4000) if 4 * mibps <= (iops or 12000)]
        storage["throughput_mibps"] = pick(dice, fit or [500], (125, 499, 4000, 4001))
    if dice.random() < 0.3:
        most = int(allocated * pick(dice, (1.1, 1.5, 2.0), (1.0, 1.09))) + 1
        storage["max_allocated_gib"] = pick(dice, (max(min(most, 24000), int(allocated * 1.1) + 1),), (most, 65537))
    return storage


def _backup(dice: random.Random) -> dict[str, Any]:
    backup: dict[str, Any] = {}
    if dice.random() < 0.4:
        backup["retention_days"] = pick(dice, (1, 7, 35), (0, 36))
    if dice.random() < 0.4:
        windows = ("03:00-04:00", "02:00-03:00", "22:45-23:30", "21:00-21:30")
        backup["window"] = pick(dice, windows, ("23:45-00:30", "22:00-23:00", "05:00-04:00", "03:00-03:20"))
    if dice.random() < 0.3:
        backup["dump_at"] = pick(dice, (None, "09:30", "10:00", "16:15"), ("03:30", "04:59", "23:00"))
        backup["dump_cold_after_days"] = pick(dice, (1, 30, 270), (283, 3650))
    if dice.random() < 0.3:
        kept = pick(dice, ((1, 0), (4, 12), (520, 120), (0, 1)), ((0, 0), (521, 0)))
        backup["weekly_weeks"], backup["monthly_months"] = kept
        for key in ("vault_lock", "restore_test"):
            if dice.random() < 0.3:
                backup[key] = pick(dice, (True, False), ("no",))
    for key in ("copy_to_recovery", "keep_after_destroy"):
        if dice.random() < 0.1:
            backup[key] = pick(dice, (True,), (False,))
    return backup


def _pooler(dice: random.Random, production: bool) -> dict[str, Any]:
    pooler: dict[str, Any] = {"connections_per_task": pick(dice, (2, 3, 4), (1, 5, 10, 20, 85))}
    if dice.random() < 0.3:
        pooler["tasks"] = pick(dice, (2, 3), (1, 20) if production else (0, 20))
        if dice.random() < 0.3:
            pooler["most_tasks"] = pick(dice, (3, 4), (1, 2, 20, 21))
    if dice.random() < 0.3:
        pooler["max_client_connections"] = pick(dice, (10, 200, 5000, 65000), (9, 65335, 65336))
    if dice.random() < 0.3:
        size = pick(
            dice, ((256, 512), (512, 1024), (1024, 8192), (8192, 16384)), ((512, 512), (8192, 17408), (128, 512))
        )
        pooler["cpu"], pooler["memory_mib"] = size
    if dice.random() < 0.2:
        pooler["version"] = pick(dice, ("1.18", "1.21", "1.25"), ("1.17", 1.25))
    return pooler


def nasty(dice: random.Random) -> tuple[Any, str]:
    """A plausible configuration to which something happened."""
    raw, stack = plausible(dice)
    found: Any = raw
    if dice.random() < 0.02:
        return copy.deepcopy(dice.choice(JUNK)), stack
    for _ in range(dice.randint(1, 4)):
        _happen(dice, found)
    return found, dice.choice((*STACKS, "Prod", "", "a--b", "ж", "x" * 80)) if dice.random() < 0.1 else stack


def _happen(dice: random.Random, raw: Any) -> None:
    place = _somewhere(dice, raw)
    what = dice.random()
    if isinstance(place, list):
        if what < 0.5 and place:
            place.append(copy.deepcopy(dice.choice(place)))
        else:
            place.append(copy.deepcopy(dice.choice(JUNK)))
    elif what < 0.2 or not place:
        place[dice.choice(STRANGE_KEYS)] = copy.deepcopy(dice.choice(JUNK))
    elif what < 0.35:
        del place[dice.choice(list(place))]
    else:
        key = dice.choice(list(place))
        place[key] = _near(dice, place[key])


def _near(dice: random.Random, value: Any) -> Any:
    """Another value: one beside it, or anything."""
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < 0.5:
        return value + dice.choice((-1, 1, -value, value, 100_000))
    if isinstance(value, str) and value and dice.random() < 0.4:
        cut = dice.randrange(len(value))
        return value[:cut] + dice.choice(("", "x", " ", "-", "0", "\n", "é")) + value[cut + 1 :]
    return copy.deepcopy(dice.choice(JUNK))


def _somewhere(dice: random.Random, raw: Any) -> Any:
    """A mapping or a list somewhere in a configuration."""
    found = [raw]
    for place in found:
        inner = place.values() if isinstance(place, dict) else place
        found += [item for item in inner if isinstance(item, dict | list)]
    return dice.choice(found)
