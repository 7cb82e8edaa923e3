"""The bucket that logical dumps are kept in: one for the estate, a prefix for each service.

Versioned, so that a dump overwritten or deleted can be had back; encrypted with a key of ours; closed to the public, to
plain HTTP and to other keys. Lifecycle rules decide how long a dump is kept, not whoever wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import backup_policies, retention, roles
from infra.config import Service
from infra.containers import Account
from infra.options import child, options, tags
from infra.retention import ObjectRule
from infra.vault import Kept


@dataclass(frozen=True, slots=True)
class Made:
    """A bucket, and what must be there before it is replicated."""

    bucket: aws.s3.Bucket
    versioning: aws.s3.BucketVersioning


@dataclass(frozen=True, slots=True)
class Replica:
    """Where dumps are carried to."""

    region: str
    key_arn: pulumi.Output[str]
    made: Made


@dataclass(frozen=True, slots=True)
class DumpBucketArgs:
    """What the bucket is made from; `services` are those of the stack, dumped or not.

    One that is dumped no more still has dumps, and they go when their time is over.
    """

    kept: Kept
    account: pulumi.Output[Account]
    key_arn: pulumi.Output[str]
    services: tuple[Service, ...]
    replica: Replica | None


class DumpBucket(pulumi.ComponentResource):
    """The bucket of the stack's own region, replicated into the second one."""

    def __init__(self, name: str, args: DumpBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:DumpBucket", name, None, opts)
        self._name, self._args = name, args
        made = make_bucket(self, name, args.kept, args.key_arn, args.services)
        self.arn, self.bucket_name, self.key_arn = made.bucket.arn, made.bucket.bucket, args.key_arn
        if args.replica is not None:
            self._replicate(made, args.replica)
        self.register_outputs({"bucket": self.bucket_name})

    def _replicate(self, made: Made, replica: Replica) -> None:
        args, target = self._args, replica.made.bucket
        role = roles.define(
            self,
            f"{self._name}-replication",
            args.account,
            f"Carries dumps to {replica.region}",
            backup_policies.trust("s3.amazonaws.com"),
            tags(args.kept.stack),
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-replication",
            role=role.name,
            policy=pulumi.Output.all(args.account, made.bucket.arn, args.key_arn, target.arn, replica.key_arn).apply(
                lambda known: backup_policies.replicate(known[0], known[1:3], known[3:5], replica.region)
            ),
            opts=child(self),
        )
        aws.s3.BucketReplicationConfig(
            self._name,
            bucket=made.bucket.bucket,
            role=role.arn,
            rules=[
                aws.s3.BucketReplicationConfigRuleArgs(
                    id="everything",
                    priority=1,
                    status="Enabled",
                    filter=aws.s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
                    # What is deleted here stays there: deletion is what the copy is there against.
                    delete_marker_replication=aws.s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
                        status="Disabled"
                    ),
                    # Objects under a KMS key are replicated only when this says so, and all of ours are.
                    source_selection_criteria=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                        sse_kms_encrypted_objects=aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                            status="Enabled"
                        )
                    ),
                    destination=aws.s3.BucketReplicationConfigRuleDestinationArgs(
                        bucket=target.arn,
                        storage_class="STANDARD_IA",  # read once in a disaster; billed for 30 days at least
                        encryption_configuration=aws.s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                            replica_kms_key_id=replica.key_arn
                        ),
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made.versioning, replica.made.versioning, policy]),
        )


def make_bucket(
    parent: pulumi.Resource,
    name: str,
    kept: Kept,
    key_arn: pulumi.Input[str],
    services: tuple[Service, ...],
    region: str | None = None,
) -> Made:
    """A bucket of dumps with all that is said of it; replicas are not expired by their source, so both have rules."""
    bucket = aws.s3.Bucket(
        name,
        region=region,
        force_destroy=not (kept.protected or kept.kept),
        tags=tags(kept.stack),
        opts=options("dump_bucket", kept.protected, parent, kept=kept.kept),
    )

    def setting(*after: pulumi.Resource) -> pulumi.ResourceOptions:
        extra = pulumi.ResourceOptions(depends_on=list(after))
        return options("kept_setting", kept.protected, parent, extra, kept=kept.kept)

    versioning = aws.s3.BucketVersioning(
        name,
        region=region,
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=setting(),
    )
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=key_arn
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        region=region,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default,
                bucket_key_enabled=True,  # one call to KMS for many parts of an upload, instead of one for each
            )
        ],
        opts=setting(),
    )
    closed = aws.s3.BucketPublicAccessBlock(
        name,
        region=region,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=setting(),
    )
    aws.s3.BucketOwnershipControls(
        name,
        region=region,
        bucket=bucket.bucket,
        # No access control lists: policies alone decide.
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=setting(),
    )
    aws.s3.BucketPolicy(
        name,
        region=region,
        bucket=bucket.bucket,
        policy=pulumi.Output.all(bucket.arn, key_arn).apply(lambda known: backup_policies.bucket(*known)),
        # S3 changes one of the two at a time ("OperationAborted").
        opts=setting(closed),
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        region=region,
        bucket=bucket.bucket,
        rules=[_rule(rule) for service in services for rule in retention.object_rules(service.name, service.backup)],
        transition_default_minimum_object_size=retention.COLD_LEAST_SIZE,
        opts=setting(versioning),
    )
    return Made(bucket, versioning)


def _rule(rule: ObjectRule) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    transition = aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
        days=rule.cold_after_days, storage_class=retention.COLD_CLASS
    )
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=rule.id,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=rule.prefix),
        transitions=[transition] if rule.cold_after_days is not None else None,
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=rule.expire_days),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=retention.NONCURRENT_DAYS
        ),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=retention.ABORT_DAYS
        ),
    )
