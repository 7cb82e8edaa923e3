"""The graph of each stack is what its page says: whoever changes one sees the change of the other in review."""

from __future__ import annotations

import pytest

from tests.unit.infra.graph_page import FOLDER, STACKS, page, recorded


@pytest.mark.parametrize("stack", STACKS)
def test_the_page_shows_the_graph(stack: str) -> None:
    written = (FOLDER / f"{stack}.txt").read_text(encoding="utf-8")
    assert written == page(stack, recorded(stack)), "run `python -m tests.unit.infra.graph_page`, read the difference"


def test_the_graph_is_the_same_however_often_it_is_recorded() -> None:
    """An order that changes between two runs would be a change in every preview."""
    assert page("prod", recorded("prod")) == page("prod", recorded("prod"))
