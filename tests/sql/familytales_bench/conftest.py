"""A FamilyTales database with rows, as the benchmark loads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from psycopg.conninfo import make_conninfo

from bench.familytales_asking import Asker, askers
from bench.familytales_data import Sizes, load
from bench.platform_database import Place
from tests.sql.databases import Database, Server, password_of
from tests.sql.runner import Runner

# As small as there are all kinds of families, and rows in every year.
_SCALE = 0.001


@dataclass(frozen=True, slots=True)
class World:
    database: Database
    place: Place
    sizes: Sizes
    asking: list[Asker]


@pytest.fixture(scope="session")
def world(server: Server) -> Iterator[World]:
    with server.database("familytales_with_rows") as database:
        Runner(database, "familytales").apply()
        conninfo = make_conninfo(server.running.superuser_conninfo, dbname=database.name)
        place = Place(server.running.host, server.running.port, database.name, conninfo, password_of)
        sizes = load(place.superuser, _SCALE)
        with place.superuser() as superuser:
            asking = askers(superuser, 40)
        yield World(database, place, sizes, asking)
