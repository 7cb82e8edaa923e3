"""AWS Backup: selections, changed plans, restore tests, vault policies; nothing runs by them here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.backup import models as moto_models
from moto.backup import responses as moto_responses
from moto.backup import urls
from moto.backup.exceptions import (
    AlreadyExistsException,
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.core.utils import unix_time
from moto.moto_api._internal import mock_random

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

# "The string is between 1 and 50 alphanumeric characters and underscores" (CreateRestoreTestingPlan).
_TEST_NAME = re.compile(r"\w{1,50}", re.ASCII)
# What GetRestoreTestingPlan answers where the program said nothing.
_TEST_DEFAULTS = {"ScheduleExpressionTimezone": "Etc/UTC", "StartWindowHours": 24}

_PATHS = (
    "{0}/backup-vaults/(?P<name>[^/]+)/access-policy$",
    "{0}/restore-testing/plans$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/(?P<selection>[^/]+)$",
)


def restore_tags(reality: Reality | None) -> None:
    """ListTags ends in a slash in botocore's model and has none on AWS's side: both are the same."""

    def list_tags(self: Any) -> str:
        arn = unquote(self.path.split("/tags/", 1)[1]).rstrip("/")
        return json.dumps({"Tags": self.backup_backend.list_tags(arn)})

    responses.BackupResponse.list_tags = list_tags


def restore_plans(reality: Reality | None) -> None:
    """Plans that can be changed, that keep their selections, and that are gone once deleted."""
    backend, response = models.BackupBackend, responses.BackupResponse
    delete_original = backend.delete_backup_plan

    def kept(self: Any) -> dict[str, dict[str, Any]]:
        """The plan's selections by id."""
        found: dict[str, dict[str, Any]] = vars(self).setdefault("selections", {})
        return found

    def delete(self: Any, backup_plan_id: str) -> Any:
        plan = self.get_backup_plan(backup_plan_id, None)
        if kept(plan):
            raise InvalidRequestException(
                "Related backup plan selections must be deleted prior to backup plan deletion"
            )
        told = delete_original(self, backup_plan_id)
        self.plans.pop(backup_plan_id, None)
        return told

    def update_plan(self: Any) -> str:
        plan_id = _parts(self)[2]
        plan = self.backup_backend.get_backup_plan(plan_id, None)
        changed = models.Plan(json.loads(self.body)["BackupPlan"], plan.creator_request_id, self.backup_backend)
        plan.backup_plan, plan.version_id = changed.backup_plan, changed.version_id
        plan.advanced_backup_settings = changed.advanced_backup_settings
        return json.dumps(plan.to_dict())

    def create_selection(self: Any) -> str:
        plan_id = _parts(self)[2]
        selections = kept(self.backup_backend.get_backup_plan(plan_id, None))
        given = json.loads(self.body)["BackupSelection"]
        made = {
            "BackupPlanId": plan_id,
            "SelectionId": str(mock_random.uuid4()),
            "CreationDate": unix_time(),
            "BackupSelection": given,
        }
        if any(row["BackupSelection"]["SelectionName"] == given["SelectionName"] for row in selections.values()):
            raise AlreadyExistsException("Backup selection with the same name already exists")
        selections[made["SelectionId"]] = made
        return json.dumps({key: made[key] for key in ("BackupPlanId", "SelectionId", "CreationDate")})

    def find_selection(self: Any) -> tuple[dict[str, dict[str, Any]], str]:
        _, _, plan_id, _, selection_id = _parts(self)
        selections = kept(self.backup_backend.get_backup_plan(plan_id, None))
        if selection_id not in selections:
            raise ResourceNotFoundException(f"Cannot find Backup selection with ID {selection_id}")
        return selections, selection_id

    def get_selection(self: Any) -> str:
        selections, selection_id = find_selection(self)
        return json.dumps(selections[selection_id])

    def delete_selection(self: Any) -> str:
        selections, selection_id = find_selection(self)
        del selections[selection_id]
        return "{}"

    def list_selections(self: Any) -> str:
        rows = kept(self.backup_backend.get_backup_plan(_parts(self)[2], None)).values()
        told = [
            {key: row[key] for key in ("BackupPlanId", "SelectionId", "CreationDate")}
            | {key: row["BackupSelection"][key] for key in ("SelectionName", "IamRoleArn")}
            for row in rows
        ]
        return json.dumps({"BackupSelectionsList": told})

    backend.delete_backup_plan = delete
    response.update_backup_plan = update_plan
    response.create_backup_selection = create_selection
    response.get_backup_selection = get_selection
    response.delete_backup_selection = delete_selection
    response.list_backup_selections = list_selections


def restore_vault_policies(reality: Reality | None) -> None:
    """Vaults that keep their access policy; a vault that is not there is said not to be."""
    backend, response = models.BackupBackend, responses.BackupResponse
    delete_original = backend.delete_backup_vault

    def delete(self: Any, backup_vault_name: str) -> None:
        self.describe_backup_vault(backup_vault_name)
        delete_original(self, backup_vault_name)

    def vault(self: Any) -> Any:
        return self.backup_backend.describe_backup_vault(unquote(_parts(self)[1]))

    def put(self: Any) -> str:
        vault(self).access_policy = json.loads(self.body)["Policy"]
        return "{}"

    def get(self: Any) -> str:
        found = vault(self)
        if getattr(found, "access_policy", None) is None:
            raise ResourceNotFoundException(f"Backup vault {found.backup_vault_name} has no policy associated with it")
        return json.dumps(
            {
                "BackupVaultName": found.backup_vault_name,
                "BackupVaultArn": found.backup_vault_arn,
                "Policy": found.access_policy,
            }
        )

    def remove(self: Any) -> str:
        vault(self).access_policy = None
        return "{}"

    backend.delete_backup_vault = delete
    response.put_backup_vault_access_policy = put
    response.get_backup_vault_access_policy = get
    response.delete_backup_vault_access_policy = remove
    for path in _PATHS:
        urls.url_paths.setdefault(path, urls.response.dispatch)


def restore_restore_tests(reality: Reality | None) -> None:
    """Restore testing plans and their selections, of which moto knows nothing."""
    response = responses.BackupResponse

    def plans(self: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = vars(self.backup_backend).setdefault("restore_testing_plans", {})
        return found

    def plan(self: Any) -> dict[str, Any]:
        name = unquote(_parts(self)[2])
        if name not in plans(self):
            raise ResourceNotFoundException(f"Restore testing plan {name} does not exist")
        return plans(self)[name]

    def create_plan(self: Any) -> tuple[int, dict[str, str], str]:
        given = json.loads(self.body)
        body = {**_TEST_DEFAULTS, **given["RestoreTestingPlan"]}
        name = body["RestoreTestingPlanName"]
        _check_name(name)
        if name in plans(self):
            raise AlreadyExistsException(f"Restore testing plan {name} already exists")
        account, region = self.current_account, self.region
        # AWS ends the ARN with an id of its own.
        arn = f"arn:aws:backup:{region}:{account}:restore-testing-plan:{name}-{mock_random.uuid4()}"
        body |= {"RestoreTestingPlanArn": arn, "CreationTime": unix_time(), "selections": {}}
        plans(self)[name] = body
        self.backup_backend.tag_resource(arn, given.get("Tags"))
        return 201, {}, _told(body, "RestoreTestingPlanArn", "RestoreTestingPlanName", "CreationTime")

    def get_plan(self: Any) -> str:
        body = {key: value for key, value in plan(self).items() if key != "selections"}
        return json.dumps({"RestoreTestingPlan": body})

    def update_plan(self: Any) -> str:
        body = plan(self)
        body |= json.loads(self.body)["RestoreTestingPlan"] | {"UpdateTime": unix_time()}
        return _told(body, "RestoreTestingPlanArn", "RestoreTestingPlanName", "CreationTime", "UpdateTime")

    def delete_plan(self: Any) -> tuple[int, dict[str, str], str]:
        if plan(self)["selections"]:
            raise InvalidRequestException("Restore testing plan has selections: delete them first")
        del plans(self)[unquote(_parts(self)[2])]
        return 204, {}, ""

    def selection(self: Any) -> dict[str, Any]:
        name = unquote(_parts(self)[4])
        found: dict[str, dict[str, Any]] = plan(self)["selections"]
        if name not in found:
            raise ResourceNotFoundException(f"Restore testing selection {name} does not exist")
        return found[name]

    def create_selection(self: Any) -> tuple[int, dict[str, str], str]:
        owner = plan(self)
        body = json.loads(self.body)["RestoreTestingSelection"]
        name = body["RestoreTestingSelectionName"]
        _check_name(name)
        if name in owner["selections"]:
            raise AlreadyExistsException(f"Restore testing selection {name} already exists")
        body |= {"RestoreTestingPlanName": owner["RestoreTestingPlanName"], "CreationTime": unix_time()}
        body["RestoreTestingPlanArn"] = owner["RestoreTestingPlanArn"]
        owner["selections"][name] = body
        return 201, {}, _told(body, *_SELECTION_TOLD)

    def get_selection(self: Any) -> str:
        body = {key: value for key, value in selection(self).items() if key != "RestoreTestingPlanArn"}
        return json.dumps({"RestoreTestingSelection": body})

    def update_selection(self: Any) -> str:
        body = selection(self)
        body |= json.loads(self.body)["RestoreTestingSelection"] | {"UpdateTime": unix_time()}
        return _told(body, *_SELECTION_TOLD, "UpdateTime")

    def delete_selection(self: Any) -> tuple[int, dict[str, str], str]:
        del plan(self)["selections"][selection(self)["RestoreTestingSelectionName"]]
        return 204, {}, ""

    answers: dict[str, Callable[[Any], Any]] = {
        "create_restore_testing_plan": create_plan,
        "get_restore_testing_plan": get_plan,
        "update_restore_testing_plan": update_plan,
        "delete_restore_testing_plan": delete_plan,
        "create_restore_testing_selection": create_selection,
        "get_restore_testing_selection": get_selection,
        "update_restore_testing_selection": update_selection,
        "delete_restore_testing_selection": delete_selection,
    }
    for name, answer in answers.items():
        setattr(response, name, answer)


_SELECTION_TOLD = ("RestoreTestingPlanArn", "RestoreTestingPlanName", "RestoreTestingSelectionName", "CreationTime")


def _check_name(name: str) -> None:
    if not _TEST_NAME.fullmatch(name):
        raise InvalidParameterValueException(
            f"Invalid name {name}: it must have 1 to 50 alphanumeric characters and underscores"
        )


def _told(body: dict[str, Any], *keys: str) -> str:
    return json.dumps({key: body[key] for key in keys})


def _parts(response: Any) -> list[str]:
    """The steps of the request's path, without empty ones."""
    return [step for step in str(response.path).split("/") if step]
