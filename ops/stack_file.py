"""A stack's configuration file, read and checked before any engine starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.config import ConfigErrors, Estate, parse
from infra.config_shape import MISSING, Problem
from infra.names import is_region
from ops import regions
from ops.errors import BadInput
from ops.paths import REPOSITORY, SQL_ROOT

PROJECT = "postgres-estate"
ESTATE_KEY = f"{PROJECT}:estate"
REGION_KEY = "aws:region"


def stack_names(repository: Path = REPOSITORY) -> list[str]:
    """The stacks that have a file, in alphabetical order."""
    return sorted(path.name.split(".")[1] for path in repository.glob("Pulumi.*.yaml"))


def read_settings(stack: str, repository: Path = REPOSITORY) -> dict[str, Any]:
    """The whole of Pulumi.<stack>.yaml; BadInput when there is none, it is not YAML or a key stands in it twice."""
    path = repository / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        raise BadInput(
            f"there is no stack {stack!r}: {path.name} does not exist",
            f"the stacks are: {', '.join(stack_names(repository))}",
        )
    try:
        text = path.read_text(encoding="utf-8")
        twins = list(_twins(yaml.compose(text, Loader=yaml.SafeLoader), "", set()))
        settings = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if twins:
        # Which of the two is meant the file does not say, so nothing else in it is judged.
        raise BadInput(
            *[
                f"{key}: stands in line {first} of {path.name} and again in line {second}; a key has one value,"
                " remove the other"
                for key, first, second in twins
            ]
        )
    if not isinstance(settings, dict) or not isinstance(settings.get("config"), dict):
        raise BadInput(f"{path.name} has no `config:` mapping; the other stacks' files show its shape")
    return settings


def _twins(node: yaml.Node | None, at: str, seen: set[int]) -> Iterator[tuple[str, int, int]]:
    """Each key that stands in a mapping before, and both lines: YAML allows none, and PyYAML takes the last silently.

    Keys are the same where their text is, as in the engine's own reading, which refuses such a file.
    """
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _twins(item, f"{at}[{index}]", seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            path = at
            if isinstance(key, yaml.ScalarNode):  # no other can be a key in Python
                name, line = str(key.value), key.start_mark.line + 1
                # As the other mistakes name it: the keys below `config` begin with their project.
                path = ".".join(filter(None, (at, " ".join(name.split())))).removeprefix("config.")
                if name in lines:
                    yield path, lines[name], line
                lines.setdefault(name, line)
            yield from _twins(value, path, seen)


def load_estate(stack: str, repository: Path = REPOSITORY) -> Estate:
    """The stack's validated configuration; BadInput with one line for each problem, all at once."""
    config = read_settings(stack, repository)["config"]
    where = config.get(REGION_KEY, MISSING)
    wrong = regions.problem(REGION_KEY, where)
    problems = [wrong, _unknown_recovery(config)]
    try:
        estate = parse(
            config.get(ESTATE_KEY),
            stack=stack,
            sql_root=SQL_ROOT if repository == REPOSITORY else repository / "sql",
            region=None if wrong else where,  # what would follow from a wrong one is no mistake of its own
        )
    except ConfigErrors as errors:
        problems += errors.problems
    if any(problems):
        raise BadInput(*[str(problem) for problem in problems if problem])
    return estate


def _unknown_recovery(config: Mapping[str, Any]) -> Problem | None:
    """What is wrong with a second region of the right form; of the form, and of what is no text, `parse` speaks."""
    value: Any = config
    for key in (ESTATE_KEY, "recovery", "region"):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str) or not is_region(value):
        return None
    return regions.problem(f"{ESTATE_KEY}.recovery.region", value)


def region(stack: str, repository: Path = REPOSITORY) -> str:
    """The AWS region of the stack; BadInput when it is none."""
    where = read_settings(stack, repository)["config"].get(REGION_KEY, MISSING)
    wrong = regions.problem(REGION_KEY, where)
    if wrong:
        raise BadInput(f"Pulumi.{stack}.yaml: {wrong}")
    return str(where)
