"""KMS: how often a key's material is renewed."""

from __future__ import annotations

import json
from typing import Any

from moto.kms import responses as moto_responses

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
responses: Any = moto_responses

# "If no value is specified, the default value is 365 days" (EnableKeyRotation).
_DEFAULT_DAYS = 365


def restore_rotation(reality: Reality | None) -> None:
    """A key remembers its rotation period, and tells it."""
    enable_original = responses.KmsResponse.enable_key_rotation
    status_original = responses.KmsResponse.get_key_rotation_status

    def enable(self: Any) -> Any:
        answer = enable_original(self)
        _key(self).rotation_period_days = self._get_param("RotationPeriodInDays") or _DEFAULT_DAYS
        return answer

    def status(self: Any) -> str:
        told: dict[str, Any] = json.loads(status_original(self))
        if told["KeyRotationEnabled"]:
            told["RotationPeriodInDays"] = getattr(_key(self), "rotation_period_days", _DEFAULT_DAYS)
        return json.dumps(told)

    responses.KmsResponse.enable_key_rotation = enable
    responses.KmsResponse.get_key_rotation_status = status


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
