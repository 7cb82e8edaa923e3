"""Rows of RDS: what it tells of by itself."""

from __future__ import annotations

from local.provider.compare import unordered
from local.provider.rows.rds_tags import TAGS, TAGS_LOOK
from local.provider.rows.shared import tag_list
from local.provider.table import Added, Autoname, Call, Id, In, Item, Look, Poll, Removed, Row, words

SUBSCRIPTION = Look("describe_event_subscriptions", {"SubscriptionName": Id()}, "EventSubscriptionsList[0]")
STATUS = Look("describe_event_subscriptions", {"SubscriptionName": Id()}, "EventSubscriptionsList[0].Status")

EVENT_SUBSCRIPTION = Row(
    urn_type="aws:rds/eventSubscription:EventSubscription",
    service="rds",
    create=(
        Call(
            "create_event_subscription",
            {
                "SubscriptionName": In("name"),
                "SnsTopicArn": In("snsTopic"),
                "SourceType": In("sourceType"),
                "SourceIds": In("sourceIds"),
                "EventCategories": In("eventCategories"),
                "Enabled": In("enabled"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="inputs.name",
    setters=(
        Call(
            "modify_event_subscription",
            {
                "SubscriptionName": Id(),
                "SnsTopicArn": In("snsTopic"),
                "SourceType": In("sourceType"),
                "EventCategories": In("eventCategories"),
                "Enabled": In("enabled"),
            },
            # Categories are those of a source type.
            together=(frozenset({"sourceType", "eventCategories"}),),
        ),
        Call(
            "remove_source_identifier_from_subscription",
            {"SubscriptionName": Id(), "SourceIdentifier": Item()},
            each=Removed("sourceIds"),
        ),
        Call(
            "add_source_identifier_to_subscription",
            {"SubscriptionName": Id(), "SourceIdentifier": Item()},
            each=Added("sourceIds"),
        ),
        *TAGS,
    ),
    read=(SUBSCRIPTION, TAGS_LOOK),
    delete=(Call("delete_event_subscription", {"SubscriptionName": Id()}),),
    outputs={"arn": "EventSubscriptionArn", "customerAwsId": "CustomerAwsId", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "CustSubscriptionId",
        "snsTopic": "SnsTopicArn",
        "sourceType": "SourceType",
        "sourceIds": "SourceIdsList",
        "eventCategories": "EventCategoriesList",
        "enabled": "Enabled",
        "tags": "tag_map(tags)",
    },
    required=words("snsTopic"),
    force_new=words("name"),
    defaults={"enabled": True},
    canonical={"sourceIds": unordered, "eventCategories": unordered},
    autoname=Autoname(),
    ready=Poll(STATUS, ("active",), failed=("no-permission", "topic-not-exist")),
    gone=Poll(STATUS, (None,)),
)

ROWS = (EVENT_SUBSCRIPTION,)
