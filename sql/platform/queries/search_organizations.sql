-- The user's own organisations by their words. They are few, and read by their keys.
-- role: platform_app
-- uses: organizations_pkey
SELECT id, name, slug
  FROM app.search_organizations(%(words)s);
