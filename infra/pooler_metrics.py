"""The pooler's metrics: what its exporter prints, and the filters that make CloudWatch metrics of it. Pure.

Each task prints one JSON line for itself and one for each door, once a minute (docker/pooler/bin/pgbouncer_task). A
metric filter of CloudWatch Logs reads a number and up to three dimensions out of a line; with dimensions it takes no
default value, so a minute without a line is a minute without data, and that is what the alarm on Heartbeat is about.

Source: CloudWatch Logs User Guide, "Creating metrics from log events using filters" and "Filter pattern syntax for
metric filters".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NAMESPACE = "PostgresEstate"
Kind = Literal["task", "door"]

# Dimension -> the field it is read from. Never a task's id: every deployment would leave its own metrics behind, and
# CloudWatch bills each for the month.
_DIMENSIONS: dict[Kind, dict[str, str]] = {
    "task": {"Stack": "$.stack", "Service": "$.service"},
    "door": {"Stack": "$.stack", "Service": "$.service", "Door": "$.door"},
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: which lines it is read from, which field, in what unit, and what it tells.

    All tasks of a service write to one metric, each once a minute. So over a minute Sum is the whole service, Maximum
    the worst task, SampleCount the number of tasks.
    """

    name: str
    kind: Kind
    field: str
    unit: str
    tells: str

    @property
    def value(self) -> str:
        """Where in the line the number is."""
        return f"$.{self.field}"

    @property
    def logical_name(self) -> str:
        """Its part of a resource's name: door-clients-waiting."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.name).lower()
        return words if self.kind == "task" else f"{self.kind}-{words}"


METRICS: tuple[Metric, ...] = (
    Metric("ClientsWaiting", "task", "clients_waiting", "Count",
           "clients that waited for a server connection, at the worst of twelve moments of the minute"),
    Metric("MaxWaitSeconds", "task", "max_wait_seconds", "Seconds",
           "how long the client at the head of the queue had waited, at the worst moment"),
    Metric("PoolUsedPercent", "task", "pool_used_percent", "Percent",
           "server connections at work, of the ceiling of the door that is busiest: the minute's mean"),
    Metric("ClientConnections", "task", "client_connections", "Count", "clients that are connected"),
    Metric("ServerConnections", "task", "server_connections", "Count", "server connections that are open, idle or not"),
    Metric("Heartbeat", "task", "heartbeat", "None", "1: PgBouncer answers its console"),
    Metric("ClientsWaiting", "door", "clients_waiting", "Count", "as above, of one door"),
    Metric("ServerConnections", "door", "server_connections", "Count", "as above, of one door"),
)  # fmt: skip


def pattern(kind: Kind) -> str:
    """The filter's pattern: PgBouncer's own lines are no JSON and never match."""
    return f'{{ $.pooler = "{kind}" }}'


def dimensions(kind: Kind) -> dict[str, str]:
    """A filter's dimensions: name -> field."""
    return dict(_DIMENSIONS[kind])


def dimensions_of(stack: str, service: str, door: str | None = None) -> dict[str, str]:
    """The dimensions of a metric as an alarm or a dashboard names them."""
    base = {"Stack": stack, "Service": service}
    return base if door is None else {**base, "Door": door}
