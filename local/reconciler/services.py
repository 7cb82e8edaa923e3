"""ECS services: the wished number of tasks, rolling deployments, registration with load balancers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends

from local.moto_gaps.ecs import complete
from local.reconciler.context import Context, Row, backends

# A task that ends again and again is started less and less often, as ECS does (there up to 15 minutes).
_LONGEST_PAUSE = 15.0


@dataclass(slots=True)
class Memory:
    """What was seen of a service's tasks that ended."""

    counted: set[str] = field(default_factory=set)
    failures: int = 0
    not_before: float = 0.0


class Services:
    """All ECS services of the cloud."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._memory: dict[str, Memory] = {}

    def tick(self) -> None:
        """Bring each service a step closer to what it should be."""
        for backend in backends(ecs_backends):
            for service in list(backend.services.values()):
                if service.status == "INACTIVE":
                    continue
                tasks = _tasks_of(backend, service)
                if service.status == "DRAINING":
                    self._drain(service, tasks)
                else:
                    self._keep(backend, service, tasks)
                self._register(service, tasks)
                _count(service, tasks)

    def rows(self) -> list[Row]:
        """One row for each service."""
        return [
            Row(
                "service",
                service.name,
                state=service.status,
                detail=f"{service.running_count} of {service.desired_count} running, "
                f"{service.deployments[0]['rolloutState'].lower()}",
            )
            for backend in backends(ecs_backends)
            for service in list(backend.services.values())
            if service.status != "INACTIVE"
        ]

    def close(self, *, discard: bool) -> None:
        """Nothing of its own: tasks are ended by their own part."""

    def _drain(self, service: Any, tasks: list[Any]) -> None:
        for task in tasks:
            _scale_in(task, service.deployments[0]["id"])
        if not tasks:
            service.status = "INACTIVE"
            self._memory.pop(service.arn, None)

    def _keep(self, backend: Any, service: Any, tasks: list[Any]) -> None:
        primary = service.deployments[0]
        current = [task for task in tasks if task.started_by == primary["id"]]
        wanted = [task for task in current if task.desired_status == "RUNNING"]
        missing = service.desired_count - len(wanted)
        memory = self._memory.setdefault(service.arn, Memory())
        self._remember(backend, service, primary, memory)
        if missing > 0 and time.monotonic() >= memory.not_before:
            self._start(backend, service, primary, missing)
        for surplus in wanted[service.desired_count :]:
            _scale_in(surplus, primary["id"])
        # The old ones go when the new ones can do their work.
        old = [task for task in tasks if task.started_by != primary["id"]]
        if sum(task.last_status == "RUNNING" for task in wanted) >= service.desired_count:
            for task in old:
                _scale_in(task, primary["id"])
            remaining = {task.started_by for task in old}
            service.deployments = [
                deployment
                for deployment in service.deployments
                if deployment is primary or deployment["id"] in remaining
            ]
            if not old and primary["rolloutState"] != "COMPLETED":
                complete(primary)
                primary["updatedAt"] = utcnow()

    def _start(self, backend: Any, service: Any, primary: dict[str, Any], count: int) -> None:
        started = backend.run_task(
            cluster_str=service.cluster_name,
            task_definition_str=service.task_definition,
            count=count,
            overrides=None,
            started_by=primary["id"],
            tags=service.tags if service.propagate_tags == "SERVICE" else [],
            launch_type="FARGATE",
            networking_configuration=service.network_configuration or None,
            group=f"service:{service.name}",
            platform_version=service.platform_version,
        )
        for task in started:
            ports = [int(row["containerPort"]) for row in service.load_balancers if "containerPort" in row]
            task.listens_on = ports[0] if ports else None

    def _remember(self, backend: Any, service: Any, primary: dict[str, Any], memory: Memory) -> None:
        """Count tasks that ended by themselves, and wait a little longer after each."""
        for task in list(backend.tasks.get(service.cluster_name, {}).values()):
            ended = task.group == f"service:{service.name}" and task.last_status == "STOPPED"
            if not ended or task.id in memory.counted:
                continue
            memory.counted.add(task.id)
            if task.stop_code not in ("EssentialContainerExited", "TaskFailedToStart"):
                continue
            lasted = task.started_at is not None and (utcnow() - task.started_at).total_seconds() > _LONGEST_PAUSE
            memory.failures = 1 if lasted else memory.failures + 1
            # The first replacement comes at once, the following after 1, 2, 4 ... seconds.
            pause = 0.0 if memory.failures == 1 else min(2.0 ** (memory.failures - 2), _LONGEST_PAUSE)
            memory.not_before = time.monotonic() + pause
            self._context.say(f"service {service.name}: task {task.id} ended: {task.stopped_reason}")
            if task.started_by == primary["id"]:
                primary["failedTasks"] += 1

    def _register(self, service: Any, tasks: list[Any]) -> None:
        """Exactly the running tasks are targets."""
        for row in service.load_balancers:
            group = _target_group(row.get("targetGroupArn"))
            if group is None:
                continue
            running = [task for task in tasks if task.last_status == "RUNNING" and task.desired_status == "RUNNING"]
            wanted = {_address(task): int(row["containerPort"]) for task in running}
            for address, port in wanted.items():
                if address not in group.targets:
                    group.register([{"Id": address, "Port": port}])
            ours = set(getattr(service, "registered", ()))
            for address in ours - wanted.keys():
                if address in group.targets:
                    group.deregister([{"Id": address}])
            service.registered = tuple(wanted)


def _tasks_of(backend: Any, service: Any) -> list[Any]:
    return [
        task
        for task in list(backend.tasks.get(service.cluster_name, {}).values())
        if task.group == f"service:{service.name}" and task.last_status != "STOPPED"
    ]


def _scale_in(task: Any, deployment: str) -> None:
    task.ask_to_stop(f"Scaling activity initiated by (deployment {deployment})", "ServiceSchedulerInitiated")


def _count(service: Any, tasks: list[Any]) -> None:
    running = [task for task in tasks if task.last_status == "RUNNING"]
    service.running_count = len(running)
    service.pending_count = sum(task.last_status in ("PROVISIONING", "PENDING", "ACTIVATING") for task in tasks)
    for deployment in service.deployments:
        mine = [task for task in tasks if task.started_by == deployment["id"]]
        deployment["runningCount"] = sum(task.last_status == "RUNNING" for task in mine)
        deployment["pendingCount"] = sum(task.last_status in ("PROVISIONING", "PENDING", "ACTIVATING") for task in mine)
    service.deployments[0]["desiredCount"] = service.desired_count


def _target_group(arn: str | None) -> Any:
    for backend in backends(elbv2_backends):
        if arn in backend.target_groups:
            return backend.target_groups[arn]
    return None


def _address(task: Any) -> str:
    (detail,) = (
        detail
        for attachment in task.attachments
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    )
    return str(detail["value"])
