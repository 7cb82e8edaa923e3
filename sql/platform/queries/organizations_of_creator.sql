-- What somebody founded.
-- role: platform_support
-- uses: idx_organizations_created_by
SELECT id, name, status, created_at
  FROM app.organizations
 WHERE created_by = %(user)s
 ORDER BY created_at;
