"""What each stack asks AWS for: the inputs and options that matter, each with its reason.

All of it is in graphs/, which test_graph_page.py holds.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import lifecycle
from local.provider.rows import ROWS
from tests.unit.infra.recorder import ACCOUNT, REGION, Recording, configuration, record_stack

INSTANCE = "aws:rds/instance:Instance"
LOG = "aws:cloudwatch/logGroup:LogGroup"

STACKS = ("dev", "prod", "local")
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


@pytest.mark.parametrize("stack", STACKS)
def test_no_two_resources_of_a_type_share_a_name(stack: str, recorded: Callable[[str], Recording]) -> None:
    recording = recorded(stack)
    assert len(recording.names()) == len(recording.resources)


def test_the_primary_of_prod_is_exactly_this(prod: Recording) -> None:
    inputs = prod.one(INSTANCE, "platform-primary").inputs
    password = inputs.pop("password")
    assert password
    assert inputs == {
        "identifier": "estate-prod-platform",
        "engine": "postgres",
        "engineVersion": "15",
        "autoMinorVersionUpgrade": True,
        "engineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "instanceClass": "db.r6g.2xlarge",
        "multiAz": True,
        "allocatedStorage": 400,
        "maxAllocatedStorage": 1000,
        "storageType": "gp3",
        "iops": 12000,
        "storageThroughput": 500,
        "storageEncrypted": True,
        "kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:keys-storage",
        "dbName": "platform",
        "username": "estate_admin",
        "port": 5432,
        "parameterGroupName": "platform-parameters-1a2b3c4",
        "dbSubnetGroupName": "platform-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["platform-database-id"],
        "publiclyAccessible": False,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "iamDatabaseAuthenticationEnabled": True,
        "backupRetentionPeriod": 30,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "estate-prod-platform-final-1",
        "applyImmediately": False,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 60,
        "monitoringRoleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:monitoring",
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:keys-storage",
        "performanceInsightsRetentionPeriod": 7,
        "databaseInsightsMode": "standard",
        "tags": {
            "ManagedBy": "pulumi/postgres-estate",
            "Name": "estate-prod-platform",
            "Role": "primary",
            "Service": "platform",
            "Stack": "prod",
        },
    }


def test_a_replica_of_prod_is_exactly_this(prod: Recording) -> None:
    """No user, password, database, engine or final snapshot: RDS refuses them or takes the source's."""
    assert prod.one(INSTANCE, "platform-replica-2").inputs == {
        "identifier": "estate-prod-platform-replica-2",
        "replicateSourceDb": f"arn:aws:rds:{REGION}:{ACCOUNT}:platform-primary",
        "instanceClass": "db.r6g.xlarge",
        "multiAz": False,
        "availabilityZone": "eu-west-1c",
        "allocatedStorage": 400,
        "storageType": "gp3",
        "iops": 12000,
        "storageThroughput": 500,
        "maxAllocatedStorage": 1000,
        "storageEncrypted": True,
        "autoMinorVersionUpgrade": True,
        "parameterGroupName": "platform-parameters-1a2b3c4",
        "dbSubnetGroupName": "platform-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["platform-database-id"],
        "publiclyAccessible": False,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "iamDatabaseAuthenticationEnabled": True,
        "backupRetentionPeriod": 0,
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "copyTagsToSnapshot": True,
        "deletionProtection": False,
        "skipFinalSnapshot": True,
        "applyImmediately": False,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 60,
        "monitoringRoleArn": f"arn:aws:iam:{REGION}:{ACCOUNT}:monitoring",
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:keys-storage",
        "performanceInsightsRetentionPeriod": 7,
        "databaseInsightsMode": "standard",
        "tags": {
            "ManagedBy": "pulumi/postgres-estate",
            "Name": "estate-prod-platform-replica-2",
            "Role": "replica",
            "Service": "platform",
            "Stack": "prod",
        },
    }


def test_replicas_are_spread_over_the_zones_and_clear_of_a_lone_primary(
    prod: Recording, recorded: Callable[[str], Recording]
) -> None:
    zones = [prod.one(INSTANCE, f"platform-replica-{number}").inputs["availabilityZone"] for number in (1, 2, 3)]
    assert sorted(zones) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    dev = recorded("dev")
    primary, replica = dev.one(INSTANCE, "platform-primary"), dev.one(INSTANCE, "platform-replica-1")
    assert primary.inputs["availabilityZone"] != replica.inputs["availabilityZone"]


def test_small_volumes_are_gp3_without_iops_or_throughput(recorded: Callable[[str], Recording]) -> None:
    for stack in ("dev", "local"):
        for item in recorded(stack).of(INSTANCE).values():
            assert item.inputs["storageType"] == "gp3"
            assert not {"iops", "storageThroughput"} & set(item.inputs)


def test_the_parameter_group_of_prod_is_exactly_this(prod: Recording) -> None:
    inputs = prod.one("aws:rds/parameterGroup:ParameterGroup", "platform-parameters").inputs
    assert inputs["family"] == "postgres15"
    assert "name" not in inputs  # autonamed: the new one is made before the old one goes
    static, dynamic = "pending-reboot", "immediate"
    assert [(row["name"], row["value"], row["applyMethod"]) for row in inputs["parameters"]] == [
        ("autovacuum_max_workers", "4", static),
        ("autovacuum_naptime", "30", dynamic),
        ("checkpoint_completion_target", "0.9", dynamic),
        ("checkpoint_timeout", "900", dynamic),
        ("effective_cache_size", "{DBInstanceClassMemory*3/32768}", dynamic),
        ("effective_io_concurrency", "200", dynamic),
        ("idle_in_transaction_session_timeout", "60000", dynamic),
        ("lock_timeout", "10000", dynamic),
        ("log_autovacuum_min_duration", "10000", dynamic),
        ("log_connections", "1", dynamic),
        ("log_disconnections", "1", dynamic),
        ("log_lock_waits", "1", dynamic),
        ("log_min_duration_statement", "1000", dynamic),
        ("log_temp_files", "10240", dynamic),
        ("maintenance_work_mem", "2097152", dynamic),
        ("max_connections", "500", static),
        ("max_wal_senders", "10", static),
        ("max_worker_processes", "16", static),
        ("password_encryption", "scram-sha-256", dynamic),
        ("pg_stat_statements.max", "10000", static),
        ("pg_stat_statements.track", "top", dynamic),
        ("random_page_cost", "1.1", dynamic),
        ("rds.force_ssl", "1", dynamic),
        ("shared_buffers", "{DBInstanceClassMemory/32768}", static),
        ("shared_preload_libraries", "pg_stat_statements", static),
        ("statement_timeout", "300000", dynamic),
        ("track_activity_query_size", "4096", static),
        ("track_io_timing", "1", dynamic),
        ("wal_buffers", "2048", static),
        ("wal_keep_size", "1024", dynamic),
        ("work_mem", "4096", dynamic),
    ]


def test_the_files_of_prod_say_what_the_services_asked_for(prod: Recording) -> None:
    days = {name: item.inputs["backupRetentionPeriod"] for name, item in prod.of(INSTANCE).items()}
    assert days["platform-primary"] == 30
    assert days["familytales-primary"] == 7
    assert prod.one(INSTANCE, "familytales-primary").inputs["engineVersion"] == "16"
    services = prod.of("aws:ecs/service:Service").values()
    assert [item.inputs["desiredCount"] for item in services] == [2, 2]


# Options --------------------------------------------------------------------------------------------------------------


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


# Changes --------------------------------------------------------------------------------------------------------------


def test_another_replica_adds_itself_and_what_watches_it_and_is_made_known(
    recorded: Callable[[str], Recording], sql_root: Path
) -> None:
    raw, before = configuration("dev"), recorded("dev")
    more = copy.deepcopy(raw)
    more["services"][0]["replicas"]["count"] += 1
    after = record_stack(more, "dev", sql_root)
    new = after.names() - before.names()
    assert {(INSTANCE, "platform-replica-2"), (LOG, "platform-replica-2-postgresql-log")} < new
    assert all("replica-2" in name for _, name in new)
    assert not before.names() - after.names()
    changed = {
        item.name
        for item in after.resources
        if (item.type, item.name) in before.names()
        and "credentials" not in item.name  # each run draws passwords, which are not compared
        and item.name not in ("platform-primary", "familytales-primary")
        and item.inputs != before.one(item.type, item.name).inputs
    }
    assert changed == {
        "platform-pooler",  # knows of its new server
        "platform-monitoring-dashboard",  # which shows it
        "platform-monitoring-instances",  # and RDS is asked for its events
    }


def test_a_third_service_is_a_row_and_a_folder(
    recorded: Callable[[str], Recording], sql_root: Path, tmp_path: Path
) -> None:
    for folder in ("platform", "familytales"):
        (tmp_path / folder).symlink_to(sql_root / folder)
    (tmp_path / "billing").mkdir()
    toml = (sql_root / "familytales" / "service.toml").read_text(encoding="utf-8").replace("familytales", "billing")
    (tmp_path / "billing" / "service.toml").write_text(toml, encoding="utf-8")
    raw = configuration("dev")
    third = {
        "name": "billing",
        "engine_version": "17",
        "instance_class": "db.t4g.small",
        "storage": {"allocated_gib": 20},
        "pooler": {"tasks": 1},
    }
    before = recorded("dev")
    after = record_stack({**raw, "services": [*raw["services"], third]}, "dev", tmp_path)
    assert before.names() < after.names()
    assert all(name.startswith("billing") for _, name in after.names() - before.names())
    assert after.one(INSTANCE, "billing-primary").inputs["engineVersion"] == "17"


def test_the_stack_outputs_name_everything_an_operator_needs(local: Recording) -> None:
    outputs = local.stack_outputs
    assert outputs["region"] == REGION
    platform = outputs["services"]["platform"]
    assert platform == {
        "database": "platform",
        "engine_version": "16",
        "parameter_group": "platform-parameters-1a2b3c4",
        "primary": server("estate-local-platform"),
        "replicas": [server("estate-local-platform-replica-1")],
        "pooler": {
            "address": f"platform-pooler.elb.{REGION}.amazonaws.com",
            "port": 6432,
            "read_write": "platform",
            "read_only": "platform_ro",
            "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster-tasks",
            "service": "platform-pooler-1a2b3c4",
        },
        "direct_security_group": "platform-direct-id",
        "names": {
            "primary": "primary.platform.local.estate.internal",
            "readers": "readers.platform.local.estate.internal",
            "pooler": "pooler.platform.local.estate.internal",
        },
        "schedules": {
            "group": "platform-schedules-1a2b3c4",
            "failed": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/platform-schedules-failed",
        },
        "dump": None,
        "secrets": {
            "master": secret("platform-credentials-master"),
            "roles": {
                f"platform_{role}": secret(f"platform-credentials-platform-{role}")
                for role in ("app", "auth", "backup", "migrator")
            },
        },
        "schema_step": {
            "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster-tasks",
            "task_definition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:platform-schema",
            "container": "schema",
            "subnets": ["network-private-1-id", "network-private-2-id"],
            "security_groups": ["platform-schema-task-id"],
            "log_group": "platform-schema-log-1a2b3c4",
            "stream_prefix": "schema",
        },
    }
    assert json.dumps(outputs)  # plain data


def server(identifier: str) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "address": f"{identifier}.example.{REGION}.rds.amazonaws.com",
        "port": 5432,
    }


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:{name}"


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_ec2_accepts_every_description(stack: str, recorded: Callable[[str], Recording]) -> None:
    # The characters that EC2 allows in the description of a security group and of a rule; an apostrophe is not one.
    allowed = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
    described = [
        item
        for item in recorded(stack).resources
        if item.type.startswith(("aws:ec2/securityGroup", "aws:vpc/securityGroup"))
    ]
    assert len(described) > 20
    assert [item.name for item in described if not allowed.fullmatch(item.inputs["description"])] == []


def test_what_hot_standby_compares_is_a_number_and_never_left_to_each_class(prod: Recording) -> None:
    # max_prepared_transactions and max_locks_per_transaction have constant defaults in PostgreSQL and in RDS.
    group = {
        row["name"]: row["value"]
        for row in prod.one("aws:rds/parameterGroup:ParameterGroup", "platform-parameters").inputs["parameters"]
    }
    for name in ("max_connections", "max_worker_processes", "max_wal_senders"):
        assert group[name].isdigit(), name


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
