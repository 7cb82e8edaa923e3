"""The local provider under the real Pulumi engine: a whole stack's life against the fake AWS."""

from __future__ import annotations

import warnings
from typing import Any

import pulumi
import pytest
from pulumi import automation

from tests.e2e.small_program import changes

with warnings.catch_warnings():
    # The generated SDK announces its own deprecations while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import cloudwatch, ec2, kms, rds, secretsmanager

REGION = "us-east-1"


class Program:
    """A small estate whose settings the tests change between two updates."""

    def __init__(self) -> None:
        self.instance_class = "db.t4g.medium"
        self.family = "postgres16"
        self.retention = 7
        self.protected = False

    def __call__(self) -> None:
        protected = pulumi.ResourceOptions(protect=self.protected)
        vpc = ec2.Vpc("network", cidr_block="10.3.0.0/16", tags={"Name": "network"})
        subnets = [
            ec2.Subnet(f"data-{n}", vpc_id=vpc.id, cidr_block=f"10.3.{n}.0/24", availability_zone=f"{REGION}{zone}")
            for n, zone in enumerate("ab")
        ]
        group = rds.SubnetGroup("data", subnet_ids=[subnet.id for subnet in subnets])
        key = kms.Key("databases", enable_key_rotation=True, deletion_window_in_days=7)
        secret = secretsmanager.Secret("master", kms_key_id=key.arn, recovery_window_in_days=0)
        password = pulumi.Output.secret("correct-horse-battery")
        secretsmanager.SecretVersion("master", secret_id=secret.id, secret_string=password)
        parameters = rds.ParameterGroup(
            "platform",
            family=self.family,
            parameters=[rds.ParameterGroupParameterArgs(name="work_mem", value="8192")],
        )
        cloudwatch.LogGroup("pooler", retention_in_days=self.retention)
        database = rds.Instance(
            "platform",
            identifier="estate-engine-platform",
            engine="postgres",
            engine_version="16",
            instance_class=self.instance_class,
            allocated_storage=20,
            storage_encrypted=True,
            kms_key_id=key.arn,
            db_name="platform",
            username="estate_admin",
            password=password,
            db_subnet_group_name=group.name,
            parameter_group_name=parameters.name,
            skip_final_snapshot=True,
            apply_immediately=True,
            opts=protected,
        )
        pulumi.export("address", database.address)
        pulumi.export("parameters", parameters.name)


@pytest.fixture
def program() -> Program:
    return Program()


RESOURCES = 11  # ten of AWS and the stack itself


def test_a_stack_lives_its_whole_life(stack: automation.Stack, program: Program, aws: Any) -> None:
    assert stack.preview().change_summary == {"create": RESOURCES}

    first = stack.up()
    assert changes(first) == {"create": RESOURCES}
    assert first.outputs["address"].value
    assert "correct-horse" not in first.stdout + first.stderr
    assert changes(stack.up()) == {}, "a second update of the same program does nothing"

    program.instance_class, program.retention = "db.t4g.large", 30
    assert changes(stack.up()) == {"update": 2}
    [database] = aws("rds").describe_db_instances()["DBInstances"]
    assert database["DBInstanceClass"] == "db.t4g.large"

    # A replaced parameter group gets a new name, the database follows, and the old one goes last.
    program.family = "postgres17"
    replaced = stack.up()
    assert changes(replaced) == {"replace": 1, "update": 1}
    assert replaced.outputs["parameters"].value != first.outputs["parameters"].value
    assert changes(stack.up()) == {}

    # What someone changed by hand is seen by a refresh and put right by an update.
    aws("rds").modify_db_instance(
        DBInstanceIdentifier=database["DBInstanceIdentifier"], BackupRetentionPeriod=3, DeletionProtection=True
    )
    [group] = aws("logs").describe_log_groups()["logGroups"]
    aws("logs").delete_log_group(logGroupName=group["logGroupName"])
    drift = changes(stack.refresh())
    assert drift == {"update": 1, "delete": 1}
    assert changes(stack.up()) == {"update": 1, "create": 1}
    assert changes(stack.up()) == {}

    program.protected = True
    stack.up()
    with pytest.raises(automation.CommandError, match="protected"):
        stack.destroy()
    program.protected = False
    stack.up()

    assert changes(stack.destroy()) == {"delete": RESOURCES}
    assert aws("rds").describe_db_instances()["DBInstances"] == []
    assert aws("rds").describe_db_subnet_groups()["DBSubnetGroups"] == []
    assert aws("secretsmanager").list_secrets()["SecretList"] == []
    assert aws("logs").describe_log_groups()["logGroups"] == []
    vpcs = aws("ec2").describe_vpcs()["Vpcs"]
    assert [vpc for vpc in vpcs if not vpc["IsDefault"]] == []


def test_a_mistake_is_told_before_anything_is_made(stack: automation.Stack, aws: Any) -> None:
    def mistaken() -> None:
        ec2.Vpc("good", cidr_block="10.4.0.0/16")
        ec2.PlacementGroup("group", strategy="spread")

    stack.workspace.program = mistaken
    with pytest.raises(
        automation.CommandError, match="does not know the resource type aws:ec2/placementGroup:PlacementGroup"
    ):
        stack.preview()
    assert all(vpc["IsDefault"] for vpc in aws("ec2").describe_vpcs()["Vpcs"])
