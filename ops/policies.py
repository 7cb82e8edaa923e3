"""The policies over what an engine reports: its events become a graph, and the graph is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pulumi.automation import events

from policy.catalogue import POLICIES
from policy.core import Graph, Resource, Violation, run
from policy.levels import level_of
from policy.values import ids_of, plain

GONE = frozenset({events.OpType.DELETE, events.OpType.DELETE_REPLACED, events.OpType.DISCARD_REPLACED})
"""Steps after which the resource is no longer there; their state is the old one."""

STAYS = frozenset({events.OpType.SAME, events.OpType.UPDATE, events.OpType.READ, events.OpType.REFRESH})
"""Steps after which the resource is still called what it was called before."""


def violations(stream: Iterable[events.EngineEvent], stack: str, profile: str | None) -> list[Violation]:
    """What the stack would violate after this preview (or violates after this update), the gravest first.

    `stack` and `profile` decide how strict the policies are (policy/levels.py). A preview of a stack that is not there
    yet cannot know everything: each policy that could not judge has one row of severity `unknown`.
    """
    return run(graph_of(stream), POLICIES, level_of(stack, profile))


def mandatory(found: Sequence[Violation]) -> list[Violation]:
    """Those that end a deployment before it begins."""
    return [row for row in found if row.severity == "mandatory"]


def graph_of(stream: Iterable[events.EngineEvent]) -> Graph:
    """The resources that there are once everything in these events is done, unchanged ones among them."""
    found: dict[str, Resource] = {}
    ids: dict[str, frozenset[str]] = defaultdict(frozenset)
    for event in stream:
        before, after = event.resource_pre_event, event.res_outputs_event
        step = before.metadata if before else after.metadata if after else None
        if step is None or step.op in GONE or step.type.startswith("pulumi:"):
            continue
        # What others call a resource by is in its old state, or, where it is made, in the event that it was made.
        for state in (step.new, step.old if step.op in STAYS else None):
            if state is not None:
                ids[step.urn] |= ids_of(state.id, state.inputs, state.outputs)
        state = step.new or step.old
        if before is not None and state is not None:
            found[step.urn] = Resource(
                type=step.type,
                name=step.urn.split("::")[-1],
                inputs=plain(dict(state.inputs or {})),
                protect=bool(state.protect),
                retain=bool(state.retain_on_delete),
                parent=state.parent or "",
            )
    named = [replace(resource, ids=ids[urn]) for urn, resource in found.items()]
    # In an order of their own: the engine's differs from run to run, and a comment that is updated should not.
    return Graph(sorted(named, key=lambda resource: (resource.type, resource.name)))
