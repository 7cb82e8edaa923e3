SELECT task.id, task.parent_task_id, task.title, task.status, task.priority, task.assignee_id, task.due_date,
       task.created_at
  FROM app.projects AS project
  JOIN app.tasks AS task ON task.project_id = project.id
  JOIN app.organization_members AS member ON member.organization_id = project.organization_id
                                         AND member.user_id = %(user)s AND member.status = 'active'
  JOIN app.organizations AS organization ON organization.id = member.organization_id
                                        AND organization.deleted_at IS NULL AND organization.status <> 'deleted'
  JOIN auth.users AS account ON account.id = member.user_id
                            AND account.status = 'active' AND account.deleted_at IS NULL
 WHERE project.id = %(project)s
   AND task.project_id = %(project)s
   AND task.deleted_at IS NULL
   AND (NOT project.is_private
        OR member.role IN ('admin', 'owner')
        OR EXISTS (SELECT FROM app.project_members AS added
                    WHERE added.project_id = project.id AND added.user_id = %(user)s)
        OR project.created_by = %(user)s)
 ORDER BY task.created_at DESC
 LIMIT 50;
