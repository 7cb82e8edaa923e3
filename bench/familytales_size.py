"""How many bytes FamilyTales needs for a segment, with everything that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

# What the design expects in a month.
GROWTH = 150_000

# A partitioned table is the sum of its partitions.
_SIZES: LiteralString = """
SELECT coalesce(parent.inhparent, relation.oid)::regclass::text, sum(pg_relation_size(relation.oid))::bigint,
       sum(coalesce(pg_total_relation_size(nullif(relation.reltoastrelid, 0)), 0))::bigint,
       sum(pg_indexes_size(relation.oid))::bigint, sum(greatest(relation.reltuples, 0))::bigint
  FROM pg_catalog.pg_class AS relation
  LEFT JOIN pg_catalog.pg_inherits AS parent ON parent.inhrelid = relation.oid
 WHERE relation.relkind = 'r'
   AND coalesce(parent.inhparent, relation.oid) IN
       (SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = 'familytales'::regnamespace)
 GROUP BY 1
 ORDER BY sum(pg_total_relation_size(relation.oid)) DESC
"""
_INDEXES: LiteralString = """
SELECT coalesce(parent.inhparent, held.indexrelid)::regclass::text, sum(pg_relation_size(held.indexrelid))::bigint
  FROM pg_catalog.pg_index AS held
  JOIN pg_catalog.pg_class AS relation ON relation.oid = held.indrelid
  LEFT JOIN pg_catalog.pg_inherits AS of_table ON of_table.inhrelid = held.indrelid
  LEFT JOIN pg_catalog.pg_inherits AS parent ON parent.inhrelid = held.indexrelid
 WHERE relation.relkind = 'r'
   AND coalesce(of_table.inhparent, relation.oid) IN
       (SELECT oid FROM pg_catalog.pg_class WHERE relnamespace = 'familytales'::regnamespace)
 GROUP BY 1
 ORDER BY 2 DESC
 LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, with its partitions: bytes of rows, of what lies beside them, and of indexes."""

    name: str
    heap: int
    toast: int
    indexes: int
    rows: int

    @property
    def total(self) -> int:
        """All of it; maps of free space and visibility are left out."""
        return self.heap + self.toast + self.indexes


def sizes(superuser: psycopg.Connection[Any]) -> list[Relation]:
    """The largest first."""
    return [Relation(*row) for row in superuser.execute(_SIZES)]


def table(relations: list[Relation]) -> str:
    """In Markdown, by segment and for what comes in a month."""
    segments = next(one.rows for one in relations if one.name.endswith("content_segments"))
    lines = [
        f"| table | rows | table, MB | toast, MB | indexes, MB | bytes per segment | MB per {GROWTH:,} segments |",
        "|---" * 7 + "|",
    ]
    heap, toast, indexes = (sum(getattr(one, part) for one in relations) for part in ("heap", "toast", "indexes"))
    total = Relation("all", heap, toast, indexes, 0)
    for one in [*(one for one in relations if one.total * 1000 > total.total), total]:
        cells = [
            f"**{one.name}**" if one is total else one.name.removeprefix("familytales."),
            "" if one is total else f"{one.rows:,}",
            *(f"{part / 1e6:.1f}" for part in (one.heap, one.toast, one.indexes)),
            f"{one.total / segments:.0f}",
            f"{one.total / segments * GROWTH / 1e6:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def largest_indexes(superuser: psycopg.Connection[Any]) -> str:
    """In Markdown."""
    rows = [f"| {name.removeprefix('familytales.')} | {size / 1e6:.1f} |" for name, size in superuser.execute(_INDEXES)]
    return "\n".join(["| index | MB |", "|---|---|", *rows])
