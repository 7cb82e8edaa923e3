"""The containers of production's task definitions for one service, as the program makes them."""

from __future__ import annotations

import json
import secrets
from functools import cache
from typing import Any

from ops.paths import SQL_ROOT
from tests.unit.infra.recorder import configuration, record_stack


@cache
def containers(service: str) -> dict[str, dict[str, Any]]:
    """Each container's definition by its name, of the tasks that only run to do their one thing and of the pooler."""
    recording = record_stack(configuration("prod"), "prod", SQL_ROOT)
    found: dict[str, dict[str, Any]] = {}
    for task in recording.of("aws:ecs/taskDefinition:TaskDefinition").values():
        (one,) = json.loads(task.inputs["containerDefinitions"])
        if environment(one).get("ESTATE_SERVICE") == service:
            found.setdefault(one["name"], one)
    return found


def environment(definition: dict[str, Any]) -> dict[str, str]:
    """Its variables that are no secrets."""
    return {row["name"]: row["value"] for row in definition["environment"]}


def secret_names(definition: dict[str, Any]) -> list[str]:
    """Its variables that are."""
    return [row["name"] for row in definition["secrets"]]


@cache
def password(role: str) -> str:
    """A role's password, the same in every task."""
    return secrets.token_urlsafe(16)


def login(role: str, its_password: str | None = None) -> str:
    """A secret as Secrets Manager holds it."""
    return json.dumps({"username": role, "password": its_password or password(role)})
