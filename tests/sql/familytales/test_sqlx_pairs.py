"""Migrations that can be taken back: each is a pair, and both ways lead to the same catalog."""

from __future__ import annotations

import json

from tests.sql.databases import Database, Rows
from tests.sql.runner import Runner


def _names(runner: Runner, ending: str) -> list[str]:
    folder = runner.sql / "familytales/migrations"
    return sorted(path.name.removesuffix(ending) for path in folder.glob(f"*{ending}"))


def _catalog(database: Database) -> Rows:
    """Every object, as the runner described it after its last run."""
    return database.rows("SELECT kind, identity, definition FROM public._schema_objects ORDER BY kind, identity")


def test_what_can_be_applied_as_a_pair_can_be_reverted(familytales: Database) -> None:
    runner = Runner(familytales, "familytales")
    pairs = _names(runner, ".up.sql")
    assert pairs
    assert _names(runner, ".down.sql") == pairs


def test_all_pairs_backwards_and_forwards_lead_to_the_same_catalog(database: Database) -> None:
    runner = Runner(database, "familytales")
    runner.apply()
    pairs = _names(runner, ".up.sql")
    every = sorted(path.name for path in (runner.sql / "familytales/migrations").glob("*.sql"))
    # Only the last ones are pairs, else the others could not be reached.
    assert [name.split(".")[0] for name in every if ".down." not in name][-len(pairs) :] == pairs

    before = _catalog(database)
    assert len(before) > 100
    for name in reversed(pairs):
        done = runner.run("revert", name)
        assert done.returncode == 0, done.stderr
        assert runner.run("verify").returncode == 0, name
    assert runner.versions() == list(range(1, len(every) - 2 * len(pairs) + 1))

    assert len(_catalog(database)) < len(before)
    runner.apply()
    assert _catalog(database) == before
    done = runner.run("verify", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["drift"] == []
