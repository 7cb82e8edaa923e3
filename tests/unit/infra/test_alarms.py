"""The table of alarms: sane thresholds for every server there can be, and as many alarms as the table says."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import alarm_reference, alarms, ebs, log_metrics, sizing
from infra.alarm_rules import CREDIT_HOURS, CREDITS_PER_HOUR, DIMENSIONS, NAMESPACES, Alarm, Facts
from infra.sizing import GIB, INSTANCE_CLASSES, InstanceClass
from tests.unit.infra.recorder import REPOSITORY

CLASSES = tuple(INSTANCE_CLASSES.values())
# GiB, autoscaling, IOPS, MiB/s: the least, just below and at RDS's stripes, the most.
VOLUMES = ((20, False, 3000, 125), (100, True, 3000, 125), (399, True, 3000, 125), (400, True, 12_000, 500),
           (65_536, False, 64_000, 4000))  # fmt: skip


def facts(
    instance: InstanceClass = INSTANCE_CLASSES["db.r6g.large"],
    replica: InstanceClass | None = None,
    volume: tuple[int, bool, int, int] = VOLUMES[1],
    replicas: int = 1,
    tasks: int = 2,
) -> Facts:
    gib, autoscaling, iops, mibps = volume
    return Facts(
        stack="test",
        service="platform",
        primary=instance,
        replica=replica or instance,
        replicas=replicas,
        connections=sizing.max_connections(instance),
        allocated_gib=gib,
        autoscaling=autoscaling,
        iops=iops,
        mibps=mibps,
        tasks=tasks,
        clients_per_task=1000,
    )


EVERY = [
    pytest.param(facts(instance, volume=volume), id=f"{instance.name}-{volume[0]}")
    for instance, volume in product(CLASSES, VOLUMES)
]


def named(row: Facts, target: str = "primary") -> dict[str, float]:
    return {item.row.name: item.threshold for item in alarms.plan(row) if item.target == target}


@pytest.mark.parametrize("row", EVERY)
def test_thresholds_are_numbers_that_can_be_crossed(row: Facts) -> None:
    for item in alarms.plan(row):
        assert math.isfinite(item.threshold)
        assert item.threshold >= 0, item.name
        # Below nothing there is nothing: such an alarm would never go off.
        assert item.row.comparison in (">", ">=") or item.threshold > 0, item.name
        most = maximum(row, item)
        assert item.threshold < most or (item.row.comparison != ">" and item.threshold <= most), item.name


def maximum(row: Facts, item: alarms.Planned) -> float:
    """The most that the metric can show; without a bound, infinity."""
    instance = row.replica if item.target.startswith("replica") else row.primary
    bounds = {
        "CPUUtilization": 100.0,
        "MemoryUtilization": 100.0,
        "PoolUsedPercent": 100.0,
        "EBSIOBalance%": 100.0,
        "EBSByteBalance%": 100.0,
        "FreeableMemory": instance.memory_gib * GIB,
        "SwapUsage": instance.memory_gib * GIB,
        "FreeStorageSpace": row.allocated_bytes,
        "TransactionLogsDiskUsage": row.allocated_bytes,
        "OldestReplicationSlotLag": row.allocated_bytes,
        "DatabaseConnections": row.connections,
        "ReadIOPS": ebs.sustained_iops(instance, row.iops),
        "ReadThroughput": ebs.sustained_bytes(instance, row.mibps),
        "CPUCreditBalance": CREDITS_PER_HOUR.get(instance.name.rpartition(".")[2], 0) * CREDIT_HOURS,
        "MaximumUsedTransactionIDs": 2.0**31,
        "HealthyHostCount": row.tasks,
        "RunningTaskCount": row.tasks,
        "ClientConnections": row.clients_per_task,
    }
    if item.row.statistic in ("SampleCount", "Sum"):
        return math.inf  # counted, not measured
    return bounds.get(item.row.metrics[0], math.inf)


@settings(deadline=None)  # how long an example takes says more about the machine than about the code
@given(
    instance=st.sampled_from(CLASSES),
    replica=st.sampled_from(CLASSES),
    gib=st.integers(20, 65_536),
    autoscaling=st.booleans(),
    faster=st.integers(0, 52_000),
    replicas=st.integers(0, 15),
    tasks=st.integers(1, 16),
)
def test_of_any_size_thresholds_can_be_crossed(
    instance: InstanceClass, replica: InstanceClass, gib: int, autoscaling: bool, faster: int, replicas: int, tasks: int
) -> None:
    volume = (gib, autoscaling, 12_000 + faster, 500) if gib >= 400 else (gib, autoscaling, 3000, 125)
    row = facts(instance, replica, volume, replicas, tasks)
    test_thresholds_are_numbers_that_can_be_crossed(row)
    test_the_ticket_comes_before_the_page(row)


@pytest.mark.parametrize("row", EVERY)
def test_the_ticket_comes_before_the_page(row: Facts) -> None:
    found = named(row)
    assert found["storage-full"] < found["storage-low"] < row.allocated_bytes
    assert found["connections"] < found["connections-full"] <= row.connections
    assert found["transaction-ids"] < found["transaction-ids-spent"] < 2**31


@pytest.mark.parametrize("instance", CLASSES, ids=lambda row: row.name)
def test_connections_page_while_an_operator_still_gets_in(instance: InstanceClass) -> None:
    row = facts(instance)
    assert named(row)["connections-full"] <= row.connections - 2, "the superuser's reserved ones are gone by then"


def test_with_autoscaling_a_volume_that_grows_as_it_should_opens_no_ticket() -> None:
    plain, growing = facts(volume=(400, False, 12_000, 500)), facts(volume=(400, True, 12_000, 500))
    assert named(plain)["storage-low"] == 40 * GIB
    assert named(growing)["storage-low"] == 28 * GIB, "RDS grows the volume at 40"


@pytest.mark.parametrize(
    ("name", "volume", "present"),
    [
        # 3000 IOPS are within the link's 3600: its credits cannot be spent.
        ("db.r6g.large", VOLUMES[1], {"ebs-byte-balance"}),
        ("db.r6g.large", VOLUMES[3], {"ebs-io-balance", "ebs-byte-balance"}),
        ("db.r6g.2xlarge", VOLUMES[3], {"ebs-byte-balance"}),
        ("db.r6g.4xlarge", VOLUMES[3], set()),
        ("db.t4g.micro", VOLUMES[0], {"ebs-io-balance", "ebs-byte-balance", "cpu-credits", "surplus-credits"}),
    ],
)
def test_an_alarm_that_could_never_go_off_is_not_made(
    name: str, volume: tuple[int, bool, int, int], present: set[str]
) -> None:
    conditional = {"ebs-io-balance", "ebs-byte-balance", "cpu-credits", "surplus-credits"}
    assert set(named(facts(INSTANCE_CLASSES[name], volume=volume))) & conditional == present


def test_the_disk_queue_of_a_plain_volume_is_the_usual_one() -> None:
    assert named(facts(INSTANCE_CLASSES["db.r6g.xlarge"]))["disk-queue"] == 60


@pytest.mark.parametrize("instance", CLASSES, ids=lambda row: row.name)
def test_every_class_has_a_link_and_burstable_ones_have_credits(instance: InstanceClass) -> None:
    row = ebs.link(instance)
    assert 0 < row.mbps <= row.burst_mbps
    assert 0 < row.iops <= row.burst_iops
    assert not instance.burstable or instance.name.rpartition(".")[2] in CREDITS_PER_HOUR


@pytest.mark.parametrize(("replicas", "tasks"), [(0, 1), (0, 2), (1, 2), (3, 4), (15, 2)])
def test_a_service_has_as_many_alarms_as_the_table_says(replicas: int, tasks: int) -> None:
    row = facts(INSTANCE_CLASSES["db.r6g.4xlarge"], replicas=replicas, tasks=tasks)
    absent = {"ebs-io-balance", "ebs-byte-balance", "cpu-credits", "surplus-credits"}
    absent |= {"hosts-missing", "tasks-running"} if tasks == 1 else set()
    of = Counter(item.scope for item in alarms.TABLE if item.name not in absent)
    single = sum(of[scope] for scope in ("primary", "logs", "pooler", "balancer", "tasks", "running"))
    planned = alarms.plan(row)
    assert len(planned) == of["server"] * (1 + replicas) + of["replica"] * replicas + single
    assert len({item.name for item in planned}) == len({item.key for item in planned}) == len(planned)


def test_a_replica_pages_nobody_and_its_primary_does() -> None:
    awake = {item.key for item in alarms.pages(alarms.plan(facts(replicas=2)))}
    assert awake == {
        "primary-silent",
        "primary-storage-full",
        "primary-connections-full",
        "primary-transaction-ids-spent",
        "crashes",
        "connections-refused",
        "pooler-wait",
        "healthy-hosts",
    }


def test_the_page_is_any_of_its_alarms_and_fits_into_one_rule() -> None:
    planned = alarms.plan(facts(replicas=15))
    rule = alarms.page_rule(item.name for item in alarms.pages(planned))
    assert rule.startswith('ALARM("estate-test-platform-primary-silent") OR ALARM("estate-test-platform-crashes") OR ')
    assert rule.count("ALARM(") == len(alarms.pages(planned)) <= 100
    assert len(rule) <= 10_240


def test_what_route_53_follows_is_an_alarm_that_it_can_follow() -> None:
    [row] = [item for item in alarms.TABLE if item.name == "replica-lag"]
    assert len(row.metrics) == 1, "it knows no arithmetic of metrics"
    assert row.statistic in ("Average", "Minimum", "Maximum", "Sum", "SampleCount")
    assert row.datapoints is None, "it knows no M out of N"
    assert row.period >= 60, "it knows no metrics of high resolution"
    assert row.missing == "breaching", "a replica that says nothing is not read from"


@pytest.mark.parametrize("row", alarms.TABLE, ids=lambda row: row.name)
def test_every_row_can_be_evaluated_and_read(row: Alarm) -> None:
    assert row.period == 10 or row.period % 60 == 0
    # CloudWatch looks back a day at most, a week where periods are an hour or longer.
    assert row.period * row.periods <= (604_800 if row.period >= 3600 else 86_400)
    assert row.datapoints is None or 0 < row.datapoints <= row.periods
    assert set(DIMENSIONS) == set(NAMESPACES)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", row.name)
    for words in (row.means, row.first, row.why):
        assert 15 <= len(words) <= 400
        assert not words.endswith("."), "the description writes the full stop"
    # An alarm on silence must hear it; any other must not take silence for trouble, except who is read from by it.
    silence = row.name in {"silent", "pooler-silent", "healthy-hosts", "replica-lag"}
    assert (row.missing == "breaching") == silence


def test_a_description_fits_and_says_what_to_do() -> None:
    for item in alarms.plan(facts(INSTANCE_CLASSES["db.t4g.small"])):
        assert len(item.description) <= 1024
        assert item.description.startswith(("PAGE: ", "TICKET: "))
        assert ". First: " in item.description
        assert len(item.name) <= 255


def test_alarms_on_the_log_watch_what_is_counted_there() -> None:
    watched = {metric for row in alarms.TABLE if row.scope == "logs" for metric in row.metrics}
    assert watched <= log_metrics.names()
    row = facts()
    assert alarms.metric_name("logs", "Errors", row) == "test-platform-Errors"
    assert alarms.metric_name("pooler", "Heartbeat", row) == "Heartbeat"


def test_the_page_of_alarms_is_that_of_the_table() -> None:
    written = (REPOSITORY / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert written == alarm_reference.page(), "make it again: python -m infra.alarm_reference > docs/alarms.md"
    for row in alarms.TABLE:
        assert f"### {row.name}\n" in written
    assert {item.row.name for item in alarms.plan(alarm_reference.EXAMPLE)} == {row.name for row in alarms.TABLE}
