"""A stack's configuration as frozen dataclasses: `parse` builds them, or names every mistake at once. Pure.

The only thing read from disk are the services' folders: `sql/<service>/service.toml` names the login roles.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import parameters, sizing
from infra.config_rules import ESTATE_RULES, SERVICE_RULES, STRIPED_GIB, STRIPED_IOPS, STRIPED_MIBPS, judge
from infra.config_shape import PREFIX, Problem, View, key_text, nearest, read
from infra.config_spec import ESTATE, FOLDER, LOGIN_ROLE, SERVICE
from infra.sizing import INSTANCE_CLASSES, InstanceClass

__all__ = ["ConfigErrors", "Estate", "LoginRole", "Problem", "Service", "parse"]


@dataclass(frozen=True, slots=True)
class Network:
    """The address range and how many zones it spans."""

    cidr: str
    availability_zones: int


@dataclass(frozen=True, slots=True)
class Images:
    """The two container images; a reference without a registry means this account's ECR."""

    pooler: str
    schema: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A database's volume."""

    type: str
    allocated_gib: int
    max_allocated_gib: int | None
    iops: int | None
    throughput_mibps: int | None

    @property
    def provisioned_iops(self) -> int | None:
        """IOPS to ask for. From 400 GiB on always a number: RDS would keep the one it had below, and refuse it."""
        return (self.iops or STRIPED_IOPS) if self.allocated_gib >= STRIPED_GIB else None

    @property
    def provisioned_mibps(self) -> int | None:
        """Throughput to ask for in MiB/s, likewise."""
        return (self.throughput_mibps or STRIPED_MIBPS) if self.allocated_gib >= STRIPED_GIB else None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many read replicas, and how large."""

    count: int
    instance_class: InstanceClass


@dataclass(frozen=True, slots=True)
class Backup:
    """Point-in-time recovery, and what is kept of a database that is destroyed."""

    retention_days: int
    window: str
    keep_after_destroy: bool
    final_snapshot_generation: int


@dataclass(frozen=True, slots=True)
class Pooler:
    """PgBouncer's tasks; `connections_per_task` counts one task's connections to one server, all doors together."""

    tasks: int
    connections_per_task: int
    max_client_connections: int
    cpu: int
    memory_mib: int
    version: str


@dataclass(frozen=True, slots=True)
class LoginRole:
    """A PostgreSQL role that logs in, so it has a secret; what it may do is the schema runner's affair."""

    name: str
    purpose: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class Service:
    """One database service."""

    name: str
    engine_version: str
    instance_class: InstanceClass
    multi_az: bool
    storage: Storage
    replicas: Replicas
    backup: Backup
    maintenance_window: str
    protected: bool
    parameters: tuple[tuple[str, str], ...]
    pooler: Pooler
    login_roles: tuple[LoginRole, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """All that a stack deploys."""

    stack: str
    network: Network
    images: Images
    tls_required: bool
    services: tuple[Service, ...]

    @property
    def protected(self) -> bool:
        """Whether any of its databases is protected, so that what they share must be too."""
        return any(service.protected for service in self.services)

    @property
    def kept(self) -> bool:
        """Whether backups of any database outlive it, so that the key they need must too."""
        return any(service.backup.keep_after_destroy for service in self.services)


class ConfigErrors(Exception):
    """The configuration is wrong; `problems` holds one entry, and str() one line, for each mistake."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def parse(raw: object, *, stack: str, sql_root: Path) -> Estate:
    """The estate that `postgres-estate:estate` describes; raises ConfigErrors with all problems."""
    at = f"{PREFIX}estate"
    view, problems = read(raw, ESTATE, at)
    view["@stack"] = stack
    problems += judge(ESTATE_RULES, view, at)

    services: list[View] = []
    for index, item in enumerate(view.get("services", ())):
        service, more = _service(item, f"{at}.services[{index}]", stack, sql_root)
        services.append(service)
        problems += more
    problems += _twins(services, f"{at}.services")
    if problems:
        raise ConfigErrors(tuple(problems))
    return Estate(
        stack,
        Network(**_section(view, "network")),
        Images(**_section(view, "images")),
        view["tls"] == "required",
        tuple(map(_build, services)),
    )


def _service(raw: object, at: str, stack: str, sql_root: Path) -> tuple[View, list[Problem]]:
    """One service's view, with what follows from its values, and its problems."""
    view, problems = read(raw, SERVICE, at)
    view["@stack"] = stack
    if "parameters" in view:
        problems += _overrides(view, f"{at}.parameters")
    override = view.get("@overrides", {}).get("max_connections")
    if override is not None:
        view["@connections"] = int(override)
    elif "instance_class" in view and "max_connections" not in view.get("parameters", {}):
        view["@connections"] = sizing.max_connections(INSTANCE_CLASSES[view["instance_class"]])
    if "name" in view:
        problems += _folder(view, at, sql_root)
    problems += judge(SERVICE_RULES, view, at)
    return view, problems


def _twins(services: list[View], at: str) -> list[Problem]:
    """A problem for each service whose name an earlier one has."""
    first: dict[str, int] = {}
    problems = []
    for index, view in enumerate(services):
        name = view.get("name")
        if name is None:
            continue
        if name in first:
            allowed = f"services[{first[name]}] has this name already"
            problems.append(Problem(f"{at}[{index}].name", name, allowed, "remove one of the two, or rename it"))
        first.setdefault(name, index)
    return problems


def _overrides(view: View, at: str) -> list[Problem]:
    """Problems of a service's parameters; the good ones go into the view."""
    good: dict[str, str] = {}
    problems = []
    for name, value in view["parameters"].items():
        key = f"{at}.{key_text(name)}"
        row = parameters.BY_NAME.get(name) if isinstance(name, str) else None
        reason = parameters.FORBIDDEN.get(name) if isinstance(name, str) else None
        if reason is not None:
            problems.append(Problem(key, value, "no stack may set this parameter", reason))
        elif row is None:
            known = tuple(row for row in parameters.BY_NAME if row not in parameters.FORBIDDEN)
            guess = nearest(name, known)
            mend = f"did you mean {guess}?" if guess else "remove it, or add a row to infra/parameters.py"
            problems.append(Problem(key, value, "unknown parameter", mend))
        elif not isinstance(value, str) or not row.domain.accepts(value):
            unit = f" in {row.unit}" if row.unit else ""
            problems.append(Problem(key, value, f"takes {row.domain.says}{unit}", "write it as a string, in quotes"))
        else:
            good[name] = value
    view["@overrides"] = good
    return problems


def _folder(view: View, at: str, sql_root: Path) -> list[Problem]:
    """Problems of the service's folder; its login roles go into the view."""
    name = view["name"]
    path = sql_root / name / "service.toml"
    where = f"sql/{name}/service.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        folders = tuple(sorted(entry.parent.name for entry in sql_root.glob("*/service.toml")))
        guess = nearest(name, folders)
        mend = f"did you mean {guess}?" if guess else f"make the folder, or choose from {', '.join(folders) or 'none'}"
        return [Problem(f"{at}.name", name, f"a service needs the file {where}", mend)]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return [Problem(where, name, f"cannot be read: {' '.join(str(error).split())}", "mend the file")]
    folder, problems = read(content, FOLDER, where)
    roles: list[LoginRole] = []
    for index, item in enumerate(folder.get("login_roles", ())):
        role, more = read(item, LOGIN_ROLE, f"{where}:login_roles[{index}]")
        problems += more
        if more:
            continue
        if any(role["name"] == earlier.name for earlier in roles):
            key = f"{where}:login_roles[{index}].name"
            problems.append(Problem(key, role["name"], "another role has this name", "rename one of the two"))
        roles.append(LoginRole(role["name"], role["purpose"], role["pooled"]))
    if not problems and not any(role.pooled for role in roles):
        problems.append(Problem(f"{where}:login_roles", len(roles), "nobody could use the pooler",
                                "set pooled = true for at least one role"))  # fmt: skip
    view["@roles"] = tuple(roles)
    return problems


def _section(view: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The keys of one section, without its name."""
    return {key.removeprefix(f"{name}."): value for key, value in view.items() if key.startswith(f"{name}.")}


def _build(view: View) -> Service:
    """A service from a view without problems."""
    replicas = view["replicas.instance_class"] or view["instance_class"]
    return Service(
        name=view["name"],
        engine_version=view["engine_version"],
        instance_class=INSTANCE_CLASSES[view["instance_class"]],
        multi_az=view["multi_az"],
        storage=Storage(**_section(view, "storage")),
        replicas=Replicas(view["replicas.count"], INSTANCE_CLASSES[replicas]),
        backup=Backup(**_section(view, "backup")),
        maintenance_window=view["maintenance_window"],
        protected=view["protected"],
        parameters=tuple(sorted(view["@overrides"].items())),
        pooler=Pooler(**_section(view, "pooler")),
        login_roles=view["@roles"],
    )
