"""RDS's automated backups that are replicated into another region."""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.rds import models as moto_models
from moto.rds import responses as moto_responses
from moto.rds.exceptions import DBInstanceNotFoundError, RDSClientError

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

_INSTANCE = re.compile(r"arn:[^:]+:rds:(?P<region>[^:]+):(?P<account>\d+):db:(?P<name>.+)")
_DEFAULT_DAYS = 7  # StartDBInstanceAutomatedBackupsReplication


def restore_replication(reality: Reality | None) -> None:
    """Replication that is started in the region where the backups go, and what it made is described there."""
    describe_original = responses.RDSResponse.describe_db_instance_automated_backups

    def kept(backend: Any) -> dict[str, dict[str, Any]]:
        """This region's replicated backups by the ARN of their source."""
        found: dict[str, dict[str, Any]] = vars(backend).setdefault("replicated_backups", {})
        return found

    def start(self: Any) -> ActionResult:
        arn = self.params["SourceDBInstanceArn"]
        source = _source(arn)
        if source.region == self.backend.region_name:
            raise RDSClientError("InvalidParameterValue", f"The source {arn} is in this region already.")
        if not source.backup_retention_period:
            raise RDSClientError("InvalidDBInstanceState", f"Automated backups are not enabled for {arn}.")
        if source.storage_encrypted and not self.params.get("KmsKeyId"):
            raise RDSClientError("InvalidParameterValue", "An encrypted source needs a KmsKeyId of this region.")
        if arn in kept(self.backend) and kept(self.backend)[arn]["Status"] == "replicating":
            raise RDSClientError("InvalidDBInstanceState", f"Backups of {arn} are replicated into this region already.")
        region, account = self.backend.region_name, self.backend.account_id
        own = f"arn:aws:rds:{region}:{account}:auto-backup:ab-{mock_random.get_random_hex(32)}"
        made = {
            "DBInstanceArn": arn,
            "DBInstanceIdentifier": source.db_instance_identifier,
            "DbiResourceId": source.dbi_resource_id,
            "DBInstanceAutomatedBackupsArn": own,
            "Region": source.region,
            "Status": "replicating",
            "Engine": source.engine,
            "EngineVersion": source.engine_version,
            "AllocatedStorage": source.allocated_storage,
            "Encrypted": source.storage_encrypted,
            "KmsKeyId": self.params.get("KmsKeyId"),
            "BackupRetentionPeriod": int(self.params.get("BackupRetentionPeriod") or _DEFAULT_DAYS),
        }
        kept(self.backend)[arn] = made
        return ActionResult({"DBInstanceAutomatedBackup": made})

    def stop(self: Any) -> ActionResult:
        arn = self.params["SourceDBInstanceArn"]
        found = kept(self.backend).get(arn)
        if found is None or found["Status"] != "replicating":
            raise RDSClientError("DBInstanceAutomatedBackupNotFoundFault", f"No backups of {arn} are replicated here.")
        found["Status"] = "retained"  # what was replicated stays until its retention ends
        return ActionResult({"DBInstanceAutomatedBackup": found})

    def describe(self: Any) -> ActionResult:
        wanted = self.params.get("DBInstanceAutomatedBackupsArn")
        if wanted is None:
            return describe_original(self)  # type: ignore[no-any-return]
        found = [row for row in kept(self.backend).values() if row["DBInstanceAutomatedBackupsArn"] == wanted]
        if not found:
            raise RDSClientError("DBInstanceAutomatedBackupNotFoundFault", f"There are no backups {wanted}.")
        return ActionResult({"DBInstanceAutomatedBackups": found})

    responses.RDSResponse.start_db_instance_automated_backups_replication = start
    responses.RDSResponse.stop_db_instance_automated_backups_replication = stop
    responses.RDSResponse.describe_db_instance_automated_backups = describe


def _source(arn: str) -> Any:
    found = _INSTANCE.fullmatch(arn)
    if found is None:
        raise RDSClientError("InvalidParameterValue", f"{arn} is not the ARN of a DB instance.")
    instances = models.rds_backends[found["account"]][found["region"]].databases
    if found["name"] not in instances:
        raise DBInstanceNotFoundError(found["name"])
    return instances[found["name"]]
