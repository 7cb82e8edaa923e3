"""What belongs to no relation: the database itself, schemas, types, routines, and the rarer kinds."""

from __future__ import annotations

from typing import Final, LiteralString

# Not by its name: a copy that was restored under another one is the same.
_DATABASE: Final[LiteralString] = """
SELECT 'database' AS kind, 'this database' AS identity,
       concat_ws(E'\\n',
           'owner ' || pg_get_userbyid(d.datdba),
           (SELECT string_agg('set ' || o, E'\\n' ORDER BY o)
              FROM pg_db_role_setting AS s, unnest(s.setconfig) AS o WHERE s.setdatabase = d.oid AND s.setrole = 0)
       ) AS definition
  FROM pg_database AS d WHERE d.datname = current_database()
"""

_SCHEMAS: Final[LiteralString] = """
SELECT 'schema' AS kind, quote_ident(nspname) AS identity, 'owner ' || pg_get_userbyid(nspowner) AS definition
  FROM schemas WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_namespace'::regclass AND objid = oid)
"""

_TYPES: Final[LiteralString] = """
SELECT 'type' AS kind, t.name AS identity,
       concat_ws(E'\\n',
           'owner ' || pg_get_userbyid(t.typowner),
           CASE t.typtype
               WHEN 'e' THEN (SELECT 'enum ' || string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                                FROM pg_enum WHERE enumtypid = t.oid)
               WHEN 'd' THEN 'domain over ' || format_type(t.typbasetype, t.typtypmod)
               WHEN 'c' THEN (SELECT 'composite ' || string_agg(format(
                                         '%I %s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                                         CASE WHEN a.attcollation <> e.typcollation
                                              THEN ' collate ' || a.attcollation::regcollation ELSE '' END),
                                     ', ' ORDER BY a.attnum)
                                FROM pg_attribute AS a JOIN pg_type AS e ON e.oid = a.atttypid
                               WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
               WHEN 'r' THEN (SELECT 'range over ' || format_type(rngsubtype, NULL)
                                FROM pg_range WHERE rngtypid = t.oid)
               ELSE 'base type'
           END,
           CASE WHEN t.typtype = 'd' AND t.typcollation <> base.typcollation
                THEN 'collate ' || t.typcollation::regcollation END,
           CASE WHEN t.typnotnull THEN 'not null' END,
           'default ' || pg_get_expr(t.typdefaultbin, 0),
           (SELECT string_agg(format('constraint %I %s', conname, pg_get_constraintdef(oid)), E'\\n' ORDER BY conname)
              FROM pg_constraint WHERE contypid = t.oid AND contype = 'c')
       ) AS definition
  FROM types AS t LEFT JOIN pg_type AS base ON base.oid = t.typbasetype
"""

# The body stands in full, so that a difference can be shown instead of only known.
_ROUTINES: Final[LiteralString] = """
SELECT CASE r.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
       r.name AS identity,
       concat_ws(E'\\n',
           'owner ' || pg_get_userbyid(r.proowner),
           'arguments (' || pg_get_function_arguments(r.oid) || ')',
           'returns ' || pg_get_function_result(r.oid),
           CASE WHEN r.prokind = 'w' THEN 'window' END,
           'language ' || l.lanname,
           CASE r.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
           CASE WHEN r.proisstrict THEN 'strict' END,
           CASE WHEN r.proleakproof THEN 'leakproof' END,
           CASE r.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted'
                              ELSE 'parallel unsafe' END,
           CASE WHEN r.prosecdef THEN 'security definer' ELSE 'security invoker' END,
           (SELECT string_agg('set ' || o, E'\\n' ORDER BY o) FROM unnest(r.proconfig) AS o),
           'support ' || nullif(r.prosupport, 0)::regproc,
           'library ' || r.probin,
           CASE WHEN a.aggfnoid IS NULL THEN btrim(coalesce(pg_get_function_sqlbody(r.oid), r.prosrc), E'\\n')
                ELSE concat_ws(E'\\n',
                         'kind ' || a.aggkind::text,
                         'state ' || format_type(a.aggtranstype, NULL) || ' by ' || a.aggtransfn,
                         'initially ' || quote_literal(a.agginitval),
                         'final ' || nullif(a.aggfinalfn, 0)::regproc,
                         'combine ' || nullif(a.aggcombinefn, 0)::regproc,
                         'moving ' || nullif(a.aggmtransfn, 0)::regproc,
                         'sort ' || nullif(a.aggsortop, 0)::regoperator)
           END
       ) AS definition
  FROM routines AS r JOIN pg_language AS l ON l.oid = r.prolang
  LEFT JOIN pg_aggregate AS a ON a.aggfnoid = r.oid
"""

_EVENT_TRIGGERS: Final[LiteralString] = """
SELECT 'event trigger' AS kind, quote_ident(evtname) AS identity,
       concat_ws(E'\\n',
           'owner ' || pg_get_userbyid(evtowner),
           CASE evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always'
                           ELSE 'enabled' END,
           'on ' || evtevent,
           'for ' || array_to_string(evttags, ', '),
           'execute ' || evtfoid::regprocedure
       ) AS definition
  FROM pg_event_trigger
 WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_event_trigger'::regclass AND objid = pg_event_trigger.oid)
"""

# Whoever is a member of an owner stands above row level security. PostgreSQL's own roles (below 16384) are not ours.
_MEMBERS: Final[LiteralString] = """
SELECT DISTINCT 'membership' AS kind, quote_ident(pg_get_userbyid(m.member)) || ' in '
       || quote_ident(pg_get_userbyid(m.roleid)) AS identity, 'member' AS definition
  FROM pg_auth_members AS m
 WHERE m.roleid >= 16384 AND m.roleid IN (SELECT nspowner FROM schemas)
"""

_EXTENSIONS: Final[LiteralString] = """
SELECT 'extension' AS kind, quote_ident(extname) AS identity,
       concat_ws(E'\\n', 'owner ' || pg_get_userbyid(extowner), 'in schema ' || extnamespace::regnamespace
       ) AS definition
  FROM pg_extension
"""

_PUBLICATIONS: Final[LiteralString] = """
SELECT 'publication' AS kind, quote_ident(pubname) AS identity,
       concat_ws(E'\\n',
           'owner ' || pg_get_userbyid(pubowner),
           CASE WHEN puballtables THEN 'all tables' END,
           (SELECT 'schemas ' || string_agg(pnnspid::regnamespace::text, ', ' ORDER BY pnnspid::regnamespace::text)
              FROM pg_publication_namespace WHERE pnpubid = pg_publication.oid),
           nullif('publish ' || concat_ws(', ',
               CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
               CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END),
               'publish insert, update, delete, truncate'),
           CASE WHEN pubviaroot THEN 'via partition root' END
       ) AS definition
  FROM pg_publication
"""

# Kinds that these services do not use: that one is there, and whose it is, is worth knowing; the rest is not described.
# Objects below 16384 are those that PostgreSQL itself came with.
_OTHERS: Final[LiteralString] = """
SELECT o.type AS kind, o.identity, coalesce('owner ' || pg_get_userbyid(x.owner), 'present') AS definition
  FROM (SELECT 'pg_operator'::regclass, oid, oprowner FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid, opcowner FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfowner FROM pg_opfamily
        UNION ALL SELECT 'pg_collation'::regclass, oid, collowner FROM pg_collation
        UNION ALL SELECT 'pg_conversion'::regclass, oid, conowner FROM pg_conversion
        UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgowner FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictowner FROM pg_ts_dict
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, fdwowner FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_foreign_server'::regclass, oid, srvowner FROM pg_foreign_server
        UNION ALL SELECT 'pg_language'::regclass, oid, lanowner FROM pg_language
        UNION ALL SELECT 'pg_cast'::regclass, oid, NULL FROM pg_cast
       ) AS x (class, oid, owner),
       LATERAL pg_identify_object(x.class, x.oid, 0) AS o
 WHERE x.oid >= 16384
   AND o.schema IS DISTINCT FROM 'pg_catalog' AND o.schema IS DISTINCT FROM 'information_schema'
   AND NOT EXISTS (SELECT FROM members WHERE classid = x.class AND objid = x.oid)
"""

DATABASE_QUERIES: Final[tuple[LiteralString, ...]] = (
    _DATABASE, _SCHEMAS, _TYPES, _ROUTINES, _EVENT_TRIGGERS, _MEMBERS, _EXTENSIONS, _PUBLICATIONS, _OTHERS,
)  # fmt: skip
