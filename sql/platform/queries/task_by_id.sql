-- One task. The id does not say in which month it was made, so the key of each partition is asked.
-- role: platform_app
-- uses: tasks_pkey
SELECT id, organization_id, project_id, parent_task_id, title, description, status, priority, assignee_id, reporter_id,
       due_date, estimated_hours, actual_hours, tags, created_at, updated_at, completed_at
  FROM app.tasks
 WHERE id = %(task)s
   AND deleted_at IS NULL;
