"""IAM documents as JSON, each granting what one part needs and no more. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from infra.containers import Account

Statement = Mapping[str, object]


def document(*statements: Statement) -> str:
    """A policy document of these statements: the same ones give the same text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust_tasks(account: Account) -> str:
    """Lets ECS tasks of this account, and nobody else's, assume a role."""
    return document(
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


def trust_monitoring(account: Account, stack: str) -> str:
    """Lets RDS assume a role for the instances of this stack, and for nobody else's.

    (Amazon RDS User Guide: Setting up and enabling Enhanced Monitoring, "Preventing the confused deputy problem")
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "monitoring.rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {
                    "aws:SourceArn": f"arn:{account.partition}:rds:{account.region}:{account.id}:db:estate-{stack}-*"
                },
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
    return document(*statements)
