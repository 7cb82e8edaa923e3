"""GitHub's runner, as far as shell needs it: a clean clone, each job's steps in order, the files that steps write to.

Which steps are run is read from the workflows, never listed: `reason` is the rule.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.delivery.fake_github import FakeGitHub, environment
from tests.unit.delivery.workflows import SETUP, Node, Workflow, action_of, actions, workflows

REPOSITORY = Path(__file__).resolve().parents[3]

ACCOUNT = "needs the account: it comes after its job assumed a role"
DOCKER = "needs Docker: a registry of images and a daemon"
SUITE = "is the suite that this test is in"

FOREIGN = ("AWS_", "PULUMI_", "PG", "GITHUB_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS", "PYTEST_", "SQLX")
"""Settings of whoever runs the tests: a runner has none of them."""

NEEDS_DOCKER = re.compile(r"(?<![\w/.-])(?:docker|skopeo)(?=[ :])")
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def reason(workflow: Workflow, job: str, step: Node) -> str | None:
    """Why a step's shell cannot be run here; None for one that is run."""
    before = workflow.jobs[job]["steps"][: workflow.jobs[job]["steps"].index(step)]
    if any(action_of(other) == "aws-actions/configure-aws-credentials" for other in before):
        return ACCOUNT
    if NEEDS_DOCKER.search(step["run"]):
        return DOCKER
    if step["run"] in {"make test", "make test-sqlx"}:
        return SUITE
    return None


def shell_steps() -> Iterator[tuple[Workflow, str, Node]]:
    """Each step with shell, of every workflow; the composite action's are the steps of the jobs that use it."""
    for workflow in workflows():
        for job, step in workflow.steps():
            if "run" in step:
                yield workflow, job, step


def runnable_jobs() -> list[tuple[str, str]]:
    """Workflow and job of each job that has a step to run."""
    return list(dict.fromkeys((row.name, job) for row, job, step in shell_steps() if reason(row, job, step) is None))


@dataclass
class Ran:
    """What a job's steps left: their names, their summary, all they printed."""

    names: list[str] = field(default_factory=list)
    summary: str = ""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Runner:
    """The clone, and the machine around it."""

    clone: Path
    temp: Path
    github: FakeGitHub

    @property
    def commit(self) -> str:
        """What is checked out."""
        return _git(self.clone, "rev-parse", "HEAD").strip()

    def fresh(self) -> None:
        """A job begins with a new checkout; the virtual environment and linters' caches are what caches bring."""
        _git(self.clone, "checkout", "-q", "--force", "HEAD")
        _git(self.clone, "clean", "-fdq", "-e", ".venv", "-e", ".mypy_cache")

    def job(self, name: str, job: str, contexts: Mapping[str, str]) -> Ran:
        """Run the shell of a job, its setup included, as the workflow has it."""
        (workflow,) = (row for row in workflows(self.clone) if row.name == name)
        (setup,) = actions(self.clone)
        node, ran, added = workflow.jobs[job], Ran(), {"path": "", "env": ""}
        for step in node["steps"]:
            if step.get("uses") == SETUP:
                for inner in setup.document["runs"]["steps"]:
                    if "run" in inner:
                        self._step(inner, {}, contexts, ran, added)
            elif "run" in step and reason(workflow, job, step) is None:
                self._step(step, node.get("env", {}), contexts, ran, added)
        return ran

    def _step(
        self, step: Node, job_env: Mapping[str, Any], contexts: Mapping[str, str], ran: Ran, added: dict[str, str]
    ) -> None:
        files = {name: self.temp / name for name in ("OUTPUT", "STEP_SUMMARY", "ENV", "PATH")}
        for path in files.values():
            path.write_text("")
        own = {**job_env, **step.get("env", {})}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.clone,
            env={
                **self.environment(added["path"]),
                **dict(line.split("=", 1) for line in added["env"].splitlines()),
                **{f"GITHUB_{name}": str(path) for name, path in files.items()},
                **{name: expand(str(value), contexts) for name, value in own.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, f"{step['name']}: exit {done.returncode}\n{done.stdout}"
        ran.names.append(step["name"])
        ran.printed += done.stdout
        ran.summary += files["STEP_SUMMARY"].read_text(encoding="utf-8")
        added["path"] = ":".join([*files["PATH"].read_text(encoding="utf-8").split(), added["path"]])
        added["env"] += files["ENV"].read_text(encoding="utf-8")

    def environment(self, more_path: str = "") -> dict[str, str]:
        """What a step finds: this user's machine with Python on its PATH, and what the runner says of the run."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        own = str(REPOSITORY / ".venv/bin")
        path = [more_path, str(self.temp / "bin"), *(p for p in kept["PATH"].split(":") if p != own)]
        said = environment(self.github)
        del said["GITHUB_TOKEN"]  # a step gets it by its own `env`, or not at all
        return {
            **kept,
            **said,
            "CI": "true",
            "PATH": ":".join(filter(None, path)),
            "GITHUB_ACTIONS": "true",
            "GITHUB_SHA": self.commit,
            "GITHUB_WORKSPACE": str(self.clone),
            "RUNNER_TEMP": str(self.temp),
            # Where the environment is the repository's, its `dbctl` would start the repository's code, not the clone's.
            **({"PYTHONPATH": str(self.clone)} if (self.clone / ".venv/bin").is_symlink() else {}),
        }


def expand(text: str, contexts: Mapping[str, str]) -> str:
    """An `env` value with its expressions replaced; KeyError for one that the test has no value for."""
    return EXPRESSION.sub(lambda found: contexts[found[1]], text)


def prepare(folder: Path, github: FakeGitHub) -> Runner:
    """Clone into a folder what HEAD is, or would be with what is not committed yet."""
    clone, temp = folder / "estate", folder / "temp"
    subprocess.run(["git", "clone", "-q", "--no-local", REPOSITORY, clone], check=True)
    _bring(clone)
    (temp / "bin").mkdir(parents=True)
    for name in ("python", "python3", "python3.11"):  # what setup-python puts on PATH
        (temp / "bin" / name).symlink_to(Path(sys.executable).resolve())
    link_environment(clone)
    runner = Runner(clone, temp, github)
    github.commits[runner.commit] = {"tree": "t" * 40, "parents": [], "message": "head"}
    return runner


NEVER_OLD = 4_102_444_800
"""The year 2100, in seconds since 1970."""


def link_environment(clone: Path) -> None:
    """Use the repository's virtual environment where it has all that is pinned; else `make setup` makes one, as for
    anybody who clones."""
    current = subprocess.run(["make", "-q", ".venv/.installed"], cwd=REPOSITORY, capture_output=True, check=False)
    if current.returncode == 0:
        (clone / ".venv").mkdir()
        for part in (REPOSITORY / ".venv").iterdir():
            if part.name != ".installed":
                (clone / ".venv" / part.name).symlink_to(part)
        # Newer than any file of a checkout, now and later: pip would write into the repository's own environment.
        (clone / ".venv/.installed").touch()
        os.utime(clone / ".venv/.installed", (NEVER_OLD, NEVER_OLD))
    if (REPOSITORY / ".mypy_cache").is_dir():  # keyed by what the files hold
        shutil.copytree(REPOSITORY / ".mypy_cache", clone / ".mypy_cache")


def _bring(clone: Path) -> None:
    """Commit into the clone what is changed and not committed: then the test is about what the next commit will be."""
    listed = _git(REPOSITORY, "ls-files", "--modified", "--others", "--deleted", "--exclude-standard", "-z").split("\0")
    for name in {*filter(None, listed)}:
        source, target = REPOSITORY / name, clone / name
        if source.is_file() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # a link is replaced, not written through
            shutil.copy2(source, target, follow_symlinks=False)
        elif not source.exists():
            target.unlink(missing_ok=True)
    _git(clone, "add", "--all")
    author = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    _git(clone, *author, "commit", "-q", "--allow-empty", "-m", "What is not committed yet")


def _git(where: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=where, capture_output=True, text=True, check=True).stdout
