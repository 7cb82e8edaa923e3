"""What docs/platform.md says in tables is what is in service.toml, in the database and in the folder of jobs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.sql.databases import Database

_REPOSITORY = Path(__file__).resolve().parents[3]
_DOCUMENT = (_REPOSITORY / "docs/platform.md").read_text(encoding="utf-8")
_SERVICE = _REPOSITORY / "sql/platform"


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its head."""
    section = re.split(r"^## ", _DOCUMENT.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_the_table_of_roles_is_what_the_service_says() -> None:
    wanted = []
    for role in tomllib.loads((_SERVICE / "service.toml").read_text(encoding="utf-8"))["login_roles"]:
        settings = role["settings"]
        limits = [
            settings.get(name, "–")
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
        ]
        through = "pooler" if role["pooled"] else "direct"
        if settings.get("default_transaction_read_only") == "on":
            through += ", read only"
        purpose = re.sub(r" \(docs/platform\.md says how\)$", "", role["purpose"])
        wanted.append([f"`{role['name']}`", purpose, through, *limits])
    assert table("Roles") == wanted


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
    assert sorted(table("Partitions and what is kept")) == sorted(wanted)


def test_each_job_has_its_row() -> None:
    jobs = sorted(path.stem for path in (_SERVICE / "jobs").glob("*.sql"))
    assert sorted(row[0].strip("`") for row in table("Jobs")) == jobs


def test_the_tables_that_are_audited_are_named(platform: Database) -> None:
    audited = platform.rows(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'audit.log_changes'::regproc ORDER BY 1"
    )
    assert [name for (name,) in audited] == [
        "app.organization_members",
        "app.organizations",
        "app.projects",
        "auth.roles",
        "auth.user_roles",
        "auth.users",
    ]
    assert "Each change of users, roles, user roles, organisations, their members and projects" in _DOCUMENT


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", _DOCUMENT))
def test_what_it_links_to_is_there(target: str) -> None:
    assert (_REPOSITORY / "docs" / target).exists()
