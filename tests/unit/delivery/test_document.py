"""docs/delivery.md says of each job what the workflows say."""

from __future__ import annotations

import re

from ops.bootstrap.names import ROLES
from tests.unit.delivery.rules import AWS
from tests.unit.delivery.workflows import ROOT, action_of, workflows

PAGE = (ROOT / "docs/delivery.md").read_text(encoding="utf-8")


def test_the_table_of_jobs_is_that_of_the_workflows() -> None:
    rows = set()
    for workflow in workflows():
        for name, job in workflow.jobs.items():
            roles = [step["with"]["role-to-assume"] for step in job["steps"] if action_of(step) == AWS]
            role = roles[0].rpartition("/")[2] if roles else "-"
            triggers = ", ".join(sorted(workflow.triggers))
            granted = ", ".join(f"{scope}: {level}" for scope, level in sorted(job["permissions"].items()))
            rows.add(
                f"| `{workflow.name}` | {triggers} | {name} | {role} | {job.get('environment', '-')} | {granted} |"
            )
    assert set(re.findall(r"^\| `\w+\.yml` \|.*$", PAGE, re.MULTILINE)) == rows


def test_the_environments_to_make_are_those_that_roles_trust() -> None:
    listed = re.findall(r"^   \| `(\w+)` \| (?:`main` only|all) \|", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted({name for role in ROLES for name in role.environments})


def test_the_required_checks_are_jobs_for_everybody() -> None:
    (request,) = (row for row in workflows() if row.name == "pr.yml")
    everybodys = {job["name"] for job in request.jobs.values() if "if" not in job}
    (said,) = re.findall(r"a review, and (.*?)\s+as required checks", PAGE, re.DOTALL)
    assert set(re.split(r", | and ", " ".join(said.split()))) == everybodys


def test_the_part_that_issues_refer_to_is_there() -> None:
    assert "\n## Drift\n" in PAGE
