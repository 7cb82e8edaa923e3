-- Who is in an organisation.
-- role: platform_app
-- uses: organization_members_organization_id_user_id_key
SELECT user_id, role, status, joined_at
  FROM app.organization_members
 WHERE organization_id = %(organization)s
 ORDER BY user_id;
