"""The cases of keys, secrets and roles."""

from __future__ import annotations

import json

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases, policy
from tests.unit.provider.conftest import trust


def key_policy(sid: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid,
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


CASES: Cases = {
    "aws:kms/key:Key": lambda w: (
        {
            "description": "databases",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": key_policy("Admin"),
            "tags": TAGS,
        },
        {"description": "all databases", "enableKeyRotation": False, "policy": key_policy("Root"), "tags": {}},
    ),
    "aws:kms/alias:Alias": lambda w: (
        {"name": "alias/estate-case", "targetKeyId": w.key(0)},
        {"targetKeyId": w.key(1)},
    ),
    "aws:secretsmanager/secret:Secret": lambda w: (
        {"description": "the master user", "kmsKeyId": w.key(0), "recoveryWindowInDays": 7, "tags": TAGS},
        {"description": "the owner", "recoveryWindowInDays": 0, "tags": OTHER_TAGS},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": lambda w: (
        {"secretId": w.secret(), "secretString": '{"username": "a", "password": "battery-staple"}'},
        {},
    ),
    "aws:iam/role:Role": lambda w: (
        {
            "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"),
            "description": "the schema step",
            "maxSessionDuration": 7200,
            "inlinePolicies": [{"name": "read", "policy": policy("s3:GetObject")}],
            "tags": TAGS,
        },
        {
            "assumeRolePolicy": trust("backup.amazonaws.com"),
            "description": "backups",
            "inlinePolicies": [],
            "tags": OTHER_TAGS,
        },
    ),
    "aws:iam/rolePolicy:RolePolicy": lambda w: (
        {"role": w.role().id, "policy": policy("kms:Decrypt", "secretsmanager:GetSecretValue")},
        {"policy": policy("kms:Decrypt")},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda w: (
        {"role": w.role().id, "policyArn": w.policy()},
        {},
    ),
}
