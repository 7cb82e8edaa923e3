"""Network load balancers: each TCP listener leads to the targets that are registered behind it."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import elbv2_backends

from local.reconciler.context import Context, Row, backends
from local.reconciler.forwarder import Endpoint, Forwarder


class LoadBalancers:
    """All network load balancers of the cloud."""

    def __init__(self, context: Context, forwarder: Forwarder) -> None:
        self._context = context
        self._forwarder = forwarder
        self._known: set[str] = set()

    def tick(self) -> None:
        """Listen where listeners are, lead to the targets of now."""
        self._forwarder.want(self._listeners())
        names = {balancer.name for balancer in self._balancers()}
        for gone in self._known - names:
            self._context.addresses.release("elb", gone)
        self._known = names

    def rows(self) -> list[Row]:
        """One row for each listener."""
        names = {balancer.dns_name: balancer.name for balancer in self._balancers()}
        return [
            Row(
                "elb",
                names.get(address, address),
                address,
                port,
                state="active",
                detail=f"{len(targets)} target(s)",
            )
            for (address, port), targets in self._listeners().items()
        ]

    def close(self, *, discard: bool) -> None:
        """End all listeners."""
        self._forwarder.close()

    def _balancers(self) -> list[Any]:
        return [
            balancer
            for backend in backends(elbv2_backends)
            for balancer in list(backend.load_balancers.values())
            if balancer.type == "network"
        ]

    def _listeners(self) -> dict[Endpoint, list[Endpoint]]:
        found: dict[Endpoint, list[Endpoint]] = {}
        for backend in backends(elbv2_backends):
            for balancer in list(backend.load_balancers.values()):
                for listener in list(balancer.listeners.values()):
                    if balancer.type == "network" and listener.protocol == "TCP":
                        endpoint = (balancer.dns_name, int(listener.port))
                        found[endpoint] = _targets(backend, listener)
        return found


def _targets(backend: Any, listener: Any) -> list[Endpoint]:
    groups = [arn for action in listener.default_actions for arn in _group_arns(action.data)]
    return [
        (str(target["Id"]), int(target["Port"]))
        for arn in groups
        if arn in backend.target_groups
        for target in list(backend.target_groups[arn].targets.values())
    ]


def _group_arns(action: dict[str, Any]) -> list[str]:
    if "TargetGroupArn" in action:
        return [action["TargetGroupArn"]]
    return [group["TargetGroupArn"] for group in action.get("ForwardConfig", {}).get("TargetGroups", [])]
