"""A database as the words in which the index speaks of it: one definition for each name, short and comparable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, LiteralString

from tests.sql.databases import Database

# `part` only counts as partitions, and the runner's own tables in `public` are nobody's design.
_SCHEMAS = "n.nspname IN ('auth', 'app', 'analytics', 'familytales', 'audit', 'authz', 'ops', 'public')"

_TABLES = f"""
SELECT n.nspname || '.' || c.relname, c.relkind::text, c.relrowsecurity AND NOT c.relforcerowsecurity,
       coalesce('PARTITION BY ' || pg_get_partkeydef(c.oid), '')
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE {_SCHEMAS} AND c.relkind IN ('r', 'p', 'm', 'v') AND NOT c.relispartition
"""

_COLUMNS = f"""
SELECT n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE {_SCHEMAS} AND c.relkind IN ('r', 'p', 'm', 'v') AND NOT c.relispartition
 ORDER BY c.oid, a.attnum
"""

_CONSTRAINTS = f"""
SELECT n.nspname || '.' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
  FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE {_SCHEMAS} AND NOT c.relispartition AND k.contype IN ('p', 'u', 'f', 'c')
"""

_INDEXES = f"""
SELECT i.relname, n.nspname || '.' || c.relname, x.indisunique, pg_get_indexdef(i.oid)
  FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE {_SCHEMAS} AND NOT c.relispartition
"""

_FUNCTIONS = f"""
SELECT n.nspname || '.' || p.proname, p.oid::regprocedure::text, p.prokind::text,
       pg_get_function_result(p.oid), l.lanname, p.provolatile::text, p.prosecdef, p.proowner::regrole::text
  FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
 WHERE {_SCHEMAS}
"""

_TRIGGERS = f"""
SELECT t.tgname || ' ON ' || n.nspname || '.' || c.relname, pg_get_triggerdef(t.oid)
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE {_SCHEMAS} AND NOT t.tgisinternal AND NOT c.relispartition
"""

_POLICIES = """
SELECT policyname, schemaname || '.' || tablename, cmd, array_to_string(roles, ', '),
       concat_ws(' ', qual, with_check), with_check
  FROM pg_policies WHERE schemaname <> 'part'
"""

_PARTITIONS = """
SELECT i.inhparent::regclass::text, c.oid::regclass::text, coalesce(c.reloptions, '{}'),
       pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
 WHERE c.relkind = 'r'
"""

_KEPT = """
SELECT parent::text, every::text, premake, keep::text, on_expiry FROM ops.partition_policy
"""

_WORDS = (("character varying", "varchar"), ("timestamp with time zone", "timestamptz"))
_VOLATILITY = {"v": "VOLATILE", "s": "STABLE", "i": "IMMUTABLE"}


def short(words: str) -> str:
    """A definition with the shorter name of each type."""
    for long, brief in _WORDS:
        words = words.replace(long, brief)
    return words


@dataclass(frozen=True, slots=True)
class Index:
    """An index: of which table, and how."""

    table: str
    definition: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function or procedure by its signature, which no other has."""

    name: str
    kind: str
    definition: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy's place, for what and for whom it is, and everything that it asks."""

    place: str
    asks: str
    checks: bool


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition with its storage parameters."""

    parent: str
    name: str
    options: tuple[str, ...]
    is_default: bool


@dataclass(frozen=True, slots=True)
class Catalog:
    """What there is, by name. Names are as the service's logins write them: without the schema of its own name."""

    service: str
    extensions: frozenset[str]
    available: frozenset[str]
    schemas: frozenset[str]
    types: frozenset[str]
    tables: dict[str, str]
    views: frozenset[str]
    protected: frozenset[str]
    columns: dict[str, str]
    constraints: dict[str, str]
    indexes: dict[str, Index]
    functions: dict[str, Function]
    triggers: dict[str, str]
    policies: dict[str, Policy]
    partitions: tuple[Partition, ...]
    upkeep: dict[str, dict[str, str]]

    def columns_of(self, table: str) -> set[str]:
        """Their names, without the table's."""
        return {column.rpartition(".")[2] for column in self.columns if column.rpartition(".")[0] == table}


def _column(type_: str, not_null: bool, expression: str | None, identity: str, generated: str) -> str:
    words = [short(type_), "NOT NULL" if not_null else ""]
    if identity:
        words.append("GENERATED ALWAYS AS IDENTITY" if identity == "a" else "GENERATED BY DEFAULT AS IDENTITY")
    elif generated:
        words.append("GENERATED ALWAYS AS (…) STORED")
    elif expression is not None:
        # A literal's cast repeats the column's type.
        literal = re.fullmatch(r"('[^']*')::[\w. \[\]\"]+", expression)
        words.append(f"DEFAULT {literal[1] if literal else expression}")
    return " ".join(word for word in words if word)


def _trigger(definition: str) -> str:
    words = re.sub(r"CREATE TRIGGER \S+ (.*?) ON \S+ (.*)", r"\1 \2", definition)
    return re.sub(r"WHEN \(.*\) EXECUTE", "WHEN (…) EXECUTE", words)


def read(database: Database, service: str) -> Catalog:
    """The whole of it, in a dozen questions."""

    def bare(value: Any) -> Any:
        return value.replace(f"{service}.", "") if isinstance(value, str) else value

    def ask(query: LiteralString) -> list[tuple[Any, ...]]:
        return [tuple(bare(value) for value in row) for row in database.rows(query)]

    tables = ask(_TABLES)
    indexes = {}
    for name, table, unique, definition in ask(_INDEXES):
        how = short(definition.split(" USING ", 1)[1])
        indexes[name] = Index(table, f"UNIQUE {how}" if unique else how)
    functions = {}
    for name, signature, kind, result, language, volatility, definer, owner in ask(_FUNCTIONS):
        words = ["RETURNS", short(result)] if result else ["PROCEDURE"]
        words += [language, _VOLATILITY[volatility], "SECURITY DEFINER" if definer else "", f"OWNER {owner}"]
        functions[short(signature)] = Function(name, kind, " ".join(word for word in words if word))
    policies = {}
    for name, table, command, roles, asks, check in ask(_POLICIES):
        policies[f"{name} ON {table}"] = Policy(f"ON {table} FOR {command} TO {roles}", asks, check is not None)
    return Catalog(
        service=service,
        extensions=frozenset(name for (name,) in ask("SELECT extname FROM pg_extension")),
        available=frozenset(name for (name,) in ask("SELECT name FROM pg_available_extensions")),
        schemas=frozenset(name for (name,) in ask("SELECT nspname FROM pg_namespace")),
        types=frozenset(name for (name,) in ask("SELECT oid::regtype::text FROM pg_type WHERE typtype IN ('e', 'd')")),
        tables={name: definition for name, kind, _, definition in tables if kind in "rp"},
        views=frozenset(name for name, kind, _, _ in tables if kind in "mv"),
        protected=frozenset(name for name, _, protected, _ in tables if protected),
        columns={f"{table}.{column}": _column(*rest) for table, column, *rest in ask(_COLUMNS)},
        constraints={name: short(definition) for name, definition in ask(_CONSTRAINTS)},
        indexes=indexes,
        functions=functions,
        triggers={name: _trigger(definition) for name, definition in ask(_TRIGGERS)},
        policies=policies,
        partitions=tuple(
            Partition(parent, name, tuple(options), is_default)
            for parent, name, options, is_default in ask(_PARTITIONS)
        ),
        upkeep={
            parent: {"every": every, "premake": str(premake), "keep": keep, "on_expiry": on_expiry}
            for parent, every, premake, keep, on_expiry in ask(_KEPT)
        },
    )
