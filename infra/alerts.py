"""The one topic of a stack that people are told through."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.containers import Account
from infra.monitoring_policies import topic_policy
from infra.options import child, tags

# Snapshots have no identifier to subscribe to before they exist, so that one subscription hears of the account's: who
# deletes one or makes a database of one. An AWS Backup plan that expires a snapshot is heard too, some a week.
SNAPSHOT_EVENTS = ("deletion", "restoration")


@dataclass(frozen=True, slots=True)
class AlertsArgs:
    """What the topic is made from."""

    stack: str
    account: pulumi.Output[Account]
    emails: tuple[str, ...]
    key_arn: pulumi.Input[str]


class Alerts(pulumi.ComponentResource):
    """An encrypted SNS topic, and those who read it; a mail address must confirm before it is sent anything."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Alerts", name, None, opts)
        topic = aws.sns.Topic(
            name,
            # The sender's name in a mail: which stack is it about.
            display_name=f"PostgreSQL estate {args.stack}",
            kms_master_key_id=args.key_arn,
            tags=tags(args.stack),
            opts=child(self),
        )
        policy = aws.sns.TopicPolicy(
            name,
            arn=topic.arn,
            policy=pulumi.Output.all(topic.arn, args.account).apply(lambda parts: topic_policy(*parts)),
            opts=child(self),
        )
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-{_slug(email)}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=child(self),
            )
        aws.rds.EventSubscription(
            f"{name}-snapshots",
            sns_topic=topic.arn,
            source_type="db-snapshot",
            event_categories=list(SNAPSHOT_EVENTS),
            tags=tags(args.stack),
            # RDS asks SNS at once whether it may publish.
            opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=[policy])),
        )
        # Whoever is given the ARN may publish with it, and therefore waits for the policy.
        self.topic_arn: pulumi.Output[str] = policy.arn
        self.register_outputs({"topic": self.topic_arn})


def _slug(email: str) -> str:
    """A name for one address that does not move when another is added or removed."""
    return re.sub(r"[^a-z0-9]+", "-", email.lower().replace("@", "-at-")).strip("-")
