"""The documents themselves: their limits, what they never allow, and who is trusted."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from ops.bootstrap.documents import POLICIES_PER_ROLE, POLICY_CHARACTERS, boundary, text, trust
from ops.bootstrap.names import ROLES, Facts, Role
from ops.bootstrap.permissions import READERS, RESOURCES, grants_of
from ops.bootstrap.roles import wanted_policies
from ops.bootstrap.state_documents import KEPT_DAYS, RETENTION_DAYS, bucket_policy, image_lifecycle, key_policy
from tests.unit.bootstrap import iam
from tests.unit.bootstrap.requests import ACCOUNT, FACTS

BY_NAME = {role.name: role for role in ROLES}
HERE = {"aws:RequestedRegion": "us-east-1", "aws:ResourceAccount": ACCOUNT}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role"


@cache
def documents(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(wanted_policies(BY_NAME[name], FACTS).values())


def everything(name: str) -> list[dict[str, Any]]:
    return [each for document in documents(name) for each in document["Statement"]]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_roles_policies_stay_within_the_limits_of_iam(name: str) -> None:
    sizes = [len(text(each)) for each in documents(name)]
    assert max(sizes) <= POLICY_CHARACTERS
    assert len(sizes) <= POLICIES_PER_ROLE


def test_a_long_list_of_regions_still_fits() -> None:
    regions = tuple(f"ap-southeast-{number}" for number in range(9))
    domains = tuple(f"{'a' * 60}.{number}.internal" for number in range(9))
    wide = Facts(ACCOUNT, "aws-us-gov", regions[0], regions, domains, "o/n", "repo:o/n")
    for role in ROLES:
        found = wanted_policies(role, wide)
        assert len(found) <= POLICIES_PER_ROLE
        assert max(len(text(each)) for each in found.values()) <= POLICY_CHARACTERS


def test_the_boundary_and_the_policies_of_key_and_bucket_fit() -> None:
    assert len(text(boundary(FACTS))) <= POLICY_CHARACTERS
    assert len(text(key_policy(FACTS))) <= 32 * 1024  # AWS KMS: quotas
    assert len(text(bucket_policy(FACTS))) <= 20 * 1024  # Amazon S3: bucket policies


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_no_allowed_action_has_a_wildcard(name: str) -> None:
    for each in everything(name):
        if each["Effect"] == "Allow":
            assert not [action for action in iam.listed(each["Action"]) if "*" in action or "?" in action]
            assert "NotAction" not in each


def test_what_is_allowed_on_everything_is_read_tagged_or_said_to_be_so() -> None:
    for name in BY_NAME:
        for each in everything(name):
            if each["Effect"] == "Allow" and each["Resource"] == ["*"] and "Condition" not in each:
                assert each["Sid"].rstrip("0123456789") in ("Read", "MakeDns", "EnterRegistry"), each["Sid"]


def test_a_statement_for_reading_reads_and_nothing_else() -> None:
    verbs = ("Describe", "Get", "List")
    for name in ("estate-preview", "estate-deploy"):
        for each in everything(name):
            if each["Sid"].startswith(("Read", "OurSecrets")):
                rest = [action for action in each["Action"] if not action.partition(":")[2].startswith(verbs)]
                assert rest in ([], ["kms:Decrypt"]), rest


def test_the_preview_changes_nothing() -> None:
    changing = {
        action
        for row in RESOURCES
        for scope, actions in row.grants.items()
        if scope not in READERS
        for action in actions
    }
    reading = {action for scope, actions in grants_of("estate-preview").items() for action in actions}
    # Both are asked for by what is written as well: AWS uses a key in the caller's name.
    assert changing & reading == {"kms:Decrypt", "kms:DescribeKey"}
    for action in sorted(changing - reading):
        for context in (HERE, {**HERE, "aws:ResourceTag/ManagedBy": "pulumi/postgres-estate"}):
            assert not iam.allowed(documents("estate-preview"), action, "*", context)


def test_the_preview_reads_the_state_and_writes_none_of_it() -> None:
    state = f"{FACTS.bucket_arn}/.pulumi/stacks/postgres-estate/prod.json"
    lock = f"{FACTS.bucket_arn}/.pulumi/locks/organization/postgres-estate/prod/1.json"
    preview = documents("estate-preview")
    assert iam.allowed(preview, "s3:GetObject", state)
    assert iam.allowed(preview, "s3:ListBucket", FACTS.bucket_arn)
    assert iam.allowed(preview, "kms:Decrypt", FACTS.key_arn)
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not iam.allowed(preview, action, state)
        assert not iam.allowed(preview, action, lock)
        assert iam.allowed(documents("estate-deploy"), action, lock)
    assert not iam.allowed(preview, "kms:Encrypt", FACTS.key_arn)


def test_verify_starts_the_schema_task_and_nothing_else() -> None:
    verify = documents("estate-verify")
    ecs = f"arn:aws:ecs:us-east-1:{ACCOUNT}"
    assert iam.allowed(verify, "ecs:RunTask", f"{ecs}:task-definition/estate-prod-platform-schema:7", HERE)
    assert not iam.allowed(verify, "ecs:RunTask", f"{ecs}:task-definition/estate-prod-platform-dump:7", HERE)
    assert iam.allowed(verify, "ecs:StopTask", f"{ecs}:task/cluster-tasks-1a2b3c4/f00", HERE)
    assert not iam.allowed(verify, "ecs:StopTask", f"{ecs}:task/shop/f00", HERE)
    tasks = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    assert iam.allowed(verify, "iam:PassRole", f"{ROLE_ARN}/estate/platform-schema-execution-1a2b3c4", tasks)
    assert not iam.allowed(verify, "iam:PassRole", f"{ROLE_ARN}/estate/platform-dump-task-1a2b3c4", tasks)
    logs = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group"
    assert iam.allowed(verify, "logs:GetLogEvents", f"{logs}:platform-schema-log-1a2b3c4:log-stream:s/c/1", HERE)
    assert not iam.allowed(verify, "logs:GetLogEvents", f"{logs}:platform-pooler-log-1a2b3c4:log-stream:s/c/1", HERE)
    assert {action for actions in grants_of("estate-verify").values() for action in actions} == {
        "ecs:DescribeTasks", "ecs:RunTask", "ecs:StopTask", "iam:PassRole", "kms:Decrypt", "logs:GetLogEvents",
        "s3:GetObject", "s3:ListBucket", "sts:GetCallerIdentity",
    }  # fmt: skip


def test_images_pushes_into_its_two_repositories_only() -> None:
    images = documents("estate-images")
    ecr = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository"
    for name in ("pooler", "schema"):
        assert iam.allowed(images, "ecr:PutImage", f"{ecr}/postgres-estate/{name}")
    assert not iam.allowed(images, "ecr:PutImage", f"{ecr}/shop")
    assert not iam.allowed(images, "ecr:BatchDeleteImage", f"{ecr}/postgres-estate/pooler")
    assert not iam.allowed(documents("estate-deploy"), "ecr:PutImage", f"{ecr}/postgres-estate/pooler")


# What would make of a deployment an administrator, or of the account's safety nothing.
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:PutRolePolicy", f"{ROLE_ARN}/estate-deploy"),
        ("iam:AttachRolePolicy", f"{ROLE_ARN}/estate-deploy"),
        ("iam:UpdateAssumeRolePolicy", f"{ROLE_ARN}/estate-preview"),
        ("iam:PutRolePolicy", f"{ROLE_ARN}/Administrator"),
        ("iam:CreateRole", f"{ROLE_ARN}/Administrator"),
        ("iam:PassRole", f"{ROLE_ARN}/Administrator"),
        ("iam:PassRole", f"{ROLE_ARN}/estate-deploy"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/estate-boundary"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/estate-deploy-1"),
        ("iam:DeleteRolePermissionsBoundary", f"{ROLE_ARN}/estate/platform-pooler-execution-1a2b3c4"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/eve"),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/eve"),
        ("iam:UpdateOpenIDConnectProviderThumbprint", FACTS.provider_arn),
        ("iam:AddClientIDToOpenIDConnectProvider", FACTS.provider_arn),
        ("iam:DeleteOpenIDConnectProvider", FACTS.provider_arn),
        ("s3:PutBucketPolicy", FACTS.bucket_arn),
        ("s3:DeleteBucket", FACTS.bucket_arn),
        ("s3:PutBucketVersioning", FACTS.bucket_arn),
        ("s3:PutLifecycleConfiguration", FACTS.bucket_arn),
        ("s3:PutBucketObjectLockConfiguration", FACTS.bucket_arn),
        ("s3:DeleteObjectVersion", f"{FACTS.bucket_arn}/.pulumi/stacks/postgres-estate/prod.json"),
        ("s3:BypassGovernanceRetention", f"{FACTS.bucket_arn}/.pulumi/stacks/postgres-estate/prod.json"),
        ("kms:DisableKey", FACTS.key_arn),
        ("kms:ScheduleKeyDeletion", FACTS.key_arn),
        ("kms:PutKeyPolicy", FACTS.key_arn),
        ("kms:DeleteAlias", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/postgres-estate-state"),
        ("kms:TagResource", FACTS.key_arn),
        ("ecr:DeleteRepository", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/postgres-estate/pooler"),
        ("sts:AssumeRole", f"{ROLE_ARN}/Administrator"),
        ("organizations:LeaveOrganization", "*"),
    ],
)
@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_no_role_may(name: str, action: str, resource: str) -> None:
    known = {**HERE, "iam:PermissionsBoundary": FACTS.boundary_arn, "iam:PassedToService": "ecs-tasks.amazonaws.com"}
    theirs = {"aws:ResourceTag/ManagedBy": "bootstrap/postgres-estate"}
    claimed = {"aws:RequestTag/ManagedBy": "pulumi/postgres-estate"}
    for context in (known, known | theirs, known | theirs | claimed):
        assert not iam.allowed(documents(name), action, resource, context)


def test_a_role_is_made_with_the_boundary_or_not_at_all() -> None:
    deploy, role = documents("estate-deploy"), f"{ROLE_ARN}/estate/platform-pooler-execution-1a2b3c4"
    bounded = {**HERE, "iam:PermissionsBoundary": FACTS.boundary_arn}
    other = {**HERE, "iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/mine"}
    backup = {"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"}
    admin = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        assert iam.allowed(deploy, action, role, bounded)
        assert not iam.allowed(deploy, action, role, other)
        assert not iam.allowed(deploy, action, role, HERE)
        assert not iam.allowed(deploy, action, f"{ROLE_ARN}/platform-pooler-execution", bounded)
    assert iam.allowed(deploy, "iam:AttachRolePolicy", role, bounded | backup)
    assert not iam.allowed(deploy, "iam:AttachRolePolicy", role, bounded | admin)
    assert not iam.allowed(deploy, "iam:AttachRolePolicy", role, HERE | backup)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_who_is_trusted_is_said_in_full(role: Role) -> None:
    (statement,) = trust(role, FACTS)["Statement"]
    assert statement == {
        "Sid": "GitHub",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": [
                    f"repo:acme/estate:environment:{name}"
                    for name in {
                        "estate-preview": ("preview", "drift"),
                        "estate-verify": ("drift",),
                        "estate-deploy": ("dev", "prod"),
                        "estate-images": ("images",),
                    }[role.name]
                ],
            }
        },
    }


def test_the_bucket_refuses_what_is_not_encrypted_on_its_way_or_with_another_key() -> None:
    policy, key = bucket_policy(FACTS), "s3:x-amz-server-side-encryption-aws-kms-key-id"
    state = f"{FACTS.bucket_arn}/.pulumi/stacks/x.json"
    tls = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "aws:PrincipalArn": f"{ROLE_ARN}/Administrator"}

    def denied(action: str, resource: str, context: dict[str, Any]) -> bool:
        return any(iam.applies(each, action, resource, context) for each in policy["Statement"])

    assert not denied("s3:PutObject", state, tls)
    assert denied("s3:GetObject", state, {**tls, "aws:SecureTransport": "false"})
    assert denied("s3:GetObject", state, {**tls, "s3:TlsVersion": "1.1"})
    assert denied("s3:PutObject", state, {**tls, "s3:x-amz-server-side-encryption": "AES256"})
    assert not denied("s3:PutObject", state, {**tls, "s3:x-amz-server-side-encryption": "aws:kms"})
    assert denied("s3:PutObject", state, {**tls, key: f"arn:aws:kms:us-east-1:{ACCOUNT}:key/other"})
    assert not denied("s3:PutObject", state, {**tls, key: FACTS.key_arn})
    deploy = {**tls, "aws:PrincipalArn": f"{ROLE_ARN}/estate-deploy"}
    assert not denied("s3:PutObject", state, deploy)
    assert not denied("s3:DeleteObject", state, deploy)
    for action in ("s3:DeleteObjectVersion", "s3:PutBucketPolicy", "s3:BypassGovernanceRetention"):
        assert denied(action, state, deploy)
    task = {**tls, "aws:PrincipalArn": f"{ROLE_ARN}/estate/platform-dump-task-1a2b3c4"}
    assert denied("s3:GetObject", state, task)


def test_the_key_refuses_the_roles_whatever_is_not_its_use() -> None:
    policy = key_policy(FACTS)

    def denied(action: str, role: str) -> bool:
        context = {"aws:PrincipalArn": f"{ROLE_ARN}/{role}"}
        return any(iam.applies(each, action, "*", context) for each in policy["Statement"] if each["Effect"] == "Deny")

    for action in ("kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant"):
        assert denied(action, "estate-deploy")
        assert not denied(action, "Administrator")
    for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"):
        assert not denied(action, "estate-deploy")
        assert denied(action, "estate/platform-dump-task-1a2b3c4")


def test_old_versions_are_kept_longer_than_they_are_locked() -> None:
    assert KEPT_DAYS > RETENTION_DAYS


def test_no_rule_ends_an_image_that_a_configuration_may_name() -> None:
    for rule in image_lifecycle()["rules"]:
        assert rule["selection"]["tagStatus"] == "tagged"
        assert rule["selection"]["tagPatternList"] == ["candidate-*"]
        assert rule["selection"]["countType"] == "sinceImagePushed"
