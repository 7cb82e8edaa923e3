-- The tasks of a public project, newest first, for visitors.
-- role: platform_public
-- uses: idx_tasks_project_id
SELECT id, title, status, priority, due_date, created_at
  FROM app.tasks
 WHERE project_id = %(public_project)s
 ORDER BY created_at DESC
 LIMIT 50;
