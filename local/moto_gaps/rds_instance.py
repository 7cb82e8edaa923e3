"""RDS instances: identity, replicas, changes, deletion."""

from __future__ import annotations

import secrets
from typing import Any

from moto.rds import models as moto_models
from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue, RDSClientError

from local.engines import EngineMissing
from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models

# Changed at once only with ApplyImmediately; otherwise they wait ("Settings for DB instances", RDS User Guide).
DEFERRED = {
    "allocated_storage": "AllocatedStorage",
    "ca_certificate_identifier": "CACertificateIdentifier",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "multi_az": "MultiAZ",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
}

# What a replica takes over from its source when the request does not say it ("CreateDBInstanceReadReplica").
INHERITED = [
    "allocated_storage",
    "auto_minor_version_upgrade",
    "ca_certificate_identifier",
    "copy_tags_to_snapshot",
    "db_instance_class",
    "db_name",
    "engine",
    "engine_version",
    "iops",
    "kms_key_id",
    "license_model",
    "master_username",
    "port",
    "preferred_backup_window",
    "preferred_maintenance_window",
    "storage_encrypted",
    "storage_throughput",
    "storage_type",
]
# Only in the same region: names and ids of another region mean nothing here.
INHERITED_IN_REGION = ("db_parameter_group_name", "vpc_security_group_ids")

# DbiResourceId: "db-" and 26 characters of base32.
_RESOURCE_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

_reality: Reality | None = None


class LocalInstance(models.DBInstance):  # type: ignore[misc]
    """A DB instance that is one of its own, and says what really is."""

    def __init__(self, backend: Any, **kwargs: Any) -> None:
        if _reality is not None:
            _check_class(kwargs["db_instance_class"])
            _check_identifier(backend, kwargs["db_instance_identifier"])
        if kwargs.get("engine") == "postgres" and kwargs.get("engine_version"):
            kwargs["engine_version"] = _full_version(kwargs["engine_version"])
        elif _reality is not None and kwargs.get("engine") != "postgres":
            raise InvalidParameterValue(
                f"Value {kwargs.get('engine')} for parameter Engine is invalid: the local cloud has only postgres."
            )
        self.enable_performance_insights = bool(kwargs.get("enable_performance_insights"))
        self.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = kwargs.get("performance_insights_retention_period")
        self.parameter_apply_status = "in-sync"
        self.pending_modified_values: dict[str, Any] = {}
        self.pending_changes: dict[str, Any] = {}
        self.reboots_asked = 0
        self.promotion_asked = False
        self.final_snapshot: str | None = None
        self.local_address: str | None = None
        self.replicas: list[str] = []
        self.source_db_instance_identifier: str | None = None
        self.vpc_security_group_ids: list[str] = []
        super().__init__(backend, **kwargs)
        self.vpc_security_group_ids = list(self.vpc_security_group_ids)  # a list of its own
        letters = (secrets.choice(_RESOURCE_ID_ALPHABET) for _ in range(26))
        self.dbi_resource_id = "db-" + "".join(letters)
        self.status = "available" if _reality is None else "creating"

    @property
    def performance_insights_enabled(self) -> bool:
        """As the description calls it."""
        return self.enable_performance_insights

    @property
    def address(self) -> str:
        """Where it listens."""
        return self.local_address or str(super().address)

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """None until the instance is there."""
        if self.status == "creating":
            return None
        return {"Address": self.address, "Port": self.port, "HostedZoneId": "Z2R2ITUGPM61AM"}

    @property
    def db_parameter_group_status_list(self) -> list[dict[str, str]]:
        """The group and whether its values are in effect."""
        (group,) = self.db_parameter_groups()
        return [{"DBParameterGroupName": group.name, "ParameterApplyStatus": self.parameter_apply_status}]

    def remove_replica(self, replica: Any) -> None:
        """Forget a replica, by whichever name it is known here."""
        names = (replica.db_instance_identifier, replica.db_instance_arn)
        self.replicas = [name for name in self.replicas if name not in names]

    def become_primary(self) -> None:
        """The end of a promotion."""
        if self.source_db_instance_identifier:
            self.backend.find_db_from_id(self.source_db_instance_identifier).remove_replica(self)
        self.is_replica = False
        self.source_db_instance_identifier = None
        self.promotion_asked = False


def _check_class(instance_class: str) -> None:
    assert _reality is not None
    try:
        _reality.check_class(instance_class)
    except ValueError as error:
        raise InvalidParameterValue(str(error)) from error


def _check_identifier(backend: Any, identifier: str) -> None:
    for region, other in models.rds_backends[backend.account_id].items():
        if other is not backend and identifier.lower() in other.databases:
            raise InvalidParameterCombination(
                f"The local cloud finds data by its identifier, and {identifier} is in {region} already. "
                "Choose another identifier."
            )


def _full_version(version: str) -> str:
    major, _, minor = str(version).partition(".")
    if _reality is None:
        return str(version) if minor else f"{major}.0"
    try:
        have = _reality.engine_version(major)
    except EngineMissing as error:
        raise InvalidParameterCombination(f"Cannot find version {version} for postgres. {error}") from error
    return str(version) if minor else have


def restore_instances(reality: Reality | None) -> None:
    """Make moto create our instances."""
    global _reality  # noqa: PLW0603 (moto is corrected once in a process)
    _reality = reality
    models.DBInstance = LocalInstance


def restore_replicas(reality: Reality | None) -> None:
    """Replicas that are not copies of their source."""

    def create(self: Any, db_kwargs: dict[str, Any]) -> LocalInstance:
        given = {key: value for key, value in dict(**db_kwargs).items() if value is not None}
        source = self.find_db_from_id(given["source_db_instance_identifier"])
        if given["db_instance_identifier"] in self.databases:
            raise models.DBInstanceAlreadyExists()
        self._validate_db_identifier(given["db_instance_identifier"])
        if source.backup_retention_period == 0:
            raise RDSClientError(
                "InvalidDBInstanceState",
                "Automated backups are not enabled for this database instance. To enable automated backups, "
                "use ModifyDBInstance to set the backup retention period to a non-zero value.",
            )
        same_region = source.region == self.region_name
        names = [*INHERITED, *(INHERITED_IN_REGION if same_region else ())]
        inherited = {name: getattr(source, name) for name in names}
        if same_region and hasattr(source, "_db_subnet_group_name"):
            inherited["db_subnet_group_name"] = source._db_subnet_group_name
        properties = {**inherited, "backup_retention_period": 0, **given}
        replica = LocalInstance(self, **properties)
        replica.master_user_password = source._master_user_password
        replica.set_as_replica()
        self.databases[replica.db_instance_identifier] = replica
        source.add_replica(replica)
        return replica

    def promote(self: Any, db_kwargs: dict[str, Any]) -> Any:
        given = dict(**db_kwargs)
        (instance,) = self.describe_db_instances(given.pop("db_instance_identifier"))
        if not instance.is_replica:
            raise RDSClientError(
                "InvalidDBInstanceState",
                f"DB Instance {instance.db_instance_identifier} is not a read replica, so it cannot be promoted.",
            )
        _require_available(instance, "promoted")
        instance.update(**given)
        if reality is None:
            instance.become_primary()
        else:
            instance.promotion_asked = True
            instance.status = "modifying"
        return instance

    models.RDSBackend.create_db_instance_read_replica = create
    models.RDSBackend.promote_read_replica = promote


def restore_changes(reality: Reality | None) -> None:
    """Changes that wait, and a reboot that is one."""
    original = models.RDSBackend.modify_db_instance

    def modify(self: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
        (instance,) = self.describe_db_instances(db_instance_identifier)
        given = {key: value for key, value in dict(**db_kwargs).items() if value is not None}
        _require_available(instance, "modified")
        if given.get("new_db_instance_identifier", db_instance_identifier) != db_instance_identifier:
            raise InvalidParameterCombination(
                "The local cloud does not rename instances: data folders are found by their identifier. "
                "Create an instance with the new identifier instead."
            )
        given.pop("new_db_instance_identifier", None)
        if "engine_version" in given:
            _check_version_change(instance, given)
        if reality is not None and "db_instance_class" in given:
            _check_class(given["db_instance_class"])
        if "db_port_number" in given:
            given["port"] = given.pop("db_port_number")
        at_once = bool(given.get("apply_immediately"))
        if at_once:
            given = {**instance.pending_changes, **given}
            instance.pending_changes, instance.pending_modified_values = {}, {}
        else:
            for key in DEFERRED.keys() & given.keys():
                value = given.pop(key)
                if value != getattr(instance, key):
                    instance.pending_changes[key] = value
                    instance.pending_modified_values[DEFERRED[key]] = value
        group_before = instance.db_parameter_group_name
        restarts = any(given.get(key, getattr(instance, key)) != getattr(instance, key) for key in _RESTARTS)
        original(self, db_instance_identifier, given)
        if instance.db_parameter_group_name != group_before:
            instance.parameter_apply_status = "pending-reboot" if reality is not None else "in-sync"
        if restarts and reality is not None:
            instance.status = "modifying"
        return instance

    def reboot(self: Any, db_instance_identifier: str) -> Any:
        (instance,) = self.describe_db_instances(db_instance_identifier)
        _require_available(instance, "rebooted")
        if reality is not None:
            instance.reboots_asked += 1
            instance.status = "rebooting"
        return instance

    models.RDSBackend.modify_db_instance = modify
    models.RDSBackend.reboot_db_instance = reboot


_RESTARTS = ("db_instance_class", "port")


def _check_version_change(instance: LocalInstance, given: dict[str, Any]) -> None:
    wanted = _full_version(given["engine_version"])
    major = wanted.split(".")[0]
    if major != str(instance.engine_version).split(".")[0] and _reality is not None:
        raise InvalidParameterCombination(
            f"The local cloud does not upgrade data from {instance.engine_version} to {wanted}. "
            "Create an instance of the new version instead."
        )
    if given["engine_version"] == major and wanted.split(".")[0] == str(instance.engine_version).split(".")[0]:
        del given["engine_version"]  # the same major: already so


def _require_available(instance: Any, verb: str) -> None:
    if instance.status != "available":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Database instance is not in available state: {instance.db_instance_identifier} is "
            f"{instance.status} and cannot be {verb}.",
        )


def restore_deletion(reality: Reality | None) -> None:
    """Deletion that the reconciler carries out."""
    original = models.RDSBackend.delete_db_instance

    def delete(
        self: Any,
        db_instance_identifier: str,
        final_db_snapshot_identifier: str | None = None,
        skip_final_snapshot: bool | None = False,
        delete_automated_backups: bool | None = True,
    ) -> Any:
        (instance,) = self.describe_db_instances(db_instance_identifier)
        if not skip_final_snapshot and not final_db_snapshot_identifier and not instance.is_replica:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        for name in instance.replicas:  # AWS promotes what loses its source
            replica = self.find_db_from_id(name)
            replica.promotion_asked = reality is not None
            if reality is None:
                replica.become_primary()
        if reality is None or instance.status == "deleting":
            return original(
                self,
                db_instance_identifier,
                final_db_snapshot_identifier,
                skip_final_snapshot,
                delete_automated_backups,
            )
        if instance.deletion_protection:
            raise InvalidParameterCombination(
                "Cannot delete protected DB Instance, please disable deletion protection and try again."
            )
        if final_db_snapshot_identifier and not skip_final_snapshot:
            self.create_db_snapshot(db_instance_identifier, final_db_snapshot_identifier, snapshot_type="manual")
            instance.final_snapshot = final_db_snapshot_identifier.lower()
        instance.status = "deleting"
        return instance

    def finish(self: Any, db_instance_identifier: str) -> None:
        original(self, db_instance_identifier, skip_final_snapshot=True)

    models.RDSBackend.delete_db_instance = delete
    models.RDSBackend.finish_delete_db_instance = finish
