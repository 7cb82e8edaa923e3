"""What an example of a rule is, and the sound configuration that each one breaks by its smallest change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from infra.config import ConfigErrors, parse

AT: Final = "postgres-estate:estate"
ONE: Final = f"{AT}.services[0]"
TOML: Final = "sql/platform/service.toml"
REGION: Final = "eu-west-1"


BASE: Final[dict[str, Any]] = {
    "profile": "development",
    "network": {"cidr": "10.20.0.0/16", "availability_zones": 2},
    "services": [
        {
            "name": "platform",
            "engine_version": "17",
            "instance_class": "db.r6g.2xlarge",  # 8 vCPU, 64 GiB: max_connections 200
            "storage": {"allocated_gib": 400},
        }
    ],
}
# What the stack prod demands beside.
PRODUCTION: Final[dict[str, Any]] = {"profile": "production", "alerts": {"emails": ["on-call@example.com"]}}
EXISTING: Final[dict[str, Any]] = {
    "vpc_id": "vpc-0123456789abcdef0",
    "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "database_subnet_ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
    "endpoints_security_group_id": "sg-0123456789abcdef0",
}
FOLDER: Final = """
[service]
description = "A service for tests"

[[login_roles]]
name = "platform_app"
purpose = "serves requests"
pooled = true

[[login_roles]]
name = "platform_backup"
purpose = "logical dumps"

[jobs.partitions]
every = "day"
at = "01:10"
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One rule's smallest breach, the whole line that names it, and the nearest configuration that is accepted.

    A change's key is a path with `/`; `one` in front means the first service, `toml` its folder, where the value
    replaces the text that follows, and `stack` is the stack's name. `subject` is the path of a key as the reference
    writes it, or a rule's name.
    """

    subject: str
    breach: Mapping[str, Any]
    line: str
    accepted: Mapping[str, Any]
    stack: str = "dev"
    beside: Mapping[str, Any] = field(default_factory=dict)  # true of both sides


def changed(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The base with changes; the folder's are left to `folder`."""
    raw = copy.deepcopy(BASE)
    for path, value in changes.items():
        first, *rest = path.split("/")
        if first in ("toml", "stack"):
            continue
        *way, last = [first, *rest] if first != "one" else ["services", "0", *rest]
        place: Any = raw
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if isinstance(place, list):
            place.append(copy.deepcopy(value))
        else:
            place[last] = copy.deepcopy(value)
    return raw


def folder(changes: Mapping[str, Any], root: Path) -> Path:
    """A folder `sql` in `root` whose services have the base's service.toml, with changes."""
    text = FOLDER
    for path, value in changes.items():
        kind, _, old = path.partition("/")
        if kind == "toml":
            assert text.count(old) == 1, old
            text = text.replace(old, value)
    found = [item.get("name") for item in changed(changes)["services"] if isinstance(item, dict)]
    for name in {"platform", *(name for name in found if isinstance(name, str) and name.isalnum())}:
        place = root / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "service.toml").write_text(text.replace("platform_", f"{name}_"), encoding="utf-8")
    return root


def another(name: str, **changes: Any) -> dict[str, Any]:
    """One more service."""
    return {**copy.deepcopy(BASE["services"][0]), "name": name, **changes}


def lines(changes: Mapping[str, Any], stack: str, root: Path) -> list[str]:
    """The lines that refuse the base with these changes; none when it is accepted."""
    stack = changes.get("stack", stack)
    try:
        parse(changed(changes), stack=stack, sql_root=folder(changes, root), region=REGION)
    except ConfigErrors as errors:
        return str(errors).splitlines()
    return []
