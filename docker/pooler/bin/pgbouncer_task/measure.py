"""From what PgBouncer's console shows to the lines of one minute. Pure.

One line for the task, one for each door, as JSON. Numbers and names of doors only: no client's name or address, no
statement. CloudWatch's metric filters read them (infra/pooler_metrics.py), people read them in Logs Insights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str]
# What `pooler` says in a line: which of the two kinds it is.
TASK, DOOR = "task", "door"
# PgBouncer's own console is a database too.
CONSOLE = "pgbouncer"

# Server connections that do something for a client now, and all of them. Idle ones are free for anybody: PgBouncer
# closes an idle connection of one role when another role needs its place.
BUSY = ("sv_active", "sv_active_cancel", "sv_being_canceled", "sv_tested", "sv_login")
ALL = (*BUSY, "sv_idle", "sv_used")


@dataclass(frozen=True, slots=True)
class Door:
    """One door at one moment."""

    name: str
    clients: int
    waiting: int
    max_wait: float
    busy: int
    servers: int
    most: int

    @property
    def used_percent(self) -> float:
        """How much of the door's ceiling is at work."""
        return 100.0 * self.busy / self.most if self.most else 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment: the doors, the clients that are logged in, and the most that may be."""

    doors: tuple[Door, ...]
    clients: int
    most_clients: int


def sample(pools: Sequence[Row], databases: Sequence[Row], lists: Sequence[Row], config: Sequence[Row]) -> Sample:
    """What SHOW POOLS, DATABASES, LISTS and CONFIG say; a door has a pool for each role that used it."""
    doors = []
    for database in databases:
        name = database["name"]
        if name == CONSOLE:
            continue
        mine = [pool for pool in pools if pool["database"] == name]
        doors.append(
            Door(
                name,
                clients=_sum(mine, "cl_active", "cl_waiting"),
                waiting=_sum(mine, "cl_waiting"),
                max_wait=max((_seconds(pool) for pool in mine), default=0.0),
                busy=_sum(mine, *BUSY),
                servers=_sum(mine, *ALL),
                most=int(database["max_connections"]),
            )
        )
    counts = {row["list"]: int(row["items"]) for row in lists}
    settings = {row["key"]: row["value"] for row in config}
    # The exporter itself is a client that nobody else need know of.
    console = _sum([pool for pool in pools if pool["database"] == CONSOLE], "cl_active", "cl_waiting")
    clients = max(0, counts["used_clients"] - console)
    return Sample(tuple(doors), clients, int(settings["max_client_conn"]))


def lines(samples: Sequence[Sample], stats: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    """The lines of one minute: the highest number of waiting clients and the longest wait that any sample saw, the
    mean of what is used, and counts of connections as they were last."""
    if not samples:
        return []
    last = samples[-1]
    by_door = {row["database"]: row for row in stats}
    task = {
        "pooler": TASK,
        **labels,
        "heartbeat": 1,
        "clients_waiting": max(sum(door.waiting for door in one.doors) for one in samples),
        "max_wait_seconds": round(max((door.max_wait for one in samples for door in one.doors), default=0.0), 3),
        "pool_used_percent": round(_mean([_busiest(one) for one in samples]), 1),
        "client_connections": last.clients,
        "client_limit_percent": round(100.0 * last.clients / last.most_clients, 1),
        "server_connections": sum(door.servers for door in last.doors),
    }
    found = [task]
    for number, door in enumerate(last.doors):
        over_time = [one.doors[number] for one in samples if len(one.doors) == len(last.doors)]
        found.append(
            {
                "pooler": DOOR,
                **labels,
                "door": door.name,
                "clients_waiting": max(one.waiting for one in over_time),
                "max_wait_seconds": round(max(one.max_wait for one in over_time), 3),
                "pool_used_percent": round(_mean([one.used_percent for one in over_time]), 1),
                "client_connections": door.clients,
                "server_connections": door.servers,
                **_averages(by_door.get(door.name)),
            }
        )
    return [json.dumps(line, separators=(",", ":")) for line in found]


def _averages(row: Row | None) -> dict[str, float]:
    """PgBouncer's own averages over its last period (a minute): per second, and microseconds as milliseconds."""
    if row is None:
        return {}
    return {
        "transactions_per_second": int(row["avg_xact_count"]),
        "queries_per_second": int(row["avg_query_count"]),
        "mean_query_ms": int(row["avg_query_time"]) / 1000,
        "mean_wait_ms": int(row["avg_wait_time"]) / 1000,
    }


def _busiest(one: Sample) -> float:
    return max((door.used_percent for door in one.doors), default=0.0)


def _sum(pools: Sequence[Row], *columns: str) -> int:
    """Columns that a release does not have count nothing."""
    return sum(int(pool.get(column, "0")) for pool in pools for column in columns)


def _seconds(pool: Row) -> float:
    return int(pool["maxwait"]) + int(pool["maxwait_us"]) / 1_000_000


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
