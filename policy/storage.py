"""Policies over what is kept outside the databases: keys, secrets, logs, messages, buckets, vaults. Pure tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policy.core import NOT_LOCAL, PRODUCTION, Finding, Graph, Policy, Resource, at
from policy.documents import denied_without
from policy.judge import (
    BUCKET,
    KEY,
    LOG_GROUP,
    QUEUE,
    SECRET_TYPE,
    TOPIC,
    VAULT,
    both,
    completed_by,
    given,
    is_true,
    only,
    over,
    rows,
    setting,
)

LEAST_LOG_DAYS = 90
"""What production's profile keeps (infra/profiles.py): an incident may be reported late."""

LEAST_KEY_DAYS = 30
"""The longest that KMS waits before it deletes a key, and its default: all that the key encrypted goes with it."""

LEAST_SECRET_DAYS = 7
"""The least that Secrets Manager offers but none at all."""

REPLICATED = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
DEFAULT = "applyServerSideEncryptionByDefault"
ENDS = ("expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUpload")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _is(kind: str) -> Callable[[Resource], bool]:
    return lambda resource: resource.type == kind


def _symmetric(key: Resource) -> bool:
    return key.get("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT")


def _kms(rules: Any) -> bool:
    """Whether the default encryption is KMS with a key of the estate's own; the key itself may be unknown yet."""
    return any(
        at(rule, f"{DEFAULT}.sseAlgorithm") in ("aws:kms", "aws:kms:dsse")
        and at(rule, f"{DEFAULT}.kmsMasterKeyId") not in (None, "")
        for rule in rows(rules)
    )


def _ends(rules: Any) -> bool:
    """Whether every rule that is on ends objects, old versions and unfinished uploads."""
    on = [rule for rule in rows(rules) if rule.get("status") == "Enabled"]
    return bool(on) and all(rule.get(end) for rule in on for end in ENDS)


def _blocked(graph: Graph, bucket: Resource) -> Iterator[Finding]:
    for block in BLOCKS:
        yield from completed_by(PUBLIC_ACCESS, "bucket", block, is_true, f"{block} is not set")(graph, bucket)


POLICIES: tuple[Policy, ...] = (
    Policy(
        "key-rotation",
        "what one key ever encrypted is what its loss would open; a new one each year keeps that small",
        "set enable_key_rotation: True",
        ("CKV_AWS_7", "KMS.4", "cmk-backing-key-rotation-enabled"),
        types=(KEY,),
        each=only(_symmetric, setting("enableKeyRotation", is_true, "it is never rotated", False)),
    ),
    Policy(
        "key-deletion-window",
        "within the window everything that the key encrypted can be had back",
        f"set deletion_window_in_days: {LEAST_KEY_DAYS}",
        ("KMS.3",),
        types=(KEY,),
        each=setting(
            "deletionWindowInDays",
            lambda days: days >= LEAST_KEY_DAYS,
            f"it is gone {{value}} days after its deletion, {LEAST_KEY_DAYS} are offered",
            30,
        ),
    ),
    Policy(
        "logs-encrypted",
        "logs of a database hold statements, and statements hold data",
        "set kms_key_id",
        ("CKV_AWS_158", "cloudwatch-log-group-encrypted"),
        types=(LOG_GROUP,),
        each=given("kmsKeyId", "it is encrypted with the key that AWS keeps, not with the estate's"),
    ),
    Policy(
        "logs-end",
        "a log group without a retention grows, and costs, for ever",
        "set retention_in_days",
        ("CKV_AWS_66", "CloudWatch.16", "cw-loggroup-retention-period-check"),
        types=(LOG_GROUP,),
        each=setting("retentionInDays", lambda days: days > 0, "it is kept for ever", 0),
    ),
    Policy(
        "logs-for-a-quarter",
        "an incident that is reported late must still be in the logs",
        f"set monitoring.log_days and network.flow_log_days to {LEAST_LOG_DAYS} or more",
        ("CKV_AWS_338", "CloudWatch.16", "cw-loggroup-retention-period-check"),
        PRODUCTION,
        (LOG_GROUP,),
        only(
            lambda group: group.get("retentionInDays", 0) != 0,
            setting(
                "retentionInDays",
                lambda days: days >= LEAST_LOG_DAYS,
                f"it is kept {{value}} days, {LEAST_LOG_DAYS} are asked for",
            ),
        ),
    ),
    Policy(
        "messages-encrypted",
        "an alarm says what is broken, and a dead letter holds what could not be delivered",
        "set kms_master_key_id",
        ("CKV_AWS_26", "CKV_AWS_27", "SNS.1", "SQS.1", "sns-encrypted-kms"),
        types=(TOPIC, QUEUE),
        each=given("kmsMasterKeyId", "it is not encrypted with a key of the estate's"),
    ),
    Policy(
        "secrets-encrypted",
        "who may read a password is decided by the key's policy, too",
        "set kms_key_id",
        ("CKV_AWS_149", "secretsmanager-using-cmk"),
        types=(SECRET_TYPE,),
        each=given("kmsKeyId", "it is encrypted with the key that AWS keeps, not with the estate's"),
    ),
    Policy(
        "secrets-recoverable",
        "a deleted password can be had back within the window; without one everybody is locked out at once",
        f"set recovery_window_in_days to {LEAST_SECRET_DAYS} or more",
        ("DeleteSecret",),
        PRODUCTION,
        (SECRET_TYPE,),
        setting(
            "recoveryWindowInDays",
            lambda days: days >= LEAST_SECRET_DAYS,
            f"it is gone {{value}} days after its deletion, {LEAST_SECRET_DAYS} are asked for",
            30,
        ),
    ),
    Policy(
        "backups-encrypted",
        "a copy in another region or vault is as readable as its key is",
        "give the vault, and each replication of backups, a key of the estate's",
        ("CKV_AWS_166", "CKV_AWS_245", "Backup.1"),
        types=(VAULT, REPLICATED),
        each=both(
            only(_is(VAULT), given("kmsKeyArn", "it is encrypted with the key that AWS keeps, not with the estate's")),
            only(_is(REPLICATED), given("kmsKeyId", "backups arrive encrypted with a key that is not the estate's")),
        ),
    ),
    Policy(
        "bucket-encrypted",
        "whoever may read the bucket must also be allowed to use the key",
        "set the bucket's default encryption to aws:kms with a key of the estate's",
        ("CKV_AWS_145", "S3.17", "s3-default-encryption-kms"),
        whole=over(
            BUCKET,
            completed_by(ENCRYPTION, "bucket", "rules", _kms, "its default encryption uses no key of the estate's"),
        ),
    ),
    Policy(
        "bucket-private",
        "one line in a policy makes a bucket public; the block says no to that line",
        "block public ACLs and policies, all four settings",
        ("CKV2_AWS_6", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "S3.8"),
        whole=over(BUCKET, _blocked),
    ),
    Policy(
        "bucket-without-acls",
        "an object that another account owns in this bucket cannot be read by its owner",
        "set object ownership to BucketOwnerEnforced",
        ("CKV2_AWS_65", "S3.12", "s3-bucket-acl-prohibited"),
        whole=over(
            BUCKET,
            completed_by(
                OWNERSHIP,
                "bucket",
                "rule.objectOwnership",
                lambda value: value == "BucketOwnerEnforced",
                "access control lists still count in it",
            ),
        ),
    ),
    Policy(
        "bucket-versioned",
        "a dump that is overwritten or deleted by mistake must come back",
        "switch versioning on",
        ("CKV_AWS_21", "S3.14", "s3-bucket-versioning-enabled"),
        whole=over(
            BUCKET,
            completed_by(
                VERSIONING,
                "bucket",
                "versioningConfiguration.status",
                lambda value: value == "Enabled",
                "what is overwritten or deleted in it is gone",
            ),
        ),
    ),
    Policy(
        "bucket-lifecycle",
        "dumps, old versions and unfinished uploads that nothing ends are paid for, and may be read, for ever",
        "give each prefix a rule that ends objects, old versions and unfinished uploads",
        ("CKV2_AWS_61", "CKV_AWS_300", "S3.13", "s3-lifecycle-policy-check"),
        whole=over(
            BUCKET,
            completed_by(LIFECYCLE, "bucket", "rules", _ends, "some of what is put in it is never deleted"),
        ),
    ),
    Policy(
        "bucket-tls",
        "S3 also answers without TLS, unless the bucket says no",
        "deny all requests with aws:SecureTransport false",
        ("CKV_AWS_379", "S3.5", "s3-bucket-ssl-requests-only"),
        NOT_LOCAL,
        whole=over(
            BUCKET,
            completed_by(
                BUCKET_POLICY, "bucket", "policy", denied_without("aws:SecureTransport"), "it can be read without TLS"
            ),
        ),
    ),
)
