"""Rows of SNS."""

from __future__ import annotations

import json

from local.provider.compare import document
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Look, Out, Row, Template, words


def attribute(name: str, value: Template) -> Call:
    """Topics are changed one attribute at a time."""
    return Call("set_topic_attributes", {"TopicArn": Id(), "AttributeName": name, "AttributeValue": value})


def cleared(name: str, given: str) -> Call:
    """An attribute that is no longer given is set to nothing."""
    request = {"TopicArn": Id(), "AttributeName": name, "AttributeValue": ""}
    return Call("set_topic_attributes", request, removed=given)


TOPIC = Row(
    urn_type="aws:sns/topic:Topic",
    service="sns",
    create=(
        Call(
            "create_topic",
            {
                "Name": In("name"),
                "Attributes": {"DisplayName": In("displayName"), "KmsMasterKeyId": In("kmsMasterKeyId")},
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.TopicArn",
    setters=(
        attribute("DisplayName", In("displayName")),
        cleared("DisplayName", "displayName"),
        attribute("KmsMasterKeyId", In("kmsMasterKeyId")),
        cleared("KmsMasterKeyId", "kmsMasterKeyId"),
        *tag_setters("tag_resource", "untag_resource", {"ResourceArn": Id()}),
    ),
    read=(
        Look("get_topic_attributes", {"TopicArn": Id()}, "Attributes"),
        Look("list_tags_for_resource", {"ResourceArn": Id()}, "Tags", into="tags"),
    ),
    delete=(Call("delete_topic", {"TopicArn": Id()}),),
    outputs={"arn": "TopicArn", "owner": "Owner", "policy": "Policy", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "resource(TopicArn)",
        "displayName": "DisplayName",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "tags": "tag_map(tags)",
    },
    force_new=words("name"),
    autoname=Autoname(longest=256),
)


def first_policy(arn: str) -> str:
    """The policy that SNS gives to a new topic, and that a topic whose policy is taken away has again."""
    actions = words(
        "SNS:AddPermission SNS:DeleteTopic SNS:GetTopicAttributes SNS:ListSubscriptionsByTopic SNS:Publish"
        " SNS:RemovePermission SNS:SetTopicAttributes SNS:Subscribe"
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": sorted(actions),
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


TOPIC_POLICY = Row(
    urn_type="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    create=(
        Call(
            "set_topic_attributes",
            {"TopicArn": In("arn"), "AttributeName": "Policy", "AttributeValue": In("policy")},
        ),
    ),
    id="inputs.arn",
    setters=(attribute("Policy", In("policy")),),
    read=(Look("get_topic_attributes", {"TopicArn": Id()}, "Attributes"),),
    delete=(attribute("Policy", Out("arn", shape=first_policy)),),
    outputs={"owner": "Owner"},
    observed={"arn": "TopicArn", "policy": "Policy"},
    required=words("arn policy"),
    force_new=words("arn"),
    canonical={"policy": document},
)

SUBSCRIPTION = Row(
    urn_type="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    create=(
        Call(
            "subscribe",
            {
                "TopicArn": In("topic"),
                "Protocol": In("protocol"),
                "Endpoint": In("endpoint"),
                # A mail address confirms later, and what is not confirmed has no ARN unless it is asked for.
                "ReturnSubscriptionArn": True,
            },
        ),
    ),
    id="response.SubscriptionArn",
    read=(Look("get_subscription_attributes", {"SubscriptionArn": Id()}, "Attributes"),),
    delete=(Call("unsubscribe", {"SubscriptionArn": Id()}),),
    outputs={
        "arn": "SubscriptionArn",
        "ownerId": "Owner",
        "pendingConfirmation": "PendingConfirmation=='true'",
    },
    observed={"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"},
    required=words("topic protocol endpoint"),
    force_new=words("topic protocol endpoint"),
)

ROWS = (TOPIC, TOPIC_POLICY, SUBSCRIPTION)
