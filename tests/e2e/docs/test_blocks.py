"""Every shell block of the pages that says so is run, in one copy of the repository, as a reader would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.clone import Clone, Result
from tests.e2e.docs import blocks
from tests.e2e.docs.blocks import Example
from tests.unit.docs import pages

EXAMPLES = blocks.all_of_them()
TIMEOUT = 500
"""Seconds for one block: the longest, a first `make up`, takes one minute."""


def shell(clone: Clone, text: str) -> Result:
    """What a block leaves behind; both streams are one, as on a terminal."""
    done = subprocess.run(
        ["sh", "-euc", text],
        cwd=clone.path,
        env=clone.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Result(done.returncode, done.stdout, "", 0)


@pytest.fixture(scope="module")
def ready(clone: Clone) -> Clone:
    """A copy in which `make setup` was done: its virtual environment is the one that the tests run in."""
    folder = clone.path / ".venv"
    folder.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != ".installed":
            (folder / part.name).symlink_to(part)
    (folder / ".installed").touch()
    return clone


@pytest.fixture(scope="module")
def up(ready: Clone) -> Clone:
    """The copy with its local cloud running."""
    result = shell(ready, "make up")
    assert result.code == 0, result.all
    return ready


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.block.place for example in EXAMPLES])
def test_a_block_does_what_its_page_says(example: Example, request: pytest.FixtureRequest) -> None:
    clone: Clone = request.getfixturevalue("up" if example.run.needs == "up" else "ready")
    result = shell(clone, example.block.text)
    assert result.code == example.run.code, f"{example.block.place}: {result.all}"
    if example.prints is not None:
        assert pages.matches(example.prints, result.out), f"{example.block.place} printed:\n{result.out}"


def test_there_are_blocks_of_the_first_pages() -> None:
    """Without a mark nothing would be run, and nothing would fail."""
    run = {example.block.page for example in EXAMPLES}
    assert {"README.md", "CONTRIBUTING.md", "docs/platform.md"} <= run
