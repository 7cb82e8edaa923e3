"""The page of the documentation says what the rules say."""

from __future__ import annotations

from pathlib import Path

from schema.lint import RULES
from schema.lint.page import page

_PAGE = Path(__file__).resolve().parents[3] / "docs/lint.md"


def test_the_page_is_the_one_that_the_rules_write() -> None:
    assert _PAGE.read_text() == page(), "write it anew: python -m schema.lint.page > docs/lint.md"


def test_there_are_at_least_twenty_dangers_each_with_its_safe_twin() -> None:
    dangers = [rule for rule in RULES if rule.severity == "danger"]
    assert len(dangers) >= 20
    assert all(rule.dangerous and rule.twin and rule.safe for rule in dangers)
