"""ECS tasks and services, as far as AWS's API shows them; what runs is the reconciler's."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs import models as moto_models
from moto.ecs import responses as moto_responses
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.moto_api._internal import mock_random

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

# Fields of CreateService that moto drops; UpdateService keeps them by itself.
_DROPPED = [
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "placementConstraints",
    "placementStrategy",
    "serviceConnectConfiguration",
    "volumeConfigurations",
]

# A change of these starts a new deployment.
_DEPLOYED = ("load_balancers", "network_configuration", "platform_version", "task_definition")

_reality: Reality | None = None


class LocalContainer(models.Container):  # type: ignore[misc]
    """One container of a task; moto has only the first, and it always ends with 0."""

    def __init__(self, task: Any, task_definition: Any, definition: dict[str, Any]) -> None:
        super().__init__(task_definition)
        self.container_arn = task.task_arn.replace(":task/", ":container/") + f"/{mock_random.uuid4()}"
        self.task_arn = task.task_arn
        self.name = definition["name"]
        self.image = definition.get("image")
        self.cpu = str(definition.get("cpu", 0))
        self.memory = definition.get("memory")
        self.command = definition.get("command")
        self.environment = definition.get("environment")
        self.exitCode: int | None = None
        self.reason: str | None = None
        self.runtime_id = f"{task.id.replace('-', '')}-{mock_random.get_random_string(10, lower_case=True)}"
        self.health_status = "UNKNOWN"


class LocalTask(models.Task):  # type: ignore[misc]
    """A task whose state is what its processes do."""

    def __init__(self, cluster: Any, task_definition: Any, *args: Any, **kwargs: Any) -> None:
        self.desired_status = "RUNNING"
        network = (kwargs.get("networking_configuration") or {}).get("awsvpcConfiguration")
        if network is not None:
            network = {"securityGroups": [], **network}
            kwargs["networking_configuration"] = {"awsvpcConfiguration": network}
        super().__init__(cluster, task_definition, *args, **kwargs)
        self.last_status = "RUNNING" if _reality is None else "PROVISIONING"
        self.containers = [
            LocalContainer(self, task_definition, definition) for definition in task_definition.container_definitions
        ]
        self.created_at = utcnow()
        self.started_at: Any = None
        self.stopping_at: Any = None
        self.stopped_at: Any = None
        self.stop_code: str | None = None
        self.stopped_reason: str | None = None
        self.connectivity = "CONNECTED"
        self.cpu = task_definition.cpu
        self.memory = task_definition.memory
        self.version = 1
        self.platform_family = "Linux"

    @property
    def last_status(self) -> str:
        """Where the task stands."""
        return self._last_status

    @last_status.setter
    def last_status(self, value: str) -> None:
        self._last_status = value

    def ask_to_stop(self, reason: str, code: str) -> None:
        """Wish the task stopped; the first wish gives the reason."""
        if self.desired_status == "STOPPED":
            return
        self.desired_status = "STOPPED"
        self.stopped_reason = reason
        self.stop_code = code
        self.stopping_at = utcnow()
        if _reality is None:
            self.last_status = "STOPPED"
            self.stopped_at = self.stopping_at


def restore_tasks(reality: Reality | None) -> None:
    """Tasks that begin, run and end."""
    global _reality  # noqa: PLW0603 (moto is corrected once in a process)
    _reality = reality
    models.Task = LocalTask
    # moto gives an interface a private DNS name only where the VPC has DNS host names, and asks for it anywhere.
    NetworkInterface.private_dns_name = ""
    requirements = models.EC2ContainerServiceBackend._calculate_task_resource_requirements

    def calculate(task_definition: Any) -> dict[str, Any]:
        for definition in task_definition.container_definitions:
            if "memory" not in definition and "memoryReservation" not in definition:
                return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
        return requirements(task_definition)  # type: ignore[no-any-return]

    def stop(self: Any, cluster_str: str, task_str: str, reason: str | None) -> LocalTask:
        cluster = self._get_cluster(cluster_str)
        task = _find(self, cluster, task_str)
        if task is None:
            raise InvalidParameterException("The referenced task was not found.")
        task.ask_to_stop(reason or "Task stopped by user", "UserInitiated")
        return task

    def describe(self: Any) -> ActionResult:
        cluster = self.ecs_backend._get_cluster(self._get_param("cluster", "default"))
        found, failures = [], []
        for name in self._get_param("tasks", []):
            task = _find(self.ecs_backend, cluster, name)
            if task is None:
                failures.append({"arn": name, "reason": "MISSING"})
            else:
                found.append(task)
        choose = self._include_in_response if "TAGS" in self._get_param("include", []) else self._exclude_from_response
        choose(responses.DESCRIBE_TASKS_TAGS)
        return ActionResult({"tasks": found, "failures": failures})

    models.EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(calculate)
    models.EC2ContainerServiceBackend.stop_task = stop
    responses.EC2ContainerServiceResponse.describe_tasks = describe


def _find(backend: Any, cluster: Any, task_str: str) -> LocalTask | None:
    task_id = task_str.split("/")[-1]
    for arn, task in backend.tasks.get(cluster.name, {}).items():
        if arn.split("/")[-1] == task_id:
            return task  # type: ignore[no-any-return]
    return None


def restore_list_tasks(reality: Reality | None) -> None:
    """ListTasks that lists what was asked for; without a desired status, what should run."""

    def list_tasks(
        self: Any,
        cluster_str: str | None = None,
        container_instance: str | None = None,
        family: str | None = None,
        started_by: str | None = None,
        service_name: str | None = None,
        desiredStatus: str | None = None,  # noqa: N803 (moto's own)
    ) -> list[Any]:
        cluster = self._get_cluster(cluster_str or "default")
        wanted = {
            "desired_status": desiredStatus or "RUNNING",
            "started_by": started_by,
            "group": f"service:{service_name.split('/')[-1]}" if service_name else None,
            "container_instance_arn": container_instance,
        }
        return [
            task
            for task in self.tasks.get(cluster.name, {}).values()
            if all(value is None or getattr(task, name) == value for name, value in wanted.items())
            and (family is None or f":task-definition/{family}:" in task.task_definition_arn)
        ]

    models.EC2ContainerServiceBackend.list_tasks = list_tasks


def new_deployment(service: Any) -> dict[str, Any]:
    """A deployment of a service as it is configured now."""
    name = f"ecs-svc/{mock_random.randint(10**18, 10**19)}"
    return {
        "createdAt": utcnow(),
        "desiredCount": service.desired_count,
        "failedTasks": 0,
        "id": name,
        "launchType": service.launch_type,
        "networkConfiguration": service.network_configuration,
        "pendingCount": 0,
        "platformFamily": "Linux",
        "platformVersion": service.platform_version,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {name} in progress.",
        "runningCount": 0,
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "updatedAt": utcnow(),
    }


def complete(deployment: dict[str, Any]) -> None:
    """Mark a deployment as done."""
    deployment["rolloutState"] = "COMPLETED"
    deployment["rolloutStateReason"] = f"ECS deployment {deployment['id']} completed."


def restore_services(reality: Reality | None) -> None:
    """Services with deployments."""
    backend = models.EC2ContainerServiceBackend
    create_original, update_original = backend.create_service, backend.update_service
    delete_original = backend.delete_service
    respond_original = responses.EC2ContainerServiceResponse.create_service

    def pretend(service: Any) -> None:
        """Without a reality, everything runs at once."""
        service.running_count, service.pending_count = service.desired_count, 0
        primary = service.deployments[0]
        primary.update(runningCount=service.desired_count, desiredCount=service.desired_count, pendingCount=0)
        complete(primary)
        service.deployments = [primary]

    def create(self: Any, cluster_str: str, service_name: str, *args: Any, **kwargs: Any) -> Any:
        existing = self.services.get(f"{self._get_cluster(cluster_str).name}:{service_name}")
        if existing is not None and existing.status == "ACTIVE":
            raise InvalidParameterException("Creation of service was not idempotent.")
        if existing is not None and existing.status == "DRAINING":
            raise InvalidParameterException("Unable to Start a service that is still Draining.")
        service = create_original(self, cluster_str, service_name, *args, **kwargs)
        service.running_count, service.pending_count = 0, service.desired_count
        service.created_at = utcnow()
        service.deployments = [new_deployment(service)]
        if reality is None:
            pretend(service)
        return service

    def respond(self: Any) -> ActionResult:
        answer = respond_original(self)
        service = answer.result["service"]
        for name in _DROPPED:
            value = self._get_param(name)
            if value is not None:
                setattr(service, xform_name(name), value)
        return answer  # type: ignore[no-any-return]

    def update(self: Any, service_properties: dict[str, Any]) -> Any:
        properties = dict(service_properties)
        cluster, name = properties.get("cluster", "default"), properties["service"].split("/")[-1]
        service = self._get_service(cluster, name)
        if service.status != "ACTIVE":
            raise EcsClientException(f"Service was not ACTIVE: {name} is {service.status}.")
        forced = properties.pop("force_new_deployment", False)
        if properties.get("task_definition"):
            properties["task_definition"] = self.describe_task_definition(properties["task_definition"]).arn
        before = {field: getattr(service, field, None) for field in _DEPLOYED}
        running, pending = service.running_count, service.pending_count
        update_original(self, properties)
        service.running_count, service.pending_count = running, pending
        if forced or before != {field: getattr(service, field, None) for field in _DEPLOYED}:
            for deployment in service.deployments:
                deployment["status"] = "ACTIVE"
            service.deployments = [new_deployment(service), *service.deployments]
        if reality is None:
            pretend(service)
        return service

    def delete(self: Any, cluster_name: str, service_name: str, force: bool) -> Any:
        if reality is None:
            return delete_original(self, cluster_name, service_name, force)
        service = self._get_service(cluster_name, service_name.split("/")[-1])
        if service.desired_count > 0 and not force:
            raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        service.desired_count = 0
        service.status = "DRAINING"
        return service

    backend.create_service = create
    backend.update_service = update
    backend.delete_service = delete
    responses.EC2ContainerServiceResponse.create_service = respond
