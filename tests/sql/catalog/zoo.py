"""A database that has one of everything, small enough to be described in a few milliseconds."""

from __future__ import annotations

from typing import Final, LiteralString

ROLES = ("zoo_owner", "zoo_app", "zoo_keeper")

ZOO: Final[LiteralString] = """
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO zoo_app;

CREATE SCHEMA zoo;
CREATE SCHEMA part;

CREATE TYPE zoo.diet AS ENUM ('plants', 'meat');
CREATE TYPE zoo.place AS (house text, cage integer);
CREATE DOMAIN zoo.weight AS numeric(8, 2) CONSTRAINT positive CHECK (VALUE > 0);
CREATE SEQUENCE zoo.tickets;

CREATE TABLE zoo.houses (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text    NOT NULL UNIQUE
);

CREATE TABLE zoo.animals (
    id       bigint       PRIMARY KEY,
    house_id integer      REFERENCES zoo.houses (id),
    name     text         NOT NULL,
    title    varchar(100) DEFAULT 'none',
    diet     zoo.diet     NOT NULL DEFAULT 'plants',
    weight   zoo.weight,
    legs     integer      CONSTRAINT some_legs CHECK (legs >= 0),
    shout    text         GENERATED ALWAYS AS (upper(name)) STORED,
    seen_at  timestamptz  NOT NULL DEFAULT '2024-01-01 00:00:00+00'
);
CREATE INDEX animals_name_idx ON zoo.animals (name);
CREATE STATISTICS zoo.animals_stats ON name, legs FROM zoo.animals;
CREATE RULE keep AS ON DELETE TO zoo.houses DO INSTEAD NOTHING;

CREATE FUNCTION zoo.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen_at := now();
    RETURN NEW;
END
$$;
CREATE FUNCTION zoo.legs_of(house integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sum(legs) FROM zoo.animals WHERE house_id = house
$$;
CREATE FUNCTION zoo.standard(a integer) RETURNS integer LANGUAGE sql RETURN a + 1;
CREATE PROCEDURE zoo.feed() LANGUAGE sql AS $$ UPDATE zoo.animals SET weight = weight + 1 $$;
CREATE AGGREGATE zoo.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');

CREATE TRIGGER touch BEFORE UPDATE ON zoo.animals
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION zoo.touch();

CREATE VIEW zoo.eaters WITH (security_barrier) AS SELECT id, name FROM zoo.animals WHERE diet = 'plants';
CREATE MATERIALIZED VIEW zoo.census AS SELECT house_id, count(*) AS animals FROM zoo.animals GROUP BY house_id;

ALTER TABLE zoo.animals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY visitors ON zoo.animals FOR SELECT TO zoo_app USING (legs > 0);

CREATE TABLE zoo.visits (
    id        bigint      NOT NULL,
    animal_id bigint      REFERENCES zoo.animals (id) ON DELETE CASCADE,
    before_id bigint,
    before_at timestamptz,
    note      text        NOT NULL DEFAULT '' CHECK (note <> 'nothing'),
    seen_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, seen_at),
    FOREIGN KEY (before_id, before_at) REFERENCES zoo.visits (id, seen_at)
) PARTITION BY RANGE (seen_at);
CREATE INDEX visits_note_idx ON zoo.visits (note);
CREATE INDEX visits_note_idx1 ON zoo.visits (note, seen_at DESC) WHERE note <> '';
CREATE TRIGGER touch BEFORE UPDATE ON zoo.visits
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION zoo.touch();
CREATE TABLE zoo.likes (visit_id bigint, seen_at timestamptz, FOREIGN KEY (visit_id, seen_at) REFERENCES zoo.visits);

CREATE FUNCTION zoo.create_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name constant text := to_char(month, '"visits_"YYYY_MM');
BEGIN
    EXECUTE format('CREATE TABLE part.%I (LIKE zoo.visits INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE part.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE zoo.visits ATTACH PARTITION part.%I FOR VALUES FROM (%L) TO (%L)',
                   name, month, month + interval '1 month');
END
$$;
SELECT zoo.create_month(month::date)
  FROM generate_series('2024-01-01'::timestamptz, '2024-06-01', '1 month') AS month;
CREATE TABLE part.visits_default PARTITION OF zoo.visits DEFAULT;
ALTER TABLE part.visits_default ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA zoo TO zoo_app, zoo_keeper;
GRANT SELECT ON zoo.animals, zoo.houses TO zoo_app;
GRANT UPDATE (name, title) ON zoo.animals TO zoo_app;
GRANT EXECUTE ON FUNCTION zoo.legs_of(integer) TO zoo_app;
GRANT USAGE ON SEQUENCE zoo.tickets TO zoo_app;
"""
