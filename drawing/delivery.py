"""Draw the way from a pull request to production: `python -m drawing.delivery > docs/delivery.svg`.

Which role a job takes, from which environment, is read from the workflows.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
import yaml

from drawing.flow import WIDTH, Arrow, Box, Frame, Picture, render
from drawing.palette import TONES

WORKFLOWS = Path(__file__).resolve().parents[1] / ".github" / "workflows"
_BLUE, _GREEN, _ORANGE, _VIOLET, _ROSE, _TEAL, _GREY = TONES
_COLUMN, _WIDE, _HIGH = 208, 184, 92


def read() -> dict[str, Any]:
    """The workflows by the names of their files, such as pr."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(WORKFLOWS.glob("*.yml"))}


def role(workflows: Mapping[str, Any], file: str, job: str) -> str:
    """The name of the role that a job takes."""
    (arn,) = {
        step["with"]["role-to-assume"]
        for step in workflows[file]["jobs"][job]["steps"]
        if "role-to-assume" in step.get("with", {})
    }
    return str(arn).rpartition("/")[2]


def picture(workflows: Mapping[str, Any]) -> Picture:
    """Three grounds below each other: before the merge, after it, and what goes on beside it."""

    def box(column: int, y: int, title: str, *lines: str, tone: Any = None) -> Box:
        return Box(36 + _COLUMN * column, y, _WIDE, title, lines, tone, _HIGH)

    def taking(file: str, job: str) -> str:
        return f"as {role(workflows, file, job)}:"

    gate_of = workflows["deploy"]["jobs"]["prod"]["environment"]
    asked = Frame(20, 50, 840, 144, "a pull request: pr.yml", _BLUE)
    checks = box(0, 84, "checks", "lint, every test,", "offline previews,", "policies")
    preview = box(1, 84, "real previews", taking("pr", "preview"), "dev and prod,", "in one comment")
    review = box(2, 84, "review", "changes, risks and", "what would be lost")
    merge = box(3, 84, "merge", "into main")
    main = Frame(20, 224, 840, 144, "the branch main: deploy.yml", _GREEN)
    dev = box(0, 258, "dev", taking("deploy", "dev"), "update, schema step,", "smoke check", tone=_GREEN)
    plan = box(1, 258, "prod's plan", taking("deploy", "plan"), "kept, and shown", "to the reviewers")
    gate = box(2, 258, "somebody agrees", "a reviewer of the", f"environment {gate_of}", tone=_ORANGE)
    prod = box(3, 258, "prod", taking("deploy", "prod"), "the plan, schema step,", "smoke check", tone=_GREEN)
    beside = Frame(20, 398, 840, 144, "beside it", _GREY)
    built = box(
        0, 432, "images.yml", taking("images", "publish"), "built and scanned,", "pushed and signed", tone=_TEAL
    )
    pinned = box(1, 432, "a digest", "in the stacks' files,", "by a pull request", tone=_TEAL)
    drift = box(2, 432, "drift.yml", "each night: previews,", "schemas verified", tone=_ROSE)
    issue = box(3, 432, "an issue", "opened or updated", "where one differs", tone=_ROSE)
    rows = ((checks, preview, review, merge), (dev, plan, gate, prod), (built, pinned), (drift, issue))
    straight = tuple(Arrow((left.right(), right.left())) for row in rows for left, right in pairwise(row))
    down, up = merge.bottom(), (dev.top()[0], main.y)
    return Picture(
        "From a pull request to production",
        "A pull request is checked and previewed; main is deployed to dev, then to prod after a reviewer's consent",
        WIDTH,
        562,
        (asked, main, beside),
        tuple(part for row in rows for part in row),
        (*straight, Arrow((down, (down[0], 209), (up[0], 209), up))),
    )


def main() -> None:
    """Write the picture, an SVG, to standard output."""
    sys.stdout.write(render(picture(read())))


if __name__ == "__main__":
    typer.run(main)
