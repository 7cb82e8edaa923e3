"""The graphs that the permissions must do for: prod as it is, and dev with the one thing that neither of them has."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from tests.unit.infra.recorder import REPOSITORY, Registered, configuration, record_stack

SQL = REPOSITORY / "sql"


def with_a_way_out(raw: Any) -> Any:
    """The one part of a network that no stack of the repository has: gateways to the internet."""
    changed = copy.deepcopy(raw)
    changed["network"]["nat"] = "single"
    return changed


@cache
def resources() -> tuple[Registered, ...]:
    """The recorded resources of all of them, components left out."""
    recordings = (
        record_stack(with_a_way_out(configuration("dev")), "dev", SQL),
        record_stack(configuration("prod"), "prod", SQL),
    )
    return tuple(each for recording in recordings for each in recording.resources if each.type.startswith("aws:"))


@cache
def kinds() -> frozenset[str]:
    """The resource types in them."""
    return frozenset(each.type for each in resources())
