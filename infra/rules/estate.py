"""What holds for the stack as a whole. Pure."""

from __future__ import annotations

import re

from infra import addresses, names, sources
from infra.rules.production import STACK
from infra.rules.rule import Rule

# It becomes part of RDS identifiers, which take letters, digits and single hyphens.
_STACK = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
# A deployment in the night of a lost zone must find addresses in the others.
LOST_ZONES = 1
# The first four of a subnet, and the last.
KEPT_BY_AWS = 5
# Beside the pooler's tasks, for each service: the schema task of a deployment, and a job or a dump.
ONE_OFF_TASKS = 2
# Beside a service's servers and standby: one that takes another's place, or that a restore makes.
SPARE_SERVERS = 1


def _apart(database: list[str], private: list[str]) -> bool:
    return not set(database) & set(private)


def partition(region: str) -> str:
    """The partition of a region's code: China, the sovereign cloud, GovCloud and the isolated ones are apart."""
    first, second, *_ = region.split("-")
    if first in ("cn", "eusc"):
        return f"aws-{first}"
    if second == "gov":
        return "aws-us-gov"
    if second.startswith("iso"):
        return f"aws-iso-{second[3:]}".rstrip("-")
    return "aws"


def usable(cidr: str) -> int:
    """The addresses that one subnet of the estate's own network has to give."""
    return int(2 ** (32 - names.prefix_length(cidr) - addresses.EXTRA_BITS)) - KEPT_BY_AWS


def _own_network(cidr: str, existing: bool | None) -> bool:
    return existing is not None or names.prefix_length(cidr) <= names.NARROWEST_PLAN


def _tasks_fit(cidr: str, existing: bool | None, zones: int, tasks: int, fixed: int) -> bool:
    if not names.is_private(cidr) or not _own_network(cidr, existing):
        return True  # another rule speaks
    return existing is not None or tasks <= (zones - LOST_ZONES) * (usable(cidr) - fixed)


def _databases_fit(cidr: str, existing: bool | None, zones: int, databases: int) -> bool:
    if not names.is_private(cidr) or not _own_network(cidr, existing):
        return True  # another rule speaks
    return existing is not None or databases <= (zones - LOST_ZONES) * usable(cidr)


RULES: tuple[Rule, ...] = (
    Rule(
        "a stack's name is part of identifiers",
        ("@stack",),
        lambda stack: _STACK.fullmatch(stack) is not None,
        "RDS identifiers take lower-case letters, digits and single hyphens, and the stack's name is part of them",
        "name the stack in that way, such as prod or dev-eu",
        sources.CREATE_INSTANCE,
    ),
    Rule(
        "TLS but for local",
        ("tls", "@stack"),
        lambda tls, stack: tls == "required" or stack == "local",
        "only the stack local may disable TLS: its embedded PostgreSQL has none, and this stack is {at_stack}",
        "set tls: required, or remove the key",
        sources.OURS,
        "passwords and rows cross networks that others share",
    ),
    Rule(
        "prod has the profile production",
        ("profile", "@stack"),
        lambda profile, stack: stack != STACK or profile == "production",
        "the stack prod starts from the profile production",
        "set profile: production, and name in each service what it wants otherwise",
        sources.OURS,
        "what production forgets to say must not be development's default",
    ),
    Rule(
        "prod tells somebody",
        ("alerts.emails", "@stack"),
        lambda emails, stack: stack != STACK or len(emails) > 0,
        "alarms of the stack prod must reach somebody",
        "write at least one address, such as a pager's or a list's",
        sources.OURS,
        "an alarm that nobody hears is none",
    ),
    *(
        Rule(
            f"the {part}'s image within reach",
            (f"images.{part}", "@region"),
            names.is_within_reach,
            "a task reaches no registry but ECR in the stack's own region",
            "push it there, and write its name without a registry",
            sources.OURS,
            "no security group of a task leads out of the VPC, so that what runs in one can send nothing anywhere",
        )
        for part in ("pooler", "schema")
    ),
    Rule(
        "a private network",
        ("network.cidr",),
        names.is_private,
        f"takes addresses out of {', '.join(names.PRIVATE_RANGES)}",
        "choose a network in one of them, such as 10.20.0.0/16",
        sources.OURS,
        "AWS takes public ranges too; their owners could then not be reached from here",
    ),
    Rule(
        "room for the address plan",
        ("network.cidr", "network.existing"),
        lambda cidr, existing: not names.is_private(cidr) or _own_network(cidr, existing),
        f"16 blocks are cut from it, so it is a /{names.NARROWEST_PLAN} or wider",
        "choose a wider one, or name the subnets of a VPC in network.existing",
        sources.OURS,
        "a block of a narrower network holds 27 addresses at most, and a deployment doubles the tasks",
    ),
    Rule(
        "a private subnet in each zone",
        ("network.existing.private_subnet_ids", "network.availability_zones"),
        lambda ids, zones: len(ids) == zones,
        "availability_zones is {network_availability_zones}, so there must be as many",
        "give one subnet for each zone, or change availability_zones",
        sources.OURS,
        "a load balancer takes one subnet of each zone; AWS would take fewer zones than were asked for",
    ),
    Rule(
        "a database subnet in each zone",
        ("network.existing.database_subnet_ids", "network.availability_zones"),
        lambda ids, zones: len(ids) == zones,
        "availability_zones is {network_availability_zones}, so there must be as many",
        "give one subnet for each zone, or change availability_zones",
        sources.OURS,
        "replicas are spread over as many zones; RDS would take fewer than were asked for, two at least",
    ),
    Rule(
        "databases in subnets of their own",
        ("network.existing.database_subnet_ids", "network.existing.private_subnet_ids"),
        _apart,
        "a subnet is among the private ones too, and tasks would stand beside databases",
        "give the databases subnets of their own",
        sources.OURS,
        "routes and network ACLs are a subnet's: what a task may reach, a database could",
    ),
    Rule(
        "no NAT into a VPC that exists",
        ("network.nat", "network.existing"),
        lambda nat, existing: nat == "none" or existing is None,
        "the VPC exists, and its ways out are its owner's",
        "set nat: none, or remove network.existing",
        sources.OURS,
        "two programs that change one route table undo each other's work",
    ),
    Rule(
        "a zone of nobody else's",
        ("network.domain",),
        lambda domain: not any(f".{domain}".endswith(f".{taken}") for taken in names.TAKEN_DOMAINS),
        "the VPC would ask the private zone for the names of AWS's own services and databases",
        "write one that nobody else answers for, such as estate.internal",
        sources.PRIVATE_ZONE_OVERLAP,
    ),
    Rule(
        "another region to recover in",
        ("recovery.region", "@region"),
        lambda recovery, region: region is None or recovery != region,
        "it is the region of the stack itself, whose loss it is for",
        "choose another region, such as us-west-2 for us-east-1",
        sources.REPLICATED_BACKUPS,
    ),
    Rule(
        "a region in the same partition",
        ("recovery.region", "@region"),
        lambda recovery, region: region is None or partition(recovery) == partition(region),
        "backups are not copied between partitions, and the stack is in {at_region}",
        "choose a region of the same partition",
        sources.PARTITIONS,
    ),
)

# Judged last: they count what all services need.
CAPACITY_RULES: tuple[Rule, ...] = (
    Rule(
        "addresses for every task",
        ("network.cidr", "network.existing", "network.availability_zones", "@tasks", "@fixed"),
        _tasks_fit,
        "without one zone, private subnets lack addresses for {at_tasks} tasks of all services during a deployment;"
        f" AWS keeps {KEPT_BY_AWS} of each subnet, endpoints and load balancers take {{at_fixed}}",
        "choose a wider network, or fewer tasks",
        sources.SUBNET_SIZING,
    ),
    Rule(
        "addresses for every database",
        ("network.cidr", "network.existing", "network.availability_zones", "@databases"),
        _databases_fit,
        "without one zone, database subnets lack addresses for {at_databases} servers, standbys and replacements;"
        f" AWS keeps {KEPT_BY_AWS} of each subnet",
        "choose a wider network, or fewer replicas",
        sources.SUBNET_SIZING,
    ),
)
