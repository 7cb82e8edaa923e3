"""`dbctl check`: whether what is deployed works, part by part, and a query through the pooler at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from ops import console, schema_step
from ops.aws import Account
from ops.engine import Target
from ops.errors import OperatorError
from ops.outputs import Service
from ops.smoke_judge import OK, WRONG, Finding, judge_instance, judge_targets, judge_tasks, ringing, settling

PATIENCE = 300.0
"""Seconds for a pooler to settle: a task starts in one or two minutes, and autoscaling may add one at any moment."""


def check(target: Target, services: Mapping[str, Service], *, patience: float = PATIENCE, poll: float = 15.0) -> None:
    """Look at every part, then let each pooled role through each pooler; OperatorError names all that is wrong."""
    found: list[Finding] = []
    for service in services.values():
        console.step(f"looking at {service.name}")
        found += [*_instances(target.account, service), *_pooler(target.account, service, patience, poll)]
    found += _alarms(target.account, target.stack)
    console.step("asking through the poolers, from inside the VPC")
    found += _through(target, services)
    console.table(
        f"Check of {target.stack}",
        ("service", "part", "state", "detail"),
        [(item.service, item.part, item.state, item.detail) for item in found],
    )
    wrong = [item for item in found if item.state == WRONG]
    if wrong:
        raise OperatorError(*[f"{item.service}: {item.part}: {item.detail}" for item in wrong])


def _instances(account: Account, service: Service) -> Iterator[Finding]:
    client = account.client("rds")
    for instance in service.instances:
        try:
            row = client.describe_db_instances(DBInstanceIdentifier=instance.identifier)["DBInstances"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
                raise
            yield Finding(service.name, instance.identifier, WRONG, "RDS does not know it: it was deleted by hand")
        else:
            yield judge_instance(service, instance.identifier, row)


def _pooler(account: Account, service: Service, patience: float, poll: float) -> Iterator[Finding]:
    client, pooler = account.client("ecs"), service.pooler
    deadline = time.monotonic() + patience
    while True:
        rows = client.describe_services(cluster=pooler.cluster, services=[pooler.service])["services"]
        if not rows or not settling(rows[0]) or time.monotonic() >= deadline:
            break
        time.sleep(poll)
    if not rows:
        yield Finding(service.name, "pooler tasks", WRONG, f"ECS does not know the service {pooler.service}")
        return
    row = rows[0]
    family = row["taskDefinition"].rpartition("/")[2].partition(":")[0]
    newest = client.list_task_definitions(familyPrefix=family, sort="DESC", maxResults=1)["taskDefinitionArns"]
    yield judge_tasks(service, row, newest[0] if newest else None)
    balancer = account.client("elbv2")
    for group in row.get("loadBalancers", []):
        targets = balancer.describe_target_health(TargetGroupArn=group["targetGroupArn"])["TargetHealthDescriptions"]
        yield judge_targets(service, targets, row["desiredCount"])


def _alarms(account: Account, stack: str) -> Iterator[Finding]:
    pages = account.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNamePrefix=f"estate-{stack}-", StateValue="ALARM"):
        yield from ringing([*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])])


def _through(target: Target, services: Mapping[str, Service]) -> list[Finding]:
    """A query through each pooler's doors as each pooled role, by the schema task, whose log has the answers."""
    settings = {service.name: service for service in target.estate.services}
    found: list[Finding] = []
    for service in services.values():
        lines: list[str] = []
        roles = [role.name for role in settings[service.name].login_roles if role.pooled]
        try:
            schema_step.run_all(
                target.account,
                [service],
                lambda _, line, lines=lines: lines.append(line),  # type: ignore[misc]
                reach_command(service, roles),
            )
        except OperatorError as error:
            said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")] or list(error.lines)
            found += [Finding(service.name, "a query through the pooler", WRONG, line) for line in said]
        else:
            found.append(Finding(service.name, "a query through the pooler", OK, lines[-1] if lines else "answered"))
    return found


def reach_command(service: Service, roles: Sequence[str]) -> list[str]:
    """The schema runner's command that goes through the pooler; nothing in it is secret."""
    pooler = service.pooler
    words: list[Any] = ["python", "-m", "schema", "reach", pooler.address, "--port", pooler.port]
    words += ["--replicas", len(service.replicas)]
    for role in roles:
        words += ["--role", role]
    return [str(word) for word in words]
