"""The shell of the steps that need an account, beside a `dbctl` that ends as it is told: what they make of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.delivery.workflows import workflows

# Writes down its words, writes the preview it is asked for, and ends with the code it is told.
DBCTL = """\
#!/bin/bash
printf '%s\\n' "$@" >> words
wanted=
for word in "$@"; do
  if [ "$wanted" ] && [ -z "$SILENT" ]; then echo "### Preview" > "$word"; fi
  if [ "$word" = --markdown ]; then wanted=1; else wanted=; fi
done
echo "a word of dbctl"
exit "$CODE"
"""


@dataclass
class Place:
    folder: Path

    def step(self, workflow: str, job: str, name: str, code: int = 0, silent: str = "", **more: str) -> int:
        """Run a step as the runner does; returns its exit code."""
        (found,) = (row for row in workflows() if row.name == workflow)
        (script,) = (step["run"] for where, step in found.steps() if where == job and step["name"] == name)
        environment = {
            "PATH": "/usr/bin:/bin",
            "CODE": str(code),
            "SILENT": silent,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **more,
        }
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=self.folder, env=environment, check=False)
        return done.returncode

    def text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    dbctl = tmp_path / ".venv/bin/dbctl"
    dbctl.write_text(DBCTL)
    dbctl.chmod(0o755)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "one"], cwd=tmp_path, check=True)
    return Place(tmp_path)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_preview_is_shown_and_kept_whatever_its_end_is(place: Place, code: int) -> None:
    assert place.step("pr.yml", "preview", "Preview", code, STACK="prod") == code
    assert place.text("summary") == place.text("previews/prod.md") == "### Preview\n"


def test_a_preview_that_wrote_nothing_fails_and_leaves_nothing(place: Place) -> None:
    assert place.step("pr.yml", "preview", "Preview", 2, silent="yes", STACK="prod") == 2
    assert place.text("summary") == place.text("previews/prod.md") == ""


@pytest.mark.parametrize(("code", "changes"), [(0, "false"), (4, "true")])
def test_the_plan_of_prod_says_whether_there_are_changes_and_of_which_commit(
    place: Place, code: int, changes: str
) -> None:
    assert place.step("deploy.yml", "plan", "Preview, and keep the plan", code) == 0
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=place.folder, capture_output=True, text=True, check=True)
    assert place.text("output") == f"changes={changes}\ncommit={head.stdout}"
    assert place.text("summary") == "### Preview\n"


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_plan_that_failed_proposes_nothing(place: Place, code: int) -> None:
    assert place.step("deploy.yml", "plan", "Preview, and keep the plan", code) == code
    assert place.text("output") == ""


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ("", []),
        ("a", ["--accept-loss", "a"]),
        ("platform/0031_goes", ["--accept-loss", "platform/0031_goes"]),
        ("  platform-primary   b ", ["--accept-loss", "platform-primary", "--accept-loss", "b"]),
        ("$(touch x) * ;touch", [f for w in ("$(touch", "x)", "*", ";touch") for f in ("--accept-loss", w)]),
        ("--yes", ["--accept-loss", "--yes"]),
    ],
)
@pytest.mark.parametrize(("job", "step"), [("dev", "Deploy"), ("prod", "Deploy the plan")])
def test_losses_are_passed_on_as_names_and_never_as_shell(
    place: Place, job: str, step: str, given: str, passed: list[str]
) -> None:
    assert place.step("deploy.yml", job, step, ACCEPT_LOSS=given) == 0
    plan = ["--plan", "plan.json"] if job == "prod" else []
    assert place.text("words").splitlines() == ["deploy", "-s", job, "--yes", *plan, *passed]
    assert not (place.folder / "x").exists()


@pytest.mark.parametrize("job", ["dev", "prod"])
def test_a_deployment_that_is_refused_fails_the_job(place: Place, job: str) -> None:
    step = "Deploy" if job == "dev" else "Deploy the plan"
    assert place.step("deploy.yml", job, step, 3, ACCEPT_LOSS="") == 3


@pytest.mark.parametrize(
    ("code", "end", "outcome"), [(0, 0, "clean"), (4, 0, "drift"), (1, 1, "failed"), (2, 2, "failed")]
)
def test_drift_of_resources_is_told_from_a_failure(place: Place, code: int, end: int, outcome: str) -> None:
    assert (
        place.step("drift.yml", "resources", "Preview with a refresh, expecting no changes", code, STACK="dev") == end
    )
    assert place.text("found/resources.outcome") == f"{outcome}\n"
    assert place.text("found/resources.md") == place.text("summary") == "### Preview\n"


@pytest.mark.parametrize(
    ("code", "end", "outcome"), [(0, 0, "clean"), (4, 0, "drift"), (1, 1, "failed"), (130, 130, "failed")]
)
def test_drift_of_a_schema_is_told_from_a_failure(place: Place, code: int, end: int, outcome: str) -> None:
    assert place.step("drift.yml", "schema", "Verify the schema of each database", code, STACK="dev") == end
    assert place.text("found/schema.outcome") == f"{outcome}\n"
    assert place.text("found/schema.txt") == "a word of dbctl\n"


def test_one_bad_stack_does_not_hide_the_previews_of_the_others(place: Place) -> None:
    for stack in ("dev", "prod"):
        (place.folder / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    assert place.step("pr.yml", "offline", "Preview every stack against an empty fake account", 1) == 1
    assert place.text("summary") == "\n### Preview\n\n### Preview\n"
    assert [word for word in place.text("words").splitlines() if word in {"dev", "prod"}] == ["dev", "prod"]
