"""requirements-runner.txt: the same versions as everywhere else, all that is imported, every one with its sums."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from ops.paths import REPOSITORY

LOCK = REPOSITORY / "requirements-runner.txt"
_BLOCK = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    return {name: version for name, version, _ in _BLOCK.findall(LOCK.read_text(encoding="utf-8"))}


def pinned() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines():
            if match := re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)", line):
                found[canonical(match[1])] = match[2]
    return found


def test_every_line_is_a_pin_with_sums_or_a_remark() -> None:
    text = LOCK.read_text(encoding="utf-8")
    rest = [line for line in _BLOCK.sub("", text).splitlines() if line]
    assert rest
    assert all(line.startswith("#") for line in rest)
    assert len(locked()) == text.count("==")


def test_versions_are_those_that_the_tests_run_with() -> None:
    everywhere = pinned()
    assert {name: everywhere.get(name) for name in locked()} == locked()


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
        if not {canonical(owner) for owner in owners} & set(locked()):
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
        if canonical(owner) in locked()
    } | {"psycopg-binary"}
    found: set[str] = set()
    while wanted - found:
        name = (wanted - found).pop()
        found.add(name)
        for line in importlib.metadata.requires(name) or []:
            needed = canonical(re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0])
            if "extra ==" not in line and needed in locked():
                wanted.add(needed)
    assert set(locked()) - found == set()


def test_the_image_installs_by_this_list_alone_and_by_sums() -> None:
    text = (REPOSITORY / "docker" / "schema" / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement /build/requirements-runner.txt" in text
    assert "--no-deps" in text
    assert Path(REPOSITORY / "docker" / "schema" / "lock.py").is_file()


def test_the_file_is_what_its_maker_writes() -> None:
    spec = importlib.util.spec_from_file_location("lock", REPOSITORY / "docker" / "schema" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    lock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lock)
    text = LOCK.read_text(encoding="utf-8")
    sums = {(name, version): re.findall(r"[0-9a-f]{64}", lines) for name, version, lines in _BLOCK.findall(text)}
    assert lock.text(sums) == text
    assert lock.pins(path.read_text(encoding="utf-8") for path in lock.PINS) == pinned()
