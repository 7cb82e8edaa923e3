"""Rows of Route 53, which has no regions: private zones, records, health checks that follow an alarm."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from local.provider.aws import AwsError
from local.provider.compare import unordered
from local.provider.rows.shared import MANAGED, tag_setters
from local.provider.table import Added, Call, Id, In, Item, Look, Out, Removed, Row, Template, Whole, words


def reference(value: str) -> str:
    """A caller reference: Route 53 refuses a second creation under the same one, so that each has its own."""
    return f"{value}-{secrets.token_hex(8)}"


def tag_calls(kind: str) -> tuple[Call, Call]:
    """The calls that change tags."""
    call = "change_tags_for_resource"
    return tag_setters(call, call, {"ResourceType": kind, "ResourceId": Id()}, tags="AddTags", keys="RemoveTagKeys")


def tag_look(kind: str) -> Look:
    """The call that reads tags."""
    request = {"ResourceType": kind, "ResourceId": Id()}
    return Look("list_tags_for_resource", request, "ResourceTagSet.Tags", into="tags")


def only_vpc(vpcs: list[Mapping[str, str]]) -> dict[str, str]:
    """The VPC of a new private zone: AWS takes one at first, and the others when it exists."""
    if len(vpcs) != 1:
        raise AwsError(f"the local cloud makes a private zone for one VPC, not for {len(vpcs)}")
    return vpc(vpcs[0])


def vpc(given: Mapping[str, str]) -> dict[str, str]:
    """A VPC as Route 53 names it."""
    return {"VPCId": given["vpcId"], "VPCRegion": given["vpcRegion"]}


ZONE = Row(
    urn_type="aws:route53/zone:Zone",
    service="route53",
    regional=False,
    create=(
        Call(
            "create_hosted_zone",
            {
                "Name": In("name"),
                "CallerReference": In("name", reference),
                "HostedZoneConfig": {"Comment": In("comment")},
                "VPC": In("vpcs", only_vpc),
            },
        ),
    ),
    id="after(response.HostedZone.Id, '/hostedzone/')",
    setters=(
        Call("update_hosted_zone_comment", {"Id": Id(), "Comment": In("comment")}),
        # The new ones first: the last one cannot be taken away.
        Call("associate_vpc_with_hosted_zone", {"HostedZoneId": Id(), "VPC": Item(shape=vpc)}, each=Added("vpcs")),
        Call("disassociate_vpc_from_hosted_zone", {"HostedZoneId": Id(), "VPC": Item(shape=vpc)}, each=Removed("vpcs")),
        *tag_calls("hostedzone"),
    ),
    read=(Look("get_hosted_zone", {"Id": Id()}, "@"), tag_look("hostedzone")),
    delete=(Call("delete_hosted_zone", {"Id": Id()}),),
    outputs={
        "arn": "glue(['arn:aws:route53:::hostedzone/', _id])",
        "zoneId": "_id",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "name": "before_last(HostedZone.Name, '.')",
        "comment": "HostedZone.Config.Comment",
        "vpcs": "VPCs[].{vpcId: VPCId, vpcRegion: VPCRegion}",
        "tags": "tag_map(tags)",
    },
    required=words("name"),
    force_new=words("name"),
    client_side=words("forceDestroy"),
    defaults={"comment": MANAGED, "forceDestroy": False},
    canonical={"vpcs": unordered},
)


def weight(policies: list[Mapping[str, Any]]) -> Any:
    """The weight of a weighted record."""
    return policies[0]["weight"] if policies else None


def alias(aliases: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What an alias record leads to."""
    return (
        {
            "HostedZoneId": aliases[0]["zoneId"],
            "DNSName": aliases[0]["name"],
            "EvaluateTargetHealth": aliases[0]["evaluateTargetHealth"],
        }
        if aliases
        else None
    )


def record_set(of: Callable[..., Template]) -> Mapping[str, Template]:
    """A record as Route 53 wants it, out of the inputs or of what is recorded."""
    return {
        "Name": of("name"),
        "Type": of("type"),
        "TTL": of("ttl"),
        "ResourceRecords": of("records", shape={"Value": Item()}),
        "SetIdentifier": of("setIdentifier"),
        "Weight": of("weightedRoutingPolicies", shape=weight),
        "HealthCheckId": of("healthCheckId"),
        "AliasTarget": of("aliases", shape=alias),
    }


def change(action: str, zone: Template, of: Callable[..., Template], *, whole: bool = False) -> Call:
    """One change of one record."""
    changes = [{"Action": action, "ResourceRecordSet": record_set(of)}]
    return Call("change_resource_record_sets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}, whole=whole)


_SIMPLE = "glue([$zone, '_', before_last(Name, '.'), '_', Type])"
_OF_SET = "glue([$zone, '_', before_last(Name, '.'), '_', Type, '_', SetIdentifier])"

RECORD = Row(
    urn_type="aws:route53/record:Record",
    service="route53",
    regional=False,
    create=(change("CREATE", In("zoneId"), In),),
    id=(
        "glue([inputs.zoneId, '_', inputs.name, '_', inputs.type,"
        " inputs.setIdentifier && glue(['_', inputs.setIdentifier]) || ''])"
    ),
    setters=(change("UPSERT", Id("_", 0), In, whole=True),),
    read=(
        Look(
            "list_resource_record_sets",
            {"HostedZoneId": Id("_", 0)},
            f"ResourceRecordSets[?(!SetIdentifier && {_SIMPLE}==$whole) || {_OF_SET}==$whole]"
            " | [0] | @ && merge(@, {zone: $zone})",
            where={"zone": Id("_", 0), "whole": Id()},
        ),
    ),
    # Route 53 wants to hear all of a record before it deletes it.
    delete=(change("DELETE", Id("_", 0), Out),),
    outputs={"fqdn": "before_last(Name, '.')"},
    observed={
        "zoneId": "zone",
        "name": "before_last(Name, '.')",
        "type": "Type",
        "ttl": "TTL",
        "records": "ResourceRecords[].Value",
        "setIdentifier": "SetIdentifier",
        "weightedRoutingPolicies": "Weight && [{weight: Weight}]",
        "healthCheckId": "HealthCheckId",
        "aliases": (
            "AliasTarget && [{name: before_last(AliasTarget.DNSName, '.'), zoneId: AliasTarget.HostedZoneId,"
            " evaluateTargetHealth: AliasTarget.EvaluateTargetHealth}]"
        ),
    },
    required=words("zoneId name type"),
    force_new=words("zoneId name type setIdentifier"),
    excludes={"aliases": words("records ttl")},
    canonical={"records": unordered},
)

HEALTH_CHECK = Row(
    urn_type="aws:route53/healthCheck:HealthCheck",
    service="route53",
    regional=False,
    create=(
        Call(
            "create_health_check",
            {
                "CallerReference": In("type", reference),
                "HealthCheckConfig": {
                    "Type": In("type"),
                    "AlarmIdentifier": Whole(
                        {"Region": In("cloudwatchAlarmRegion"), "Name": In("cloudwatchAlarmName")}
                    ),
                    "InsufficientDataHealthStatus": In("insufficientDataHealthStatus"),
                    "Inverted": In("invertHealthcheck"),
                },
            },
        ),
    ),
    id="response.HealthCheck.Id",
    setters=(
        Call(
            "update_health_check",
            {
                "HealthCheckId": Id(),
                "AlarmIdentifier": Whole({"Region": In("cloudwatchAlarmRegion"), "Name": In("cloudwatchAlarmName")}),
                "InsufficientDataHealthStatus": In("insufficientDataHealthStatus"),
                "Inverted": In("invertHealthcheck"),
            },
            whole=True,
            # Not sent: a change of it says that the alarm changed, which Route 53 has a copy of.
            not_if={"triggers": "never"},
        ),
        *tag_calls("healthcheck"),
    ),
    read=(Look("get_health_check", {"HealthCheckId": Id()}, "HealthCheck"), tag_look("healthcheck")),
    delete=(Call("delete_health_check", {"HealthCheckId": Id()}),),
    outputs={"arn": "glue(['arn:aws:route53:::healthcheck/', _id])", "tagsAll": "tag_map(tags)"},
    observed={
        "type": "HealthCheckConfig.Type",
        "cloudwatchAlarmName": "HealthCheckConfig.AlarmIdentifier.Name",
        "cloudwatchAlarmRegion": "HealthCheckConfig.AlarmIdentifier.Region",
        "insufficientDataHealthStatus": "HealthCheckConfig.InsufficientDataHealthStatus",
        "invertHealthcheck": "HealthCheckConfig.Inverted",
        "tags": "tag_map(tags)",
    },
    required=words("type cloudwatchAlarmName cloudwatchAlarmRegion"),
    force_new=words("type"),
    sticky=words("insufficientDataHealthStatus invertHealthcheck"),
)

ROWS = (ZONE, RECORD, HEALTH_CHECK)
