"""A stack's configuration: `parse` makes an Estate of it, or names every mistake at once. Pure.

The only thing read from disk are the services' folders: `sql/<service>/service.toml` names login roles and jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.config_read import demand, read_service, twins
from infra.config_shape import PREFIX, Problem, View, read
from infra.config_spec import ESTATE
from infra.config_types import (
    Alerts,
    Backup,
    Estate,
    ExistingNetwork,
    Images,
    Job,
    LoginRole,
    Monitoring,
    Network,
    Pooler,
    Recovery,
    Replicas,
    Service,
    Storage,
)
from infra.profiles import PROFILES, Profile
from infra.rules import CAPACITY_RULES, ESTATE_RULES, judge
from infra.rules.production import STACK
from infra.sizing import INSTANCE_CLASSES

__all__ = [
    "Alerts",
    "Backup",
    "ConfigErrors",
    "Estate",
    "ExistingNetwork",
    "Images",
    "Job",
    "LoginRole",
    "Monitoring",
    "Network",
    "Pooler",
    "Problem",
    "Recovery",
    "Replicas",
    "Service",
    "Storage",
    "parse",
]


class ConfigErrors(Exception):
    """The configuration is wrong; `problems` holds one entry, and str() one line, for each mistake."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def parse(raw: object, *, stack: str, sql_root: Path, region: str | None = None) -> Estate:
    """The estate that `postgres-estate:estate` describes; raises ConfigErrors with all problems.

    `region` is the stack's own, as `aws:region` names it; without it nothing is compared with it.
    """
    at = f"{PREFIX}estate"
    view, problems = read(raw, ESTATE, at)
    view.update({"@stack": stack, "@region": region})
    problems += judge(ESTATE_RULES, view, at)

    # Another profile is prod's one mistake; what would follow from it in each service is none of its own.
    profile: Profile = "production" if stack == STACK else view.get("profile", PROFILES[0])
    services: list[View] = []
    for index, item in enumerate(view.get("services", ())):
        one, more = read_service(item, f"{at}.services[{index}]", view, profile, sql_root)
        services.append(one)
        problems += more
    problems += twins(services, f"{at}.services")
    view.update(demand(services))
    problems += judge(CAPACITY_RULES, view, at)
    if problems:
        # Two services of one name read one folder, whose problems are still one each.
        raise ConfigErrors(tuple({str(problem): problem for problem in problems}.values()))
    return Estate(
        stack,
        profile,
        _network(view),
        Images(**_section(view, "images")),
        view["tls"] == "required",
        Alerts(tuple(view["alerts.emails"])),
        Recovery(**_section(view, "recovery")) if view["recovery"] else None,
        tuple(map(_build, services)),
    )


def _section(view: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The keys of one section, without its name."""
    return {key.removeprefix(f"{name}."): value for key, value in view.items() if key.startswith(f"{name}.")}


def _network(view: View) -> Network:
    """The network from a view without problems."""
    own = {key: value for key, value in _section(view, "network").items() if not key.startswith("existing")}
    existing = None
    if view["network.existing"]:
        given = _section(view, "network.existing")
        lists: dict[str, Any] = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
        existing = ExistingNetwork(**{**given, **lists})
    return Network(**own, existing=existing)


def _build(view: View) -> Service:
    """A service from a view without problems."""
    replicas = view["replicas.instance_class"] or view["instance_class"]
    return Service(
        name=view["name"],
        engine_version=view["engine_version"],
        instance_class=INSTANCE_CLASSES[view["instance_class"]],
        multi_az=view["multi_az"],
        iam_authentication=view["iam_authentication"],
        apply_immediately=view["apply_immediately"],
        storage=Storage(**_section(view, "storage")),
        replicas=Replicas(view["replicas.count"], INSTANCE_CLASSES[replicas]),
        backup=Backup(**_section(view, "backup")),
        maintenance_window=view["maintenance_window"],
        protected=view["protected"],
        parameters=tuple(sorted(view["@overrides"].items())),
        monitoring=Monitoring(**_section(view, "monitoring")),
        pooler=Pooler(**_section(view, "pooler")),
        login_roles=view["@roles"],
        jobs=view["@jobs"],
    )
