"""What the resource types that hold data take: databases, backups, dumps, secrets, keys. Pure."""

from __future__ import annotations

from ops.bootstrap.permission_rows import row
from ops.bootstrap.scopes import (
    ALIASES,
    BUCKETS,
    BUCKETS_READ,
    DATABASES,
    LINKED,
    MAKE,
    OURS,
    PASS,
    READ,
    REGIONAL,
    RESTORE_TESTS,
    SECRETS,
)

# What AWS does with a key in the caller's name while it makes something that is encrypted with it.
_USE_KEY = "CreateGrant Decrypt DescribeKey GenerateDataKey GenerateDataKeyWithoutPlaintext"
_RDS_TAGS = "AddTagsToResource RemoveTagsFromResource"

DATA = (
    row(
        "aws:rds/instance:Instance",
        # RDS looks at the network in the caller's name.
        ec2={
            READ: "DescribeAccountAttributes DescribeAvailabilityZones DescribeInternetGateways DescribeSecurityGroups"
            " DescribeSubnets DescribeVpcAttribute DescribeVpcs"
        },
        iam={LINKED: "CreateServiceLinkedRole", PASS: "PassRole"},
        kms={OURS: _USE_KEY},
        rds={
            READ: "DescribeDBInstances DescribeDBInstanceAutomatedBackups DescribeDBParameterGroups"
            " DescribeDBEngineVersions DescribeDBSnapshots DescribeEvents ListTagsForResource",
            DATABASES: f"CreateDBInstance CreateDBInstanceReadReplica CreateDBSnapshot DeleteDBInstance"
            f" ModifyDBInstance PromoteReadReplica RebootDBInstance {_RDS_TAGS}",
        },
    ),
    row(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        kms={OURS: _USE_KEY},
        rds={
            READ: "DescribeDBInstanceAutomatedBackups DescribeDBInstances",
            DATABASES: "StartDBInstanceAutomatedBackupsReplication StopDBInstanceAutomatedBackupsReplication",
        },
    ),
    row(
        "aws:rds/parameterGroup:ParameterGroup",
        rds={
            READ: "DescribeDBParameterGroups DescribeDBParameters DescribeEngineDefaultParameters ListTagsForResource",
            MAKE: "AddTagsToResource CreateDBParameterGroup",
            OURS: f"DeleteDBParameterGroup ModifyDBParameterGroup ResetDBParameterGroup {_RDS_TAGS}",
        },
    ),
    row(
        "aws:rds/subnetGroup:SubnetGroup",
        ec2={READ: "DescribeAvailabilityZones DescribeSubnets DescribeVpcs"},
        iam={LINKED: "CreateServiceLinkedRole"},
        rds={
            READ: "DescribeDBSubnetGroups ListTagsForResource",
            MAKE: "AddTagsToResource CreateDBSubnetGroup",
            OURS: f"DeleteDBSubnetGroup ModifyDBSubnetGroup {_RDS_TAGS}",
        },
    ),
    row(
        "aws:rds/eventSubscription:EventSubscription",
        rds={
            READ: "DescribeEventSubscriptions ListTagsForResource",
            MAKE: "AddTagsToResource CreateEventSubscription",
            OURS: "AddSourceIdentifierToSubscription DeleteEventSubscription ModifyEventSubscription"
            f" RemoveSourceIdentifierFromSubscription {_RDS_TAGS}",
        },
    ),
    row(
        "aws:backup/vault:Vault",
        backup={
            READ: "DescribeBackupVault ListTags",
            MAKE: "CreateBackupVault TagResource",
            OURS: "DeleteBackupVault TagResource UntagResource",
        },
        backup_storage={REGIONAL: "MountCapsule"},
        kms={OURS: "CreateGrant Decrypt DescribeKey GenerateDataKey RetireGrant"},
    ),
    row(
        "aws:backup/vaultPolicy:VaultPolicy",
        backup={
            READ: "GetBackupVaultAccessPolicy",
            OURS: "DeleteBackupVaultAccessPolicy PutBackupVaultAccessPolicy",
        },
    ),
    row(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        backup={
            READ: "DescribeBackupVault",
            OURS: "DeleteBackupVaultLockConfiguration PutBackupVaultLockConfiguration",
        },
    ),
    row(
        "aws:backup/plan:Plan",
        backup={
            READ: "GetBackupPlan ListTags",
            MAKE: "CreateBackupPlan TagResource",
            OURS: "DeleteBackupPlan TagResource UntagResource UpdateBackupPlan",
        },
    ),
    row(
        "aws:backup/selection:Selection",
        backup={READ: "GetBackupSelection", OURS: "CreateBackupSelection DeleteBackupSelection"},
        iam={LINKED: "CreateServiceLinkedRole", PASS: "PassRole", READ: "GetRole"},
    ),
    row(
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        backup={
            READ: "GetRestoreTestingPlan ListTags",
            RESTORE_TESTS: "CreateRestoreTestingPlan DeleteRestoreTestingPlan TagResource UntagResource"
            " UpdateRestoreTestingPlan",
        },
        iam={LINKED: "CreateServiceLinkedRole"},
    ),
    row(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        backup={
            READ: "GetRestoreTestingSelection",
            RESTORE_TESTS: "CreateRestoreTestingSelection DeleteRestoreTestingSelection UpdateRestoreTestingSelection",
        },
        iam={PASS: "PassRole"},
    ),
    row(
        "aws:s3/bucket:Bucket",
        # The provider reads every side of a bucket that it knows, declared or not.
        s3={
            BUCKETS_READ: "GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLogging"
            " GetBucketObjectLockConfiguration GetBucketPolicy GetBucketRequestPayment GetBucketTagging"
            " GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration"
            " GetReplicationConfiguration ListBucket ListTagsForResource",
            BUCKETS: "CreateBucket DeleteBucket PutBucketTagging TagResource UntagResource",
        },
    ),
    row(
        "aws:s3/bucketPolicy:BucketPolicy",
        s3={BUCKETS_READ: "GetBucketPolicy", BUCKETS: "DeleteBucketPolicy PutBucketPolicy"},
    ),
    row(
        "aws:s3/bucketVersioning:BucketVersioning",
        s3={BUCKETS_READ: "GetBucketVersioning", BUCKETS: "PutBucketVersioning"},
    ),
    row(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        s3={BUCKETS_READ: "GetBucketPublicAccessBlock", BUCKETS: "PutBucketPublicAccessBlock"},
    ),
    row(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        s3={BUCKETS_READ: "GetBucketOwnershipControls", BUCKETS: "PutBucketOwnershipControls"},
    ),
    row(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        s3={BUCKETS_READ: "GetEncryptionConfiguration", BUCKETS: "PutEncryptionConfiguration"},
    ),
    row(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        s3={BUCKETS_READ: "GetLifecycleConfiguration", BUCKETS: "PutLifecycleConfiguration"},
    ),
    row(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        iam={PASS: "PassRole"},
        s3={BUCKETS_READ: "GetReplicationConfiguration", BUCKETS: "PutReplicationConfiguration"},
    ),
    row(
        "aws:secretsmanager/secret:Secret",
        kms={OURS: "Decrypt GenerateDataKey"},
        secretsmanager={
            READ: "DescribeSecret GetResourcePolicy",
            MAKE: "CreateSecret TagResource",
            OURS: "DeleteSecret TagResource UntagResource UpdateSecret",
        },
    ),
    row(
        "aws:secretsmanager/secretVersion:SecretVersion",
        kms={SECRETS: "Decrypt", OURS: "Decrypt GenerateDataKey"},
        secretsmanager={
            READ: "ListSecretVersionIds",
            SECRETS: "GetSecretValue",
            OURS: "PutSecretValue UpdateSecretVersionStage",
        },
    ),
    row(
        "aws:kms/key:Key",
        kms={
            READ: "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
            MAKE: "CreateKey TagResource",
            OURS: "DisableKeyRotation EnableKeyRotation PutKeyPolicy ScheduleKeyDeletion TagResource"
            " UntagResource UpdateKeyDescription",
        },
    ),
    row(
        "aws:kms/alias:Alias",
        # An alias takes the right to itself and to the key that it leads to.
        kms={
            READ: "DescribeKey ListAliases",
            ALIASES: "CreateAlias DeleteAlias UpdateAlias",
            OURS: "CreateAlias DeleteAlias UpdateAlias",
        },
    ),
)
