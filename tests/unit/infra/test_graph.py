"""What each stack asks AWS for: the inputs that matter, each with its reason.

All of it is in graphs/, which test_graph_page.py holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.unit.infra.recorder import ACCOUNT, REGION, Recording

INSTANCE = "aws:rds/instance:Instance"
LOG = "aws:cloudwatch/logGroup:LogGroup"

STACKS = ("dev", "prod", "local")


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
    static, dynamic, kept = "pending-reboot", "immediate", "pending-reboot"  # kept: RDS's own default
    assert [(row["name"], row["value"], row["applyMethod"]) for row in inputs["parameters"]] == [
        ("autovacuum_max_workers", "4", static),
        ("autovacuum_naptime", "30", dynamic),
        ("checkpoint_completion_target", "0.9", kept),
        ("checkpoint_timeout", "900", dynamic),
        ("effective_cache_size", "{DBInstanceClassMemory*3/32768}", dynamic),
        ("effective_io_concurrency", "200", dynamic),
        ("idle_in_transaction_session_timeout", "60000", dynamic),
        ("lock_timeout", "10000", dynamic),
        ("log_autovacuum_min_duration", "10000", kept),
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
        ("rds.force_ssl", "1", kept),
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


@pytest.mark.parametrize("stack", STACKS)
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
