"""What is in a task definition: its containers, their environment, and the pooler's file in it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policy.core import UNKNOWN, Resource
from policy.judge import known
from policy.values import plain

POOLER_FILE = "PGBOUNCER_INI"
"""The environment variable that holds pgbouncer.ini (infra/pooler.py)."""


def definitions(task: Resource) -> list[Mapping[str, Any]] | None:
    """The containers of a task definition; None where they are not known or not readable."""
    text = task.get("containerDefinitions")
    if not known(text):
        return None
    try:
        rows = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None
    return [plain(row) for row in rows] if isinstance(rows, list) else None


def environment(container: Mapping[str, Any]) -> dict[str, Any]:
    """The plain variables of a container."""
    return {str(row.get("name")): row.get("value", UNKNOWN) for row in container.get("environment") or []}


@dataclass(frozen=True, slots=True)
class Pooler:
    """pgbouncer.ini, as far as policies look at it: its settings, and its databases' connection strings by name."""

    settings: Mapping[str, str]
    databases: Mapping[str, Mapping[str, str]]


def pooler(container: Mapping[str, Any]) -> Pooler | None:
    """The pooler's file, where this container is one."""
    text = environment(container).get(POOLER_FILE)
    return read_ini(text) if isinstance(text, str) else None


def read_ini(text: str) -> Pooler:
    """Sections, keys and values as PgBouncer reads them: `;` and `#` begin a comment line, the last of two counts."""
    section, settings, databases = "", dict[str, str](), dict[str, dict[str, str]]()
    for line in map(str.strip, text.splitlines()):
        if not line or line[0] in ";#":
            continue
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = found[1]
        elif "=" in line:
            key, value = (part.strip() for part in line.split("=", 1))
            if section == "databases":
                databases[key] = dict(re.findall(r"(\w+)\s*=\s*('[^']*'|\S+)", value))
            elif section == "pgbouncer":
                settings[key] = value
    return Pooler(settings, databases)
