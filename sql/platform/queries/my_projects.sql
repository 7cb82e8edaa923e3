-- The projects that the user was added to.
-- role: platform_app
-- uses: idx_project_members_user_id
SELECT project.id, project.name, project.organization_id
  FROM app.project_members AS member
  JOIN app.projects AS project ON project.id = member.project_id
 WHERE member.user_id = %(user)s
   AND project.deleted_at IS NULL
 ORDER BY project.name;
