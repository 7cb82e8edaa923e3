"""Route 53: private zones, batches of records, health checks that follow an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudwatch import models as moto_cloudwatch
from moto.core.responses import ActionResult
from moto.route53 import exceptions as moto_exceptions
from moto.route53 import models as moto_models
from moto.route53 import responses as moto_responses

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses
exceptions: Any = moto_exceptions
cloudwatch: Any = moto_cloudwatch

# A record's own address: two of the same cannot be.
Place = tuple[str, str, str | None]


def restore_private_zones(reality: Reality | None) -> None:
    """A zone with a VPC is private; who says nothing of it need not say so twice."""
    original = responses.Route53.create_hosted_zone

    def create_hosted_zone(self: Any) -> Any:
        if self._get_param("VPC.VPCId"):
            self.params["HostedZoneConfig"] = {**self.params.get("HostedZoneConfig", {}), "PrivateZone": True}
        return original(self)

    responses.Route53.create_hosted_zone = create_hosted_zone


def restore_records(reality: Reality | None) -> None:
    """A batch is done completely or not at all, and each change is of exactly the record that it names."""

    def change(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        zone = self.get_hosted_zone(zoneid)
        records = {place(record): record for record in zone.rrsets}
        for each in change_list:
            told = full(each["ResourceRecordSet"])
            fault = misshapen(told) or stranger(told, zone, self.health_checks)
            if fault:
                raise invalid(fault)
            _apply(each["Action"], told, records)
        zone.rrsets = list(records.values())

    models.Route53Backend.change_resource_record_sets = change


def _apply(action: str, told: dict[str, Any], records: dict[Place, Any]) -> None:
    record = models.RecordSet(told)
    here, named = place(record), describe(told)
    if action == "DELETE":
        if here not in records:
            raise invalid(f"Tried to delete resource record set {named} but it was not found")
        if vars(records[here]) != vars(record):
            raise invalid(f"Tried to delete resource record set {named} but the values provided do not match")
        del records[here]
        return
    if action == "CREATE" and here in records:
        raise invalid(f"Tried to create resource record set {named} but it already exists")
    beside = [other for other in records if other != here and other[0] == here[0]]
    if any((other[2] is None) != (here[2] is None) for other in beside if other[1] == here[1]):
        raise invalid(f"RRSet {named} cannot be created as a simple and a weighted one exist side by side")
    if any("CNAME" in (other[1], here[1]) and other[1] != here[1] for other in beside):
        raise invalid(f"RRSet of type {here[1]} with DNS name {here[0]} conflicts with another type and a CNAME")
    records[here] = record


def place(record: Any) -> Place:
    """Name, type and set identifier."""
    return record.name, record.type, record.set_identifier


def full(told: Mapping[str, Any]) -> dict[str, Any]:
    """A record as Route 53 keeps it: names in small letters and with their final dot."""
    record = {key: value for key, value in told.items() if value is not None}
    record["Name"] = dotted(record["Name"])
    if "ResourceRecords" in record:
        record["ResourceRecords"] = [each["Value"] for each in record["ResourceRecords"]]
    if "AliasTarget" in record:
        record["AliasTarget"] = {**record["AliasTarget"], "DNSName": dotted(record["AliasTarget"]["DNSName"])}
    return record


def dotted(name: str) -> str:
    """A full name, as DNS writes it."""
    return name.lower().rstrip(".") + "."


def misshapen(record: Mapping[str, Any]) -> str | None:
    """What is wrong with a record by itself."""
    named = describe(record)
    answers = "ResourceRecords" in record and "TTL" in record
    if answers == ("AliasTarget" in record) or ("ResourceRecords" in record) != ("TTL" in record):
        return f"Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]] in {named}"
    if ("Weight" in record) != ("SetIdentifier" in record):
        return f"Weight and SetIdentifier go together in {named}"
    if record["Type"] == "CNAME" and len(record.get("ResourceRecords", [])) != 1:
        return f"A CNAME leads to one name in {named}"
    return None


def stranger(record: Mapping[str, Any], zone: Any, health_checks: Mapping[str, Any]) -> str | None:
    """What a record names that is not there."""
    if record["Name"] != zone.name and not record["Name"].endswith(f".{zone.name}"):
        return f"RRSet with DNS name {record['Name']} is not permitted in zone {zone.name}"
    check = record.get("HealthCheckId")
    return f"No health check exists with the ID {check}" if check and check not in health_checks else None


def describe(record: Mapping[str, Any]) -> str:
    """A record as Route 53's errors name it."""
    of_set = f", set identifier='{record['SetIdentifier']}'" if "SetIdentifier" in record else ""
    return f"[name='{record['Name']}', type='{record['Type']}'{of_set}]"


def invalid(fault: str) -> Any:
    """The error of a batch."""
    return exceptions.Route53ClientError("InvalidChangeBatch", f"[{fault}]")


def restore_alarm_checks(reality: Reality | None) -> None:
    """A check that follows an alarm has no address; it copies the alarm's settings when it is made or updated."""
    created, updated = responses.Route53.create_health_check, responses.Route53.update_health_check
    configuration = models.HealthCheck.health_check_config

    def create(self: Any) -> Any:
        config = self._get_param("HealthCheckConfig")
        if config["Type"] != "CLOUDWATCH_METRIC":
            return created(self)
        copied = alarm_copy(self.current_account, config.get("AlarmIdentifier"))
        check = self.backend.create_health_check(self._get_param("CallerReference"), {"type": config["Type"]})
        check.told, check.cloud_watch_alarm_configuration = dict(config), copied
        return ActionResult({"HealthCheck": check, "Location": f"https://route53.amazonaws.com/healthcheck/{check.id}"})

    def update(self: Any) -> Any:
        check = self.backend.get_health_check(self._get_param("HealthCheckId"))
        if not hasattr(check, "told"):
            return updated(self)
        for name in ("AlarmIdentifier", "InsufficientDataHealthStatus", "Inverted", "Disabled"):
            if (value := self._get_param(name)) is not None:
                check.told[name] = value
        check.cloud_watch_alarm_configuration = alarm_copy(self.current_account, check.told["AlarmIdentifier"])
        check.health_check_version += 1
        return ActionResult({"HealthCheck": check})

    def config(self: Any) -> Any:
        if not hasattr(self, "told"):
            return configuration.fget(self)
        return {"InsufficientDataHealthStatus": "LastKnownStatus", "Inverted": False, "Disabled": False, **self.told}

    responses.Route53.create_health_check = create
    responses.Route53.update_health_check = update
    models.HealthCheck.health_check_config = property(config)


def alarm_copy(account: str, identifier: Mapping[str, str] | None) -> dict[str, Any]:
    """What Route 53 takes over from an alarm; one that is not there, or of several metrics, it refuses."""
    if not identifier:
        raise exceptions.InvalidInput("Invalid parameter : AlarmIdentifier is required")
    name, region = identifier["Name"], identifier["Region"]
    alarm = cloudwatch.cloudwatch_backends[account][region].alarms.get(name)
    if alarm is None:
        raise exceptions.InvalidInput(f"Invalid parameter : there is no alarm {name} in {region}")
    if not (alarm.metric_name and alarm.statistic):
        raise exceptions.InvalidInput(f"Invalid parameter : alarm {name} is not of one metric and a plain statistic")
    return {
        "EvaluationPeriods": alarm.evaluation_periods,
        "Threshold": alarm.threshold,
        "ComparisonOperator": alarm.comparison_operator,
        "Period": alarm.period,
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "Statistic": alarm.statistic,
        "Dimensions": [{"Name": each.name, "Value": each.value} for each in alarm.dimensions],
    }
