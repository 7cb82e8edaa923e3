"""Routines, views, types, and what belongs to no table."""

from __future__ import annotations

from typing import Final

from tests.sql.catalog.changes.change import Change

_TOUCH = "CREATE OR REPLACE FUNCTION zoo.touch() RETURNS trigger LANGUAGE plpgsql AS "
_BODY = "$$\nBEGIN\n    NEW.seen_at := now();\n    RETURN NEW;\nEND\n$$"
_LEGS = (
    "CREATE OR REPLACE FUNCTION zoo.legs_of(house integer) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS $$\n    SELECT sum(legs) FROM zoo.animals WHERE house_id = house\n$$"
)

ROUTINES_AND_THE_REST: Final = (
    Change(
        "a function does something else",
        _TOUCH + "$$\nBEGIN\n    RETURN NEW;\nEND\n$$",
        ("changed function zoo.touch()",),
        _TOUCH + _BODY,
    ),
    Change(
        "a function runs with the rights of its caller",
        "ALTER FUNCTION zoo.legs_of SECURITY INVOKER",
        ("changed function zoo.legs_of(integer)",),
        "ALTER FUNCTION zoo.legs_of SECURITY DEFINER",
    ),
    Change(
        "a function looks for names elsewhere",
        "ALTER FUNCTION zoo.legs_of SET search_path = public",
        ("changed function zoo.legs_of(integer)",),
        "ALTER FUNCTION zoo.legs_of SET search_path = pg_catalog, pg_temp",
    ),
    Change(
        "a function is volatile, leakproof aside",
        "ALTER FUNCTION zoo.legs_of VOLATILE STRICT PARALLEL SAFE",
        ("changed function zoo.legs_of(integer)",),
        _LEGS,
    ),
    Change("a function costs more, which is not described", "ALTER FUNCTION zoo.legs_of COST 1000", ()),
    Change(
        "a function in the standard's way does something else",
        "CREATE OR REPLACE FUNCTION zoo.standard(a integer) RETURNS integer LANGUAGE sql RETURN a + 2",
        ("changed function zoo.standard(integer)",),
        "CREATE OR REPLACE FUNCTION zoo.standard(a integer) RETURNS integer LANGUAGE sql RETURN a + 1",
    ),
    Change(
        "a function of the same name takes something else",
        "CREATE FUNCTION zoo.legs_of(house text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
        ("added function zoo.legs_of(text)",),
        "DROP FUNCTION zoo.legs_of(text)",
    ),
    Change(
        "a procedure does something else",
        "CREATE OR REPLACE PROCEDURE zoo.feed() LANGUAGE sql AS $$ UPDATE zoo.animals SET weight = 1 $$",
        ("changed procedure zoo.feed()",),
        "CREATE OR REPLACE PROCEDURE zoo.feed() LANGUAGE sql AS $$ UPDATE zoo.animals SET weight = weight + 1 $$",
    ),
    Change(
        "an aggregate starts with something else",
        "CREATE OR REPLACE AGGREGATE zoo.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '1')",
        ("changed aggregate zoo.total(integer)",),
        "CREATE OR REPLACE AGGREGATE zoo.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
    ),
    Change(
        "a view shows more",
        "CREATE OR REPLACE VIEW zoo.eaters WITH (security_barrier) AS SELECT id, name FROM zoo.animals",
        ("changed view zoo.eaters",),
        "CREATE OR REPLACE VIEW zoo.eaters WITH (security_barrier) AS"
        " SELECT id, name FROM zoo.animals WHERE diet = 'plants'",
    ),
    Change(
        "a view asks with the rights of its reader",
        "ALTER VIEW zoo.eaters SET (security_invoker)",
        ("changed view zoo.eaters",),
        "ALTER VIEW zoo.eaters RESET (security_invoker)",
    ),
    Change(
        "a materialized view is empty",
        "REFRESH MATERIALIZED VIEW zoo.census WITH NO DATA",
        ("changed materialized view zoo.census",),
        "REFRESH MATERIALIZED VIEW zoo.census",
    ),
    Change(
        "a sequence counts by ten",
        "ALTER SEQUENCE zoo.tickets INCREMENT 10 CYCLE",
        ("changed sequence zoo.tickets",),
        "ALTER SEQUENCE zoo.tickets INCREMENT 1 NO CYCLE",
    ),
    Change("a sequence has counted", "SELECT nextval('zoo.tickets'), setval('zoo.houses_id_seq', 99)", ()),
    Change(
        "an enum has another label",
        "ALTER TYPE zoo.diet ADD VALUE 'everything' BEFORE 'meat'",
        ("changed type zoo.diet",),
    ),
    Change(
        "a domain allows more",
        "ALTER DOMAIN zoo.weight DROP CONSTRAINT positive",
        ("changed type zoo.weight",),
        "ALTER DOMAIN zoo.weight ADD CONSTRAINT positive CHECK (VALUE > 0)",
    ),
    Change(
        "a composite type has another part",
        "ALTER TYPE zoo.place ADD ATTRIBUTE door integer",
        ("changed type zoo.place",),
        "ALTER TYPE zoo.place DROP ATTRIBUTE door",
    ),
    Change(
        "a range type is new; its relatives are not told",
        "CREATE TYPE zoo.span AS RANGE (subtype = integer)",
        ("added grant type zoo.span: USAGE to PUBLIC", "added type zoo.span"),
        "DROP TYPE zoo.span",
    ),
    Change("a schema is new", "CREATE SCHEMA cellar", ("added schema cellar",), "DROP SCHEMA cellar"),
    Change(
        "an operator is new",
        "CREATE OPERATOR zoo.## (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl)",
        ("added operator zoo.##(integer,integer)",),
        "DROP OPERATOR zoo.## (integer, integer)",
    ),
    Change("a comment is none of the schema", "COMMENT ON TABLE zoo.animals IS 'all of them'", ()),
    Change(
        "the database has a setting",
        "RESET ROLE; ALTER DATABASE zoo SET search_path = zoo",
        ("changed database this database",),
        "ALTER DATABASE zoo RESET search_path",
    ),
    Change(
        "a table is published",
        "CREATE PUBLICATION news FOR TABLE zoo.houses (id) WITH (publish = 'insert')",
        ("added publication news", "added publication table news: zoo.houses"),
        "DROP PUBLICATION news",
    ),
)
