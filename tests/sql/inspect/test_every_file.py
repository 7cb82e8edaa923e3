"""What holds for each monitoring query: it runs everywhere, for everybody who may look, and changes nothing."""

from __future__ import annotations

import os
import re
import subprocess

import postgast
import psycopg
import pytest

from tests.sql.databases import Database, Server, password_of
from tests.sql.inspect.queries import FOLDER, NAMES, REPOSITORY, ask, text

_EXPECTED = {
    "bloat_indexes",
    "bloat_tables",
    "cache_hit",
    "connections",
    "duplicate_indexes",
    "locks",
    "partitions",
    "replication_lag",
    "sequential_scans",
    "sizes",
    "slow_queries",
    "transaction_age",
    "unindexed_foreign_keys",
    "unused_indexes",
    "vacuum",
}
_CATALOGS = re.compile(r"\bpg_catalog\.(pg_\w+)")


def test_these_are_all_of_them() -> None:
    assert set(NAMES) == _EXPECTED


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_one_query_with_a_head_an_order_and_a_limit(name: str) -> None:
    statements = postgast.parse(text(name)).stmts
    assert [statement.stmt.WhichOneof("node") for statement in statements] == ["select_stmt"]
    query = statements[0].stmt.select_stmt
    assert query.HasField("limit_count")
    assert query.sort_clause


@pytest.mark.parametrize("name", NAMES)
def test_a_head_says_what_is_bad_and_what_it_needs(name: str) -> None:
    lines = text(name).splitlines()
    head = lines[: next(at for at, line in enumerate(lines) if not line.startswith("--"))]
    assert 4 <= len(head) <= 12
    assert any(line.startswith("-- Bad: ") for line in head)
    assert any(line.startswith("-- Needs: ") for line in head)
    assert max(map(len, lines)) <= 120
    assert "\t" not in text(name)


def test_every_file_stands_in_the_table_of_the_documentation() -> None:
    table = re.findall(r"^\| `(\w+)\.sql` \|", (REPOSITORY / "docs" / "inspect.md").read_text(), re.MULTILINE)
    assert sorted(table) == NAMES


@pytest.mark.parametrize("where", ["empty", "platform", "familytales"])
@pytest.mark.parametrize("name", NAMES)
def test_the_master_user_may_ask_it_everywhere(
    name: str, where: str, server: Server, migrated: dict[str, Database]
) -> None:
    database = migrated[where].name if where in migrated else where
    ask(server.keep(database, server.running.user, server.running.password), name)


@pytest.mark.parametrize("where", ["empty", "platform", "familytales"])
@pytest.mark.parametrize("name", NAMES)
def test_a_member_of_pg_monitor_may_ask_it_everywhere(
    name: str, where: str, server: Server, migrated: dict[str, Database], monitor: str
) -> None:
    database = migrated[where].name if where in migrated else where
    ask(server.keep(database, monitor, password_of(monitor)), name)


def test_a_role_without_any_privilege_gets_an_answer_too(server: Server, migrated: dict[str, Database]) -> None:
    with migrated["platform"].login("platform_app") as application:
        for name in NAMES:
            ask(application, name)


def test_psql_runs_every_file_in_sessions_that_may_not_write(server: Server, migrated: dict[str, Database]) -> None:
    running = server.running
    files = [argument for name in NAMES for argument in ("-f", str(FOLDER / f"{name}.sql"))]
    answer = subprocess.run(
        [running.engine.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *files],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PGHOST": running.host,
            "PGPORT": str(running.port),
            "PGUSER": running.user,
            "PGPASSWORD": running.password,
            "PGDATABASE": migrated["platform"].name,
            "PGSSLMODE": "disable",
            "PGOPTIONS": "-c default_transaction_read_only=on -c search_path=pg_catalog -c lock_timeout=2s",
        },
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.count(" rows)") + answer.stdout.count("(1 row)") == len(NAMES)


def test_tables_that_bear_the_names_of_catalogs_do_not_get_in_the_way(master: psycopg.Connection) -> None:
    master.execute("CREATE SCHEMA shadow")
    named = {catalog for name in NAMES for catalog in _CATALOGS.findall(text(name))}
    relations = master.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relname = ANY (%s)",
        [sorted(named)],
    ).fetchall()
    assert len(relations) > 20
    for (relation,) in relations:
        master.execute(f"CREATE TABLE shadow.{relation} ()".encode())
    master.execute("SET search_path = shadow, pg_catalog")
    for name in NAMES:
        ask(master, name)


def test_odd_names_are_quoted_and_do_no_harm(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE SCHEMA "Odd Schema";
        CREATE TABLE "Odd Schema"."Pa""rent's" ("Key" integer PRIMARY KEY);
        CREATE TABLE "Odd Schema"."Ch%ild" ("Re(f)" integer REFERENCES "Odd Schema"."Pa""rent's", "select" text);
        CREATE INDEX "Odd.Index" ON "Odd Schema"."Ch%ild" ("select");
        CREATE INDEX "Odd.Index 2" ON "Odd Schema"."Ch%ild" ("select");
        INSERT INTO "Odd Schema"."Pa""rent's" VALUES (1);
        INSERT INTO "Odd Schema"."Ch%ild" VALUES (1, 'a');
        CREATE TABLE "Odd Schema"."Split" ("At" date) PARTITION BY RANGE ("At");
        CREATE TABLE "Odd Schema"."Sp.lit" PARTITION OF "Odd Schema"."Split" DEFAULT;
        INSERT INTO "Odd Schema"."Split" VALUES ('2024-01-01');
        ANALYZE;
    """)
    child = '"Odd Schema"."Ch%ild"'
    assert child in {row["relation"] for row in ask(master, "sizes")}
    for name in ("bloat_tables", "cache_hit", "vacuum", "unindexed_foreign_keys", "unused_indexes"):
        assert child in {row["relation"] for row in ask(master, name)}, name
    assert [(row["index"], row["covered_by"]) for row in ask(master, "duplicate_indexes")] == [
        ('"Odd Schema"."Odd.Index 2"', '"Odd Schema"."Odd.Index"')
    ]
    [default] = [row for row in ask(master, "partitions") if row["count_exactly"]]
    assert default["partition"] == '"Odd Schema"."Sp.lit"'
    assert master.execute(default["count_exactly"].encode()).fetchall() == [(1,)]
