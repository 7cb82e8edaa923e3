"""What AWS's answers say of a deployment's parts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.outputs import Service

OK, NOTE, WRONG = "ok", "note", "wrong"
_GRAVITY = (OK, NOTE, WRONG)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table. A `note` is worth knowing and fails nothing."""

    service: str
    part: str
    state: str
    detail: str


USABLE = frozenset(
    {
        "backing-up",
        "configuring-associated-roles",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "modifying",
        "resetting-master-credentials",
        "storage-config-upgrade",
        "storage-initialization",
        "storage-optimization",
    }
)
"""Statuses in which an instance answers (Amazon RDS User Guide: Viewing Amazon RDS DB instance status)."""

PARAMETERS = {
    "applying": (NOTE, "parameters are being applied"),
    "failed-to-apply": (WRONG, "its parameters could not be applied: look at the instance's events"),
    "pending-reboot": (NOTE, "static parameters wait for a reboot (dbctl reboot)"),
}
"""What a parameter group's status says; `in-sync` says nothing."""


def judge_instance(service: Service, identifier: str, row: Mapping[str, Any]) -> Finding:
    """What DescribeDBInstances' answer says of one instance: all that there is to say, as grave as the gravest."""
    status, version = row["DBInstanceStatus"], row["EngineVersion"]
    said: list[tuple[str, str]] = []
    if status != "available":
        said.append((NOTE if status in USABLE else WRONG, f"its status is {status}"))
    if version.partition(".")[0] != service.engine_version.partition(".")[0]:
        said.append((WRONG, f"PostgreSQL {version}, the configuration says {service.engine_version}"))
    said += [
        (WRONG, f"{info['StatusType']}: {info.get('Status')} {info.get('Message') or ''}".strip())
        for info in row.get("StatusInfos", [])
        if not info.get("Normal", True)
    ]
    states = dict.fromkeys(group["ParameterApplyStatus"] for group in row.get("DBParameterGroups", []))
    said += [PARAMETERS[state] for state in states if state in PARAMETERS]
    return _finding(service, identifier, said, f"PostgreSQL {version}")


def settling(row: Mapping[str, Any]) -> bool:
    """Whether a pooler is on its way to somewhere: a deployment runs, or tasks start or end."""
    states = [deployment.get("rolloutState") for deployment in row["deployments"]]
    return "IN_PROGRESS" in states or len(states) > 1 or row["runningCount"] != row["desiredCount"]


def judge_tasks(service: Service, row: Mapping[str, Any], newest: str | None) -> Finding:
    """What DescribeServices' answer says of the pooler; `newest` is the last task definition of its family."""
    running, wanted = row["runningCount"], row["desiredCount"]
    states = [deployment.get("rolloutState", "COMPLETED") for deployment in row["deployments"]]
    said: list[tuple[str, str]] = []
    if row.get("status", "ACTIVE") != "ACTIVE":
        said.append((WRONG, f"the ECS service is {row['status']}"))
    elif wanted == 0:
        said.append((WRONG, "no task is wanted: somebody set the service to 0, and nobody can connect"))
    if newest is not None and row["taskDefinition"] != newest:
        now, last = (arn.rpartition("/")[2] for arn in (row["taskDefinition"], newest))
        said.append((WRONG, f"{now} runs and not {last}: ECS went back to it, see its events"))
    if running < wanted or states not in ([], ["COMPLETED"]):
        said.append((WRONG, f"{running} of {wanted} run, deployments: {', '.join(states)}"))
    return _finding(service, "pooler tasks", said, f"{running} of {wanted} run")


def judge_targets(service: Service, targets: Sequence[Mapping[str, Any]], wanted: int) -> Finding:
    """What DescribeTargetHealth says of the tasks behind the load balancer; those on their way out do not count."""
    states = [target["TargetHealth"]["State"] for target in targets]
    healthy = states.count("healthy")
    said: list[tuple[str, str]] = []
    if healthy < max(wanted, 1):
        listed = ", ".join(f"{state} {states.count(state)}" for state in sorted(set(states))) or "none"
        said.append((WRONG, f"{healthy} of {wanted} targets are healthy (targets: {listed})"))
    return _finding(service, "load balancer", said, f"{healthy} targets are healthy")


def ringing(alarms: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Those alarms that ring (the fake AWS does not filter by state). A deployment makes some of them ring for
    minutes, so they are only told."""
    return [
        Finding("-", f"alarm {alarm['AlarmName']}", NOTE, alarm.get("StateReason", "it rings"))
        for alarm in alarms
        if alarm["StateValue"] == "ALARM"
    ]


def _finding(service: Service, part: str, said: Iterable[tuple[str, str]], well: str) -> Finding:
    rows = list(said)
    if not rows:
        return Finding(service.name, part, OK, well)
    state = max((state for state, _ in rows), key=_GRAVITY.index)
    return Finding(service.name, part, state, "; ".join(text for _, text in rows))
