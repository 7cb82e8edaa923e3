-- What the user has to do, over all organisations; what is due first comes first.
-- role: platform_app
-- uses: idx_tasks_assignee_id
SELECT id, organization_id, project_id, title, status, priority, due_date, created_at
  FROM app.tasks
 WHERE assignee_id = %(user)s
   AND status NOT IN ('done', 'cancelled')
   AND deleted_at IS NULL
 ORDER BY due_date, created_at
 LIMIT 50;
