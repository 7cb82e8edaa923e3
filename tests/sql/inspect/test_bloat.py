"""Estimates of bloat beside the truth: what VACUUM FULL leaves of the same table."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.databases import Database, password_of
from tests.sql.inspect.queries import Row, ask, by

# Columns, values for row g, keys of indexes. Each is a case of its own in the arithmetic.
_SHAPES = {
    "padding": (
        "flag boolean, id bigint, small smallint, at timestamptz, yes boolean, key uuid, n integer",
        "true, g, 1, now(), false, gen_random_uuid(), g",
        ["id", "small", "key, n"],
    ),
    "texts": (
        "id integer, a text, n integer, b text, at timestamptz",
        "g, repeat('x', g % 50), g, md5(g::text), now()",
        ["a", "b", "lower(b)", "n) INCLUDE (a"],
    ),
    "nulls": (
        "id integer, a text, at timestamptz, b bigint, c integer, d text, e bigint, f integer, g integer, h text",
        "g, CASE WHEN g % 2 = 0 THEN 'abc' END, CASE WHEN g % 3 = 0 THEN now() END, NULL, g, NULL,"
        " CASE WHEN g % 5 = 0 THEN g END, g, g, NULL",
        ["a", "e", "e) WHERE (e IS NOT NULL"],
    ),
    "documents": (
        "id uuid, doc jsonb, n numeric, tags text[]",
        "gen_random_uuid(), jsonb_build_object('a', g, 'b', repeat('y', g % 30)), g * 1.5, ARRAY['a', md5(g::text)]",
        ["id", "n"],
    ),
    "long": (
        "id integer, a text",
        "g, (SELECT string_agg(md5(g::text || i), '') FROM generate_series(1, 10 + g % 20) AS i)",
        ["id"],
    ),
}
_ROWS = 6000
# The files say how far their estimates may be off; these are the factors that they are held to.
_TABLE_FACTOR = 1.1
_INDEX_FACTOR = 1.2


def _plant(master: psycopg.Connection, options: str = "") -> None:
    for name, (columns, values, keys) in _SHAPES.items():
        master.execute(f"CREATE TABLE public.{name} ({columns}) WITH (autovacuum_enabled = off{options})".encode())
        master.execute(f"INSERT INTO public.{name} SELECT {values} FROM generate_series(1, {_ROWS}) AS g".encode())
        for number, key in enumerate(keys):
            master.execute(f"CREATE INDEX {name}_{number} ON public.{name} ({key})".encode())
    master.execute("VACUUM (ANALYZE)")


def _estimates(master: psycopg.Connection) -> tuple[dict[str, Row], dict[str, Row]]:
    return by(ask(master, "bloat_tables"), "relation"), by(ask(master, "bloat_indexes"), "index")


def test_what_is_estimated_to_be_needed_is_what_a_rewrite_leaves(master: psycopg.Connection) -> None:
    _plant(master)
    for name in _SHAPES:
        # Seven of ten rows, from everywhere in the table.
        master.execute(
            f"DELETE FROM public.{name} WHERE (ctid::text::point)[1]::integer % 10 NOT IN (0, 4, 7)".encode()
        )
    master.execute("VACUUM (ANALYZE)")
    tables, indexes = _estimates(master)
    master.execute("VACUUM (FULL, ANALYZE)")
    rewritten, rebuilt = _estimates(master)
    assert len(tables) == len(_SHAPES)
    for name, row in tables.items():
        truth = rewritten[name]["heap_bytes"]
        assert truth / _TABLE_FACTOR <= row["needed_bytes_estimated"] <= truth * _TABLE_FACTOR, (name, row, truth)
        assert row["wasted_bytes_estimated"] == row["heap_bytes"] - row["needed_bytes_estimated"]
        assert row["wasted_ratio_estimated"] > 0.6, (name, row)
        assert rewritten[name]["wasted_ratio_estimated"] < 0.1, (name, rewritten[name])
    assert len(indexes) == sum(len(keys) for _, _, keys in _SHAPES.values())
    for name, row in indexes.items():
        truth = rebuilt[name]["index_bytes"]
        # A page more or less is much of a small index.
        assert truth / _INDEX_FACTOR - 8192 <= row["needed_bytes_estimated"] <= truth * _INDEX_FACTOR + 8192, (
            name,
            row,
        )
        assert rebuilt[name]["wasted_ratio_estimated"] < 0.15, (name, rebuilt[name])


def test_a_table_without_bloat_shows_little(master: psycopg.Connection) -> None:
    _plant(master)
    tables, indexes = _estimates(master)
    assert {
        name: row["wasted_ratio_estimated"] for name, row in tables.items() if row["wasted_ratio_estimated"] > 0.1
    } == {}
    assert {
        name: row["wasted_ratio_estimated"] for name, row in indexes.items() if row["wasted_ratio_estimated"] > 0.15
    } == {}


def test_room_that_a_fillfactor_leaves_is_not_bloat(master: psycopg.Connection) -> None:
    _plant(master, ", fillfactor = 50")
    for name, row in by(ask(master, "bloat_tables"), "relation").items():
        assert row["wasted_ratio_estimated"] < 0.1, (name, row)


def test_the_fields_of_dropped_columns_count_as_nulls(master: psycopg.Connection) -> None:
    _plant(master)
    master.execute("ALTER TABLE public.nulls DROP COLUMN at, DROP COLUMN f")
    master.execute("VACUUM (FULL, ANALYZE) public.nulls")
    row = by(ask(master, "bloat_tables"), "relation")["public.nulls"]
    assert row["wasted_ratio_estimated"] < 0.1


def test_an_empty_table_with_pages_is_wasted_in_full(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.emptied (id integer PRIMARY KEY) WITH (vacuum_truncate = off)")
    master.execute("INSERT INTO public.emptied SELECT generate_series(1, 1000)")
    master.execute("DELETE FROM public.emptied")
    master.execute("VACUUM (ANALYZE) public.emptied")
    [row] = ask(master, "bloat_tables")
    assert (row["heap_bytes"], row["wasted_ratio_estimated"]) == (5 * 8192, 1)
    [row] = ask(master, "bloat_indexes")
    assert row["needed_bytes_estimated"] == 8192


def test_the_largest_waste_comes_first(master: psycopg.Connection) -> None:
    for name, rows in (("small", 2000), ("large", 8000), ("clean", 9000)):
        master.execute(f"CREATE TABLE public.{name} AS SELECT g AS id FROM generate_series(1, {rows}) AS g".encode())
        master.execute(f"CREATE INDEX ON public.{name} (id)".encode())
        if name != "clean":
            master.execute(f"DELETE FROM public.{name} WHERE id % 10 > 0".encode())
    master.execute("VACUUM (ANALYZE)")
    for name in ("bloat_tables", "bloat_indexes"):
        assert [row["relation"] for row in ask(master, name)] == ["public.large", "public.small", "public.clean"]


def test_a_table_that_was_never_analysed_says_so(master: psycopg.Connection) -> None:
    master.execute("CREATE TABLE public.fresh (id integer PRIMARY KEY) WITH (autovacuum_enabled = off)")
    master.execute("INSERT INTO public.fresh VALUES (1)")
    [table], [index] = ask(master, "bloat_tables"), ask(master, "bloat_indexes")
    assert (table["wasted_bytes_estimated"], index["wasted_bytes_estimated"]) == (None, None)
    assert "ANALYZE" in table["obstacle"]
    assert "ANALYZE" in index["obstacle"]


def test_a_role_that_may_not_read_a_table_is_told_so(
    master: psycopg.Connection, database: Database, monitor: str
) -> None:
    master.execute("CREATE TABLE public.secret (id integer PRIMARY KEY)")
    master.execute("INSERT INTO public.secret VALUES (1)")
    master.execute("VACUUM (ANALYZE)")
    with database.login(monitor, password_of(monitor)) as watcher:
        [table], [index] = ask(watcher, "bloat_tables"), ask(watcher, "bloat_indexes")
    assert table["obstacle"] == "its statistics are hidden from this role"
    assert index["obstacle"] == "the statistics of its table are hidden from this role"


def test_the_tables_of_a_service_can_all_be_estimated_by_a_member_of_its_owner(platform: Database) -> None:
    """But for the audit log, which is another owner's."""
    with platform.master() as master:
        assert "its statistics are hidden from this role" not in {
            row["obstacle"] for row in ask(master, "bloat_tables") if "audit_log" not in str(row["relation"])
        }


@pytest.mark.parametrize("name", ["bloat_tables", "bloat_indexes"])
def test_no_estimate_is_negative_or_more_than_there_is(name: str, platform: Database) -> None:
    with platform.master() as master:
        master.execute("ANALYZE")
        for row in ask(master, name):
            assert row["wasted_ratio_estimated"] is None or 0 <= row["wasted_ratio_estimated"] <= 1
