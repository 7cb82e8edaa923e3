"""Application Auto Scaling: tags, and policies that stay what they are."""

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling import models as moto_models
from moto.applicationautoscaling import responses as moto_responses
from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.core.exceptions import JsonRESTError

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models
responses: Any = moto_responses


class ResourceNotFound(JsonRESTError):
    """No scalable target has this ARN."""

    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")


def restore_tags(reality: Reality | None) -> None:
    """A scalable target keeps its tags, and tells and changes them."""
    respond = responses.ApplicationAutoScalingResponse
    register_original = respond.register_scalable_target

    def register(self: Any) -> str:
        answer: str = register_original(self)
        given = self._get_param("Tags")
        if given:
            _tags(_target(self, json.loads(answer)["ScalableTargetARN"])).update(given)
        return answer

    def list_tags(self: Any) -> str:
        return json.dumps({"Tags": _tags(_target(self, self._get_param("ResourceARN")))})

    def tag(self: Any) -> str:
        _tags(_target(self, self._get_param("ResourceARN"))).update(self._get_param("Tags"))
        return json.dumps({})

    def untag(self: Any) -> str:
        tags = _tags(_target(self, self._get_param("ResourceARN")))
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return json.dumps({})

    respond.register_scalable_target = register
    respond.list_tags_for_resource = list_tags
    respond.tag_resource = tag
    respond.untag_resource = untag


def restore_policies(reality: Reality | None) -> None:
    """A policy that is put again keeps its ARN and its alarms; one goes with its target, and its alarms with it."""
    backend = models.ApplicationAutoscalingBackend
    put_original, deregister_original = backend.put_scaling_policy, backend.deregister_scalable_target
    delete_original = backend.delete_scaling_policy

    def put(self: Any, **given: Any) -> Any:
        place = (given["service_namespace"], given["resource_id"], given["scalable_dimension"])
        if place[1] not in self.targets.get(place[2], {}):
            raise AWSValidationException(
                f"No scalable target registered for service namespace: {place[0]}, resource ID: {place[1]},"
                f" scalable dimension: {place[2]}"
            )
        key = models.FakeApplicationAutoscalingPolicy.formulate_key(*place, given["policy_name"])
        before = self.policies.get(key)
        policy = put_original(self, **given)
        if before is not None:
            policy.delete_alarms(self.account_id, self.region_name)
            policy.policy_arn, policy.alarms, policy.creation_time = (
                before.policy_arn, before.alarms, before.creation_time,
            )  # fmt: skip
        return policy

    def deregister(self: Any, namespace: str, r_id: str, dimension: str) -> None:
        deregister_original(self, namespace, r_id, dimension)
        mine = [
            policy
            for policy in self.policies.values()
            if (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == (namespace, r_id, dimension)
        ]
        for policy in mine:
            delete_original(self, policy.policy_name, namespace, r_id, dimension)

    backend.put_scaling_policy = put
    backend.deregister_scalable_target = deregister


def _target(response: Any, arn: str) -> Any:
    for of_dimension in response.applicationautoscaling_backend.targets.values():
        for target in of_dimension.values():
            if target.arn == arn:
                return target
    raise ResourceNotFound(arn)


def _tags(target: Any) -> dict[str, str]:
    if not hasattr(target, "tags"):
        target.tags = {}
    tags: dict[str, str] = target.tags
    return tags
