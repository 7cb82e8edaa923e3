-- Organisations by any part of their name.
-- role: platform_support
-- uses: idx_organizations_names (pg_trgm)
SELECT id, name, slug, status
  FROM app.organizations
 WHERE name ILIKE '%%' || %(organization_part)s || '%%'
 ORDER BY name
 LIMIT 50;
