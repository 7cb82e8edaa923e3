"""The small database that the examples of the rules speak of."""

from __future__ import annotations

from schema import headers
from schema.files import SqlFile
from schema.sqltext import statements

WORLD = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE DOMAIN app.score AS integer;
ALTER DOMAIN app.score ADD CONSTRAINT small CHECK (VALUE < 1000) NOT VALID;
CREATE DOMAIN app.anything AS text;
CREATE DOMAIN app.positive AS integer CHECK (VALUE > 0);
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION app.current_release() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION app.dice() RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT random()::integer';
CREATE TABLE app.users (id bigint PRIMARY KEY, email text UNIQUE, mood app.mood);
CREATE TABLE app.projects (id bigint PRIMARY KEY, name varchar(50) NOT NULL, owner_id bigint REFERENCES app.users (id));
CREATE TABLE app.tasks (
    id         bigint PRIMARY KEY,
    project_id bigint,
    owner_id   bigint CONSTRAINT tasks_owner REFERENCES app.users (id),
    title      varchar(100) NOT NULL,
    status     text NOT NULL DEFAULT 'todo',
    note       text CONSTRAINT note_there CHECK (note IS NOT NULL),
    points     integer,
    price      numeric(10, 2),
    score      app.score,
    code       bigint,
    due        tstzrange,
    done_at    timestamptz(3)
);
CREATE INDEX tasks_status_idx ON app.tasks (status);
CREATE UNIQUE INDEX tasks_code_idx ON app.tasks (code);
CREATE TABLE app.archive (id bigint PRIMARY KEY, title text, task_id bigint);
ALTER TABLE app.archive ADD CONSTRAINT archive_task FOREIGN KEY (task_id) REFERENCES app.tasks (id) NOT VALID;
ALTER TABLE app.archive ADD CONSTRAINT archive_title CHECK (title <> '') NOT VALID;
CREATE TABLE app.events (id bigint NOT NULL, at timestamptz NOT NULL, user_id bigint, word text)
    PARTITION BY RANGE (at);
ALTER TABLE app.events ADD CONSTRAINT events_user FOREIGN KEY (user_id) REFERENCES app.users (id);
CREATE INDEX events_word_idx ON app.events (word);
CREATE TABLE app.events_2025 PARTITION OF app.events
    FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT;
CREATE TABLE app.events_2027 (id bigint NOT NULL, at timestamptz NOT NULL, user_id bigint, word text);
CREATE TABLE app.plain (id bigint NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE app.plain_2025 PARTITION OF app.plain
    FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00');
CREATE TABLE app.plain_2027 (id bigint NOT NULL, at timestamptz NOT NULL);
CREATE INDEX plain_at_idx ON ONLY app.plain (at);
CREATE INDEX plain_2025_at_idx ON app.plain_2025 (at);
CREATE VIEW app.open_tasks AS SELECT id, title FROM app.tasks WHERE status <> 'done';
CREATE MATERIALIZED VIEW app.totals AS SELECT status, count(*) AS tasks FROM app.tasks GROUP BY status;
CREATE UNIQUE INDEX totals_status_idx ON app.totals (status);
CREATE TRIGGER touch BEFORE UPDATE ON app.tasks FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER touch BEFORE UPDATE ON app.events FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE POLICY everyone ON app.tasks USING (true);
ALTER TABLE app.tasks ENABLE ROW LEVEL SECURITY;
CREATE SEQUENCE app.numbers;
"""


def file_of(text: str, version: int = 1, name: str = "") -> SqlFile:
    """A migration with this text."""
    found, _ = headers.read(text)
    return SqlFile(version, name or f"{version:04}_example.sql", text, found, statements(text))


def files_of(*texts: str) -> tuple[SqlFile, ...]:
    """Migrations that follow each other."""
    return tuple(file_of(text, number) for number, text in enumerate(texts, 1))
