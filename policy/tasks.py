"""Policies over the tasks of ECS, and over the pooler's one ceiling of connections. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from infra.sizing import POOLER_PERCENT, RESERVED
from policy.containers import Pooler, definitions, environment, pooler
from policy.core import ADVICE, EVERYWHERE, NOT_LOCAL, PRODUCTION, Finding, Graph, Policy, Resource
from policy.judge import INSTANCE, SERVICE, TASK, is_false, is_true, known, rows, setting, siblings, vague
from policy.server import parameter

CLUSTER = "aws:ecs/cluster:Cluster"
SCALING = "aws:appautoscaling/target:Target"

VERIFIED = "verify-full"
"""libpq's and PgBouncer's only mode in which a stranger with any certificate is not taken for the server."""

REQUIRED = frozenset({"require", "verify-ca", VERIFIED})
OLD_TLS = ("all", "legacy", "tlsv1.0", "tlsv1.1")

LEAST_TASKS = 2
"""One is replaced, or loses its zone, while the other serves."""


def _containers(task: Resource) -> Iterator[tuple[Mapping[str, Any], str]]:
    for container in definitions(task) or ():
        yield container, f"container {container.get('name')}"


def _unknown(task: Resource) -> list[Finding]:
    return [Finding(task, "containerDefinitions", unknown=True)] if definitions(task) is None else []


def _pooler_tls(task: Resource) -> Iterator[Finding]:
    yield from _unknown(task)
    for container, name in _containers(task):
        variables = environment(container)
        if "PGHOST" in variables and variables.get("PGSSLMODE") != VERIFIED:
            yield Finding(task, f"{name} does not verify the database's certificate: PGSSLMODE is not {VERIFIED}")
        if (file := pooler(container)) is None:
            continue
        if file.settings.get("client_tls_sslmode", "disable") not in REQUIRED:
            yield Finding(task, "the pooler takes clients without TLS: client_tls_sslmode")
        if file.settings.get("server_tls_sslmode", "prefer") != VERIFIED:
            yield Finding(task, "the pooler does not verify the database's certificate: server_tls_sslmode")
        for setting_ in ("client_tls_protocols", "server_tls_protocols"):
            if any(old in file.settings.get(setting_, "secure") for old in OLD_TLS):
                yield Finding(task, f"the pooler takes TLS before 1.2: {setting_}")
        if file.settings.get("auth_type") != "scram-sha-256":
            yield Finding(task, "the pooler's clients do not log in with SCRAM: auth_type")


def _unprivileged(task: Resource) -> Iterator[Finding]:
    yield from _unknown(task)
    for path in ("pidMode", "ipcMode"):
        if task.get(path) == "host":
            yield Finding(task, f"it shares the host's namespace: {path}")
    yield from setting("networkMode", lambda mode: mode == "awsvpc", "its network mode is {value}", "bridge")(task)
    for container, name in _containers(task):
        if container.get("privileged"):
            yield Finding(task, f"{name} is privileged")
        if added := ((container.get("linuxParameters") or {}).get("capabilities") or {}).get("add"):
            yield Finding(task, f"{name} has more capabilities than it was given: {', '.join(added)}")


def _logged(task: Resource) -> Iterator[Finding]:
    yield from _unknown(task)
    for container, name in _containers(task):
        options = (container.get("logConfiguration") or {}).get("options") or {}
        if not options.get("awslogs-group"):
            yield Finding(task, f"{name} writes no log")


def _read_only(task: Resource) -> Iterator[Finding]:
    yield from _unknown(task)
    for container, name in _containers(task):
        if container.get("readonlyRootFilesystem") is not True:
            yield Finding(task, f"{name} may write into its own image")


def _by_digest(task: Resource) -> Iterator[Finding]:
    yield from _unknown(task)
    for container, name in _containers(task):
        image = container.get("image")
        if isinstance(image, str) and "@sha256:" not in image:
            yield Finding(task, f"{name} runs a tag, {image.rsplit('/', 1)[-1]}, and a tag can be moved")


def _insights(cluster: Resource) -> Iterator[Finding]:
    settings = {row.get("name"): row.get("value") for row in rows(cluster.get("settings"))}
    if settings.get("containerInsights") not in ("enabled", "enhanced"):
        unsure = vague(cluster.get("settings"))
        wrong = "Container Insights is off: nobody sees what a task uses"
        yield Finding(cluster, "settings" if unsure else wrong, unknown=unsure)


def most_tasks(graph: Graph, service: Resource) -> Any:
    """The most tasks that a service may have when nothing is deployed: autoscaling's ceiling, else what it asks for."""
    for target in siblings(graph, service, SCALING):
        return target.get("maxCapacity")
    return service.get("desiredCount", 1)


def connections(file: Pooler) -> dict[str, int]:
    """Server -> the most connections that one task opens to it. A list of servers may all be used as the first."""
    found: dict[str, int] = defaultdict(int)
    default = file.settings.get("default_pool_size", "20")  # PgBouncer's own default
    for database in file.databases.values():
        most = int(database.get("max_db_connections") or database.get("pool_size") or default)
        for host in database.get("host", "").split(","):
            found[host] += most
    return dict(found)


def _ceiling(graph: Graph) -> Iterator[Finding]:
    """During a deployment old and new tasks stand side by side; all of them together leave the rest to others."""
    for service in graph.of(SERVICE):
        for task in siblings(graph, service, TASK):
            yield from _unknown(task)
            for container, _ in _containers(task):
                if file := pooler(container):
                    yield from _within(graph, service, task, file)


def _within(graph: Graph, service: Resource, task: Resource, file: Pooler) -> Iterator[Finding]:
    tasks, percent = most_tasks(graph, service), service.get("deploymentMaximumPercent", 200)  # ECS's own default
    servers = [item for item in graph.of(INSTANCE) if item.get("tags.Service") == task.get("tags.Service")]
    limits = {parameter(graph, item, "max_connections") for item in servers}
    values = {value for value, _ in limits}
    if not servers or not all(certain for _, certain in limits) or not (known(tasks) and known(percent)):
        yield Finding(task, "max_connections and the number of tasks", unknown=True)
        return
    if not all(str(value).isdigit() for value in values):
        yield Finding(task, "max_connections of its database is not a number, so no ceiling can be held to it")
        return
    limit = min(int(str(value)) for value in values)
    budget = limit * POOLER_PERCENT // 100 - RESERVED
    side_by_side = tasks * percent // 100
    for host, each in connections(file).items():
        if side_by_side * each > budget:
            yield Finding(
                task,
                f"{side_by_side} tasks x {each} connections to {host.split('.')[0]} are {side_by_side * each}; "
                f"{POOLER_PERCENT} % of max_connections {limit} less {RESERVED} reserved are {budget}",
            )


def _survives(service: Resource) -> Iterator[Finding]:
    wrong = f"it runs {{value}} task, {LEAST_TASKS} are asked for"
    yield from setting("desiredCount", lambda count: count >= LEAST_TASKS, wrong, 1)(service)
    subnets = service.get("networkConfiguration.subnets", [])
    if isinstance(subnets, list) and len(subnets) < LEAST_TASKS:
        yield Finding(service, "all of its tasks stand in one zone")


def _rolled_back(service: Resource) -> Iterator[Finding]:
    yield from setting(
        "deploymentCircuitBreaker.rollback", is_true, "an image that does not start is tried for ever", False
    )(service)
    yield from setting(
        "deploymentMinimumHealthyPercent",
        lambda percent: percent >= 100,
        "a deployment stops old tasks before new ones serve",
        100,
    )(service)


POLICIES: tuple[Policy, ...] = (
    Policy(
        "tls-verified",
        "passwords and rows travel between client, pooler and database; a stranger must not be taken for any of them",
        "set tls: required",
        ("CKV2_AWS_69", "pgbouncer-tls"),
        NOT_LOCAL,
        (TASK,),
        _pooler_tls,
    ),
    Policy(
        "pooler-ceiling",
        "a pooler that may open more connections than the server has locks everybody out during a deployment",
        "lower pooler.most_tasks or pooler.connections_per_task, or raise max_connections",
        ("pooler-ceiling",),
        whole=_ceiling,
    ),
    Policy(
        "pooler-survives-a-zone",
        "one task cannot be replaced, nor its zone be lost, without its clients",
        f"set pooler.tasks to {LEAST_TASKS} or more",
        ("fargate-maintenance",),
        PRODUCTION,
        (SERVICE,),
        _survives,
    ),
    Policy(
        "deployments-rolled-back",
        "an image that does not start must not replace one that serves",
        "switch the deployment circuit breaker on, with rollback",
        ("circuit-breaker",),
        EVERYWHERE,
        (SERVICE,),
        _rolled_back,
    ),
    Policy(
        "no-shell-into-tasks",
        "a shell in a task has the role and the secrets of the task, and leaves no trace in any deployment",
        "leave enable_execute_command off",
        ("ecs-exec",),
        EVERYWHERE,
        (SERVICE,),
        setting("enableExecuteCommand", is_false, "whoever may call ECS gets a shell in its tasks", False),
    ),
    Policy(
        "tasks-unprivileged",
        "what breaks out of a container should find itself nobody, nowhere",
        "leave privileged, added capabilities and host namespaces out",
        ("CKV_AWS_334", "CKV_AWS_335", "ECS.3", "ECS.4", "ECS.17"),
        types=(TASK,),
        each=_unprivileged,
    ),
    Policy(
        "tasks-read-only",
        "who gets into a container cannot leave anything in it",
        "set readonlyRootFilesystem: true, and a volume where a program has to write",
        ("CKV_AWS_336", "ECS.5", "ecs-containers-readonly-access"),
        EVERYWHERE,
        (TASK,),
        _read_only,
    ),
    Policy(
        "tasks-logged",
        "what a task said before it died is all that there is to go by",
        "give each container a log group",
        ("ECS.9", "ecs-task-definition-log-configuration"),
        types=(TASK,),
        each=_logged,
    ),
    Policy(
        "images-by-digest",
        "what was tested and signed is a digest; a tag is whatever was pushed last",
        "run `dbctl images pin` with the digests that were built",
        ("image-digests",),
        ADVICE,
        (TASK,),
        _by_digest,
    ),
    Policy(
        "container-insights",
        "memory and CPU of a task are in no other metric",
        "set containerInsights to enabled",
        ("CKV_AWS_65", "ECS.12", "ecs-container-insights-enabled"),
        types=(CLUSTER,),
        each=_insights,
    ),
)
