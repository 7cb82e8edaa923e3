"""EventBridge: patterns over lists of objects, messages to topics, and the events of ECS tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import copy
from typing import Any

from jsonpath_ng.ext.parser import parse as parse_path
from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow
from moto.events import models as moto_models
from moto.events.models import events_backends
from moto.sns.models import sns_backends

from local.moto_gaps import ecs
from local.moto_gaps.reality import Reality

models: Any = moto_models

_CHANGES: set[Any] = set()


def restore_patterns(reality: Reality | None) -> None:
    """A pattern looks into lists: one of the objects has to be all that is said of `containers`.

    (Event Ruler's "array-consistent matching", which EventBridge is made with)
    """

    def matches(self: Any, event: Any) -> bool:
        return _holds(self, self.get_pattern(), json.loads(json.dumps(event)))

    models.EventPattern.matches_event = matches


def _holds(pattern: Any, wanted: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether an object is as a part of the pattern wants it."""
    for name, inner in wanted.items():
        value = node.get(name, models.UNDEFINED)
        if name == "$or":
            held = any(_holds(pattern, one, node) for one in inner)
        elif isinstance(inner, dict):
            objects = value if isinstance(value, list) else [value]
            held = any(_holds(pattern, inner, one if isinstance(one, dict) else {}) for one in objects)
        else:
            held = pattern._does_item_match_filters(value, inner)
        if not held:
            return False
    return True


def restore_targets(reality: Reality | None) -> None:
    """A rule that is on sends to topics too, and a template may be lines of text."""
    original = models.Rule.send_to_targets

    def send(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state == "DISABLED" or not self.event_pattern.matches_event(original_event):
            return
        others = copy(self)
        others.targets = []
        for target in self.targets:
            if target["Arn"].split(":")[2] == "sns":
                _publish(target, original_event)
            else:
                others.targets.append(target)
        original(others, original_event, transform_input)

    models.Rule.send_to_targets = send


def restore_task_events(reality: Reality | None) -> None:
    """A task that stopped is told of: ECS Task State Change, on the default bus."""
    kind: Any = ecs.LocalTask
    status: property = kind.last_status
    if status.fset in _CHANGES:  # corrected in this process already; twice would tell everything twice
        return

    def change(task: Any, value: str) -> None:
        before = getattr(task, "_last_status", None)
        status.__set__(task, value)
        if value == "STOPPED" and before != value:
            _tell(task)

    _CHANGES.add(change)
    kind.last_status = property(status.fget, change)


def message(template: str, paths: Mapping[str, str], event: Mapping[str, Any]) -> str:
    """The text that a template of quoted lines gives for an event; where the event has nothing, nothing is written.

    The quotes come along, as they do in AWS (terraform-provider-aws #43253).
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] not in paths:
            return found[0]
        matches = parse_path(paths[found[1]]).find(event)
        return str(matches[0].value) if matches and matches[0].value is not None else ""

    return re.sub(r"<([A-Za-z0-9_-]+)>", fill, template)


def _publish(target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    _, _, _, region, account, _ = target["Arn"].split(":", 5)
    transformer = target.get("InputTransformer") or {}
    template = transformer.get("InputTemplate")
    text = message(template, transformer.get("InputPathsMap") or {}, event) if template else json.dumps(event)
    topic = sns_backends[account][region].topics.get(target["Arn"])
    if topic is not None:  # a topic that is gone gets nothing, as in AWS
        topic.publish(text)


def _tell(task: Any) -> None:
    """Send the event of one task's end to the rules of its region."""
    _, _, _, region, account, _ = task.task_arn.split(":", 5)
    bus = events_backends[account][region].event_buses.get("default")
    event: Any = {
        "version": "0",
        "id": f"{task.id}-stopped",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": account,
        "time": iso_8601_datetime_without_milliseconds(utcnow()),
        "region": region,
        "resources": [task.task_arn],
        "ingestion-time": 0.0,
        "detail": _detail(task),
    }
    for rule in list(bus.rules.values()) if bus else []:
        rule.send_to_targets(event)


def _detail(task: Any) -> dict[str, Any]:
    """The fields of the event, without those that a task lacks."""
    fields = {
        "clusterArn": task.cluster_arn,
        "taskArn": task.task_arn,
        "taskDefinitionArn": task.task_definition_arn,
        "group": task.group,
        "startedBy": task.started_by or None,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "stopCode": task.stop_code,
        "stoppedReason": task.stopped_reason,
        "launchType": task.launch_type,
        "overrides": task.overrides or {},
        "containers": [_present(_container(one)) for one in task.containers],
    }
    return _present(fields)


def _container(container: Any) -> dict[str, Any]:
    return {
        "containerArn": container.container_arn,
        "name": container.name,
        "lastStatus": container.last_status,
        "exitCode": container.exitCode,
        "reason": container.reason,
        "taskArn": container.task_arn,
    }


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
