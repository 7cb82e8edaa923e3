"""No secret in clear, no right too many, no open door: in the whole recorded graph of every stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from infra import containers, key_policies, policies
from infra.containers import Account
from tests.unit.infra.recorder import ACCOUNT, PLANTED, REGION, SECRET, SIGNATURE, Recording, clear_strings

STACKS = ("dev", "prod", "local")
HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def container(recording: Recording, name: str) -> dict[str, Any]:
    """The only container of a task definition."""
    (row,) = json.loads(recording.one(TASK, name).inputs["containerDefinitions"])
    found: dict[str, Any] = row
    return found


def pairs(row: dict[str, Any], kind: str, value: str) -> dict[str, str]:
    return {item["name"]: item[value] for item in row[kind]}


# Secrets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_no_password_is_in_clear_anywhere(stack: str, recorded: Callable[[str], Recording]) -> None:
    recording = recorded(stack)
    sent = [(item.name, item.raw) for item in recording.resources]
    sent += [("outputs of a component", raw) for raw in recording.component_outputs]
    sent.append(("outputs of the stack", recording.raw_stack_outputs))
    for name, raw in sent:
        assert not [text for text in clear_strings(raw) if PLANTED in text], name
    assert PLANTED not in json.dumps(recording.stack_outputs)  # not even marked as secret


def test_the_planted_password_does_arrive_marked_as_secret(prod: Recording) -> None:
    """Without this, a program that makes no password at all would pass the test above."""
    found = {(item.type, item.name) for item in prod.resources if PLANTED in json.dumps(item.raw)}
    assert found == {
        *(("aws:secretsmanager/secretVersion:SecretVersion", name) for name in
          prod.of("aws:secretsmanager/secretVersion:SecretVersion")),
        ("aws:rds/instance:Instance", "platform-primary"),
        ("aws:rds/instance:Instance", "familytales-primary"),
    }  # fmt: skip
    assert prod.one("aws:rds/instance:Instance", "platform-primary").raw["password"][SIGNATURE] == SECRET


def test_the_master_password_is_the_stored_one(prod: Recording) -> None:
    version = prod.one("aws:secretsmanager/secretVersion:SecretVersion", "platform-credentials-master").inputs
    stored = json.loads(version["secretString"])
    assert stored["username"] == "estate_admin"
    assert prod.one("aws:rds/instance:Instance", "platform-primary").inputs["password"] == stored["password"]


def test_every_secret_holds_user_and_password_under_the_secrets_key(prod: Recording) -> None:
    for name, item in prod.of("aws:secretsmanager/secret:Secret").items():
        assert item.inputs["kmsKeyId"].endswith(":keys-secrets")
        assert item.inputs["recoveryWindowInDays"] == 30
        stored = prod.one("aws:secretsmanager/secretVersion:SecretVersion", name).inputs["secretString"]
        assert set(json.loads(stored)) == {"username", "password"}


def test_passwords_are_drawn_one_by_one_of_letters_and_digits(prod: Recording) -> None:
    drawn = [args for token, args in prod.invokes if token.endswith(":getRandomPassword")]
    assert len(drawn) == 9
    for args in drawn:
        assert args == {"passwordLength": 32, "excludePunctuation": True, "requireEachIncludedType": True}
    versions = prod.of("aws:secretsmanager/secretVersion:SecretVersion").values()
    assert len({json.loads(item.inputs["secretString"])["password"] for item in versions}) == 9


# Containers -----------------------------------------------------------------------------------------------------------


def test_the_pooler_gets_the_passwords_of_pooled_roles_by_reference(prod: Recording) -> None:
    row = container(prod, "platform-pooler")
    assert (row["name"], row["command"], row["memory"]) == ("pooler", ["pooler-entrypoint"], 1024)
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:platform-credentials-platform"
    assert pairs(row, "secrets", "valueFrom") == {
        "POOLER_PASSWORD_platform_app": f"{arn}-app:password::",
        "POOLER_PASSWORD_platform_auth": f"{arn}-auth:password::",
    }
    environment = pairs(row, "environment", "value")
    assert {**environment, "PGBOUNCER_INI": ""} == {
        "DRAIN_ACCEPT_SECONDS": "60",
        "DRAIN_FINISH_SECONDS": "50",
        "ESTATE_SERVICE": "platform",
        "ESTATE_STACK": "prod",
        "PGBOUNCER_INI": "",
    }
    assert "platform_ro_3 = host=estate-prod-platform-replica-3.example" in environment["PGBOUNCER_INI"]
    assert row["portMappings"] == [{"containerPort": 6432, "hostPort": 6432, "protocol": "tcp"}]
    assert row["ulimits"] == [{"name": "nofile", "softLimit": 10420, "hardLimit": 10420}]
    assert row["stopTimeout"] == 120


def test_the_schema_task_gets_whole_secrets_and_goes_straight_to_the_primary(prod: Recording) -> None:
    row = container(prod, "platform-schema")
    assert (row["name"], row["command"]) == ("schema", ["python", "-m", "schema", "apply"])
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:platform-credentials"
    assert pairs(row, "secrets", "valueFrom") == {
        "MASTER_SECRET": f"{arn}-master",
        "ROLE_SECRET_platform_app": f"{arn}-platform-app",
        "ROLE_SECRET_platform_auth": f"{arn}-platform-auth",
        "ROLE_SECRET_platform_backup": f"{arn}-platform-backup",
        "ROLE_SECRET_platform_migrator": f"{arn}-platform-migrator",
    }
    assert pairs(row, "environment", "value") == {
        "ESTATE_SERVICE": "platform",
        "ESTATE_STACK": "prod",
        "PGDATABASE": "platform",
        "PGHOST": f"estate-prod-platform.example.{REGION}.rds.amazonaws.com",
        "PGPORT": "5432",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/ssl/rds/global-bundle.pem",
    }
    assert row["logConfiguration"]["options"] == {
        "awslogs-group": "platform-schema-log-1a2b3c4",
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "schema",
    }


def test_without_tls_the_schema_task_says_so_and_names_no_authority(local: Recording) -> None:
    environment = pairs(container(local, "platform-schema"), "environment", "value")
    assert environment["PGSSLMODE"] == "disable"
    assert "PGSSLROOTCERT" not in environment


def test_tasks_run_on_fargate_without_credentials_of_their_own(prod: Recording) -> None:
    for name, item in prod.of(TASK).items():
        assert ("taskRoleArn" in item.inputs) == name.endswith("-dump"), name  # which writes to its bucket, and no more
        assert item.inputs["requiresCompatibilities"] == ["FARGATE"]
        assert item.inputs["networkMode"] == "awsvpc"
    for item in prod.of("aws:ecs/service:Service").values():
        assert item.inputs["networkConfiguration"]["assignPublicIp"] is False
        assert item.inputs["deploymentMinimumHealthyPercent"] == 100
        assert item.inputs["deploymentMaximumPercent"] == 200
        assert item.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


@pytest.mark.parametrize(
    ("image", "full", "repository"),
    [
        ("pooler:1.25", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/pooler:1.25", "pooler"),
        ("team/pooler", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/pooler", "team/pooler"),
        (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/a/b@sha256:00", None, "a/b"),
        ("registry.example/pooler:1", None, None),
        ("localhost:5000/pooler", None, None),
    ],
)
def test_an_image_without_a_registry_is_looked_for_in_the_accounts_ecr(
    image: str, full: str | None, repository: str | None
) -> None:
    assert containers.qualified(image, HERE) == (full or image)
    arn = repository and f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
    assert containers.repository_arn(image, HERE) == arn


def test_descriptors_end_at_fargates_limit() -> None:
    assert containers.descriptors(50_000, 1000, 16) == 65_535


# Rights ---------------------------------------------------------------------------------------------------------------


def test_an_execution_role_reads_exactly_its_tasks_secrets(prod: Recording) -> None:
    for name, roles in {
        "platform-pooler": ["platform-app", "platform-auth"],
        "platform-schema": ["master", "platform-app", "platform-auth", "platform-backup", "platform-migrator"],
    }.items():
        policy = json.loads(prod.one("aws:iam/rolePolicy:RolePolicy", f"{name}-execution").inputs["policy"])
        rights = {row["Sid"]: row for row in policy["Statement"]}
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:platform-credentials"
        assert rights["ReadSecrets"]["Resource"] == [f"{arn}-{role}" for role in roles]
        assert rights["DecryptSecrets"]["Resource"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:keys-secrets"
        assert rights["Log"]["Resource"].endswith(f"{name}-log:*")
        assert rights["PullImage"]["Resource"].startswith(f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/")


def test_no_execution_role_may_do_anything_to_everything_but_ask_for_ecrs_token() -> None:
    document = json.loads(policies.execution(HERE, "repository", "log", ["b", "a"], "key"))
    for row in document["Statement"]:
        actions = [row["Action"]] if isinstance(row["Action"], str) else row["Action"]
        assert not [action for action in actions if "*" in action]
        assert row["Resource"] != "*" or actions == ["ecr:GetAuthorizationToken"]


def test_an_image_from_elsewhere_brings_no_right_to_ecr() -> None:
    assert "ecr:" not in policies.execution(HERE, None, "log", ["a"], "key")


def test_only_ecs_tasks_of_this_account_assume_the_roles() -> None:
    (row,) = json.loads(policies.trust_tasks(HERE))["Statement"]
    assert row["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert row["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


@pytest.mark.parametrize("purpose", key_policies.USES)
def test_a_key_is_used_only_through_its_services(purpose: key_policies.Purpose) -> None:
    administer, *uses = json.loads(key_policies.key_policy(purpose, HERE, "eu-central-1"))["Statement"]
    assert not {"kms:*", "kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKey*"} & set(administer["Action"])
    assert "kms:PutKeyPolicy" in administer["Action"]  # or nobody could ever mend the policy
    assert uses
    for row in uses:
        if "AWS" in row["Principal"]:
            via = row["Condition"]["StringEquals"]["kms:ViaService"]
            named = [via] if isinstance(via, str) else via
            services = key_policies.USES[purpose].grants if row["Sid"] == "GrantToService" else (
                key_policies.USES[purpose].via)  # fmt: skip
            assert named == [f"{service}.eu-central-1.amazonaws.com" for service in services]
            assert row["Condition"]["StringEquals"]["kms:CallerAccount"] == ACCOUNT
        else:  # a service that comes by itself: for this account, or for what this account owns
            assert ACCOUNT in json.dumps(row["Condition"]), row["Sid"]
            assert "kms:CreateGrant" not in row["Action"]


def test_only_who_has_to_publishes_with_the_key_of_alerts() -> None:
    statements = json.loads(key_policies.key_policy("alerts", HERE, REGION))["Statement"]
    rows = {row["Sid"]: row for row in statements}
    assert rows["UseByPublishers"]["Principal"] == {"Service": ["backup.amazonaws.com", "cloudwatch.amazonaws.com"]}
    # EventBridge sends no source account; what it encrypts for it does send.
    assert rows["UseByEventsForTopics"]["Principal"] == {
        "Service": ["events.amazonaws.com", "events.rds.amazonaws.com"]
    }
    assert rows["UseByEventsForTopics"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:*"}
    }
    assert rows["UseByEventBridgeForQueues"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:sqs:arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:*"}
    }


def test_keys_rotate_and_have_a_name_for_people(prod: Recording) -> None:
    for item in prod.of("aws:kms/key:Key").values():
        assert item.inputs["enableKeyRotation"] is True
        assert item.inputs["rotationPeriodInDays"] == 365
        assert item.inputs["deletionWindowInDays"] == 30
    aliases = {item.inputs["name"] for item in prod.of("aws:kms/alias:Alias").values()}
    assert aliases == {f"alias/estate-prod-{purpose}" for purpose in key_policies.USES}


def test_keys_are_made_for_what_there_is(recorded: Callable[[str], Recording]) -> None:
    names = set(recorded("dev").of("aws:kms/key:Key"))
    assert names == {"keys-storage", "keys-secrets", "keys-logs", "keys-alerts"}  # neither dumps nor snapshots


def test_the_key_for_recovery_is_in_the_second_region_and_only_where_there_is_one(
    prod: Recording, recorded: Callable[[str], Recording]
) -> None:
    for kind in ("aws:kms/key:Key", "aws:kms/alias:Alias"):
        regions = {name: item.inputs.get("region") for name, item in prod.of(kind).items()}
        assert {name for name, region in regions.items() if region} == {"keys-recovery"}
        assert regions["keys-recovery"] == "us-west-2"
        assert "keys-recovery" not in recorded("dev").of(kind)
    storage = json.loads(prod.one("aws:kms/key:Key", "keys-storage").inputs["policy"])["Statement"][1]
    assert storage["Condition"]["StringEquals"]["kms:ViaService"] == [
        f"rds.{REGION}.amazonaws.com",
        "rds.us-west-2.amazonaws.com",  # reads what it copies
    ]
    policy = prod.one("aws:kms/key:Key", "keys-recovery").inputs["policy"]
    assert "rds.us-west-2.amazonaws.com" in policy
    assert REGION not in policy


def test_rds_writes_samples_for_the_servers_of_this_stack_only(prod: Recording) -> None:
    (row,) = json.loads(prod.one("aws:iam/role:Role", "monitoring").inputs["assumeRolePolicy"])["Statement"]
    assert row["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert row["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:estate-prod-*"},
    }


# Ways through the network ---------------------------------------------------------------------------------------------


def ways(recording: Recording, kind: str, owner: str = "securityGroupId") -> set[tuple[str, str, int]]:
    """Every rule as (group, other end, port); ids are names of security groups here."""
    found = set()
    for item in recording.of(kind).values():
        row = item.inputs
        other = row.get("referencedSecurityGroupId") or row.get("cidrIpv4") or row["prefixListId"]
        assert row["ipProtocol"] == "tcp"
        assert row["fromPort"] == row["toPort"]
        found.add((row[owner].removesuffix("-id"), other.removesuffix("-id"), row["fromPort"]))
    return found


def test_these_ways_are_open_and_no_others(prod: Recording) -> None:
    inward, outward = set(), set()
    for name in ("platform", "familytales"):
        door, tasks, database = f"{name}-pooler-clients", f"{name}-pooler-tasks", f"{name}-database"
        inside = (tasks, f"{name}-schema-task", f"{name}-dump-task")
        chain = [(door, tasks, 6432)]
        chain += [(source, database, 5432) for source in inside]
        chain += [(source, "network-endpoints", 443) for source in inside]
        chain += [(f"{name}-direct", database, 5432)]
        chain += [(f"{name}-schema-task", door, 6432)]  # the smoke check asks as applications do
        inward |= {(target, source, port) for source, target, port in chain} | {(door, "10.20.0.0/16", 6432)}
        outward |= set(chain) | {(source, "pl-6da54004", 443) for source in inside}
    # Everybody in the VPC is led to the endpoints by their names.
    inward.add(("network-endpoints", "10.20.0.0/16", 443))
    assert ways(prod, INGRESS) == inward
    assert ways(prod, EGRESS) == outward


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_open_to_the_world(stack: str, recorded: Callable[[str], Recording]) -> None:
    recording = recorded(stack)
    assert "0.0.0.0/0" not in json.dumps([item.raw for item in recording.resources])
    for item in recording.of("aws:ec2/securityGroup:SecurityGroup").values():
        assert not {"ingress", "egress"} & set(item.inputs)  # rules are resources of their own
    for item in recording.of("aws:lb/loadBalancer:LoadBalancer").values():
        assert item.inputs["internal"] is True
    for item in recording.of("aws:ec2/subnet:Subnet").values():
        assert item.inputs["mapPublicIpOnLaunch"] is False
    for item in recording.of("aws:ec2/routeTable:RouteTable").values():
        assert "routes" not in item.inputs


def test_tasks_reach_aws_by_endpoints_alone(prod: Recording) -> None:
    services = {
        item.inputs["serviceName"].split(f".{REGION}.")[1]: item.inputs["vpcEndpointType"]
        for item in prod.of("aws:ec2/vpcEndpoint:VpcEndpoint").values()
    }
    interface = dict.fromkeys(("ecr.api", "ecr.dkr", "logs", "secretsmanager"), "Interface")
    assert services == {"s3": "Gateway", **interface}


def test_subnets_are_in_sorted_zones_whatever_order_aws_answers_in(prod: Recording) -> None:
    subnets = prod.of("aws:ec2/subnet:Subnet")
    for kind in ("private", "database"):
        zones = [subnets[f"network-{kind}-{number}"].inputs["availabilityZone"] for number in (1, 2, 3)]
        assert zones == sorted(zones)


def test_the_load_balancer_outlives_idle_clients_and_drains(prod: Recording) -> None:
    listener = prod.one("aws:lb/listener:Listener", "platform-pooler").inputs
    target = prod.one("aws:lb/targetGroup:TargetGroup", "platform-pooler").inputs
    assert (listener["port"], listener["protocol"], listener["tcpIdleTimeoutSeconds"]) == (6432, "TCP", 3600)
    assert (target["targetType"], target["deregistrationDelay"], target["healthCheck"]["protocol"]) == (
        "ip",
        120,
        "TCP",
    )
