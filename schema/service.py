"""Read sql/<service>/service.toml: which login roles the service has and how they are set, and when its jobs run."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schema import schedule
from schema.errors import BadInput
from schema.schedule import Job

# PostgreSQL cuts names at 63 bytes, silently.
_ROLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SETTING_NAME = re.compile(r"[a-z_]+(\.[a-z_]+)?")
_ROLE_KEYS = frozenset({"name", "purpose", "pooled", "member_of", "settings"})


@dataclass(frozen=True, slots=True)
class LoginRole:
    """A role that logs in with a secret of its own."""

    name: str
    member_of: tuple[str, ...]
    settings: tuple[tuple[str, tuple[str, ...]], ...]
    """What ALTER ROLE … SET gives it: a name and its values (more than one only for lists such as search_path)."""


@dataclass(frozen=True, slots=True)
class Service:
    """One database service as its folder describes it."""

    name: str
    folder: Path
    roles: tuple[LoginRole, ...]
    jobs: tuple[Job, ...]
    """By name; each has its file in jobs/."""

    @property
    def owner(self) -> str:
        """The role that owns every object; nobody logs in as it."""
        return f"{self.name}_owner"


def load(folder: Path) -> Service:
    """Read the folder's service.toml; raise BadInput with every problem in it."""
    path = folder / "service.toml"
    shown = f"{folder.name}/service.toml"
    if not path.is_file():
        known = sorted(found.parent.name for found in folder.parent.glob("*/service.toml"))
        raise BadInput([f"ESTATE_SERVICE={folder.name}: there is no {shown}; known services: {', '.join(known)}"])
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput([f"{shown}: not TOML: {error}"]) from None
    rows = data.get("login_roles", [])
    if not isinstance(rows, list) or not rows:
        raise BadInput([f"{shown}: no [[login_roles]]; a service needs at least one role to log in as"])
    problems = [
        f"{shown}: login role {number}: {problem}" for number, row in enumerate(rows, 1) for problem in _problems(row)
    ]
    jobs = data.get("jobs", {})
    problems += _job_problems(folder, shown, jobs)
    if problems:
        raise BadInput(problems)
    return Service(
        folder.name,
        folder,
        tuple(_role(row) for row in rows),
        tuple(Job(name, row["every"], row["at"]) for name, row in sorted(jobs.items())),
    )


def _job_problems(folder: Path, shown: str, jobs: object) -> list[str]:
    """Each job has its table and each table its file, or something would be run never, or in vain."""
    if not isinstance(jobs, dict):
        return [f'{shown}: jobs must be tables, such as [jobs.partitions] with every = "day" and at = "01:10"']
    files = {path.stem for path in (folder / "jobs").glob("*.sql")}
    found = [
        f"{folder.name}/jobs/{name}.sql: nothing says when it runs; add [jobs.{name}] with every and at to {shown}"
        for name in sorted(files - jobs.keys())
    ]
    for name, row in sorted(jobs.items()):
        found += [f"{shown}: [jobs.{name}]: {problem}" for problem in schedule.problems(row)]
        if name not in files:
            found.append(f"{shown}: [jobs.{name}]: there is no jobs/{name}.sql; write the file, or remove the table")
    return found


def _problems(row: object) -> list[str]:
    if not isinstance(row, dict):
        return [f"{row!r} is no table; write [[login_roles]] with the keys {', '.join(sorted(_ROLE_KEYS))}"]
    found: list[str] = []
    name = row.get("name")
    if not isinstance(name, str) or not _ROLE_NAME.fullmatch(name):
        found.append(f"name = {name!r} is no role name; write small letters, digits and _, at most 63")
    found += [f"unknown key `{key}`; known: {', '.join(sorted(_ROLE_KEYS))}" for key in sorted(row.keys() - _ROLE_KEYS)]
    members = row.get("member_of", [])
    if not isinstance(members, list) or not all(isinstance(m, str) and _ROLE_NAME.fullmatch(m) for m in members):
        found.append('member_of must be a list of role names, such as ["platform_owner"]')
    settings = row.get("settings", {})
    if not isinstance(settings, dict):
        return [*found, 'settings must be a table, such as { statement_timeout = "15s" }']
    for key, value in settings.items():
        if not _SETTING_NAME.fullmatch(key):
            found.append(f"`{key}` is not the name of a setting")
        if not _values(value):
            found.append(f"the setting {key} must be a text, a number or a list of texts")
    return found


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("on" if value else "off",)
    if isinstance(value, str | int):
        return (str(value),)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return ()


def _role(row: dict[str, Any]) -> LoginRole:
    settings = tuple((key, _values(value)) for key, value in row.get("settings", {}).items())
    return LoginRole(row["name"], tuple(row.get("member_of", [])), settings)
