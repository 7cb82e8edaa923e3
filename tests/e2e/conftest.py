"""Copies of the repository and small programs for the end-to-end tests, cleaned up whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation

from tests.e2e import clone as clones
from tests.e2e import small_program
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


@pytest.fixture(scope="module", autouse=True)
def empty_account() -> None:
    """moto keeps one account for a whole process: what another file's tests left in it is no business of this one's."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A fake AWS for the small programs of one file."""
    with small_program.fake_aws() as address:
        yield address


@pytest.fixture
def aws(endpoint: str) -> Callable[..., Any]:
    """Makes clients of that fake AWS: of a service, and of another region where one is given."""
    return partial(small_program.client, endpoint)


@pytest.fixture
def stack(program: Callable[[], None], endpoint: str, tmp_path: Path) -> Iterator[automation.Stack]:
    """The stack of the file's own `program`."""
    with small_program.stack_of(program, endpoint, tmp_path) as made:
        yield made
