"""Two thousand configurations at random: each is refused in well-formed lines, or makes an estate that AWS would take.

The seed is fixed, so a failure here is one everywhere; its number is in the message.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from infra import estate_schema
from infra.config import ConfigErrors, Estate, parse
from infra.reference import RULES, keys
from tests.unit.infra import recorder
from tests.unit.infra.fuzz import aws, graph
from tests.unit.infra.fuzz.configurations import SERVICES, nasty, plausible

SEED, COUNT = 20261129, 2000
REGION = "eu-west-1"
LONGEST_LINE = 1000
KEY = re.compile(r"(postgres-estate:estate|sql/[a-z0-9]+/service\.toml|stack)\b")
TOML = """
[service]
description = "Made for the fuzz"

[[login_roles]]
name = "{name}_app"
purpose = "serves requests"
pooled = true

[[login_roles]]
name = "{name}_backup"
purpose = "logical dumps"

[jobs.partitions]
every = "day"
at = "01:10"

[jobs.{long}]
every = "week"
at = "sun 06:10"

[jobs.refresh]
every = "hour"
at = ":25"
"""
LONG_JOB = "j" * 63  # as long as a job's name may be


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `sql` with every service's folder."""
    made = tmp_path_factory.mktemp("sql")
    for name in SERVICES:
        (made / name).mkdir()
        (made / name / "service.toml").write_text(TOML.format(name=name, long=LONG_JOB), encoding="utf-8")
    return made


def made(number: int) -> tuple[Any, str]:
    """The configuration of this number, and its stack: two of three as an operator would write them."""
    dice = random.Random(SEED + number)
    return nasty(dice) if number % 3 == 2 else plausible(dice)


def judged(number: int, root: Path) -> Estate | ConfigErrors:
    """What the program makes of it: anything but these two is a failure of its own."""
    raw, stack = made(number)
    try:
        return parse(raw, stack=stack, sql_root=root, region=REGION)
    except ConfigErrors as errors:
        return errors


@pytest.fixture(scope="module")
def results(root: Path) -> list[Estate | ConfigErrors]:
    return [judged(number, root) for number in range(COUNT)]


def test_every_refusal_is_lines_that_name_a_key_its_value_what_is_allowed_and_what_to_do(
    results: list[Estate | ConfigErrors],
) -> None:
    for number, result in enumerate(results):
        if isinstance(result, Estate):
            continue
        assert result.problems, number
        assert str(result).split("\n") == [str(problem) for problem in result.problems], number
        for problem in result.problems:
            line = str(problem)
            assert KEY.match(problem.key), (number, line)
            assert problem.allowed, (number, line)
            assert problem.mend, (number, line)
            assert line.isprintable(), (number, line)
            assert len(line) < LONGEST_LINE, (number, line)
            assert not re.search(r"\{\w*\}", problem.allowed + problem.mend), (number, line)


def test_no_line_is_said_twice(results: list[Estate | ConfigErrors]) -> None:
    for number, result in enumerate(results):
        if isinstance(result, ConfigErrors):
            lines = str(result).splitlines()
            assert len(set(lines)) == len(lines), (number, lines)


def test_every_estate_keeps_the_rules_of_aws(results: list[Estate | ConfigErrors]) -> None:
    for number, result in enumerate(results):
        if isinstance(result, Estate):
            assert aws.faults(result, REGION) == [], number


def test_a_third_of_them_is_accepted_and_a_third_is_not(results: list[Estate | ConfigErrors]) -> None:
    share = sum(isinstance(result, Estate) for result in results) / COUNT
    assert 0.33 < share < 0.67, share


def test_most_rules_and_most_keys_are_broken_by_some(results: list[Estate | ConfigErrors]) -> None:
    """Else the fuzz would be looking elsewhere."""
    said = [problem for result in results if isinstance(result, ConfigErrors) for problem in result.problems]
    paths = Counter(re.sub(r"\[\d+\]", "[]", problem.key.removeprefix("postgres-estate:estate.")) for problem in said)
    stack_keys = {key.path for key in keys() if not key.path.startswith("service.toml")}
    assert len(stack_keys - paths.keys()) <= 0.25 * len(stack_keys), stack_keys - paths.keys()
    texts = {problem.allowed for problem in said}
    rules = [rule for _, _, table in RULES for rule in table]
    never = [rule.name for rule in rules if not any(_says(rule.allowed, text) for text in texts)]
    assert len(never) <= 0.5 * len(rules), never


def _says(template: str, text: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", ".*", re.escape(template)), text) is not None


def test_the_same_configuration_is_judged_the_same(root: Path, results: list[Estate | ConfigErrors]) -> None:
    for number in range(0, COUNT, 100):
        again = judged(number, root)
        assert str(again) == str(results[number]), number


def test_what_the_program_accepts_the_schema_accepts(results: list[Estate | ConfigErrors]) -> None:
    validator = Draft202012Validator(estate_schema.document())
    for number in range(0, COUNT, 5):  # a validation takes as long as ten judgements
        if isinstance(results[number], Estate):
            raw, _ = made(number)
            said = [error.message for error in validator.iter_errors({"config": {"postgres-estate:estate": raw}})]
            assert said == [], number


# A graph of a stack is hundreds of resources and takes seconds, so a few estates stand for all that are accepted.
GRAPHS = 6
FEATURES: dict[str, Callable[[Estate], bool]] = {
    "replicas": lambda estate: any(service.replicas.count for service in estate.services),
    "a large volume": lambda estate: any(service.storage.allocated_gib >= 400 for service in estate.services),
    "production": lambda estate: estate.profile == "production",
    "development": lambda estate: estate.profile == "development",
    "an existing network": lambda estate: estate.network.existing is not None,
    "parameters": lambda estate: any(service.parameters for service in estate.services),
    "the longest name": lambda estate: any(service.name == SERVICES[-1] for service in estate.services),
}


def test_the_graph_of_an_estate_is_one_that_aws_would_take(
    root: Path, results: list[Estate | ConfigErrors], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "EchoMocks", graph.Surroundings)
    accepted = [(number, result) for number, result in enumerate(results) if isinstance(result, Estate)]
    missing = dict(FEATURES)
    chosen: list[tuple[int, Estate]] = []
    for number, estate in accepted:
        small = sum(1 + service.replicas.count for service in estate.services) <= 4
        new = {name for name, has in missing.items() if has(estate)}
        if len(chosen) < GRAPHS and small and (new or len(chosen) + len(missing) < GRAPHS):
            chosen.append((number, estate))
            missing = {name: has for name, has in missing.items() if name not in new}
    assert not missing
    for number, estate in chosen:
        raw, stack = made(number)
        monkeypatch.setattr(graph.Surroundings, "cidr", estate.network.cidr)
        recording = recorder.record_stack(raw, stack, root)
        assert graph.faults(recording, estate.network.cidr, estate.network.nat) == [], number
