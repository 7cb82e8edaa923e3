"""Rows of RDS: subnet groups and parameter groups; instances have a module of their own."""

from __future__ import annotations

from typing import Any

from local.provider.compare import unordered
from local.provider.rows.rds_instance import INSTANCE
from local.provider.rows.rds_tags import TAGS, TAGS_LOOK
from local.provider.rows.shared import MANAGED, tag_list
from local.provider.table import Added, Autoname, Call, Id, In, Item, Look, Removed, Row, words

SUBNET_GROUP = Row(
    urn_type="aws:rds/subnetGroup:SubnetGroup",
    service="rds",
    create=(
        Call(
            "create_db_subnet_group",
            {
                "DBSubnetGroupName": In("name"),
                "DBSubnetGroupDescription": In("description"),
                "SubnetIds": In("subnetIds"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.DBSubnetGroup.DBSubnetGroupName",
    setters=(
        Call(
            "modify_db_subnet_group",
            {
                "DBSubnetGroupName": Id(),
                "DBSubnetGroupDescription": In("description"),
                "SubnetIds": In("subnetIds"),
            },
            whole=True,
        ),
        *TAGS,
    ),
    read=(
        Look("describe_db_subnet_groups", {"DBSubnetGroupName": Id()}, "DBSubnetGroups[0]"),
        TAGS_LOOK,
    ),
    delete=(Call("delete_db_subnet_group", {"DBSubnetGroupName": Id()}),),
    outputs={
        "arn": "DBSubnetGroupArn",
        "vpcId": "VpcId",
        "supportedNetworkTypes": "SupportedNetworkTypes || ['IPV4']",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "name": "DBSubnetGroupName",
        "description": "DBSubnetGroupDescription",
        "subnetIds": "Subnets[].SubnetIdentifier",
        "tags": "tag_map(tags)",
    },
    required=words("subnetIds"),
    force_new=words("name"),
    defaults={"description": MANAGED},
    canonical={"subnetIds": unordered},
    autoname=Autoname(lower=True),
)

PARAMETERS_PER_CALL = 20  # RDS takes no more in one request


def by_value(parameters: Any) -> Any:
    """Parameters by name and value: when a change applies is no change, to the real provider neither."""
    if not isinstance(parameters, list):
        return parameters
    return unordered([{"name": str(each["name"]).lower(), "value": each.get("value")} for each in parameters])


PARAMETER_GROUP = Row(
    urn_type="aws:rds/parameterGroup:ParameterGroup",
    service="rds",
    create=(
        Call(
            "create_db_parameter_group",
            {
                "DBParameterGroupName": In("name"),
                "DBParameterGroupFamily": In("family"),
                "Description": In("description"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.DBParameterGroup.DBParameterGroupName",
    setters=(
        Call(
            "reset_db_parameter_group",
            {
                "DBParameterGroupName": Id(),
                "ResetAllParameters": False,
                "Parameters": Item(
                    shape={
                        "ParameterName": Item("name"),
                        "ApplyMethod": Item("applyMethod", otherwise="immediate"),
                    }
                ),
            },
            each=Removed("parameters", by="name"),
            size=PARAMETERS_PER_CALL,
        ),
        Call(
            "modify_db_parameter_group",
            {
                "DBParameterGroupName": Id(),
                "Parameters": Item(
                    shape={
                        "ParameterName": Item("name"),
                        "ParameterValue": Item("value"),
                        "ApplyMethod": Item("applyMethod", otherwise="immediate"),
                    }
                ),
            },
            each=Added("parameters", by="name"),
            size=PARAMETERS_PER_CALL,
        ),
        *TAGS,
    ),
    read=(
        Look("describe_db_parameter_groups", {"DBParameterGroupName": Id()}, "DBParameterGroups[0]"),
        Look(
            "describe_db_parameters",
            {"DBParameterGroupName": Id(), "Source": "user"},
            "Parameters[?ParameterValue!=null].{name: ParameterName, value: ParameterValue, applyMethod: ApplyMethod}",
            into="parameters",
        ),
        TAGS_LOOK,
    ),
    delete=(Call("delete_db_parameter_group", {"DBParameterGroupName": Id()}),),
    outputs={"arn": "DBParameterGroupArn", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "DBParameterGroupName",
        "family": "DBParameterGroupFamily",
        "description": "Description",
        "parameters": "parameters",
        "tags": "tag_map(tags)",
    },
    required=words("family"),
    force_new=words("name family description"),
    client_side=words("skipDestroy"),
    defaults={"description": MANAGED, "skipDestroy": False},
    canonical={"parameters": by_value},
    autoname=Autoname(lower=True),
    kept_when="skipDestroy",
)

ROWS = (SUBNET_GROUP, PARAMETER_GROUP, INSTANCE)
