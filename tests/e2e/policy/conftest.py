"""The pack's own virtual environment, made once for this user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.infra.recorder import REPOSITORY
from tests.unit.policy.conftest import prod

__all__ = ["prod"]


@pytest.fixture(scope="session")
def starter() -> Path:
    """The folder with the program that starts Python packs for the engine."""
    made = subprocess.run(
        [str(REPOSITORY / "setup" / "policy.sh"), sys.executable], capture_output=True, text=True, check=True
    )
    return Path(made.stdout.strip())
