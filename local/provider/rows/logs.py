"""Rows of CloudWatch Logs."""

from __future__ import annotations

from local.provider.rows.shared import pairs_to_map, tag_setters, without_empty
from local.provider.table import Autoname, Call, Id, In, Look, Out, Row, words

NEVER = {"retentionInDays": 0}  # 0 is how a program says that logs are kept for ever

LOG_GROUP = Row(
    urn_type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    create=(
        Call(
            "create_log_group",
            {
                "logGroupName": In("name"),
                "kmsKeyId": In("kmsKeyId"),
                "logGroupClass": In("logGroupClass"),
                "tags": In("tags", without_empty),
            },
        ),
    ),
    id="inputs.name",
    setters=(
        Call(
            "put_retention_policy",
            {"logGroupName": Id(), "retentionInDays": In("retentionInDays")},
            not_if=NEVER,
        ),
        Call("delete_retention_policy", {"logGroupName": Id()}, only_if=NEVER),
        Call("associate_kms_key", {"logGroupName": Id(), "kmsKeyId": In("kmsKeyId")}),
        Call("disassociate_kms_key", {"logGroupName": Id()}, removed="kmsKeyId"),
        *tag_setters(
            "tag_resource",
            "untag_resource",
            {"resourceArn": Out("arn")},
            tags="tags",
            keys="tagKeys",
            pair=pairs_to_map,
        ),
    ),
    read=(
        Look(
            "describe_log_groups",
            {"logGroupNamePrefix": Id()},
            "logGroups[?logGroupName==$name] | [0]",
            where={"name": Id()},
        ),
        Look("list_tags_for_resource", {"resourceArn": Out("arn")}, "tags", into="tags"),
    ),
    delete=(Call("delete_log_group", {"logGroupName": Id()}),),
    outputs={"arn": "logGroupArn || before_last(arn, ':*')", "tagsAll": "tags"},
    observed={
        "name": "logGroupName",
        "retentionInDays": "retentionInDays || `0`",
        "kmsKeyId": "kmsKeyId",
        "logGroupClass": "logGroupClass",
        "tags": "tags",
    },
    force_new=words("name logGroupClass"),
    sticky=words("logGroupClass"),
    client_side=words("skipDestroy"),
    defaults={"retentionInDays": 0, "skipDestroy": False},
    autoname=Autoname(longest=512),
    kept_when="skipDestroy",
)

ROWS = (LOG_GROUP,)
