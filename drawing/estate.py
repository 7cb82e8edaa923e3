"""Draw the estate of a stack from its recorded graph: `python -m drawing.estate > docs/estate.svg`.

Each box and each number is read from the graph; only where things stand is said here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from drawing import graph
from drawing.flow import WIDTH, Arrow, Box, Frame, Picture, render, wrapped
from drawing.graph import Graph, Resource
from drawing.palette import TONES
from drawing.rows import GAP, Cell, Drawn, row, stretched

STACK = "prod"
_BLUE, _GREEN, _ORANGE, _VIOLET, _ROSE, _TEAL, _GREY = TONES
_EDGE = 20
_TOP = 54
_DOWN = 26  # an arrow
_AROUND = 30


def picture(estate: Graph) -> Picture:
    """Clients' way from above: names, balancers, poolers, databases; beside it what keeps and watches them."""
    region = Frame(_EDGE, _TOP, WIDTH - 2 * _EDGE, 0, "the stack's region", _GREY)
    x, width = region.x + GAP, region.width - 2 * GAP
    network = _network(estate, x, region.y + 32, width)
    kept = row(_keeping(estate), x, network.bottom + GAP, width)
    watched = row(_watching(estate), x, kept.bottom + GAP, width)
    parts = [network, kept, watched]
    bottom = watched.bottom + GAP
    frames = [Frame(region.x, region.y, region.width, bottom - region.y, region.title, region.tone)]
    if second := _second_region(estate, x, bottom + GAP + 24, width):
        parts.append(second)
        bottom = second.bottom
    count = sum(estate.counts().values())
    services = ", ".join(estate.components("Database"))
    return Picture(
        f"The stack {estate.stack}: {count} resources of AWS",
        f"The recorded graph of {estate.stack} with the services {services}: what stands where, and how many there are",
        WIDTH,
        bottom + _EDGE,
        tuple(frames) + tuple(frame for part in parts for frame in part.frames),
        tuple(box for part in parts for box in part.boxes),
        tuple(arrow for part in parts for arrow in part.arrows),
    )


def _network(estate: Graph, x: int, y: int, width: int) -> Drawn:
    """The VPC: the services side by side, two in a row, and its ways out."""
    (vpc,) = estate.of("ec2/vpc")
    subnets = estate.of("ec2/subnet")
    zones = {subnet.inputs["availabilityZone"] for subnet in subnets}
    kinds = _counted([_middle(subnet.name) for subnet in subnets])
    title = f"VPC {vpc.inputs['cidrBlock']}, {_number(len(zones), 'zone')}: {', '.join(kinds)} subnets"
    if not estate.of("ec2/internetGateway"):
        title += ", no way to the internet"
    half = (width - 3 * GAP) // 2
    parts: list[Drawn] = []
    top = y + 34
    names = estate.components("Database")
    for first in range(0, len(names), 2):
        pair = [
            _service(estate, name, x + GAP + column * (half + GAP), top, half)
            for column, name in enumerate(names[first : first + 2])
        ]
        low = max(part.bottom for part in pair)
        parts += [stretched(part, low) for part in pair]
        top = low + GAP
    endpoints = [item.inputs["serviceName"].split(".", 3)[3] for item in estate.of("ec2/vpcEndpoint")]
    rules = len(estate.of("vpc/securityGroupIngressRule")) + len(estate.of("vpc/securityGroupEgressRule"))
    inside = [
        (f"{len(endpoints)} endpoints of AWS", [*wrapped(endpoints, (width - 4 * GAP) // 3)]),
        (
            f"{len(estate.of('ec2/securityGroup'))} security groups",
            [f"{rules} rules", *(["flow logs of all traffic"] if estate.of("ec2/flowLog") else [])],
        ),
        *(
            ("private zone", [zone.inputs["name"], f"{len(estate.of('route53/record'))} records"])
            for zone in estate.of("route53/zone")
        ),
    ]
    below = row([Cell(title, tuple(lines), None) for title, lines in inside], x + GAP, top, width - 2 * GAP)
    bottom = below.bottom + GAP
    return Drawn(
        bottom,
        (Frame(x, y, width, bottom - y, title, _BLUE), *(frame for part in parts for frame in part.frames)),
        tuple(box for part in [*parts, below] for box in part.boxes),
        tuple(arrow for part in parts for arrow in part.arrows),
    )


def _service(estate: Graph, name: str, x: int, y: int, width: int) -> Drawn:
    """One service: its balancer and pooler, its primary and replicas, its tasks."""
    wide = width - 2 * GAP
    (listener,) = estate.of("lb/listener", f"{name}-pooler")
    records = [item.inputs["name"] for item in estate.of("route53/record", f"{name}-names")]
    (tasks,) = estate.of("ecs/service", f"{name}-pooler")
    targets = estate.of("appautoscaling/target", f"{name}-pooler")
    most = max([tasks.inputs["desiredCount"], *(item.inputs["maxCapacity"] for item in targets)])
    running = tasks.inputs["desiredCount"]
    instances = estate.of("rds/instance", name)
    primary = next(item for item in instances if "replicateSourceDb" not in item.inputs)
    replicas = [item for item in instances if item is not primary]
    balancer = Box(
        x + GAP,
        y + 34,
        wide,
        f"load balancer, port {listener.inputs['port']}",
        (next(record for record in records if record.startswith("pooler.")),),
        _GREEN,
    )
    many = _number(running, "task") if most == running else f"{running} to {most} tasks"
    pooler = Box(
        x + GAP,
        balancer.y + balancer.height + _DOWN,
        wide,
        f"PgBouncer: {many}",
        (f"{tasks.inputs['launchType'].capitalize()}, in the private subnets",),
        _GREEN,
    )
    # Narrower than the pooler: what reads goes around the primary to the replicas.
    narrow = wide - _AROUND
    first = Box(
        x + GAP, pooler.y + pooler.height + _DOWN, narrow, _title("primary", primary), tuple(_about(primary)), _ORANGE
    )
    boxes = [balancer, pooler, first]
    at = narrow / wide / 2
    arrows = [Arrow((balancer.bottom(), pooler.top())), Arrow((pooler.bottom(at), first.top()))]
    low = first
    if replicas:
        # One box for all of them: a service may have five.
        low = Box(
            first.x,
            first.y + first.height + _DOWN,
            narrow,
            _title(_number(len(replicas), "replica"), *replicas),
            tuple(_of_replicas(estate, name, replicas)),
            _ORANGE,
        )
        boxes.append(low)
        arrows.append(Arrow((first.bottom(), low.top())))
        channel = pooler.x + wide - _AROUND // 2
        arrows.append(Arrow(((channel, pooler.y + pooler.height), (channel, low.right()[1]), low.right())))
    beside = row(_tasks(estate, name), x + GAP, low.y + low.height + GAP, wide)
    bottom = beside.bottom + GAP
    frame = Frame(x, y, width, bottom - y, name, _TEAL)
    return Drawn(bottom, (frame,), (*boxes, *beside.boxes), tuple(arrows))


def _title(what: str, *items: Resource) -> str:
    return f"{what}: {', '.join(dict.fromkeys(item.inputs['instanceClass'] for item in items))}"


def _about(primary: Resource) -> Iterator[str]:
    given = primary.inputs
    grows = f", grows to {given['maxAllocatedStorage']}" if "maxAllocatedStorage" in given else ""
    yield f"PostgreSQL {given['engineVersion']}, {given['allocatedStorage']} GiB{grows}"
    if given.get("multiAz"):
        yield "a standby in another zone takes over"
    if days := given.get("backupRetentionPeriod"):
        yield f"back to any moment of {_number(days, 'day')}"


def _of_replicas(estate: Graph, name: str, replicas: Sequence[Resource]) -> Iterator[str]:
    zones = sorted({item.inputs["availabilityZone"][-1] for item in replicas})
    yield f"in {'zone' if len(zones) == 1 else 'zones'} {', '.join(zones)}"
    if checks := estate.of("route53/healthCheck", f"{name}-names"):
        yield f"{_number(len(checks), 'health check')}: no reads while it lags"


def _tasks(estate: Graph, name: str) -> list[Cell]:
    """What is started when it is due: by dbctl, or by the scheduler."""
    definitions = [kind for kind in ("schema", "dump") if estate.of("ecs/taskDefinition", f"{name}-{kind}")]
    schedules = estate.of("scheduler/schedule", f"{name}-schedules")
    secrets = estate.of("secretsmanager/secret", f"{name}-credentials")
    found = [Cell(" and ".join(definitions), (f"tasks, {_number(len(schedules), 'schedule')}",), None)]
    found.append(Cell(_number(len(secrets), "secret"), ("one for each role",), None))
    return found


def _keeping(estate: Graph) -> list[Cell]:
    """Keys and backups."""
    keys = [_middle(key.name) for key in estate.of("kms/key") if "region" not in key.inputs]
    found = [Cell(f"{len(keys)} keys", tuple(keys), _VIOLET)]
    if vaults := [item for item in estate.of("backup/vault") if "region" not in item.inputs]:
        plans = [rule["ruleName"] for plan in estate.of("backup/plan") for rule in plan.inputs["rules"]]
        tested = estate.of("backup/restoreTestingPlan")
        lines = [f"snapshots: {', '.join(dict.fromkeys(plans))}"]
        lines += ["locked"] if estate.of("backup/vaultLockConfiguration") else []
        lines += [f"restored as a test: {_number(len(tested), 'plan')}"] if tested else []
        found.append(Cell(_number(len(vaults), "vault"), tuple(lines), _VIOLET))
    if buckets := [item for item in estate.of("s3/bucket") if "region" not in item.inputs]:
        dumps = [item for item in estate.of("scheduler/schedule") if item.inputs.get("name") == "dump"]
        lines = [f"dumps of {_number(len(dumps), 'database')} a day"]
        lines += ["versioned"] if estate.of("s3/bucketVersioning") else []
        lines += ["replicated"] if estate.of("s3/bucketReplicationConfig") else []
        found.append(Cell(_number(len(buckets), "bucket"), tuple(lines), _VIOLET))
    return found


def _watching(estate: Graph) -> list[Cell]:
    """Logs, alarms, and who hears of them."""
    counts = estate.counts()
    subscribed = estate.of("sns/topicSubscription")
    return [
        Cell(
            f"{counts['cloudwatch/logGroup']} log groups",
            (f"{counts['cloudwatch/logMetricFilter']} metrics made from them",),
            _ROSE,
        ),
        Cell(
            f"{counts['cloudwatch/metricAlarm']} alarms",
            (
                f"{counts['cloudwatch/compositeAlarm']} more that page, of many of them",
                f"{_number(counts['cloudwatch/dashboard'], 'dashboard')}",
            ),
            _ROSE,
        ),
        Cell(
            _number(counts["sns/topic"], "topic"),
            (
                f"told of {counts['rds/eventSubscription'] + counts['cloudwatch/eventRule']} kinds of events",
                f"{_number(len(subscribed), 'subscriber')} by e-mail",
            ),
            _ROSE,
        ),
    ]


def _second_region(estate: Graph, x: int, y: int, width: int) -> Drawn | None:
    """What a lost region leaves: copies under a key of their own."""
    regions = sorted({item.inputs["region"] for item in estate.resources if "region" in item.inputs})
    if not regions:
        return None
    replicated = estate.of("rds/instanceAutomatedBackupsReplication")
    days = [item.inputs["retentionPeriod"] for item in replicated]
    cells = [
        Cell(
            "automated backups",
            (f"of {_number(len(replicated), 'database')}", f"{' and '.join(map(str, days))} days"),
            _VIOLET,
        ),
        *(Cell("1 key", (_middle(item.name),), _VIOLET) for item in estate.of("kms/key") if "region" in item.inputs),
        *(
            Cell("copies of snapshots", ("in a locked vault",), _VIOLET)
            for item in estate.of("backup/vault")
            if "region" in item.inputs
        ),
        *(
            Cell("copies of dumps", ("in a bucket",), _VIOLET)
            for item in estate.of("s3/bucket")
            if "region" in item.inputs
        ),
    ]
    copies = row(cells, x, y + 34, width)
    bottom = copies.bottom + GAP
    frame = Frame(_EDGE, y, WIDTH - 2 * _EDGE, bottom - y, f"the second region, {', '.join(regions)}", _GREY)
    return Drawn(
        bottom,
        (frame,),
        copies.boxes,
        (
            Arrow(
                ((WIDTH // 2, y - 24 - GAP), (WIDTH // 2, y)),
                ("copies, under keys of that region",),
                (WIDTH // 2 + 12, y - 15),
            ),
        ),
    )


def _middle(name: str) -> str:
    """`database` of network-database-1, `storage` of keys-storage."""
    return name.split("-")[1]


def _counted(words: Sequence[str]) -> list[str]:
    return [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def main(stack: Annotated[str, typer.Argument(help="A stack whose graph is recorded.")] = STACK) -> None:
    """Write the picture of a stack's estate, an SVG, to standard output."""
    known = sorted(path.stem for path in graph.FOLDER.glob("*.txt"))
    if stack not in known:
        raise typer.BadParameter(f"there is no graph of {stack!r}; expected one of: {', '.join(known)}")
    sys.stdout.write(render(picture(graph.read(stack))))


if __name__ == "__main__":
    typer.run(main)
