"""Key policies and IAM documents as JSON, each granting what one part needs and no more. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from infra.containers import Account

Purpose = Literal["storage", "secrets", "logs"]

Statement = Mapping[str, object]

# The service through which each key is used; `logs` is used by CloudWatch Logs itself.
_VIA: Mapping[Purpose, str] = {"storage": "rds", "secrets": "secretsmanager"}

# What managing a key takes, without any use of it: who administers cannot decrypt with these.
_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


def _document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def key_policy(purpose: Purpose, account: Account) -> str:
    """Who may do what with the key of one purpose.

    The account's root stands for its IAM: without it, a key whose only administrator leaves is lost.
    """
    root = {"AWS": f"arn:{account.partition}:iam::{account.id}:root"}
    administer: Statement = {
        "Sid": "Administer",
        "Effect": "Allow",
        "Principal": root,
        "Action": _ADMINISTER,
        "Resource": "*",  # in a key policy: this key
    }
    if purpose == "logs":
        prefix = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:*"
        return _document(
            administer,
            {
                "Sid": "UseByLogs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{account.region}.{account.dns_suffix}"},
                "Action": _USE,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": prefix}},
            },
        )
    via = f"{_VIA[purpose]}.{account.region}.{account.dns_suffix}"
    through = {"StringEquals": {"kms:CallerAccount": account.id, "kms:ViaService": via}}
    use: Statement = {
        "Sid": "UseThroughService",
        "Effect": "Allow",
        "Principal": root,
        "Action": _USE,
        "Resource": "*",
        "Condition": through,
    }
    if purpose == "secrets":
        return _document(administer, use)
    # RDS keeps a database open with a grant of its own.
    grant: Statement = {
        "Sid": "GrantToService",
        "Effect": "Allow",
        "Principal": root,
        "Action": ["kms:CreateGrant"],
        "Resource": "*",
        "Condition": {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
    }
    return _document(administer, use, grant)


def trust_tasks(account: Account) -> str:
    """Lets ECS tasks of this account, and nobody else's, assume a role."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": f"arn:{account.partition}:ecs:{account.region}:{account.id}:*"},
            },
        }
    )


def execution(
    account: Account, repository: str | None, log_group_arn: str, secrets: Sequence[str], key_arn: str
) -> str:
    """What starting one task takes: its image, its log group, exactly its secrets and their key."""
    statements: list[Statement] = [
        {
            "Sid": "Log",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log_group_arn}:*",
        },
        {
            "Sid": "ReadSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": sorted(secrets),
        },
        {
            "Sid": "DecryptSecrets",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{account.region}.{account.dns_suffix}"}},
        },
    ]
    if repository is not None:
        statements += [
            # This action knows no resource: the token is the account's.
            {"Sid": "EnterEcr", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
            {
                "Sid": "PullImage",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": repository,
            },
        ]
    return _document(*statements)
