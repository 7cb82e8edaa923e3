-- The projects of an organisation, in the order they are shown.
-- role: platform_app
-- uses: projects_slug_key
SELECT id, name, slug, status, visibility, start_date, end_date, created_by
  FROM app.projects
 WHERE organization_id = %(organization)s
   AND deleted_at IS NULL
 ORDER BY name
 LIMIT 100;
