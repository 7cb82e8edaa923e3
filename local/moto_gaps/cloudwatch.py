"""CloudWatch's alarms. No metric is evaluated here: SetAlarmState is what changes the state of a metric alarm."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudwatch import models as moto_models
from moto.cloudwatch import responses as moto_responses
from moto.cloudwatch.exceptions import ValidationError
from moto.core.responses import ActionResult, EmptyResult
from moto.sns.models import sns_backends

from local.moto_gaps import alarm_rule
from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses

# As they are before any correction: one that is made twice must not tell twice.
_PUT, _SET = models.CloudWatchBackend.put_metric_alarm, models.CloudWatchBackend.set_alarm_state
_DESCRIBE, _DELETE = responses.CloudWatchResponse.describe_alarms, models.CloudWatchBackend.delete_alarms

_UNKNOWN = "INSUFFICIENT_DATA"


def restore_alarms(reality: Reality | None) -> None:
    """Alarms that keep their state when they are put again, and tell when it changes."""

    def put(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        before = self.alarms.get(name)
        if before is not None:
            kwargs["tags"] = None  # "any tags you specify are ignored" for an alarm that exists
        alarm = _PUT(self, name, *args, **kwargs)
        if before is None:
            alarm.state_value = _UNKNOWN
        else:
            for field in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, field, getattr(before, field))
        return alarm

    def set_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else state_value
        _SET(self, alarm_name, reason, reason_data, state_value)
        _tell(self, self.alarms[alarm_name], before)
        _follow(self)

    models.CloudWatchBackend.put_metric_alarm = put
    models.CloudWatchBackend.set_alarm_state = set_state


def restore_composites(reality: Reality | None) -> None:
    """Composite alarms: they exist, know their children, hold on to them and follow them."""

    def put_composite(self: Any) -> EmptyResult:
        backend, rule = self.cloudwatch_backend, self._get_param("AlarmRule")
        name = self._get_param("AlarmName")
        try:
            children = alarm_rule.alarms(rule)
        except alarm_rule.BadRule as error:
            raise ValidationError(f"AlarmRule is invalid: {error}") from error
        missing = [child for child in children if child not in backend.alarms]
        if missing:
            raise ValidationError(f"Could not save the composite alarm as alarms [{', '.join(missing)}] do not exist")
        self.put_metric_alarm()
        if backend.alarms[name].state_value == _UNKNOWN:
            backend.alarms[name].state_value = "OK"
        _follow(backend)
        return EmptyResult()

    def describe(self: Any) -> ActionResult:
        # "If you omit this parameter, only metric alarms are returned, even if composite alarms exist."
        found: dict[str, Any] = dict(_DESCRIBE(self).result)
        kinds = self._get_param("AlarmTypes", []) or ["MetricAlarm"]
        for kind, key in (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms")):
            if kind not in kinds:
                found[key] = []
        return ActionResult(found)

    def delete(self: Any, alarm_names: list[str]) -> None:
        for alarm in self.alarms.values():
            held = [name for name in alarm_names if alarm.rule and name in alarm_rule.alarms(alarm.rule)]
            if held and alarm.name not in alarm_names:
                raise ValidationError(f"Cannot delete {held[0]} as there are composite alarm(s) depending on it.")
        _DELETE(self, alarm_names)

    responses.CloudWatchResponse.put_composite_alarm = put_composite
    responses.CloudWatchResponse.describe_alarms = describe
    models.CloudWatchBackend.delete_alarms = delete


def _follow(backend: Any) -> None:
    """Each composite alarm as its children are; twice as deep as anybody nests them."""
    for _ in range(len(backend.alarms)):
        states = {alarm.name: alarm.state_value for alarm in backend.alarms.values()}
        moved = False
        for alarm in backend.alarms.values():
            if not alarm.rule:
                continue
            now = "ALARM" if alarm_rule.holds(alarm.rule, states) else "OK"
            before = alarm.state_value
            if now != before:
                moved = True
                alarm.update_state(f"the rule {alarm.rule} is {'true' if now == 'ALARM' else 'false'}", "{}", now)
                _tell(backend, alarm, before)
        if not moved:
            return


def _tell(backend: Any, alarm: Any, before: str) -> None:
    """Publishes to the topics that an alarm's actions name: when its state changes, and only then."""
    if alarm.state_value == before or not alarm.actions_enabled:
        return
    actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions, _UNKNOWN: alarm.insufficient_data_actions}
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "OldStateValue": before,
        "Region": backend.region_name,
    }
    topics = sns_backends[backend.account_id][backend.region_name].topics
    for arn in actions[alarm.state_value] or []:
        if arn in topics:
            topics[arn].publish(json.dumps(message), subject=f'{alarm.state_value}: "{alarm.name}"')
