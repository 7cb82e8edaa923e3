"""Draw the dashboard of a service: `python -m drawing.dashboard platform > docs/platform_dashboard.svg`.

It is the one that the stack `prod` deploys. What only AWS knows (identifiers of the load balancer, ARNs of alarms) is
made up: the picture does not show it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from drawing.dashboard_picture import draw
from infra import alarms, dashboard
from infra.alarm_rules import facts
from infra.config import Service, parse

ROOT = Path(__file__).resolve().parents[1]
STACK = "prod"
_DIMENSIONS = ("ClusterName", "ServiceName", "LoadBalancer", "TargetGroup", "ScheduleGroup")


def services() -> dict[str, Service]:
    """The services of the stack whose dashboards are drawn."""
    content = yaml.safe_load((ROOT / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))
    region = content["config"]["aws:region"]
    estate = parse(content["config"]["postgres-estate:estate"], stack=STACK, sql_root=ROOT / "sql", region=region)
    return {service.name: service for service in estate.services}


def body(service: Service) -> str:
    """The dashboard's body, as it would be deployed."""
    row = facts(STACK, service)
    instance = alarms.prefix(row)
    values = {
        **dict.fromkeys(_DIMENSIONS, "drawn"),
        **{target: f"{instance}-{target}" for target, _ in alarms.targets("server", row)},
        "primary": instance,
        "Stack": STACK,
        "Service": service.name,
    }
    arns = {item.key: f"arn:aws:cloudwatch:::alarm:{item.key}" for item in alarms.plan(row)}
    names = dashboard.Names("drawn", values, "arn:aws:cloudwatch:::alarm:page", arns, f"/aws/rds/instance/{instance}")
    return dashboard.body(row, names)


def picture(service: Service) -> str:
    """The picture of a service's dashboard, an SVG."""
    return draw(f"{service.name}: the dashboard of {STACK}", body(service))


def main(service: Annotated[str, typer.Argument(help="A service of the stack prod.")]) -> None:
    """Write the picture of a service's dashboard, an SVG, to standard output."""
    known = services()
    if service not in known:
        raise typer.BadParameter(f"there is no service {service!r}; expected one of: {', '.join(known)}")
    sys.stdout.write(picture(known[service]))


if __name__ == "__main__":
    typer.run(main)
