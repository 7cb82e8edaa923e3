"""Read the catalog of a database with a handful of queries that any user may ask, on 15 and newer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, LiteralString

import psycopg

from schema.lint.catalog import Column, Constraint, Function, Index, Relation

# Every name is written with its schema, and nothing is taken from the session's search_path: format_type leaves the
# schema away only for what it finds there, so it is asked about the catalog's own types alone.
_OURS: LiteralString = " n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' "

_RELATIONS: LiteralString = """
SELECT n.nspname || '.' || c.relname, c.relkind::text,
       CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END,
       c.relpages::bigint * current_setting('block_size')::bigint,
       (SELECT pn.nspname || '.' || p.relname
          FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
          JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
         WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1),
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table d WHERE d.partdefid = c.oid),
       ARRAY(SELECT coalesce(a.attname::text, '')
               FROM pg_catalog.pg_partitioned_table t,
                    LATERAL unnest(t.partattrs::int2[]) WITH ORDINALITY AS k (number, position)
               LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
              WHERE t.partrelid = c.oid ORDER BY k.position)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND /* ours */ true
"""

_COLUMNS: LiteralString = """
SELECT n.nspname || '.' || c.relname, a.attname,
       CASE WHEN tn.nspname = 'pg_catalog' THEN pg_catalog.format_type(a.atttypid, a.atttypmod)
            ELSE tn.nspname || '.' || b.typname || CASE WHEN b.oid = t.oid THEN '' ELSE '[]' END END,
       a.attnotnull
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
  JOIN pg_catalog.pg_namespace tn ON tn.oid = b.typnamespace
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND /* ours */ true
 ORDER BY a.attrelid, a.attnum
"""

_CONSTRAINTS: LiteralString = """
SELECT o.conname, n.nspname || '.' || c.relname, o.contype::text, o.convalidated,
       CASE WHEN o.contype = 'c' THEN pg_catalog.pg_get_constraintdef(o.oid) ELSE '' END,
       ARRAY(SELECT a.attname::text
               FROM unnest(o.conkey) WITH ORDINALITY AS k (number, position)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number
              ORDER BY k.position),
       (SELECT rn.nspname || '.' || r.relname FROM pg_catalog.pg_class r
          JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = o.confrelid)
  FROM pg_catalog.pg_constraint o
  JOIN pg_catalog.pg_class c ON c.oid = o.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE o.contype IN ('c', 'f', 'p', 'u', 'x', 'n') AND /* ours */ true
"""

_INDEXES: LiteralString = """
SELECT n.nspname || '.' || i.relname, tn.nspname || '.' || c.relname, x.indisunique, x.indisvalid,
       ARRAY(SELECT coalesce(a.attname::text, '')
               FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (number, position)
               LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number AND k.number > 0
              WHERE k.position <= x.indnkeyatts ORDER BY k.position)
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = c.relnamespace
 WHERE /* ours */ true
"""

# A view depends on columns through its rule. refobjsubid 0 is the relation as a whole, such as in count(*).
_VIEWS: LiteralString = """
SELECT DISTINCT n.nspname || '.' || v.relname, rn.nspname || '.' || r.relname,
       CASE WHEN d.refobjsubid = 0 THEN '' ELSE a.attname::text END
  FROM pg_catalog.pg_rewrite w
  JOIN pg_catalog.pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
  JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
       AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> v.oid AND d.deptype = 'n'
  JOIN pg_catalog.pg_class r ON r.oid = d.refobjid AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE /* ours */ true
"""

_TYPES: LiteralString = """
SELECT n.nspname || '.' || t.typname, t.typtype::text,
       t.typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.contypid = t.oid)
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd') AND /* ours */ true
"""

_FUNCTIONS: LiteralString = """
SELECT n.nspname || '.' || p.proname,
       CASE WHEN tn.nspname = 'pg_catalog' OR p.prorettype = 0
            THEN coalesce(pg_catalog.pg_get_function_result(p.oid), 'void')
            ELSE CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || tn.nspname || '.' || b.typname
                 || CASE WHEN b.oid = t.oid THEN '' ELSE '[]' END END,
       p.provolatile::text
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
  LEFT JOIN pg_catalog.pg_type b
         ON b.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
  LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = b.typnamespace
 WHERE /* ours */ true
"""


def read(connection: psycopg.Connection) -> dict[str, Any]:
    """The fields of a Catalog."""
    columns: dict[str, dict[str, Column]] = defaultdict(dict)
    for relation, name, type_name, not_null in _rows(connection, _COLUMNS):
        columns[relation][name] = Column(name, type_name, not_null)
    relations = {
        name: Relation(name, kind, columns.get(name, {}), rows, size, parent, default, tuple(key))
        for name, kind, rows, size, parent, default, key in _rows(connection, _RELATIONS)
    }
    constraints = [
        Constraint(name, relation, kind, valid, definition, tuple(used), references)
        for name, relation, kind, valid, definition, used, references in _rows(connection, _CONSTRAINTS)
    ]
    indexes = [
        Index(name, relation, unique, valid, tuple(used))
        for name, relation, unique, valid, used in _rows(connection, _INDEXES)
    ]
    views: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for view, relation, column in _rows(connection, _VIEWS):
        views[view].add((relation, column))
    types = _rows(connection, _TYPES)
    functions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, result, volatility in _rows(connection, _FUNCTIONS):
        functions[name].append((result, volatility))
    return {
        "major": connection.info.server_version // 10_000,
        "relations": relations,
        "constraints": {(one.relation, one.name): one for one in constraints},
        "indexes": {one.name: one for one in indexes},
        "views": {view: frozenset(read) for view, read in views.items()},
        "enums": frozenset(name for name, kind, _ in types if kind == "e"),
        "domains": {name: limited for name, kind, limited in types if kind == "d"},
        "functions": {
            name: Function(frozenset(result for result, _ in found), frozenset(letter for _, letter in found))
            for name, found in functions.items()
        },
    }


def _rows(connection: psycopg.Connection, query: LiteralString) -> list[tuple[Any, ...]]:
    # No parameters: the `%` of the pattern is the query's own.
    return connection.execute(query.replace("/* ours */ true", _OURS)).fetchall()
