-- Who was added to a project.
-- role: platform_app
-- uses: project_members_pkey
SELECT user_id, added_at
  FROM app.project_members
 WHERE project_id = %(project)s
 ORDER BY user_id;
