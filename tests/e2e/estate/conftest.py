"""The program with a network of its own, and its stack, which is gone after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation

from tests.e2e import small_program
from tests.e2e.estate.networked import Program


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture
def stack(program: Program, endpoint: str, tmp_path: Path) -> Iterator[automation.Stack]:
    with small_program.stack_of(program, endpoint, tmp_path) as made:
        yield made
        made.destroy()
