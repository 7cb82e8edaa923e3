"""Load balancers."""

from __future__ import annotations

import socket
from typing import Any

from moto.elbv2 import models as moto_models

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models

# A target on this machine answers within microseconds or not at all.
_PROBE_SECONDS = 0.5


def restore_load_balancers(reality: Reality | None) -> None:
    """Load balancers with a name that leads somewhere."""
    original = models.ELBv2Backend.create_load_balancer

    def create(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        balancer = original(self, name, *args, **kwargs)
        balancer.activate()
        if reality is not None:
            balancer.dns_name = reality.address("elb", name)
        return balancer

    def health(self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
        known = self.targets.get(target["Id"])
        if known is None or reality is None or accepts(known["Id"], int(known["Port"])):
            return health_original(self, target, ec2_backend)
        return models.FakeHealthStatus(
            known["Id"],
            known["Port"],
            self.health_check_port,
            "unhealthy",
            "Target.FailedHealthChecks",
            "Health checks failed",
        )

    health_original = models.FakeTargetGroup.health_for
    models.ELBv2Backend.create_load_balancer = create
    models.FakeTargetGroup.health_for = health


def accepts(address: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((address, port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False
