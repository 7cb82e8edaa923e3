-- The sub-tasks of a task.
-- role: platform_app
-- uses: idx_tasks_parent_task
SELECT id, title, status, assignee_id, due_date
  FROM app.tasks
 WHERE parent_task_id = %(task)s
   AND deleted_at IS NULL
 ORDER BY created_at;
