SELECT task.id, task.organization_id, task.project_id, task.parent_task_id, task.title, task.description, task.status,
       task.priority, task.assignee_id, task.reporter_id, task.due_date, task.estimated_hours, task.actual_hours,
       task.tags, task.created_at, task.updated_at, task.completed_at
  FROM app.tasks AS task
  JOIN app.organization_members AS member ON member.organization_id = task.organization_id
                                         AND member.user_id = %(user)s AND member.status = 'active'
  JOIN app.organizations AS organization ON organization.id = member.organization_id
                                        AND organization.deleted_at IS NULL AND organization.status <> 'deleted'
  JOIN auth.users AS account ON account.id = member.user_id
                            AND account.status = 'active' AND account.deleted_at IS NULL
 WHERE task.id = %(task)s
   AND task.deleted_at IS NULL
   AND (NOT task.is_private
        OR member.role IN ('admin', 'owner')
        OR EXISTS (SELECT FROM app.project_members AS added
                    WHERE added.project_id = task.project_id AND added.user_id = %(user)s)
        OR EXISTS (SELECT FROM app.projects AS project
                    WHERE project.id = task.project_id AND project.created_by = %(user)s));
