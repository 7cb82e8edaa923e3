"""Changes that operators make, by name. What each of them does to dev and to prod stands in effects/, line by line.

`python -m tests.e2e.estate.named_changes dev prod` writes those files anew, for a person to read the difference.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.config import ConfigErrors, parse
from ops import risks
from ops.changes import Change
from ops.errors import OperatorError
from ops.paths import SQL_ROOT
from tests.e2e.estate import life
from tests.e2e.estate.life import Changing, Configuration, Life

FOLDER = Path(__file__).parent / "effects"
STACKS = ("dev", "prod")


@dataclass(frozen=True, slots=True)
class Named:
    """A change by its name; `alone` ones are not made together with the others, since they would undo them."""

    name: str
    change: Changing
    alone: bool = False


def _estate(**values: Any) -> Changing:
    return lambda configuration: configuration.update(values)


def _service(name: str, **values: Any) -> Changing:
    """Sets values of one service; a mapping is laid over the one that is there."""

    def change(configuration: Configuration) -> None:
        block = life.service(configuration, name)
        for key, value in values.items():
            block[key] = {**block.get(key, {}), **value} if isinstance(value, dict) else value

    return change


def _both(**values: Any) -> Changing:
    def change(configuration: Configuration) -> None:
        for block in configuration["services"]:
            _service(block["name"], **values)(configuration)

    return change


def _remove(name: str) -> Changing:
    def change(configuration: Configuration) -> None:
        configuration["services"].remove(life.service(configuration, name))

    return change


def _fewer(configuration: Configuration) -> None:
    replicas = life.service(configuration, "platform")["replicas"]
    replicas["count"] -= 1
    if not replicas["count"]:
        replicas.pop("instance_class", None)


def hurry(configuration: Configuration) -> None:
    """Without it, prod has what was changed only after its maintenance window, and a refresh says so."""
    for service in configuration["services"]:
        service["apply_immediately"] = True


def unprotect(configuration: Configuration) -> None:
    for service in configuration["services"]:
        service["protected"] = False


def _network(**values: Any) -> Changing:
    return lambda configuration: configuration["network"].update(values)


NAMED: tuple[Named, ...] = (
    Named("a larger class for the primary", _service("platform", instance_class="db.r6g.4xlarge")),
    Named("a larger volume", _service("platform", storage={"allocated_gib": 450, "max_allocated_gib": 1200})),
    Named("a volume that RDS does not offer", _service("platform", storage={"allocated_gib": 100, "iops": 12000})),
    Named("autoscaling up to more", _service("familytales", storage={"max_allocated_gib": 4000})),
    Named("a parameter that is in force at once", _service("platform", parameters={"log_temp_files": "0"})),
    Named(
        "a parameter that waits for a reboot",
        _service("platform", parameters={"track_activity_query_size": "8192"}),
    ),
    Named("a parameter that nobody may set", _service("platform", parameters={"fsync": "0"})),
    Named("one replica more", _service("familytales", replicas={"count": 2})),
    Named("one replica fewer", _fewer, alone=True),
    Named("no replicas any more", _service("platform", replicas={"count": 0, "instance_class": None}), alone=True),
    Named("the next major version", _service("platform", engine_version="16"), alone=True),
    Named("backups for longer", _service("platform", backup={"retention_days": 35})),
    Named("no backups any more", _service("platform", backup={"retention_days": 0}), alone=True),
    Named("another backup window", _service("familytales", backup={"window": "06:30-07:30"})),
    Named("windows that meet", _service("platform", maintenance_window="sun:03:30-sun:04:30")),
    Named("another maintenance window", _service("familytales", maintenance_window="sat:08:00-sat:09:00")),
    Named("samples every fifteen seconds", _service("platform", monitoring={"interval_seconds": 15})),
    Named(
        "fifteen months of insights",
        _service("familytales", monitoring={"insights": "advanced", "insights_days": 465}),
    ),
    Named("logs for half a year", _service("platform", monitoring={"log_days": 180})),
    Named(
        "more pooler tasks", _service("familytales", pooler={"tasks": 3, "most_tasks": 3, "connections_per_task": 6})
    ),
    Named("more connections than the server has", _service("platform", pooler={"connections_per_task": 400})),
    Named("another image of the pooler", _estate(images={"pooler": "postgres-estate/pooler:1.26.1"})),
    Named("somebody else is told", _estate(alerts={"emails": ["night@example.com"]})),
    Named("a way out for tasks", _network(nat="single"), alone=True),
    Named("another address range", _network(cidr="10.99.0.0/16"), alone=True),
    Named("no lock on the vault", _both(backup={"vault_lock": False}), alone=True),
    Named("no dumps of one service any more", _service("familytales", backup={"dump_at": None}), alone=True),
    Named("no second region any more", lambda configuration: configuration.pop("recovery", None), alone=True),
    Named("no TLS", _estate(tls="disabled")),
    Named("no standby", _service("platform", multi_az=False), alone=True),
    Named("no protection", unprotect, alone=True),
    Named("a service leaves", _remove("familytales"), alone=True),
)


PROTECTED = "refused by the engine: something protected would go"
RISK = "risks,"  # what a line about a risk has in place of properties
# What comes by the dozen with a server or a group, and says nothing by its names: counted.
COUNTED = frozenset(
    {
        "cloudwatch.LogMetricFilter",
        "cloudwatch.MetricAlarm",
        "ec2.RouteTableAssociation",
        "scheduler.Schedule",
        "vpc.SecurityGroupEgressRule",
        "vpc.SecurityGroupIngressRule",
    }
)


def effect(alive: Life, named: Named) -> str:
    """What the change would do, as lines: refused, and why; or what happens to each resource, and what that risks."""
    alive.configure(named.change)
    lines = _refusal(alive, named)
    if not lines:
        found = Counter(line for change in _preview(alive) for line in _lines(change))
        lines = [
            f"{line.removesuffix(', each')}: {number}" if line.endswith(", each") else line
            for line, number in sorted(found.items())
        ]
    return "\n".join([named.name, *(f"    {line}" for line in lines or ["no change"])]) + "\n"


def _refusal(alive: Life, named: Named) -> list[str]:
    """The configuration's own refusals, in its words."""
    configuration = alive.configuration(named.change)
    try:
        parse(configuration, stack=alive.target.stack, sql_root=SQL_ROOT, region=alive.target.account.region)
    except ConfigErrors as errors:
        return [f"refused: {problem}" for problem in errors.problems]
    return []


def _preview(alive: Life) -> list[Change | str]:
    try:
        return list(alive.preview())
    except OperatorError as error:
        if any("protect" not in line for line in error.lines):
            raise  # the engine failed, which is something else
        # A line for each protected resource that the engine came to; which ones is chance.
        return [PROTECTED]


def _lines(change: Change | str) -> Iterator[str]:
    if isinstance(change, str):
        yield change
        return
    if change.short_type in COUNTED:
        yield f"{change.op} {change.short_type}, each"
        return
    what = ", ".join(dict.fromkeys(detail.path for detail in change.details))
    forced = f" (forced by {', '.join(change.replace_keys)})" if change.replace_keys else ""
    yield f"{change.op} {change.short_type} {change.name}{': ' + what if what else ''}{forced}"
    for risk in risks.of(change):
        yield f"{change.op} {change.short_type} {change.name} {RISK} {risk.level.name.lower()}: {risk.text}"


def main() -> None:
    """Writes the effects for the stacks that are named."""
    FOLDER.mkdir(exist_ok=True)
    for stack in sys.argv[1:] or STACKS:
        with life.of(stack) as alive:
            alive.up()
            text = "\n".join(effect(alive, named) for named in NAMED)
            (FOLDER / f"{stack}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
