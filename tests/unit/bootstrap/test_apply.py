"""The bootstrap against moto: made once, then left alone. moto enforces neither policies nor locks."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from ops.bootstrap import plan
from ops.bootstrap.names import ALIAS, ISSUER, REPOSITORIES, ROLES
from tests.unit.bootstrap.conftest import BUCKET, Calls, Make, client


def test_a_dry_run_in_an_empty_account_names_all_and_writes_nothing(
    context: Make, calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not plan.run(context(), dry_run=True, yes=True)
    assert calls.writing == []
    said = capsys.readouterr().out
    for name in (ALIAS, BUCKET, *REPOSITORIES, ISSUER, "estate-boundary", *(role.name for role in ROLES)):
        assert name in said
    assert "nothing was changed (--dry-run)" in said


def test_a_second_run_has_nothing_to_do_and_writes_nothing(
    made: Calls, context: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert plan.run(context(), dry_run=False, yes=True)
    assert made.writing == []
    assert len(made.made) > 30
    assert capsys.readouterr().out == "nothing to do: the account is as it should be\n"


def test_in_another_region_too(context: Make, calls: Calls) -> None:
    assert plan.run(context(region="eu-west-1"), dry_run=False, yes=True)
    place = client("s3").get_bucket_location(Bucket="postgres-estate-state-123456789012-eu-west-1")
    assert place["LocationConstraint"] == "eu-west-1"
    assert plan.plan(context(region="eu-west-1")) == []


def test_the_bucket_is_versioned_locked_encrypted_with_its_key_and_closed(made: Calls) -> None:
    s3, kms = client("s3"), client("kms")
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    lock = s3.get_object_lock_configuration(Bucket=BUCKET)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (lock["Mode"], lock["Days"]) == ("GOVERNANCE", 30)
    (owner,) = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}


def test_a_locked_version_stays_while_its_object_is_overwritten_and_deleted(made: Calls) -> None:
    """What Pulumi does to its checkpoints and locks; a version that is locked nobody takes away by accident.

    moto reads a bucket's policy without its conditions, so that each deny would hold for everybody: it goes first.
    """
    client("s3").delete_bucket_policy(Bucket=BUCKET)
    s3, name = client("s3"), ".pulumi/stacks/postgres-estate/dev.json"
    first = s3.put_object(Bucket=BUCKET, Key=name, Body=b"1")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key=name, Body=b"2")
    assert s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() == b"2"
    s3.delete_object(Bucket=BUCKET, Key=name)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=BUCKET, Key=name, VersionId=first)
    assert s3.get_object(Bucket=BUCKET, Key=name, VersionId=first)["Body"].read() == b"1"


def test_repositories_keep_their_tags_and_scan(made: Calls) -> None:
    for found in client("ecr").describe_repositories(repositoryNames=list(REPOSITORIES))["repositories"]:
        assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert found["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "sha256-*"}]
        assert found["imageScanningConfiguration"] == {"scanOnPush": True}
        assert found["encryptionConfiguration"]["encryptionType"] == "KMS"


def test_roles_have_their_policies_and_sessions(made: Calls) -> None:
    iam = client("iam")
    for role in ROLES:
        found = iam.get_role(RoleName=role.name)["Role"]
        assert found["MaxSessionDuration"] == role.seconds
        attached = {
            each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
        }
        assert attached == {f"{role.name}-{number}" for number in range(1, len(attached) + 1)}
    assert len(iam.list_attached_role_policies(RoleName="estate-deploy")["AttachedPolicies"]) == 4
