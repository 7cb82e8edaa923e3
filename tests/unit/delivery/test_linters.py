"""actionlint with ShellCheck, zizmor at its strictest, and the schemas find nothing; each finds what is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
TOOLS = Path(sys.executable).parent
ONLINE = {"GH_TOKEN", "GITHUB_TOKEN", "GH_HOST"}


def run(*command: str | Path, cwd: Path = ROOT, more: str | Path = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `more` is a folder that PATH has besides."""
    environment = {key: value for key, value in os.environ.items() if key not in ONLINE}
    environment["PATH"] = f"{environment['PATH']}:{more}" if more else environment["PATH"]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def actionlint() -> str:
    """Its path; ShellCheck is beside it where PATH has none."""
    done = run(ROOT / "setup/actionlint.sh")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository with a copy of the workflows, to be broken."""
    shutil.copytree(GITHUB, tmp_path / ".github")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def broken(copy: Path, old: str, new: str, name: str = "workflows/pr.yml") -> None:
    path = copy / ".github" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_actionlint_finds_nothing(actionlint: str) -> None:
    done = run(actionlint, *FILES, more=Path(actionlint).parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("needs.preview.result", "needs.previews.result", 'property "previews" is not defined'),
        ('cat "offline-$stack.md"', "cat offline-$stack.md", "SC2086"),
        ("runs-on: ubuntu-24.04", "runs-on: ubuntu-99.04", 'label "ubuntu-99.04" is unknown'),
    ],
)
def test_actionlint_finds_what_is_wrong_in_shell_too(
    actionlint: str, copy: Path, old: str, new: str, said: str
) -> None:
    broken(copy, old, new)
    files = sorted((copy / ".github/workflows").glob("*.yml"))
    done = run(actionlint, *files, cwd=copy, more=Path(actionlint).parent)
    assert done.returncode == 1
    assert said in done.stdout


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    return run(
        TOOLS / "zizmor",
        "--offline",
        "--persona=auditor",
        "--strict-collection",
        "--quiet",
        folder / ".github",
        cwd=folder,
    )


def test_zizmor_finds_nothing() -> None:
    done = zizmor(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("on:\n  pull_request:", "on:\n  pull_request_target:", "dangerous-triggers"),
        ("run: make lint", "run: echo ${{ github.event.pull_request.title }}", "template-injection"),
        ("persist-credentials: false", "persist-credentials: true", "artipacked"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "checkout@v7", "unpinned-uses"),
    ],
)
def test_zizmor_finds_what_is_dangerous(copy: Path, old: str, new: str, said: str) -> None:
    broken(copy, old, new)
    done = zizmor(copy)
    assert done.returncode != 0
    assert f"[{said}]" in done.stdout


def test_every_exception_from_zizmor_has_its_reason_beside_it() -> None:
    lines = (GITHUB / "zizmor.yml").read_text(encoding="utf-8").splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("  ") and line[2].isalpha()]
    assert [lines[number].strip() for number in rules] == ["self-repository:"]
    assert all(lines[number - 1].startswith("  # ") for number in rules)
    for path in [*FILES, *ACTIONS, GITHUB / "dependabot.yml"]:
        assert "zizmor: ignore" not in path.read_text(encoding="utf-8"), path.name


SCHEMAS = {
    "vendor.github-workflows": FILES,
    "vendor.github-actions": ACTIONS,
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
}


@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items())
def test_the_schema_finds_nothing(schema: str, files: list[Path]) -> None:
    assert files
    done = run(TOOLS / "check-jsonschema", "--builtin-schema", schema, *files)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "name", "old", "new"),
    [
        ("vendor.github-workflows", "workflows/pr.yml", "timeout-minutes: 30", "timeout-minutes: soon"),
        ("vendor.github-actions", "actions/setup/action.yml", "using: composite", "using: magic"),
        ("vendor.dependabot", "dependabot.yml", "interval: weekly", "interval: sometimes"),
    ],
)
def test_the_schema_finds_what_is_wrong(copy: Path, schema: str, name: str, old: str, new: str) -> None:
    broken(copy, old, new, name)
    done = run(TOOLS / "check-jsonschema", "--builtin-schema", schema, copy / ".github" / name)
    assert done.returncode == 1


@pytest.mark.parametrize("name", ["actionlint.sh", "grype.sh"])
def test_shellcheck_finds_nothing_in_what_setup_brings(actionlint: str, name: str) -> None:
    done = run("shellcheck", ROOT / "setup" / name, more=Path(actionlint).parent)
    assert (done.returncode, done.stdout) == (0, "")
