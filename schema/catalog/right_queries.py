"""Who may do what: every right one by one, and the rights that new objects will have."""

from __future__ import annotations

from typing import Final, LiteralString

# Without a list of its own an object has the rights of PostgreSQL's defaults. An owner's own rights go without saying;
# where one was taken away, that is said (schema.catalog.comparing.WITHHELD).
_RIGHTS: Final[LiteralString] = """
, objects (relation, name, part, owner, type, acl) AS (
    SELECT NULL::bigint, 'schema ' || quote_ident(nspname), '', nspowner, 'n'::"char", nspacl FROM schemas
     WHERE NOT EXISTS (SELECT FROM members WHERE classid = 'pg_namespace'::regclass AND objid = oid)
    UNION ALL
    SELECT oid::bigint, name, '', relowner, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relacl FROM relations
    UNION ALL
    SELECT r.oid::bigint, r.name || '.' || quote_ident(a.attname), format(' (%I)', a.attname), r.relowner,
           'c'::"char", a.attacl
      FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT NULL, name, '', proowner, 'f', proacl FROM routines
    UNION ALL
    SELECT NULL, 'type ' || name, '', typowner, 'T', typacl FROM types
    UNION ALL
    SELECT NULL, 'database', '', datdba, 'd', datacl FROM pg_database WHERE datname = current_database()
),
rights AS (
    SELECT o.relation, o.name, o.part, a.privilege_type, a.grantee,
           string_agg('granted by ' || pg_get_userbyid(a.grantor)
                      || CASE WHEN a.is_grantable THEN ', with grant option' ELSE '' END, '; '
                      ORDER BY pg_get_userbyid(a.grantor)) AS definition
      FROM objects AS o, LATERAL aclexplode(coalesce(o.acl, acldefault(o.type, o.owner))) AS a
     WHERE a.grantee <> o.owner OR a.grantor <> o.owner
     GROUP BY o.relation, o.name, o.part, a.privilege_type, a.grantee
    UNION ALL
    SELECT o.relation, o.name, o.part, d.privilege_type, d.grantee, 'withheld'
      FROM objects AS o, LATERAL aclexplode(acldefault(o.type, o.owner)) AS d
     WHERE o.acl IS NOT NULL AND d.grantee = o.owner
       AND NOT EXISTS (SELECT FROM aclexplode(o.acl) AS a
                        WHERE a.grantee = d.grantee AND a.privilege_type = d.privilege_type)
)
SELECT relation, 'grant' AS kind, name || ': ' || privilege_type || ' to ' || who AS identity,
       'grant ' || privilege_type || part || ' to ' || who AS label, definition
  FROM rights, LATERAL (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END) AS w (who)
"""

# Those of a role everywhere take the place of PostgreSQL's own, so what is missing from them is told as well; those in
# a schema come on top.
_DEFAULT_RIGHTS: Final[LiteralString] = """
, lists AS (
    SELECT d.defaclrole, d.defaclnamespace, d.defaclacl,
           acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole) AS usual,
           CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END
           || ' of ' || pg_get_userbyid(d.defaclrole)
           || CASE d.defaclnamespace WHEN 0 THEN '' ELSE ' in schema ' || d.defaclnamespace::regnamespace END AS name
      FROM pg_default_acl AS d
),
rights AS (
    SELECT l.name, a.privilege_type, a.grantee,
           CASE WHEN bool_or(a.is_grantable) THEN 'granted, with grant option' ELSE 'granted' END AS definition
      FROM lists AS l, LATERAL aclexplode(l.defaclacl) AS a
     WHERE l.defaclnamespace <> 0 OR a.grantee <> l.defaclrole
     GROUP BY l.name, a.privilege_type, a.grantee
    UNION ALL
    SELECT l.name, u.privilege_type, u.grantee, 'withheld'
      FROM lists AS l, LATERAL aclexplode(l.usual) AS u
     WHERE l.defaclnamespace = 0
       AND NOT EXISTS (SELECT FROM aclexplode(l.defaclacl) AS a
                        WHERE a.grantee = u.grantee AND a.privilege_type = u.privilege_type)
)
SELECT 'default privilege' AS kind, name || ': ' || privilege_type || ' to ' || who AS identity, definition
  FROM rights, LATERAL (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END) AS w (who)
"""

RIGHT_QUERIES: Final[tuple[LiteralString, ...]] = (_RIGHTS, _DEFAULT_RIGHTS)
