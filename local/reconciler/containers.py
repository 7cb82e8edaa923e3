"""What a container's process is started with: command, environment, secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

# arn:aws:secretsmanager:<region>:<account>:secret:<name>, then optionally :<json key>:<stage>:<version id>
_ARN_PARTS = 7


class CannotStart(Exception):
    """A container cannot be started; the text is the task's stopped reason, worded as AWS does."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A container with its overrides, before secrets are resolved."""

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str]
    secrets: dict[str, str]
    essential: bool
    stop_timeout: int


# ECS's own default and maximum for stopTimeout, in seconds.
_STOP_TIMEOUT, _STOP_TIMEOUT_MAXIMUM = 30, 120


def plan(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> Plan:
    """A container definition with the overrides of one task."""
    named = (row for row in overrides.get("containerOverrides") or [] if row.get("name") == definition["name"])
    override: Mapping[str, Any] = next(named, {})
    command = override.get("command") or definition.get("command") or []
    environment = {
        row["name"]: row.get("value", "")
        for row in [*(definition.get("environment") or []), *(override.get("environment") or [])]
    }
    return Plan(
        name=definition["name"],
        argv=(*(definition.get("entryPoint") or []), *command),
        environment=environment,
        secrets={row["name"]: row["valueFrom"] for row in definition.get("secrets") or []},
        essential=definition.get("essential", True) is not False,
        stop_timeout=min(int(definition.get("stopTimeout") or _STOP_TIMEOUT), _STOP_TIMEOUT_MAXIMUM),
    )


def resolve(secrets: Mapping[str, str], region: str, account: str) -> dict[str, str]:
    """The values of a container's secrets."""
    return {name: _resolve_one(reference, region, account) for name, reference in secrets.items()}


def _resolve_one(reference: str, region: str, account: str) -> str:
    service = reference.split(":")[2] if reference.startswith("arn:") else "ssm"
    lookup = _LOOKUPS.get(service)
    if lookup is None:
        raise _unresolved(f"unsupported secret reference {reference}")
    return lookup(reference, region, account)


def _from_secrets_manager(reference: str, region: str, account: str) -> str:
    parts = reference.split(":")
    arn = ":".join(parts[:_ARN_PARTS])
    key, stage, version = (*parts[_ARN_PARTS:], "", "", "")[:3]
    backend: Any = secretsmanager_backends[parts[4]][parts[3]]
    try:
        text = backend.get_secret_value(arn, version or None, stage or None)["SecretString"]
    except Exception as error:
        raise _unresolved(
            f"unable to retrieve secret from asm: service call has been retried 1 time(s): "
            f"failed to fetch secret {arn} from secrets manager: {type(error).__name__}: {error}"
        ) from None
    if not key:
        return str(text)
    try:
        value = json.loads(text)[key]
    except (ValueError, TypeError):
        raise _unresolved(f"retrieved secret from {arn} is not a JSON object") from None
    except KeyError:
        raise _unresolved(f"retrieved secret from Secrets Manager did not contain json key {key}") from None
    return value if isinstance(value, str) else json.dumps(value)


def _from_parameter_store(reference: str, region: str, account: str) -> str:
    name = reference
    if reference.startswith("arn:"):
        region, account, path = reference.split(":")[3], reference.split(":")[4], reference.split(":", 5)[5]
        name = path.removeprefix("parameter")  # "parameter/a/b" is named /a/b, or b where it has no folder
    for candidate in (name, name.lstrip("/")):
        found = ssm_backends[account][region].get_parameter(candidate)
        if found is not None:
            return str(found.response_object(decrypt=True)["Value"])
    raise _unresolved(f"unable to retrieve secrets from ssm: invalid parameters: {name}")


_LOOKUPS: dict[str, Callable[[str, str, str], str]] = {
    "secretsmanager": _from_secrets_manager,
    "ssm": _from_parameter_store,
}


def _unresolved(why: str) -> CannotStart:
    return CannotStart(
        f"ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
        f"retrieval failed: {why}"
    )
