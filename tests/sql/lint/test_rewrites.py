"""Which changes write a table anew, as real servers show it: by a new file."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from schema.lint import Facts, examine
from schema.lint.typenames import keeps_the_bytes
from tests.sql.databases import Database
from tests.sql.lint.world import WORLD, file_of

_TYPES = (
    "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "numeric(12,2)",
    "numeric(12,3)", "character varying", "character varying(10)", "character varying(20)", "text", "character(10)",
    "character(20)", "bit(4)", "bit varying(4)", "bit varying(8)", "bit varying", "date", "timestamp with time zone",
    "timestamp(3) with time zone", "timestamp(4) with time zone", "timestamp without time zone",
    "timestamp(3) without time zone", "time(2) without time zone", "time without time zone", "interval", "interval(3)",
    "json", "jsonb", "xml", "cidr", "inet", "text[]", "character varying(10)[]", "oid",
)  # fmt: skip

_COLUMNS = (
    "x integer", "x integer DEFAULT 1", "x integer NOT NULL DEFAULT 1", "x timestamptz DEFAULT now()",
    "x timestamptz DEFAULT clock_timestamp()", "x uuid DEFAULT gen_random_uuid()", "x integer DEFAULT app.dice()",
    "x integer DEFAULT app.current_release()", "x double precision DEFAULT random()", "x bigserial",
    "x bigint GENERATED ALWAYS AS IDENTITY", "x bigint GENERATED ALWAYS AS (points + 1) STORED", "x app.score",
    "x app.positive", "x text DEFAULT lower('A')", "x text DEFAULT current_user", "x text[] DEFAULT '{}'",
    "x jsonb DEFAULT '{}'::jsonb", "x timestamptz DEFAULT now() + interval '1 day'", "x date DEFAULT current_date",
    "x bigint DEFAULT nextval('app.numbers')", "x uuid DEFAULT md5('a')::uuid", "x integer DEFAULT (1 + 1)",
    'x text COLLATE "C"', "x app.anything", "x app.anything DEFAULT 'x'", "x app.positive DEFAULT 1",
    "x text DEFAULT to_char(now(), 'YYYY')", "x text DEFAULT timeofday()", "x integer NOT NULL DEFAULT app.dice()",
    "x integer DEFAULT pg_catalog.length('abc')",
)  # fmt: skip
_REWRITES = {"volatile-default", "generated-column-rewrites", "limited-domain-rewrites"}


def _rewritten(connection: psycopg.Connection, table: str, statement: str) -> bool | None:
    """Whether the table or one of its indexes is in another file afterwards; None when the server refuses."""
    number = (
        f"SELECT pg_relation_filenode('{table}'), ARRAY(SELECT pg_relation_filenode(indexrelid) FROM pg_index"
        f" WHERE indrelid = '{table}'::regclass ORDER BY indexrelid::regclass::text)"
    ).encode()
    try:
        with connection.transaction(force_rollback=True):
            before = connection.execute(number).fetchone()
            connection.execute(statement.encode())
            return connection.execute(number).fetchone() != before
    except psycopg.Error:
        return None


def test_a_new_type_rewrites_when_the_table_of_types_says_so(database: Database) -> None:
    wrong: list[str] = []
    tried = 0
    with database.master() as connection:
        # With UTC as time zone, timestamp and timestamptz are the same bytes; which zone a session has nobody knows.
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        for number, old in enumerate(_TYPES):
            connection.execute(f"CREATE TABLE t{number} (x {old})".encode())
            with suppress(psycopg.errors.UndefinedObject):  # json and xml have no order
                connection.execute(f"CREATE INDEX ON t{number} (x)".encode())
            for new in _TYPES:
                did = _rewritten(connection, f"t{number}", f"ALTER TABLE t{number} ALTER COLUMN x TYPE {new}")
                tried += did is not None
                if did and keeps_the_bytes(old, new):
                    wrong.append(f"{old} to {new} rewrites")
                elif did is False and not keeps_the_bytes(old, new):
                    wrong.append(f"{old} to {new} does not rewrite")
    assert not wrong, "\n".join(wrong)
    assert tried > len(_TYPES) * 4


def test_a_new_column_rewrites_when_the_rules_say_so(database: Database) -> None:
    wrong: list[str] = []
    with database.master() as connection:
        connection.execute(WORLD)
        facts = Facts.from_database(connection)
        for column in _COLUMNS:
            statement = f"ALTER TABLE app.tasks ADD COLUMN {column}"
            (report,) = examine([file_of(statement)], facts)
            said = bool({finding.rule for finding in report.findings} & _REWRITES)
            if said != _rewritten(connection, "app.tasks", statement):
                wrong.append(f"{column}: rewrites is {not said}")
    assert wrong == []
