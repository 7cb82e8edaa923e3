"""The pack's analyzer, asked as the engine asks it, finds in prod's graph exactly what the plain functions find."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

from policy.access import MUST_BE_SECRET
from policy.catalogue import BY_NAME, POLICIES
from policy.core import SECRET, UNKNOWN, Graph, Resource, run
from policy.values import NAMES, SECRET_SIGNATURE, SIGNATURE
from tests.unit.policy.breakers import BREAKERS

UNJUDGED = (
    "can't run policy '{policy}' from policy pack 'postgres-estate@v0.0.1' during preview:"
    " string value at .{path} can't be known during preview"
)
"""How the SDK says that a policy met something unknown."""

UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def wire(value: Any) -> Any:
    """A value as the engine writes it for an analyzer."""
    if value is UNKNOWN:
        return UNKNOWN_STRING
    if value is SECRET:
        return {SIGNATURE: SECRET_SIGNATURE, "value": "PlantedPassword0000"}
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    return [wire(item) for item in value] if isinstance(value, list) else value


def asked(item: Resource) -> dict[str, Any]:
    """A resource with the names that others refer to it by, which outputs hold in the engine's own requests."""
    names = dict(zip(NAMES, sorted(item.ids), strict=False))
    properties = {**names, **{key: wire(value) for key, value in item.inputs.items()}}
    missing = item.ids - {str(properties.get(name)) for name in NAMES}
    properties.update(zip([name for name in NAMES if name not in properties], sorted(missing), strict=False))
    fields = {"type": item.type, "name": item.name, "protect": item.protect, "parent": item.parent}
    return {**fields, "properties": properties}


def ask(starter: Path, level: str, *graphs: Graph) -> list[list[tuple[str, str, str]]]:
    """The diagnostics of each graph: enforcement, policy, message."""
    lists = [[asked(item) for item in graph.resources] for graph in graphs]
    done = subprocess.run(
        [str(starter.parent / "venv" / "bin" / "python"), str(Path(__file__).with_name("ask.py"))],
        input=json.dumps({"level": level, "graphs": lists}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [[(row[0], row[1], row[2]) for row in rows] for rows in json.loads(done.stdout)]


def told(graph: Graph) -> Graph:
    """What a pack is told of a graph: not what is retained; and passwords as if they were secrets."""
    hidden = dict.fromkeys({kind for kind, _ in MUST_BE_SECRET}, ("password", "secretString", "secretBinary"))
    return Graph(
        dataclasses.replace(
            item,
            retain=None,
            inputs={key: SECRET if key in hidden.get(item.type, ()) else value for key, value in item.inputs.items()},
        )
        for item in graph.resources
    )


def judged(graph: Graph) -> set[tuple[str, str, str]]:
    """What the plain functions say, in the analyzer's words: of what is unknown the first, for each question."""
    found, seen = set(), told(graph)
    for policy in POLICIES:
        questions = [seen] if policy.whole else [Graph([item]) for item in seen.of(*policy.types)]
        for question in questions:
            later = [finding.message for finding in policy.check(question) if finding.unknown]
            if later:
                found.add(("advisory", policy.name, UNJUDGED.format(policy=policy.name, path=later[0])))
            for finding in policy.check(question):
                if not finding.unknown:
                    said = f"{policy.reason}\n{finding.resource.name}: {finding.message}; {policy.mend}"
                    found.add((policy.weights.production, policy.name, said))
    return found


def all_broken(graph: Graph) -> tuple[Graph, set[str]]:
    """One graph with one break of each policy, as far as they go together."""
    names = set()
    for breaker in BREAKERS:
        if breaker.policy not in names:
            graph = breaker.change(graph)
            names.add(breaker.policy)
    return graph, names


def test_the_analyzer_finds_exactly_what_the_functions_find(starter: Path, prod: Graph) -> None:
    broken, names = all_broken(prod)
    assert names == set(BY_NAME)
    whole, in_pieces = ask(starter, "production", prod, broken)
    assert set(whole) == judged(prod)
    assert {policy for _, policy, _ in whole} == {"backups-outlive-the-stack"}  # which cannot judge here
    assert set(in_pieces) == judged(broken)
    assert len(in_pieces) == len(set(in_pieces))
    blind = {"backups-outlive-the-stack", "no-secret-in-clear"}
    mandatory = {row.policy for row in run(broken, POLICIES, "production") if row.severity != "unknown"}
    assert {policy for _, policy, _ in in_pieces} >= mandatory - blind
    assert "PlantedPassword" not in str(in_pieces)


def test_what_development_may_do_without_is_not_even_registered(starter: Path, prod: Graph) -> None:
    (found,) = ask(starter, "development", all_broken(prod)[0])
    weights = {name: policy.weights.development for name, policy in BY_NAME.items()}
    assert {weights[policy] for _, policy, _ in found} == {"mandatory", "advisory"}
    assert all(said in (weights[policy], "advisory") for said, policy, _ in found)
