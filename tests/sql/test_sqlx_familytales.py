"""The design migrates with sqlx: `migrate run`, `info` and `revert` on the folder of familytales."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.sql.databases import NEWEST, Database
from tests.sql.runner import Runner
from tests.sql.sqlx_command import Sqlx

pytestmark = [pytest.mark.sqlx, pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")]

_SQL = Path(__file__).resolve().parents[2] / "sql"
_MIGRATIONS = sorted(
    (int(path.name[:4]), path.name.removesuffix(".sql").removesuffix(".up")[5:].replace("_", " "))
    for path in (_SQL / "familytales/migrations").glob("*.sql")
    if not path.name.endswith(".down.sql")
)
_PAIRS = sorted((int(path.name[:4]) for path in (_SQL / "familytales/migrations").glob("*.down.sql")), reverse=True)


@pytest.fixture
def sqlx(database: Database, tmp_path: Path) -> Sqlx:
    """sqlx as the migrator of a database that has its roles, and no migration yet."""
    shutil.copytree(_SQL, tmp_path / "sql", symlinks=True)
    for path in (tmp_path / "sql/familytales/migrations").iterdir():
        path.unlink()
    Runner(database, "familytales", tmp_path / "sql").apply()
    return Sqlx(Runner(database, "familytales"))


def _states(sqlx: Sqlx) -> list[tuple[int, str, str]]:
    found = re.findall(r"^(\d+)/(\w+)(?: \([^)]*\))? (.+)$", sqlx.run("info"), re.MULTILINE)
    return [(int(number), name, state) for number, state, name in found]


def test_sqlx_makes_the_whole_database_and_we_find_nothing_to_do(sqlx: Sqlx) -> None:
    ran = re.findall(r"^Applied (\d+)/migrate (.+) \(", sqlx.run("run"), re.MULTILINE)

    assert [(int(number), name) for number, name in ran] == _MIGRATIONS
    assert _states(sqlx) == [(number, name, "installed") for number, name in _MIGRATIONS]
    assert sqlx.runner.run("plan").stdout.strip().endswith("nothing to apply")
    assert sqlx.runner.database.rows(
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'familytales'::regnamespace"
    ) == [("familytales_owner",)]


def test_the_last_migrations_are_reverted_one_by_one_and_come_again(sqlx: Sqlx) -> None:
    sqlx.run("run")

    for number in _PAIRS:
        assert re.findall(r"^Applied (\d+)/revert ", sqlx.run("revert"), re.MULTILINE) == [str(number)]
    assert [number for number, _, state in reversed(_states(sqlx)) if state == "pending"] == _PAIRS

    sqlx.run("run")
    assert _states(sqlx) == [(number, name, "installed") for number, name in _MIGRATIONS]
