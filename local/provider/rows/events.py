"""Rows of EventBridge; the SDK keeps them under CloudWatch, where EventBridge began."""

from __future__ import annotations

from local.provider.compare import document, filled
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, Template, words

RULE_SETTINGS: dict[str, Template] = {
    "Name": In("name"),
    "Description": In("description"),
    "EventPattern": In("eventPattern"),
    "State": In("state"),
}

RULE = Row(
    urn_type="aws:cloudwatch/eventRule:EventRule",
    service="events",
    create=(Call("put_rule", {**RULE_SETTINGS, "Tags": In("tags", tag_list)}),),
    id="inputs.name",
    # PutRule takes everything anew, but no tags for a rule that exists.
    setters=(
        Call("put_rule", RULE_SETTINGS, whole=True),
        *tag_setters("tag_resource", "untag_resource", {"ResourceARN": Out("arn")}),
    ),
    read=(
        Look("describe_rule", {"Name": Id()}, "@"),
        Look("list_tags_for_resource", {"ResourceARN": Out("arn")}, "Tags", into="tags"),
    ),
    delete=(Call("delete_rule", {"Name": Id()}),),
    outputs={"arn": "Arn", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "Name",
        "description": "Description",
        "eventPattern": "EventPattern",
        "state": "State",
        "tags": "tag_map(tags)",
    },
    # A rule by the clock is EventBridge's old way; the estate's schedules are the scheduler's.
    required=words("eventPattern"),
    force_new=words("name"),
    defaults={"state": "ENABLED"},
    canonical={"eventPattern": document},
    autoname=Autoname(longest=64),
)

TARGET_SETTINGS: dict[str, Template] = {
    "Rule": In("rule"),
    "Targets": [
        {
            "Id": In("targetId"),
            "Arn": In("arn"),
            "InputTransformer": In(
                "inputTransformer",
                {"InputPathsMap": Item("inputPaths"), "InputTemplate": Item("inputTemplate")},
            ),
            "DeadLetterConfig": In("deadLetterConfig", {"Arn": Item("arn")}),
            "RetryPolicy": In(
                "retryPolicy",
                {
                    "MaximumEventAgeInSeconds": Item("maximumEventAgeInSeconds"),
                    "MaximumRetryAttempts": Item("maximumRetryAttempts"),
                },
            ),
        }
    ],
}

TARGET = Row(
    urn_type="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    create=(Call("put_targets", TARGET_SETTINGS),),
    # The real provider writes rule-targetId, which nobody can take apart again.
    id="join('/', [inputs.rule, inputs.targetId])",
    setters=(Call("put_targets", TARGET_SETTINGS, whole=True),),
    read=(
        Look(
            "list_targets_by_rule",
            {"Rule": Id("/", 0)},
            "Targets[?Id==$id] | [0]",
            where={"id": Id("/", 1)},
        ),
    ),
    delete=(Call("remove_targets", {"Rule": Id("/", 0), "Ids": [Id("/", 1)]}),),
    observed={
        "targetId": "Id",
        "arn": "Arn",
        "inputTransformer": "InputTransformer && {inputPaths: InputTransformer.InputPathsMap, inputTemplate:"
        " InputTransformer.InputTemplate}",
        "deadLetterConfig": "DeadLetterConfig && {arn: DeadLetterConfig.Arn}",
        "retryPolicy": "RetryPolicy && {maximumEventAgeInSeconds: RetryPolicy.MaximumEventAgeInSeconds,"
        " maximumRetryAttempts: RetryPolicy.MaximumRetryAttempts}",
    },
    required=words("rule arn"),
    force_new=words("rule targetId"),
    sticky=words("rule"),
    seen_as={"retryPolicy": filled},
    autoname=Autoname(input="targetId", longest=64),
)

ROWS = (RULE, TARGET)
