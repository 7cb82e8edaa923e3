"""Policies over what must stay, who is told, and whose a resource is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.core import ADVICE, PRODUCTION, Finding, Graph, Policy, Resource, at
from policy.judge import (
    BUCKET,
    INSTANCE,
    KEY,
    SECRET_TYPE,
    TOPIC,
    VAULT,
    VPC,
    completed_by,
    is_primary,
    known,
    linked,
    over,
    primaries,
    refers,
    rows,
    vague,
)
from policy.storage import DEFAULT, ENCRYPTION, REPLICATED

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
SELECTION = "aws:backup/selection:Selection"
PLAN = "aws:backup/plan:Plan"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"

TAGS = ("ManagedBy", "Stack")
"""Tags that everything carries: nobody changes it by hand, and which bill it is on."""

TAGGED = (
    "aws:backup/vault:Vault",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ecs/cluster:Cluster",
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:rds/instance:Instance",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
)
"""Types that cost money, hold data or grant something, and take tags."""

LEAST_SNAPSHOT_DAYS = 28
"""Four weekly snapshots: what production's profile keeps (infra/profiles.py)."""


def _protected(graph: Graph) -> Iterator[Finding]:
    for resource in graph.of(INSTANCE, KEY, SECRET_TYPE, BUCKET, VAULT, VPC):
        if (resource.type != INSTANCE or is_primary(resource)) and not resource.protect:
            yield Finding(resource, "a change of the program may delete or replace it")


def _backup_keys(graph: Graph) -> list[Resource]:
    """The keys without which what outlives the stack cannot be read, as far as they are known."""
    values: list[Any] = [instance.get("kmsKeyId") for instance in primaries(graph)]
    values += [vault.get("kmsKeyArn") for vault in graph.of(VAULT)]
    values += [copy.get("kmsKeyId") for copy in graph.of(REPLICATED)]
    for encryption in graph.of(ENCRYPTION):
        values += [at(row, f"{DEFAULT}.kmsMasterKeyId") for row in rows(encryption.get("rules"))]
    return [key for key in graph.of(KEY) if any(refers(value, key) for value in values)]


def _outlives(graph: Graph) -> Iterator[Finding]:
    for resource in [*graph.of(BUCKET, VAULT), *_backup_keys(graph)]:
        if resource.retain is None:
            yield Finding(resource, "retainOnDelete", unknown=True)
        elif not resource.retain:
            yield Finding(resource, "destroying the stack deletes it, and with it what the backups are for")


def _tagged(resource: Resource) -> Iterator[Finding]:
    if missing := [name for name in TAGS if not resource.get(f"tags.{name}")]:
        yield Finding(resource, f"it lacks the tag{'s' if len(missing) > 1 else ''} {', '.join(missing)}")


def _heard(graph: Graph) -> Iterator[Finding]:
    """An alarm acts itself, or is a part of one that does, or decides whether an address is given out."""
    rules = [composite.get("alarmRule", "") for composite in graph.of(COMPOSITE) if composite.get("alarmActions")]
    checks = {check.get("cloudwatchAlarmName") for check in graph.of(HEALTH_CHECK)}
    certain = all(map(known, rules)) and all(map(known, checks))
    for alarm in graph.of(ALARM):
        name = alarm.get("name")
        if alarm.get("actionsEnabled", True) is False:
            yield Finding(alarm, "its actions are switched off")
        elif not (alarm.get("alarmActions") or name in checks or any(f'"{name}"' in str(rule) for rule in rules)):
            yield Finding(alarm, "nobody is told when it goes off" if certain else "alarmRule", unknown=not certain)
    for composite in graph.of(COMPOSITE):
        if not composite.get("alarmActions"):
            yield Finding(composite, "nobody is told when it goes off")


def _snapshots(graph: Graph) -> Iterator[Finding]:
    """Each primary is in a selection whose plan keeps snapshots for long enough."""
    selections = list(graph.of(SELECTION))
    for instance in primaries(graph):
        chosen = [item for item in selections if any(refers(arn, instance) for arn in _listed(item.get("resources")))]
        plans = [plan for item in chosen for plan in _plans(graph, item)]
        if any(map(_long_enough, plans)):
            continue
        if not chosen:
            wrong, unsure = "AWS Backup takes no snapshots of it", vague([item.get("resources") for item in selections])
        else:
            wrong, unsure = (
                f"no plan keeps its snapshots for {LEAST_SNAPSHOT_DAYS} days",
                vague([item.get("planId") for item in chosen] + [plan.get("rules") for plan in plans]),
            )
        yield Finding(instance, "which snapshots are taken of it" if unsure else wrong, unknown=unsure)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _plans(graph: Graph, selection: Resource) -> list[Resource]:
    link = selection.get("planId")
    return [plan for plan in graph.of(PLAN) if (refers(link, plan) if known(link) else plan.parent == selection.parent)]


def _long_enough(plan: Resource) -> bool:
    days = [at(row, "lifecycle.deleteAfter") for row in rows(plan.get("rules"))]
    return any(day is None or (known(day) and day >= LEAST_SNAPSHOT_DAYS) for day in days)


def _elsewhere(graph: Graph) -> Iterator[Finding]:
    for instance in primaries(graph):
        copies, certain = linked(graph, instance, REPLICATED, "sourceDbInstanceArn")
        if not copies:
            wrong = "its backups are in one region only"
            yield Finding(instance, wrong if certain else "sourceDbInstanceArn", unknown=not certain)


POLICIES: tuple[Policy, ...] = (
    Policy(
        "protected",
        "what holds data, opens it, or carries all the rest is not deleted by a change of a program",
        "set protected: true for at least one service, which protects what they share, and for each that holds data",
        ("pulumi-protect",),
        PRODUCTION,
        whole=_protected,
    ),
    Policy(
        "backups-outlive-the-stack",
        "a backup that goes with what it is a backup of is none",
        "set backup.keep_after_destroy: true",
        ("pulumi-retain",),
        PRODUCTION,
        whole=_outlives,
    ),
    Policy(
        "snapshots-kept",
        "point-in-time recovery ends after 35 days; what is missed later is only in a snapshot",
        "set backup.weekly_weeks to 4 or backup.monthly_months to 1, or more",
        ("RDS.26", "rds-in-backup-plan"),
        PRODUCTION,
        whole=_snapshots,
    ),
    Policy(
        "vault-locked",
        "whoever may delete a snapshot may delete all of them, a thief of credentials, too",
        "set backup.vault_lock: true",
        ("vault-lock",),
        PRODUCTION,
        whole=over(
            VAULT,
            completed_by(
                LOCK,
                "backupVaultName",
                "minRetentionDays",
                lambda days: days > 0,
                "its snapshots can be deleted at any time",
            ),
        ),
    ),
    Policy(
        "backups-elsewhere",
        "a region can be lost",
        "name recovery.region, and leave backup.copy_to_recovery true",
        ("replicated-backups",),
        ADVICE,
        whole=_elsewhere,
    ),
    Policy(
        "alarms-heard",
        "an alarm without an action goes off in an empty room",
        "give it an action, or make it a part of the service's composite alarm",
        ("CKV_AWS_319", "CloudWatch.15", "CloudWatch.17", "cloudwatch-alarm-action-check"),
        whole=_heard,
    ),
    Policy(
        "somebody-listens",
        "a topic without a subscriber drops every alarm",
        "name alerts.emails",
        ("sns-subscription",),
        PRODUCTION,
        whole=over(
            TOPIC,
            completed_by(SUBSCRIPTION, "topic", "endpoint", bool, "nobody has subscribed to it"),
        ),
    ),
    Policy(
        "tagged",
        "what belongs to nobody is deleted by nobody, and paid for by everybody",
        f"give it the tags {' and '.join(TAGS)}",
        ("required-tags",),
        types=TAGGED,
        each=_tagged,
    ),
)
