"""Clients of a local cloud, driven as AWS is: by boto3 alone, and what the tests ask of it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg

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


def alive_records(root: Path) -> list[processes.Record]:
    registry = processes.Registry(root / "processes")
    records = (record for record in registry.records() if record.kind in ("postgres", "task"))
    return [record for record in records if processes.alive(record.identity)]
