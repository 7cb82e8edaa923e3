"""What a change costs: one table from resource type, operation and property to what an operator must know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from infra.parameters import is_static, waits_for_reboot
from ops.changes import Change, Detail


class Level(IntEnum):
    """How much a change asks of the operator."""

    NOTE = 0
    """Worth knowing; nothing stops."""
    INTERRUPTS = 1
    """Connections break or a restart is due."""
    LOSES_DATA = 2
    """Something that cannot be made again is gone afterwards: consent is asked for, and refused by default in prod."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One consequence of one change."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table: `when` tells whether it applies (None: always), given one changed property or none."""

    type: str
    ops: frozenset[str]
    level: Level
    text: str
    property: str | None = None
    when: Callable[[Detail], bool] | None = None
    given: str | None = None
    """An input that the resource must have."""
    absent: str | None = None
    """An input that it must not have."""


GONE = frozenset({"delete", "replace"})
UPDATE = frozenset({"update"})
DATABASE = "aws:rds/instance:Instance"
SOURCE = "replicateSourceDb"
"""What a replica has and a primary has not."""
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"

RULES = (
    Rule(DATABASE, GONE, Level.LOSES_DATA, "the database instance is deleted with the data on it", absent=SOURCE),
    Rule(
        DATABASE,
        GONE,
        Level.INTERRUPTS,
        "what reads from this replica loses it; the primary has its data",
        given=SOURCE,
    ),
    Rule(
        "aws:kms/key:Key",
        GONE,
        Level.LOSES_DATA,
        "what the key encrypts cannot be read once its waiting period is over",
    ),
    Rule(
        "aws:secretsmanager/secret:Secret",
        GONE,
        Level.LOSES_DATA,
        "the credentials in it are lost after the recovery window",
    ),
    Rule("aws:cloudwatch/logGroup:LogGroup", GONE, Level.LOSES_DATA, "the log lines kept in it are deleted"),
    Rule("aws:s3/bucket:Bucket", GONE, Level.LOSES_DATA, "the dumps in it are deleted with it"),
    Rule(
        "aws:backup/vault:Vault",
        GONE,
        Level.LOSES_DATA,
        "the snapshots in it are deleted with it",
    ),
    Rule(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        frozenset({"replace"}),
        Level.INTERRUPTS,
        "the old one ends, then the new one begins: until that has caught up, the second region has only what was"
        " replicated before, for its retention",
    ),
    Rule(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        frozenset({"delete"}),
        Level.LOSES_DATA,
        "the second region gets no more backups; what it has goes when its retention is over",
    ),
    Rule(
        "aws:s3/bucket:Bucket",
        UPDATE,
        Level.NOTE,
        "a destroy deletes what is in it",
        "forceDestroy",
        lambda detail: detail.new == "true",
    ),
    Rule(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        UPDATE,
        Level.NOTE,
        "objects that no rule speaks of any more stay for ever",
        "rules",
    ),
    Rule(
        "aws:sns/topicSubscription:TopicSubscription",
        frozenset({"create"}),
        Level.NOTE,
        "the address is asked to confirm, and is told nothing before it has",
    ),
    Rule(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        GONE,
        Level.NOTE,
        "snapshots can be deleted before their time afterwards",
    ),
    Rule("aws:backup/plan:Plan", GONE, Level.NOTE, "no further snapshots are taken; those there are stay"),
    Rule("aws:cloudwatch/metricAlarm:MetricAlarm", frozenset({"delete"}), Level.NOTE, "nobody is told any more"),
    Rule("aws:sns/topic:Topic", GONE, Level.NOTE, "whoever was subscribed has to confirm again"),
    Rule(
        "aws:ec2/vpc:Vpc",
        GONE,
        Level.LOSES_DATA,
        "everything stands in it, and RDS moves no database to another VPC: the update would end half way",
    ),
    Rule("aws:ec2/subnet:Subnet", GONE, Level.INTERRUPTS, "what stands in it has to go first"),
    Rule(
        DATABASE,
        UPDATE,
        Level.INTERRUPTS,
        "restarts on another class; with Multi-AZ a failover of about a minute",
        "instanceClass",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "without apply_immediately in the maintenance window; parameters that follow from the class do not wait for it",
        "instanceClass",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "a destroy takes no final snapshot",
        "skipFinalSnapshot",
        lambda detail: detail.new == "true",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "a destroy deletes its automated backups",
        "deleteAutomatedBackups",
        lambda detail: detail.new == "true",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.INTERRUPTS,
        "a major upgrade: RDS refuses it as one change of version, group and replicas; it needs steps of its own",
        "engineVersion",
    ),
    Rule(DATABASE, UPDATE, Level.INTERRUPTS, "the new parameter group is used after a reboot", "parameterGroupName"),
    Rule(DATABASE, UPDATE, Level.INTERRUPTS, "the endpoint's name changes", "identifier"),
    Rule(DATABASE, UPDATE, Level.INTERRUPTS, "every client must use the new port", "port"),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "storage can grow but never shrink; the next change is possible after 6 hours",
        "allocatedStorage",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "a failover will not be automatic",
        "multiAz",
        lambda detail: detail.new == "false",
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "the database can be deleted afterwards",
        "deletionProtection",
        lambda detail: detail.new == "false",
    ),
    Rule(DATABASE, UPDATE, Level.NOTE, "older restore points are dropped when it shrinks", "backupRetentionPeriod"),
    Rule(
        DATABASE,
        UPDATE,
        Level.INTERRUPTS,
        "between 0 and any other number the instance restarts",
        "backupRetentionPeriod",
        lambda detail: "0" in (detail.old, detail.new),
    ),
    Rule(
        DATABASE,
        UPDATE,
        Level.NOTE,
        "for hours the volume is slower, and no other change of storage is possible for 6",
        "iops",
    ),
    Rule(
        "aws:ecs/service:Service",
        UPDATE,
        Level.INTERRUPTS,
        "the poolers' tasks are replaced one by one: clients reconnect",
        "taskDefinition",
    ),
    Rule("aws:ecs/service:Service", GONE, Level.INTERRUPTS, "no pooler answers until the new one runs"),
    Rule("aws:lb/loadBalancer:LoadBalancer", GONE, Level.INTERRUPTS, "the pooler's address changes"),
)


def of(change: Change) -> list[Risk]:
    """The consequences of one change, the gravest first."""
    found = [Risk(rule.level, rule.text) for rule in RULES if _applies(rule, change)]
    if change.type == PARAMETERS and change.op == "update":
        found += [_parameter_risk(detail) for detail in change.details if detail.property == "parameters"]
    if change.op in GONE and change.retained:
        found.append(Risk(Level.NOTE, "stays in the account, and costs: the stack only lets go of it"))
    if change.op in GONE and change.protected:
        found.append(Risk(Level.NOTE, "protected: the engine will refuse until it is unprotected"))
    return sorted(found, key=lambda risk: -risk.level)


def losses(changes: Iterable[Change]) -> list[tuple[Change, Risk]]:
    """The changes after which something is gone for good."""
    return [(change, risk) for change in changes for risk in of(change) if risk.level is Level.LOSES_DATA]


def _applies(rule: Rule, change: Change) -> bool:
    if rule.type != change.type or change.op not in rule.ops:
        return False
    if rule.level is Level.LOSES_DATA and change.retained:
        return False  # the stack lets go of it, and it stays in the account
    if (rule.given and rule.given not in change.inputs) or (rule.absent and rule.absent in change.inputs):
        return False
    if rule.property is None:
        return True
    details = [detail for detail in change.details if detail.property == rule.property]
    return any(rule.when is None or rule.when(detail) for detail in details)


def _parameter_risk(detail: Detail) -> Risk:
    if not waits_for_reboot(detail.path, detail.new):
        return Risk(Level.NOTE, f"{detail.path} is dynamic: in force at once")
    why = "static" if is_static(detail.path) else f"dynamic, but {detail.new} is RDS's own default"
    return Risk(Level.INTERRUPTS, f"{detail.path} is {why}: pending until the instances are rebooted (dbctl reboot)")
