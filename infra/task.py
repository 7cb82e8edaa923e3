"""What every Fargate task of the estate has: a log group, an execution role that can do one thing, a definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import containers, policies
from infra.containers import Account, Container
from infra.keys import Keys
from infra.options import child, options, tags

LOG_RETENTION_DAYS = 90  # as the databases' logs: one story is read from both


@dataclass(frozen=True, slots=True)
class TaskArgs:
    """What a task is made from; `describe` gets the known values of `facts` beside account, log group and secrets."""

    stack: str
    service: str
    protected: bool
    account: pulumi.Output[Account]
    keys: Keys
    image: str
    cpu: int
    memory_mib: int
    secrets: Mapping[str, pulumi.Output[str]]  # a name of the caller's -> the secret's ARN
    facts: Mapping[str, pulumi.Input[Any]]
    describe: Callable[[Known], Container]


@dataclass(frozen=True, slots=True)
class Known:
    """The values that a container's description is made from, once AWS has named them."""

    image: str
    region: str
    log_group: str
    secrets: Mapping[str, str]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A task definition and the log group it writes to."""

    definition: aws.ecs.TaskDefinition
    log_group: aws.cloudwatch.LogGroup
    policy: aws.iam.RolePolicy


def define(parent: pulumi.Resource, name: str, args: TaskArgs) -> Task:
    """Makes one task definition with all that its start needs. It gets no task role: inside the container there
    are no AWS credentials to steal."""
    labels = tags(args.stack, args.service)
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-log",
        retention_in_days=LOG_RETENTION_DAYS,
        kms_key_id=args.keys.logs_arn,
        tags=labels,
        opts=options("log_group", args.protected, parent),
    )
    role = aws.iam.Role(
        f"{name}-execution",
        description=f"Starts {name} tasks",
        assume_role_policy=args.account.apply(policies.trust_tasks),
        tags=labels,
        opts=child(parent),
    )
    policy = aws.iam.RolePolicy(
        f"{name}-execution",
        role=role.name,
        policy=pulumi.Output.all(args.account, log_group.arn, args.keys.secrets_arn, list(args.secrets.values())).apply(
            lambda known: policies.execution(
                known[0], containers.repository_arn(args.image, known[0]), known[1], known[3], known[2]
            )
        ),
        opts=child(parent),
    )
    definition = aws.ecs.TaskDefinition(
        name,
        family=f"estate-{args.stack}-{name}",  # a family is a name under which revisions are counted
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(args.cpu),
        memory=str(args.memory_mib),
        runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
        execution_role_arn=role.arn,
        container_definitions=pulumi.Output.all(
            account=args.account, log_group=log_group.name, secrets=dict(args.secrets), facts=dict(args.facts)
        ).apply(lambda known: _definitions(args, known)),
        tags=labels,
        opts=child(parent),
    )
    return Task(definition, log_group, policy)


def _definitions(args: TaskArgs, known: Mapping[str, Any]) -> str:
    account: Account = known["account"]
    return containers.definitions(
        args.describe(
            Known(
                containers.qualified(args.image, account),
                account.region,
                known["log_group"],
                known["secrets"],
                known["facts"],
            )
        )
    )
