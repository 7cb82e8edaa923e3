"""A stack's configuration file, read and checked before any engine starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra.config import ConfigErrors, Estate, parse
from ops.errors import BadInput
from ops.paths import REPOSITORY, SQL_ROOT

PROJECT = "postgres-estate"
ESTATE_KEY = f"{PROJECT}:estate"
REGION_KEY = "aws:region"


def stack_names(repository: Path = REPOSITORY) -> list[str]:
    """The stacks that have a file, in alphabetical order."""
    return sorted(path.name.split(".")[1] for path in repository.glob("Pulumi.*.yaml"))


def read_settings(stack: str, repository: Path = REPOSITORY) -> dict[str, Any]:
    """The whole of Pulumi.<stack>.yaml; BadInput when there is none or it is not YAML."""
    path = repository / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        raise BadInput(
            f"there is no stack {stack!r}: {path.name} does not exist",
            f"the stacks are: {', '.join(stack_names(repository))}",
        )
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("config"), dict):
        raise BadInput(f"{path.name} has no `config:` mapping; the other stacks' files show its shape")
    return settings


def load_estate(stack: str, repository: Path = REPOSITORY) -> Estate:
    """The stack's validated configuration; BadInput with one line for each problem, all at once."""
    config = read_settings(stack, repository)["config"]
    problems: list[str] = []
    where = config.get(REGION_KEY)
    if not isinstance(where, str):
        problems.append(f"{REGION_KEY} = {where!r}: an AWS region is needed; e.g. us-east-1")
    try:
        estate = parse(
            config.get(ESTATE_KEY),
            stack=stack,
            sql_root=SQL_ROOT if repository == REPOSITORY else repository / "sql",
            region=where if isinstance(where, str) else None,
        )
    except ConfigErrors as errors:
        problems += [str(problem) for problem in errors.problems]
    if problems:
        raise BadInput(*problems)
    return estate


def region(stack: str, repository: Path = REPOSITORY) -> str:
    """The AWS region of the stack."""
    return str(read_settings(stack, repository)["config"][REGION_KEY])
