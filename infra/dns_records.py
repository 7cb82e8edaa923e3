"""What the estate's names are and which records they consist of. Pure."""

from __future__ import annotations

from collections.abc import Iterable

# The life of RDS's own names, so that the chain of two is never older than the endpoint alone would be: a client that
# asks again finds a promoted replica, or a standby, within five seconds of the change.
TTL_SECONDS = 5

# All replicas of a service are of one size, so that each takes its equal share.
WEIGHT = 1

# Of a replica that reports no lag nobody knows whether it runs, so one that is gone stays out. When none reports any,
# it is CloudWatch that is silent, and Route 53 takes all of them for healthy again.
WITHOUT_DATA = "Unhealthy"


def zone(stack: str, domain: str) -> str:
    """The private zone of one stack: two stacks may share a VPC, but never a name."""
    return f"{stack}.{domain}"


def name(role: str, service: str, zone_name: str) -> str:
    """The full name of one role of a service, such as primary.platform.prod.estate.internal."""
    return f"{role}.{service}.{zone_name}"


PRIMARY = "primary"


def readers(replicas: Iterable[str]) -> tuple[str, ...]:
    """Who answers reads: the replicas by their identifiers, and where there are none, the primary.

    The primary's record is one of the same kind as the replicas' would be. Route 53 refuses a weighted record beside a
    simple one of the same name, so that else the first replica could not be added without taking the name away first.
    """
    return tuple(sorted(replicas)) or (PRIMARY,)
