"""The cases of AWS Backup, replicated backups and S3."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases, Inputs
from tests.unit.provider.conftest import World, trust

ELSEWHERE = "us-west-2"
INSTANCE = "arn:aws:rds:us-east-1:123456789012:db:estate-test-platform"


def vault(w: World, n: int = 0) -> Any:
    return w._once(f"vault-{n}", "aws:backup/vault:Vault")


def role(w: World) -> str:
    made = w._once("backup-role", "aws:iam/role:Role", assumeRolePolicy=trust("backup.amazonaws.com"))
    return str(made.state["arn"])


def plan(w: World) -> str:
    rules = [{"ruleName": "daily", "targetVaultName": vault(w).id, "schedule": "cron(0 5 * * ? *)"}]
    return str(w._once("backup-plan", "aws:backup/plan:Plan", rules=rules).id)


def test_plan(w: World) -> str:
    made = w._once("test-plan", "aws:backup/restoreTestingPlan:RestoreTestingPlan", name="world_tests", **testing(w, 7))
    return str(made.id)


def bucket(w: World, name: str, region: str | None = None) -> Any:
    return w._once(f"bucket-{name}", "aws:s3/bucket:Bucket", **({"region": region} if region else {}))


def versioned(w: World, name: str, region: str | None = None) -> str:
    made = bucket(w, name, region)
    where = {"region": region} if region else {}
    status = {"status": "Enabled"}
    versioning = "aws:s3/bucketVersioning:BucketVersioning"
    w._once(f"versions-{name}", versioning, bucket=made.id, versioningConfiguration=status, **where)
    return str(made.state["arn"])


def source(w: World) -> str:
    """An instance with backups in another region."""
    made = w._once(
        "backup-source",
        "aws:rds/instance:Instance",
        identifier="estate-backup-source",
        engine="postgres",
        engineVersion="16",
        instanceClass="db.t4g.medium",
        allocatedStorage=20,
        username="estate_admin",
        password="correct-horse",
        backupRetentionPeriod=7,
        skipFinalSnapshot=True,
        region=ELSEWHERE,
    )
    return str(made.state["arn"])


def rules(w: World, weeks: int) -> list[Inputs]:
    return [
        {
            "ruleName": name,
            "targetVaultName": vault(w).id,
            "schedule": schedule,
            "startWindow": 60,
            "completionWindow": 480,
            "lifecycle": {"deleteAfter": days},
            "recoveryPointTags": TAGS,
            "copyActions": [{"destinationVaultArn": vault(w, 1).state["arn"], "lifecycle": {"deleteAfter": days}}],
        }
        for name, schedule, days in (
            ("weekly", "cron(0 5 ? * SAT *)", weeks * 7),
            ("monthly", "cron(0 7 1 * ? *)", 372),
        )
    ]


def testing(w: World, days: int) -> Inputs:
    return {
        "scheduleExpression": "cron(0 5 ? * SUN *)",
        "startWindowHours": 8,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [vault(w).state["arn"]],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": days,
        },
    }


def denies(action: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def plaintext_denied(w: World, version: str) -> str:
    arn = bucket(w, "policies").state["arn"]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"NumericLessThan": {"s3:TlsVersion": version}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def object_rule(days: int) -> list[Inputs]:
    return [
        {
            "id": "platform-daily",
            "status": "Enabled",
            "filter": {"prefix": "daily/platform/"},
            "expiration": {"days": days},
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 2},
        },
        {
            "id": "platform-monthly",
            "status": "Enabled",
            "filter": {"prefix": "monthly/platform/"},
            "transitions": [{"days": 30, "storageClass": "GLACIER"}],
            "expiration": {"days": 372},
        },
    ]


def replication_rule(w: World, storage: str) -> list[Inputs]:
    return [
        {
            "id": "everything",
            "priority": 1,
            "status": "Enabled",
            "filter": {"prefix": ""},
            "deleteMarkerReplication": {"status": "Disabled"},
            "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
            "destination": {
                "bucket": versioned(w, "replicas", ELSEWHERE),
                "storageClass": storage,
                "encryptionConfiguration": {"replicaKmsKeyId": w.key(1)},
            },
        }
    ]


def replicated(w: World) -> Inputs:
    versioned(w, "sources")
    return {"bucket": bucket(w, "sources").id, "role": role(w)}


def encrypted(w: World, key: int) -> list[Inputs]:
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": w.key(key)}
    return [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}]


BLOCKED = {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True}

CASES: Cases = {
    "aws:backup/vault:Vault": lambda w: (
        {"kmsKeyArn": w.key(0), "forceDestroy": True, "tags": TAGS},
        {"tags": OTHER_TAGS},
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": lambda w: (
        {"backupVaultName": vault(w, 2).id, "minRetentionDays": 28, "maxRetentionDays": 372},
        {},
    ),
    "aws:backup/vaultPolicy:VaultPolicy": lambda w: (
        {"backupVaultName": vault(w, 3).id, "policy": denies("backup:DeleteRecoveryPoint")},
        {"policy": denies("backup:UpdateRecoveryPointLifecycle")},
    ),
    "aws:backup/plan:Plan": lambda w: (
        {"rules": rules(w, 4), "tags": TAGS},
        {"rules": rules(w, 8), "tags": OTHER_TAGS},
    ),
    "aws:backup/selection:Selection": lambda w: (
        {"planId": plan(w), "iamRoleArn": role(w), "resources": [INSTANCE]},
        {},
    ),
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": lambda w: (
        {"name": "case_tests", **testing(w, 14), "tags": TAGS},
        {"recoveryPointSelection": testing(w, 28)["recoveryPointSelection"], "tags": OTHER_TAGS},
    ),
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": lambda w: (
        {
            "name": "case_selection",
            "restoreTestingPlanName": test_plan(w),
            "protectedResourceType": "RDS",
            "protectedResourceArns": [INSTANCE],
            "iamRoleArn": role(w),
            "restoreMetadataOverrides": {"dbSubnetGroupName": "subnets", "vpcSecurityGroupIds": '["sg-1"]'},
            "validationWindowHours": 1,
        },
        {"restoreMetadataOverrides": {"dbSubnetGroupName": "other", "vpcSecurityGroupIds": '["sg-2"]'}},
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": lambda w: (
        {"sourceDbInstanceArn": source(w), "kmsKeyId": w.key(0), "retentionPeriod": 14},
        {},
    ),
    "aws:s3/bucket:Bucket": lambda w: ({"forceDestroy": True, "tags": TAGS}, {"tags": OTHER_TAGS}),
    "aws:s3/bucketVersioning:BucketVersioning": lambda w: (
        {"bucket": bucket(w, "versions").id, "versioningConfiguration": {"status": "Enabled"}},
        {},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": lambda w: (
        {"bucket": bucket(w, "encryption").id, "rules": encrypted(w, 0)},
        {"rules": encrypted(w, 1)},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": lambda w: (
        {"bucket": bucket(w, "access").id, **BLOCKED},
        {"restrictPublicBuckets": False},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": lambda w: (
        {"bucket": bucket(w, "owners").id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": lambda w: (
        {"bucket": bucket(w, "policies").id, "policy": plaintext_denied(w, "1.2")},
        {"policy": plaintext_denied(w, "1.3")},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lambda w: (
        {
            "bucket": bucket(w, "lifecycle").id,
            "rules": object_rule(30),
            "transitionDefaultMinimumObjectSize": "all_storage_classes_128K",
        },
        {"rules": object_rule(14)},
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": lambda w: (
        {**replicated(w), "rules": replication_rule(w, "STANDARD_IA")},
        {"rules": replication_rule(w, "STANDARD")},
    ),
}
