"""A service's names under the real engine: who answers reads, and what a changed alarm changes."""

from __future__ import annotations

from typing import Any

from pulumi import automation

from infra import dns_records
from tests.e2e.estate.networked import ZONE, Clients, Program, changes, settled


def records(aws: Clients, name: str) -> dict[str, Any]:
    """The records of one name, by their set identifiers."""
    [zone] = aws("route53").list_hosted_zones()["HostedZones"]
    found = aws("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {row.get("SetIdentifier", ""): row for row in found if row["Name"] == f"{name}.{ZONE}."}


def test_readers_are_the_replicas_that_keep_up_and_the_primary_where_there_are_none(
    stack: automation.Stack, program: Program, aws: Clients
) -> None:
    names = stack.up().outputs["names"].value
    assert names == [f"{role}.platform.{ZONE}" for role in ("primary", "readers", "pooler")]
    [zone] = aws("route53").list_hosted_zones()["HostedZones"]
    assert (zone["Name"], zone["Config"]["PrivateZone"]) == (f"{ZONE}.", True)
    [row] = records(aws, "primary.platform").values()
    assert (row["Type"], row["TTL"], row["ResourceRecords"]) == ("CNAME", 5, [{"Value": "primary.rds.example.com"}])
    [row] = records(aws, "pooler.platform").values()
    [balancer] = aws("elbv2").describe_load_balancers()["LoadBalancers"]
    assert row["Type"] == "A"
    assert row["AliasTarget"] == {
        "DNSName": f"{balancer['DNSName']}.",
        "HostedZoneId": balancer["CanonicalHostedZoneId"],
        "EvaluateTargetHealth": False,
    }
    assert set(records(aws, "readers.platform")) == {dns_records.PRIMARY}

    # The first replicas take over without the name being away in between; each follows its own alarm.
    program.replicas = ("replica-1", "replica-2")
    assert changes(stack.up()) == {"create": 6, "delete": 1}
    assert settled(stack)
    readers = records(aws, "readers.platform")
    assert set(readers) == {"replica-1", "replica-2"}
    for identifier, row in readers.items():
        assert (row["Weight"], row["ResourceRecords"]) == (1, [{"Value": f"{identifier}.rds.example.com"}])
        assert health(aws, row)["CloudWatchAlarmConfiguration"]["Dimensions"] == [
            {"Name": "DBInstanceIdentifier", "Value": identifier}
        ]
        config = health(aws, row)["HealthCheckConfig"]
        assert (config["Type"], config["InsufficientDataHealthStatus"]) == ("CLOUDWATCH_METRIC", "Unhealthy")
        assert "Port" not in config

    # Route 53 has a copy of the alarm: a change of the alarm changes the check as well.
    program.lag_seconds = 900
    assert changes(stack.up()) == {"update": 4}
    assert {health(aws, row)["CloudWatchAlarmConfiguration"]["Threshold"] for row in readers.values()} == {900}
    assert settled(stack)

    program.replicas = ()
    assert changes(stack.up()) == {"create": 1, "delete": 6}
    assert set(records(aws, "readers.platform")) == {dns_records.PRIMARY}
    assert aws("route53").list_health_checks()["HealthChecks"] == []


def health(aws: Clients, row: Any) -> Any:
    return aws("route53").get_health_check(HealthCheckId=row["HealthCheckId"])["HealthCheck"]
