"""Which indexes are missing, unused and superfluous."""

from __future__ import annotations

import contextlib

import psycopg

from tests.sql.databases import Database
from tests.sql.inspect.queries import ask, by

_FLUSH = "SELECT pg_stat_force_next_flush()"


def _unindexed(master: psycopg.Connection) -> dict[str, int]:
    """The foreign keys that are listed, and how many of their columns lead an index."""
    return {row["foreign_key"]: row["leading_columns"] for row in ask(master, "unindexed_foreign_keys")}


def _with_keys(master: psycopg.Connection, *names: str) -> None:
    master.execute("CREATE TABLE public.parent (id integer PRIMARY KEY, org integer, UNIQUE (org, id))")
    columns = ", ".join(
        f'{name} integer CONSTRAINT "key_{name.strip(chr(34))}" REFERENCES public.parent' for name in names
    )
    master.execute(f"CREATE TABLE public.child ({columns}, note text)".encode())


def test_a_foreign_key_without_an_index_is_listed_and_one_with_an_index_is_not(master: psycopg.Connection) -> None:
    _with_keys(master, "bare", "led", "second", "hashed", "brin")
    master.execute("""
        CREATE INDEX ON public.child (led, note);
        CREATE INDEX ON public.child (note, second);
        CREATE INDEX ON public.child USING hash (hashed);
        CREATE INDEX ON public.child USING brin (brin);
    """)
    assert _unindexed(master) == {"key_bare": 0, "key_second": 0, "key_brin": 0}


def test_a_partial_index_serves_a_foreign_key_only_where_its_own_column_is_not_null(
    master: psycopg.Connection,
) -> None:
    _with_keys(master, "present", "alive", "mixed", "absent", '"Odd (x)"')
    master.execute("""
        CREATE INDEX ON public.child (present) WHERE present IS NOT NULL;
        CREATE INDEX ON public.child (alive) WHERE note IS NULL;
        CREATE INDEX ON public.child (mixed) WHERE mixed IS NOT NULL AND note IS NOT NULL;
        CREATE INDEX ON public.child (absent) WHERE absent IS NULL;
        CREATE INDEX ON public.child ("Odd (x)") WHERE "Odd (x)" IS NOT NULL;
    """)
    assert _unindexed(master) == {"key_alive": 0, "key_mixed": 0, "key_absent": 0}


def test_a_foreign_key_of_two_columns_wants_both_in_front_in_any_order(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.parent (id integer, org integer, UNIQUE (org, id))")
    for name, index in (
        ("both", "(id, org, note)"),
        ("partly", "(org, note, id)"),
        ("apart", "(note, org, id)"),
        ("present", "(org, id) WHERE org IS NOT NULL AND id IS NOT NULL"),
    ):
        master.execute(
            f"""
            CREATE TABLE public.{name} (org integer, id integer, note text,
                CONSTRAINT key_{name} FOREIGN KEY (org, id) REFERENCES public.parent (org, id));
            CREATE INDEX ON public.{name} {index};
        """.encode()
        )
    # A key that is unique by itself needs nothing behind it.
    master.execute("""
        CREATE TABLE public.single (org integer, id integer UNIQUE,
            CONSTRAINT key_single FOREIGN KEY (org, id) REFERENCES public.parent (org, id))
    """)
    assert _unindexed(master) == {"key_partly": 1, "key_apart": 0}


def test_an_invalid_index_serves_no_foreign_key(master: psycopg.Connection) -> None:
    _with_keys(master, "broken")
    master.execute("INSERT INTO public.parent VALUES (1); INSERT INTO public.child VALUES (1), (1)")
    with contextlib.suppress(psycopg.errors.UniqueViolation):
        master.execute("CREATE UNIQUE INDEX CONCURRENTLY broken_idx ON public.child (broken)")
    assert _unindexed(master) == {"key_broken": 0}
    [row] = [row for row in ask(master, "unused_indexes") if row["finding"] == "INVALID"]
    assert (row["index"], row["statement"]) == ("public.broken_idx", "DROP INDEX CONCURRENTLY public.broken_idx;")


def test_a_partitioned_table_is_listed_with_the_partitions_that_lack_the_index(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.parent (id integer PRIMARY KEY);
        CREATE TABLE public.split (at integer,
            bare integer CONSTRAINT key_bare REFERENCES public.parent ON DELETE CASCADE,
            led integer CONSTRAINT key_led REFERENCES public.parent) PARTITION BY RANGE (at);
        CREATE TABLE public.split_1 PARTITION OF public.split FOR VALUES FROM (0) TO (10);
        -- The same columns at other places.
        CREATE TABLE public.split_2 (gone text, led integer, bare integer, at integer);
        ALTER TABLE public.split_2 DROP COLUMN gone;
        ALTER TABLE public.split ATTACH PARTITION public.split_2 FOR VALUES FROM (10) TO (20);
        CREATE INDEX ON public.split (led);
        CREATE INDEX ON public.split_1 (bare);
    """)
    [row] = ask(master, "unindexed_foreign_keys")
    assert (row["foreign_key"], row["partitions_without"], row["on_delete"]) == ("key_bare", 1, "CASCADE")
    assert row["statement"].startswith("CREATE INDEX ON ONLY public.split (bare);")


def test_the_statement_that_is_proposed_settles_it(master: psycopg.Connection) -> None:
    _with_keys(master, '"Odd Key"')
    [row] = ask(master, "unindexed_foreign_keys")
    master.execute(row["statement"].encode())
    assert ask(master, "unindexed_foreign_keys") == []


def test_a_large_table_that_is_read_from_end_to_end_is_listed(master: psycopg.Connection) -> None:
    for name, rows in (("scanned", 20_000), ("small", 100), ("sought", 20_000)):
        master.execute(f"CREATE TABLE public.{name} (id integer PRIMARY KEY)".encode())
        master.execute(f"INSERT INTO public.{name} SELECT generate_series(1, {rows})".encode())
    for _ in range(3):
        master.execute("SELECT count(*) FROM public.scanned WHERE id % 7 = 0")
        master.execute("SELECT count(*) FROM public.small WHERE id % 7 = 0")
        master.execute("SELECT FROM public.sought WHERE id = 7")
    master.execute(_FLUSH)
    [row] = ask(master, "sequential_scans")
    # Making the primary key read the empty table once.
    assert (row["relation"], row["sequential_scans"], row["rows_read"]) == ("public.scanned", 4, 60_000)
    assert (row["rows_per_scan"], row["sequential_ratio"]) == (15_000, 1)


def test_an_index_that_nothing_reads_is_listed_unless_something_needs_it(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.parent (id integer PRIMARY KEY);
        CREATE TABLE public.things (id integer PRIMARY KEY, code text UNIQUE,
            parent_id integer REFERENCES public.parent,
            a integer, b integer, c integer NOT NULL, d integer, EXCLUDE USING btree (d WITH =));
        CREATE INDEX things_parent ON public.things (parent_id);
        CREATE INDEX things_idle ON public.things (a);
        CREATE INDEX things_used ON public.things (b);
        CREATE UNIQUE INDEX things_identity ON public.things (c);
        ALTER TABLE public.things REPLICA IDENTITY USING INDEX things_identity;
        INSERT INTO public.things (id, b, c) SELECT g, g, g FROM generate_series(1, 500) AS g;
    """)
    master.execute("ANALYZE public.things")
    with master.transaction():
        master.execute("SET LOCAL enable_seqscan = off")
        master.execute("SELECT id FROM public.things WHERE b BETWEEN 5 AND 6 ORDER BY b")
        master.execute("SELECT id FROM public.things WHERE b BETWEEN 5 AND 6 ORDER BY b")
    master.execute(_FLUSH)
    rows = by(ask(master, "unused_indexes"), "index")
    assert set(rows) == {"public.things_idle", "public.things_parent"}
    assert rows["public.things_idle"]["finding"] == "never scanned"
    assert rows["public.things_idle"]["statement"] == "DROP INDEX CONCURRENTLY public.things_idle;"
    assert rows["public.things_idle"]["rows_written"] == 500
    assert rows["public.things_idle"]["counted_on"] == "primary"
    assert [rows[f"public.things_{name}"]["serves_foreign_key"] for name in ("idle", "parent")] == [False, True]


def test_an_index_that_is_written_far_more_often_than_read_is_listed_as_rarely_scanned(
    master: psycopg.Connection,
) -> None:
    master.execute("CREATE TABLE public.things (a integer)")
    master.execute("CREATE INDEX things_a ON public.things (a)")
    master.execute("INSERT INTO public.things SELECT generate_series(1, 1500)")
    with master.transaction():
        master.execute("SET LOCAL enable_seqscan = off")
        master.execute("SELECT a FROM public.things WHERE a = 5")
    master.execute(_FLUSH)
    [row] = ask(master, "unused_indexes")
    assert (row["index"], row["finding"], row["scans"]) == ("public.things_a", "rarely scanned", 1)


def test_the_scans_of_one_partition_count_for_the_whole_index(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.split (at integer, used integer, idle integer) PARTITION BY RANGE (at);
        CREATE TABLE public.split_1 PARTITION OF public.split FOR VALUES FROM (0) TO (10);
        CREATE TABLE public.split_2 PARTITION OF public.split FOR VALUES FROM (10) TO (20);
        CREATE INDEX split_used ON public.split (used);
        CREATE INDEX split_idle ON public.split (idle);
        INSERT INTO public.split SELECT g % 20, g, g FROM generate_series(1, 100) AS g;
    """)
    with master.transaction():
        master.execute("SET LOCAL enable_seqscan = off")
        master.execute("SELECT used FROM public.split_1 WHERE used = 5")
    master.execute(_FLUSH)
    [row] = ask(master, "unused_indexes")
    assert (row["index"], row["partitions"]) == ("public.split_idle", 2)
    assert row["statement"] == "DROP INDEX public.split_idle;"
    master.execute(row["statement"].encode())


def _superfluous(master: psycopg.Connection) -> dict[str, tuple[str, str]]:
    return {
        row["index"].removeprefix("public."): (row["finding"], row["covered_by"].removeprefix("public."))
        for row in ask(master, "duplicate_indexes")
    }


def test_an_index_with_the_same_or_the_first_keys_of_another_is_listed(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.t (a integer, b integer, c text);
        CREATE INDEX t_ab ON public.t (a, b);
        CREATE INDEX t_ab_again ON public.t (a, b);
        CREATE INDEX t_a ON public.t (a);
        CREATE INDEX t_b ON public.t (b);
        CREATE INDEX t_lower ON public.t (lower(c));
        CREATE INDEX t_lower_a ON public.t (lower(c), a);
        CREATE INDEX t_a_where ON public.t (a) WHERE b IS NULL;
        CREATE INDEX t_ab_where ON public.t (a, b) WHERE b IS NULL;
    """)
    assert _superfluous(master) == {
        "t_ab_again": ("same keys", "t_ab"),
        "t_a": ("first keys", "t_ab"),
        "t_lower": ("first keys", "t_lower_a"),
        "t_a_where": ("first keys", "t_ab_where"),
    }


def test_indexes_that_differ_in_what_they_can_serve_are_not_listed(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.t (a integer, b integer, c text, d text);
        CREATE INDEX ON public.t (a);
        CREATE INDEX ON public.t (a DESC, b);
        CREATE INDEX ON public.t USING hash (a);
        CREATE INDEX ON public.t (b) INCLUDE (c);
        CREATE INDEX ON public.t (b, a);
        CREATE INDEX ON public.t (c);
        CREATE INDEX ON public.t (c text_pattern_ops, b);
        CREATE INDEX ON public.t (c COLLATE "C", b);
        CREATE INDEX ON public.t (d);
        CREATE INDEX ON public.t (d) WHERE a IS NULL;
    """)
    assert _superfluous(master) == {}


def test_what_holds_a_rule_is_never_called_superfluous(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.t (id integer PRIMARY KEY, code text, n integer NOT NULL);
        CREATE INDEX t_id ON public.t (id);
        CREATE INDEX t_id_code ON public.t (id, code);
        CREATE UNIQUE INDEX t_code ON public.t (code);
        CREATE INDEX t_code_n ON public.t (code, n);
        CREATE INDEX t_n ON public.t (n);
        CREATE UNIQUE INDEX t_n_unique ON public.t (n);
        CREATE UNIQUE INDEX t_n_identity ON public.t (n);
        ALTER TABLE public.t REPLICA IDENTITY USING INDEX t_n_identity;
    """)
    found = _superfluous(master)
    assert set(found) == {"t_id", "t_n", "t_n_unique"}
    assert found["t_id"] == ("same keys", "t_pkey")
    assert found["t_n_unique"] == ("same keys", "t_n_identity")


def test_included_columns_have_to_be_in_the_covering_index(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.t (a integer, b integer, c integer);
        CREATE INDEX t_a_with_c ON public.t (a) INCLUDE (c);
        CREATE INDEX t_a_with_b ON public.t (a) INCLUDE (b);
        CREATE INDEX t_ab ON public.t (a, b);
        CREATE INDEX t_a ON public.t (a);
    """)
    assert _superfluous(master) == {"t_a_with_b": ("first keys", "t_ab"), "t_a": ("same keys", "t_a_with_c")}


def test_an_index_of_a_partitioned_table_is_listed_once(master: psycopg.Connection) -> None:
    master.execute("""
        CREATE TABLE public.split (at integer, a integer) PARTITION BY RANGE (at);
        CREATE TABLE public.split_1 PARTITION OF public.split FOR VALUES FROM (0) TO (10);
        CREATE INDEX split_a ON public.split (a);
        CREATE INDEX split_a_again ON public.split (a);
        CREATE INDEX split_1_own ON public.split_1 (a);
    """)
    found = _superfluous(master)
    assert set(found) == {"split_a_again", "split_1_own"}
    assert found["split_a_again"] == ("same keys", "split_a")


def test_the_services_have_no_index_twice(platform: Database, familytales: Database) -> None:
    for database in (platform, familytales):
        with database.master() as master:
            assert [row["index"] for row in ask(master, "duplicate_indexes") if row["finding"] == "same keys"] == []
