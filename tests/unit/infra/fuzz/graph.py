"""Whether a recorded graph is one that AWS would take: by type, so that what is added later is looked at too.

Written from AWS's documentation. What a resource says is judged, never how the program came to it.
"""

from __future__ import annotations

import configparser
import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from tests.unit.infra.fuzz.aws import IDENTIFIER, LOG_DAYS, day_minutes, fargate, week_minutes
from tests.unit.infra.recorder import PLANTED, EchoMocks, Recording, Registered, clear_strings

INSTANCE = "aws:rds/instance:Instance"
# Parameters that PostgreSQL reads at its start only (context `postmaster`), of those that the estate may set.
STATIC = {
    "autovacuum_max_workers", "max_connections", "max_wal_senders", "max_worker_processes", "pg_stat_statements.max",
    "shared_buffers", "shared_preload_libraries", "track_activity_query_size", "wal_buffers",
}  # fmt: skip
# RDS's own values of parameters that are none of these: whatever it is asked for, it answers `pending-reboot`.
RDS_OWN = {("checkpoint_completion_target", "0.9"), ("log_autovacuum_min_duration", "10000"), ("rds.force_ssl", "1")}
# What a replica takes from its source, and RDS refuses to be told.
SOURCES_OWN = ("username", "password", "dbName", "finalSnapshotIdentifier", "backupWindow", "manageMasterUserPassword")
# The longest physical name by type. Pulumi adds eight characters to a logical name, and fails where it is too long.
LONGEST = {
    "aws:lb/loadBalancer:LoadBalancer": 32, "aws:lb/targetGroup:TargetGroup": 32, "aws:iam/role:Role": 64,
    "aws:cloudwatch/eventRule:EventRule": 64, "aws:scheduler/schedule:Schedule": 64,
    "aws:scheduler/scheduleGroup:ScheduleGroup": 64, "aws:sqs/queue:Queue": 80, "aws:backup/vault:Vault": 50,
    "aws:backup/restoreTestingPlan:RestoreTestingPlan": 50,
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": 50,
    "aws:backup/plan:Plan": 50, "aws:s3/bucket:Bucket": 63, "aws:ecs/cluster:Cluster": 255,
    "aws:rds/parameterGroup:ParameterGroup": 255, "aws:rds/subnetGroup:SubnetGroup": 255,
    "aws:ecs/service:Service": 255,
}  # fmt: skip
ADDED = 8


class Surroundings(EchoMocks):
    """Answers for a VPC that is there already, too: as its owner should have made it."""

    cidr = ""

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        vpc, asked = "vpc-0123456789abcdef0", args.args.get("id", "")
        found = {
            "aws:ec2/getVpc:getVpc": {
                "id": vpc,
                "cidrBlockAssociations": [{"associationId": "a", "cidrBlock": self.cidr, "state": "associated"}],
                "enableDnsSupport": True,
                "enableDnsHostnames": True,
            },
            "aws:ec2/getSubnet:getSubnet": {"id": asked, "vpcId": vpc, "availabilityZone": f"eu-west-1-{asked[-1:]}"},
            "aws:ec2/getPrefixList:getPrefixList": {"id": "pl-6da54004"},
            "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": asked, "vpcId": vpc},
        }.get(args.token)
        return (found, []) if found else super().call(args)


def faults(recording: Recording, cidr: str, nat: str) -> list[str]:
    """What AWS would refuse, or what the estate promises and does not keep."""
    found = [f"{item.type} {item.name}: {fault}" for item in recording.resources for fault in _one(item)]
    found += _instances(recording)
    found += _network(recording, cidr, nat)
    found += _pooler(recording)
    found += _secrets(recording)
    return found


def _one(item: Registered) -> Iterator[str]:
    """What can be said of a resource by itself."""
    inputs = item.inputs
    name = inputs.get("name") or inputs.get("bucket")
    longest = LONGEST.get(item.type)
    if longest and len(name or "x" * (len(item.name) + ADDED)) > longest:
        yield f"a name of more than {longest} characters"
    if "restoreTesting" in item.type and not re.fullmatch(r"\w+", name or "", re.ASCII):
        yield "restore testing takes letters, digits and underscores"
    if "retentionInDays" in inputs and inputs["retentionInDays"] not in LOG_DAYS:
        yield "CloudWatch Logs keeps no such days"
    if item.type == "aws:kms/key:Key" and not 7 <= inputs.get("deletionWindowInDays", 30) <= 30:
        yield "a key's waiting period is 7 to 30 days"
    if item.type == "aws:ecs/taskDefinition:TaskDefinition":
        if not fargate(int(inputs["cpu"]), int(inputs["memory"])):
            yield "no size of Fargate's"
        if len(inputs["containerDefinitions"]) > 60_000:
            yield "a task definition has 64 KiB"
    if item.type == "aws:appautoscaling/target:Target" and not 1 <= inputs["minCapacity"] <= inputs["maxCapacity"]:
        yield "no range to scale in"
    if item.type == "aws:lb/targetGroup:TargetGroup" and not 0 <= inputs["deregistrationDelay"] <= 3600:
        yield "no deregistration delay"
    if item.type == "aws:backup/vaultLockConfiguration:VaultLockConfiguration":
        least, most = inputs.get("minRetentionDays", 1), inputs.get("maxRetentionDays", 36500)
        if not 1 <= least <= most <= 36500:
            yield "no range of retention"
    if item.type == "aws:backup/plan:Plan":
        for rule in inputs["rules"]:
            if not 1 <= rule["lifecycle"]["deleteAfter"] <= 36500:
                yield "no retention"
    if item.type.startswith("aws:s3/bucketLifecycle"):
        for rule in inputs["rules"]:
            moved = [step["days"] for step in rule.get("transitions", [])]
            gone = rule.get("expiration", {}).get("days")
            if gone is not None and moved and gone <= max(moved):
                yield "S3 refuses to delete what has not moved yet"
    for key in ("policy", "assumeRolePolicy", "containerDefinitions", "dashboardBody", "eventPattern"):
        if isinstance(inputs.get(key), str):
            json.loads(inputs[key])


def _instances(recording: Recording) -> Iterator[str]:
    groups = recording.of("aws:rds/parameterGroup:ParameterGroup")
    identifiers = set()
    for name, item in recording.of(INSTANCE).items():
        inputs = item.inputs
        identifiers.add(inputs["identifier"])
        for fault in (*_any_server(inputs), *(_replica(inputs) if "replicateSourceDb" in inputs else _primary(inputs))):
            yield f"{name}: {fault}"
        group = next(item for item in groups.values() if inputs["parameterGroupName"].startswith(item.name))
        major = group.inputs["family"].removeprefix("postgres")
        if inputs.get("engineVersion", major) != major:
            yield f"{name}: a parameter group of another major"
    if len(identifiers) != len(recording.of(INSTANCE)):
        yield "two instances of one identifier"
    for name, item in groups.items():
        for row in item.inputs["parameters"]:
            waits = row["name"] in STATIC or (row["name"], row["value"]) in RDS_OWN
            if waits != (row["applyMethod"] == "pending-reboot"):
                yield f"{name}: {row['name']} with {row['applyMethod']}"
            if row["name"] == "transaction_timeout" and item.inputs["family"] in ("postgres15", "postgres16"):
                yield f"{name}: a parameter that this major does not know"


def _any_server(inputs: Mapping[str, Any]) -> Iterator[str]:
    if not IDENTIFIER.fullmatch(inputs["identifier"]):
        yield "no identifier"
    if inputs.get("publiclyAccessible") or not inputs.get("storageEncrypted") or inputs["storageType"] != "gp3":
        yield "open, in clear, or on another volume"
    if not inputs.get("autoMinorVersionUpgrade") or inputs.get("manageMasterUserPassword"):
        yield "a minor that stays behind, or a password that no replica takes"
    if (inputs.get("monitoringInterval", 0) > 0) != ("monitoringRoleArn" in inputs):
        yield "Enhanced Monitoring without its role, or the other way"
    if inputs.get("databaseInsightsMode") == "advanced" and inputs["performanceInsightsRetentionPeriod"] < 465:
        yield "the advanced mode keeps fifteen months"
    if not inputs["skipFinalSnapshot"] and not IDENTIFIER.fullmatch(inputs.get("finalSnapshotIdentifier", "")[:63]):
        yield "no name for the final snapshot"


def _primary(inputs: Mapping[str, Any]) -> Iterator[str]:
    allocated, iops, throughput = inputs["allocatedStorage"], inputs.get("iops"), inputs.get("storageThroughput")
    if not re.fullmatch("1[5-8]", inputs["engineVersion"]) or inputs["engine"] != "postgres":
        yield "an engine that is pinned to a minor, or none"
    if allocated < 400:
        if iops is not None or throughput is not None:
            yield "numbers for a small volume"
    elif iops is None or throughput is None:
        yield "no numbers for a large volume"
    elif not (12000 <= iops <= 64000 and allocated <= 2 * iops <= 100 * allocated and 500 <= throughput <= iops / 4):
        yield "numbers that RDS refuses"
    most = inputs.get("maxAllocatedStorage")
    if most and 10 * most < 11 * allocated:
        yield "no room to grow"
    weekly, daily = week_minutes(inputs["maintenanceWindow"]), day_minutes(inputs["backupWindow"])
    if min(len(weekly), len(daily)) < 30 or {minute % 1440 for minute in weekly} & daily:
        yield "windows that RDS refuses"
    if not 0 <= inputs["backupRetentionPeriod"] <= 35 or len(inputs["username"]) > 16:
        yield "a retention or a user that RDS refuses"
    if inputs["skipFinalSnapshot"] and "finalSnapshotIdentifier" in inputs:
        yield "a final snapshot that is skipped has no name"


def _replica(inputs: Mapping[str, Any]) -> Iterator[str]:
    told = [key for key in SOURCES_OWN if key in inputs]
    if told or not inputs["skipFinalSnapshot"]:
        yield f"a replica is told {told}"
    if "dbSubnetGroupName" in inputs and not inputs["replicateSourceDb"].startswith("arn:"):
        yield "with a subnet group the source is named by its ARN"


def _network(recording: Recording, cidr: str, nat: str) -> Iterator[str]:
    for item in recording.resources:
        inputs = item.inputs
        if item.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
            source = inputs.get("cidrIpv4")
            if source and not ipaddress.IPv4Network(source).subnet_of(ipaddress.IPv4Network(cidr)):
                yield f"{item.name}: open to {source}"
        if item.type in ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
            if inputs.get("ingress") or inputs.get("egress"):
                yield f"{item.name}: rules inside of a group"
        elif nat == "none" and {"0.0.0.0/0", "::/0"} & set(_strings(inputs)):
            yield f"{item.type} {item.name}: a way to everywhere"
    subnets = [
        ipaddress.IPv4Network(item.inputs["cidrBlock"]) for item in recording.of("aws:ec2/subnet:Subnet").values()
    ]
    for number, subnet in enumerate(subnets):
        if not subnet.subnet_of(ipaddress.IPv4Network(cidr)) or subnet.prefixlen > 28:
            yield f"subnet {subnet} is not the VPC's, or too small"
        if any(subnet.overlaps(other) for other in subnets[number + 1 :]):
            yield f"subnet {subnet} meets another"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


def _pooler(recording: Recording) -> Iterator[str]:
    """All tasks of a deployment together hold fewer connections to each server than it has to give."""
    most = {item.name: item.inputs["maxCapacity"] for item in recording.of("aws:appautoscaling/target:Target").values()}
    groups = recording.of("aws:rds/parameterGroup:ParameterGroup")
    for name, service in recording.of("aws:ecs/service:Service").items():
        container = json.loads(
            recording.one("aws:ecs/taskDefinition:TaskDefinition", name).inputs["containerDefinitions"]
        )[0]
        environment = {row["name"]: row["value"] for row in container["environment"]}
        database = environment["ESTATE_SERVICE"]
        ini = configparser.RawConfigParser(delimiters=("=",), strict=True)
        ini.read_string(environment["PGBOUNCER_INI"])
        held: dict[str, int] = defaultdict(int)
        for door in ini["databases"].values():
            words = dict(word.split("=", 1) for word in door.split())
            for host in words["host"].split(","):
                held[host] += int(words["max_db_connections"])
        parameters = groups[f"{database}-parameters"].inputs["parameters"]
        connections = next(int(row["value"]) for row in parameters if row["name"] == "max_connections")
        tasks = most.get(name, service.inputs["desiredCount"])
        for host, each in held.items():
            if each < 1 or 2 * tasks * each > 0.9 * connections - 10:
                yield f"{name}: {tasks} tasks of {each} connections to {host}, which has {connections}"
        limits = {row["name"]: row["hardLimit"] for row in container["ulimits"]}
        if limits["nofile"] > 65535 or int(ini["pgbouncer"]["max_client_conn"]) >= limits["nofile"]:
            yield f"{name}: more clients than descriptors"


def _secrets(recording: Recording) -> Iterator[str]:
    for item in recording.resources:
        if any(PLANTED in text for text in clear_strings(item.raw)):
            yield f"{item.type} {item.name}: a password in clear"
    if PLANTED in json.dumps(recording.stack_outputs):
        yield "a password among the outputs"
