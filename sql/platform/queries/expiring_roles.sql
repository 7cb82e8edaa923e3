-- Roles that end within a week, for a word to their holders.
-- role: platform_auth
-- uses: idx_user_roles_expires_at
SELECT user_id, role_id, expires_at
  FROM auth.user_roles
 WHERE expires_at BETWEEN now() AND now() + interval '7 days'
 ORDER BY expires_at;
