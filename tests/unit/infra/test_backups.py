"""What the stacks ask for to be backed up, copied, proved and dumped, and what nobody may do to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.iam.access_control import PermissionResult

from infra import backup_policies
from infra.backups import test_name as name_of_test
from infra.containers import Account
from local.moto_gaps.s3 import permission
from tests.unit.infra.recorder import ACCOUNT, REGION, Recording

HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
VAULT, LOCK = "aws:backup/vault:Vault", "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
REPLICATED = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
TEST = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
BUCKET, KEPT = "aws:s3/bucket:Bucket", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
SECOND = "us-west-2"


def statements(text: str) -> dict[str, dict[str, Any]]:
    return {row["Sid"]: row for row in json.loads(text)["Statement"]}


# -- what prod asks for ------------------------------------------------------------------------------------------


def test_a_vault_stands_in_each_region_locked_and_never_for_ever(prod: Recording) -> None:
    assert {name: item.inputs.get("region") for name, item in prod.of(VAULT).items()} == {
        "vault": None,
        "recovery-vault": SECOND,
    }
    for item in prod.of(VAULT).values():
        assert item.request.protect
        assert item.request.retainOnDelete
        assert item.inputs["forceDestroy"] is False
    for item in prod.of(LOCK).values():
        # A number of days until it cannot be changed would make it a lock in compliance mode.
        assert set(item.inputs) - {"region"} == {"backupVaultName", "minRetentionDays", "maxRetentionDays"}
        assert (item.inputs["minRetentionDays"], item.inputs["maxRetentionDays"]) == (28, 372)
        assert item.request.deleteBeforeReplace
    assert set(prod.of(LOCK)) == set(prod.of(VAULT))


@pytest.mark.parametrize("service", ["platform", "familytales"])
def test_every_snapshot_is_copied_with_an_end_of_its_own(service: str, prod: Recording) -> None:
    rules = prod.one(PLAN, f"{service}-backups").inputs["rules"]
    assert {rule["ruleName"]: rule["lifecycle"] for rule in rules} == {
        "weekly": {"deleteAfter": 28},
        "monthly": {"deleteAfter": 372},
    }
    for rule in rules:
        # Cold storage and continuous backups are what RDS has not and what must not be here.
        assert set(rule) == {
            "ruleName",
            "targetVaultName",
            "schedule",
            "scheduleExpressionTimezone",
            "startWindow",
            "completionWindow",
            "lifecycle",
            "recoveryPointTags",
            "copyActions",
        }
        [copy] = rule["copyActions"]
        assert copy["lifecycle"] == rule["lifecycle"]
        assert copy["destinationVaultArn"].endswith("recovery-vault")
        assert (rule["startWindow"], rule["completionWindow"]) == (60, 480)


def test_a_plan_takes_the_primary_and_nothing_else(prod: Recording) -> None:
    selected = prod.one(SELECTION, "platform-backups")
    assert selected.inputs["resources"] == [f"arn:aws:rds:{REGION}:{ACCOUNT}:platform-primary"]
    # The role is complete before its first job.
    assert "aws:iam/rolePolicyAttachment:RolePolicyAttachment platform-backups-backup" in selected.dependencies
    assert "aws:iam/rolePolicy:RolePolicy platform-backups-backup-limits" in selected.dependencies


def test_point_in_time_recovery_is_replicated_as_far_back_as_here(prod: Recording) -> None:
    found = prod.of(REPLICATED)
    assert {name: item.inputs["retentionPeriod"] for name, item in found.items()} == {
        "platform-backups-replicated": 30,
        "familytales-backups-replicated": 7,
    }
    for item in found.values():
        assert item.inputs["region"] == SECOND
        assert item.inputs["kmsKeyId"].endswith("keys-recovery")
        # RDS starts none beside another of the same source, and a delete that came last would stop the new one.
        assert item.request.deleteBeforeReplace


def test_a_restore_is_tested_where_nobody_reaches_it(prod: Recording) -> None:
    inputs = prod.one(TEST, "platform-backups").inputs
    assert inputs["restoreMetadataOverrides"] == {
        "dbInstanceClass": "db.t4g.medium",
        "dbSubnetGroupName": "platform-subnets-1a2b3c4",
        "vpcSecurityGroupIds": '["platform-backups-restored-id"]',
    }
    assert inputs["protectedResourceType"] == "RDS"
    rules = [
        item
        for kind in ("Ingress", "Egress")
        for item in prod.of(f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule").values()
        if "platform-backups-restored-id" in item.inputs.values()
    ]
    assert rules == []


def test_what_fails_is_told_to_the_topic(prod: Recording) -> None:
    rules = prod.of("aws:cloudwatch/eventRule:EventRule")
    targets = prod.of("aws:cloudwatch/eventTarget:EventTarget")
    topic = prod.stack_outputs["alerts"]
    for name in ("vault-failed-jobs", "platform-backups-failed-restores", "familytales-backups-failed-restores"):
        assert json.loads(rules[name].inputs["eventPattern"])["source"] == ["aws.backup"]
        assert targets[name].inputs["arn"] == topic


def test_dumps_lie_in_one_bucket_with_rules_for_each_service_and_a_copy_elsewhere(prod: Recording) -> None:
    assert {name: item.inputs.get("region") for name, item in prod.of(BUCKET).items()} == {
        "dumps": None,
        "recovery-dumps": SECOND,
    }
    for item in prod.of(KEPT).values():
        assert {
            rule["id"]: (rule["filter"]["prefix"], rule["expiration"]["days"]) for rule in item.inputs["rules"]
        } == {
            "platform-daily": ("daily/platform/", 30),
            "platform-monthly": ("monthly/platform/", 372),
            "familytales-daily": ("daily/familytales/", 30),
            "familytales-monthly": ("monthly/familytales/", 372),
        }
        cold = {rule["id"]: rule["transitions"] for rule in item.inputs["rules"] if "transitions" in rule}
        archived = [{"days": 30, "storageClass": "GLACIER"}]
        assert cold == {"platform-monthly": archived, "familytales-monthly": archived}
    closed = prod.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert set(closed) == {"dumps", "recovery-dumps"}
    for item in closed.values():
        assert [value for name, value in item.inputs.items() if name.startswith(("block", "ignore", "restrict"))] == [
            True
        ] * 4


def test_what_is_said_of_a_kept_bucket_or_vault_is_kept_with_it(prod: Recording) -> None:
    said = [item for item in prod.resources if item.type.startswith("aws:s3/bucket") and item.type != BUCKET]
    said += [item for item in prod.resources if item.type.startswith("aws:backup/vault") and item.type != VAULT]
    left = {item.type for item in said if not item.request.retainOnDelete}
    # Replication goes, since its role goes, too; and a lock that stayed could be taken off by no configuration.
    assert left == {
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    }


def test_a_dump_task_logs_in_as_the_backup_role_and_names_no_password(prod: Recording) -> None:
    definition = prod.one("aws:ecs/taskDefinition:TaskDefinition", "platform-dump").inputs
    [container] = json.loads(definition["containerDefinitions"])
    assert container["command"] == ["python", "-m", "dump"]
    assert [row["name"] for row in container["secrets"]] == ["ROLE_SECRET"]
    assert container["secrets"][0]["valueFrom"].endswith("platform-credentials-platform-backup")
    environment = {row["name"]: row["value"] for row in container["environment"]}
    assert environment["DUMP_BUCKET"] and environment["DUMP_KEY"].endswith("keys-dumps")
    assert definition["taskRoleArn"].endswith("platform-dump-task")
    # Only a dump has a role of its own; in other containers there are no credentials to steal.
    tasks = prod.of("aws:ecs/taskDefinition:TaskDefinition")
    assert {name for name, item in tasks.items() if "taskRoleArn" in item.inputs} == {
        "platform-dump",
        "familytales-dump",
    }


def test_a_development_stack_has_none_of_it(recorded: Callable[[str], Recording]) -> None:
    kinds = {item.type for item in recorded("dev").resources}
    assert not {kind for kind in kinds if kind.startswith(("aws:backup/", "aws:s3/"))} | ({REPLICATED} & kinds)


# -- the documents ------------------------------------------------------------------------------------------------


def test_nobody_deletes_a_recovery_point_or_shortens_its_life() -> None:
    [row] = json.loads(backup_policies.vault_access())["Statement"]
    assert row == {
        "Sid": "KeepRecoveryPoints",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
        "Resource": "*",
    }


def test_the_restore_role_deletes_nothing_but_what_a_test_made() -> None:
    row = statements(backup_policies.deletes_only_its_own(HERE))["DeleteOnlyWhatTestsMade"]
    assert row["Effect"] == "Deny"
    assert row["Action"] == ["rds:DeleteDBCluster", "rds:DeleteDBInstance"]
    assert row["NotResource"] == f"arn:aws:rds:*:{ACCOUNT}:db:awsbackup-restore-test-*"


def test_the_backup_role_leaves_the_instances_own_backups_alone() -> None:
    row = statements(backup_policies.snapshots_only(HERE))["LeaveInstancesAlone"]
    assert row["Effect"] == "Deny"
    assert "rds:ModifyDBInstance" in row["Action"]
    assert "rds:DeleteDBSnapshot" not in row["Action"], "that is how a snapshot expires"


def test_a_dump_task_adds_under_its_own_prefixes_and_reads_nothing() -> None:
    rows = statements(backup_policies.put_dumps(HERE, "platform", "arn:aws:s3:::dumps", "key"))
    assert rows["AddDumps"]["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert rows["AddDumps"]["Resource"] == [
        "arn:aws:s3:::dumps/daily/platform/*",
        "arn:aws:s3:::dumps/monthly/platform/*",
    ]
    assert set(rows) == {"AddDumps", "EncryptDumps"}
    assert rows["EncryptDumps"]["Condition"] == {
        "StringEquals": {
            "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::dumps",
            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        }
    }


SSE = "s3:x-amz-server-side-encryption"
GOOD = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3", SSE: "aws:kms", f"{SSE}-aws-kms-key-id": "key"}


@pytest.mark.parametrize(
    ("action", "said", "refused"),
    [
        ("s3:PutObject", GOOD, False),
        # Parts of an upload, and objects that leave the encryption to the bucket, have no such headers.
        ("s3:PutObject", {"aws:SecureTransport": "true", "s3:TlsVersion": "1.2"}, False),
        ("s3:GetObject", GOOD, False),
        ("s3:PutObject", {**GOOD, "aws:SecureTransport": "false"}, True),
        ("s3:GetObject", {**GOOD, "s3:TlsVersion": "1.1"}, True),
        ("s3:PutObject", {**GOOD, SSE: "AES256"}, True),
        ("s3:PutObject", {**GOOD, f"{SSE}-aws-kms-key-id": "another"}, True),
        ("s3:DeleteObject", GOOD, False),
        ("s3:DeleteObjectVersion", GOOD, True),
    ],
)
def test_the_bucket_refuses_what_would_be_read_on_the_way_or_under_another_key(
    action: str, said: dict[str, str], refused: bool
) -> None:
    policy = json.loads(backup_policies.bucket("arn:aws:s3:::dumps", "key"))
    answer = permission(policy, action, "arn:aws:s3:::dumps/daily/platform/x.dump", said)
    assert answer == (PermissionResult.DENIED if refused else PermissionResult.NEUTRAL)


def test_replication_decrypts_with_one_key_and_encrypts_with_the_other() -> None:
    source, target = ("arn:aws:s3:::here", "key-here"), ("arn:aws:s3:::there", "key-there")
    rows = statements(backup_policies.replicate(HERE, source, target, SECOND))
    assert rows["DecryptSource"]["Resource"] == "key-here"
    assert rows["DecryptSource"]["Condition"]["StringEquals"]["kms:ViaService"] == f"s3.{REGION}.amazonaws.com"
    assert rows["EncryptReplicas"]["Resource"] == "key-there"
    assert rows["EncryptReplicas"]["Condition"]["StringEquals"]["kms:ViaService"] == f"s3.{SECOND}.amazonaws.com"
    assert not {action for row in rows.values() for action in row["Action"]} & {"s3:ReplicateDelete"}


def test_a_restore_tests_name_has_no_hyphen_and_is_not_too_long() -> None:
    assert name_of_test("prod", "platform") == "estate_platform_prod"
    assert name_of_test("eu-west-prod", "platform") == "estate_platform_eu_west_prod"
    assert len(name_of_test("s" * 100, "platform")) == 50


def test_failed_jobs_are_backups_and_copies_of_this_vault() -> None:
    pattern = json.loads(backup_policies.failed_jobs("vault"))
    assert pattern["detail-type"] == ["Backup Job State Change", "Copy Job State Change"]
    assert pattern["detail"]["state"] == ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]
    assert pattern["detail"]["$or"] == [{"backupVaultArn": ["vault"]}, {"sourceBackupVaultArn": ["vault"]}]
    restores = json.loads(backup_policies.failed_restores("plan"))["detail"]
    assert restores == {"restoreTestingPlanArn": ["plan"], "status": ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]}
