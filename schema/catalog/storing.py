"""The fingerprint: the description of a database, kept in the database itself after every run that went well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from schema.catalog.objects import Key, Objects

_CREATE = (
    """
    CREATE TABLE IF NOT EXISTS public._schema_fingerprint (
        only_one     boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
        ledger       bytea       NOT NULL,
        engine_major integer     NOT NULL,
        taken_at     timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS public._schema_objects (
        kind       text NOT NULL,
        identity   text NOT NULL,
        definition text NOT NULL,
        PRIMARY KEY (kind, identity)
    )
    """,
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What was stored: by which migrations and which engine the objects came to be, and when they last changed."""

    objects: Objects
    ledger: bytes
    engine_major: int
    taken_at: datetime


def create(connection: psycopg.Connection, owner: str) -> None:
    """Make the tables, owned by the service's owner. They are described like any other: make them before reading."""
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        for statement in _CREATE:
            connection.execute(statement)


def store(connection: psycopg.Connection, objects: Objects, ledger: bytes) -> None:
    """Make the fingerprint say this; rows that say it already are left alone."""
    major = _major(connection)
    with connection.transaction():
        known = load(connection)
        stored = known.objects if known else _objects(connection)
        gone = [key for key in stored if key not in objects]
        new = {key: definition for key, definition in objects.items() if stored.get(key) != definition}
        _delete(connection, gone)
        _write(connection, new)
        if not known or gone or new or (known.ledger, known.engine_major) != (ledger, major):
            connection.execute(
                "INSERT INTO public._schema_fingerprint (ledger, engine_major, taken_at)"
                " VALUES (%s, %s, clock_timestamp()) ON CONFLICT (only_one) DO UPDATE"
                " SET ledger = EXCLUDED.ledger, engine_major = EXCLUDED.engine_major, taken_at = EXCLUDED.taken_at",
                (ledger, major),
            )


def load(connection: psycopg.Connection) -> Fingerprint | None:
    """The fingerprint; None when none was ever taken."""
    exists = connection.execute("SELECT pg_catalog.to_regclass('public._schema_fingerprint') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return None
    head = connection.execute("SELECT ledger, engine_major, taken_at FROM public._schema_fingerprint").fetchone()
    return Fingerprint(_objects(connection), *head) if head else None


def _objects(connection: psycopg.Connection) -> Objects:
    rows = connection.execute("SELECT kind, identity, definition FROM public._schema_objects")
    return Objects({(kind, identity): definition for kind, identity, definition in rows})


def _delete(connection: psycopg.Connection, keys: list[Key]) -> None:
    if keys:
        connection.execute(
            "DELETE FROM public._schema_objects"
            " WHERE (kind, identity) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            [list(column) for column in zip(*keys, strict=True)],
        )


def _write(connection: psycopg.Connection, definitions: dict[Key, str]) -> None:
    if definitions:
        kinds, identities = zip(*definitions, strict=True)
        connection.execute(
            "INSERT INTO public._schema_objects (kind, identity, definition)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])"
            " ON CONFLICT (kind, identity) DO UPDATE SET definition = EXCLUDED.definition",
            (list(kinds), list(identities), list(definitions.values())),
        )


def _major(connection: psycopg.Connection) -> int:
    return connection.info.server_version // 10_000
