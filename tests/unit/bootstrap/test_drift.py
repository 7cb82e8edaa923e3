"""What was changed by hand is named and mended. moto enforces neither policies nor locks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ops.bootstrap import plan
from ops.bootstrap.names import ALIAS, REPOSITORIES
from tests.unit.bootstrap.conftest import BUCKET, Calls, Make, client, told

# What somebody does by hand, and the row of the plan that says so.
Drift = tuple[str, Callable[[], object], tuple[str, str, str]]
DRIFTS: list[Drift] = [
    (
        "the bucket was opened",
        lambda: client("s3").delete_public_access_block(Bucket=BUCKET),
        (BUCKET, "public access block", "off"),
    ),
    (
        "half of the bucket was opened",
        lambda: client("s3").put_public_access_block(
            Bucket=BUCKET,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        ),
        (BUCKET, "public access block", "BlockPublicPolicy, RestrictPublicBuckets off"),
    ),
    (
        "versions were suspended",
        lambda: client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
        (BUCKET, "versioning", "Suspended"),
    ),
    ("the bucket's policy went", lambda: client("s3").delete_bucket_policy(Bucket=BUCKET), (BUCKET, "policy", "-")),
    (
        "the encryption was changed",
        lambda: client("s3").put_bucket_encryption(
            Bucket=BUCKET,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        (BUCKET, "encryption", "AES256 no bucket key"),
    ),
    (
        "the lifecycle went",
        lambda: client("s3").delete_bucket_lifecycle(Bucket=BUCKET),
        (BUCKET, "lifecycle", "-"),
    ),
    (
        "ACLs came back",
        lambda: client("s3").put_bucket_ownership_controls(
            Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        (BUCKET, "ownership", "ObjectWriter"),
    ),
    (
        "the lock was shortened",
        lambda: client("s3").put_object_lock_configuration(
            Bucket=BUCKET,
            ObjectLockConfiguration={
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
            },
        ),
        (BUCKET, "lock", "GOVERNANCE 1 0"),
    ),
    (
        "the key was disabled",
        lambda: client("kms").disable_key(KeyId=client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]),
        (ALIAS, "state", "Disabled"),
    ),
    (
        "the key's rotation was stopped",
        lambda: client("kms").disable_key_rotation(
            KeyId=client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
        ),
        (ALIAS, "rotation", "off"),
    ),
    (
        "tags of images may move",
        lambda: client("ecr").put_image_tag_mutability(repositoryName=REPOSITORIES[0], imageTagMutability="MUTABLE"),
        (REPOSITORIES[0], "tags of images", "MUTABLE"),
    ),
    (
        "nothing is scanned",
        lambda: client("ecr").put_image_scanning_configuration(
            repositoryName=REPOSITORIES[1], imageScanningConfiguration={"scanOnPush": False}
        ),
        (REPOSITORIES[1], "scan", "off"),
    ),
    (
        "images expire",
        lambda: client("ecr").put_lifecycle_policy(
            repositoryName=REPOSITORIES[0],
            lifecyclePolicyText=json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                            "action": {"type": "expire"},
                        }
                    ]
                }
            ),
        ),
        (REPOSITORIES[0], "lifecycle", "another"),
    ),
    (
        "anybody is trusted",
        lambda: client("iam").update_assume_role_policy(
            RoleName="estate-deploy",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
                }
            ),
        ),
        (
            "estate-deploy",
            "trust",
            '1 statements: Action "sts:AssumeRole"; Principal {"AWS": "*"}; asks for no claim',
        ),
    ),
    (
        "the deploy role was made an administrator",
        lambda: client("iam").put_role_policy(
            RoleName="estate-deploy",
            PolicyName="more",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            ),
        ),
        ("estate-deploy", "inline policy", "more"),
    ),
    (
        "a policy was detached",
        lambda: client("iam").detach_role_policy(
            RoleName="estate-verify", PolicyArn="arn:aws:iam::123456789012:policy/estate-verify-1"
        ),
        ("estate-verify", "may do", "-"),
    ),
    (
        "sessions were made longer",
        lambda: client("iam").update_role(
            RoleName="estate-preview",
            MaxSessionDuration=43200,
            Description="Reads the estate and its state, for previews",
        ),
        ("estate-preview", "session", "43200 s"),
    ),
    (
        "the boundary was widened",
        lambda: client("iam").create_policy_version(
            PolicyArn="arn:aws:iam::123456789012:policy/estate-boundary",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            ),
            SetAsDefault=True,
        ),
        ("estate-boundary", "document", "1 statements"),
    ),
]


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift[0])
def test_what_was_changed_by_hand_is_named_and_mended(made: Calls, context: Make, drift: Drift) -> None:
    _, change, row = drift
    change()
    rows = plan.plan(context())
    assert told(rows) == [row]
    assert plan.run(context(), dry_run=False, yes=True)
    assert plan.plan(context()) == []


def test_a_policy_of_aws_that_was_attached_by_hand_is_taken_away(made: Calls, context: Make) -> None:
    iam = client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName="everything", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="estate-deploy", PolicyArn=arn)
    assert told(plan.plan(context())) == [("estate-deploy", "may do", "everything")]
    plan.run(context(), dry_run=False, yes=True)
    assert plan.plan(context()) == []
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0  # it is somebody's, and stays


def test_a_policy_that_an_earlier_table_filled_goes_with_its_versions(made: Calls, context: Make) -> None:
    iam = client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName="estate-deploy-9", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    iam.attach_role_policy(RoleName="estate-deploy", PolicyArn=arn)
    plan.run(context(), dry_run=False, yes=True)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)


def test_a_document_changes_more_often_than_iam_keeps_versions(made: Calls, context: Make) -> None:
    iam, arn = client("iam"), "arn:aws:iam::123456789012:policy/estate-images-1"
    for number in range(7):
        document = {"Version": "2012-10-17", "Statement": [{"Sid": f"S{number}", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}  # fmt: skip  # noqa: E501
        spare = [each for each in iam.list_policy_versions(PolicyArn=arn)["Versions"] if not each["IsDefaultVersion"]]
        if len(spare) == 4:
            iam.delete_policy_version(PolicyArn=arn, VersionId=spare[-1]["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
        plan.run(context(), dry_run=False, yes=True)
        assert plan.plan(context()) == []
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) <= 5
