"""IAM: AWS's own policies, of which moto has the texts and does not show them."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from moto.iam import models as moto_models
from moto.iam.aws_managed_policies import aws_managed_policies_data

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models

_OWN = re.compile(r"arn:[^:]+:iam::aws:policy(/|/.*/)(?P<name>[^/]+)")


@functools.cache
def _texts() -> dict[str, dict[str, Any]]:
    """AWS's policies by name: fifteen hundred, read when the first is asked for."""
    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return found


def restore_managed_policies(reality: Reality | None) -> None:
    """A policy of AWS's is there once somebody attaches it or looks at it."""
    backend = models.IAMBackend
    attach_original, get_original = backend.attach_role_policy, backend.get_policy

    def learn(self: Any, arn: str) -> None:
        found = _OWN.fullmatch(arn)
        if found is None or arn in self.managed_policies or found["name"] not in _texts():
            return
        name = found["name"]
        policy = models.AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _texts()[name])
        if policy.arn == arn:  # the path counts: AWSBackupServiceRolePolicyForBackup is in service-role/
            self.managed_policies[arn] = policy

    def attach(self: Any, policy_arn: str, role_name: str) -> None:
        learn(self, policy_arn)
        attach_original(self, policy_arn, role_name)

    def get(self: Any, policy_arn: str) -> Any:
        learn(self, policy_arn)
        return get_original(self, policy_arn)

    backend.attach_role_policy = attach
    backend.get_policy = get
