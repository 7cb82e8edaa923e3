-- What the user asked for, newest first.
-- role: platform_app
-- uses: idx_tasks_reporter_id
SELECT id, organization_id, project_id, title, status, assignee_id, created_at
  FROM app.tasks
 WHERE reporter_id = %(user)s
   AND deleted_at IS NULL
 ORDER BY created_at DESC
 LIMIT 50;
