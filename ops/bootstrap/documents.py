"""The IAM documents of the bootstrap: what each role may do, what bounds the roles of the stacks, who is trusted. Pure.

A document is plain data until it is sent. Where they end: a managed policy at 6,144 characters without white space, a
role at ten of them (IAM User Guide: IAM and AWS STS quotas).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.names import ROLE_PATH
from ops.bootstrap.names import AUDIENCE, ISSUER, STACKS_MANAGED_BY, Facts, Role
from ops.bootstrap.permissions import Grants
from ops.bootstrap.scopes import RESOURCE_TAG, Scope

Document = dict[str, Any]
Statement = dict[str, Any]

POLICY_CHARACTERS = 6144
POLICIES_PER_ROLE = 10

TAGGING = frozenset(
    {"AddTags", "AddTagsToResource", "CreateTags", "RemoveTags", "RemoveTagsFromResource", "DeleteTags", "TagQueue"}
    | {"TagResource", "TagRole", "UntagQueue", "UntagResource", "UntagRole"}
)
"""Actions that decide whose a thing is."""


def document(content: Sequence[Statement]) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(content)}


def text(policy: Mapping[str, Any]) -> str:
    """A document as it is sent: without white space, the same data always the same text."""
    return json.dumps(policy, separators=(",", ":"), sort_keys=True)


def _statement(scope: Scope, actions: Sequence[str], facts: Facts, number: int = 0) -> Statement:
    condition = scope.condition(facts)
    return {
        "Sid": f"{scope.sid}{number or ''}",
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": scope.resources(facts),
        **({"Condition": condition} if condition else {}),
    }


def statements(grants: Grants, facts: Facts) -> Iterator[Statement]:
    """A statement for each scope, those that fill more than half a policy in several: they must fit beside others."""
    for scope in sorted(grants, key=lambda each: each.sid):
        actions = sorted(grants[scope])
        count = 1 + len(text(_statement(scope, actions, facts))) // (POLICY_CHARACTERS // 2)
        size = -(-len(actions) // count)
        for number in range(count):
            part = actions[number * size : (number + 1) * size]
            yield _statement(scope, part, facts, number + 1 if count > 1 else 0)


def policies(grants: Grants, facts: Facts, denied: Sequence[Statement] = ()) -> list[Document]:
    """The grants in as few policies as they fit in, one after the other; what is denied comes first."""
    filled: list[list[Statement]] = [list(denied)] if denied else [[]]
    for statement in statements(grants, facts):
        for held in filled:
            if len(text(document([*held, statement]))) <= POLICY_CHARACTERS:
                held.append(statement)
                break
        else:
            filled.append([statement])
    return [document(held) for held in filled]


def guards(grants: Grants, facts: Facts) -> list[Statement]:
    """What the deploy role may never do, should a statement ever allow it."""
    tagging = sorted(
        {action for actions in grants.values() for action in actions if action.partition(":")[2] in TAGGING}
    )
    return [
        {
            "Sid": "NotItsOwnRights",
            "Effect": "Deny",
            "Action": "iam:*",
            "Resource": [
                facts.iam(kind) for kind in ("role/estate-*", "policy/estate-*", "oidc-provider/*", "user/*", "group/*")
            ],
        },
        {
            "Sid": "NotTheBoundary",
            "Effect": "Deny",
            "Action": ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"],
            "Resource": "*",
        },
        {
            # A tag would make it the estate's, and what is the estate's may be deleted.
            "Sid": "NotWhatBearsAnothersTag",
            "Effect": "Deny",
            "Action": tagging,
            "Resource": "*",
            "Condition": {"StringNotEquals": {RESOURCE_TAG: STACKS_MANAGED_BY}, "Null": {RESOURCE_TAG: "false"}},
        },
    ]


def trust(role: Role, facts: Facts) -> Document:
    """Who may take a role: jobs of this repository in these environments, each said in full."""
    return document(
        [
            {
                "Sid": "GitHub",
                "Effect": "Allow",
                "Principal": {"Federated": facts.provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": AUDIENCE,
                        f"{ISSUER}:sub": [f"{facts.subject}:environment:{name}" for name in role.environments],
                    }
                },
            }
        ]
    )


def boundary(facts: Facts) -> Document:
    """The most that a role of a stack may ever do: what tasks, schedules, replication and AWS Backup do for the estate.

    A deployment writes the roles' own policies. Without this it could write one that makes an administrator, and hand
    it to a task.
    """
    ours = {"StringEquals": {RESOURCE_TAG: STACKS_MANAGED_BY}}

    def allow(sid: str, actions: str, resources: list[str], condition: Mapping[str, Any] | None = None) -> Statement:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Action": sorted(actions.split()),
            "Resource": resources,
            **({"Condition": dict(condition)} if condition else {}),
        }

    dumps = [f"arn:{facts.partition}:s3:::{name}-*" for name in ("dumps", "recovery-dumps")]
    return document(
        [
            allow(
                "Logs",
                "logs:CreateLogGroup logs:CreateLogStream logs:DescribeLogGroups logs:DescribeLogStreams"
                " logs:GetLogEvents logs:PutLogEvents logs:PutRetentionPolicy",
                [facts.regional("logs", "log-group:*")],
            ),
            allow("Secrets", "secretsmanager:GetSecretValue", ["*"], ours),
            allow(
                "Keys",
                "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey"
                " kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo",
                ["*"],
                ours,
            ),
            allow("EnterRegistry", "ecr:GetAuthorizationToken", ["*"]),
            allow(
                "Pull",
                "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
                [facts.regional("ecr", "repository/*")],
            ),
            allow("Dumps", "s3:GetReplicationConfiguration s3:ListBucket", dumps),
            allow(
                "DumpObjects",
                "s3:AbortMultipartUpload s3:GetObjectVersionAcl s3:GetObjectVersionForReplication"
                " s3:GetObjectVersionTagging s3:PutObject s3:ReplicateObject s3:ReplicateTags",
                [f"{bucket}/*" for bucket in dumps],
            ),
            allow("Start", "ecs:RunTask", [facts.regional("ecs", "task-definition/estate-*")]),
            allow("TagTasks", "ecs:TagResource", [facts.regional("ecs", "task/*")]),
            allow(
                "Pass",
                "iam:PassRole",
                [facts.iam(f"role{ROLE_PATH}*")],
                {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]}},
            ),
            allow("DeadLetters", "sqs:SendMessage", [facts.regional("sqs", "*-schedules-failed-*")]),
            allow(
                "LookForBackups",
                "backup:CopyFromBackupVault backup:CopyIntoBackupVault backup:DescribeBackupVault"
                " backup:DescribeRestoreJob backup:ListRecoveryPointsByBackupVault backup:ListRestoreJobs"
                " backup:StartRestoreJob backup:TagResource ec2:DescribeAccountAttributes"
                " ec2:DescribeAvailabilityZones ec2:DescribeInternetGateways ec2:DescribeRouteTables"
                " ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs"
                " rds:DescribeDBClusterAutomatedBackups rds:DescribeDBClusterSnapshots rds:DescribeDBClusters"
                " rds:DescribeDBInstances rds:DescribeDBSnapshots rds:ListTagsForResource tag:GetResources",
                ["*"],
            ),
            allow(
                "Snapshots",
                "rds:AddTagsToResource rds:CopyDBSnapshot rds:CreateDBSnapshot",
                [facts.regional("rds", kind) for kind in ("db:*", "snapshot:*", "og:*")],
            ),
            allow(
                "OldSnapshots",
                "rds:DeleteDBSnapshot rds:ModifyDBSnapshotAttribute",
                [facts.regional("rds", "snapshot:awsbackup:*")],
            ),
            # Restore tests make an instance, which AWS Backup deletes with its own role.
            allow(
                "Restores",
                "rds:AddTagsToResource rds:CreateDBInstance rds:RestoreDBInstanceFromDBSnapshot"
                " rds:RestoreDBInstanceToPointInTime",
                [
                    facts.regional("rds", kind)
                    for kind in ("auto-backup:*", "db:*", "og:*", "pg:*", "snapshot:*", "subgrp:*")
                ],
            ),
        ]
    )
