"""A description depends on the database alone: not on who reads it, with what settings, or what happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import LiteralString

import psycopg
import pytest

from schema.catalog import Objects, compare, read, reading
from schema.catalog.relation_queries import RELATION_QUERIES
from tests.sql.databases import Database

_OTHER_HABITS = {
    "search_path": "zoo, part",
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "German",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "quote_all_identifiers": "on",
}


def _told(before: Objects, after: Objects) -> list[str]:
    return [f"{drift.change} {drift.kind} {drift.identity}" for drift in compare(before, after)]


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_settings_of_the_session_neither_matter_nor_change(
    zoo: Database, zoo_objects: Objects, autocommit: bool
) -> None:
    with zoo.master() as connection:
        for name, value in _OTHER_HABITS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.autocommit = autocommit
        assert read(connection) == zoo_objects
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        for name, value in _OTHER_HABITS.items():
            assert connection.execute("SELECT current_setting(%s) LIKE %s || '%%'", (name, value)).fetchone() == (True,)
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("off",)


def test_a_transaction_goes_on_as_it_was(trial: psycopg.Connection, zoo_objects: Objects) -> None:
    trial.execute("SET LOCAL search_path = zoo, part")
    trial.execute("INSERT INTO houses (name) VALUES ('reptiles')")
    assert read(trial) == zoo_objects
    assert trial.execute("SHOW search_path").fetchone() == ("zoo, part",)
    assert trial.execute("SELECT name FROM houses").fetchall() == [("reptiles",)]


def test_who_may_do_nothing_reads_the_same(trial: psycopg.Connection, zoo_objects: Objects) -> None:
    trial.execute("RESET ROLE; CREATE ROLE zoo_nobody; GRANT zoo_nobody TO CURRENT_USER; SET LOCAL ROLE zoo_nobody")
    assert read(trial) == zoo_objects


class _Meanwhile(tuple[LiteralString, ...]):
    """Queries that do something on the way to the first of them: after the snapshot was taken."""

    does: Callable[[], None]

    def __iter__(self) -> Iterator[LiteralString]:
        self.does()
        return super().__iter__()


@pytest.mark.parametrize(
    "column",
    [
        pytest.param("id integer", id="which is found in pieces"),
        pytest.param("id integer CHECK (id > 0)", id="which is an error and tried again"),
    ],
)
def test_a_partition_that_is_dropped_meanwhile_is_no_drift(
    database: Database, column: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run(f"CREATE TABLE log ({column}, said text DEFAULT 'x') PARTITION BY LIST (id)")
    database.run("CREATE INDEX ON log (said)")
    database.run("CREATE TABLE log_1 PARTITION OF log FOR VALUES IN (1)")
    database.run("CREATE TABLE log_2 PARTITION OF log FOR VALUES IN (2)")
    queries = _Meanwhile(RELATION_QUERIES)
    queries.does = lambda: database.run("DROP TABLE IF EXISTS log_2")
    with database.master() as connection:
        before = read(connection)
        monkeypatch.setattr(reading, "RELATION_QUERIES", queries)
        after = read(connection)
    assert [*before.leaves.values()] == [("public.log_1", "public.log_2")]
    assert [*after.leaves.values()] == [("public.log_1",)]
    assert after == before


@pytest.mark.parametrize(
    ("done", "told"),
    [
        (
            "ALTER TABLE zoo.likes DISABLE TRIGGER ALL",
            ["changed constraint zoo.likes.likes_visit_id_seen_at_fkey"],
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'zoo.animals_name_idx'::regclass",
            ["changed index zoo.animals_name_idx"],
        ),
        (
            "CREATE FUNCTION zoo.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
            "ALTER FUNCTION zoo.watch() OWNER TO zoo_owner; REVOKE ALL ON FUNCTION zoo.watch() FROM PUBLIC;"
            "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION zoo.watch()",
            ["added event trigger watch", "added function zoo.watch()"],
        ),
        ("ALTER DATABASE zoo OWNER TO zoo_owner", ["changed database this database"]),
    ],
)
def test_what_only_a_superuser_can_do_is_told_too(
    zoo: Database, zoo_objects: Objects, done: str, told: list[str]
) -> None:
    with (
        psycopg.connect(zoo.server.running.superuser_conninfo, dbname=zoo.name, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(done)
        assert [line for line in _told(zoo_objects, read(connection)) if " grant database: " not in line] == told


def test_an_extension_is_one_object(zoo: Database, zoo_objects: Objects) -> None:
    with (
        psycopg.connect(zoo.server.running.superuser_conninfo, dbname=zoo.name, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        row = connection.execute(
            "SELECT name FROM pg_available_extensions WHERE name IN ('hstore', 'citext', 'btree_gist', 'vector')"
            " ORDER BY name LIMIT 1"
        ).fetchone()
        assert row is not None, "every engine brings one of these"
        connection.execute(f"CREATE EXTENSION {row[0]} WITH SCHEMA zoo")
        assert _told(zoo_objects, read(connection)) == [f"added extension {row[0]}"]
