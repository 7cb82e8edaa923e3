"""The boundary: what it leaves the roles that a deployment makes, and where it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.bootstrap import scopes
from ops.bootstrap.documents import boundary
from tests.unit.bootstrap import graphs, iam
from tests.unit.bootstrap.requests import ACCOUNT, FACTS

HERE = {"aws:RequestedRegion": "us-east-1", "aws:ResourceAccount": ACCOUNT}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role"


def test_the_boundary_has_no_wildcard_in_an_action() -> None:
    assert not [action for each in boundary(FACTS)["Statement"] for action in each["Action"] if "*" in action]


def _recorded_policies() -> list[tuple[str, dict[str, Any]]]:
    return [
        (each.name, statement)
        for each in graphs.resources()
        if each.type == "aws:iam/rolePolicy:RolePolicy"
        for statement in json.loads(each.inputs["policy"])["Statement"]
        if statement["Effect"] == "Allow"
    ]


def _likely(action: str, resource: str) -> str:
    service, made_up = action.partition(":")[0], resource.rsplit(":", 1)[-1]
    if action == "s3:PutObject" or action.startswith(("s3:Abort", "s3:GetObject", "s3:Replicate")):
        bucket, _, key = made_up.partition("/")
        return f"arn:aws:s3:::{bucket}-1a2b3c4/{key.replace('*', 'x')}"
    if service == "s3":
        return f"arn:aws:s3:::{made_up}-1a2b3c4"
    return {
        "ecr": f"arn:aws:ecr:us-east-1:{ACCOUNT}:{made_up}",
        "ecs": f"arn:aws:ecs:us-east-1:{ACCOUNT}:"
        + ("task/cluster-tasks-1a2b3c4/f00" if action == "ecs:TagResource" else "task-definition/estate-prod-x-dump:1"),
        "iam": f"{ROLE_ARN}/estate/{made_up}-1a2b3c4",
        "kms": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/abc",
        "logs": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:x:log-stream:y",
        "secretsmanager": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x-abcdef",
        "sqs": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{made_up}-1a2b3c4",
    }[service]


def test_the_boundary_leaves_the_recorded_roles_what_their_policies_give_them() -> None:
    limit = [boundary(FACTS)]
    context = {
        **HERE,
        "aws:ResourceTag/ManagedBy": "pulumi/postgres-estate",
        "iam:PassedToService": "ecs-tasks.amazonaws.com",
    }
    found = _recorded_policies()
    assert len(found) > 40
    for name, statement in found:
        for action in iam.listed(statement["Action"]):
            for resource in iam.listed(statement["Resource"]):
                asked = "*" if resource == "*" else _likely(action, resource)
                assert iam.allowed(limit, action, asked, context), (name, action, asked)


def test_the_boundary_leaves_aws_backup_what_it_does_with_instances() -> None:
    """AWS's own policies, as moto keeps them: of those that a stack attaches, what is about RDS, logs and vaults."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    limit, known = [boundary(FACTS)], json.loads(aws_managed_policies_data)
    # Never used, or denied by the stacks themselves (infra/backup_policies.py); Aurora and EC2 the estate has none of.
    unused = ("Cluster", "TenantDatabase", "DeleteDBInstance", "ModifyDBInstance")
    for policy in scopes.ATTACHED_POLICIES:
        for statement in known[policy.rpartition("/")[2]]["Document"]["Statement"]:
            for action in iam.listed(statement["Action"]):
                service, _, name = action.partition(":")
                if service not in ("rds", "logs", "backup", "tag") or any(word in name for word in unused):
                    continue
                kinds = {"rds": "snapshot:awsbackup:job-1", "logs": "log-group:RDSOSMetrics:log-stream:x"}
                resource = f"arn:aws:{service}:us-east-1:{ACCOUNT}:{kinds.get(service, 'x')}"
                assert iam.allowed(limit, action, resource, HERE), (policy, action)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:PutRolePolicy", f"{ROLE_ARN}/estate/x"),
        ("iam:CreateUser", "*"),
        ("iam:PassRole", f"{ROLE_ARN}/Administrator"),
        ("iam:PassRole", f"{ROLE_ARN}/estate-deploy"),
        ("sts:AssumeRole", f"{ROLE_ARN}/Administrator"),
        ("s3:GetObject", f"{FACTS.bucket_arn}/.pulumi/stacks/x.json"),
        ("s3:PutObject", f"{FACTS.bucket_arn}/.pulumi/stacks/x.json"),
        ("kms:Decrypt", FACTS.key_arn),
        ("rds:DeleteDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:estate-prod-platform"),
        ("ec2:RunInstances", "*"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:shop"),
    ],
)
def test_the_boundary_ends_before(action: str, resource: str) -> None:
    context = {**HERE, "iam:PassedToService": "ecs-tasks.amazonaws.com", "aws:ResourceTag/ManagedBy": "somebody"}
    assert not iam.allowed([boundary(FACTS)], action, resource, context)
