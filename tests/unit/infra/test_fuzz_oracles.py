"""The fuzz's two judges see what they are there to see: each fault planted in a sound estate or graph is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.config import Estate, parse
from infra.sizing import INSTANCE_CLASSES
from tests.unit.infra.fuzz import aws, graph
from tests.unit.infra.recorder import PLANTED, REPOSITORY, Recording, configuration

REGION = "eu-west-1"
NETWORK = "10.20.0.0/16"

# What is planted in the platform's primary, and a word of what is said.
SERVICE: dict[str, tuple[Callable[[Any], Any], str]] = {
    "small volume with iops": (lambda s: _inner(s, "storage", allocated_gib=399), "small volume"),
    "few iops": (lambda s: _inner(s, "storage", iops=11999), "IOPS"),
    "few iops for each GiB": (lambda s: _inner(s, "storage", allocated_gib=24001), "IOPS"),
    "much throughput": (lambda s: _inner(s, "storage", throughput_mibps=3001), "throughput"),
    "no room": (lambda s: _inner(s, "storage", max_allocated_gib=439), "ceiling"),
    "no gp3": (lambda s: _inner(s, "storage", type="gp2"), "no volume"),
    "replicas without backups": (lambda s: _inner(s, "backup", retention_days=0), "replicas"),
    "long retention": (lambda s: _inner(s, "backup", retention_days=36), "retention"),
    "short window": (lambda s: _inner(s, "backup", window="03:00-03:29"), "window"),
    "windows that meet": (lambda s: replace(s, maintenance_window="mon:02:00-mon:03:01"), "meet"),
    "a dump in the window": (lambda s: _inner(s, "backup", dump_at="03:00"), "dump"),
    "cold too late": (lambda s: _inner(s, "backup", dump_cold_after_days=372), "moved"),
    "nothing to lock": (lambda s: _inner(s, "backup", weekly_weeks=0, monthly_months=0), "nothing to lock"),
    "a job in the window": (lambda s: replace(s, jobs=(replace(s.jobs[0], every="day", at="03:59"),)), "begins in"),
    "a day's log": (lambda s: _inner(s, "monitoring", log_days=2), "interval"),
    "insights for a month": (lambda s: _inner(s, "monitoring", insights_days=30), "Performance Insights"),
    "advanced for a year": (lambda s: _inner(s, "monitoring", insights="advanced", insights_days=372), "fifteen"),
    "unwatched": (lambda s: _inner(s, "monitoring", interval_seconds=0), "prod"),
    "a burstable class": (lambda s: replace(s, instance_class=INSTANCE_CLASSES["db.t4g.large"]), "prod"),
    "fewer in a rush": (lambda s: _inner(s, "pooler", most_tasks=1), "rush"),
    "above the ceiling": (lambda s: _inner(s, "pooler", connections_per_task=56), "ceiling"),
    "too many clients": (lambda s: _inner(s, "pooler", max_client_connections=65500), "descriptors"),
    "no size of Fargate's": (lambda s: _inner(s, "pooler", memory_mib=1536), "Fargate"),
    "a parameter's range": (lambda s: replace(s, parameters=(("work_mem", "63"),)), "work_mem"),
    "a newer parameter": (lambda s: replace(s, parameters=(("transaction_timeout", "0"),)), "major"),
    "few WAL senders": (lambda s: replace(s, parameters=(("max_wal_senders", "2"),)), "WAL senders"),
    "a long name": (lambda s: replace(s, name="p" * 60), "identifier"),
    "an old engine": (lambda s: replace(s, engine_version="14"), "engine"),
    "RDS's own role": (lambda s: replace(s, login_roles=(replace(s.login_roles[0], name="rds_x"),)), "role"),
}
ESTATE: dict[str, tuple[Callable[[Estate], Estate], str]] = {
    "a wide network": (lambda e: _inner(e, "network", cidr="10.0.0.0/15"), "/16"),
    "a public network": (lambda e: _inner(e, "network", cidr="52.20.0.0/16"), "somebody else's"),
    "a narrow network": (lambda e: _inner(e, "network", cidr="10.20.0.0/26"), "room"),
    "flow logs for two days": (lambda e: _inner(e, "network", flow_log_days=2), "days"),
    "twins": (lambda e: replace(e, services=(e.services[0], e.services[0])), "one name"),
    "no TLS": (lambda e: replace(e, tls_required=False), "clear"),
    "nobody told": (lambda e: _inner(e, "alerts", emails=()), "prod"),
    "an image elsewhere": (lambda e: _inner(e, "images", pooler="ghcr.io/pooler:1"), "pull"),
    "the same region": (lambda e: _inner(e, "recovery", region=REGION), "recover"),
}


def _inner(whole: Any, part: str, **changes: Any) -> Any:
    return replace(whole, **{part: replace(getattr(whole, part), **changes)})


@pytest.fixture(scope="module")
def sound() -> Estate:
    return parse(configuration("prod"), stack="prod", sql_root=REPOSITORY / "sql", region=REGION)


# The oracle knows the memory of the fuzz's own classes only.
@pytest.fixture(autouse=True)
def _classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(aws.MEMORY, "db.r6g.xlarge", 32)
    monkeypatch.setitem(aws.MEMORY, "db.r6g.large", 16)


def test_the_judge_of_estates_finds_no_fault_in_prod(sound: Estate) -> None:
    assert aws.faults(sound, REGION) == []


@pytest.mark.parametrize("fault", SERVICE)
def test_the_judge_of_estates_names_what_is_wrong_with_a_service(fault: str, sound: Estate) -> None:
    change, word = SERVICE[fault]
    changed = replace(sound, services=(change(sound.services[0]), *sound.services[1:]))
    assert word in " ".join(aws.faults(changed, REGION))


@pytest.mark.parametrize("fault", ESTATE)
def test_the_judge_of_estates_names_what_is_wrong_with_the_stack(fault: str, sound: Estate) -> None:
    change, word = ESTATE[fault]
    assert word in " ".join(aws.faults(change(sound), REGION))


PRIMARY, REPLICA = (graph.INSTANCE, "platform-primary"), (graph.INSTANCE, "platform-replica-1")
GROUP = ("aws:rds/parameterGroup:ParameterGroup", "platform-parameters")
# type and name (None: the first of its type), changed inputs (None takes one away), and a word of what is said
GRAPH: dict[str, tuple[tuple[str, str | None], dict[str, Any], str]] = {
    "public": (PRIMARY, {"publiclyAccessible": True}, "open"),
    "in clear": (PRIMARY, {"storageEncrypted": False}, "in clear"),
    "gp2": (PRIMARY, {"storageType": "gp2"}, "another volume"),
    "pinned to a minor": (PRIMARY, {"engineVersion": "15.4"}, "pinned"),
    "another major": (PRIMARY, {"engineVersion": "16"}, "another major"),
    "few iops": (PRIMARY, {"iops": 11999.0}, "numbers that RDS refuses"),
    "no iops": (PRIMARY, {"iops": None}, "no numbers"),
    "iops for a small volume": (PRIMARY, {"allocatedStorage": 399.0}, "small volume"),
    "no room": (PRIMARY, {"maxAllocatedStorage": 439.0}, "no room"),
    "windows": (PRIMARY, {"maintenanceWindow": "sun:03:30-sun:04:30"}, "windows"),
    "no final snapshot's name": (PRIMARY, {"finalSnapshotIdentifier": None}, "final snapshot"),
    "a role without monitoring": (PRIMARY, {"monitoringInterval": 0.0}, "Enhanced Monitoring"),
    "advanced for a week": (PRIMARY, {"databaseInsightsMode": "advanced"}, "fifteen"),
    "retention": (PRIMARY, {"backupRetentionPeriod": 36.0}, "retention"),
    "identifier": (PRIMARY, {"identifier": "estate--platform"}, "no identifier"),
    "one identifier": (PRIMARY, {"identifier": "estate-prod-familytales"}, "two instances"),
    "a password in clear": (PRIMARY, {"password": PLANTED}, "in clear"),
    "a replica's user": (REPLICA, {"username": "x"}, "is told"),
    "a replica's snapshot": (REPLICA, {"skipFinalSnapshot": False, "finalSnapshotIdentifier": "x"}, "is told"),
    "a replica's source": (REPLICA, {"replicateSourceDb": "estate-prod-platform"}, "ARN"),
    "static at once": (
        GROUP,
        {"parameters": [{"name": "max_connections", "value": "500", "applyMethod": "immediate"}]},
        "with immediate",
    ),
    "dynamic at a reboot": (
        GROUP,
        {
            "parameters": [
                {"name": "max_connections", "value": "500", "applyMethod": "pending-reboot"},
                {"name": "jit", "value": "0", "applyMethod": "pending-reboot"},
            ]
        },
        "with pending-reboot",
    ),
    "RDS's own default at once": (
        GROUP,
        {
            "parameters": [
                {"name": "max_connections", "value": "500", "applyMethod": "pending-reboot"},
                {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
            ]
        },
        "rds.force_ssl with immediate",
    ),
    "another value than RDS's at a reboot": (
        GROUP,
        {
            "parameters": [
                {"name": "max_connections", "value": "500", "applyMethod": "pending-reboot"},
                {"name": "checkpoint_completion_target", "value": "0.8", "applyMethod": "pending-reboot"},
            ]
        },
        "checkpoint_completion_target with pending-reboot",
    ),
    "connections": (
        GROUP,
        {"parameters": [{"name": "max_connections", "value": "499", "applyMethod": "pending-reboot"}]},
        "tasks of",
    ),
    "a newer parameter": (
        GROUP,
        {
            "parameters": [
                {"name": "max_connections", "value": "500", "applyMethod": "pending-reboot"},
                {"name": "transaction_timeout", "value": "0", "applyMethod": "immediate"},
            ]
        },
        "does not know",
    ),
    "open to all": (
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", None),
        {"cidrIpv4": "0.0.0.0/0"},
        "open to",
    ),
    "a rule inside": (("aws:ec2/securityGroup:SecurityGroup", None), {"ingress": [{"fromPort": 1.0}]}, "inside"),
    "a way out": (("aws:ec2/routeTable:RouteTable", None), {"routes": [{"cidrBlock": "0.0.0.0/0"}]}, "everywhere"),
    "a subnet elsewhere": (("aws:ec2/subnet:Subnet", None), {"cidrBlock": "10.21.0.0/24"}, "not the VPC's"),
    "subnets that meet": (("aws:ec2/subnet:Subnet", None), {"cidrBlock": NETWORK}, "meets another"),
    "a log for two days": (("aws:cloudwatch/logGroup:LogGroup", None), {"retentionInDays": 2.0}, "days"),
    "no size of Fargate's": (("aws:ecs/taskDefinition:TaskDefinition", None), {"cpu": "300"}, "Fargate"),
    "a long name": (("aws:lb/targetGroup:TargetGroup", None), {"name": "x" * 33}, "32"),
    "a restore test's name": (
        ("aws:backup/restoreTestingPlan:RestoreTestingPlan", None), {"name": "a-b"}, "underscores",
    ),
    "a long delay": (("aws:lb/targetGroup:TargetGroup", None), {"deregistrationDelay": 3601.0}, "delay"),
    "a range to scale in": (("aws:appautoscaling/target:Target", None), {"minCapacity": 5.0}, "scale"),
    "a key gone at once": (("aws:kms/key:Key", None), {"deletionWindowInDays": 6.0}, "waiting"),
    "a lock": (
        ("aws:backup/vaultLockConfiguration:VaultLockConfiguration", None), {"minRetentionDays": 36500.0}, "range of",
    ),
    "a plan": (("aws:backup/plan:Plan", None), {"rules": [{"lifecycle": {"deleteAfter": 0.0}}]}, "no retention"),
    "an archive": (
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", None),
        {"rules": [{"transitions": [{"days": 30.0}], "expiration": {"days": 30.0}}]},
        "has not moved",
    ),
}  # fmt: skip


def test_the_judge_of_graphs_finds_no_fault_in_prod(prod: Recording) -> None:
    assert graph.faults(prod, NETWORK, "none") == []


@pytest.mark.parametrize("fault", GRAPH)
def test_the_judge_of_graphs_names_what_is_wrong(fault: str, prod: Recording) -> None:
    (kind, name), changes, word = GRAPH[fault]
    resources = list(prod.resources)
    index = next(
        number for number, item in enumerate(resources) if item.type == kind and (name is None or item.name == name)
    )
    raw = copy.deepcopy(resources[index].raw)
    for key, value in changes.items():
        if value is None:
            raw.pop(key)
        else:
            raw[key] = value
    resources[index] = replace(resources[index], raw=raw)
    assert word in "\n".join(graph.faults(replace(prod, resources=resources), NETWORK, "none"))


def test_the_judge_of_graphs_names_a_password_among_the_outputs(prod: Recording) -> None:
    leaky = replace(prod, stack_outputs={**prod.stack_outputs, "password": f"{PLANTED}1"})
    assert graph.faults(leaky, NETWORK, "none") == ["a password among the outputs"]


def test_the_judge_of_graphs_knows_the_limits_of_types_that_are_there(prod: Recording) -> None:
    there = {item.type for item in prod.resources}
    assert graph.LONGEST.keys() <= there
