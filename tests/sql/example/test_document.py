"""What docs/platform.md says in tables is what is in service.toml, in the database and in the folder of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sql.databases import Database
from tests.sql.documents import is_there, jobs, links, roles, table

_DOCUMENT = Path(__file__).resolve().parents[3] / "docs/platform.md"


def test_the_table_of_roles_is_what_the_service_says() -> None:
    assert table("platform", "Roles") == roles("platform")


def test_the_table_of_partitions_is_what_the_policy_says(platform: Database) -> None:
    words = {"1 day": "day", "1 mon": "month", "drop": "dropped", "hold_open": "dropped when no task in it is open"}
    found = platform.asked_by(
        "platform_migrator",
        None,
        "SELECT parent::text, every::text, premake, extract(year FROM keep) * 12 + extract(month FROM keep), on_expiry"
        "  FROM ops.partition_policy",
    )
    wanted = [
        [f"`{parent}`", words[every], str(premake), f"{keep} months", words[on_expiry]]
        for parent, every, premake, keep, on_expiry in found
    ]
    assert sorted(table("platform", "Partitions and what is kept")) == sorted(wanted)


def test_each_job_has_its_row() -> None:
    assert sorted(row[0].strip("`") for row in table("platform", "Jobs")) == jobs("platform")


def test_the_tables_that_are_audited_are_named(platform: Database) -> None:
    audited = platform.rows(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'audit\\_%%\\_insert' ORDER BY 1"
    )
    assert [name for (name,) in audited] == [
        "app.organization_members",
        "app.organizations",
        "app.projects",
        "auth.roles",
        "auth.user_roles",
        "auth.users",
    ]
    assert "Each change of users, roles, user roles, organisations, their members and projects" in _DOCUMENT.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("target", links("platform"))
def test_what_it_links_to_is_there(target: str) -> None:
    assert is_there(target)
