"""A fake AWS and a provider in this process, for all tests of the provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local import moto_gaps
from local.provider.server import serve
from tests.unit.provider.engine import REGION, Engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    moto_gaps.apply(None)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def port(endpoint: str) -> Iterator[int]:
    server, port = serve(endpoint)
    yield port
    server.stop(grace=None).wait()


@pytest.fixture
def engine(port: int) -> Iterator[Engine]:
    engine = Engine(port)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Any:
    """boto3 clients that see what the provider made, without going through it."""
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            make: Any = boto3.client
            clients[service] = make(
                service,
                region_name=REGION,
                endpoint_url=endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return clients[service]

    return client


class World:
    """What a resource under test needs around it, made once and on demand."""

    def __init__(self, engine: Engine, aws: Any) -> None:
        self._engine = engine
        self._aws = aws
        self._made: dict[str, Any] = {}

    def _once(self, key: str, token: str, **inputs: Any) -> Any:
        if key not in self._made:
            self._made[key] = self._engine.create(token, f"world-{key}", inputs)
        return self._made[key]

    @property
    def vpc(self) -> str:
        made = self._once(
            "vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16", enableDnsHostnames=True, enableDnsSupport=True
        )
        return str(made.id)

    def subnet(self, n: int) -> str:
        made = self._once(
            f"subnet-{n}",
            "aws:ec2/subnet:Subnet",
            vpcId=self.vpc,
            cidrBlock=f"10.9.{n}.0/24",
            availabilityZone=f"{REGION}{'abc'[n % 3]}",
        )
        return str(made.id)

    def group(self, n: int) -> str:
        return str(self._once(f"group-{n}", "aws:ec2/securityGroup:SecurityGroup", vpcId=self.vpc).id)

    def route_table(self, n: int) -> str:
        return str(self._once(f"routes-{n}", "aws:ec2/routeTable:RouteTable", vpcId=self.vpc).id)

    @property
    def other_vpc(self) -> str:
        return str(self._once("other-vpc", "aws:ec2/vpc:Vpc", cidrBlock="10.10.0.0/16").id)

    def public_subnet(self) -> str:
        self._once("internet", "aws:ec2/internetGateway:InternetGateway", vpcId=self.vpc)
        return self.subnet(9)

    def address(self, n: int) -> str:
        return str(self._once(f"address-{n}", "aws:ec2/eip:Eip", domain="vpc").id)

    def nat_gateway(self, n: int) -> str:
        made = self._once(
            f"nat-{n}",
            "aws:ec2/natGateway:NatGateway",
            subnetId=self.public_subnet(),
            allocationId=self.address(n),
        )
        return str(made.id)

    def log_group(self) -> str:
        return str(self._once("logs", "aws:cloudwatch/logGroup:LogGroup").state["arn"])

    def zone(self) -> str:
        vpcs = [{"vpcId": self.vpc, "vpcRegion": REGION}]
        return str(self._once("zone", "aws:route53/zone:Zone", name="world.estate.internal", vpcs=vpcs).id)

    def alarm(self) -> str:
        if "alarm" not in self._made:
            self._aws("cloudwatch").put_metric_alarm(
                AlarmName="world-lag",
                Namespace="AWS/RDS",
                MetricName="ReplicaLag",
                Dimensions=[{"Name": "DBInstanceIdentifier", "Value": "world"}],
                Statistic="Average",
                Period=60,
                EvaluationPeriods=5,
                Threshold=600,
                ComparisonOperator="GreaterThanThreshold",
            )
            self._made["alarm"] = "world-lag"
        return str(self._made["alarm"])

    def health_check(self) -> str:
        made = self._once(
            "health",
            "aws:route53/healthCheck:HealthCheck",
            type="CLOUDWATCH_METRIC",
            cloudwatchAlarmName=self.alarm(),
            cloudwatchAlarmRegion=REGION,
        )
        return str(made.id)

    def key(self, n: int) -> str:
        return str(self._once(f"key-{n}", "aws:kms/key:Key").state["arn"])

    def secret(self) -> str:
        return str(self._once("secret", "aws:secretsmanager/secret:Secret").id)

    def subnet_group(self) -> str:
        made = self._once("subnets", "aws:rds/subnetGroup:SubnetGroup", subnetIds=[self.subnet(n) for n in range(2)])
        return str(made.id)

    def parameter_group(self) -> str:
        return str(self._once("parameters", "aws:rds/parameterGroup:ParameterGroup", family="postgres16").id)

    def role(self, n: int = 0) -> Any:
        return self._once(f"role-{n}", "aws:iam/role:Role", assumeRolePolicy=trust("ecs-tasks.amazonaws.com"))

    def policy(self) -> str:
        """A managed policy: the fake AWS does not bring AWS's own."""
        if "policy" not in self._made:
            statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            made = self._aws("iam").create_policy(PolicyName="world", PolicyDocument=document)
            self._made["policy"] = made["Policy"]["Arn"]
        return str(self._made["policy"])

    def topic(self) -> str:
        return str(self._once("topic", "aws:sns/topic:Topic").id)

    def metric_alarm(self, n: int) -> str:
        made = self._once(
            f"alarm-{n}",
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            comparisonOperator="GreaterThanThreshold",
            threshold=80,
            evaluationPeriods=3,
            namespace="AWS/RDS",
            metricName="CPUUtilization",
            statistic="Average",
            period=300,
        )
        return str(made.id)

    def cluster(self) -> str:
        return str(self._once("cluster", "aws:ecs/cluster:Cluster").id)

    def task(self, n: int) -> str:
        made = self._once(
            f"task-{n}",
            "aws:ecs/taskDefinition:TaskDefinition",
            family=f"world-{n}",
            containerDefinitions=json.dumps([{"name": "main", "image": "none", "memory": 64}]),
        )
        return str(made.state["arn"])

    def service(self, n: int) -> str:
        """An ECS service, as Application Auto Scaling calls it."""
        made = self._once(
            f"service-{n}",
            "aws:ecs/service:Service",
            cluster=self.cluster(),
            taskDefinition=self.task(0),
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration={"subnets": [self.subnet(0)], "securityGroups": [self.group(0)]},
        )
        return f"service/{self.cluster().rpartition('/')[2]}/{made.state['name']}"

    def scaled(self, n: int) -> str:
        made = self._once(
            f"scaled-{n}",
            "aws:appautoscaling/target:Target",
            serviceNamespace="ecs",
            resourceId=self.service(n),
            scalableDimension="ecs:service:DesiredCount",
            minCapacity=1,
            maxCapacity=2,
        )
        return str(made.id)

    def schedule_group(self) -> str:
        return str(self._once("schedules", "aws:scheduler/scheduleGroup:ScheduleGroup").id)

    def queue(self) -> Any:
        return self._once("queue", "aws:sqs/queue:Queue")

    def event_rule(self) -> str:
        pattern = json.dumps({"source": ["aws.ecs"]})
        return str(self._once("rule", "aws:cloudwatch/eventRule:EventRule", eventPattern=pattern).id)

    def balancer(self) -> str:
        made = self._once(
            "nlb",
            "aws:lb/loadBalancer:LoadBalancer",
            loadBalancerType="network",
            internal=True,
            subnets=[self.subnet(0), self.subnet(1)],
        )
        return str(made.id)

    def target_group(self, n: int) -> str:
        made = self._once(
            f"targets-{n}",
            "aws:lb/targetGroup:TargetGroup",
            port=6432 + n,
            protocol="TCP",
            targetType="ip",
            vpcId=self.vpc,
        )
        return str(made.id)


def trust(service: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}},
            ],
        }
    )


@pytest.fixture(scope="session")
def world(port: int, aws: Any) -> Iterator[World]:
    engine = Engine(port)
    yield World(engine, aws)
    engine.close()
