"""A GitHub of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.delivery.fake_github import FakeGitHub, serving


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serving() as server:
        yield server
