"""Renew the pooler's server connections after a migration: its tasks are replaced, new ones first.

A server connection that prepared a statement before a table changed answers `cached plan must not change result type`
afterwards (SQLSTATE 0A000), for as long as it lives. PgBouncer's own RECONNECT would renew them, but each task has a
console of its own that nothing outside the VPC reaches; replacing the tasks is what ECS does safely anyway: new tasks
take new clients, old ones let transactions end (docs/adr/0011).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ops import console
from ops.aws import Account
from ops.errors import OperatorError
from ops.outputs import Service

TIMEOUT = 900.0
"""Seconds for one service: tasks start in one or two minutes and may drain for two more; then something is wrong."""


def renew(account: Account, services: Sequence[Service], names: Mapping[str, str], timeout: float = TIMEOUT) -> None:
    """Replace the pooler tasks of the services in `names` (by service: what has changed), and wait for the end of it.

    The migrations are applied by then: OperatorError says what is left to do.
    """
    client = account.client("ecs")
    poll = 0.2 if account.environment else 5.0
    for service in services:
        if service.name not in names:
            continue
        console.step(f"renewing the pooler's connections of {service.name}: {names[service.name]} changed")
        pooler = service.pooler
        started = client.update_service(cluster=pooler.cluster, service=pooler.service, forceNewDeployment=True)
        deployment = started["service"]["deployments"][0]["id"]
        _wait(client, service, deployment, poll, time.monotonic() + timeout)
        console.note(f"{service.name}: every pooler task is new")


def _wait(client: Any, service: Service, deployment: str, poll: float, deadline: float) -> None:
    pooler = service.pooler
    mend = (
        f"the migrations are applied; old pooler tasks may answer `cached plan must not change result type` until they"
        f" are replaced: look at the events of the ECS service {pooler.service}"
    )
    seen = False  # what update_service made may not be described at once
    while True:
        (found,) = client.describe_services(cluster=pooler.cluster, services=[pooler.service])["services"]
        states = {row["id"]: row.get("rolloutState") for row in found["deployments"]}
        if states.get(deployment) == "COMPLETED" and len(states) == 1:
            return
        gone = seen and deployment not in states
        seen = seen or deployment in states
        if gone or states.get(deployment) == "FAILED":  # the circuit breaker rolls back to the old tasks
            raise OperatorError(f"{service.name}: the new pooler tasks did not start and ECS went back", mend)
        if time.monotonic() >= deadline:
            raise OperatorError(f"{service.name}: the pooler tasks are not replaced yet", mend)
        time.sleep(poll)
