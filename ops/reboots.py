"""`dbctl reboot`: static parameters come into force, in the order that standbys need."""

from __future__ import annotations

import time
from typing import Any

from rich.prompt import Confirm

from ops import console
from ops.engine import Target
from ops.errors import OperatorError, Refused
from ops.outputs import Service

TIMEOUT = 1800.0
"""Seconds for one instance: crash recovery of a busy one takes minutes, never half an hour."""


def reboot(target: Target, service: Service, *, yes: bool, primary_first: bool = False) -> None:
    """Reboot each instance in turn and wait until it is available.

    A standby whose max_connections, max_worker_processes or max_wal_senders is below its primary's stops replaying, or
    does not start (PostgreSQL, "Hot Standby", administrator's overview): replicas first when such a value was raised,
    the primary first when it was lowered.
    """
    order = [service.primary, *service.replicas] if primary_first else [*service.replicas, service.primary]
    if not yes:
        names = ", ".join(instance.identifier for instance in order)
        if not console.err.is_terminal:
            raise Refused("nobody is there to confirm: run it on a terminal, or pass --yes; nothing was rebooted")
        if not Confirm.ask(f"Reboot {names}? Their connections break", console=console.err, default=False):
            raise Refused("not confirmed; nothing was rebooted")
    client = target.account.client("rds")
    for instance in order:
        console.step(f"rebooting {instance.identifier}")
        client.reboot_db_instance(DBInstanceIdentifier=instance.identifier)
        found = _wait(client, instance.identifier, poll=0.2 if target.is_fake else 5.0)
        states = ", ".join(group["ParameterApplyStatus"] for group in found["DBParameterGroups"])
        console.note(f"{instance.identifier}: {found['DBInstanceStatus']}, parameters {states}")


def _wait(client: Any, identifier: str, poll: float) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        time.sleep(poll)
        found: dict[str, Any] = client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
        if found["DBInstanceStatus"] == "available":
            return found
    raise OperatorError(f"{identifier} is not available {TIMEOUT:.0f} s after its reboot; look at its events in RDS")
