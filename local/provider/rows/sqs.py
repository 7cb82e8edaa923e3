"""Rows of SQS."""

from __future__ import annotations

from local.provider.compare import document, reference
from local.provider.rows.shared import pairs_to_map, tag_setters, without_empty
from local.provider.table import Autoname, Call, Id, In, Look, Row, Template, words

# A queue that is gone is called so by the API of before, too.
GONE = words("AWS.SimpleQueueService.NonExistentQueue")

ATTRIBUTES: dict[str, Template] = {
    "DelaySeconds": In("delaySeconds"),
    "KmsDataKeyReusePeriodSeconds": In("kmsDataKeyReusePeriodSeconds"),
    "KmsMasterKeyId": In("kmsMasterKeyId"),
    "MaximumMessageSize": In("maxMessageSize"),
    "MessageRetentionPeriod": In("messageRetentionSeconds"),
    "ReceiveMessageWaitTimeSeconds": In("receiveWaitTimeSeconds"),
    "VisibilityTimeout": In("visibilityTimeoutSeconds"),
}

QUEUE = Row(
    urn_type="aws:sqs/queue:Queue",
    service="sqs",
    create=(
        Call("create_queue", {"QueueName": In("name"), "Attributes": ATTRIBUTES, "tags": In("tags", without_empty)}),
    ),
    id="response.QueueUrl",
    setters=(
        Call("set_queue_attributes", {"QueueUrl": Id(), "Attributes": ATTRIBUTES}),
        *tag_setters("tag_queue", "untag_queue", {"QueueUrl": Id()}, pair=pairs_to_map),
    ),
    read=(
        Look("get_queue_attributes", {"QueueUrl": Id(), "AttributeNames": ["All"]}, "Attributes", absent=GONE),
        Look("list_queue_tags", {"QueueUrl": Id()}, "Tags", into="tags", absent=GONE),
    ),
    delete=(Call("delete_queue", {"QueueUrl": Id()}, tolerate=GONE),),
    outputs={"arn": "QueueArn", "url": '"_id"', "tagsAll": "tags"},
    observed={
        "name": "resource(QueueArn)",
        "delaySeconds": "DelaySeconds",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "maxMessageSize": "MaximumMessageSize",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
        "tags": "tags",
    },
    force_new=words("name"),
    sticky=words(
        "delaySeconds kmsDataKeyReusePeriodSeconds maxMessageSize messageRetentionSeconds receiveWaitTimeSeconds"
        " visibilityTimeoutSeconds"
    ),
    seen_as={"kmsMasterKeyId": reference},
    autoname=Autoname(longest=80),
)

QUEUE_POLICY = Row(
    urn_type="aws:sqs/queuePolicy:QueuePolicy",
    service="sqs",
    create=(Call("set_queue_attributes", {"QueueUrl": In("queueUrl"), "Attributes": {"Policy": In("policy")}}),),
    id="inputs.queueUrl",
    setters=(Call("set_queue_attributes", {"QueueUrl": Id(), "Attributes": {"Policy": In("policy")}}),),
    read=(
        Look(
            "get_queue_attributes",
            {"QueueUrl": Id(), "AttributeNames": ["Policy"]},
            "Attributes.Policy && Attributes",
            absent=GONE,
        ),
    ),
    # An empty policy is none.
    delete=(Call("set_queue_attributes", {"QueueUrl": Id(), "Attributes": {"Policy": ""}}, tolerate=GONE),),
    observed={"queueUrl": '"_id"', "policy": "Policy"},
    required=words("queueUrl policy"),
    force_new=words("queueUrl"),
    canonical={"policy": document},
)

ROWS = (QUEUE, QUEUE_POLICY)
