"""Whether data that was loaded with triggers off is what triggers and foreign keys would have let in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

# For each foreign key, the question how many rows refer to nothing.
_FOREIGN_KEYS: LiteralString = """
SELECT format('SELECT %%L, count(*) FROM %%s AS child WHERE (%%s) IS NOT NULL AND NOT EXISTS (SELECT FROM %%s AS parent'
              ' WHERE (%%s) = (%%s))', key.conname, key.conrelid::regclass, child.columns, key.confrelid::regclass,
              parent.columns, child.columns)
  FROM pg_catalog.pg_constraint AS key
 CROSS JOIN LATERAL (SELECT string_agg(format('child.%%I', attname), ', ' ORDER BY place) AS columns
                       FROM unnest(key.conkey) WITH ORDINALITY AS named (attnum, place)
                       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = key.conrelid AND a.attnum = named.attnum)
       AS child
 CROSS JOIN LATERAL (SELECT string_agg(format('parent.%%I', attname), ', ' ORDER BY place) AS columns
                       FROM unnest(key.confkey) WITH ORDINALITY AS named (attnum, place)
                       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = key.confrelid AND a.attnum = named.attnum)
       AS parent
 WHERE key.contype = 'f' AND key.conparentid = 0
   AND key.connamespace::regnamespace::text = ANY (%s)
"""


def untrue(superuser: psycopg.Connection[Any], schemas: list[str], questions: Sequence[str]) -> list[str]:
    """What is wrong: foreign keys of these schemas, and questions that each answer with a name and a number."""
    asked = [row[0] for row in superuser.execute(_FOREIGN_KEYS, (schemas,))]
    found = [superuser.execute(question.encode()).fetchone() for question in (*asked, *questions)]
    return [f"{row[0]}: {row[1]}" for row in found if row is not None and row[1]]
