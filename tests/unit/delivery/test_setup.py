"""What setup/ brings for the workflows is pinned once, and what is not what was pinned is not used."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.delivery.workflows import ROOT

SETUP = ROOT / "setup"


def test_actionlint_is_the_version_that_go_pins() -> None:
    (script,) = re.findall(r"^version=(.+)$", (SETUP / "actionlint.sh").read_text(encoding="utf-8"), re.MULTILINE)
    module = (SETUP / "actionlint/go.mod").read_text(encoding="utf-8")
    assert f"github.com/rhysd/actionlint v{script} " in module
    binary = subprocess.run([SETUP / "actionlint.sh"], capture_output=True, text=True, check=True).stdout.strip()
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[0] == script


@pytest.mark.parametrize(
    ("curl", "code", "said"),
    [
        ('while [ "$1" != --output ]; do shift; done; echo junk > "$2"', 1, "is not the one that was pinned"),
        ("echo 'curl: (22) 404' >&2; exit 22", 22, "curl: (22) 404"),
    ],
)
def test_a_scanner_that_is_not_the_pinned_one_is_not_used(tmp_path: Path, curl: str, code: int, said: str) -> None:
    stub = tmp_path / "bin/curl"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\n{curl}\n")
    stub.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{stub.parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run([SETUP / "grype.sh"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
