-- Projects of an organisation by their words, newest first.
-- role: platform_app
-- uses: idx_projects_fulltext
SELECT id, name, slug, status, visibility, created_at
  FROM app.search_projects(%(words)s, %(organization)s);
