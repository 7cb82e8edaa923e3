"""What the server counts: statements, blocks, dead rows, sizes."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from tests.sql.databases import Database
from tests.sql.inspect.queries import ask, by, text

_FLUSH = "SELECT pg_stat_force_next_flush()"


def test_the_ratio_is_empty_where_nothing_was_read(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.untouched (id integer)")
    master.execute(_FLUSH)
    whole, untouched = ask(master, "cache_hit")
    assert whole["relation"] == "(all tables)"
    assert (untouched["relation"], untouched["hit_ratio"], untouched["read_bytes"]) == ("public.untouched", None, 0)


def test_what_lies_in_the_cache_counts_as_hit(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.t (id integer PRIMARY KEY, note text)")
    master.execute("INSERT INTO public.t SELECT g, 'a' FROM generate_series(1, 1000) AS g")
    for _ in range(5):
        master.execute("SELECT count(*) FROM public.t")
        master.execute("SELECT note FROM public.t WHERE id = 5")
    master.execute(_FLUSH)
    whole, row = ask(master, "cache_hit")
    assert row["relation"] == "public.t"
    assert 0.9 < row["hit_ratio"] <= 1
    assert 0.9 < row["index_hit_ratio"] <= 1
    assert row["toast_hit_ratio"] is None
    assert whole["hit_ratio"] == row["hit_ratio"]


def test_sizes_add_up_and_a_partitioned_table_is_one_row(master: psycopg.Connection, database: Database) -> None:
    master.execute("""
        CREATE TABLE public.split (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
        CREATE TABLE public.split_1 PARTITION OF public.split FOR VALUES FROM (0) TO (1000);
        CREATE TABLE public.split_2 PARTITION OF public.split FOR VALUES FROM (1000) TO (9000);
        ALTER TABLE public.split ALTER COLUMN note SET STORAGE EXTERNAL;
        INSERT INTO public.split SELECT g, repeat('x', 3000) FROM generate_series(1, 2000) AS g;
        ANALYZE;
    """)
    whole, row, *_ = ask(master, "sizes")
    assert whole["relation"] == f"(database {database.name})"
    assert (row["relation"], row["partitions"], row["rows_estimated"]) == ("public.split", 2, 2000)
    truth = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN ('split_1', 'split_2')"
    assert [(row["total_bytes"],)] == master.execute(truth).fetchall()
    assert row["total_bytes"] == row["heap_bytes"] + row["toast_bytes"] + row["index_bytes"]
    assert row["toast_bytes"] > 2000 * 3000
    assert 0 < row["share_of_database_ratio"] < 1


def test_a_threshold_is_reckoned_from_settings_and_from_the_tables_own_parameters(
    master: psycopg.Connection,
) -> None:
    master.execute("""
        CREATE TABLE public.usual (id integer) WITH (autovacuum_enabled = off);
        CREATE TABLE public.own (id integer) WITH (autovacuum_enabled = off, autovacuum_vacuum_threshold = 10,
            autovacuum_vacuum_scale_factor = 0.5, autovacuum_vacuum_insert_threshold = -1,
            autovacuum_analyze_threshold = 7, autovacuum_analyze_scale_factor = 0.25);
        INSERT INTO public.usual SELECT generate_series(1, 100);
        INSERT INTO public.own SELECT generate_series(1, 100);
    """)
    master.execute(_FLUSH)
    master.execute("ANALYZE public.usual, public.own")
    master.execute("DELETE FROM public.own WHERE id <= 80")
    master.execute(_FLUSH)
    rows = by(ask(master, "vacuum"), "relation")
    assert next(iter(rows)) == "public.own"
    columns = ("vacuum_threshold_rows", "insert_threshold_rows", "analyze_threshold_rows")
    assert [rows["public.usual"][column] for column in columns] == [50 + 20, 1000 + 20, 50 + 10]
    assert [rows["public.own"][column] for column in columns] == [10 + 50, None, 7 + 25]
    own = rows["public.own"]
    assert (own["dead_rows_estimated"], own["live_rows_estimated"], own["changed_rows_estimated"]) == (80, 20, 80)
    # 80 of 60 dead rows, 80 of 32 changed ones: the worst counts.
    assert own["overdue_ratio"] == 2.5
    assert own["finding"] == "autovacuum is switched off"
    assert (own["last_vacuum"], own["last_autovacuum"]) == (None, None)
    assert own["last_analyze"] is not None


def test_the_highest_threshold_of_postgresql_18_is_respected(master: psycopg.Connection) -> None:
    capped: LiteralString = (
        "CREATE TABLE public.capped (id integer)"
        " WITH (autovacuum_enabled = off, autovacuum_vacuum_max_threshold = 33, autovacuum_vacuum_insert_threshold = 5)"
    )
    if master.info.server_version < 180000:
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="unrecognized parameter"):
            master.execute(capped)
        return
    master.execute(capped)
    master.execute("INSERT INTO public.capped SELECT generate_series(1, 100)")
    master.execute("VACUUM (FREEZE, ANALYZE) public.capped")
    [row] = ask(master, "vacuum")
    assert row["vacuum_threshold_rows"] == 33
    # All pages are frozen, so no share of them counts.
    assert row["insert_threshold_rows"] == 5


def test_a_partitioned_table_that_was_never_analysed_comes_first(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public."Split" (id integer) PARTITION BY RANGE (id);
        CREATE TABLE public.split_1 PARTITION OF public."Split" FOR VALUES FROM (0) TO (1000);
        INSERT INTO public."Split" SELECT generate_series(1, 500);
        ANALYZE public.split_1;
    """)
    first = ask(master, "vacuum")[0]
    assert (first["relation"], first["live_rows_estimated"]) == ('public."Split"', 500)
    assert first["finding"] == "partitioned, never analysed: ANALYZE it"
    master.execute('ANALYZE public."Split"')
    assert by(ask(master, "vacuum"), "relation")['public."Split"']["finding"] is None
    master.execute("INSERT INTO public.split_1 SELECT 1 FROM generate_series(1, 300)")
    master.execute("ANALYZE public.split_1")
    row = by(ask(master, "vacuum"), "relation")['public."Split"']
    assert (row["finding"], row["changed_rows_estimated"]) == (
        "partitioned, its partitions changed since: ANALYZE it",
        300,
    )


def test_a_toast_table_goes_by_the_name_and_the_parameters_of_its_table(master: psycopg.Connection) -> None:
    master.execute('CREATE TABLE public."Long" (note text) WITH (autovacuum_vacuum_threshold = 11)')
    rows = by(ask(master, "vacuum"), "relation")
    assert rows['public."Long" (TOAST)']["vacuum_threshold_rows"] == 11
    assert rows['public."Long" (TOAST)']["analyze_threshold_rows"] is None
    master.execute('ALTER TABLE public."Long" SET (toast.autovacuum_vacuum_threshold = 22)')
    assert by(ask(master, "vacuum"), "relation")['public."Long" (TOAST)']["vacuum_threshold_rows"] == 22


def test_slow_queries_says_why_there_are_none(master: psycopg.Connection) -> None:
    [row] = ask(master, "slow_queries")
    assert (row["query"], row["calls"]) == (
        "pg_stat_statements is not created in this database: CREATE EXTENSION",
        None,
    )


def test_an_extension_that_was_not_preloaded_is_not_asked(database: Database) -> None:
    options = f"{database.server.running.superuser_conninfo} dbname={database.name}"
    with psycopg.connect(options, autocommit=True) as superuser:
        if not superuser.execute("SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements'").fetchall():
            with pytest.raises(psycopg.Error, match="pg_stat_statements"):
                superuser.execute("CREATE EXTENSION pg_stat_statements")
            return
        superuser.execute("CREATE EXTENSION pg_stat_statements")
        [row] = ask(superuser, "slow_queries")
        superuser.execute("DROP EXTENSION pg_stat_statements")
    assert row["query"] == "pg_stat_statements is not in shared_preload_libraries"


@pytest.mark.parametrize("timing", ["blk_read_time", "shared_blk_read_time"])
def test_the_columns_of_each_version_are_read(timing: str, master: psycopg.Connection) -> None:
    """A table stands in for the extension, which not every build has: its columns before 17, and from then on."""
    master.execute(
        f"""
        CREATE SCHEMA "Sta&ts";
        CREATE TABLE "Sta&ts".pg_stat_statements AS
            SELECT d.oid AS dbid, d.datdba AS userid, -7::bigint AS queryid, true AS toplevel,
                   4::bigint AS calls, 20::bigint AS rows,
                   e'SELECT ''<&>'',\r\n  "q\\\\" /* &lt; \u00e9 */' AS query, 40::float8 AS total_exec_time,
                   10::float8 AS mean_exec_time, 15::float8 AS max_exec_time, 1e-7::float8 AS stddev_exec_time,
                   30::bigint AS shared_blks_hit, 10::bigint AS shared_blks_read, 2::bigint AS temp_blks_written,
                   2.5::float8 AS {timing}
              FROM pg_database AS d WHERE d.datname = current_database();
    """.encode()
    )
    query = text("slow_queries")
    for real, double in (
        ("e.extname = 'pg_stat_statements'", "e.extname = 'plpgsql'"),
        ("SELECT n.nspname\n", "SELECT 'Sta&ts'::name AS nspname\n"),
        ("EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'pg_stat_statements.max')", "true"),
    ):
        assert real in query
        query = query.replace(real, double)
    cursor = master.execute(query.encode())
    [row] = [dict(zip([column.name for column in cursor.description or ()], values, strict=True)) for values in cursor]
    assert row["query"] == """SELECT '<&>', "q\\" /* &lt; \u00e9 */"""
    assert (row["calls"], row["rows_per_call"], row["cache_hit_ratio"]) == (4, 5, 0.75)
    assert (row["total_ms"], row["share_of_total_ratio"], row["mean_ms"], row["max_ms"]) == (40, 1, 10, 15)
    assert (row["read_ms"], row["temp_written_bytes"], row["stddev_ms"]) == (2.5, 16384, 0)
