"""What a role may do with each column, which functions it may call and in which schemas: three more tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from tests.sql.databases import Database
from tests.sql.familytales_matrix.cases import EXPECTED, sections
from tests.sql.matrix.rights import VERBS, Right, Rights

_RIGHT = re.compile(r"([siud])(?:\((-?)([^)]*)\))?(?:\s+|$)")

# Whoever works as the owner is not asked: everything is his.
LOGINS = [
    str(role["name"])
    for role in tomllib.loads(Path("sql/familytales/service.toml").read_text())["login_roles"]
    if role["name"] != "familytales_migrator"
]
# These two own something, and never log in.
OWNERS = ["familytales_authz", "familytales_audit"]


@cache
def rights() -> list[Rights]:
    """What is not here may not be done. The name of a table may be a pattern."""
    found = []
    for role, lines in sections((EXPECTED / "rights.txt").read_text()):
        for number, line in lines:
            table, written = line.split(maxsplit=1)
            by_verb = {
                verb: Right(verb, frozenset(columns.split()) if columns else None, bool(but))
                for verb, but, columns in _RIGHT.findall(written)
            }
            if _RIGHT.sub("", written):
                raise AssertionError(f"rights.txt:{number}: {written} cannot be read")
            found.append(Rights(role, table, f"rights.txt:{number}", written, by_verb))
    return found


def written_rights(role: str, columns: Iterable[tuple[str, str]]) -> set[tuple[str, str, str]]:
    """Table, column and verb of all that the table of rights gives a role, of these columns; a DELETE has no column."""
    return {
        (table, "" if verb == "d" else column, VERBS[verb])
        for table, column in columns
        for said in rights()
        if said.role == role and fnmatchcase(table, said.table)
        for verb in said.by_verb
        if said.may(verb, column)
    }


_COLUMNS = """
SELECT held.relnamespace::regnamespace || '.' || held.relname, attname
  FROM pg_class AS held JOIN pg_attribute ON attrelid = held.oid AND attnum > 0 AND NOT attisdropped
"""
_RIGHTS_TO_COLUMNS = """
SELECT held.relnamespace::regnamespace || '.' || held.relname, attname, verb
  FROM pg_class AS held JOIN pg_attribute ON attrelid = held.oid AND attnum > 0 AND NOT attisdropped
  JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS verb
    ON has_column_privilege(%s, held.oid, attnum, verb)
"""
_RIGHTS_TO_TABLES = """
SELECT held.relnamespace::regnamespace || '.' || held.relname, '', verb
  FROM pg_class AS held JOIN unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS verb
    ON has_table_privilege(%s, held.oid, verb)
"""
# What is an extension's is not ours, nor what is only there when the server has one.
_OURS = """
 WHERE held.relkind IN ('r', 'p', 'v', 'm', 'f') AND held.relnamespace::regnamespace::text <> ALL (%s)
   AND held.relname <> 'content_embeddings'
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = held.oid AND deptype = 'e')
"""
_SYSTEM = ["pg_catalog", "information_schema", "pg_toast"]


def columns(database: Database) -> list[tuple[str, str]]:
    """Every column of every table, in whatever schema."""
    found = database.rows(_COLUMNS + _OURS, _SYSTEM)
    return [(str(table), str(column)) for table, column in found]


def held_rights(database: Database, role: str) -> set[tuple[str, str, str]]:
    """Table, column and verb of all that the catalog gives a role; without a column, what is of the whole table."""
    of_columns = database.rows(_RIGHTS_TO_COLUMNS + _OURS, role, _SYSTEM)
    of_tables = database.rows(_RIGHTS_TO_TABLES + _OURS, role, _SYSTEM)
    return {(str(table), str(column), str(verb)) for table, column, verb in of_columns + of_tables}


@cache
def functions() -> dict[str, list[str]]:
    """What each role may call."""
    found = sections((EXPECTED / "functions.txt").read_text())
    return {role: [line for _, line in lines] for role, lines in found}


@cache
def schemas() -> dict[str, list[str]]:
    """Where each role may name something; with a plus, where it may create."""
    lines = (EXPECTED / "schemas.txt").read_text().splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return {role: names for role, *names in found}
