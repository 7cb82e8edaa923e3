"""Partitions are reached through their tables, and maintained by whoever owns these."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from psycopg import errors

from tests.sql.databases import Database
from tests.sql.partitions.world import Owner, month

_AUDIT = """
CREATE TABLE audit.kept (id uuid NOT NULL DEFAULT gen_random_uuid(), at timestamptz NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
ALTER TABLE audit.kept ENABLE ROW LEVEL SECURITY;
SELECT ops.create_default_partition('audit.kept', 'kept_default');
"""
_POLICY = (
    "INSERT INTO ops.partition_policy (parent, every, premake, keep, on_expiry, prefix)"
    " VALUES ('audit.kept', '1 month', 2, '24 months', %s, 'kept')"
)


def _login_roles(service: str) -> list[str]:
    data = tomllib.loads((Path("sql") / service / "service.toml").read_text())
    # The migrator acts as the owner, and who dumps the database reads all of it.
    apart = (f"{service}_migrator", f"{service}_backup")
    return [role["name"] for role in data["login_roles"] if role["name"] not in apart]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT FROM part.{leaf}",
        "SELECT FROM ops.partition_policy",
        "SELECT FROM ops.detached_partitions",
        "SELECT FROM ops.partition_report",
        "CALL ops.maintain_partitions()",
        "SELECT ops.attach_partition('a')",
        "SELECT ops.partition_policies('platform_owner')",
        "CREATE TABLE archive.mine ()",
    ],
)
def test_no_role_of_an_application_reaches_partitions_or_what_keeps_them(
    migrated: dict[str, Database], service_name: str, query: str
) -> None:
    leaf = {"platform": "tasks_default", "familytales": "content_segments_default"}[service_name]
    roles = _login_roles(service_name)
    assert roles
    for role in roles:
        if role.endswith("_archivist") and "detached_partitions" in query:
            # He has to know their names.
            continue
        # A role that only reads may not even try to make a table.
        with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
            migrated[service_name].asked_by(role, None, query.format(leaf=leaf))


@pytest.mark.parametrize("on_expiry", ["drop", "detach"])
def test_a_table_of_another_owner_is_maintained_as_that_owner(owner: Owner, on_expiry: str) -> None:
    owner.do("GRANT USAGE, CREATE ON SCHEMA audit TO platform_audit")
    owner.do("SELECT ops.let_maintain_partitions('platform_audit')")
    owner.do("SET LOCAL ROLE platform_audit")
    owner.connection.execute(_AUDIT)
    owner.do("SET LOCAL ROLE platform_owner")
    owner.do(_POLICY, on_expiry)

    # The owner of the others leaves it alone.
    assert owner.maintain() == []
    owner.do("SELECT ops.check_partitions()")

    owner.do("SET LOCAL ROLE platform_audit")
    for distance in (-40, 5):
        owner.do("INSERT INTO audit.kept (at) VALUES (%s)", month(distance))
    done = owner.maintain()
    owner.do("SELECT ops.check_partitions()")

    old = f"kept_{month(-40):%Y_%m}"
    assert [run.split("'")[3] if "create" in run else run for run in done] == [
        old,
        f"kept_{month(5):%Y_%m}",
        *(f"kept_{month(distance):%Y_%m}" for distance in (0, 1, 2)),
        f"SELECT ops.expire_partition('part.{old}')",
    ]
    assert owner.rows("SELECT at FROM audit.kept") == [(month(5),)]
    assert (owner.one("SELECT to_regclass(%s)::text", f"archive.{old}") is not None) == (on_expiry == "detach")
    assert owner.rows(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_inherits ON inhrelid = oid"
        " WHERE inhparent = 'audit.kept'::regclass"
    ) == [("platform_audit",)]
    if on_expiry == "detach":
        owner.do("SELECT ops.attach_partition(%s)", old)
        assert owner.one("SELECT count(*) FROM audit.kept") == 2
    owner.do("SET LOCAL ROLE platform_owner")
    # The report shows everybody's.
    assert owner.one("SELECT count(*) FROM ops.partition_report WHERE parent = 'audit.kept'::regclass") == (
        6 if on_expiry == "detach" else 5
    )
