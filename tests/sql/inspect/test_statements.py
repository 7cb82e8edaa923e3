"""Slow queries where the server counts them. Collected where a build has pg_stat_statements (see conftest.py)."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from local.postgres import Temporary, temporary
from tests.sql.databases import password_of
from tests.sql.inspect.queries import COUNTING, ask, by


@pytest.fixture(scope="module")
def measuring() -> Iterator[Temporary]:
    """A server with pg_stat_statements preloaded, of the newest major whose build has it."""
    with temporary(COUNTING[-1], settings={"shared_preload_libraries": "pg_stat_statements"}) as running:
        yield running


@pytest.fixture
def measured(measuring: Temporary) -> Iterator[psycopg.Connection]:
    """The master user there, with nothing counted yet."""
    with (
        psycopg.connect(measuring.superuser_conninfo, autocommit=True) as superuser,
        psycopg.connect(measuring.conninfo, autocommit=True) as master,
    ):
        superuser.execute("SELECT pg_stat_statements_reset()")
        yield master


def test_statements_are_listed_without_the_noise_of_utility_commands(measured: psycopg.Connection) -> None:
    for _ in range(3):
        with measured.transaction():
            measured.execute("SET LOCAL work_mem = '8MB'")
            measured.execute(
                "/* app */ SELECT g\n  FROM generate_series(1, 10) AS g WHERE g < 99 AND NOT '{a}' && '{b}'::text[]"
            )
    measured.execute("CREATE TABLE IF NOT EXISTS public.counted (id integer)")
    measured.execute("INSERT INTO public.counted SELECT 1")
    rows = by(ask(measured, "slow_queries"), "query")
    words = {query.removeprefix("/* app */ ").split()[0] for query in rows}
    assert words == {"SELECT", "INSERT"}
    [asked] = [row for query, row in rows.items() if "/* app */" in query]
    assert (asked["calls"], asked["rows_per_call"], asked["role"]) == (3, 10, "estate_admin")
    assert "g < $" in asked["query"] and "&&" in asked["query"] and "\n" not in asked["query"]
    shares = [row["share_of_total_ratio"] for row in rows.values()]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1.001


def test_the_extension_is_found_in_any_schema(measuring: Temporary, measured: psycopg.Connection) -> None:
    with psycopg.connect(measuring.superuser_conninfo, autocommit=True) as superuser:
        superuser.execute('CREATE SCHEMA "Odd % Schema"')
        superuser.execute('ALTER EXTENSION pg_stat_statements SET SCHEMA "Odd % Schema"')
        try:
            [row] = ask(measured, "slow_queries")
            assert row["query"] == 'estate_admin may not use the schema "Odd % Schema", where pg_stat_statements is'
            superuser.execute('GRANT USAGE ON SCHEMA "Odd % Schema" TO PUBLIC')
            measured.execute("SELECT 'found'")
            assert "SELECT $1" in by(ask(measured, "slow_queries"), "query")
        finally:
            superuser.execute("ALTER EXTENSION pg_stat_statements SET SCHEMA public")
            superuser.execute('DROP SCHEMA "Odd % Schema"')


def test_a_role_that_may_not_read_queries_sees_their_figures(
    measuring: Temporary, measured: psycopg.Connection
) -> None:
    measured.execute("SELECT 'unseen'")
    measured.execute(
        f"CREATE ROLE plain LOGIN PASSWORD '{password_of('plain').replace(chr(39), chr(39) * 2)}'".encode()
    )
    try:
        with psycopg.connect(measuring.conninfo, user="plain", password=password_of("plain"), autocommit=True) as plain:
            queries = {row["query"] for row in ask(plain, "slow_queries")}
    finally:
        measured.execute("DROP ROLE plain")
    assert "<insufficient privilege>" in queries
    assert "SELECT $1" not in queries
