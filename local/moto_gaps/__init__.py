"""Where moto differs from AWS on this estate's path, and what puts it right. One row for each difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.moto_gaps import ec2, ecs, elb, rds, rds_instance
from local.moto_gaps.reality import Reality

__all__ = ["CORRECTIONS", "Correction", "Reality", "apply"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One difference: what AWS does, and the function that makes moto do it."""

    area: str
    aws: str
    restore: Callable[[Reality | None], None]


CORRECTIONS: tuple[Correction, ...] = (
    Correction(
        "rds instances",
        "every instance has its own DbiResourceId, endpoint, parameter status and Performance Insights "
        "settings; a major version becomes a full one; a new instance is `creating` before it is `available`",
        rds_instance.restore_instances,
    ),
    Correction(
        "rds replicas",
        "a read replica is an instance of its own that inherits from its source, which must have backups; "
        "promotion and deletion end the relation on both sides",
        rds_instance.restore_replicas,
    ),
    Correction(
        "rds modify",
        "changes wait in PendingModifiedValues unless applied immediately; DBPortNumber is the port; "
        "states that do not allow a change refuse it; reboot restarts",
        rds_instance.restore_changes,
    ),
    Correction(
        "rds delete",
        "deletion takes a while, asks for a final snapshot or a word against it, and keeps the snapshot",
        rds_instance.restore_deletion,
    ),
    Correction(
        "rds parameters",
        "DescribeDBParameters tells the source; ResetDBParameterGroup exists; unknown names, impossible values, "
        "more than 20 at once and a static parameter applied immediately are refused; a used group stays",
        rds.restore_parameter_groups,
    ),
    Correction(
        "rds subnet groups", "ModifyDBSubnetGroup keeps the group; a used group stays", rds.restore_subnet_groups
    ),
    Correction(
        "rds managed passwords", "a managed master password is random and names its user", rds.restore_passwords
    ),
    Correction(
        "rds windows",
        "a maintenance window may begin when the backup window ends, and the other way round",
        rds.restore_windows,
    ),
    Correction(
        "ecs tasks",
        "a task begins PROVISIONING, has all its containers, ends with their exit codes, and is stopped by a "
        "request and not at once; unknown tasks are failures; FARGATE needs no memory of each container",
        ecs.restore_tasks,
    ),
    Correction("ecs list", "ListTasks filters by service, cluster and desired status", ecs.restore_list_tasks),
    Correction(
        "ecs services",
        "a service keeps all that it was created with; counts are what runs; a new task definition is a new "
        "deployment; deletion drains",
        ecs.restore_services,
    ),
    Correction(
        "elb addresses",
        "a load balancer's DNS name leads to it, it becomes active, and a target's health is what it is",
        elb.restore_load_balancers,
    ),
    Correction(
        "ec2 rule descriptions",
        "the description of a rule that references a security group is returned",
        ec2.restore_rule_descriptions,
    ),
)


def apply(reality: Reality | None) -> None:
    """Correct moto in this process, once. Without a reality, what takes time in AWS is done at once."""
    for correction in CORRECTIONS:
        correction.restore(reality)
