"""The pictures in docs/ show what the migrations make, on every major."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawing.model import Column, Key, Table, Unique
from drawing.picture import draw
from drawing.reading import read
from tests.sql.databases import Database

_DOCS = Path(__file__).resolve().parents[3] / "docs"
_MOST = 150_000


def tables_of(database: Database) -> tuple[Table, ...]:
    with database.master() as connection:
        return read(connection)


def test_the_picture_in_docs_is_what_the_catalog_says(migrated: dict[str, Database], service_name: str) -> None:
    drawn = draw(service_name, tables_of(migrated[service_name]))
    kept = _DOCS / f"{service_name}.svg"
    assert len(drawn.encode()) < _MOST
    if not kept.exists() or kept.read_text(encoding="utf-8") != drawn:
        # Without an assertion's comparison: it would print two pictures.
        pytest.fail(
            f"docs/{service_name}.svg is not what the migrations make; "
            f"run: .venv/bin/python -m drawing {service_name} > docs/{service_name}.svg"
        )


def table_named(database: Database, name: str) -> Table:
    return next(table for table in tables_of(database) if table.full_name == name)


def test_columns_have_short_types_and_their_marks(database: Database) -> None:
    database.run("CREATE SCHEMA app")
    database.run("CREATE TYPE app.mood AS ENUM ('well', 'ill')")
    database.run("""
        CREATE TABLE app.people (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            email varchar(255) NOT NULL,
            code character(3) UNIQUE,
            mood app.mood,
            team integer,
            place integer,
            seen timestamp(3) without time zone,
            at timestamp with time zone[],
            weight double precision,
            ok boolean,
            mail_length integer GENERATED ALWAYS AS (length(email)) STORED,
            UNIQUE (team, place)
        )
    """)
    database.run("CREATE UNIQUE INDEX ON app.people (lower(email))")
    assert table_named(database, "app.people").columns == (
        Column("id", "bigint", required=True, primary=True, unique=Unique.ALONE, generated=True),
        Column("email", "varchar(255)", required=True, unique=Unique.PARTLY),
        Column("code", "char(3)", unique=Unique.ALONE),
        Column("mood", "mood"),
        Column("team", "int", unique=Unique.PARTLY),
        Column("place", "int", unique=Unique.PARTLY),
        Column("seen", "timestamp(3)"),
        Column("at", "timestamptz[]"),
        Column("weight", "float8"),
        Column("ok", "bool"),
        Column("mail_length", "int", generated=True),
    )


def test_partitions_are_folded_into_their_table_and_keys_are_counted_once(database: Database) -> None:
    database.run("CREATE SCHEMA app")
    database.run("CREATE SCHEMA part")
    database.run("CREATE TABLE app.teams (id integer PRIMARY KEY)")
    database.run("""
        CREATE TABLE app.events (id integer, at timestamptz, team integer REFERENCES app.teams, PRIMARY KEY (id, at))
        PARTITION BY RANGE (at)
    """)
    database.run(
        "CREATE TABLE part.events_1 PARTITION OF app.events FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z')"
    )
    database.run("CREATE TABLE part.events_default PARTITION OF app.events DEFAULT")
    database.run("""
        CREATE TABLE app.notes (
            event integer, at timestamptz, team integer PRIMARY KEY REFERENCES app.teams,
            CONSTRAINT notes_event FOREIGN KEY (at, event) REFERENCES app.events (at, id)
        )
    """)
    found = {table.full_name: table for table in tables_of(database)}
    assert list(found) == ["app.events", "app.notes", "app.teams"]
    assert found["app.events"].partitions == "by month"
    assert found["app.events"].keys == (Key("events_team_fkey", ("team",), "app.teams", ("id",)),)
    assert found["app.notes"].keys == (
        Key("notes_event", ("at", "event"), "app.events", ("at", "id")),
        Key("notes_team_fkey", ("team",), "app.teams", ("id",), one_to_one=True),
    )


def test_a_materialized_view_says_what_it_reads(database: Database) -> None:
    database.run("CREATE SCHEMA app")
    database.run("CREATE TABLE app.a (id integer) PARTITION BY LIST (id)")
    database.run("CREATE TABLE app.a1 PARTITION OF app.a FOR VALUES IN (1)")
    database.run("CREATE VIEW app.v AS SELECT 1 AS one")
    database.run("CREATE MATERIALIZED VIEW app.m AS SELECT a.id, one FROM app.a1 a, app.v")
    database.run("CREATE UNIQUE INDEX ON app.m (id)")
    assert table_named(database, "app.m") == Table(
        "app", "m", (Column("id", "int", unique=Unique.ALONE), Column("one", "int")),
        materialized=True, reads=("app.a", "app.v"),
    )  # fmt: skip
    assert table_named(database, "app.a").partitions == "by list"


def test_the_runners_own_tables_are_not_drawn(migrated: dict[str, Database], service_name: str) -> None:
    names = [table.full_name for table in tables_of(migrated[service_name])]
    assert names
    assert not [name for name in names if name.startswith("public._")]
