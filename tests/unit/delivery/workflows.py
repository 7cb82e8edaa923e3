"""The workflows as plain data: files, jobs, steps, the shell in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
SETUP = "./.github/actions/setup"

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file; a composite action is one with a single job, `action`."""

    name: str
    text: str
    document: Node

    @property
    def triggers(self) -> set[str]:
        """The events that start it."""
        return set(self.document.get("on") or ())

    @property
    def jobs(self) -> dict[str, Node]:
        """Its jobs by their names in the file."""
        if "runs" in self.document:
            return {"action": self.document["runs"]}
        return dict(self.document["jobs"])

    def steps(self) -> Iterator[tuple[str, Node]]:
        """Each step with its job's name, in order."""
        for name, job in self.jobs.items():
            for step in job["steps"]:
                yield name, step


def parse(name: str, text: str) -> Workflow:
    """A workflow from its text."""
    document = yaml.safe_load(text)
    # YAML 1.1 takes `on` for a boolean; GitHub does not.
    return Workflow(name, text, {("on" if key is True else key): value for key, value in document.items()})


def load(path: Path) -> Workflow:
    """A workflow from its file."""
    return parse(path.name, path.read_text(encoding="utf-8"))


def workflows(root: Path = ROOT) -> list[Workflow]:
    """All workflows of the repository, by name."""
    return [load(path) for path in sorted((root / ".github/workflows").glob("*.yml"))]


def actions(root: Path = ROOT) -> list[Workflow]:
    """The repository's own composite actions."""
    return [load(path) for path in sorted((root / ".github/actions").glob("*/action.yml"))]


def action_of(step: Node) -> str:
    """The action that a step uses, without its version; empty for a step with shell."""
    return str(step.get("uses", "")).partition("@")[0]
