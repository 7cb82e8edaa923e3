"""What partitions of content_segments cost its readers: none, a year each as they are, and a month each.

The copies lie in schemas of their own, with the same rows, indexes, policies and searches, and are found by the
search_path of a connection. Connections go straight to the server, for a pooler does not carry a search_path on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from bench.familytales_asking import Side, statements
from bench.familytales_database import APP, FOLDER
from bench.familytales_queries import LABELS, PREPARED, UNPREPARED, Measured
from bench.platform_database import Place

GOAL = 1.2
# By the schema that the table is in.
LAYOUTS = {"flat": "not partitioned", "familytales": "years", "monthly": "months"}
_WAYS = (PREPARED, UNPREPARED)
_TABLE: LiteralString = """
CREATE TABLE {schema}.content_segments (
    LIKE familytales.content_segments INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE
)
"""
# As many months as there are years of segments, and a year ahead.
_MONTHS: LiteralString = """
SELECT format('CREATE TABLE monthly.content_segments_%s PARTITION OF monthly.content_segments'
              ' FOR VALUES FROM (%L) TO (%L)', to_char(month, 'YYYY_MM'), month, month + interval '1 month')
  FROM (SELECT date_trunc('year', min(created_at), 'UTC') AS first FROM familytales.content_segments) AS held
 CROSS JOIN generate_series(held.first, date_trunc('month', now(), 'UTC') + interval '12 months',
                            interval '1 month') AS month
 UNION ALL
SELECT 'CREATE TABLE monthly.content_segments_default PARTITION OF monthly.content_segments DEFAULT'
"""
# Indexes, policies, and the functions that read all rows for the application, each as a statement for another schema.
_ALIKE: LiteralString = """
SELECT replace(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '),
               'familytales.content_segments', %(schema)s || '.content_segments')
  FROM pg_catalog.pg_index WHERE indrelid = 'familytales.content_segments'::regclass
 UNION ALL
SELECT format('CREATE POLICY %%I ON %%I.content_segments FOR SELECT TO %%s USING (%%s)', polname, %(schema)s,
              (SELECT string_agg(role::regrole::text, ', ') FROM unnest(polroles) AS role),
              pg_get_expr(polqual, polrelid))
  FROM pg_catalog.pg_policy WHERE polrelid = 'familytales.content_segments'::regclass AND polcmd = 'r'
 UNION ALL
SELECT replace(replace(pg_get_functiondef(oid), 'FUNCTION familytales.', 'FUNCTION ' || %(schema)s || '.'),
               'familytales.content_segments', %(schema)s || '.content_segments')
  FROM pg_catalog.pg_proc WHERE proowner = 'familytales_authz'::regrole AND prosrc LIKE '%%content\\_segments%%'
 UNION ALL
SELECT format('ALTER FUNCTION %%I.%%I(%%s) OWNER TO %%s;'
              ' GRANT EXECUTE ON FUNCTION %%1$I.%%2$I(%%3$s) TO familytales_app',
              %(schema)s, proname, pg_get_function_identity_arguments(oid), proowner::regrole)
  FROM pg_catalog.pg_proc WHERE proowner = 'familytales_authz'::regrole AND prosrc LIKE '%%content\\_segments%%'
"""


def copy(superuser: psycopg.Connection[Any]) -> None:
    """Make the copies, as far as they are not there."""
    superuser.execute("SET timezone = 'UTC'")
    for schema in LAYOUTS:
        name = sql.Identifier(schema)
        row = superuser.execute("SELECT to_regnamespace(%s) IS NOT NULL", (schema,)).fetchone()
        if row == (True,):
            continue
        with superuser.transaction():
            superuser.execute(sql.SQL("CREATE SCHEMA {}").format(name))
            table = sql.SQL(_TABLE).format(schema=name)
            superuser.execute(table + sql.SQL(" PARTITION BY RANGE (created_at)") if schema == "monthly" else table)
            if schema == "monthly":
                for (month,) in superuser.execute(_MONTHS).fetchall():
                    superuser.execute(month.encode())
            superuser.execute(
                sql.SQL("INSERT INTO {}.content_segments SELECT * FROM familytales.content_segments").format(name)
            )
            for (statement,) in superuser.execute(_ALIKE, {"schema": schema}).fetchall():
                superuser.execute(statement.encode())
            for allowed in (
                "ALTER TABLE {}.content_segments ENABLE ROW LEVEL SECURITY",
                "GRANT USAGE ON SCHEMA {} TO familytales_app, familytales_authz",
                "GRANT SELECT ON {}.content_segments TO familytales_app, familytales_authz",
            ):
                superuser.execute(sql.SQL(allowed).format(name))
        superuser.execute(sql.SQL("VACUUM (ANALYZE) {}.content_segments").format(name))


@contextmanager
def layouts(place: Place) -> Iterator[Sequence[Side]]:
    """The application in each of them."""
    with ExitStack() as stack:
        sides = []
        for schema in LAYOUTS:
            connection = stack.enter_context(place.login(APP))
            connection.execute(sql.SQL("SET search_path = {}, familytales").format(sql.Identifier(schema)))
            sides.append(Side(connection, statements(FOLDER / "queries"), True))
        yield sides


def ratio(measured: Measured, query: str, way: str, side: int = 1) -> float:
    """How many times as long it takes as without partitions."""
    return measured.median(query, way, side) / measured.median(query, way, 0)


def table(measured: Measured) -> str:
    """In Markdown."""
    lines = [
        "| query | "
        + " | ".join(f"{way}: {' | '.join(LAYOUTS.values())} | years, ratio | months, ratio" for way in _WAYS)
        + " |",
        "|---" * (1 + len(_WAYS) * (len(LAYOUTS) + 2)) + "|",
    ]
    for query, label in LABELS.items():
        cells = [label]
        for way in _WAYS:
            cells += [f"{measured.median(query, way, side):.2f}" for side in range(len(LAYOUTS))]
            cells += [f"**{ratio(measured, query, way):.2f}**", f"{ratio(measured, query, way, 2):.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
