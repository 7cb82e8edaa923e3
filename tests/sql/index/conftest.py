"""The index, the design's names and the migrated database, each read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sql.databases import Database
from tests.sql.index import catalog, names, page


@pytest.fixture(scope="session")
def index() -> page.Page:
    return page.read("platform")


@pytest.fixture(scope="session")
def design() -> dict[str, dict[str, str]]:
    return names.read(Path(__file__).parent / "design.toml")


@pytest.fixture(scope="session")
def there(migrated: dict[str, Database]) -> catalog.Catalog:
    """What the platform's migrations made."""
    return catalog.read(migrated["platform"], "platform")
