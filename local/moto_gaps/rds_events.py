"""RDS's event subscriptions."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds import models as moto_models
from moto.rds import responses as moto_responses
from moto.rds.exceptions import RDSClientError, SubscriptionNotFoundError
from moto.sns.models import sns_backends

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

# As it is before any correction, which may be made twice.
_CREATE = models.RDSBackend.create_event_subscription

# What may be subscribed to, by source (DescribeEventCategories).
CATEGORIES: dict[str, frozenset[str]] = {
    "db-instance": frozenset(
        {
            "availability",
            "backtrack",
            "backup",
            "configuration change",
            "creation",
            "deletion",
            "failover",
            "failure",
            "low storage",
            "maintenance",
            "notification",
            "read replica",
            "recovery",
            "restoration",
            "security",
            "security patching",
        }
    ),
    "db-parameter-group": frozenset({"configuration change"}),
    "db-snapshot": frozenset({"creation", "deletion", "notification", "restoration"}),
    "db-security-group": frozenset({"configuration change", "failure"}),
}
_MOST = 20  # event subscriptions of an account in a region, RDS's default quota


def restore_event_subscriptions(reality: Reality | None) -> None:
    """Subscriptions that can be changed, are enabled unless told otherwise, and take only what RDS takes."""

    def create(self: Any, kwargs: Any) -> Any:
        if len(self.event_subscriptions) >= _MOST:
            raise RDSClientError(
                "EventSubscriptionQuotaExceeded", "You have reached the maximum number of subscriptions"
            )
        wanted = {"enabled": True, **kwargs}
        _check(self, wanted)
        subscription = _CREATE(self, wanted)
        subscription.event_categories = list(wanted.get("event_categories") or [])
        subscription.source_ids = list(wanted.get("source_ids") or [])
        subscription.customer_aws_id = self.account_id
        return subscription

    def modify(self: Any) -> ActionResult:
        subscription = _subscription(self.backend, self.params["SubscriptionName"])
        names = {
            "SnsTopicArn": "sns_topic_arn",
            "SourceType": "source_type",
            "EventCategories": "event_categories",
            "Enabled": "enabled",
        }
        wanted = {field: self.params[name] for name, field in names.items() if self.params.get(name) is not None}
        _check(self.backend, {**{field: getattr(subscription, field) for field in names.values()}, **wanted})
        for field, value in wanted.items():
            setattr(subscription, field, value)
        return ActionResult({"EventSubscription": subscription})

    def add(self: Any) -> ActionResult:
        subscription = _subscription(self.backend, self.params["SubscriptionName"])
        wanted = self.params["SourceIdentifier"]
        if not subscription.source_type:
            raise RDSClientError("InvalidParameterCombination", "A source identifier needs a source type")
        if wanted not in subscription.source_ids:
            subscription.source_ids.append(wanted)
        return ActionResult({"EventSubscription": subscription})

    def remove(self: Any) -> ActionResult:
        subscription = _subscription(self.backend, self.params["SubscriptionName"])
        if self.params["SourceIdentifier"] not in subscription.source_ids:
            raise RDSClientError("SourceNotFound", f"{self.params['SourceIdentifier']} is not subscribed to")
        subscription.source_ids.remove(self.params["SourceIdentifier"])
        return ActionResult({"EventSubscription": subscription})

    models.RDSBackend.create_event_subscription = create
    responses.RDSResponse.modify_event_subscription = modify
    responses.RDSResponse.add_source_identifier_to_subscription = add
    responses.RDSResponse.remove_source_identifier_from_subscription = remove


def _subscription(backend: Any, name: str) -> Any:
    found = backend.event_subscriptions.get(name)
    if found is None:
        raise SubscriptionNotFoundError(name)
    return found


def _check(backend: Any, wanted: dict[str, Any]) -> None:
    topic = wanted["sns_topic_arn"]
    if topic not in sns_backends[backend.account_id][backend.region_name].topics:
        raise RDSClientError("SNSTopicArnNotFound", f"The SNS topic {topic} does not exist")
    kind, categories = wanted.get("source_type"), set(wanted.get("event_categories") or [])
    if wanted.get("source_ids") and not kind:
        raise RDSClientError("InvalidParameterCombination", "Source identifiers need a source type")
    known = CATEGORIES.get(str(kind))
    if known is not None and categories - known:
        raise RDSClientError(
            "SubscriptionCategoryNotFound", f"{kind} has no event category {', '.join(sorted(categories - known))}"
        )
