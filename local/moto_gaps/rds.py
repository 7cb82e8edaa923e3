"""RDS's groups and passwords."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.rds import models as moto_models
from moto.rds import responses as moto_responses
from moto.rds import utils as moto_utils
from moto.rds.exceptions import (
    DBParameterGroupNotFoundError,
    DBSubnetGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses
utils: Any = moto_utils

# "A maximum of 20 parameters can be modified in a single request" (ModifyDBParameterGroup).
_PARAMETERS_PER_REQUEST = 20
# AWS documents 8 to 128 printable characters without / @ " and space for master passwords.
_MANAGED_PASSWORD_BYTES = 24


def restore_parameter_groups(reality: Reality | None) -> None:
    """Parameter groups that know what they hold."""
    modify_original = models.RDSBackend.modify_db_parameter_group
    delete_original = models.RDSBackend.delete_db_parameter_group

    def modify(self: Any, db_parameter_group_name: str, db_parameter_group_parameters: Iterable[dict[str, Any]]) -> Any:
        wanted = list(db_parameter_group_parameters)
        group = _group(self, db_parameter_group_name)
        _check_parameters(str(group.family), wanted, reality)
        return modify_original(self, db_parameter_group_name, wanted)

    def describe(self: Any) -> ActionResult:
        group = _group(self.backend, self.params.get("DBParameterGroupName"))
        source = self.params.get("Source")
        wanted = source in (None, "user")
        rows = [
            {"DataType": "string", "IsModifiable": True, **parameter, "Source": "user"}
            for parameter in group.parameters.values()
        ]
        return ActionResult({"Parameters": rows if wanted else []})

    def reset(self: Any) -> ActionResult:
        group = _group(self.backend, self.params.get("DBParameterGroupName"))
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for parameter in self.params.get("Parameters") or []:
            group.parameters.pop(parameter["ParameterName"], None)
        return ActionResult({"DBParameterGroupName": group.name})

    def delete(self: Any, db_parameter_group_name: str) -> Any:
        users = [db for db in self.databases.values() if db.db_parameter_group_name == db_parameter_group_name]
        if users:
            raise RDSClientError(
                "InvalidDBParameterGroupState",
                "One or more database instances are still members of this parameter group "
                f"{db_parameter_group_name}, so the group cannot be deleted",
            )
        return delete_original(self, db_parameter_group_name)

    models.RDSBackend.modify_db_parameter_group = modify
    models.RDSBackend.delete_db_parameter_group = delete
    responses.RDSResponse.describe_db_parameters = describe
    responses.RDSResponse.reset_db_parameter_group = reset


def _group(backend: Any, name: str | None) -> Any:
    group = backend.db_parameter_groups.get(name)
    if group is None:
        raise DBParameterGroupNotFoundError(str(name))
    return group


def _check_parameters(family: str, wanted: list[dict[str, Any]], reality: Reality | None) -> None:
    if len(wanted) > _PARAMETERS_PER_REQUEST:
        raise InvalidParameterValue(
            f"Cannot modify more than {_PARAMETERS_PER_REQUEST} parameters in a request ({len(wanted)} given)."
        )
    major = re.fullmatch(r"postgres(\d+)", family)
    if reality is None or major is None:
        return
    static = reality.static_parameters(major[1])
    for parameter in wanted:
        if parameter["ParameterName"] in static and parameter.get("ApplyMethod") == "immediate":
            raise InvalidParameterCombination(
                f"cannot use immediate apply method for static parameter {parameter['ParameterName']}"
            )
    values = {str(row["ParameterName"]): str(row.get("ParameterValue", "")) for row in wanted}
    refusal = reality.refusal(major[1], values)
    if refusal:
        raise InvalidParameterValue(refusal)


def restore_subnet_groups(reality: Reality | None) -> None:
    """Subnet groups that survive a change and are not pulled from under an instance."""
    delete_original = models.RDSBackend.delete_subnet_group

    def modify(self: Any, subnet_name: str, description: str | None, subnets: list[Any]) -> Any:
        group = self.subnet_groups.get(subnet_name)
        if group is None:
            raise DBSubnetGroupNotFoundError(subnet_name)
        group.subnets = subnets
        if description is not None:
            group.description = description
        return group

    def delete(self: Any, subnet_name: str) -> Any:
        for instance in self.databases.values():
            if getattr(instance, "_db_subnet_group_name", None) == subnet_name:
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
                    f"{instance.db_instance_identifier} is still using it.",
                )
        return delete_original(self, subnet_name)

    models.RDSBackend.modify_db_subnet_group = modify
    models.RDSBackend.delete_subnet_group = delete


def restore_passwords(reality: Reality | None) -> None:
    """A managed password that is not the same one everywhere."""

    def secret_string(self: Any) -> str:
        password = secrets.token_urlsafe(_MANAGED_PASSWORD_BYTES)
        return json.dumps({"username": self.resource.master_username, "password": password})

    models.MasterUserSecret._generate_secret_string = secret_string


def restore_windows(reality: Reality | None) -> None:
    """Windows that touch: moto counts the shared instant as an overlap."""
    overlap_original = utils.get_overlap_between_two_date_ranges

    def overlap(*dates: Any) -> int:
        seconds = int(overlap_original(*dates))
        return seconds if seconds > 0 else -1

    utils.get_overlap_between_two_date_ranges = overlap
