"""What the index says of instances, parameters and the pooler is what the program makes of each stack."""

from __future__ import annotations

import pytest

from tests.sql.index import holding, stacks
from tests.sql.index.page import Page

_SERVICE = "familytales"
# Production has what these rows of the design ask for.
_AS_ASKED = {
    "Database: PostgreSQL 16": ("primary", "engine_version", "16"),
    "Database Connections: 100": ("parameter", "max_connections", "100"),
    "Full Backup: Daily at 2 AM UTC": ("primary", "backup_window", "02:00-03:00"),
    "WAL Archiving: Continuous": ("primary", "backup_retention_period", "7"),
    "Daily Backups: 7 days": ("primary", "backup_retention_period", "7"),
    "Weekly Backups: 4 weeks": ("resource", "backup.Plan familytales-backups rules.weekly.lifecycle.deleteAfter", "28"),
    "Monthly Backups: 12 months": ("setting", "backup.monthly_months", "12"),
    "Primary: AWS RDS": ("primary", "engine", "postgres"),
}


@pytest.mark.parametrize("source", stacks.SOURCES)
def test_a_value_of_a_stack_is_what_the_program_makes(source: str, index: Page) -> None:
    assert source in {where for _, where, _ in stacks.told(index)}
    assert not stacks.otherwise(index, _SERVICE, source)


def test_what_the_design_says_of_infrastructure_is_in_the_graph_or_decided_otherwise(index: Page) -> None:
    assert not holding.undecided(index)


def test_a_decision_speaks_of_what_it_decided(index: Page) -> None:
    assert not holding.unspoken(index)


@pytest.mark.parametrize("asked", _AS_ASKED)
def test_production_has_what_the_design_asks_for(asked: str, index: Page) -> None:
    (row,) = [row for row in index.rows() if row.name == asked]
    source, name, value = _AS_ASKED[asked]
    assert row.fate == "kept"
    assert stacks.SOURCES[source]("prod", name, _SERVICE) == value


def test_a_setting_that_is_kept_is_one_of_those(index: Page) -> None:
    kept = {row.name for row in index.rows() if row.fate == "kept" and any(" " in item.kind for item in row.today)}
    assert kept == set(_AS_ASKED)


def test_a_month_is_never_shorter_than_a_month() -> None:
    """Twelve months are 372 days: in days of a year the twelfth snapshot would be gone before the first returns."""
    months = stacks.setting("prod", "backup.monthly_months", _SERVICE)
    days = stacks.resource("prod", "backup.Plan familytales-backups rules.monthly.lifecycle.deleteAfter")
    assert months is not None
    assert days is not None
    assert int(days) == 31 * int(months)


def test_two_tasks_take_the_designs_ten_thousand_users() -> None:
    tasks, clients = stacks.setting("prod", "pooler.tasks", _SERVICE), stacks.line("prod", "max_client_conn", _SERVICE)
    assert tasks is not None
    assert clients is not None
    assert int(tasks) * int(clients) == 10_000


def test_the_volume_may_grow_to_what_the_design_expects_of_a_year() -> None:
    most = stacks.primary("prod", "max_allocated_storage", _SERVICE)
    assert most is not None
    assert int(most) * 1024**3 >= 1.4e12


def test_more_connections_than_the_server_takes_are_opened_in_no_stack() -> None:
    """The design's 25 for each service, and its 100 for the database, were numbers without a relation."""
    for stack in stacks.STACKS:
        tasks, each = (
            stacks.setting(stack, name, _SERVICE) for name in ("pooler.most_tasks", "pooler.connections_per_task")
        )
        most = stacks.parameter(stack, "max_connections", _SERVICE)
        assert tasks is not None
        assert each is not None
        assert most is not None
        # Twice, while the pooler's tasks are replaced.
        assert 2 * int(tasks) * int(each) < int(most), stack
