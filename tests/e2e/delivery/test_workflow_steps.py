"""Every `run:` step of the workflows that needs no account and no Docker is run, in a clean clone, in its job's order.

What GitHub would be asked is asked of a server on loopback. What is left out is left out by rule (`runner.reason`);
what the left-out shell makes of `dbctl`'s exit codes is in tests/unit/delivery/test_steps.py.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.e2e.delivery.runner import ACCOUNT, DOCKER, SUITE, Runner, prepare, reason, runnable_jobs, shell_steps
from tests.unit.delivery.fake_github import TOKEN, serving

STACKS = ("dev", "local", "prod")
POOLER = "123456789012.dkr.ecr.us-east-1.amazonaws.com/postgres-estate/pooler@sha256:" + "a" * 64
SCHEMA = "123456789012.dkr.ecr.us-east-1.amazonaws.com/postgres-estate/schema@sha256:" + "b" * 64
CONTEXTS = {
    "github.token": TOKEN,
    "github.event.pull_request.head.sha": "d" * 40,
    "github.event.pull_request.number": "5",
    "needs.publish.outputs.pooler": POOLER,
    "needs.publish.outputs.schema": SCHEMA,
}


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    folder = Path(tempfile.mkdtemp(prefix="estate-workflows-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
    try:
        with serving() as github:
            yield prepare(folder, github)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_what_is_not_run_is_left_out_by_rule() -> None:
    left_out: dict[str, set[str]] = {}
    for workflow, job, step in shell_steps():
        if why := reason(workflow, job, step):
            left_out.setdefault(why, set()).add(f"{workflow.name} {job}")
            # A job without a token for a role has no step that needs the account.
            assert (why == ACCOUNT) == (workflow.jobs[job]["permissions"].get("id-token") == "write")
    assert left_out == {
        ACCOUNT: {
            "deploy.yml dev",
            "deploy.yml plan",
            "deploy.yml prod",
            "drift.yml resources",
            "drift.yml schema",
            "images.yml publish",
            "pr.yml preview",
        },
        DOCKER: {"images.yml build"},
        SUITE: {"pr.yml test", "pr.yml test-sqlx"},
    }


def lint(runner: Runner) -> None:
    ran = runner.job("pr.yml", "lint", CONTEXTS)
    assert ran.names == ["make setup", "Lint"]
    assert re.search(r"Success: no issues found in \d+ source files", ran.printed)


def offline(runner: Runner) -> None:
    ran = runner.job("pr.yml", "offline", CONTEXTS)
    assert ran.names == ["make setup", "Preview every stack against an empty fake account"]
    assert re.findall(r"^### Preview of `(\w+)`$", ran.summary, re.MULTILINE) == list(STACKS)
    assert len(re.findall(r"^\d+ to create", ran.summary, re.MULTILINE)) == len(STACKS)
    assert len(ran.summary.encode()) < 1 << 20  # GitHub shows no summary of a step that is larger than 1 MiB


def comment(runner: Runner) -> None:
    """Two pushes: dev's preview is there both times, prod's, which is far too long for a comment, the second time."""
    previews = runner.clone / "previews"
    previews.mkdir()
    (previews / "dev.md").write_text("### Preview of `dev`\n\n1 to create\n")
    first = runner.job("pr.yml", "comment", CONTEXTS)
    assert first.printed == "comment preview of pull request 5: written\n"
    rows = "\n".join(f"| create | rds.Instance | thing-{n} |" for n in range(5000))
    (previews / "prod.md").write_text(f"### Preview of `prod`\n\n{rows}\n")
    assert runner.job("pr.yml", "comment", CONTEXTS).printed == "comment preview of pull request 5: updated\n"
    (body,) = runner.github.bodies(5)
    assert re.findall(r"^### Preview of `(\w+)`$", body, re.MULTILINE) == ["dev", "prod"]
    assert len(body) <= 65_536
    assert f"Commit {'d' * 40}, [run](" in body


def report(runner: Runner) -> None:
    """A night in which dev drifts and prod is clean, and one in which dev is clean again."""
    found = runner.clone / "found"
    found.mkdir()
    nights = [("dev", "drift"), ("prod", "clean"), ("dev", "clean")]
    printed = []
    for stack, outcome in nights:
        for aspect in ("resources", "schema"):
            (found / f"{aspect}.outcome").write_text("clean\n")
        (found / "resources.outcome").write_text(f"{outcome}\n")
        (found / "resources.md").write_text("### Preview of `dev`\n\n1 to update\n")
        (found / "schema.txt").write_text("platform: as its files and its fingerprint say\n")
        printed.append(runner.job("drift.yml", "report", {**CONTEXTS, "matrix.stack": stack}).printed)
    number = runner.github.issues[0]["number"]
    assert printed == [
        f"dev: resources drift, schema clean; issue {number} is opened\n",
        "prod: resources clean, schema clean; nothing to say\n",
        f"dev: resources clean, schema clean; issue {number} is closed\n",
    ]


def dockerfiles(runner: Runner) -> None:
    for image in ("pooler", "schema"):
        ran = runner.job("images.yml", "build", {**CONTEXTS, "matrix.image": image})
        assert ran.names == ["make setup", "Lint the Dockerfile"]


def pin(runner: Runner) -> None:
    ran = runner.job("images.yml", "pin", CONTEXTS)
    assert ran.names == ["make setup", "Put the digests into the stacks' files", "Open or update the pull request"]
    (pull,) = runner.github.pulls
    assert (pull["head"], pull["base"]) == ("images/digests", "main")
    assert f"| pooler | `{POOLER}` |" in pull["body"]
    commit = runner.github.commits[runner.github.refs["heads/images/digests"]]
    assert commit["parents"] == [runner.commit]
    for stack in ("dev", "prod"):
        text = runner.github.trees[commit["tree"]][f"Pulumi.{stack}.yaml"]
        images = yaml.safe_load(text)["config"]["postgres-estate:estate"]["images"]
        assert images == {"pooler": POOLER, "schema": SCHEMA}


JOBS: Mapping[tuple[str, str], Callable[[Runner], None]] = {
    ("drift.yml", "report"): report,
    ("images.yml", "build"): dockerfiles,
    ("images.yml", "pin"): pin,
    ("pr.yml", "comment"): comment,
    ("pr.yml", "lint"): lint,
    ("pr.yml", "offline"): offline,
}


@pytest.mark.parametrize(("workflow", "job"), runnable_jobs())
def test_the_steps_of_a_job_do_what_they_are_for(runner: Runner, workflow: str, job: str) -> None:
    runner.fresh()
    JOBS[workflow, job](runner)


def test_a_step_that_fails_fails_its_job(runner: Runner) -> None:
    runner.fresh()
    (runner.clone / "ops/cli.py").write_text("import os\n")
    with pytest.raises(AssertionError, match=r"Lint: exit 2[\s\S]*F401"):
        runner.job("pr.yml", "lint", CONTEXTS)


def test_the_environment_of_a_step_has_no_token_by_itself(runner: Runner) -> None:
    assert TOKEN not in str(runner.environment())
