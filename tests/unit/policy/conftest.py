"""Recordings of the stacks as graphs, each made once; and prod with its images pinned, in which nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policy.core import Graph
from tests.unit.infra.recorder import REPOSITORY, configuration, record_stack
from tests.unit.policy.graphs import graph_of

DIGEST = "sha256:" + "0123456789abcdef" * 4
SQL_ROOT: Path = REPOSITORY / "sql"


def pinned() -> dict[str, Any]:
    """Prod's configuration with images by digest, as `dbctl images pin` leaves it."""
    raw: dict[str, Any] = configuration("prod")
    raw["images"] = {name: f"postgres-estate/{name}@{DIGEST}" for name in ("pooler", "schema")}
    return raw


@pytest.fixture(scope="session")
def stack_graph() -> Callable[[str], Graph]:
    """The graph of one stack's own file."""

    @cache
    def run(stack: str) -> Graph:
        return graph_of(record_stack(configuration(stack), stack, SQL_ROOT))

    return run


@pytest.fixture(scope="session")
def prod() -> Graph:
    return graph_of(record_stack(pinned(), "prod", SQL_ROOT))
