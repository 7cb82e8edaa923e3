"""Rows of S3: a bucket, and what is said of it in resources of their own."""

from __future__ import annotations

from collections.abc import Mapping

from local.provider.compare import document, filled
from local.provider.rows.shared import tag_list
from local.provider.table import Autoname, Call, Id, In, Inside, Item, Look, Out, Row, Template, words

NO_LOCATION = "us-east-1"  # the one region that CreateBucket does not want named


def location(region: str) -> str | None:
    """The region as CreateBucket wants it."""
    return None if region == NO_LOCATION else region


BUCKET = Row(
    urn_type="aws:s3/bucket:Bucket",
    service="s3",
    create=(
        Call(
            "create_bucket",
            {
                "Bucket": In("bucket"),
                "CreateBucketConfiguration": {"LocationConstraint": Out("_region", shape=location)},
            },
        ),
    ),
    id="inputs.bucket",
    setters=(
        Call("put_bucket_tagging", {"Bucket": Id(), "Tagging": {"TagSet": In("tags", tag_list)}}),
        Call("delete_bucket_tagging", {"Bucket": Id()}, removed="tags"),
    ),
    read=(
        Look("head_bucket", {"Bucket": Id()}, "{Bucket: BucketRegion}", absent=words("404")),
        Look("get_bucket_tagging", {"Bucket": Id()}, "TagSet", into="tags"),
    ),
    inside=Inside(
        "forceDestroy",
        Look(
            "list_object_versions",
            {"Bucket": Id()},
            "[Versions || `[]`, DeleteMarkers || `[]`][].{Key: Key, VersionId: VersionId}",
        ),
        Call("delete_objects", {"Bucket": Id(), "Delete": {"Objects": Item(), "Quiet": True}}, size=1000),
    ),
    delete=(Call("delete_bucket", {"Bucket": Id()}),),
    outputs={
        "arn": "glue(['arn:aws:s3:::', _id])",
        "bucketDomainName": "glue([_id, '.s3.amazonaws.com'])",
        "bucketRegion": "Bucket",
        "bucketRegionalDomainName": "glue([_id, '.s3.', Bucket, '.amazonaws.com'])",
        "tagsAll": "tag_map(tags)",
    },
    observed={"bucket": "_id", "tags": "tag_map(tags)"},
    force_new=words("bucket"),
    client_side=words("forceDestroy"),
    defaults={"forceDestroy": False},
    autoname=Autoname("bucket", longest=63, lower=True),
)

VERSIONING = Row(
    urn_type="aws:s3/bucketVersioning:BucketVersioning",
    service="s3",
    create=(
        Call(
            "put_bucket_versioning",
            {
                "Bucket": In("bucket"),
                "VersioningConfiguration": {"Status": In("versioningConfiguration.status")},
            },
        ),
    ),
    id="inputs.bucket",
    # Suspended is as far as it can be taken back: a bucket that had versions has them for ever.
    read=(Look("get_bucket_versioning", {"Bucket": Id()}, "Status && Status != 'Suspended' && @"),),
    delete=(Call("put_bucket_versioning", {"Bucket": Id(), "VersioningConfiguration": {"Status": "Suspended"}}),),
    observed={"bucket": "_id", "versioningConfiguration": "{status: Status}"},
    required=words("bucket versioningConfiguration"),
    force_new=words("bucket versioningConfiguration"),
)

ENCRYPTION_RULE: Mapping[str, Template] = {
    "ApplyServerSideEncryptionByDefault": Item(
        "applyServerSideEncryptionByDefault",
        {"SSEAlgorithm": Item("sseAlgorithm"), "KMSMasterKeyID": Item("kmsMasterKeyId")},
    ),
    "BucketKeyEnabled": Item("bucketKeyEnabled"),
}


def of_bucket(operation: str, body: Mapping[str, Template]) -> tuple[Call, Call]:
    """The same call as creation and as change: S3 replaces the whole of what is said."""
    return (
        Call(operation, {"Bucket": In("bucket"), **body}),
        Call(operation, {"Bucket": Id(), **body}, whole=True),
    )


_ENCRYPT = of_bucket(
    "put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": In("rules", ENCRYPTION_RULE)}}
)
ENCRYPTION = Row(
    urn_type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    service="s3",
    create=(_ENCRYPT[0],),
    id="inputs.bucket",
    setters=(_ENCRYPT[1],),
    read=(Look("get_bucket_encryption", {"Bucket": Id()}, "ServerSideEncryptionConfiguration"),),
    delete=(Call("delete_bucket_encryption", {"Bucket": Id()}),),
    observed={
        "bucket": "_id",
        "rules": "Rules[].{applyServerSideEncryptionByDefault: ApplyServerSideEncryptionByDefault"
        " && {sseAlgorithm: ApplyServerSideEncryptionByDefault.SSEAlgorithm,"
        " kmsMasterKeyId: ApplyServerSideEncryptionByDefault.KMSMasterKeyID}, bucketKeyEnabled: BucketKeyEnabled}",
    },
    required=words("bucket rules"),
    force_new=words("bucket"),
    seen_as={"rules": filled},
)

_BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}
_BLOCK = of_bucket(
    "put_public_access_block",
    {"PublicAccessBlockConfiguration": {theirs: In(ours) for ours, theirs in _BLOCKS.items()}},
)
PUBLIC_ACCESS_BLOCK = Row(
    urn_type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    service="s3",
    create=(_BLOCK[0],),
    id="inputs.bucket",
    setters=(_BLOCK[1],),
    read=(Look("get_public_access_block", {"Bucket": Id()}, "PublicAccessBlockConfiguration"),),
    delete=(Call("delete_public_access_block", {"Bucket": Id()}),),
    observed={"bucket": "_id", **_BLOCKS},
    required=words("bucket"),
    force_new=words("bucket"),
    defaults=dict.fromkeys(_BLOCKS, False),
)

_OWN = of_bucket(
    "put_bucket_ownership_controls",
    {"OwnershipControls": {"Rules": [{"ObjectOwnership": In("rule.objectOwnership")}]}},
)
OWNERSHIP = Row(
    urn_type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    service="s3",
    create=(_OWN[0],),
    id="inputs.bucket",
    setters=(_OWN[1],),
    read=(Look("get_bucket_ownership_controls", {"Bucket": Id()}, "OwnershipControls"),),
    delete=(Call("delete_bucket_ownership_controls", {"Bucket": Id()}),),
    observed={"bucket": "_id", "rule": "Rules[0].{objectOwnership: ObjectOwnership}"},
    required=words("bucket rule"),
    force_new=words("bucket"),
)

_ALLOW = of_bucket("put_bucket_policy", {"Policy": In("policy")})
POLICY = Row(
    urn_type="aws:s3/bucketPolicy:BucketPolicy",
    service="s3",
    create=(_ALLOW[0],),
    id="inputs.bucket",
    setters=(_ALLOW[1],),
    read=(Look("get_bucket_policy", {"Bucket": Id()}, "@"),),
    delete=(Call("delete_bucket_policy", {"Bucket": Id()}),),
    observed={"bucket": "_id", "policy": "Policy"},
    required=words("bucket policy"),
    force_new=words("bucket"),
    canonical={"policy": document},
)

OBJECT_RULE: Mapping[str, Template] = {
    "ID": Item("id"),
    "Status": Item("status"),
    "Filter": Item("filter", {"Prefix": Item("prefix")}),
    "Expiration": Item("expiration", {"Days": Item("days")}),
    "NoncurrentVersionExpiration": Item("noncurrentVersionExpiration", {"NoncurrentDays": Item("noncurrentDays")}),
    "AbortIncompleteMultipartUpload": Item(
        "abortIncompleteMultipartUpload", {"DaysAfterInitiation": Item("daysAfterInitiation")}
    ),
    "Transitions": Item("transitions", {"Days": Item("days"), "StorageClass": Item("storageClass")}),
}
_KEEP = of_bucket(
    "put_bucket_lifecycle_configuration",
    {
        "LifecycleConfiguration": {"Rules": In("rules", OBJECT_RULE)},
        "TransitionDefaultMinimumObjectSize": In("transitionDefaultMinimumObjectSize"),
    },
)
LIFECYCLE = Row(
    urn_type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    service="s3",
    create=(_KEEP[0],),
    id="inputs.bucket",
    setters=(_KEEP[1],),
    read=(Look("get_bucket_lifecycle_configuration", {"Bucket": Id()}, "@"),),
    delete=(Call("delete_bucket_lifecycle", {"Bucket": Id()}),),
    observed={
        "bucket": "_id",
        "transitionDefaultMinimumObjectSize": "TransitionDefaultMinimumObjectSize",
        "rules": "Rules[].{id: ID, status: Status, filter: {prefix: Filter.Prefix},"
        " expiration: Expiration && {days: Expiration.Days},"
        " noncurrentVersionExpiration: NoncurrentVersionExpiration"
        " && {noncurrentDays: NoncurrentVersionExpiration.NoncurrentDays},"
        " abortIncompleteMultipartUpload: AbortIncompleteMultipartUpload"
        " && {daysAfterInitiation: AbortIncompleteMultipartUpload.DaysAfterInitiation},"
        " transitions: Transitions[].{days: Days, storageClass: StorageClass}}",
    },
    required=words("bucket rules"),
    force_new=words("bucket"),
    sticky=words("transitionDefaultMinimumObjectSize"),
    seen_as={"rules": filled},
)

COPY_RULE: Mapping[str, Template] = {
    "ID": Item("id"),
    "Priority": Item("priority"),
    "Status": Item("status"),
    "Filter": Item("filter", {"Prefix": Item("prefix")}),
    "DeleteMarkerReplication": Item("deleteMarkerReplication", {"Status": Item("status")}),
    "SourceSelectionCriteria": Item(
        "sourceSelectionCriteria",
        {"SseKmsEncryptedObjects": Item("sseKmsEncryptedObjects", {"Status": Item("status")})},
    ),
    "Destination": Item(
        "destination",
        {
            "Bucket": Item("bucket"),
            "StorageClass": Item("storageClass"),
            "EncryptionConfiguration": Item("encryptionConfiguration", {"ReplicaKmsKeyID": Item("replicaKmsKeyId")}),
        },
    ),
}
_COPY = of_bucket(
    "put_bucket_replication",
    {"ReplicationConfiguration": {"Role": In("role"), "Rules": In("rules", COPY_RULE)}},
)
REPLICATION = Row(
    urn_type="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    service="s3",
    create=(_COPY[0],),
    id="inputs.bucket",
    setters=(_COPY[1],),
    read=(Look("get_bucket_replication", {"Bucket": Id()}, "ReplicationConfiguration"),),
    delete=(Call("delete_bucket_replication", {"Bucket": Id()}),),
    observed={
        "bucket": "_id",
        "role": "Role",
        "rules": "Rules[].{id: ID, priority: Priority, status: Status, filter: {prefix: Filter.Prefix},"
        " deleteMarkerReplication: DeleteMarkerReplication && {status: DeleteMarkerReplication.Status},"
        " sourceSelectionCriteria: SourceSelectionCriteria && {sseKmsEncryptedObjects:"
        " {status: SourceSelectionCriteria.SseKmsEncryptedObjects.Status}},"
        " destination: {bucket: Destination.Bucket, storageClass: Destination.StorageClass,"
        " encryptionConfiguration: Destination.EncryptionConfiguration"
        " && {replicaKmsKeyId: Destination.EncryptionConfiguration.ReplicaKmsKeyID}}}",
    },
    required=words("bucket role rules"),
    force_new=words("bucket"),
    seen_as={"rules": filled},
)

ROWS = (
    BUCKET,
    VERSIONING,
    ENCRYPTION,
    PUBLIC_ACCESS_BLOCK,
    OWNERSHIP,
    POLICY,
    LIFECYCLE,
    REPLICATION,
)
