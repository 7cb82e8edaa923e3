"""How far an allowed action reaches: one IAM statement for each scope, whatever the number of actions in it. Pure.

A resource of the estate bears the tag ManagedBy=pulumi/postgres-estate from the call that makes it; where a service
knows tags, making one takes the tag in the request, and changing one the tag on it. Where a service has names of ours
or knows no tags, its ARNs say what is meant. What fits neither is held to the estate's regions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.names import ROLE_PATH
from ops.bootstrap.names import REPOSITORIES, STACKS_MANAGED_BY, Facts

Condition = Mapping[str, Mapping[str, Any]]

SERVICES_WITH_ROLES = (
    "backup.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "rds.amazonaws.com",
    "restore-testing.backup.amazonaws.com",
    "s3.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""Those to which a stack hands one of its roles: those that the roles trust, which a test reads from the recorded
ones, and two that ask in another's place. A restore test gets its role by a name of its own; for Enhanced Monitoring
AWS's reference names RDS itself. (Service Authorization Reference: AWS Backup, Amazon RDS)"""

LINKED_SERVICES = (
    "backup.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
    "restore-testing.backup.amazonaws.com",
)
"""Those that make a role of their own at their first use in an account, in the name of whoever uses them first."""

ATTACHED_POLICIES = (
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "service-role/AmazonRDSEnhancedMonitoringRole",
)
"""AWS's own policies that a stack attaches to a role, and no others."""

EC2_MAKERS = (
    "AllocateAddress",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateFlowLogs",
    "CreateInternetGateway",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
    "CreateVpcEndpoint",
)
"""EC2's actions that may tag what they make."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One statement's reach: its name (the Sid), its resources, its conditions, and why it is no narrower."""

    sid: str
    why: str
    resources: Callable[[Facts], list[str]]
    condition: Callable[[Facts], Condition] = lambda facts: {}


def _all(facts: Facts) -> list[str]:
    return ["*"]


def _regions(facts: Facts) -> Condition:
    return {"StringEquals": {"aws:RequestedRegion": list(facts.regions)}}


def _equal(facts: Facts, **keys: Any) -> Condition:
    return {"StringEquals": {"aws:RequestedRegion": list(facts.regions), **keys}}


TAG = "ManagedBy"
REQUEST_TAG, RESOURCE_TAG = f"aws:RequestTag/{TAG}", f"aws:ResourceTag/{TAG}"

READ = Scope("Read", "what there is, never what is in it; most of these know no resource", _all)
MAKE = Scope(
    "Make",
    "a new thing has no ARN yet: it must be tagged as the estate's in the same call",
    _all,
    lambda facts: _equal(facts, **{REQUEST_TAG: STACKS_MANAGED_BY}),
)
OURS = Scope(
    "Ours", "what bears the estate's tag", _all, lambda facts: _equal(facts, **{RESOURCE_TAG: STACKS_MANAGED_BY})
)
REGIONAL = Scope("InOurRegions", "AWS knows neither resource nor tag for these", _all, _regions)
SECRETS = Scope(
    "OurSecrets",
    "a refresh reads the value of each secret to compare it; they are in the state as well",
    _all,
    lambda facts: _equal(facts, **{RESOURCE_TAG: STACKS_MANAGED_BY}),
)
TAG_EC2 = Scope(
    "TagNewInEc2",
    "EC2 tells which call a tag comes with: no foreign thing becomes ours by a tag",
    _all,
    lambda facts: _equal(facts, **{REQUEST_TAG: STACKS_MANAGED_BY, "ec2:CreateAction": list(EC2_MAKERS)}),
)
DEFAULT_GROUP = Scope(
    "TagTheDefaultGroup",
    "a VPC's default security group comes untagged, and no call of ours makes it: it is tagged first, then emptied",
    lambda facts: [facts.regional("ec2", "security-group/*")],
    lambda facts: _equal(facts, **{REQUEST_TAG: STACKS_MANAGED_BY}),
)
GROUP_IN_VPC = Scope(
    "GroupInAVpc",
    "the VPC may be one that was there before",
    lambda facts: [facts.regional("ec2", "vpc/*")],
    _regions,
)
TAG_BALANCERS = Scope(
    "TagNewBalancers",
    "as in EC2",
    _all,
    lambda facts: _equal(
        facts,
        **{
            REQUEST_TAG: STACKS_MANAGED_BY,
            "elasticloadbalancing:CreateAction": ["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"],
        },
    ),
)
ALARMS = Scope(
    "Alarms",
    "names; those that target tracking makes in the caller's name have AWS's",
    lambda facts: [
        facts.regional("cloudwatch", "alarm:TargetTracking-service/cluster-tasks-*"),
        facts.regional("cloudwatch", "alarm:estate-*"),
        f"arn:{facts.partition}:cloudwatch::{facts.account}:dashboard/estate-*",
    ],
    _regions,
)
LOGS = Scope(
    "TaskLogs",
    "log streams know no tags: those of the estate's tasks, by their groups' names",
    lambda facts: [facts.regional("logs", f"log-group:*-{kind}-log-*:*") for kind in ("dump", "pooler", "schema")],
    _regions,
)
SCHEMA_LOGS = Scope(
    "SchemaLogs",
    "the schema tasks' alone",
    lambda facts: [facts.regional("logs", "log-group:*-schema-log-*:*")],
    _regions,
)
DATABASES = Scope(
    "Databases",
    "names: instances and their final snapshots; the rest are what an instance is made from",
    lambda facts: [
        facts.regional("rds", resource)
        for resource in ("db:estate-*", "snapshot:estate-*", "auto-backup:*", "og:*", "pg:*", "subgrp:*")
    ],
    _regions,
)
SCHEDULES = Scope(
    "Schedules",
    "schedules know no tags: their groups are called SERVICE-schedules-...",
    lambda facts: [
        facts.regional("scheduler", "schedule/*-schedules-*/*"),
        facts.regional("scheduler", "schedule-group/*-schedules-*"),
    ],
    _regions,
)
RESTORE_TESTS = Scope(
    "RestoreTests",
    "names",
    lambda facts: [facts.regional("backup", "restore-testing-plan:estate_*")],
    _regions,
)
BUCKETS = Scope(
    "DumpBuckets",
    "buckets know no tags here: the two buckets of dumps, by their names, and never the state's",
    lambda facts: [f"arn:{facts.partition}:s3:::{name}-*" for name in ("dumps", "recovery-dumps")],
    lambda facts: {"StringEquals": {"aws:ResourceAccount": facts.account}},
)
BUCKETS_READ = Scope("ReadDumpBuckets", "how the two are set up, never a dump", BUCKETS.resources, BUCKETS.condition)
SCALING = Scope(
    "ScalingOfTasks",
    "the number of an ECS service's tasks, nothing else that scales",
    lambda facts: [facts.regional("application-autoscaling", "scalable-target/*")],
    lambda facts: _equal(facts, **{"application-autoscaling:service-namespace": "ecs"}),
)
ALIASES = Scope(
    "Aliases",
    "names; the state key's alias is not among them",
    lambda facts: [facts.regional("kms", "alias/estate-*")],
    _regions,
)
ZONES = Scope(
    "Dns",
    "Route 53 knows neither names nor tags of zones and health checks",
    lambda facts: [f"arn:{facts.partition}:route53:::{kind}/*" for kind in ("hostedzone", "healthcheck")],
)
MAKE_ZONES = Scope("MakeDns", "a new one has no ARN yet", _all)
RECORDS = Scope(
    "Records",
    "names of the estate's own domains only, in whichever zone",
    lambda facts: [f"arn:{facts.partition}:route53:::hostedzone/*"],
    lambda facts: {
        "ForAllValues:StringLike": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [f"*.{domain}" for domain in facts.domains]
        }
    },
)
SCHEMA_TASKS = Scope(
    "SchemaTasks",
    "task definitions of the schema step, whatever their revision",
    lambda facts: [facts.regional("ecs", "task-definition/estate-*-schema:*")],
    _regions,
)
TASKS = Scope(
    "Tasks",
    "tasks of the stacks' clusters",
    lambda facts: [facts.regional("ecs", "task/cluster-tasks-*/*")],
    _regions,
)
BOUNDED_ROLES = Scope(
    "BoundedRoles",
    "roles of the stacks, and only with the boundary: what they may do ends there, whatever is granted",
    lambda facts: [facts.iam(f"role{ROLE_PATH}*")],
    lambda facts: {"StringEquals": {"iam:PermissionsBoundary": facts.boundary_arn}},
)
ROLES = Scope(
    "Roles",
    "IAM has no condition for what a trust policy says; what such a role may do ends at its boundary",
    lambda facts: [facts.iam(f"role{ROLE_PATH}*")],
)
ATTACH = Scope(
    "AttachOnlyThese",
    "the policies of AWS that the estate uses",
    lambda facts: [facts.iam(f"role{ROLE_PATH}*")],
    lambda facts: {
        "StringEquals": {"iam:PermissionsBoundary": facts.boundary_arn},
        "ArnEquals": {"iam:PolicyARN": [f"arn:{facts.partition}:iam::aws:policy/{name}" for name in ATTACHED_POLICIES]},
    },
)
PASS = Scope(
    "PassRoles",
    "to the services that the stacks use, and no others",
    lambda facts: [facts.iam(f"role{ROLE_PATH}*")],
    lambda facts: {"StringEquals": {"iam:PassedToService": list(SERVICES_WITH_ROLES)}},
)
PASS_SCHEMA = Scope(
    "PassSchemaRoles",
    "the schema tasks' roles to ECS",
    lambda facts: [facts.iam(f"role{ROLE_PATH}*-schema-{kind}-*") for kind in ("execution", "task")],
    lambda facts: {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
)
LINKED = Scope(
    "ServiceRoles",
    "first uses in an account",
    lambda facts: [facts.iam("role/aws-service-role/*")],
    lambda facts: {"StringEquals": {"iam:AWSServiceName": list(LINKED_SERVICES)}},
)
STATE_LIST = Scope("ListState", "the state bucket", lambda facts: [facts.bucket_arn])
STATE_OBJECTS = Scope(
    "State", "what Pulumi keeps in it, versions never", lambda facts: [f"{facts.bucket_arn}/.pulumi/*"]
)
STATE_KEY = Scope("StateKey", "the state's own key", lambda facts: [facts.key_arn])
IMAGES = Scope(
    "Images",
    "the estate's two repositories",
    lambda facts: [facts.regional("ecr", f"repository/{name}", facts.region) for name in REPOSITORIES],
)
REGISTRY = Scope("EnterRegistry", "a token is the account's, and opens what the other statements allow", _all)
