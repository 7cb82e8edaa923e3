"""Rows of AWS Backup: vaults, plans, selections, restore tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.provider.compare import document, filled, unordered
from local.provider.rows.shared import pairs_to_map, tag_setters, without_empty
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, Template, words

TAGS = tag_setters(
    "tag_resource", "untag_resource", {"ResourceArn": Out("arn")}, tags="Tags", keys="TagKeyList", pair=pairs_to_map
)
TAGS_LOOK = Look("list_tags", {"ResourceArn": Out("arn")}, "Tags", into="tags")

VAULT = Row(
    urn_type="aws:backup/vault:Vault",
    service="backup",
    create=(
        Call(
            "create_backup_vault",
            {
                "BackupVaultName": In("name"),
                "EncryptionKeyArn": In("kmsKeyArn"),
                "BackupVaultTags": In("tags", without_empty),
            },
        ),
    ),
    id="inputs.name",
    setters=TAGS,
    read=(Look("describe_backup_vault", {"BackupVaultName": Id()}, "@"), TAGS_LOOK),
    delete=(Call("delete_backup_vault", {"BackupVaultName": Id()}),),
    outputs={"arn": "BackupVaultArn", "recoveryPoints": "NumberOfRecoveryPoints || `0`", "tagsAll": "tags"},
    observed={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "tags": "tags"},
    force_new=words("name kmsKeyArn"),
    sticky=words("kmsKeyArn"),
    client_side=words("forceDestroy"),  # the fake vault holds no recovery points
    defaults={"forceDestroy": False},
    autoname=Autoname(longest=50),
)

VAULT_LOCK = Row(
    urn_type="aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    service="backup",
    create=(
        Call(
            "put_backup_vault_lock_configuration",
            {
                "BackupVaultName": In("backupVaultName"),
                "MinRetentionDays": In("minRetentionDays"),
                "MaxRetentionDays": In("maxRetentionDays"),
                "ChangeableForDays": In("changeableForDays"),
            },
        ),
    ),
    id="inputs.backupVaultName",
    read=(Look("describe_backup_vault", {"BackupVaultName": Id()}, "Locked && @"),),
    delete=(Call("delete_backup_vault_lock_configuration", {"BackupVaultName": Id()}),),
    outputs={"backupVaultArn": "BackupVaultArn"},
    observed={
        "backupVaultName": "BackupVaultName",
        "minRetentionDays": "MinRetentionDays",
        "maxRetentionDays": "MaxRetentionDays",
    },
    required=words("backupVaultName"),
    force_new=words("backupVaultName minRetentionDays maxRetentionDays changeableForDays"),
    exclusive=True,  # a vault has one lock: a new one before the old one goes would be taken away with it
)

VAULT_POLICY = Row(
    urn_type="aws:backup/vaultPolicy:VaultPolicy",
    service="backup",
    create=(
        Call("put_backup_vault_access_policy", {"BackupVaultName": In("backupVaultName"), "Policy": In("policy")}),
    ),
    id="inputs.backupVaultName",
    setters=(Call("put_backup_vault_access_policy", {"BackupVaultName": Id(), "Policy": In("policy")}),),
    read=(Look("get_backup_vault_access_policy", {"BackupVaultName": Id()}, "@"),),
    delete=(Call("delete_backup_vault_access_policy", {"BackupVaultName": Id()}),),
    outputs={"backupVaultArn": "BackupVaultArn"},
    observed={"backupVaultName": "BackupVaultName", "policy": "Policy"},
    required=words("backupVaultName policy"),
    force_new=words("backupVaultName"),
    canonical={"policy": document},
)

LIFECYCLE: Mapping[str, Template] = {
    "MoveToColdStorageAfterDays": Item("coldStorageAfter"),
    "DeleteAfterDays": Item("deleteAfter"),
    "OptInToArchiveForSupportedResources": Item("optInToArchiveForSupportedResources"),
}
RULE: Mapping[str, Template] = {
    "RuleName": Item("ruleName"),
    "TargetBackupVaultName": Item("targetVaultName"),
    "ScheduleExpression": Item("schedule"),
    "ScheduleExpressionTimezone": Item("scheduleExpressionTimezone"),
    "StartWindowMinutes": Item("startWindow"),
    "CompletionWindowMinutes": Item("completionWindow"),
    "Lifecycle": Item("lifecycle", LIFECYCLE),
    "RecoveryPointTags": Item("recoveryPointTags"),
    "EnableContinuousBackup": Item("enableContinuousBackup"),
    "CopyActions": Item(
        "copyActions",
        {"DestinationBackupVaultArn": Item("destinationVaultArn"), "Lifecycle": Item("lifecycle", LIFECYCLE)},
    ),
}
BODY: Mapping[str, Template] = {"BackupPlanName": In("name"), "Rules": In("rules", RULE)}
_SEEN_LIFECYCLE = (
    "Lifecycle && {coldStorageAfter: Lifecycle.MoveToColdStorageAfterDays, deleteAfter: Lifecycle.DeleteAfterDays,"
    " optInToArchiveForSupportedResources: Lifecycle.OptInToArchiveForSupportedResources}"
)


def by_rule_name(rules: Any) -> Any:
    """A plan's rules are a set: AWS returns them in an order of its own."""
    return sorted(rules, key=lambda rule: str(rule.get("ruleName"))) if isinstance(rules, list) else rules


def same_rules(given: Any, seen: Any) -> bool:
    """What was given is there, whatever the order; AWS fills in what was not."""
    return filled(by_rule_name(given), by_rule_name(seen))


PLAN = Row(
    urn_type="aws:backup/plan:Plan",
    service="backup",
    create=(Call("create_backup_plan", {"BackupPlan": BODY, "BackupPlanTags": In("tags", without_empty)}),),
    id="response.BackupPlanId",
    setters=(
        Call(
            "update_backup_plan",
            {"BackupPlanId": Id(), "BackupPlan": {**BODY, "BackupPlanName": In("name", quiet=True)}},
        ),
        *TAGS,
    ),
    read=(Look("get_backup_plan", {"BackupPlanId": Id()}, "!DeletionDate && @"), TAGS_LOOK),
    delete=(Call("delete_backup_plan", {"BackupPlanId": Id()}),),
    outputs={"arn": "BackupPlanArn", "version": "VersionId", "tagsAll": "tags"},
    observed={
        "name": "BackupPlan.BackupPlanName",
        "rules": "BackupPlan.Rules[].{ruleName: RuleName, targetVaultName: TargetBackupVaultName,"
        " schedule: ScheduleExpression, scheduleExpressionTimezone: ScheduleExpressionTimezone,"
        " startWindow: StartWindowMinutes, completionWindow: CompletionWindowMinutes,"
        " enableContinuousBackup: EnableContinuousBackup, recoveryPointTags: RecoveryPointTags,"
        f" lifecycle: {_SEEN_LIFECYCLE},"
        " copyActions: CopyActions[].{destinationVaultArn: DestinationBackupVaultArn,"
        f" lifecycle: {_SEEN_LIFECYCLE}}}}}",
        "tags": "tags",
    },
    required=words("rules"),
    force_new=words("name"),
    canonical={"rules": by_rule_name},
    seen_as={"rules": same_rules},
    moves={"rules": words("version")},
    autoname=Autoname(longest=50),
)

SELECTION = Row(
    urn_type="aws:backup/selection:Selection",
    service="backup",
    create=(
        Call(
            "create_backup_selection",
            {
                "BackupPlanId": In("planId"),
                "BackupSelection": {
                    "SelectionName": In("name"),
                    "IamRoleArn": In("iamRoleArn"),
                    "Resources": In("resources"),
                    "NotResources": In("notResources"),
                },
            },
        ),
    ),
    id="join('|', [response.BackupPlanId, response.SelectionId])",
    read=(Look("get_backup_selection", {"BackupPlanId": Id("|", 0), "SelectionId": Id("|", 1)}, "@"),),
    delete=(Call("delete_backup_selection", {"BackupPlanId": Id("|", 0), "SelectionId": Id("|", 1)}),),
    observed={
        "planId": "BackupPlanId",
        "name": "BackupSelection.SelectionName",
        "iamRoleArn": "BackupSelection.IamRoleArn",
        "resources": "BackupSelection.Resources",
        "notResources": "BackupSelection.NotResources",
    },
    required=words("planId iamRoleArn"),
    # AWS has no call that changes one.
    force_new=words("planId name iamRoleArn resources notResources"),
    canonical={"resources": unordered, "notResources": unordered},
    autoname=Autoname(longest=50),
)

TEST_BODY: Mapping[str, Template] = {
    "ScheduleExpression": In("scheduleExpression"),
    "ScheduleExpressionTimezone": In("scheduleExpressionTimezone"),
    "StartWindowHours": In("startWindowHours"),
    "RecoveryPointSelection": {
        "Algorithm": In("recoveryPointSelection.algorithm"),
        "IncludeVaults": In("recoveryPointSelection.includeVaults"),
        "ExcludeVaults": In("recoveryPointSelection.excludeVaults"),
        "RecoveryPointTypes": In("recoveryPointSelection.recoveryPointTypes"),
        "SelectionWindowDays": In("recoveryPointSelection.selectionWindowDays"),
    },
}

RESTORE_TESTING_PLAN = Row(
    urn_type="aws:backup/restoreTestingPlan:RestoreTestingPlan",
    service="backup",
    create=(
        Call(
            "create_restore_testing_plan",
            {
                "RestoreTestingPlan": {"RestoreTestingPlanName": In("name"), **TEST_BODY},
                "Tags": In("tags", without_empty),
            },
        ),
    ),
    id="inputs.name",
    setters=(
        Call("update_restore_testing_plan", {"RestoreTestingPlanName": Id(), "RestoreTestingPlan": TEST_BODY}),
        *TAGS,
    ),
    read=(Look("get_restore_testing_plan", {"RestoreTestingPlanName": Id()}, "RestoreTestingPlan"), TAGS_LOOK),
    delete=(Call("delete_restore_testing_plan", {"RestoreTestingPlanName": Id()}),),
    outputs={"arn": "RestoreTestingPlanArn", "tagsAll": "tags"},
    observed={
        "name": "RestoreTestingPlanName",
        "scheduleExpression": "ScheduleExpression",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "startWindowHours": "StartWindowHours",
        "recoveryPointSelection": "RecoveryPointSelection.{algorithm: Algorithm, includeVaults: IncludeVaults,"
        " excludeVaults: ExcludeVaults, recoveryPointTypes: RecoveryPointTypes,"
        " selectionWindowDays: SelectionWindowDays}",
        "tags": "tags",
    },
    required=words("scheduleExpression recoveryPointSelection name"),  # an autoname has a hyphen, which AWS refuses
    force_new=words("name"),
    sticky=words("scheduleExpressionTimezone startWindowHours"),
    seen_as={"recoveryPointSelection": filled},
)

TEST_SELECTION: Mapping[str, Template] = {
    "IamRoleArn": In("iamRoleArn"),
    "ProtectedResourceArns": In("protectedResourceArns"),
    "RestoreMetadataOverrides": In("restoreMetadataOverrides"),
    "ValidationWindowHours": In("validationWindowHours"),
}

RESTORE_TESTING_SELECTION = Row(
    urn_type="aws:backup/restoreTestingSelection:RestoreTestingSelection",
    service="backup",
    create=(
        Call(
            "create_restore_testing_selection",
            {
                "RestoreTestingPlanName": In("restoreTestingPlanName"),
                "RestoreTestingSelection": {
                    "RestoreTestingSelectionName": In("name"),
                    "ProtectedResourceType": In("protectedResourceType"),
                    **TEST_SELECTION,
                },
            },
        ),
    ),
    id="join(':', [inputs.name, inputs.restoreTestingPlanName])",
    setters=(
        Call(
            "update_restore_testing_selection",
            {
                "RestoreTestingPlanName": Id(":", 1),
                "RestoreTestingSelectionName": Id(":", 0),
                "RestoreTestingSelection": TEST_SELECTION,
            },
        ),
    ),
    read=(
        Look(
            "get_restore_testing_selection",
            {"RestoreTestingPlanName": Id(":", 1), "RestoreTestingSelectionName": Id(":", 0)},
            "RestoreTestingSelection",
        ),
    ),
    delete=(
        Call(
            "delete_restore_testing_selection",
            {"RestoreTestingPlanName": Id(":", 1), "RestoreTestingSelectionName": Id(":", 0)},
        ),
    ),
    observed={
        "name": "RestoreTestingSelectionName",
        "restoreTestingPlanName": "RestoreTestingPlanName",
        "protectedResourceType": "ProtectedResourceType",
        "iamRoleArn": "IamRoleArn",
        "protectedResourceArns": "ProtectedResourceArns",
        "restoreMetadataOverrides": "RestoreMetadataOverrides",
        "validationWindowHours": "ValidationWindowHours",
    },
    required=words("name restoreTestingPlanName protectedResourceType iamRoleArn"),
    force_new=words("name restoreTestingPlanName protectedResourceType"),
    sticky=words("validationWindowHours"),
    canonical={"protectedResourceArns": unordered},
)

ROWS = (VAULT, VAULT_LOCK, VAULT_POLICY, PLAN, SELECTION, RESTORE_TESTING_PLAN, RESTORE_TESTING_SELECTION)
