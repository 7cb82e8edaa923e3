"""What the provider says to the engine: refusals, plans, previews, drift and errors."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from pulumi.runtime.rpc import UNKNOWN

from local.provider.table import words
from tests.unit.provider.cases.databases import instance
from tests.unit.provider.conftest import World, trust
from tests.unit.provider.engine import Engine, HalfMade, Refused, Resource

VPC = "aws:ec2/vpc:Vpc"
INSTANCE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


def test_an_unknown_type_is_refused_with_the_way_to_add_it(engine: Engine) -> None:
    [(_, reason)] = engine.failures("aws:ec2/placementGroup:PlacementGroup", {})
    assert "aws:ec2/placementGroup:PlacementGroup" in reason
    assert "local/provider/rows/" in reason


def test_an_input_that_would_be_ignored_is_refused_with_its_neighbours(engine: Engine) -> None:
    [(name, reason)] = engine.failures(VPC, {"cidrBlock": "10.0.0.0/16", "enableDnsHostname": True})
    assert name == "enableDnsHostname"
    assert "near ones: enableDnsHostnames" in reason


def test_a_field_inside_an_input_is_refused_too(engine: Engine) -> None:
    inputs = {"family": "postgres16", "parameters": [{"name": "work_mem", "valeu": "1"}]}
    [(name, reason)] = engine.failures(PARAMETERS, inputs)
    assert name == "parameters"
    assert "'parameters.valeu'" in reason
    assert "near ones: value" in reason


def test_everything_wrong_is_told_at_once(engine: Engine) -> None:
    inputs = {"replicateSourceDb": "x", "username": "y", "colour": "red"}
    assert {name for name, _ in engine.failures(INSTANCE, inputs)} == {"colour", "instanceClass", "username"}


def test_an_unnamed_resource_gets_its_logical_name_and_seven_digits_and_keeps_it(engine: Engine) -> None:
    first = engine.check(LOG_GROUP, "pooler", {}, seed=b"one")
    again = engine.check(LOG_GROUP, "pooler", {}, olds=first, seed=b"two")
    other = engine.check(LOG_GROUP, "pooler", {}, seed=b"two")
    assert first["name"].startswith("pooler-")
    assert len(first["name"]) == len("pooler-") + 7
    assert again["name"] == first["name"] != other["name"]


def test_a_name_that_was_given_once_is_not_mistaken_for_an_autoname(engine: Engine) -> None:
    assert engine.check(LOG_GROUP, "pooler", {}, olds={"name": "fixed"})["name"].startswith("pooler-")


def test_a_name_too_long_for_aws_is_refused(engine: Engine) -> None:
    inputs = {"subnets": ["subnet-1"]}
    [(name, reason)] = engine.failures("aws:lb/loadBalancer:LoadBalancer", inputs, name="n" * 25)
    assert name == "name"
    assert "33 characters, AWS allows 32" in reason


def test_default_tags_are_in_every_resource_that_has_tags(port: int) -> None:
    engine = Engine(port, default_tags={"Stack": "test", "Owner": "estate"})
    assert engine.check(LOG_GROUP, "x", {"tags": {"Owner": "me"}})["tags"] == {"Stack": "test", "Owner": "me"}
    assert "tags" not in engine.check("aws:kms/alias:Alias", "x", {"targetKeyId": "k"})
    engine.close()


def test_a_preview_knows_what_it_can_and_nothing_more(engine: Engine, world: World) -> None:
    planned = engine.preview(INSTANCE, "db", {**instance(world), "kmsKeyId": UNKNOWN})
    assert planned["identifier"] == "estate-case-primary"
    assert planned["tagsAll"] == planned["tags"]
    for name in ("address", "endpoint", "arn", "resourceId", "status", "kmsKeyId", "availabilityZone"):
        assert planned[name] == UNKNOWN


def test_a_previewed_update_keeps_what_the_change_cannot_move(engine: Engine, world: World) -> None:
    inputs = {**instance(world), "identifier": "estate-preview"}
    thing = engine.create(INSTANCE, "preview", inputs)
    bigger = engine.update(thing, {**inputs, "instanceClass": "db.r6g.large"}, preview=True)
    assert bigger == {**thing.state, "instanceClass": "db.r6g.large"}
    newer = engine.update(thing, {**inputs, "engineVersion": "17"}, preview=True)
    assert {name for name, value in newer.items() if value == UNKNOWN} == {"engineVersionActual"}
    engine.delete(thing)


def test_a_replica_is_made_of_its_source_and_promoted_in_place(engine: Engine, world: World, aws: Any) -> None:
    primary = engine.create(INSTANCE, "source", {**instance(world), "identifier": "estate-source"})
    common = {"identifier": "estate-replica-1", "instanceClass": "db.t4g.large", "skipFinalSnapshot": True}
    inputs = {**common, "replicateSourceDb": "estate-source", "backupWindow": "01:00-02:00"}
    replica = engine.create(INSTANCE, "replica", inputs)
    [seen] = aws("rds").describe_db_instances(DBInstanceIdentifier="estate-replica-1")["DBInstances"]
    assert seen["ReadReplicaSourceDBInstanceIdentifier"] == "estate-source"
    assert seen["PreferredBackupWindow"] == "01:00-02:00", "what the create call does not take comes after it"
    assert replica.id != primary.id
    assert engine.read(replica)
    assert engine.diff(replica, inputs).changed == set()

    promoted = {**common, "backupWindow": "01:00-02:00"}
    assert engine.diff(replica, {**inputs, "replicateSourceDb": "estate-other"}).replaces == {"replicateSourceDb"}
    assert engine.diff(replica, promoted).replaces == set()
    engine.update(replica, promoted)
    [seen] = aws("rds").describe_db_instances(DBInstanceIdentifier="estate-replica-1")["DBInstances"]
    assert not seen.get("ReadReplicaSourceDBInstanceIdentifier")
    engine.delete(replica)
    engine.delete(primary)


def test_an_instance_is_renamed_in_place_and_the_refusal_of_the_local_cloud_is_passed_on(
    engine: Engine, world: World
) -> None:
    inputs = {**instance(world), "identifier": "estate-before"}
    thing = engine.create(INSTANCE, "renamed", inputs)
    renamed = {**inputs, "identifier": "estate-after"}
    difference = engine.diff(thing, renamed)
    assert (difference.changed, difference.replaces) == ({"identifier"}, set())
    unknown = {name for name, value in engine.update(thing, renamed, preview=True).items() if value == UNKNOWN}
    assert unknown == {"arn", "address", "endpoint"}
    with pytest.raises(grpc.RpcError, match="does not rename instances"):
        engine.update(thing, renamed)
    engine.delete(thing)
    assert not engine.read(thing)


@pytest.mark.parametrize("name", ["engine", "username", "dbName", "storageEncrypted", "kmsKeyId"])
def test_a_database_is_replaced_for_what_it_is_born_with(name: str, engine: Engine, world: World) -> None:
    thing = planned(engine, INSTANCE, instance(world))
    difference = engine.diff(thing, {**instance(world), name: False if name == "storageEncrypted" else "x"})
    assert difference.replaces == {name}
    assert difference.detailed == {name: "UPDATE_REPLACE"}
    assert difference.delete_first, "two instances cannot share a fixed identifier"


@pytest.mark.parametrize("name", ["instanceClass", "allocatedStorage", "password", "multiAz", "port", "identifier"])
def test_a_database_is_changed_in_place_for_the_rest(name: str, engine: Engine, world: World) -> None:
    thing = planned(engine, INSTANCE, instance(world))
    difference = engine.diff(thing, {**instance(world), name: True if name == "multiAz" else "7"})
    assert difference.changed == {name}
    assert difference.replaces == set()


def test_an_autonamed_resource_is_replaced_without_going_first(engine: Engine) -> None:
    thing = planned(engine, PARAMETERS, {"family": "postgres15"})
    difference = engine.diff(thing, {"family": "postgres16"})
    assert difference.replaces == {"family"}
    assert not difference.delete_first


def test_what_exists_once_goes_first(engine: Engine) -> None:
    thing = planned(engine, ASSOCIATION, {"routeTableId": "rtb-1", "subnetId": "subnet-1"})
    assert engine.diff(thing, {"routeTableId": "rtb-2", "subnetId": "subnet-1"}).delete_first


def test_a_plan_names_the_places_that_change(engine: Engine) -> None:
    thing = planned(engine, LOG_GROUP, {"tags": {"A": "1", "B": "2"}, "retentionInDays": 7})
    difference = engine.diff(thing, {"tags": {"A": "3", "C": "4"}, "retentionInDays": 7, "kmsKeyId": UNKNOWN})
    assert difference.detailed == {"tags.A": "UPDATE", "tags.B": "DELETE", "tags.C": "ADD", "kmsKeyId": "ADD"}


def test_the_writing_of_a_document_or_the_order_of_a_set_is_no_change(engine: Engine) -> None:
    loose = json.dumps({"Version": "2012-10-17", "Statement": [{"Action": ["a"], "Effect": "Allow"}]}, indent=2)
    tight = json.dumps({"Statement": [{"Effect": "Allow", "Action": "a"}], "Version": "2012-10-17"})
    role = planned(engine, "aws:iam/role:Role", {"assumeRolePolicy": loose})
    assert engine.diff(role, {"assumeRolePolicy": tight}).changed == set()
    group = planned(engine, "aws:rds/subnetGroup:SubnetGroup", {"subnetIds": ["a", "b"]})
    assert engine.diff(group, {"subnetIds": ["b", "a"]}).changed == set()


def test_a_refresh_sees_what_was_changed_behind_its_back(engine: Engine, world: World, aws: Any) -> None:
    inputs = {**instance(world), "identifier": "estate-drift"}
    thing = engine.create(INSTANCE, "drift", inputs)
    aws("rds").modify_db_instance(
        DBInstanceIdentifier="estate-drift",
        DBInstanceClass="db.r6g.4xlarge",
        DeletionProtection=True,
        ApplyImmediately=True,
    )
    assert engine.read(thing)
    assert thing.inputs["instanceClass"] == "db.r6g.4xlarge"
    difference = engine.diff(thing, inputs)
    assert difference.changed == {"instanceClass", "deletionProtection"}
    engine.update(thing, inputs)
    assert engine.read(thing)
    assert engine.diff(thing, inputs).changed == set()
    engine.delete(thing)


def test_a_refresh_notices_that_a_resource_is_gone(engine: Engine, aws: Any) -> None:
    thing = engine.create(LOG_GROUP, "gone", {})
    aws("logs").delete_log_group(logGroupName=thing.id)
    assert not engine.read(thing)
    engine.delete(thing)


def test_aws_errors_are_one_line_and_name_the_operation_the_code_and_the_resource(engine: Engine, world: World) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create("aws:ec2/subnet:Subnet", "lost", {"vpcId": "vpc-none", "cidrBlock": "10.0.0.0/24"})
    message = details(caught.value)
    assert message.startswith("ec2.create_subnet failed for aws:ec2/subnet:Subnet 'lost': InvalidVpcID.NotFound:")
    assert "\n" not in message


def test_no_error_tells_a_secret(engine: Engine, world: World) -> None:
    secret = {"secretId": world.secret(), "secretString": ["correct-horse"]}
    with pytest.raises(grpc.RpcError) as caught:
        engine.create("aws:secretsmanager/secretVersion:SecretVersion", "bad", secret)
    assert "ParamValidation" in details(caught.value)
    assert "correct-horse" not in details(caught.value)


def test_a_half_made_resource_is_kept_with_the_inputs_that_took_effect(engine: Engine, aws: Any) -> None:
    inputs = {
        "assumeRolePolicy": trust("ecs-tasks.amazonaws.com"),
        "inlinePolicies": [{"name": "broken", "policy": "{"}],
        "tags": {"A": "1"},
    }
    with pytest.raises(HalfMade) as caught:
        engine.create("aws:iam/role:Role", "half", inputs)
    made = caught.value
    assert made.id.startswith("half-")
    assert "iam.put_role_policy failed for aws:iam/role:Role 'half': MalformedPolicyDocument" in made.message
    assert "inlinePolicies" not in made.inputs
    assert made.inputs["tags"] == made.state["tagsAll"] == {"A": "1"}
    aws("iam").delete_role(RoleName=made.id)


def test_a_security_group_starts_without_any_rule(engine: Engine, world: World, aws: Any) -> None:
    [group] = aws("ec2").describe_security_groups(GroupIds=[world.group(3)])["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_more_parameters_than_rds_takes_at_once_are_sent_in_batches(engine: Engine) -> None:
    thing = engine.create(PARAMETERS, "many", {"family": "postgres16", "parameters": many(MANY)})
    assert engine.read(thing)
    assert len(thing.inputs["parameters"]) == len(MANY) > 20
    engine.delete(thing)


# More than 20 parameters of PostgreSQL that take a number.
MANY = [
    *words("""
    autovacuum_analyze_threshold autovacuum_naptime autovacuum_vacuum_cost_delay
    autovacuum_vacuum_cost_limit autovacuum_vacuum_threshold checkpoint_timeout deadlock_timeout
    default_statistics_target effective_cache_size effective_io_concurrency from_collapse_limit
    geqo_threshold idle_in_transaction_session_timeout join_collapse_limit lock_timeout
    log_min_duration_statement maintenance_work_mem max_parallel_workers
    max_parallel_workers_per_gather max_wal_size min_wal_size statement_timeout work_mem
""")
]


def many(names: list[str]) -> list[dict[str, str]]:
    return [{"name": name, "value": "100"} for name in names]


def test_functions_answer_as_the_real_provider_does(engine: Engine) -> None:
    zones = engine.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
    assert zones["names"][:3] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert engine.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert engine.invoke("aws:index/getRegion:getRegion")["region"] == "us-east-1"
    assert engine.invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    password = engine.invoke(
        "aws:secretsmanager/getRandomPassword:getRandomPassword",
        {"passwordLength": 40, "excludePunctuation": True},
    )
    assert len(password["randomPassword"]) == 40
    assert password["randomPassword"].isalnum()


def test_an_unknown_function_or_argument_is_refused(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("aws:ec2/getAmi:getAmi")
    assert "add a row to FUNCTIONS" in details(caught.value)
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("aws:index/getRegion:getRegion", {"nmae": "x"})
    assert "near ones: name" in details(caught.value)


def test_two_providers_in_two_regions_do_not_mix(port: int, engine: Engine) -> None:
    other = Engine(port, region="eu-west-1")
    assert ":us-east-1:" in engine.create(LOG_GROUP, "here", {}).state["arn"]
    there = other.create(LOG_GROUP, "there", {})
    assert ":eu-west-1:" in there.state["arn"]
    assert ":eu-west-1:" in engine.create(LOG_GROUP, "sent", {"region": "eu-west-1"}).state["arn"]
    assert not engine.read(there)
    other.close()


def test_a_wrong_input_is_an_exception_for_the_program(engine: Engine) -> None:
    with pytest.raises(Refused, match="needs the input 'cidrBlock'"):
        engine.create(VPC, "none", {})


def planned(engine: Engine, token: str, inputs: dict[str, Any]) -> Resource:
    """A resource as the state knows it, which plans need and AWS does not."""
    checked = engine.check(token, "thing", inputs)
    return Resource(token, "thing", "thing-id", checked, dict(checked))


def details(error: grpc.RpcError) -> str:
    call: Any = error
    return str(call.details())
