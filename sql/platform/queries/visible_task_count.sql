-- How many tasks the user can see, over all organisations.
-- role: platform_app
-- uses: idx_tasks_organization_id
SELECT count(*)
  FROM app.tasks
 WHERE deleted_at IS NULL;
