"""Who may publish to the topic that wakes people. Pure."""

from __future__ import annotations

import json

from infra.containers import Account


def topic_policy(topic_arn: str, account: Account) -> str:
    """The topic's policy: three AWS services may publish, and nobody without TLS.

    People and roles of the account need no word here: their own IAM policies suffice. EventBridge's statement has no
    condition, because SNS is told none for it and every event would be dropped in silence: "You can't use Condition
    blocks in Amazon SNS topic policies for EventBridge" (EventBridge User Guide, "Using resource-based policies").
    The others: RDS User Guide, "Granting permissions to publish notifications to an Amazon SNS topic"; SNS Developer
    Guide, "Allow Amazon CloudWatch alarms to publish to an Amazon SNS topic".
    """
    ours = {"StringEquals": {"aws:SourceAccount": account.id}}
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic_arn}
    statements: list[dict[str, object]] = [
        {
            **publish,
            "Sid": "PublishByCloudWatch",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Condition": {**ours, "ArnLike": {"aws:SourceArn": _arn("cloudwatch", "alarm:*", account)}},
        },
        {
            **publish,
            "Sid": "PublishByRds",
            "Principal": {"Service": "events.rds.amazonaws.com"},
            "Condition": {**ours, "ArnLike": {"aws:SourceArn": _arn("rds", "*", account)}},
        },
        {**publish, "Sid": "PublishByEventBridge", "Principal": {"Service": "events.amazonaws.com"}},
        {
            **publish,
            "Sid": "OnlyOverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)


def _arn(service: str, resource: str, account: Account) -> str:
    return f"arn:{account.partition}:{service}:{account.region}:{account.id}:{resource}"
