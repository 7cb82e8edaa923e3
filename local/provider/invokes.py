"""Functions of the provider (get_region and the like), a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.provider.aws import Api, AwsError
from local.provider.checks import near
from local.provider.table import words
from local.provider.values import Properties


@dataclass(frozen=True, slots=True)
class Function:
    """A provider function: the arguments it understands and what answers it."""

    answer: Callable[[Api, Mapping[str, Any]], Properties]
    arguments: frozenset[str] = frozenset()


def _caller_identity(api: Api, _: Mapping[str, Any]) -> Properties:
    who = api.call("sts", "get_caller_identity", {})
    return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}


def _availability_zones(api: Api, given: Mapping[str, Any]) -> Properties:
    filters = [{"Name": each["name"], "Values": each["values"]} for each in given.get("filters", [])]
    if "state" in given:
        filters.append({"Name": "state", "Values": [given["state"]]})
    request: Properties = {"Filters": filters} if filters else {}
    request["AllAvailabilityZones"] = bool(given.get("allAvailabilityZones"))
    zones = [
        zone
        for zone in api.call("ec2", "describe_availability_zones", request)["AvailabilityZones"]
        if zone["ZoneName"] not in given.get("excludeNames", [])
        and zone["ZoneId"] not in given.get("excludeZoneIds", [])
    ]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        **given,
        "id": api.region,
        "region": api.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone["GroupName"] for zone in zones if zone.get("GroupName")}),
    }


def _region(api: Api, given: Mapping[str, Any]) -> Properties:
    name = str(given.get("region") or given.get("name") or api.region)
    known = api.call("ec2", "describe_regions", {"AllRegions": True})["Regions"]
    if name not in {region["RegionName"] for region in known}:
        raise api.error("getRegion", f"there is no region {name!r}")
    # The description is a name for humans, in AWS's own tables only; the local cloud repeats the code.
    return {"id": name, "name": name, "region": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def _partition(_api: Api, _: Mapping[str, Any]) -> Properties:
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _vpc(api: Api, given: Mapping[str, Any]) -> Properties:
    found = api.call("ec2", "describe_vpcs", {"VpcIds": [given["id"]]})["Vpcs"][0]

    def attribute(name: str) -> bool:
        asked = {"VpcId": given["id"], "Attribute": name[0].lower() + name[1:]}
        return bool(api.call("ec2", "describe_vpc_attribute", asked)[name]["Value"])

    return {
        "id": found["VpcId"],
        "region": api.region,
        "cidrBlock": found["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": part["AssociationId"],
                "cidrBlock": part["CidrBlock"],
                "state": part["CidrBlockState"]["State"],
            }
            for part in found["CidrBlockAssociationSet"]
        ],
        "enableDnsSupport": attribute("EnableDnsSupport"),
        "enableDnsHostnames": attribute("EnableDnsHostnames"),
    }


def _subnet(api: Api, given: Mapping[str, Any]) -> Properties:
    found = api.call("ec2", "describe_subnets", {"SubnetIds": [given["id"]]})["Subnets"][0]
    return {
        "id": found["SubnetId"],
        "region": api.region,
        "vpcId": found["VpcId"],
        "availabilityZone": found["AvailabilityZone"],
        "cidrBlock": found["CidrBlock"],
    }


def _security_group(api: Api, given: Mapping[str, Any]) -> Properties:
    found = api.call("ec2", "describe_security_groups", {"GroupIds": [given["id"]]})["SecurityGroups"][0]
    return {"id": found["GroupId"], "region": api.region, "vpcId": found["VpcId"], "name": found["GroupName"]}


def _prefix_list(api: Api, given: Mapping[str, Any]) -> Properties:
    filters = [{"Name": "prefix-list-name", "Values": [given["name"]]}]
    found = api.call("ec2", "describe_prefix_lists", {"Filters": filters})["PrefixLists"]
    if len(found) != 1:
        raise api.error("getPrefixList", f"there is no prefix list {given['name']!r}")
    return {
        "id": found[0]["PrefixListId"],
        "region": api.region,
        "name": found[0]["PrefixListName"],
        "cidrBlocks": found[0].get("Cidrs", []),
    }


def _random_password(api: Api, given: Mapping[str, Any]) -> Properties:
    options = {name[0].upper() + name[1:]: value for name, value in given.items() if name != "region"}
    password = api.call("secretsmanager", "get_random_password", options)["RandomPassword"]
    return {**given, "id": password, "region": api.region, "randomPassword": password}


FUNCTIONS: Mapping[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": Function(_caller_identity),
    "aws:index/getAvailabilityZones:getAvailabilityZones": Function(
        _availability_zones, words("allAvailabilityZones excludeNames excludeZoneIds filters region state")
    ),
    "aws:index/getRegion:getRegion": Function(_region, words("region name")),
    "aws:index/getPartition:getPartition": Function(_partition),
    "aws:ec2/getVpc:getVpc": Function(_vpc, words("id region")),
    "aws:ec2/getSubnet:getSubnet": Function(_subnet, words("id region")),
    "aws:ec2/getSecurityGroup:getSecurityGroup": Function(_security_group, words("id region")),
    "aws:ec2/getPrefixList:getPrefixList": Function(_prefix_list, words("name region")),
    "aws:secretsmanager/getRandomPassword:getRandomPassword": Function(
        _random_password,
        words(
            "excludeCharacters excludeLowercase excludeNumbers excludePunctuation excludeUppercase"
            " includeSpace passwordLength requireEachIncludedType region"
        ),
    ),
}


def invoke(token: str, api: Api, given: Mapping[str, Any]) -> Properties:
    """The answer of a function; one that is not in the table, or an argument it would ignore, is refused."""
    function = FUNCTIONS.get(token)
    if function is None:
        raise AwsError(
            f"the local cloud has no function {token}: add a row to FUNCTIONS in local/provider/invokes.py"
            f" (known: {', '.join(sorted(FUNCTIONS))})"
        )
    for name in given:
        if name not in function.arguments:
            raise AwsError(f"{token} has no argument {name!r} in the local cloud{near(name, function.arguments)}")
    return function.answer(api, given)
