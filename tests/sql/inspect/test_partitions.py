"""Partitions: their bounds in order, gaps, how far ahead they reach, and what lies in the default one."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.databases import Database
from tests.sql.inspect.queries import Row, ask


def _of(master: psycopg.Connection, relation: str) -> tuple[Row, list[Row]]:
    """The row of a partitioned table, and those of its partitions."""
    head, *rows = [row for row in ask(master, "partitions") if row["relation"] == relation]
    assert head["partition"] is None
    return head, rows


def test_a_gap_between_two_months_is_named(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public."Events" (at timestamptz) PARTITION BY RANGE (at);
        CREATE TABLE public."E 3" PARTITION OF public."Events" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
        CREATE TABLE public."E 1" PARTITION OF public."Events" FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE public."E 4" PARTITION OF public."Events" FOR VALUES FROM ('2024-04-01') TO ('2024-05-01');
    """)
    head, rows = _of(master, 'public."Events"')
    assert [row["partition"] for row in rows] == ['public."E 1"', 'public."E 3"', 'public."E 4"']
    gap = "nothing from 2024-02-01 00:00:00+00 to 2024-03-01 00:00:00+00"
    assert [row["finding"] for row in rows] == [None, gap, None]
    assert rows[0]["bound"] == "FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00')"
    assert (head["finding"], head["partitions"]) == ("1 gaps; no partition for today", 3)


@pytest.mark.parametrize("column", ["integer", "bigint", "numeric"])
def test_numbers_are_put_in_order_as_numbers(column: str, master: psycopg.Connection) -> None:
    master.execute(f"CREATE TABLE public.n (id {column}) PARTITION BY RANGE (id)".encode())
    for name, low, high in (("a", "MINVALUE", "-10"), ("b", "-10", "9"), ("c", "10", "100"), ("d", "100", "MAXVALUE")):
        master.execute(
            f"CREATE TABLE public.n_{name} PARTITION OF public.n FOR VALUES FROM ({low}) TO ({high})".encode()
        )
    head, rows = _of(master, "public.n")
    assert [(row["partition"][-1], row["finding"]) for row in rows] == [
        ("a", None),
        ("b", None),
        ("c", "nothing from 9 to 10"),
        ("d", None),
    ]
    assert (head["finding"], head["ahead_days"]) == ("1 gaps", None)


@pytest.mark.parametrize("style", ["ISO", "SQL, DMY", "German", "Postgres, MDY"])
def test_the_style_of_dates_does_not_matter(style: str, master: psycopg.Connection) -> None:
    master.execute("SELECT set_config('datestyle', %s, false)", [style])
    master.execute("""
        CREATE TABLE public.d (at date) PARTITION BY RANGE (at);
        CREATE TABLE public.d_2 PARTITION OF public.d FOR VALUES FROM (make_date(2024, 3, 4))
            TO (make_date(2024, 5, 6));
        CREATE TABLE public.d_1 PARTITION OF public.d FOR VALUES FROM (make_date(2023, 12, 31))
            TO (make_date(2024, 3, 4));
        CREATE TABLE public.d_3 PARTITION OF public.d FOR VALUES FROM (make_date(2024, 5, 6)) TO ('infinity');
    """)
    head, rows = _of(master, "public.d")
    assert [(row["partition"][-1], row["finding"]) for row in rows] == [("1", None), ("2", None), ("3", None)]
    assert head["finding"] is None


def test_rows_in_the_default_partition_are_told_and_can_be_counted(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.t (id integer) PARTITION BY RANGE (id);
        CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES FROM (0) TO (10);
        CREATE TABLE public.t_rest PARTITION OF public.t DEFAULT;
    """)
    head, [rest, _] = _of(master, "public.t")
    assert (head["finding"], rest["finding"], rest["rows_estimated"]) == (None, None, 0)
    master.execute("INSERT INTO public.t SELECT generate_series(5, 14)")
    master.execute("SELECT pg_stat_force_next_flush()")
    head, [rest, _] = _of(master, "public.t")
    assert (head["finding"], rest["finding"]) == ("rows in the default partition", "default partition with rows")
    assert rest["rows_estimated"] == 5
    assert master.execute(rest["count_exactly"].encode()).fetchall() == [(5,)]


def test_a_default_partition_without_statistics_is_not_called_empty(
    master: psycopg.Connection, database: Database
) -> None:
    master.execute("""
        CREATE TABLE public.t (id integer) PARTITION BY RANGE (id);
        CREATE TABLE public.t_rest PARTITION OF public.t DEFAULT WITH (autovacuum_enabled = off);
        INSERT INTO public.t VALUES (1);
        SELECT pg_stat_force_next_flush();
    """)
    with psycopg.connect(
        f"{database.server.running.superuser_conninfo} dbname={database.name}", autocommit=True
    ) as superuser:
        superuser.execute("SELECT pg_stat_reset()")
    _, [rest] = _of(master, "public.t")
    assert rest["finding"] == "default partition with pages: count"
    assert master.execute(rest["count_exactly"].encode()).fetchall() == [(1,)]


def test_how_far_ahead_partitions_are_is_told_in_days(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.t (at timestamptz) PARTITION BY RANGE (at)")
    [(low, high)] = master.execute(
        "SELECT (now() - interval '1 day')::text, (now() + interval '40 days')::text"
    ).fetchall()
    master.execute(f"CREATE TABLE public.t_1 PARTITION OF public.t FOR VALUES FROM ('{low}') TO ('{high}')".encode())
    head, _ = _of(master, "public.t")
    assert 39 < head["ahead_days"] <= 40
    assert head["finding"] is None


def test_a_table_without_partitions_says_so(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.t (at timestamptz) PARTITION BY RANGE (at)")
    assert _of(master, "public.t")[0]["finding"] == "no partitions"


def test_other_kinds_of_partitions_are_shown_with_their_bounds(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.l (a text) PARTITION BY LIST (a);
        CREATE TABLE public.l_1 PARTITION OF public.l FOR VALUES IN ('x', 'FROM (1) TO (2)');
        CREATE TABLE public.h (a text) PARTITION BY HASH (a);
        CREATE TABLE public.h_1 PARTITION OF public.h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE public.r (a integer, b text) PARTITION BY RANGE (a, b);
        CREATE TABLE public.r_1 PARTITION OF public.r FOR VALUES FROM (1, 'x') TO (2, MAXVALUE);
        CREATE TABLE public.e (a text) PARTITION BY RANGE (lower(a));
        CREATE TABLE public.e_1 PARTITION OF public.e FOR VALUES FROM ('a') TO ('b''c');
        CREATE TABLE public.n (a integer) PARTITION BY RANGE (a);
        CREATE TABLE public.n_1 PARTITION OF public.n FOR VALUES FROM (0) TO (10) PARTITION BY LIST (a);
        CREATE TABLE public.n_1_1 PARTITION OF public.n_1 FOR VALUES IN (1);
        INSERT INTO public.n VALUES (1);
    """)
    bounds = {row["partition"]: row["bound"] for row in ask(master, "partitions") if row["partition"]}
    assert bounds == {
        "public.l_1": "FOR VALUES IN ('x', 'FROM (1) TO (2)')",
        "public.h_1": "FOR VALUES WITH (modulus 2, remainder 0)",
        "public.r_1": "FOR VALUES FROM (1, 'x') TO (2, MAXVALUE)",
        "public.e_1": "FOR VALUES FROM ('a') TO ('b''c')",
        "public.n_1": "FOR VALUES FROM (0) TO (10)",
        "public.n_1_1": "FOR VALUES IN (1)",
    }
    assert {row["finding"] for row in ask(master, "partitions")} == {None}
    _, [nested] = _of(master, "public.n")
    assert nested["total_bytes"] == 8192


def test_tables_with_a_finding_come_first(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.a (id integer) PARTITION BY RANGE (id);
        CREATE TABLE public.a_1 PARTITION OF public.a FOR VALUES FROM (0) TO (1);
        CREATE TABLE public.b (id integer) PARTITION BY RANGE (id);
    """)
    assert [row["relation"] for row in ask(master, "partitions")] == ["public.b", "public.a", "public.a"]


def test_the_partitions_of_the_services_are_ahead_and_without_gaps(platform: Database, familytales: Database) -> None:
    for database, tables in (
        (platform, {"app.tasks", "app.notifications"}),
        (familytales, {"familytales.content_segments"}),
    ):
        with database.master() as master:
            rows = ask(master, "partitions")
        heads = {row["relation"]: row for row in rows if row["partition"] is None}
        assert tables <= set(heads)
        assert {name: head["finding"] for name, head in heads.items() if head["finding"]} == {}
        assert all(heads[name]["ahead_days"] > 150 for name in tables)
        # Rows that other tests wrote for times long gone lie in default partitions.
        found = {row["finding"] for row in rows}
        assert {finding for finding in found if not str(finding).startswith("default")} == {None}
