-- The tasks of a project, newest first: what its page opens with.
-- role: platform_app
-- uses: idx_tasks_project_id
SELECT id, parent_task_id, title, status, priority, assignee_id, due_date, created_at
  FROM app.tasks
 WHERE project_id = %(project)s
   AND deleted_at IS NULL
 ORDER BY created_at DESC
 LIMIT 50;
