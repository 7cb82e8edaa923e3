-- Tasks of an organisation by their words, newest first. A function, since behind a policy no full-text index is of
-- use.
-- role: platform_app
-- uses: idx_tasks_fulltext
SELECT id, project_id, title, status, priority, assignee_id, due_date, created_at
  FROM app.search_tasks(%(words)s, %(organization)s);
