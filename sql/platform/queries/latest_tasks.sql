-- The newest tasks of an organisation: its dashboard, the page that everybody opens.
-- role: platform_app
-- uses: idx_tasks_organization_id
SELECT id, project_id, title, status, priority, assignee_id, due_date, created_at
  FROM app.latest_tasks(%(organization)s);
