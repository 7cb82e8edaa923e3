"""The page of alarms: each with its condition, its meaning and the first thing to do. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from infra import alarms, log_metrics
from infra.alarm_rules import Alarm, Facts, Scope
from infra.sizing import GIB, INSTANCE_CLASSES

_OF: dict[Scope, str] = {
    "server": "each server",
    "primary": "the primary",
    "replica": "each replica",
    "logs": "the logs",
    "pooler": "the pooler",
    "balancer": "the load balancer",
    "tasks": "the pooler's tasks",
    "running": "the pooler's tasks",
}
# What thresholds that are computed come to, for one example: burstable, so that every alarm exists.
EXAMPLE = Facts(
    stack="example",
    service="example",
    primary=INSTANCE_CLASSES["db.t4g.large"],
    replica=INSTANCE_CLASSES["db.t4g.large"],
    replicas=1,
    connections=50,
    allocated_gib=400,
    autoscaling=True,
    iops=12_000,
    mibps=500,
    tasks=2,
    clients_per_task=1000,
)
_BYTES = {
    "FreeStorageSpace",
    "FreeableMemory",
    "OldestReplicationSlotLag",
    "SwapUsage",
    "TransactionLogsDiskUsage",
}  # fmt: skip
_HEAD = """\
# Alarms

Made from the code by `python -m infra.alarm_reference`; change the table in infra/alarms.py, not this page.

A page is what users feel, or what ends in an outage within the hour. The pages of a service are told by one
composite alarm, `estate-<stack>-<service>-page`, once when the first of them goes off and once when the last is over;
they do not tell by themselves. Every other alarm is a ticket and tells itself. A replica's alarms are tickets, whatever
they are for a primary. An alarm is called `estate-<stack>-<service>-<server>-<name>`, or without a server where there
is only one of its kind, and its description says what is written here.

Thresholds are computed from a service's instance class, volume and settings. The numbers in brackets are an example's:
a db.t4g.large with 400 GiB that grows by itself, 50 connections, two pooler tasks of 1000 clients each. Alarms that
could never go off are not made: credits where there are none, tasks missing where there is one.

The picture of a dashboard: [platform](platform_dashboard.svg), [familytales](familytales_dashboard.svg). Alarms on
schedules and backups are in infra/schedule_alarms.py and beside what they watch.
"""


def page() -> str:
    """The page in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for severity, title in (("page", "Pages"), ("ticket", "Tickets")):
        yield f"## {title}\n"
        for row in alarms.TABLE:
            if row.severity == severity:
                yield from _row(row)
    yield "## What is counted in the logs\n"
    yield "| metric | where | lines |\n|---|---|---|"
    for item in log_metrics.TABLE:
        yield f"| `<stack>-<service>-{item.metric}` | {item.where} | {item.means} |"
    yield ""


def _row(row: Alarm) -> Iterator[str]:
    yield f"### {row.name}\n"
    yield f"{row.means[0].upper()}{row.means[1:]}.\n"
    yield f"* When: {_condition(row)}"
    yield f"* First: {row.first}."
    yield f"* Why so: {row.why}.\n"


def _condition(row: Alarm) -> str:
    metric = " + ".join(f"`{name}`" for name in row.metrics)
    minutes = row.period // 60
    each = "one minute" if minutes == 1 else f"{minutes} minutes" if minutes < 60 else "one hour"
    found = row.threshold(EXAMPLE, EXAMPLE.primary)
    assert found is not None, f"the example has no {row.name}"
    threshold = f"{found / GIB:.3g} GiB" if row.metrics[0] in _BYTES else f"{found:g}"
    times = f"{row.datapoints or row.periods} of {row.periods} times {each}"
    silence = "; no data counts as trouble" if row.missing == "breaching" else ""
    return f"{row.statistic} of {metric} of {_OF[row.scope]} {row.comparison} [{threshold}], {times}{silence}."


if __name__ == "__main__":
    sys.stdout.write(page())
