"""Row of RDS: automated backups replicated into another region."""

from __future__ import annotations

from local.provider.compare import reference
from local.provider.table import Call, Id, In, Look, Out, Row, words

REPLICATION = Row(
    urn_type="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    service="rds",
    # Both calls are made in the region that the backups go to.
    create=(
        Call(
            "start_db_instance_automated_backups_replication",
            {
                "SourceDBInstanceArn": In("sourceDbInstanceArn"),
                "BackupRetentionPeriod": In("retentionPeriod"),
                "KmsKeyId": In("kmsKeyId"),
            },
        ),
    ),
    id="response.DBInstanceAutomatedBackup.DBInstanceAutomatedBackupsArn",
    read=(
        Look(
            "describe_db_instance_automated_backups",
            {"DBInstanceAutomatedBackupsArn": Id()},
            # What was replicated stays until its retention ends; the replication itself is over.
            "DBInstanceAutomatedBackups[?Status=='replicating'] | [0]",
        ),
    ),
    delete=(
        Call("stop_db_instance_automated_backups_replication", {"SourceDBInstanceArn": Out("sourceDbInstanceArn")}),
    ),
    observed={
        "sourceDbInstanceArn": "DBInstanceArn",
        "retentionPeriod": "BackupRetentionPeriod",
        "kmsKeyId": "KmsKeyId",
    },
    required=words("sourceDbInstanceArn"),
    force_new=words("sourceDbInstanceArn retentionPeriod kmsKeyId"),
    exclusive=True,  # an instance's backups are replicated into a region once
    defaults={"retentionPeriod": 7},
    seen_as={"kmsKeyId": reference},
)

ROWS = (REPLICATION,)
