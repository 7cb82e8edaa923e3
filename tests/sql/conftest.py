"""Real servers of every installed major, and databases on them that cost little to make."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from local.postgres import temporary
from tests.sql.databases import MAJORS, Database, Server
from tests.sql.runner import Runner
from tests.sql.tenants import Organization

# How long one example takes says more about the other tests on the machine than about the code.
settings.register_profile("estate", deadline=None)
settings.load_profile("estate")

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", params=MAJORS, ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with temporary(request.param, dbname="empty") as running:
        made = Server(running)
        yield made
        made.forget()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database of the master user's."""
    with server.database(f"db{next(_NUMBERS)}") as made:
        yield made


@pytest.fixture(scope="session")
def migrated(server: Server) -> Iterator[dict[str, Database]]:
    """One migrated database for each service. Its hundreds of files make it dear to copy, so tests share it."""
    made = {service: Database(server, f"migrated_{service}") for service in ("platform", "familytales")}
    for service, database in made.items():
        server.create(database.name)
        Runner(database, service).apply()
    yield made
    for database in made.values():
        server.drop(database.name)


@pytest.fixture
def platform(migrated: dict[str, Database]) -> Iterator[Database]:
    """The platform's database, without a row."""
    yield migrated["platform"]
    for emptied in ("app.organizations", "auth.users", "auth.roles"):
        migrated["platform"].empty(emptied)


@pytest.fixture
def acme(platform: Database) -> Organization:
    return Organization(platform, "acme")


@pytest.fixture
def other(platform: Database) -> Organization:
    return Organization(platform, "other")


@pytest.fixture
def familytales(migrated: dict[str, Database]) -> Iterator[Database]:
    """The database of familytales, without a row."""
    yield migrated["familytales"]
    for emptied in ("familytales.memory_books", "familytales.families", "familytales.users"):
        migrated["familytales"].empty(emptied)


@pytest.fixture(params=["platform", "familytales"])
def service_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def demo(database: Database, tmp_path: Path) -> Runner:
    """A service of two small migrations, for what a runner does with any service."""
    folder = tmp_path / "demo"
    (folder / "bootstrap").mkdir(parents=True)
    (folder / "migrations").mkdir()
    (folder / "service.toml").write_text(
        '[service]\ndescription = "demo"\n\n[[login_roles]]\nname = "demo_app"\npurpose = "tests"\npooled = true\n'
    )
    real = Path("sql/platform/bootstrap")
    for name in ("01_owner.sql", "02_database.sql"):
        (folder / "bootstrap" / name).write_text((real / name).read_text().replace("platform", "demo"))
    runner = Runner(database, "demo", tmp_path)
    runner.write("0001_schema.sql", "CREATE SCHEMA demo;\n")
    runner.write("0002_things.sql", "CREATE TABLE demo.things (id integer PRIMARY KEY);\n")
    return runner


@pytest.fixture
def things(demo: Runner) -> Runner:
    """A table with two rows that a unique index would not take, made by three migrations."""
    demo.write(
        "0003_name.sql",
        "ALTER TABLE demo.things ADD COLUMN name text;\nINSERT INTO demo.things VALUES (1, 'same'), (2, 'same');\n",
    )
    demo.apply()
    return demo
