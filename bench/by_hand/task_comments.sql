SELECT comment.id, comment.user_id, comment.parent_comment_id, comment.content, comment.is_edited, comment.created_at
  FROM app.comments AS comment
  JOIN app.organization_members AS member ON member.organization_id = comment.organization_id
                                         AND member.user_id = %(user)s AND member.status = 'active'
  JOIN app.organizations AS organization ON organization.id = member.organization_id
                                        AND organization.deleted_at IS NULL AND organization.status <> 'deleted'
  JOIN auth.users AS account ON account.id = member.user_id
                            AND account.status = 'active' AND account.deleted_at IS NULL
 WHERE comment.task_id = %(task)s
   AND comment.deleted_at IS NULL
   AND (NOT comment.is_private
        OR member.role IN ('admin', 'owner')
        OR EXISTS (SELECT FROM app.project_members AS added
                    WHERE added.project_id = comment.project_id AND added.user_id = %(user)s)
        OR EXISTS (SELECT FROM app.projects AS project
                    WHERE project.id = comment.project_id AND project.created_by = %(user)s))
 ORDER BY comment.created_at;
