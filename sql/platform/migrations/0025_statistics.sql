-- Statistics that are made now and then (jobs/refresh.sql). Row level security does not hold for materialized views, so
-- only reports may read these; the application asks the functions below. Building them reads all tasks and comments.

CREATE MATERIALIZED VIEW analytics.project_stats AS
SELECT project.id                                                  AS project_id,
       project.name                                                AS project_name,
       project.organization_id,
       count(task.id)                                              AS total_tasks,
       count(*) FILTER (WHERE task.status = 'done')                AS completed_tasks,
       count(*) FILTER (WHERE task.status = 'in_progress')         AS in_progress_tasks,
       count(*) FILTER (WHERE task.status = 'todo')                AS todo_tasks,
       -- An import may bring tasks that were done before they were written down here.
       avg(extract(epoch FROM task.completed_at - task.created_at) / 3600)
           FILTER (WHERE task.status = 'done' AND task.completed_at >= task.created_at)
                                                                   AS avg_completion_time_hours,
       max(task.updated_at)                                        AS last_activity_at
  FROM app.projects AS project
  LEFT JOIN app.tasks AS task ON task.project_id = project.id AND task.deleted_at IS NULL
 WHERE project.deleted_at IS NULL
 GROUP BY project.id;

-- What a concurrent refresh compares by.
CREATE UNIQUE INDEX project_stats_project_id_key ON analytics.project_stats (project_id);
CREATE INDEX idx_project_stats_organization_id ON analytics.project_stats (organization_id, project_name);

-- Each table is counted by itself and then joined: joined first, every task would meet every comment. Days are days in
-- UTC, on which somebody wrote a comment, reported a task or finished one.
CREATE MATERIALIZED VIEW analytics.user_activity_stats AS
SELECT account.id                           AS user_id,
       coalesce(assigned.tasks, 0)          AS tasks_assigned,
       coalesce(assigned.completed, 0)      AS tasks_completed,
       coalesce(written.comments, 0)        AS comments_created,
       coalesce(written.last_30_days, 0)    AS comments_created_last_30,
       account.last_login_at,
       coalesce(active.days, 0)             AS active_days_last_30
  FROM auth.users AS account
  LEFT JOIN (SELECT assignee_id, count(*) AS tasks, count(*) FILTER (WHERE status = 'done') AS completed
               FROM app.tasks WHERE deleted_at IS NULL AND assignee_id IS NOT NULL
              GROUP BY assignee_id) AS assigned ON assigned.assignee_id = account.id
  LEFT JOIN (SELECT user_id, count(*) AS comments,
                    count(*) FILTER (WHERE created_at > now() - interval '30 days') AS last_30_days
               FROM app.comments WHERE deleted_at IS NULL AND user_id IS NOT NULL
              GROUP BY user_id) AS written ON written.user_id = account.id
  LEFT JOIN (SELECT user_id, count(DISTINCT (at AT TIME ZONE 'UTC')::date) AS days
               FROM (SELECT user_id, created_at FROM app.comments
                      WHERE deleted_at IS NULL AND created_at > now() - interval '30 days'
                     UNION ALL
                     SELECT reporter_id, created_at FROM app.tasks
                      WHERE deleted_at IS NULL AND created_at > now() - interval '30 days'
                     UNION ALL
                     SELECT assignee_id, completed_at FROM app.tasks
                      WHERE deleted_at IS NULL AND completed_at > now() - interval '30 days') AS activity (user_id, at)
              GROUP BY user_id) AS active ON active.user_id = account.id
 WHERE account.deleted_at IS NULL;

CREATE UNIQUE INDEX user_activity_stats_user_id_key ON analytics.user_activity_stats (user_id);

GRANT SELECT ON analytics.project_stats, analytics.user_activity_stats TO platform_analytics;

-- The projects of one organisation that the user may see, as of the last refresh.
CREATE FUNCTION analytics.organization_project_stats(organization uuid)
    RETURNS TABLE (project_id uuid, project_name varchar, total_tasks bigint, completed_tasks bigint,
                   in_progress_tasks bigint, todo_tasks bigint, avg_completion_time_hours numeric,
                   last_activity_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    readable  constant uuid[]  := authz.readable_orgs('viewer');
    all_of_it constant boolean := organization = ANY (authz.readable_orgs('admin'));
    own       constant uuid[]  := authz.own_projects();
BEGIN
    -- Who may see a project is asked of the project, not of statistics that may be an hour old.
    RETURN QUERY
    SELECT stats.project_id, project.name, stats.total_tasks, stats.completed_tasks, stats.in_progress_tasks,
           stats.todo_tasks, stats.avg_completion_time_hours, stats.last_activity_at
      FROM analytics.project_stats AS stats
      JOIN app.projects AS project ON project.id = stats.project_id
     WHERE stats.organization_id = organization
       AND organization = ANY (readable)
       AND (all_of_it OR NOT project.is_private OR project.id = ANY (own))
     ORDER BY project.name;
END
$$;

-- The user's own, over all organisations; those of colleagues would tell what they do elsewhere.
CREATE FUNCTION analytics.my_activity_stats()
    RETURNS TABLE (tasks_assigned bigint, tasks_completed bigint, comments_created bigint,
                   comments_created_last_30 bigint, last_login_at timestamptz, active_days_last_30 bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT stats.tasks_assigned, stats.tasks_completed, stats.comments_created, stats.comments_created_last_30,
           stats.last_login_at, stats.active_days_last_30
      FROM analytics.user_activity_stats AS stats
     WHERE stats.user_id = auth.current_user_id();
END
$$;

GRANT EXECUTE ON FUNCTION analytics.organization_project_stats(uuid), analytics.my_activity_stats() TO platform_app;

