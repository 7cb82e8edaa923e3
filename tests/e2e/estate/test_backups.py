"""Backups in two regions under the real engine: made, made again without a change, changed, and gone."""

from __future__ import annotations

import importlib
import json
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from botocore.exceptions import ClientError
from pulumi import automation

from infra import vault as vaults
from infra.backups import Backups, BackupsArgs
from infra.config import Backup, Service
from infra.containers import Account
from infra.dump_bucket import DumpBucket, DumpBucketArgs
from infra.recovery import Recovery, RecoveryArgs
from infra.vault import Vault, VaultArgs
from tests.e2e import small_program
from tests.e2e.small_program import changes

with warnings.catch_warnings():
    # The generated SDK announces its own deprecations while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import ec2, kms, rds, sns

    for _module in ("backup", "cloudwatch", "iam", "s3"):
        # The SDK imports a module when an attribute is first asked for, not before.
        assert importlib.import_module(f"pulumi_aws.{_module}").outputs

REGION, SECOND, ACCOUNT = "us-east-1", "us-west-2", "123456789012"

BACKUP = Backup(
    retention_days=30,
    window="03:00-04:00",
    keep_after_destroy=False,
    final_snapshot_generation=1,
    weekly_weeks=4,
    monthly_months=12,
    vault_lock=True,
    copy_to_recovery=True,
    restore_test=True,
    dump_at="22:30",
    dump_daily_days=30,
    dump_monthly_months=12,
    dump_cold_after_days=30,
)


class Program:
    """One service's backups and what they need, its instance included."""

    def __init__(self) -> None:
        self.backup = BACKUP

    def service(self) -> Service:
        """As much of a service as backups look at."""
        settings = {"name": "platform", "backup": self.backup, "maintenance_window": "sun:04:00-sun:05:00"}
        return cast("Service", SimpleNamespace(**settings, protected=False))

    def __call__(self) -> None:
        service = self.service()
        account = pulumi.Output.from_input(Account(ACCOUNT, REGION, "aws", "amazonaws.com"))
        vpc = ec2.Vpc("network", cidr_block="10.3.0.0/16")
        subnets = [
            ec2.Subnet(f"data-{n}", vpc_id=vpc.id, cidr_block=f"10.3.{n}.0/24", availability_zone=f"{REGION}{zone}")
            for n, zone in enumerate("ab")
        ]
        group = rds.SubnetGroup("data", subnet_ids=[subnet.id for subnet in subnets])
        key = kms.Key("here", enable_key_rotation=True, deletion_window_in_days=7)
        there = kms.Key("there", region=SECOND, enable_key_rotation=True, deletion_window_in_days=7)
        topic = sns.Topic("alerts", kms_master_key_id=key.arn)
        primary = rds.Instance(
            "platform",
            identifier="estate-test-platform",
            engine="postgres",
            engine_version="16",
            instance_class="db.t4g.medium",
            allocated_storage=20,
            storage_encrypted=True,
            kms_key_id=key.arn,
            username="estate_admin",
            password=pulumi.Output.secret("correct-horse-battery"),
            db_subnet_group_name=group.name,
            backup_retention_period=service.backup.retention_days,
            skip_final_snapshot=True,
        )
        network: Any = SimpleNamespace(vpc_id=vpc.id)
        database: Any = SimpleNamespace(primary=primary, replicas=[], subnet_group_name=group.name)
        kept = vaults.kept("test", (service,))
        recovery = Recovery("recovery", RecoveryArgs(kept, SECOND, there.arn, (service,)))
        vault = Vault("vault", VaultArgs(kept, key.arn, topic.arn))
        dumps = DumpBucket("dumps", DumpBucketArgs(kept, account, key.arn, (service,), recovery.dumps))
        Backups(
            "platform-backups",
            BackupsArgs("test", service, account, network, database, vault, recovery, topic.arn),
        )
        pulumi.export("bucket", dumps.bucket_name)
        pulumi.export("vault", vault.vault_name)


@pytest.fixture(autouse=True)
def empty_account(endpoint: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"))


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def stack(program: Program, endpoint: str, tmp_path: Path) -> Iterator[automation.Stack]:
    """Not destroyed at the end: the tests do that themselves."""
    with small_program.stack_of(program, endpoint, tmp_path) as made:
        yield made


def plan_of(backup: Any) -> dict[str, Any]:
    """The only plan, its rules by name."""
    [row] = backup.list_backup_plans()["BackupPlansList"]
    rules = backup.get_backup_plan(BackupPlanId=row["BackupPlanId"])["BackupPlan"]["Rules"]
    return {rule["RuleName"]: rule for rule in rules}


def test_backups_live_their_whole_life_in_both_regions(
    stack: automation.Stack, program: Program, aws: Callable[..., Any]
) -> None:
    first = stack.up()
    bucket, vault = first.outputs["bucket"].value, first.outputs["vault"].value
    assert changes(stack.up()) == {}, "a second update of the same program does nothing"
    assert changes(stack.refresh()) == {}, "and AWS has what the program says"

    here, there = aws("backup"), aws("backup", SECOND)
    [copies] = there.list_backup_vaults()["BackupVaultList"]
    for client, name in ((here, vault), (there, copies["BackupVaultName"])):
        locked = client.describe_backup_vault(BackupVaultName=name)
        assert (locked["Locked"], locked["MinRetentionDays"], locked["MaxRetentionDays"]) == (True, 28, 372)
        assert "LockDate" not in locked, "a lock in governance mode never becomes immutable"
        policy = client.get_backup_vault_access_policy(BackupVaultName=name)["Policy"]
        assert "backup:DeleteRecoveryPoint" in policy
    rules = plan_of(here)
    assert {name: rule["Lifecycle"] for name, rule in rules.items()} == {
        "weekly": {"DeleteAfterDays": 28},
        "monthly": {"DeleteAfterDays": 372},
    }
    for rule in rules.values():
        [copy] = rule["CopyActions"]
        assert copy == {"DestinationBackupVaultArn": copies["BackupVaultArn"], "Lifecycle": rule["Lifecycle"]}
    [test] = _restore_tests(here)
    assert test["RestoreMetadataOverrides"]["dbSubnetGroupName"].startswith("data-")
    assert json.loads(test["RestoreMetadataOverrides"]["vpcSecurityGroupIds"])[0].startswith("sg-")

    s3 = aws("s3")
    [copied] = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]
    replica = copied["Destination"]["Bucket"].removeprefix("arn:aws:s3:::")
    assert copied["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    assert s3.get_bucket_location(Bucket=replica)["LocationConstraint"] == SECOND
    for name in (bucket, replica):
        kept = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert {rule["ID"]: rule["Expiration"]["Days"] for rule in kept} == {
            "platform-daily": 30,
            "platform-monthly": 372,
        }

    # Weekly snapshots are kept longer: the plan follows in place, the locks are made anew, one after the other.
    program.backup = replace(BACKUP, weekly_weeks=8)
    assert changes(stack.up()) == {"update": 1, "replace": 2}
    assert plan_of(here)["weekly"]["Lifecycle"] == {"DeleteAfterDays": 56}
    assert here.describe_backup_vault(BackupVaultName=vault)["MinRetentionDays"] == 56
    assert changes(stack.up()) == {}

    # What holds dumps that nobody asked to keep goes with them.
    s3.put_object(Bucket=bucket, Key="daily/platform/2026/01/01/platform.dump", Body=b"PGDMP")
    s3.put_object(Bucket=bucket, Key="daily/platform/2026/01/01/platform.dump", Body=b"PGDMP2")
    s3.delete_object(Bucket=bucket, Key="daily/platform/2026/01/01/platform.dump")
    stack.destroy()
    assert here.list_backup_vaults()["BackupVaultList"] == there.list_backup_vaults()["BackupVaultList"] == []
    assert here.list_backup_plans()["BackupPlansList"] == []
    assert s3.list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="does not exist"):
        here.get_restore_testing_plan(RestoreTestingPlanName="estate_platform_test")


def _restore_tests(backup: Any) -> list[dict[str, Any]]:
    name = "estate_platform_test"
    answer = backup.get_restore_testing_selection(RestoreTestingPlanName=name, RestoreTestingSelectionName=name)
    return [answer["RestoreTestingSelection"]]


def test_what_is_kept_after_a_destroy_keeps_its_rules(
    stack: automation.Stack, program: Program, aws: Callable[..., Any]
) -> None:
    program.backup = replace(BACKUP, keep_after_destroy=True)
    first = stack.up()
    bucket, vault = first.outputs["bucket"].value, first.outputs["vault"].value
    stack.destroy()

    s3, backup = aws("s3"), aws("backup")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 2
    assert "OnlyTls" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
    # The lock alone goes: one that stayed could be taken off by no configuration.
    assert not backup.describe_backup_vault(BackupVaultName=vault)["Locked"]
    assert "KeepRecoveryPoints" in backup.get_backup_vault_access_policy(BackupVaultName=vault)["Policy"]
