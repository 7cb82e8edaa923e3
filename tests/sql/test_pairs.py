"""Migrations that can be reverted."""

from __future__ import annotations

from pathlib import Path

import pytest

_SQL = Path(__file__).resolve().parents[2] / "sql"


@pytest.mark.parametrize("service", ["platform", "familytales"])
def test_no_migration_that_cannot_be_reverted_follows_one_that_can(service: str) -> None:
    """`sqlx migrate revert` passes over migrations without a `.down.sql`, and would revert an earlier one."""
    names = [path.name for path in sorted((_SQL / service / "migrations").glob("*.sql"))]
    can = [name.endswith(".up.sql") for name in names if not name.endswith(".down.sql")]

    assert can == sorted(can)


def test_a_pair_has_both_sides() -> None:
    for up in _SQL.glob("*/migrations/*.up.sql"):
        assert up.with_name(up.name.replace(".up.", ".down.")).is_file()
