"""Where moto differs from AWS on this estate's path, and what puts it right. One row for each difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.moto_gaps import (
    appautoscaling,
    backup,
    cloudwatch,
    ec2,
    ecs,
    elb,
    events,
    iam,
    kms,
    logs,
    rds,
    rds_backups,
    rds_events,
    rds_instance,
    route53,
    s3,
    scheduler,
)
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
        "scheduler groups",
        "a schedule needs its group, a group exists once, the default one stays; an expression that nobody could fire "
        "is refused",
        scheduler.restore_schedules,
    ),
    Correction("events patterns", "a pattern looks into each object of a list", events.restore_patterns),
    Correction(
        "events targets", "a rule that is enabled sends to SNS topics, in words of its own", events.restore_targets
    ),
    Correction("ecs events", "the end of a task is an event on the default bus", events.restore_task_events),
    Correction(
        "elb addresses",
        "a load balancer's DNS name leads to it, it becomes active, and a target's health is what it is",
        elb.restore_load_balancers,
    ),
    Correction("iam managed policies", "AWS's own policies are there to be attached", iam.restore_managed_policies),
    Correction(
        "rds replicated backups",
        "automated backups are replicated into another region until that is stopped; what was replicated stays",
        rds_backups.restore_replication,
    ),
    Correction("backup tags", "ListTags takes a trailing slash", backup.restore_tags),
    Correction(
        "backup plans",
        "a plan can be changed, keeps selections and is not deleted before them, and is gone once deleted",
        backup.restore_plans,
    ),
    Correction("backup vault policies", "a vault keeps its access policy", backup.restore_vault_policies),
    Correction(
        "backup restore tests", "restore testing plans and their selections exist", backup.restore_restore_tests
    ),
    Correction(
        "s3 conditions", "a policy's statement says nothing when its conditions do not hold", s3.restore_conditions
    ),
    Correction(
        "s3 checksums",
        "parts are held against their SHA-256, an upload against its size, and its checksum is told",
        s3.restore_checksums,
    ),
    Correction("s3 delete markers", "a delete marker can be deleted by its version", s3.restore_delete_markers),
    Correction("s3 replication", "a replication rule is told as it was given", s3.restore_replication),
    Correction(
        "rds events",
        "an event subscription is enabled unless told otherwise, can be changed, needs its topic and takes only "
        "categories of its source; an account has twenty",
        rds_events.restore_event_subscriptions,
    ),
    Correction(
        "cloudwatch alarms",
        "a new alarm has insufficient data, one that is put again keeps its state and its tags, and a change of state "
        "tells the topics of its actions",
        cloudwatch.restore_alarms,
    ),
    Correction(
        "cloudwatch composites",
        "PutCompositeAlarm exists; its rule is read, follows its alarms and holds on to them; DescribeAlarms shows "
        "composite alarms only to who asks for them",
        cloudwatch.restore_composites,
    ),
    Correction(
        "logs filters",
        "PutMetricFilter replaces the filter of its name; a group has a hundred, which go with it",
        logs.restore_metric_filters,
    ),
    Correction("kms rotation", "a key remembers how often its material is renewed", kms.restore_rotation),
    Correction("autoscaling tags", "a scalable target keeps its tags", appautoscaling.restore_tags),
    Correction(
        "autoscaling policies",
        "a policy needs its target and goes with it; one that is put again keeps its ARN and its alarms",
        appautoscaling.restore_policies,
    ),
    Correction(
        "ec2 rule descriptions",
        "the description of a rule that references a security group or a prefix list is returned, and both change",
        ec2.restore_rule_descriptions,
    ),
    Correction(
        "ec2 endpoints",
        "a modified endpoint has the routes of its tables, its private names and its interfaces",
        ec2.restore_endpoint_changes,
    ),
    Correction(
        "ec2 gateways",
        "a NAT gateway without an internet gateway fails, a deleted one gives its address back; nothing in use goes",
        ec2.restore_gateways,
    ),
    Correction("ec2 flow logs", "a log group named by its ARN is that log group", ec2.restore_flow_logs),
    Correction("route53 zones", "a zone with a VPC is private", route53.restore_private_zones),
    Correction(
        "route53 records",
        "a batch is done completely or not at all; a record is its name, type and set identifier; what is wrong with "
        "one is told",
        route53.restore_records,
    ),
    Correction(
        "route53 health checks",
        "a check that follows an alarm copies its settings and has no address",
        route53.restore_alarm_checks,
    ),
)


_applied: list[Reality | None] = []


def apply(reality: Reality | None) -> None:
    """Correct moto in this process, once: some corrections wrap what they find, and would wrap themselves.

    Without a reality, what takes time in AWS is done at once.
    """
    if _applied:
        if _applied[0] is not reality:
            raise RuntimeError("moto is corrected for another reality in this process; start a process for each")
        return
    _applied.append(reality)
    for correction in CORRECTIONS:
        correction.restore(reality)
