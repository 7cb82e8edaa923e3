-- Who holds a role.
-- role: platform_auth
-- uses: idx_user_roles_role_id
SELECT user_id, granted_at, expires_at
  FROM auth.user_roles
 WHERE role_id = %(role)s
 ORDER BY granted_at;
