"""A runner killed at any moment: the next run ends in the same schema and the same ledger."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema import apply as applying
from schema import verify
from tests.sql.databases import NEWEST, Database, Rows
from tests.sql.killing import PATIENCE, run_and_kill
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize("server", [NEWEST], indirect=True, scope="session")

# A file of each kind that the runner treats in its own way. In order: a later one needs what an earlier one made.
_MIGRATIONS = {
    "0003_rows.sql": "INSERT INTO demo.things SELECT generate_series(1, 100);\n"
    "ALTER TABLE demo.things ADD name text;\n",
    "0004_index.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY things_name ON demo.things (name);\n",
    "0005_parts.sql": "CREATE TABLE demo.parts (id int) PARTITION BY RANGE (id);\n"
    "CREATE TABLE demo.part_1 PARTITION OF demo.parts FOR VALUES FROM (1) TO (2);\n",
    "0006_detach.sql": "-- no-transaction\nALTER TABLE demo.parts DETACH PARTITION demo.part_1 CONCURRENTLY;\n",
    "0007_reindex.sql": "-- no-transaction\nREINDEX TABLE CONCURRENTLY demo.things;\n",
    "0008_pair.up.sql": "CREATE VIEW demo.names AS SELECT name FROM demo.things;\n",
    "0009_drop.sql": "-- no-transaction\nDROP INDEX CONCURRENTLY demo.things_name;\n",
    "0010_unique.sql": "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY things_id ON demo.things (id);\n",
    "0011_vacuum.sql": "-- no-transaction\nVACUUM demo.things;\n",
    "0012_atomic.sql": "-- no-transaction\n"
    "ALTER TABLE demo.things ADD CONSTRAINT named CHECK (name <> '') NOT VALID;\n",
}
# One slice is one test, so that a hung one is found within its time limit.
_SLICES = 8
# Exchanges that depend on what else the server does at the moment.
_SPARE = 12
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has to be the same after any number of kills."""

    schema: str
    ledger: Rows


@pytest.fixture
def killed(demo: Runner) -> Runner:
    """The demo service with every kind of file."""
    for name, text in _MIGRATIONS.items():
        demo.write(name, text)
    demo.write("0008_pair.down.sql", "DROP VIEW demo.names;\n")
    return demo


def _fresh(runner: Runner, prior: int = 0) -> Iterator[Runner]:
    """The same service on a database of its own, in which the first `prior` migrations are applied."""
    with runner.database.server.database(f"killed_{next(_NUMBERS)}") as database:
        fresh = Runner(database, runner.service, runner.sql)
        if prior:
            with fresh.session(PATIENCE) as (session, found):
                applying.run(session, replace(found, migrations=found.migrations[:prior]))
        yield fresh


def _finished(runner: Runner) -> Outcome:
    """Run to the end; what came of it. The history and the fingerprint must agree with it."""
    with runner.session(PATIENCE) as (session, found):
        applying.run(session, found)
        verify.run(session, found, accept=False)
        done = session.connection.execute(
            "SELECT version FROM public._schema_history WHERE outcome = 'done' ORDER BY version"
        ).fetchall()
    ledger = runner.database.rows(
        "SELECT version, description, success, checksum, execution_time >= 0 FROM public._sqlx_migrations"
        " ORDER BY version"
    )
    assert [version for (version,) in done] == [row[0] for row in ledger]
    return Outcome(_dump(runner.database), ledger)


def _dump(database: Database) -> str:
    running = database.server.running
    conninfo = running.superuser_conninfo.replace("dbname=empty", f"dbname={database.name}")
    command = [running.engine.program("pg_dump"), "--schema-only", "--restrict-key=same", f"--dbname={conninfo}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _undisturbed(runner: Runner, prior: int = 0) -> tuple[Outcome, int]:
    """What a run that nobody disturbs ends in, and how many boundaries it passes."""
    for fresh in _fresh(runner, prior):
        boundaries = run_and_kill(fresh, at=0)
        assert boundaries is not None
        return _finished(fresh), boundaries
    raise AssertionError


@pytest.mark.parametrize("part", range(_SLICES))
def test_a_runner_killed_at_any_boundary_is_finished_by_the_next(killed: Runner, part: int) -> None:
    expected, boundaries = _undisturbed(killed)
    assert boundaries >= 100
    assert [row[0] for row in expected.ledger] == list(range(1, 13))

    for at in range(1 + part, boundaries + 1, _SLICES):
        for fresh in _fresh(killed):
            # A run may take an exchange less, when it need not look twice whether somebody is at work.
            ended = run_and_kill(fresh, at)
            assert ended is None or at > boundaries - _SPARE
            assert _finished(fresh) == expected, f"killed at boundary {at} of {boundaries}"


@pytest.mark.parametrize("part", range(_SLICES))
def test_a_killed_upgrade_is_finished_by_the_next_and_leaves_no_drift(killed: Runner, part: int) -> None:
    """A fingerprint was taken before it. Every fourth boundary: those that differ from the test above are fewer."""
    expected, boundaries = _undisturbed(killed, prior=3)

    for at in range(1 + part, boundaries + 1, _SLICES * 4):
        for fresh in _fresh(killed, prior=3):
            ended = run_and_kill(fresh, at)
            assert ended is None or at > boundaries - _SPARE
            assert _finished(fresh) == expected, f"killed at boundary {at} of {boundaries}"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_runner_killed_again_and_again_is_finished_by_the_last(killed: Runner, data: st.DataObject) -> None:
    """Each kill may take the server's side of the connection with it, as a failover does."""
    expected, boundaries = _undisturbed(killed)

    for fresh in _fresh(killed):
        for _ in range(data.draw(st.integers(1, 4), label="kills")):
            run_and_kill(fresh, data.draw(st.integers(1, boundaries), label="boundary"))
            if data.draw(st.booleans(), label="failover"):
                _end_sessions(fresh.database)
        assert _finished(fresh) == expected


def _end_sessions(database: Database) -> None:
    with database.superuser() as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = %s",
            (database.name, "estate-schema"),
        )
