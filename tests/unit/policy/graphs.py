"""A recorded stack as the policies see it, and copies of it with one thing changed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

from policy.core import Graph, Resource
from policy.values import plain
from tests.unit.infra.recorder import ACCOUNT, REGION, Recording

Change = Callable[[dict[str, Any]], None]


def graph_of(recording: Recording) -> Graph:
    """The recorded registrations as a graph: their secrets are marks, and their names are those that mocks make up."""
    return Graph(
        Resource(
            type=item.type,
            name=item.name,
            inputs=plain(item.raw),
            protect=item.request.protect,
            retain=item.request.retainOnDelete,
            parent=item.request.parent,
            ids=frozenset(
                {
                    f"{item.name}-id",
                    f"{item.name}-1a2b3c4",
                    f"arn:aws:{item.type.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{item.name}",
                }
            ),
        )
        for item in recording.resources
    )


def resource(graph: Graph, kind: str, name: str) -> Resource:
    """One resource, by the end of its type and its name."""
    aws = [item for item in graph.resources if item.type.startswith("aws:") and item.type.endswith(f":{kind}")]
    (found,) = [item for item in aws if item.name == name]
    return found


def changed(graph: Graph, kind: str, name: str, change: Change) -> Graph:
    """A copy of the graph in which one resource has other inputs."""
    target = resource(graph, kind, name)
    inputs = copy.deepcopy(dict(target.inputs))
    change(inputs)
    return replaced(graph, target, inputs=inputs)


def replaced(graph: Graph, target: Resource, **fields: Any) -> Graph:
    """A copy of the graph with other fields of one resource."""
    return Graph(dataclasses.replace(item, **fields) if item is target else item for item in graph.resources)


def without(graph: Graph, kind: str, name: str) -> Graph:
    """A copy of the graph without one resource."""
    target = resource(graph, kind, name)
    return Graph(item for item in graph.resources if item is not target)


def with_another(graph: Graph, kind: str, name: str, **inputs: Any) -> Graph:
    """A copy of the graph with one resource more: a like one with other inputs."""
    like = resource(graph, kind, name)
    more = dataclasses.replace(like, name=f"{name}-more", inputs={**like.inputs, **inputs}, ids=frozenset())
    return Graph([*graph.resources, more])
