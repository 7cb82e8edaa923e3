"""One cloud for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import cloud
from tests.e2e.local_cloud.kit import (
    MAJOR,
    POOLER_PORT,
    Aws,
    Pooler,
    connect,
    create_instance,
    network,
    parameter,
    pooler_definition,
    stable,
    status_of,
    wait_available,
)


@pytest.fixture(scope="package")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cloud") / ".local"
    try:
        yield folder
    finally:
        cloud.stop(folder, delete=True)
        assert not folder.exists()


@pytest.fixture(scope="package")
def aws(root: Path) -> Aws:
    running = cloud.start(root)
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


@pytest.fixture(scope="package")
def primary(aws: Aws) -> str:
    create_instance(aws, "primary")
    assert status_of(aws, "primary") == "creating"
    wait_available(aws, "primary")
    return "primary"


@pytest.fixture(scope="package")
def replica(aws: Aws, primary: str) -> str:
    aws.rds.create_db_instance_read_replica(
        DBInstanceIdentifier="replica",
        SourceDBInstanceIdentifier=primary,
        DBInstanceClass="db.t4g.small",
        DBParameterGroupName="replica",
    )
    wait_available(aws, "replica")
    return "replica"


@pytest.fixture(scope="package")
def cluster(aws: Aws) -> str:
    aws.ecs.create_cluster(clusterName="estate")
    aws.logs.create_log_group(logGroupName="/estate")
    return "estate"


@pytest.fixture(scope="package")
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
