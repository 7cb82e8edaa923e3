-- The organisations of the user, and what he is there.
-- role: platform_app
-- uses: idx_org_members_user_id
SELECT organization.id, organization.name, organization.slug, member.role
  FROM app.organization_members AS member
  JOIN app.organizations AS organization ON organization.id = member.organization_id
 WHERE member.user_id = %(user)s
 ORDER BY organization.name;
