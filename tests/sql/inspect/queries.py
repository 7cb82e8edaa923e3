"""The monitoring queries, and one way to ask them: read only, as an operator does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from local import engines
from tests.sql.databases import MAJORS

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "sql" / "inspect"
NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))

# The majors that can count statements here; the builds from PyPI come without the extension.
COUNTING = [major for major in MAJORS if engines.get(major).has_library("pg_stat_statements")]

Row = dict[str, Any]


def text(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def ask(connection: psycopg.Connection, name: str) -> list[Row]:
    """Every row of one query, asked in a transaction that may write nothing."""
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        return connection.cursor(row_factory=dict_row).execute(text(name).encode()).fetchall()


def by(rows: list[Row], column: str) -> dict[Any, Row]:
    """Rows by a column in which each value occurs once."""
    found = {row[column]: row for row in rows}
    assert len(found) == len(rows), f"{column} is not unique"
    return found


def eventually(happens: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for what another process does in its own time."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
