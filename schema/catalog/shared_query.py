"""What every query of the catalog starts with: the schemas, relations, routines and types that are described."""

from __future__ import annotations

from typing import Final, LiteralString

# PostgreSQL evaluates only what a query goes on to use. What is a member of something is that one's business: objects
# of an extension, and the functions and casts that a range type brings.
SHARED: Final[LiteralString] = """
WITH RECURSIVE
members AS (
    SELECT classid, objid FROM pg_depend
     WHERE deptype = 'e' OR deptype = 'i' AND classid IN ('pg_proc'::regclass, 'pg_cast'::regclass)
),
schemas AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
),
relations AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relispartition, c.relowner, c.relacl, s.nspname,
           format('%I.%I', s.nspname, c.relname) AS name
      FROM pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_class'::regclass AND objid = c.oid)
),
routines AS (
    SELECT p.*, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name
      FROM pg_proc AS p JOIN schemas AS s ON s.oid = p.pronamespace
     WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
),
-- Not the types that come with a table, an array or a range.
types AS (
    SELECT t.*, format('%I.%I', s.nspname, t.typname) AS name
      FROM pg_type AS t JOIN schemas AS s ON s.oid = t.typnamespace
      LEFT JOIN pg_class AS c ON c.oid = t.typrelid
     WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
            OR t.typtype = 'b' AND t.typcategory <> 'A')
       AND t.typisdefined
       AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_type'::regclass AND objid = t.oid)
)
"""
