"""A stack's recorded graph, read from its page in tests/unit/infra/graphs: what the program asks AWS for.

The page is written by `python -m tests.unit.infra.graph_page` and held by a test, so what is drawn of it is what would
be deployed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "unit" / "infra" / "graphs"
COMPONENT = "postgres-estate:infra:"
_HEAD = re.compile(r"^(?P<type>[\w-]+:[\w/]+:\w+) (?P<name>\S+) \[(?P<parent>[^\]]*)\]$")
_OPTIONS = "  options: "
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where libyaml is there


@dataclass(frozen=True, slots=True)
class Resource:
    """One registration: the last part of its type, such as rds/instance, its name, its parent's name, its inputs."""

    kind: str
    name: str
    parent: str
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that a stack registers, components included."""

    stack: str
    resources: tuple[Resource, ...]

    def of(self, kind: str, parent: str | None = None) -> list[Resource]:
        """Those of one kind, such as rds/instance; of one parent alone, if it is named."""
        return [item for item in self.resources if item.kind == kind and parent in (None, item.parent)]

    def components(self, kind: str) -> list[str]:
        """Names of the components of one kind, such as Database."""
        return [item.name for item in self.of(COMPONENT + kind)]

    def counts(self) -> Counter[str]:
        """How many there are of each kind, without components."""
        return Counter(item.kind for item in self.resources if not item.kind.startswith(COMPONENT))


@cache
def read(stack: str) -> Graph:
    """The recorded graph of one stack."""
    return parse(stack, (FOLDER / f"{stack}.txt").read_text(encoding="utf-8"))


def parse(stack: str, page: str) -> Graph:
    """A graph from its page's text."""
    resources: list[Resource] = []
    lines = page.split("\n")
    starts = [number for number, line in enumerate(lines) if _HEAD.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = _HEAD.match(lines[start])
        assert found
        body = [line[2:] for line in lines[start + 1 : end] if not line.startswith(_OPTIONS)]
        kind = found["type"]
        if not kind.startswith(COMPONENT):
            kind = kind.removeprefix("aws:").rpartition(":")[0]
        inputs = yaml.load("\n".join(body), _LOADER) or {}  # noqa: S506 - a safe one
        resources.append(Resource(kind, found["name"], found["parent"], inputs))
    return Graph(stack, tuple(resources))
