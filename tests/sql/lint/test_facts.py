"""What the files are thought to make is what they make."""

from __future__ import annotations

from dataclasses import replace

from schema.lint import Facts
from schema.lint.catalog import Relation
from tests.sql.databases import Database
from tests.sql.lint.world import WORLD, file_of

CHANGES = """
ALTER TABLE app.tasks ADD COLUMN level integer NOT NULL DEFAULT 0 CHECK (level >= 0), DROP COLUMN points;
ALTER TABLE app.tasks ALTER COLUMN price TYPE numeric(12, 2), ALTER COLUMN note SET NOT NULL;
ALTER TABLE app.tasks ADD UNIQUE (project_id, owner_id);
ALTER TABLE app.tasks ADD CONSTRAINT code_once UNIQUE USING INDEX tasks_code_idx;
ALTER TABLE app.archive VALIDATE CONSTRAINT archive_title;
ALTER TABLE app.archive DROP CONSTRAINT archive_task;
ALTER TABLE app.archive RENAME COLUMN title TO headline;
ALTER TABLE app.archive RENAME CONSTRAINT archive_title TO headline_there;
ALTER TABLE app.archive RENAME TO attic;
ALTER TABLE app.events ADD COLUMN weight double precision;
ALTER TABLE app.events ADD CHECK (weight > 0);
ALTER TABLE app.plain DETACH PARTITION app.plain_2025;
ALTER TABLE app.plain ATTACH PARTITION app.plain_2027
    FOR VALUES FROM ('2027-01-01 00:00+00') TO ('2028-01-01 00:00+00');
CREATE TABLE app.all_types (
    a smallserial, b char(3), c char, d varchar, e bit varying(4), f time(2), g interval, h interval(3), i float8[],
    j app.mood[], k numeric(5), l "char", m timestamp(0) without time zone, n bool, o real, p app.positive, q bpchar
);
CREATE TYPE app.pair AS (a integer, b text);
ALTER TYPE app.pair ADD ATTRIBUTE c numeric(3, 1);
CREATE SCHEMA attic;
ALTER TABLE app.events_2027 SET SCHEMA attic;
CREATE FUNCTION app.pair(OUT a integer, OUT b text) LANGUAGE sql IMMUTABLE AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION app.many() RETURNS SETOF app.users LANGUAGE sql STABLE AS 'SELECT * FROM app.users';
CREATE FUNCTION app.rows() RETURNS TABLE (a integer, b text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
DROP INDEX app.tasks_status_idx;
DROP TABLE app.projects;
DROP FUNCTION app.dice();
"""


def _shape(relation: Relation) -> tuple[object, ...]:
    return relation.kind, relation.parent, relation.default_partition, relation.key, _columns(relation)


def _columns(relation: Relation) -> dict[str, tuple[str, bool]]:
    # The columns of views are not worked out from files.
    return {} if relation.kind in "vm" else {one.name: (one.type, one.not_null) for one in relation.columns.values()}


def test_files_make_what_the_fold_says(database: Database) -> None:
    with database.master() as connection:
        connection.execute(WORLD)
        connection.execute(CHANGES.encode())
        real = Facts.from_database(connection)
    folded = Facts.from_files([file_of(WORLD), file_of(CHANGES)])

    owned = {name for name, one in real.relations.items() if one.kind == "S" and name != "app.numbers"}
    assert {name: _shape(one) for name, one in folded.relations.items()} == {
        name: _shape(one) for name, one in real.relations.items() if name not in owned
    }
    # From 18 on NOT NULL is a constraint too; here it belongs to the column.
    assert {key: (one.type, one.validated, one.columns, one.references) for key, one in folded.constraints.items()} == {
        key: (one.type, one.validated, one.columns, one.references)
        for key, one in real.constraints.items()
        if one.type != "n"
    }
    ours = {name for name, one in real.indexes.items() if not real.relations[one.relation].parent}
    assert {name: one for name, one in folded.indexes.items() if name in ours} == {
        name: one for name, one in real.indexes.items() if name in ours
    }
    assert folded.views == real.views
    assert (folded.enums, folded.domains) == (real.enums, real.domains)
    assert folded.functions == real.functions


def test_anybody_may_ask_and_learns_the_sizes(database: Database) -> None:
    with database.master() as connection:
        connection.execute(WORLD)
        connection.execute("INSERT INTO app.users (id) SELECT generate_series(1, 1000)")
        connection.execute("ANALYZE app.users")
        # A role that may do nothing in the schema, and looks for names elsewhere.
        connection.execute("SET ROLE pg_read_all_stats")
        connection.execute("SET search_path = app")
        facts = Facts.from_database(connection)

    users = facts.relations["app.users"]
    assert (users.rows, users.new) == (1000, False)
    assert users.bytes and users.bytes % 8192 == 0
    assert facts.relations["app.tasks"].rows is None
    assert str(facts.major) == database.server.running.engine.major
    assert not [name for name in facts.relations if name.startswith(("pg_", "information_schema."))]


def test_no_files_know_nothing_and_may_have_missed_what_functions_made() -> None:
    assert Facts.from_files([]) == replace(Facts.empty(), complete=False)
