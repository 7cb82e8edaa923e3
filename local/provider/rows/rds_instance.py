"""The row of a database instance: new, replica, restored from a snapshot or to a point in time."""

from __future__ import annotations

from local.provider.compare import prefix, reference, unordered
from local.provider.rows.rds_tags import TAGS, TAGS_LOOK
from local.provider.rows.shared import tag_list
from local.provider.table import (
    Added,
    Autoname,
    Call,
    Id,
    In,
    Look,
    Out,
    Poll,
    Removed,
    Row,
    Template,
    words,
)

# What every way of making an instance takes, and a later change too, under the same names.
LASTING: dict[str, Template] = {
    "DBInstanceClass": In("instanceClass"),
    "DBSubnetGroupName": In("dbSubnetGroupName"),
    "VpcSecurityGroupIds": In("vpcSecurityGroupIds"),
    "DBParameterGroupName": In("parameterGroupName"),
    "OptionGroupName": In("optionGroupName"),
    "MultiAZ": In("multiAz"),
    "PubliclyAccessible": In("publiclyAccessible"),
    "AutoMinorVersionUpgrade": In("autoMinorVersionUpgrade"),
    "StorageType": In("storageType"),
    "Iops": In("iops"),
    "StorageThroughput": In("storageThroughput"),
    "CopyTagsToSnapshot": In("copyTagsToSnapshot"),
    "DeletionProtection": In("deletionProtection"),
    "CACertificateIdentifier": In("caCertIdentifier"),
    "NetworkType": In("networkType"),
    "DedicatedLogVolume": In("dedicatedLogVolume"),
    "EnableIAMDatabaseAuthentication": In("iamDatabaseAuthenticationEnabled"),
}
# What a replica takes beside that.
REPLICATED: dict[str, Template] = {
    **LASTING,
    "AllocatedStorage": In("allocatedStorage"),
    "MaxAllocatedStorage": In("maxAllocatedStorage"),
    "MonitoringInterval": In("monitoringInterval"),
    "MonitoringRoleArn": In("monitoringRoleArn"),
    "EnablePerformanceInsights": In("performanceInsightsEnabled"),
    "PerformanceInsightsKMSKeyId": In("performanceInsightsKmsKeyId"),
    "PerformanceInsightsRetentionPeriod": In("performanceInsightsRetentionPeriod"),
    "DatabaseInsightsMode": In("databaseInsightsMode"),
}
# What belongs to a database of its own, and what a replica gets by a later change.
OWN: dict[str, Template] = {
    **REPLICATED,
    "EngineVersion": In("engineVersion"),
    "BackupRetentionPeriod": In("backupRetentionPeriod"),
    "PreferredBackupWindow": In("backupWindow"),
    "PreferredMaintenanceWindow": In("maintenanceWindow"),
    "MasterUserPassword": In("password"),
    "ManageMasterUserPassword": In("manageMasterUserPassword"),
    "MasterUserSecretKmsKeyId": In("masterUserSecretKmsKeyId"),
    "LicenseModel": In("licenseModel"),
}
# What can only be said when an instance is made.
BIRTH: dict[str, Template] = {
    "AvailabilityZone": In("availabilityZone"),
    "Port": In("port"),
    "Tags": In("tags", tag_list),
    "EnableCloudwatchLogsExports": In("enabledCloudwatchLogsExports"),
}
NEW = Call(
    "create_db_instance",
    {
        "DBInstanceIdentifier": In("identifier"),
        "Engine": In("engine"),
        "DBName": In("dbName"),
        "MasterUsername": In("username"),
        "AllocatedStorage": In("allocatedStorage"),
        "StorageEncrypted": In("storageEncrypted"),
        "KmsKeyId": In("kmsKeyId"),
        "EngineLifecycleSupport": In("engineLifecycleSupport"),
        **BIRTH,
        **OWN,
    },
)
REPLICA = Call(
    "create_db_instance_read_replica",
    {
        "DBInstanceIdentifier": In("identifier"),
        "SourceDBInstanceIdentifier": In("replicateSourceDb"),
        "ReplicaMode": In("replicaMode"),
        "KmsKeyId": In("kmsKeyId"),
        **BIRTH,
        **REPLICATED,
    },
    given="replicateSourceDb",
)
RESTORED: dict[str, Template] = {
    "Engine": In("engine"),
    "DBName": In("dbName"),
    "EngineLifecycleSupport": In("engineLifecycleSupport"),
    **BIRTH,
    **LASTING,
}
FROM_SNAPSHOT = Call(
    "restore_db_instance_from_db_snapshot",
    {
        "DBInstanceIdentifier": In("identifier"),
        "DBSnapshotIdentifier": In("snapshotIdentifier"),
        **RESTORED,
    },
    given="snapshotIdentifier",
)
TO_POINT_IN_TIME = Call(
    "restore_db_instance_to_point_in_time",
    {
        "TargetDBInstanceIdentifier": In("identifier"),
        "SourceDBInstanceIdentifier": In("restoreToPointInTime.sourceDbInstanceIdentifier"),
        "SourceDbiResourceId": In("restoreToPointInTime.sourceDbiResourceId"),
        "SourceDBInstanceAutomatedBackupsArn": In("restoreToPointInTime.sourceDbInstanceAutomatedBackupsArn"),
        "RestoreTime": In("restoreToPointInTime.restoreTime"),
        "UseLatestRestorableTime": In("restoreToPointInTime.useLatestRestorableTime"),
        **RESTORED,
    },
    given="restoreToPointInTime",
)

THIS: dict[str, Template] = {"DBInstanceIdentifier": Out("identifier")}
NOW: dict[str, Template] = {"ApplyImmediately": In("applyImmediately", quiet=True)}
# An import may bring the identifier as the id; afterwards the identifier is in the state.
FIND: dict[str, Template] = {"DBInstanceIdentifier": Out("identifier", otherwise=Id())}

INSTANCE = Row(
    urn_type="aws:rds/instance:Instance",
    service="rds",
    create=(REPLICA, FROM_SNAPSHOT, TO_POINT_IN_TIME, NEW),
    id="response.DBInstance.DbiResourceId",
    setters=(
        Call(
            "promote_read_replica",
            {
                **THIS,
                "BackupRetentionPeriod": In("backupRetentionPeriod", quiet=True),
                "PreferredBackupWindow": In("backupWindow", quiet=True),
            },
            removed="replicateSourceDb",
        ),
        Call(
            "modify_db_instance",
            {
                **THIS,
                **NOW,
                **OWN,
                "AllowMajorVersionUpgrade": In("allowMajorVersionUpgrade", quiet=True),
                "DBPortNumber": In("port"),
                "CloudwatchLogsExportConfiguration": {
                    "EnableLogTypes": Added("enabledCloudwatchLogsExports"),
                    "DisableLogTypes": Removed("enabledCloudwatchLogsExports"),
                },
            },
            together=(
                words("allocatedStorage iops storageThroughput storageType"),
                words("performanceInsightsEnabled performanceInsightsKmsKeyId performanceInsightsRetentionPeriod"),
                # The advanced mode demands a long retention, so that the two travel together.
                words("databaseInsightsMode performanceInsightsEnabled performanceInsightsRetentionPeriod"),
                words("monitoringInterval monitoringRoleArn"),
            ),
        ),
        # A limit equal to the storage is how autoscaling is turned off.
        Call(
            "modify_db_instance",
            {**THIS, **NOW, "MaxAllocatedStorage": Out("allocatedStorage")},
            removed="maxAllocatedStorage",
        ),
        *TAGS,
        # Last: the calls before know the instance by its old name.
        Call("modify_db_instance", {**THIS, **NOW, "NewDBInstanceIdentifier": In("identifier")}),
    ),
    read=(Look("describe_db_instances", FIND, "DBInstances[0]"), TAGS_LOOK),
    read_id="DbiResourceId",
    delete=(
        Call(
            "delete_db_instance",
            {
                **FIND,
                "SkipFinalSnapshot": True,
                "DeleteAutomatedBackups": Out("deleteAutomatedBackups"),
            },
            only_if={"skipFinalSnapshot": True},
        ),
        Call(
            "delete_db_instance",
            {
                **FIND,
                "SkipFinalSnapshot": False,
                "FinalDBSnapshotIdentifier": Out("finalSnapshotIdentifier"),
                "DeleteAutomatedBackups": Out("deleteAutomatedBackups"),
            },
            not_if={"skipFinalSnapshot": True},
        ),
    ),
    outputs={
        "arn": "DBInstanceArn",
        "address": "Endpoint.Address",
        "endpoint": "glue([Endpoint.Address, ':', Endpoint.Port])",
        "hostedZoneId": "Endpoint.HostedZoneId",
        "resourceId": "DbiResourceId",
        "status": "DBInstanceStatus",
        "engineVersionActual": "EngineVersion",
        "latestRestorableTime": "LatestRestorableTime && to_string(LatestRestorableTime) || null",
        "replicas": "ReadReplicaDBInstanceIdentifiers || `[]`",
        "masterUserSecrets": "MasterUserSecret && [{secretArn: MasterUserSecret.SecretArn,"
        " secretStatus: MasterUserSecret.SecretStatus, kmsKeyId: MasterUserSecret.KmsKeyId}] || `[]`",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "identifier": "DBInstanceIdentifier",
        "engine": "Engine",
        "engineVersion": "EngineVersion",
        "instanceClass": "DBInstanceClass",
        "allocatedStorage": "AllocatedStorage",
        "maxAllocatedStorage": "MaxAllocatedStorage",
        "storageType": "StorageType",
        "iops": "Iops",
        "storageThroughput": "StorageThroughput",
        "storageEncrypted": "StorageEncrypted",
        "kmsKeyId": "KmsKeyId",
        "dbName": "DBName",
        "username": "MasterUsername",
        "port": "Endpoint.Port || Port",
        "multiAz": "MultiAZ",
        "availabilityZone": "AvailabilityZone",
        "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
        "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
        "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
        "optionGroupName": "OptionGroupMemberships[0].OptionGroupName",
        "publiclyAccessible": "PubliclyAccessible",
        "backupRetentionPeriod": "BackupRetentionPeriod",
        "backupWindow": "PreferredBackupWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "copyTagsToSnapshot": "CopyTagsToSnapshot",
        "deletionProtection": "DeletionProtection",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "caCertIdentifier": "CACertificateIdentifier",
        "networkType": "NetworkType",
        "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
        "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "monitoringInterval": "MonitoringInterval",
        "monitoringRoleArn": "MonitoringRoleArn",
        "performanceInsightsEnabled": "PerformanceInsightsEnabled",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
        "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
        "tags": "tag_map(tags)",
    },
    required=words("instanceClass"),
    force_new=words(
        "engine username dbName kmsKeyId storageEncrypted availabilityZone engineLifecycleSupport snapshotIdentifier"
        " restoreToPointInTime"
    ),
    force_new_value=words("replicateSourceDb replicaMode"),
    excludes={
        "replicateSourceDb": words("username dbName password manageMasterUserPassword snapshotIdentifier"),
        "manageMasterUserPassword": words("password"),
    },
    sticky=words(
        "engine engineVersion username dbName kmsKeyId availabilityZone allocatedStorage storageType iops"
        " storageThroughput port multiAz dbSubnetGroupName vpcSecurityGroupIds parameterGroupName optionGroupName"
        " backupRetentionPeriod backupWindow maintenanceWindow caCertIdentifier networkType licenseModel"
        " engineLifecycleSupport performanceInsightsKmsKeyId performanceInsightsRetentionPeriod identifier"
        " databaseInsightsMode monitoringRoleArn replicaMode storageEncrypted"
    ),
    client_side=words("skipFinalSnapshot finalSnapshotIdentifier deleteAutomatedBackups"),
    secret=words("password"),
    defaults={
        "skipFinalSnapshot": False,
        "deleteAutomatedBackups": True,
        "publiclyAccessible": False,
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deletionProtection": False,
        "iamDatabaseAuthenticationEnabled": False,
        "performanceInsightsEnabled": False,
        "monitoringInterval": 0,
    },
    canonical={"vpcSecurityGroupIds": unordered, "enabledCloudwatchLogsExports": unordered},
    seen_as={
        "engineVersion": prefix,
        "kmsKeyId": reference,
        "performanceInsightsKmsKeyId": reference,
        "replicateSourceDb": reference,
    },
    moves={
        "identifier": words("arn address endpoint"),
        "engineVersion": words("engineVersionActual"),
        "port": words("endpoint"),
        "manageMasterUserPassword": words("masterUserSecrets"),
    },
    autoname=Autoname("identifier", longest=63, lower=True),
    ready=Poll(
        Look("describe_db_instances", FIND, "DBInstances[0].DBInstanceStatus"),
        done=("available", "storage-optimization"),
        failed=(
            "failed",
            "incompatible-network",
            "incompatible-option-group",
            "incompatible-parameters",
            "incompatible-restore",
            "inaccessible-encryption-credentials",
            "restore-error",
            "storage-full",
        ),
    ),
    gone=Poll(Look("describe_db_instances", FIND, "DBInstances[0].DBInstanceStatus"), done=(None,)),
)
