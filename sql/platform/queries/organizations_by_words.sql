-- Organisations by the words of their name and description.
-- role: platform_support
-- uses: idx_organizations_fulltext
SELECT id, name, slug, status
  FROM app.organizations
 WHERE search @@ websearch_to_tsquery('english', %(words)s)
 ORDER BY name
 LIMIT 50;
