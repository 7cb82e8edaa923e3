"""What a deployment asks of IAM: for each recorded resource and each action, on which ARN, in which context.

An action on a new thing comes with the tags in the request and none on the resource; one on a thing that is there, the
other way round. What a thing is made in (a VPC, a table, a group) is asked about besides, and bears the estate's tag.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.provider.rows import ROWS
from ops.bootstrap.names import STACKS_MANAGED_BY, Facts
from tests.unit.bootstrap import judges
from tests.unit.infra.recorder import Registered

ACCOUNT = "123456789012"
HOME, SECOND = "us-east-1", "us-west-2"
FACTS = Facts(
    account=ACCOUNT,
    partition="aws",
    region=HOME,
    regions=(HOME, SECOND),
    domains=("estate.internal",),
    repository="acme/estate",
    subject="repo:acme/estate",
    key_id="11111111-2222-3333-4444-555555555555",
)

REQUEST_TAG, RESOURCE_TAG = "aws:RequestTag/ManagedBy", "aws:ResourceTag/ManagedBy"
NEW, OLD = {REQUEST_TAG: STACKS_MANAGED_BY}, {RESOURCE_TAG: STACKS_MANAGED_BY}

# Actions that tag, or untag.
TAGGING = ("AddTags", "AddTagsToResource", "CreateTags", "TagQueue", "TagResource", "TagRole", "PutBucketTagging")

# Types that know no tags of their own: what is changed is the thing that they belong to, which bears the tag.
PARENTS = {
    "aws:backup/selection:Selection",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    "aws:backup/vaultPolicy:VaultPolicy",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:kms/alias:Alias",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queuePolicy:QueuePolicy",
}

# Actions that make something inside something else, and the ARN of that: both are asked about.
WITHIN = {
    "ec2:CreateSubnet": "ec2:vpc/vpc-1",
    "ec2:CreateRouteTable": "ec2:vpc/vpc-1",
    "ec2:CreateNatGateway": "ec2:subnet/subnet-1",
    "ec2:CreateVpcEndpoint": "ec2:vpc/vpc-1",
    "ec2:CreateFlowLogs": "ec2:vpc/vpc-1",
    "ec2:AuthorizeSecurityGroupIngress": "ec2:security-group/sg-1",
    "ec2:AuthorizeSecurityGroupEgress": "ec2:security-group/sg-1",
    "elasticloadbalancing:CreateListener": "elasticloadbalancing:loadbalancer/net/platform-pooler-1a2b3c4/50dc6c495c0c",
}

# To which service a type hands its role.
PASSED = {
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": "restore-testing.backup.amazonaws.com",
    "aws:backup/selection:Selection": "backup.amazonaws.com",
    "aws:ec2/flowLog:FlowLog": "vpc-flow-logs.amazonaws.com",
    "aws:ecs/service:Service": "ecs-tasks.amazonaws.com",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs-tasks.amazonaws.com",
    "aws:rds/instance:Instance": "monitoring.rds.amazonaws.com",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "s3.amazonaws.com",
    "aws:scheduler/schedule:Schedule": "scheduler.amazonaws.com",
}
# Which service makes a role of its own for a type.
LINKED = {
    "aws:appautoscaling/target:Target": "ecs.application-autoscaling.amazonaws.com",
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": "restore-testing.backup.amazonaws.com",
    "aws:backup/selection:Selection": "backup.amazonaws.com",
    "aws:ecs/cluster:Cluster": "ecs.amazonaws.com",
    "aws:lb/loadBalancer:LoadBalancer": "elasticloadbalancing.amazonaws.com",
    "aws:rds/instance:Instance": "rds.amazonaws.com",
    "aws:rds/subnetGroup:SubnetGroup": "rds.amazonaws.com",
}


@dataclass(frozen=True)
class Request:
    """One question to IAM."""

    action: str
    resource: str
    context: Mapping[str, Any]


def named(resource: Registered) -> str:
    """The name that AWS knows a resource by: its own, or the provider's automatic one."""
    inputs = resource.inputs
    for key in ("identifier", "alarmName", "dashboardName", "family", "name", "bucket"):
        if isinstance(inputs.get(key), str):
            return str(inputs[key])
    return f"{resource.name}-1a2b3c4"


def _arn(service: str, what: str, region: str = HOME) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{what}"


def _group_of(resource: Registered) -> str:
    return f"{str(resource.inputs['groupName']).removesuffix('-1a2b3c4')}-1a2b3c4"


ARNS: Mapping[str, Callable[[Registered], str]] = {
    "aws:appautoscaling/policy:Policy": lambda r: _arn("application-autoscaling", "scalable-target/0ec5abc"),
    "aws:appautoscaling/target:Target": lambda r: _arn("application-autoscaling", "scalable-target/0ec5abc"),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": lambda r: _arn(
        "backup", f"restore-testing-plan:{r.inputs['name']}-1234"
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": lambda r: _arn(
        "backup", f"restore-testing-plan:{r.inputs['name']}-1234"
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda r: _arn("cloudwatch", f"alarm:{named(r)}"),
    "aws:cloudwatch/dashboard:Dashboard": lambda r: f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{named(r)}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda r: _arn("cloudwatch", f"alarm:{named(r)}"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": lambda r: _arn("ec2", "security-group/sg-1"),
    "aws:iam/role:Role": lambda r: f"arn:aws:iam::{ACCOUNT}:role{r.inputs.get('path', '/')}{named(r)}",
    "aws:iam/rolePolicy:RolePolicy": lambda r: f"arn:aws:iam::{ACCOUNT}:role/estate/{r.inputs['role']}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda r: (
        f"arn:aws:iam::{ACCOUNT}:role/estate/{r.inputs['role']}"
    ),
    "aws:rds/instance:Instance": lambda r: _arn("rds", f"db:{named(r)}"),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": lambda r: _arn(
        "rds", "auto-backup:ab-1", SECOND
    ),
    "aws:route53/healthCheck:HealthCheck": lambda r: "arn:aws:route53:::healthcheck/abc",
    "aws:route53/record:Record": lambda r: "arn:aws:route53:::hostedzone/Z1",
    "aws:route53/zone:Zone": lambda r: "arn:aws:route53:::hostedzone/Z1",
    "aws:scheduler/schedule:Schedule": lambda r: _arn("scheduler", f"schedule/{_group_of(r)}/{named(r)}"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": lambda r: _arn("scheduler", f"schedule-group/{named(r)}"),
}


def arn(resource: Registered) -> str:
    """The ARN that a recorded resource would have in AWS."""
    if resource.type in ARNS:
        return ARNS[resource.type](resource)
    service, kind = resource.type.split(":")[1].split("/")
    if service == "s3":
        return f"arn:aws:s3:::{named(resource)}"
    return _arn(service, f"{kind}/{named(resource)}", str(resource.inputs.get("region", HOME)))


def of(resource: Registered, phase: str, action: str) -> list[Request]:
    """What is asked when a provider calls an action for a resource; all of it must be allowed."""
    kind, name = resource.type, action.partition(":")[2]
    region = str(resource.inputs.get("region", HOME))
    base: dict[str, Any] = {"aws:RequestedRegion": region, "aws:ResourceAccount": ACCOUNT}
    special = _special(kind, action, base, resource)
    if special is not None:
        return special
    target = arn(resource)
    context = {**base, **_extra(kind, action, resource)}
    if name in TAGGING:
        maker = {"ec2:CreateAction": _maker(kind, "ec2"), "elasticloadbalancing:CreateAction": _maker(kind, "elbv2")}
        new = Request(action, target, {**context, **NEW, **maker})
        old = Request(action, target, {**context, **NEW, **OLD})
        return [new] if phase == judges.CREATE else [old]
    if phase != judges.CREATE or kind in PARENTS or action not in _makers(kind):
        return [Request(action, target, {**context, **OLD})]
    asked = [Request(action, target, {**context, **NEW})]
    if action in WITHIN:
        service, _, what = WITHIN[action].partition(":")
        asked.append(Request(action, _arn(service, what), {**context, **OLD}))
    if action == "ec2:CreateSecurityGroup":  # in a VPC that may have been there before, with nobody's tag
        asked.append(Request(action, _arn("ec2", "vpc/vpc-1"), context))
    return asked


def _special(kind: str, action: str, base: dict[str, Any], resource: Registered) -> list[Request] | None:
    """Actions on something else than the resource itself."""
    service = action.partition(":")[0]
    if action == "iam:PassRole":
        role = f"arn:aws:iam::{ACCOUNT}:role/estate/platform-schema-execution-1a2b3c4"
        return [Request(action, role, {**base, "iam:PassedToService": PASSED[kind]})]
    if action == "iam:CreateServiceLinkedRole":
        role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{LINKED[kind]}/AWSServiceRoleForIt"
        return [Request(action, role, {**base, "iam:AWSServiceName": LINKED[kind]})]
    if service == "kms" and not kind.startswith("aws:kms/"):
        return [Request(action, _arn("kms", "key/abc"), {**base, **OLD})]
    if action == "route53:AssociateVPCWithHostedZone":
        return [Request(action, "arn:aws:route53:::hostedzone/Z1", base)]
    if action == "ecs:UpdateService":
        return [Request(action, _arn("ecs", "service/cluster-tasks-1a2b3c4/platform-pooler-1a2b3c4"), {**base, **OLD})]
    if kind == "aws:appautoscaling/policy:Policy" and service == "cloudwatch":
        return [Request(action, _arn("cloudwatch", "alarm:TargetTracking-service/cluster-tasks-1a2b3c4/x"), base)]
    if kind == "aws:kms/alias:Alias" and action != "kms:ListAliases":
        alias = _arn("kms", str(resource.inputs["name"]))
        return [Request(action, alias, base), Request(action, _arn("kms", "key/abc"), {**base, **OLD})]
    if action in ("backup-storage:MountCapsule", "ecs:DeregisterTaskDefinition", "cloudwatch:PutCompositeAlarm"):
        return [Request(action, "*", base)]
    if action in ("route53:CreateHostedZone", "route53:CreateHealthCheck"):
        return [Request(action, "*", base)]
    if kind == "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup" and action == "ec2:CreateTags":
        # It comes without a tag, and with no call that makes it; the provider tags it before it changes a rule.
        return [Request(action, _arn("ec2", "security-group/sg-1"), {**base, **NEW})]
    return None


def _extra(kind: str, action: str, resource: Registered) -> dict[str, Any]:
    if action.startswith("iam:"):
        known = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/estate-boundary"}
        if kind == "aws:iam/role:Role":
            boundary = resource.inputs.get("permissionsBoundary")
            known = {"iam:PermissionsBoundary": boundary} if boundary else {}
        return known | ({"iam:PolicyARN": resource.inputs["policyArn"]} if "policyArn" in resource.inputs else {})
    if action.startswith("application-autoscaling:"):
        return {"application-autoscaling:service-namespace": resource.inputs["serviceNamespace"]}
    if action == "route53:ChangeResourceRecordSets":
        return {"route53:ChangeResourceRecordSetsNormalizedRecordNames": [resource.inputs["name"]]}
    return {}


def _makers(kind: str) -> frozenset[str]:
    """The calls that make a type; what else its creation calls, it calls once the thing is there."""
    row = ROWS[kind]
    return frozenset(judges.action(row.service, call.operation) for call in row.create)


def _maker(kind: str, service: str) -> str:
    """The operation that makes a type, for the condition keys that name it; tags come with it."""
    row = ROWS[kind]
    made = judges.action(service, row.create[0].operation) if row.service == service and row.create else ":"
    return made.partition(":")[2]
