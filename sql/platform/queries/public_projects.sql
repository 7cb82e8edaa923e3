-- The public projects of an organisation, for visitors.
-- role: platform_public
-- uses: idx_projects_visibility
SELECT id, name, slug, description
  FROM app.projects
 WHERE organization_id = %(organization)s
   AND visibility = 'public'
 ORDER BY name
 LIMIT 100;
