"""What docs/familytales.md says in tables is what is in service.toml, in the database and in the folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sql.databases import Database
from tests.sql.documents import is_there, jobs, links, roles, table

_SERVICE = Path(__file__).resolve().parents[2] / "sql/familytales"


@pytest.mark.parametrize("target", links("familytales"))
def test_what_it_links_to_is_there(target: str) -> None:
    assert is_there(target)


def test_the_table_of_roles_is_what_the_service_says() -> None:
    assert table("familytales", "Roles") == roles("familytales")


def test_the_table_of_what_each_role_of_a_member_may_is_what_the_columns_say(familytales: Database) -> None:
    """What a role may stands in generated columns; reading, which all may, in none."""
    owner = familytales.asked_by("familytales_app", None, "SELECT register_user('1', '1@example.com')")[0][0]
    family = familytales.asked_by("familytales_app", owner, "SELECT create_family('f')")[0][0]
    for role in ("viewer", "member", "editor", "admin"):
        user = familytales.asked_by(
            "familytales_app", None, "SELECT register_user(%s::text, %s || '@example.com')", role, role
        )[0][0]
        familytales.run(
            "INSERT INTO familytales.family_members (family_id, user_id, role) VALUES (%s, %s, %s)", family, user, role
        )
    may = familytales.rows(
        "SELECT can_post, can_edit, can_delete, can_invite, can_download, can_admin FROM familytales.family_members"
        " ORDER BY familytales.rank(role)"
    )

    ticks = [[cell == "✓" for cell in row[1:]] for row in table("familytales", "Who may do what in a family")]

    assert ticks[0] == [True] * 5
    assert ticks[1:7] == [list(line) for line in zip(*may, strict=True)]
    assert ticks[7] == [False] * 4 + [True]


def test_the_table_of_partitions_is_what_the_policy_says(familytales: Database) -> None:
    words = {"1 mon": "month", "1 year": "year", "drop": "dropped", "detach": "detached into `archive`"}
    keep = {"7 years": "7 years", "2 years": "24 months"}
    found = familytales.asked_by(
        "familytales_migrator",
        None,
        "SELECT parent::text, every::text, premake, justify_interval(keep)::text, on_expiry FROM ops.partition_policy",
    )
    assert sorted(table("familytales", "Seven years, and the archive")) == sorted(
        [f"`{parent}`", words[every], str(premake), keep[kept], words[on_expiry]]
        for parent, every, premake, kept, on_expiry in found
    )


def test_each_job_and_each_query_has_its_row() -> None:
    assert sorted(row[0].strip("`") for row in table("familytales", "Jobs")) == jobs("familytales")
    assert sorted(row[0].strip("`") for row in table("familytales", "Queries")) == sorted(
        path.stem for path in (_SERVICE / "queries").glob("*.sql")
    )


def test_the_functions_of_members_are_there_with_these_arguments(familytales: Database) -> None:
    named = [name for row in table("familytales", "Who may do what in a family", 2) for name in row[0].split(", `")]
    assert len(named) == 12
    for shown in named:
        name = shown.strip("`").split("(")[0]
        wanted = shown.count(",") + 1 if "(" in shown else 0
        found = familytales.rows(
            "SELECT pronargs, has_function_privilege('familytales_app', oid, 'EXECUTE') FROM pg_proc"
            " WHERE pronamespace = 'familytales'::regnamespace AND proname = %s",
            name,
        )
        assert found == [(wanted, True)]
