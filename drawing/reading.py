"""The catalog of a database as the tables to draw: one query for each kind of thing."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from drawing.model import Column, Key, Table, Unique
from drawing.partitioning import describe

# An extension's tables and the schema runner's own are furniture. A partition is drawn as its table.
_RELATIONS: LiteralString = r"""
    SELECT c.oid, n.nspname, c.relname, c.relkind = 'm', c.relrowsecurity, p.partstrat::text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
     WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT (n.nspname = 'public' AND c.relname ~ '^(_schema_.*|_sqlx_migrations)$')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
"""
_BOUNDS: LiteralString = """
    SELECT i.inhparent, pg_get_expr(c.relpartbound, c.oid)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE c.relispartition
"""
_COLUMNS: LiteralString = """
    SELECT attrelid, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
           attgenerated <> '' OR attidentity <> ''
      FROM pg_attribute
     WHERE attrelid = ANY (%s) AND attnum > 0 AND NOT attisdropped
     ORDER BY attrelid, attnum
"""
_INDEXES: LiteralString = """
    SELECT indrelid, indisprimary, (indkey::int2[])[0:indnkeyatts - 1], indpred IS NOT NULL,
           coalesce(pg_get_expr(indexprs, indrelid), '')
      FROM pg_index
     WHERE indrelid = ANY (%s) AND indisunique AND indisvalid
"""
# conparentid: what PostgreSQL makes for the partitions at either end of a key is no key of its own.
_KEYS: LiteralString = """
    SELECT conrelid, conname, conkey, confrelid,
           ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (number, place)
                   JOIN pg_attribute ON attrelid = confrelid AND attnum = k.number ORDER BY place)
      FROM pg_constraint
     WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY (%s)
     ORDER BY conrelid, conkey, conname
"""
_READS: LiteralString = """
    SELECT DISTINCT r.ev_class, d.refobjid
      FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
     WHERE r.ev_class = ANY (%s) AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
"""
_SHORT = {
    "character varying": "varchar",
    "character": "char",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "integer": "int",
    "boolean": "bool",
    "double precision": "float8",
    "bit varying": "varbit",
}
_TYPE = re.compile(r"^(?P<first>[a-z]+(?: varying| precision)?)(?P<size>\([^)]*\))?(?P<zone> with(?:out)? time zone)?")


@dataclass(slots=True)
class _Relation:
    schema: str
    name: str
    materialized: bool
    row_security: bool
    strategy: str | None
    bounds: list[str] = field(default_factory=list)
    columns: dict[int, tuple[str, str, bool, bool]] = field(default_factory=dict)
    primary: set[int] = field(default_factory=set)
    unique: list[frozenset[int]] = field(default_factory=list)
    partly: set[int] = field(default_factory=set)
    keys: list[tuple[str, list[int], int, list[str]]] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


def short_type(name: str, schema: str) -> str:
    """A type as people write it; without its schema where that says nothing."""
    for known in (schema, "public"):
        name = name.removeprefix(f"{known}.")
    found = _TYPE.match(name)
    if not found:
        return name
    first = found["first"] + (found["zone"] or "")
    return f"{_SHORT.get(first, first)}{found['size'] or ''}{name[found.end() :]}"


def read(connection: psycopg.Connection[Any]) -> tuple[Table, ...]:
    """Every table and materialized view, sorted by name."""
    with connection.transaction():
        # Types are printed with their schema, and bounds in the same zone everywhere.
        connection.execute("SET LOCAL search_path = pg_catalog")
        connection.execute("SET LOCAL timezone = 'UTC'")
        relations = {row[0]: _Relation(*row[1:]) for row in connection.execute(_RELATIONS)}
        for parent, bound in connection.execute(_BOUNDS):
            if parent in relations:
                relations[parent].bounds.append(bound)
        _fill(connection, relations)
        names = _names(connection, relations)
    tables = (_table(relation, relations, names) for relation in relations.values())
    return tuple(sorted(tables, key=lambda table: (table.schema, table.name)))


def _fill(connection: psycopg.Connection[Any], relations: dict[int, _Relation]) -> None:
    wanted = [list(relations)]
    for oid, number, *column in connection.execute(_COLUMNS, wanted):
        relations[oid].columns[number] = (column[0], column[1], column[2], column[3])
    for oid, primary, numbers, conditional, expressions in connection.execute(_INDEXES, wanted):
        relation, columns = relations[oid], frozenset(numbers) - {0}
        words = set(re.findall(r"\w+", expressions))
        named = {number for number, column in relation.columns.items() if column[0] in words}
        if primary:
            relation.primary |= columns
        if conditional or expressions:
            relation.partly |= columns | named
        else:
            relation.unique.append(columns)
    for oid, *key in connection.execute(_KEYS, wanted):
        relations[oid].keys.append((key[0], key[1], key[2], key[3]))
    for oid, source in connection.execute(_READS, wanted):
        relations[oid].reads.append(source)


def _names(connection: psycopg.Connection[Any], relations: dict[int, _Relation]) -> dict[int, str]:
    """What keys and materialized views may refer to: partitions by their table's name, and views."""
    names: defaultdict[int, str] = defaultdict(str)
    others: LiteralString = """
        SELECT c.oid, n.nspname || '.' || c.relname, pg_partition_root(c.oid)::oid
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    """
    found = {oid: (name, root) for oid, name, root in connection.execute(others)}
    for oid, (name, root) in found.items():
        names[oid] = relations[root].full_name if root in relations else name
    return names


def _table(relation: _Relation, relations: dict[int, _Relation], names: dict[int, str]) -> Table:
    return Table(
        schema=relation.schema,
        name=relation.name,
        columns=tuple(_column(relation, number) for number in relation.columns),
        keys=tuple(
            Key(
                name=name,
                columns=tuple(relation.columns[number][0] for number in numbers),
                target=names[target],
                referenced=tuple(referenced),
                one_to_one=any(unique <= set(numbers) for unique in relation.unique),
            )
            for name, numbers, target, referenced in relation.keys
        ),
        materialized=relation.materialized,
        partitions=describe(relation.strategy, relation.bounds) if relation.strategy else "",
        row_security=relation.row_security,
        reads=tuple(sorted({names[source] for source in relation.reads})),
    )


def _column(relation: _Relation, number: int) -> Column:
    name, type_, required, generated = relation.columns[number]
    unique = Unique.NO
    if frozenset({number}) in relation.unique:
        unique = Unique.ALONE
    elif number in relation.partly or any(number in columns for columns in relation.unique):
        unique = Unique.PARTLY
    return Column(
        name=name,
        type=short_type(type_, relation.schema),
        required=required,
        primary=number in relation.primary,
        unique=unique,
        generated=generated,
    )
