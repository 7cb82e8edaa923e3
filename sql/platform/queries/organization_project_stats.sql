-- How far the projects of an organisation are, as of the last refresh.
-- role: platform_app
-- uses: idx_project_stats_organization_id
SELECT project_id, project_name, total_tasks, completed_tasks, in_progress_tasks, todo_tasks
  FROM analytics.organization_project_stats(%(organization)s);
