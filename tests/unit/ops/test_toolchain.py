"""What `make setup` does when a program is missing, and when it cannot be had."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops import paths, toolchain
from ops.errors import OperatorError


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine on which none of the programs is installed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    return tmp_path


def refuse(line: str) -> None:
    pytest.fail(f"nothing should have been started: {line}")


@pytest.mark.usefixtures("nothing")
def test_without_go_the_way_to_the_official_installer_is_shown() -> None:
    with pytest.raises(OperatorError) as error:
        toolchain.ensure_pulumi(refuse)
    assert "there is no Go to build it with" in error.value.lines[0]
    assert "https://www.pulumi.com/docs/install/" in error.value.lines[1]


@pytest.mark.usefixtures("nothing")
def test_without_apt_a_person_is_told_how_to_get_pgbouncer() -> None:
    with pytest.raises(OperatorError) as error:
        toolchain.ensure_pgbouncer(refuse)
    assert "sudo apt-get install pgbouncer" in error.value.lines[1]


def test_a_built_pulumi_is_found_in_the_cache_of_the_user(nothing: Path) -> None:
    binary = nothing / "postgres-estate" / "pulumi-3.259.0" / "bin" / "pulumi"
    binary.parent.mkdir(parents=True)
    binary.touch()
    assert toolchain.ensure_pulumi(refuse) == binary


def test_a_build_that_fails_shows_the_end_of_the_compilers_words_and_leaves_nothing(
    nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = nothing / "go"
    go.write_text("#!/bin/sh\necho 'go: downloading a' >&2\necho 'verifying module: checksum mismatch' >&2\nexit 1\n")
    go.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: str(go) if name == "go" else None)
    monkeypatch.setenv("PATH", f"{nothing}:/usr/bin:/bin")
    said: list[str] = []
    with pytest.raises(OperatorError) as error:
        toolchain.ensure_pulumi(said.append)
    assert "verifying module: checksum mismatch" in error.value.lines
    assert "building the Pulumi CLI 3.259.0" in said[0]
    assert toolchain.find_pulumi() is None


def test_apt_is_asked_again_after_its_lists_are_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        installed = sum("install" in words for words in asked)
        monkeypatch.setattr(toolchain, "find_pgbouncer", lambda: Path("/usr/sbin/pgbouncer") if installed > 1 else None)
        return subprocess.CompletedProcess(command, 100 if installed == 1 else 0, "", "E: Unable to locate package")

    monkeypatch.setattr(toolchain, "find_pgbouncer", lambda: None)
    monkeypatch.setattr(toolchain, "_root_prefix", list)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    said: list[str] = []
    assert toolchain.ensure_pgbouncer(said.append) == Path("/usr/sbin/pgbouncer")
    assert ["install" if "install" in words else words[-1] for words in asked] == ["install", "update", "install"]


def test_the_pinned_modules_are_those_of_the_pinned_version() -> None:
    pinned = (toolchain.GO_MODULE / "go.mod").read_text()
    version = ".".join(map(str, toolchain.PULUMI_VERSION))
    assert f"github.com/pulumi/pulumi/pkg/v3 v{version}" in pinned
    assert f"pulumi=={version}" in (paths.REPOSITORY / "requirements.txt").read_text().splitlines()
    assert "github.com/pulumi/pulumi/sdk/v3 v" + version in (toolchain.GO_MODULE / "go.sum").read_text()
