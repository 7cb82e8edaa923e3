"""Copies of the repository for the end-to-end tests, cleaned up whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import clone as clones
from tests.e2e.clone import Clone


def _clone() -> Iterator[Clone]:
    folder = Path(tempfile.mkdtemp(prefix="estate-e2e-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user when the tests run as root
    copy = clones.make(folder)
    try:
        yield copy
    finally:
        copy.dbctl("local", "down", "--delete", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    """A fresh copy for one file of tests."""
    yield from _clone()
