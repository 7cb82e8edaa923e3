"""Names: which records a service has, and what decides who answers reads."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra import dns_records
from infra.dns import ServiceNames, ServiceNamesArgs, Zone, ZoneArgs
from tests.unit.infra.recorder import REGION, Recording, record

RECORD = "aws:route53/record:Record"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"


def names(*replicas: str, alarms: dict[str, str] | None = None, terms: str = "") -> Recording:
    """What the names of a service with these replicas ask AWS for."""

    def program() -> None:
        zone = Zone("zone", ZoneArgs("prod", "estate.internal", "vpc-1", REGION))
        made = ServiceNames(
            "platform-names",
            ServiceNamesArgs(
                "prod",
                "platform",
                zone,
                "platform.rds.example.com",
                {name: f"{name}.rds.example.com" for name in replicas},
                alarms if alarms is not None else {name: f"{name}-lag" for name in replicas},
                "pooler.elb.example.com",
                "Z32O12XQLNTSW2",
                terms,
            ),
        )
        pulumi.export("names", [made.primary, made.readers, made.pooler])

    return record(program)


def rows(recording: Recording) -> dict[str, dict[str, Any]]:
    return {name: item.inputs for name, item in recording.of(RECORD).items()}


def test_the_zone_is_private_and_of_one_stack() -> None:
    zone = names().one("aws:route53/zone:Zone", "zone").inputs
    assert zone["name"] == "prod.estate.internal"
    assert zone["vpcs"] == [{"vpcId": "vpc-1", "vpcRegion": REGION}]
    assert zone["forceDestroy"] is False


def test_a_service_has_three_names() -> None:
    recording = names("replica-1")
    assert recording.stack_outputs["names"] == [
        f"{role}.platform.prod.estate.internal" for role in ("primary", "readers", "pooler")
    ]
    found = rows(recording)
    assert found["platform-names-primary"] == {
        "zoneId": "zone-id",
        "name": "primary.platform.prod.estate.internal",
        "type": "CNAME",
        "ttl": 5,
        "records": ["platform.rds.example.com"],
    }
    assert found["platform-names-pooler"] == {
        "zoneId": "zone-id",
        "name": "pooler.platform.prod.estate.internal",
        "type": "A",
        "aliases": [
            {"name": "pooler.elb.example.com", "zoneId": "Z32O12XQLNTSW2", "evaluateTargetHealth": False},
        ],
    }


def test_each_replica_answers_its_share_while_it_keeps_up() -> None:
    recording = names("replica-2", "replica-1")
    found = {name: row for name, row in rows(recording).items() if "-readers-" in name}
    assert found == {
        f"platform-names-readers-{replica}": {
            "zoneId": "zone-id",
            "name": "readers.platform.prod.estate.internal",
            "type": "CNAME",
            "ttl": 5,
            "records": [f"{replica}.rds.example.com"],
            "setIdentifier": replica,
            "weightedRoutingPolicies": [{"weight": 1}],
            "healthCheckId": f"platform-names-{replica}-id",
        }
        for replica in ("replica-1", "replica-2")
    }
    checks = {name: item.inputs for name, item in recording.of(HEALTH_CHECK).items()}
    assert set(checks) == {"platform-names-replica-1", "platform-names-replica-2"}
    check = checks["platform-names-replica-1"]
    tags = check.pop("tags")
    assert tags["Name"] == "replica-1"
    assert check == {
        "type": "CLOUDWATCH_METRIC",
        "cloudwatchAlarmName": "replica-1-lag",
        "cloudwatchAlarmRegion": REGION,
        "insufficientDataHealthStatus": "Unhealthy",
    }


def test_without_replicas_the_primary_answers_reads_and_nothing_can_take_it_out() -> None:
    recording = names()
    assert not recording.of(HEALTH_CHECK)
    row = rows(recording)["platform-names-readers-primary"]
    assert (row["records"], row["setIdentifier"]) == (["platform.rds.example.com"], "primary")
    assert "healthCheckId" not in row
    # Of the same kind as the replicas' records, or Route 53 would refuse the first replica's beside it.
    assert row["weightedRoutingPolicies"] == [{"weight": 1}]


def test_a_changed_alarm_changes_its_check() -> None:
    check = names("replica-1", terms="600:5").one(HEALTH_CHECK, "platform-names-replica-1").inputs
    assert check["triggers"] == {"terms": "600:5"}


def test_a_replica_without_an_alarm_is_a_mistake() -> None:
    told = r"every replica needs its lag alarm: there are replicas \['replica-1'\] and alarms of \[\]"
    with pytest.raises(ValueError, match=told):
        names("replica-1", alarms={})


def test_names_are_full_and_of_one_stack() -> None:
    assert dns_records.zone("prod", "estate.internal") == "prod.estate.internal"
    assert dns_records.name("primary", "platform", "prod.estate.internal") == "primary.platform.prod.estate.internal"


def test_the_order_in_which_replicas_are_named_changes_nothing() -> None:
    assert dns_records.readers(["b", "a"]) == dns_records.readers(["a", "b"]) == ("a", "b")
    assert dns_records.readers([]) == ("primary",)
