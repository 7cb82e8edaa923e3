"""What every Fargate task of the estate has: a log group, an execution role that can do one thing, a definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import containers, policies, roles
from infra.containers import Account, Container
from infra.keys import Keys
from infra.options import child, options, tags


@dataclass(frozen=True, slots=True)
class TaskArgs:
    """What a task is made from; `describe` gets the known values of `facts` beside account, log group and secrets."""

    stack: str
    service: str
    protected: bool
    log_days: int
    account: pulumi.Output[Account]
    keys: Keys
    image: str
    cpu: int
    memory_mib: int
    secrets: Mapping[str, pulumi.Output[str]]  # a name of the caller's -> the secret's ARN
    facts: Mapping[str, pulumi.Input[Any]]
    describe: Callable[[Known], Container]
    rights: pulumi.Output[str] | None = None  # what the container may do in AWS: an IAM document; None for nothing


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
    role_arns: tuple[pulumi.Output[str], ...]
    """The roles that whoever starts the task hands over."""


def define(parent: pulumi.Resource, name: str, args: TaskArgs) -> Task:
    """Makes one task definition with all that its start needs. Without `rights` it gets no task role: inside the
    container there are no AWS credentials to steal."""
    labels = tags(args.stack, args.service)
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-log",
        retention_in_days=args.log_days,
        kms_key_id=args.keys.logs_arn,
        tags=labels,
        opts=options("log_group", args.protected, parent),
    )
    trust = args.account.apply(policies.trust_tasks)
    role = roles.define(parent, f"{name}-execution", args.account, f"Starts {name} tasks", trust, labels)
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
    within = _role_within(parent, name, args) if args.rights is not None else None
    definition = aws.ecs.TaskDefinition(
        name,
        family=f"estate-{args.stack}-{name}",  # a family is a name under which revisions are counted
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(args.cpu),
        memory=str(args.memory_mib),
        runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
        execution_role_arn=role.arn,
        task_role_arn=within,
        container_definitions=pulumi.Output.all(
            account=args.account, log_group=log_group.name, secrets=dict(args.secrets), facts=dict(args.facts)
        ).apply(lambda known: _definitions(args, known)),
        tags=labels,
        opts=child(parent),
    )
    return Task(definition, log_group, policy, (role.arn,) if within is None else (role.arn, within))


def _role_within(parent: pulumi.Resource, name: str, args: TaskArgs) -> pulumi.Output[str]:
    """The role that the container itself has; known once it may do what it is for."""
    role = roles.define(
        parent,
        f"{name}-task",
        args.account,
        f"What {name} tasks may do",
        args.account.apply(policies.trust_tasks),
        tags(args.stack, args.service),
    )
    assert args.rights is not None
    policy = aws.iam.RolePolicy(f"{name}-task", role=role.name, policy=args.rights, opts=child(parent))
    return pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))


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
