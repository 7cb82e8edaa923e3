"""What the engine is told of each resource: protected, kept, ignored, given time, waited for, whose it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import lifecycle
from local.provider.rows import ROWS
from tests.unit.infra.recorder import Recording, configuration, record_stack

INSTANCE = "aws:rds/instance:Instance"
LOG = "aws:cloudwatch/logGroup:LogGroup"

# What outlives prod, and the keys without which it could not be read; what is set on a vault or a bucket stays with it.
RETAINED = {
    *(("aws:kms/key:Key", f"keys-{purpose}") for purpose in ("storage", "dumps", "vault", "recovery")),
    *(("aws:backup/vault:Vault", name) for name in ("vault", "recovery-vault")),
    *(("aws:s3/bucket:Bucket", name) for name in ("dumps", "recovery-dumps")),
}
SETTINGS = ("aws:backup/vault", "aws:s3/bucket")


def retained(recording: Recording) -> set[tuple[str, str]]:
    """What a destroy leaves in the account, without the settings of vaults and buckets."""
    found = {(item.type, item.name) for item in recording.resources if item.request.retainOnDelete}
    settings = {item for item in found if item[0].startswith(SETTINGS)} - RETAINED
    assert not recording.of("aws:backup/vault:Vault") or settings
    return found - settings


def test_in_prod_everything_that_cannot_be_had_back_is_protected(prod: Recording) -> None:
    protected = {(item.type, item.name) for item in prod.resources if item.request.protect}
    assert protected == {
        *((INSTANCE, f"{service}-primary") for service in ("platform", "familytales")),
        *(("aws:kms/key:Key", name) for name in prod.of("aws:kms/key:Key")),
        ("aws:ec2/vpc:Vpc", "network-vpc"),
        *(("aws:backup/vault:Vault", name) for name in ("vault", "recovery-vault")),
        *(("aws:s3/bucket:Bucket", name) for name in ("dumps", "recovery-dumps")),
        *(("aws:secretsmanager/secret:Secret", name) for name in prod.of("aws:secretsmanager/secret:Secret")),
    }
    assert retained(prod) == RETAINED


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_in_other_stacks_nothing_resists_a_destroy(stack: str, recorded: Callable[[str], Recording]) -> None:
    recording = recorded(stack)
    assert not [item.name for item in recording.resources if item.request.protect or item.request.retainOnDelete]
    for item in recording.of(INSTANCE).values():
        assert item.inputs["deletionProtection"] is False
        assert item.inputs["skipFinalSnapshot"] is True
        assert "finalSnapshotIdentifier" not in item.inputs
        assert item.inputs["applyImmediately"] is True


def test_only_these_inputs_are_not_compared(prod: Recording) -> None:
    ignored = {item.name: tuple(item.request.ignoreChanges) for item in prod.resources if item.request.ignoreChanges}
    replicas = [name for name in prod.of(INSTANCE) if "-replica-" in name]
    versions = prod.of("aws:secretsmanager/secretVersion:SecretVersion")
    assert len(replicas) == 4
    assert ignored == {
        **dict.fromkeys(replicas, ("availabilityZone",)),
        **dict.fromkeys(versions, ("secretString",)),
        **dict.fromkeys(("platform-primary", "familytales-primary"), ("availabilityZone",)),
        "platform-pooler": ("desiredCount",),  # autoscaling says how many
        **dict.fromkeys(prod.of("aws:ec2/subnet:Subnet"), ("availabilityZone",)),
    }


def test_databases_get_time_enough(prod: Recording) -> None:
    primary = prod.one(INSTANCE, "platform-primary").request.customTimeouts
    replica = prod.one(INSTANCE, "platform-replica-1").request.customTimeouts
    assert (primary.create, primary.update, primary.delete) == ("90m", "180m", "90m")
    assert (replica.create, replica.update, replica.delete) == ("180m", "180m", "90m")


def test_every_row_of_the_lifecycle_table_has_a_reason() -> None:
    assert all(len(row.why) > 40 for row in lifecycle.TABLE.values())


def test_every_resource_belongs_to_a_component(prod: Recording) -> None:
    for item in prod.resources:
        parent = item.request.parent
        if item.type.startswith("aws:"):
            assert "postgres-estate:infra:" in parent, item.name
        else:
            assert "pulumi:pulumi:Stack" in parent, item.name


def test_log_groups_exist_before_the_instance_that_writes_to_them(prod: Recording) -> None:
    for name, item in prod.of(INSTANCE).items():
        assert {f"{LOG} {name}-postgresql-log", f"{LOG} {name}-upgrade-log"} <= item.dependencies
        log = prod.one(LOG, f"{name}-postgresql-log").inputs
        assert log["name"] == f"/aws/rds/instance/{item.inputs['identifier']}/postgresql"
        assert log["retentionInDays"] == 90
        assert log["kmsKeyId"].endswith("keys-logs")


def test_the_pooler_waits_for_listener_rights_and_passwords(prod: Recording) -> None:
    dependencies = prod.one("aws:ecs/service:Service", "platform-pooler").dependencies
    assert "aws:lb/listener:Listener platform-pooler" in dependencies
    assert "aws:iam/rolePolicy:RolePolicy platform-pooler-execution" in dependencies
    assert "aws:secretsmanager/secretVersion:SecretVersion platform-credentials-platform-app" in dependencies


def test_every_resource_that_can_be_is_tagged(prod: Recording) -> None:
    taggable = [item for item in prod.resources if item.type in ROWS and "tags" in ROWS[item.type].inputs]
    assert len(taggable) > 300
    for item in taggable:
        tags = item.inputs["tags"]
        assert (tags["Stack"], tags["ManagedBy"]) == ("prod", "pulumi/postgres-estate"), item.name


def test_an_unprotected_database_of_prod_still_leaves_its_backups(sql_root: Path) -> None:
    raw = configuration("prod")
    services = [{**service, "protected": False} for service in raw["services"]]
    recording = record_stack({**raw, "services": services}, "prod", sql_root)
    primary = recording.one(INSTANCE, "platform-primary")
    assert not primary.request.protect
    assert primary.inputs["deletionProtection"] is False
    assert primary.inputs["skipFinalSnapshot"] is False
    assert primary.inputs["finalSnapshotIdentifier"] == "estate-prod-platform-final-1"
    assert primary.inputs["deleteAutomatedBackups"] is False
    assert retained(recording) == RETAINED
