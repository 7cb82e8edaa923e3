"""The bucket of Pulumi's state: versioned, locked, encrypted with its key, closed."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from ops.bootstrap.differences import (
    Context,
    Difference,
    document_change,
    found_or_none,
    normal,
    tag_list,
    tag_map,
)
from ops.bootstrap.documents import text
from ops.bootstrap.names import TAGS, Facts
from ops.bootstrap.state_documents import KEPT_DAYS, RETENTION_DAYS, bucket_lifecycle, bucket_policy
from ops.console import NOTHING
from ops.errors import OperatorError

WHAT = "state bucket"
CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
# Governance, not compliance: a secret that must leave the state at once can be taken out by whoever may bypass it.
LOCK = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": RETENTION_DAYS}},
}


def differences(context: Context) -> list[Difference]:
    """What the bucket lacks."""
    s3, facts = context.clients.get("s3"), context.facts
    name, owner = facts.bucket, facts.account
    if not _is_there(s3, facts):
        wanted = f"made: versions locked for {RETENTION_DAYS} days, encrypted, closed"
        return [Difference(WHAT, name, "bucket", NOTHING, wanted, lambda: _make(s3, facts))]
    own = {"Bucket": name, "ExpectedBucketOwner": owner}
    rows: list[Difference] = []

    def row(part: str, found: str, wanted: str, mend: Any) -> None:
        rows.append(Difference(WHAT, name, part, found, wanted, mend))

    answer = found_or_none(s3.get_bucket_tagging, "NoSuchTagSet", **own)
    tags = tag_map(answer["TagSet"]) if answer else {}
    if not context.owned(WHAT, name, tags):
        row(
            "tags",
            "not ours",
            "ours",
            lambda: s3.put_bucket_tagging(**own, Tagging={"TagSet": tag_list({**tags, **TAGS})}),
        )
    status = s3.get_bucket_versioning(**own).get("Status", "off")
    if status != "Enabled":
        row(
            "versioning",
            status,
            "Enabled",
            lambda: s3.put_bucket_versioning(**own, VersioningConfiguration={"Status": "Enabled"}),
        )
    answer = found_or_none(s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError", **own)
    kept = answer["ObjectLockConfiguration"].get("Rule", {}).get("DefaultRetention", {}) if answer else {}
    if (kept.get("Mode"), kept.get("Days"), kept.get("Years") or None) != ("GOVERNANCE", RETENTION_DAYS, None):
        row(
            "lock",
            " ".join(str(item) for item in kept.values()) or "off",
            f"GOVERNANCE {RETENTION_DAYS} days",
            lambda: s3.put_object_lock_configuration(**own, ObjectLockConfiguration=LOCK),
        )
    rows += _closed(s3, facts, own) + _encrypted(s3, facts, own) + _lifecycle(s3, facts, own)
    answer = found_or_none(s3.get_bucket_policy, "NoSuchBucketPolicy", **own)
    policy = bucket_policy(facts)
    change = document_change(answer["Policy"] if answer else None, policy)
    if change:
        row("policy", *change, lambda: s3.put_bucket_policy(**own, Policy=text(policy)))
    return rows


def _is_there(s3: Any, facts: Facts) -> bool:
    """Whether the bucket exists in this account; OperatorError where it is another's, or elsewhere."""
    try:
        s3.head_bucket(Bucket=facts.bucket, ExpectedBucketOwner=facts.account)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchBucket"):
            return False
        if code in ("301", "PermanentRedirect", "400"):
            raise OperatorError(
                f"the bucket {facts.bucket} is in another region than {facts.region}", "pass its --region"
            ) from error
        if code in ("403", "AccessDenied"):
            raise OperatorError(
                f"the bucket {facts.bucket} exists, and these credentials may not look at it: it belongs to another"
                f" account than {facts.account}, or you are no administrator of this one",
                "check `aws sts get-caller-identity`; a bucket of another account cannot be taken over",
            ) from error
        raise
    return True


def _make(s3: Any, facts: Facts) -> None:
    place: dict[str, Any] = {"Tags": tag_list(TAGS)}
    if facts.region != "us-east-1":  # the one region that is never named
        place["LocationConstraint"] = facts.region
    try:
        s3.create_bucket(
            Bucket=facts.bucket,
            CreateBucketConfiguration=place,
            ObjectLockEnabledForBucket=True,
            ObjectOwnership="BucketOwnerEnforced",
        )
        # Said again for an S3 that overlooks tags while it makes a bucket: without one it would be somebody else's.
        s3.put_bucket_tagging(Bucket=facts.bucket, Tagging={"TagSet": tag_list(TAGS)})
    except ClientError as error:
        if error.response["Error"]["Code"] == "BucketAlreadyExists":
            raise OperatorError(
                f"the bucket's name {facts.bucket} is taken by another account; nothing of it was changed",
                "names of buckets are the world's: ask AWS Support whose it is, or use another --region",
            ) from error
        raise


def _closed(s3: Any, facts: Facts, own: dict[str, Any]) -> list[Difference]:
    rows = []
    answer = found_or_none(s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration", **own)
    block = answer["PublicAccessBlockConfiguration"] if answer else {}
    if block != CLOSED:
        found = ", ".join(sorted(name for name in CLOSED if not block.get(name))) + " off" if block else "off"
        rows.append(
            Difference(
                WHAT,
                facts.bucket,
                "public access block",
                found,
                "all on",
                lambda: s3.put_public_access_block(**own, PublicAccessBlockConfiguration=CLOSED),
            )
        )
    answer = found_or_none(s3.get_bucket_ownership_controls, "OwnershipControlsNotFoundError", **own)
    rules = answer["OwnershipControls"]["Rules"] if answer else []
    wanted = [{"ObjectOwnership": "BucketOwnerEnforced"}]
    if rules != wanted:
        rows.append(
            Difference(
                WHAT,
                facts.bucket,
                "ownership",
                ", ".join(rule["ObjectOwnership"] for rule in rules) or NOTHING,
                "BucketOwnerEnforced",
                lambda: s3.put_bucket_ownership_controls(**own, OwnershipControls={"Rules": wanted}),
            )
        )
    return rows


def _encrypted(s3: Any, facts: Facts, own: dict[str, Any]) -> list[Difference]:
    answer = found_or_none(s3.get_bucket_encryption, "ServerSideEncryptionConfigurationNotFoundError", **own)
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"] if answer else []
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": facts.key_arn}
    rule = rules[0] if rules else {}
    found = rule.get("ApplyServerSideEncryptionByDefault", {})
    if len(rules) == 1 and found == by_default and rule.get("BucketKeyEnabled") is True:
        return []
    # A bucket key spares a call of KMS for each object: the state's are read and written by the dozen.
    wanted = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]}
    told = [str(item) for item in found.values()] + (["no bucket key"] if not rule.get("BucketKeyEnabled") else [])
    return [
        Difference(
            WHAT,
            facts.bucket,
            "encryption",
            " ".join(told) if found else NOTHING,
            f"aws:kms {facts.key_arn}, with a bucket key",
            lambda: s3.put_bucket_encryption(**own, ServerSideEncryptionConfiguration=wanted),
        )
    ]


def _lifecycle(s3: Any, facts: Facts, own: dict[str, Any]) -> list[Difference]:
    answer = found_or_none(s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration", **own)
    rules = answer["Rules"] if answer else []
    wanted = bucket_lifecycle()
    if normal(rules) == normal(wanted):
        return []
    return [
        Difference(
            WHAT,
            facts.bucket,
            "lifecycle",
            ", ".join(rule.get("ID", "a rule") for rule in rules) or NOTHING,
            f"old versions end after {KEPT_DAYS} days",
            lambda: s3.put_bucket_lifecycle_configuration(**own, LifecycleConfiguration={"Rules": wanted}),
        )
    ]
