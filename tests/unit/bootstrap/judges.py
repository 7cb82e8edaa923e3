"""What others say that each resource type takes, to hold the permission table against. None of it reads the table.

`cloudformation`: the permissions that AWS's own handlers of the same resource ask for, from the schemas that
CloudFormation publishes (facts alone, in cloudformation_handlers.json). They do all that the resource can, so
`NOT_CALLED` says which of it the estate does not use.

`local`: the operations of the provider of the local cloud (local/provider/rows), as IAM names them: it makes what
the estate declares, and its rows have nothing that is not called.

`TERRAFORM`: what the provider of Pulumi calls beyond these two, each with the file in hashicorp/terraform-provider-aws
(internal/service/...) that calls it, or with AWS's documentation of what a call asks for besides itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore.session
from botocore import xform_name

from local.provider.rows import ROWS
from local.provider.table import Call, Look, Row

CREATE, READ, UPDATE, DELETE = "create", "read", "update", "delete"
Phases = Mapping[str, frozenset[str]]

HANDLERS = json.loads((Path(__file__).parent / "cloudformation_handlers.json").read_text(encoding="utf-8"))

PREFIXES = {"elbv2": "elasticloadbalancing"}
# S3 checks other names than those of its operations. (Service Authorization Reference: Amazon S3)
S3 = {
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteObjects": "DeleteObjectVersion",
}

_session = botocore.session.Session()
_operations: dict[str, dict[str, str]] = {}


def operations(service: str) -> dict[str, str]:
    """A service's operations by the names of a boto3 client's methods."""
    if service not in _operations:
        names = _session.get_service_model(service).operation_names
        _operations[service] = {xform_name(name): name for name in names}
    return _operations[service]


def action(service: str, method: str) -> str:
    """The IAM action of a boto3 client's method."""
    name = operations(service)[method]
    return f"{PREFIXES.get(service, service)}:{S3.get(name, name) if service == 's3' else name}"


def _of_row(row: Row) -> Iterator[tuple[str, str]]:
    phases: tuple[tuple[str, tuple[Call | Look, ...]], ...] = (
        (CREATE, (*row.create, *row.finish)),
        (READ, row.read),
        (UPDATE, row.setters),
        (DELETE, row.delete),
    )
    for phase, calls in phases:
        for call in calls:
            yield phase, action(getattr(call, "service", "") or row.service, call.operation)
    if row.inside is not None:
        yield DELETE, action(row.inside.look.service or row.service, row.inside.look.operation)
        yield DELETE, action(row.service, row.inside.call.operation)
    for poll in (row.ready, row.gone):
        if poll is not None:
            yield READ, action(poll.look.service or row.service, poll.look.operation)


def _collected(pairs: Iterator[tuple[str, str]]) -> Phases:
    found: dict[str, set[str]] = {}
    for phase, name in pairs:
        found.setdefault(phase, set()).add(name)
    return {phase: frozenset(names) for phase, names in found.items()}


def local(kind: str) -> Phases:
    """What the local cloud's provider calls for a type, by phase."""
    return _collected(_of_row(ROWS[kind]))


def cloudformation(kind: str) -> Phases:
    """What CloudFormation's handlers ask for, by phase; nothing for a type that has no schema of its own."""
    return {phase: frozenset(names) for phase, names in HANDLERS.get(kind, {}).items() if phase != "schema"}


TERRAFORM: Mapping[str, Mapping[str, str]] = {
    "aws:ec2/subnet:Subnet": {"ec2:DescribeNetworkInterfaces": "ec2/vpc_subnet.go: interfaces that linger at its end"},
    "aws:ec2/routeTable:RouteTable": {"ec2:DisassociateRouteTable": "ec2/vpc_route_table.go: before it is deleted"},
    "aws:ec2/eip:Eip": {"ec2:DescribeAddressesAttribute": "ec2/ec2_eip.go: its name in the DNS, read"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {
        "route53:AssociateVPCWithHostedZone": "Service Authorization Reference, EC2: CreateVpcEndpoint depends on it"
    },
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
        "ec2:DescribeSecurityGroupRules": "ec2/vpc_default_security_group.go: tags it, then revokes its rules"
    },
    "aws:ec2/securityGroup:SecurityGroup": {
        "ec2:DescribeNetworkInterfaces": "ec2/vpc_security_group.go: interfaces that linger at its end",
        "ec2:DescribeSecurityGroupRules": "ec2/vpc_security_group.go: rules that hold each other",
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "ec2:DescribeNetworkInterfaces": "elbv2/load_balancer.go: waits until they are detached",
        **dict.fromkeys(
            (
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeAvailabilityZones",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
            "Elastic Load Balancing User Guide, identity-based policies: looked up in the caller's name",
        ),
        "ec2:GetSecurityGroupsForVpc": "AWS Managed Policy Reference, ElasticLoadBalancingFullAccess: has it, too",
        "iam:CreateServiceLinkedRole": "Elastic Load Balancing User Guide: service-linked role",
    },
    "aws:route53/zone:Zone": {"route53:GetDNSSEC": "route53/hosted_zone.go: before it is deleted"},
    "aws:route53/record:Record": {
        "route53:GetChange": "route53/record.go: waits until it is known everywhere",
        "route53:GetHostedZone": "route53/record.go: completes the name",
    },
    "aws:rds/instance:Instance": dict.fromkeys(
        ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
        "Amazon RDS User Guide: a customer managed key, and Performance Insights with one",
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {
        "rds:DescribeDBInstances": "rds/instance_automated_backups_replication.go: its source, when it stops",
        **dict.fromkeys(
            (
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
            ),
            "Amazon RDS User Guide: replicating automated backups of an encrypted instance",
        ),
    },
    "aws:rds/subnetGroup:SubnetGroup": dict.fromkeys(
        ("ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
        "Service Authorization Reference, RDS: looked up in the caller's name",
    ),
    "aws:s3/bucket:Bucket": dict.fromkeys(
        ("s3:GetBucketPolicy", "s3:GetBucketRequestPayment"), "s3/bucket.go: read, declared or not"
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
        "iam:PassRole": "Service Authorization Reference, S3: PutReplicationConfiguration depends on it"
    },
    "aws:secretsmanager/secret:Secret": dict.fromkeys(
        ("kms:Decrypt", "kms:GenerateDataKey"), "Secrets Manager User Guide: encryption, in the caller's name"
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": {
        "secretsmanager:ListSecretVersionIds": "secretsmanager/secret_version.go: moves AWSCURRENT",
        "secretsmanager:UpdateSecretVersionStage": "secretsmanager/secret_version.go: moves a label, or takes it away",
        **dict.fromkeys(
            ("kms:Decrypt", "kms:GenerateDataKey"), "Secrets Manager User Guide: encryption, in the caller's name"
        ),
    },
    "aws:appautoscaling/target:Target": dict.fromkeys(
        ("ecs:DescribeServices", "ecs:UpdateService"), "Application Auto Scaling User Guide: identity-based policies"
    ),
    "aws:appautoscaling/policy:Policy": dict.fromkeys(
        ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
        "Application Auto Scaling User Guide: identity-based policies; a target makes its alarms",
    ),
    "aws:iam/role:Role": {"iam:ListInstanceProfilesForRole": "iam/role.go: before it is deleted"},
}

_LOOKUPS = "of the row of lookups, which every deployment has"
_FORCED = "only with forceDestroy, which empties what is deleted: for people, not for a workflow (docs/bootstrap.md)"

NOT_CALLED: Mapping[str, Mapping[str, str]] = {
    "aws:ec2/vpc:Vpc": {
        "ec2:CreateVpcEncryptionControl ec2:DescribeVpcEncryptionControls": "has no encryption control",
        "ec2:ModifyVpcTenancy": "has the default tenancy",
    },
    "aws:ec2/subnet:Subnet": {
        "ec2:AssociateSubnetCidrBlock ec2:DisassociateSubnetCidrBlock": "has no IPv6",
        "ec2:DescribeNetworkAcls": "says nothing of ACLs",
    },
    "aws:ec2/routeTable:RouteTable": {"ec2:CreateRoute ec2:DeleteRoute": "routes are resources of their own"},
    "aws:ec2/route:Route": {"ec2:DescribeNetworkInterfaces": "leads to a gateway"},
    "aws:ec2/eip:Eip": {
        "ec2:AcceptAddressTransfer": "comes from no other account",
        "ec2:AssociateAddress": "is the gateway's from its beginning",
        "sts:GetCallerIdentity": _LOOKUPS,
    },
    "aws:ec2/natGateway:NatGateway": {
        "ec2:AssignPrivateNatGatewayAddress ec2:AssociateNatGatewayAddress ec2:DisassociateNatGatewayAddress"
        " ec2:UnassignPrivateNatGatewayAddress": "has one address"
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": {
        "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation"
        " vpc-lattice:DescribeServiceNetworkVpcEndpointAssociation": "leads to no service network",
        "vpce:AllowMultiRegion": "stays in its region",
    },
    "aws:ec2/flowLog:FlowLog": {
        "autoscaling:DescribeTags ec2:DescribeTags": "describes itself with its tags",
        "iam:CreateServiceLinkedRole logs:CreateLogDelivery logs:DeleteLogDelivery s3:GetBucketPolicy"
        " s3:PutBucketPolicy": "writes to CloudWatch Logs with a role of its own",
        "sts:GetCallerIdentity": _LOOKUPS,
    },
    "aws:ec2/securityGroup:SecurityGroup": {
        "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress"
        " ec2:UpdateSecurityGroupRuleDescriptionsEgress ec2:UpdateSecurityGroupRuleDescriptionsIngress": (
            "rules are resources of their own"
        ),
        "ec2:DescribeInstances": "has no instances",
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "ec2:DescribeSecurityGroups": "a VPC's groups have ids",
        "ec2:UpdateSecurityGroupRuleDescriptionsIngress": "is changed as a whole, by ModifySecurityGroupRules",
        "sts:GetCallerIdentity": _LOOKUPS,
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
        "ec2:UpdateSecurityGroupRuleDescriptionsEgress": "is changed as a whole, by ModifySecurityGroupRules",
        "sts:GetCallerIdentity": _LOOKUPS,
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "ec2:DescribeIpamPools elasticloadbalancing:ModifyIpPools": "is internal, has no public addresses",
        "elasticloadbalancing:ModifyCapacityReservation": "reserves nothing",
    },
    "aws:lb/targetGroup:TargetGroup": {
        "elasticloadbalancing:DeregisterTargets elasticloadbalancing:RegisterTargets": "ECS registers its tasks itself"
    },
    "aws:lb/listener:Listener": {"cognito-idp:DescribeUserPoolClient": "asks nobody who they are"},
    "aws:route53/zone:Zone": {
        "route53:CreateQueryLoggingConfig route53:DeleteQueryLoggingConfig route53:ListQueryLoggingConfigs": (
            "is private: those have no query logs"
        ),
        "route53:UpdateHostedZoneFeatures": "has no accelerated recovery",
    },
    "aws:route53/healthCheck:HealthCheck": {
        "route53-recovery-control-config:DescribeRoutingControl": "follows an alarm, not a routing control"
    },
    "aws:rds/instance:Instance": {
        "iam:GetRole iam:ListRoles rds:AddRoleToDBInstance rds:RemoveRoleFromDBInstance": "has no roles for features",
        "rds:DescribeDBClusterSnapshots rds:DescribeDBClusters": "is no member of a cluster",
        "rds:RestoreDBInstanceFromDBSnapshot rds:RestoreDBInstanceToPointInTime": "is made new, never restored",
        "rds:StartDBInstanceAutomatedBackupsReplication rds:StopDBInstanceAutomatedBackupsReplication": (
            "its replicated backups are a resource of their own"
        ),
        "secretsmanager:CreateSecret secretsmanager:TagResource": "the master password is the estate's own secret",
    },
    "aws:rds/parameterGroup:ParameterGroup": {"iam:CreateServiceLinkedRole": "the subnet group comes before"},
    "aws:rds/eventSubscription:EventSubscription": {"iam:CreateServiceLinkedRole": "the subnet group comes before"},
    "aws:backup/vault:Vault": {
        "backup-storage:Mount": "CreateBackupVault depends on MountCapsule alone",
        "backup:DeleteBackupVaultAccessPolicy backup:DeleteBackupVaultLockConfiguration"
        " backup:GetBackupVaultAccessPolicy backup:PutBackupVaultAccessPolicy"
        " backup:PutBackupVaultLockConfiguration": "policy and lock are resources of their own",
        "backup:DeleteBackupVaultNotifications backup:GetBackupVaultNotifications"
        " backup:PutBackupVaultNotifications": "EventBridge tells of its jobs",
    },
    "aws:backup/plan:Plan": {"iam:PassRole": "the selection names the role"},
    "aws:s3/bucket:Bucket": {
        "s3:DeleteObject s3:DeleteObjectVersion s3:ListBucketVersions": _FORCED,
        "iam:PassRole s3:DeleteBucketReplication s3:PutBucketReplication s3:PutReplicationConfiguration"
        " s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock s3:PutBucketOwnershipControls"
        " s3:PutBucketPublicAccessBlock s3:PutBucketVersioning s3:DeleteBucketEncryption"
        " s3:PutEncryptionConfiguration s3:DeleteBucketLifecycle s3:PutLifecycleConfiguration": (
            "these sides are resources of their own"
        ),
        "s3:GetAnalyticsConfiguration s3:GetBucketAbac s3:GetBucketMetadataTableConfiguration"
        " s3:GetBucketNotification s3:GetIntelligentTieringConfiguration s3:GetInventoryConfiguration"
        " s3:GetMetricsConfiguration": "the provider reads these sides in resources of their own only",
        "s3:CreateBucketMetadataTableConfiguration s3:DeleteBucketAnalyticsConfiguration s3:DeleteBucketCors"
        " s3:DeleteBucketMetadataTableConfiguration s3:DeleteBucketMetricsConfiguration s3:DeleteBucketWebsite"
        " s3:PutAccelerateConfiguration s3:PutAnalyticsConfiguration s3:PutBucketAbac s3:PutBucketAcl"
        " s3:PutBucketCORS s3:PutBucketLogging s3:PutBucketNotification s3:PutBucketObjectLockConfiguration"
        " s3:PutBucketWebsite s3:PutIntelligentTieringConfiguration s3:PutInventoryConfiguration"
        " s3:PutMetricsConfiguration s3:PutObjectAcl s3:PutObjectLockConfiguration"
        " s3:UpdateBucketMetadataAnnotationTableConfiguration s3:UpdateBucketMetadataInventoryTableConfiguration"
        " s3:UpdateBucketMetadataJournalTableConfiguration s3tables:CreateNamespace s3tables:CreateTable"
        " s3tables:CreateTableBucket s3tables:GetTable s3tables:GetTableMetadataLocation"
        " s3tables:PutTableBucketPolicy s3tables:PutTableEncryption s3tables:PutTablePolicy"
        " s3tables:UpdateTableMetadataLocation": "the estate's buckets have no such side",
    },
    "aws:secretsmanager/secret:Secret": {
        "secretsmanager:DeleteResourcePolicy secretsmanager:PutResourcePolicy": "has no policy of its own",
        "secretsmanager:GetRandomPassword": _LOOKUPS,
        "secretsmanager:GetSecretValue": "its value is a resource of its own",
        "secretsmanager:RemoveRegionsFromReplication secretsmanager:ReplicateSecretToRegions": "has no replicas",
    },
    "aws:kms/key:Key": {"kms:DisableKey kms:EnableKey": "is never disabled"},
    "aws:ecs/cluster:Cluster": {
        "ecs:PutAccountSetting ecs:PutAccountSettingDefault ecs:PutClusterCapacityProviders": "asks for Fargate itself",
        "kms:DescribeKey": "has no storage of its own",
    },
    "aws:appautoscaling/target:Target": {
        "application-autoscaling:DeleteScheduledAction application-autoscaling:DescribeScheduledActions"
        " application-autoscaling:PutScheduledAction": "scales by load, not by the clock",
        "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:PutMetricAlarm": "the policy makes them",
        "iam:PassRole": "has the service-linked role",
        "lambda:DeleteProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig"
        " lambda:PutProvisionedConcurrencyConfig": "scales ECS",
    },
    "aws:iam/role:Role": {
        "iam:AttachRolePolicy iam:GetRolePolicy iam:PutRolePolicy": "its policies are resources of their own",
        "iam:DeleteRolePermissionsBoundary": "a role without the boundary is what must not be",
    },
    "aws:cloudwatch/logGroup:LogGroup": {
        "firehose:TagDeliveryStream logs:CreateLogDelivery s3:REST.PUT.OBJECT": "delivers nowhere",
        "logs:DeleteDataProtectionPolicy logs:DeleteIndexPolicy logs:DeleteResourcePolicy logs:DescribeIndexPolicies"
        " logs:DescribeResourcePolicies logs:GetDataProtectionPolicy logs:PutBearerTokenAuthentication"
        " logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:PutLogGroupDeletionProtection"
        " logs:PutResourcePolicy": "has none of these",
    },
    "aws:cloudwatch/dashboard:Dashboard": {
        "cloudwatch:ListTagsForResource cloudwatch:TagResource cloudwatch:UntagResource": (
            "the provider gives dashboards no tags"
        )
    },
    "aws:cloudwatch/eventRule:EventRule": {
        "events:ListTargetsByRule events:PutTargets events:RemoveTargets iam:PassRole": (
            "targets are resources of their own"
        )
    },
    "aws:sns/topic:Topic": {
        "iam:GetRole iam:PassRole": "logs no deliveries",
        "sns:GetDataProtectionPolicy sns:PutDataProtectionPolicy": "has no such policy",
        "sns:ListSubscriptionsByTopic sns:Subscribe sns:Unsubscribe": "subscriptions are resources of their own",
    },
    "aws:sns/topicSubscription:TopicSubscription": {"iam:GetRole iam:PassRole": "leads to no Firehose"},
}
"""What a judge names and the estate does not do: the actions, and why."""


def excused(kind: str) -> frozenset[str]:
    """The actions of a type that a judge may name and the estate does not call."""
    return frozenset(action for words in NOT_CALLED.get(kind, {}) for action in words.split())


def judged(kind: str) -> Phases:
    """What a type takes, by phase, as the judges say together; what Terraform alone calls stands in each phase."""
    alone = frozenset(TERRAFORM.get(kind, {}))
    return {
        phase: (local(kind).get(phase, frozenset()) | cloudformation(kind).get(phase, frozenset()) | alone)
        - excused(kind)
        for phase in (CREATE, READ, UPDATE, DELETE)
    }


def actions(kind: str) -> frozenset[str]:
    """All that a type takes."""
    return frozenset().union(*judged(kind).values())
