"""Every policy passes over prod, and a graph in which one thing is broken makes the run name that policy alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy.catalogue import BY_NAME, POLICIES
from policy.core import Graph, Policy, Violation, run
from tests.unit.policy.breakers import BREAKERS
from tests.unit.policy.breaking import Breaker


def rows(found: list[Violation]) -> set[tuple[str, str, str, str]]:
    return {(row.severity, row.policy, row.resource, row.message) for row in found}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_prod_holds_it(policy: Policy, prod: Graph) -> None:
    assert list(policy.check(prod)) == []


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: f"{breaker.policy}: {breaker.what}")
def test_what_is_broken_is_named_and_nothing_else(breaker: Breaker, prod: Graph) -> None:
    found = run(breaker.change(prod), POLICIES, "production")
    assert rows(found) == {(BY_NAME[name].weights.production, name, *rest) for name, *rest in breaker.found}
    assert all(row.mend == BY_NAME[row.policy].mend for row in found)


def test_every_policy_has_a_breaker() -> None:
    assert {breaker.policy for breaker in BREAKERS} == set(BY_NAME)
    assert all(any(name == breaker.policy for name, *_ in breaker.found) for breaker in BREAKERS)


@pytest.mark.parametrize(
    ("stack", "level", "advised"),
    [
        (
            "prod",
            "production",
            {
                (
                    f"ecs.TaskDefinition {service}-{task}",
                    f"container {container} runs a tag, {tag}, and a tag can be moved",
                )
                for service in ("platform", "familytales")
                for task, container, tag in (
                    ("pooler", "pooler", "pooler:1.26"),
                    ("schema", "schema", "schema:1"),
                    ("dump", "dump", "schema:1"),
                )
            },
        ),
        (
            "dev",
            "development",
            {("rds.Instance familytales-primary", "point-in-time recovery reaches back 1 days, 7 are asked for")},
        ),
        ("local", "local", set()),
    ],
)
def test_a_stack_holds_what_is_mandatory_and_is_advised_of_the_rest(
    stack: str, level: str, advised: set[tuple[str, str]], stack_graph: Callable[[str], Graph]
) -> None:
    found = run(stack_graph(stack), POLICIES, level)  # type: ignore[arg-type]
    assert {(row.severity, row.resource, row.message) for row in found} == {("advisory", *row) for row in advised}


def test_development_would_not_do_for_production(stack_graph: Callable[[str], Graph]) -> None:
    found = run(stack_graph("dev"), POLICIES, "production")
    assert {row.policy for row in found if row.severity == "mandatory"} == {
        "backups-for-a-week",
        "backups-outlive-the-stack",
        "changes-in-the-window",
        "deletion-protected",
        "enhanced-monitoring",
        "final-snapshot",
        "logs-for-a-quarter",
        "multi-az",
        "pooler-survives-a-zone",
        "protected",
        "snapshots-kept",
        "somebody-listens",
    }
