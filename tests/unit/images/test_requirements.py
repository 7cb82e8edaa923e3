"""The requirements files with sums: the same versions as everywhere else, all that is needed, each with its sums."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ops.paths import REPOSITORY
from setup import lock as locks
from setup.lock import Lock, canonical

RUNNER, CI = locks.LOCKS
_BLOCK = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)

each = pytest.mark.parametrize("lock", locks.LOCKS, ids=lambda lock: lock.name)


def locked(lock: Lock) -> dict[str, str]:
    return {name: version for name, version, _ in _BLOCK.findall(lock.path.read_text(encoding="utf-8"))}


def pinned() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines():
            if match := re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)", line):
                found[canonical(match[1])] = match[2]
    return found


@each
def test_every_line_is_a_pin_with_sums_or_a_remark(lock: Lock) -> None:
    text = lock.path.read_text(encoding="utf-8")
    rest = [line for line in _BLOCK.sub("", text).splitlines() if line]
    assert rest
    assert all(line.startswith("#") for line in rest)
    assert len(locked(lock)) == text.count("==")


@each
def test_versions_are_those_that_the_tests_run_with(lock: Lock) -> None:
    everywhere = pinned()
    assert {name: everywhere.get(name) for name in locked(lock)} == locked(lock)


@each
def test_the_file_is_what_its_maker_writes(lock: Lock) -> None:
    text = lock.path.read_text(encoding="utf-8")
    sums = {(name, version): re.findall(r"[0-9a-f]{64}", lines) for name, version, lines in _BLOCK.findall(text)}
    assert lock.text(sums) == text
    assert locks.pins(path.read_text(encoding="utf-8") for path in locks.PINS) == pinned()


def imports(room: str) -> set[str]:
    found: set[str] = set()
    for path in (REPOSITORY / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return {name for name in found if name.partition(".")[0] not in {*sys.stdlib_module_names, "schema", "dump"}}


@pytest.mark.parametrize("room", ["schema", "dump"])
def test_whatever_is_imported_is_brought_by_a_package_of_the_list(room: str) -> None:
    bring = importlib.metadata.packages_distributions()
    missing = []
    for module in imports(room):
        # `google` is many packages' name space: the module below it says whose.
        owners = bring.get(module.partition(".")[0], [])
        if not {canonical(owner) for owner in owners} & set(locked(RUNNER)):
            missing.append(module)
    assert imports(room)
    assert missing == []


def test_nothing_is_in_it_that_nothing_needs() -> None:
    bring = importlib.metadata.packages_distributions()
    wanted = {
        canonical(owner)
        for room in ("schema", "dump")
        for module in imports(room)
        for owner in bring.get(module.partition(".")[0], [])
        if canonical(owner) in locked(RUNNER)
    } | {"psycopg-binary"}
    found: set[str] = set()
    while wanted - found:
        name = (wanted - found).pop()
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            needed = canonical(re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0])
            if "extra ==" not in line and needed in locked(RUNNER):
                wanted.add(needed)
    assert set(locked(RUNNER)) - found == set()


def test_the_image_installs_by_this_list_alone_and_by_sums() -> None:
    text = (REPOSITORY / "docker" / "schema" / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement /build/requirements-runner.txt" in text
    assert "--no-deps" in text


def test_in_ci_everything_that_is_pinned_has_its_sum() -> None:
    assert locked(CI) == pinned()


def test_dbctl_is_built_with_the_setuptools_that_is_pinned() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["requires"] == [f"setuptools=={pinned()['setuptools']}"]


def pip_is_asked(folder: Path, *, ci: str) -> list[str]:
    """What setup/venv.sh asks pip for, of a Python that only writes down what it is asked."""
    asked = folder / "asked"
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n', encoding="utf-8")
    python.chmod(0o755)
    subprocess.run(
        ["sh", "setup/venv.sh", str(python), str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "CI": ci},
        check=True,
        capture_output=True,
    )
    plain = "-m pip install --quiet --no-compile --disable-pip-version-check "
    return [line.removeprefix(plain) for line in asked.read_text(encoding="utf-8").splitlines() if plain in line]


def test_in_ci_setup_installs_by_sums_and_builds_with_nothing_else(tmp_path: Path) -> None:
    assert pip_is_asked(tmp_path, ci="true") == [
        "--only-binary :all: --require-hashes -r requirements-ci.txt",
        "--no-build-isolation --no-deps --editable .",
    ]


def test_elsewhere_setup_installs_by_versions_on_any_machine(tmp_path: Path) -> None:
    assert pip_is_asked(tmp_path, ci="") == [
        "-r requirements-dev.txt",
        "--no-build-isolation --no-deps --editable .",
    ]
